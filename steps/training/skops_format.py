"""skops without torch and pytest.

Of what it reads skops trusts every class of scikit-learn, which it learns by importing each of
that one's packages. One of them serves arrays of torch and imports it: two seconds and 200 MB in
every process that stores a model, whatever kind that is. Another serves tests. Where torch and
pytest are not installed scikit-learn does without them, and so it does here.
"""

from __future__ import annotations

import sys
from typing import Any

SPARED = ("sklearn.externals.array_api_compat.torch", "pytest")


def skops_io() -> Any:
    """`skops.io`, imported without those, which can be imported as ever afterwards."""
    absent = [name for name in SPARED if name not in sys.modules]
    for name in absent:
        # Python's way of saying that there is no such module.
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        import skops.io
    finally:
        for name in absent:
            del sys.modules[name]
    return skops.io
