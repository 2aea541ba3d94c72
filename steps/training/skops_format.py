"""skops without torch.

Of what it reads skops trusts every class of scikit-learn, which it learns by importing each of
that one's packages. One of them serves arrays of torch and imports it: two seconds and 200 MB in
every process that stores a model, whatever kind that is. Where torch is not installed that package
is passed over, and so it is here.
"""

from __future__ import annotations

import sys
from typing import Any

FOR_TORCH = "sklearn.externals.array_api_compat.torch"


def skops_io() -> Any:
    """`skops.io`, imported without that package, which can be imported as ever afterwards."""
    absent = FOR_TORCH not in sys.modules
    if absent:
        # Python's way of saying that there is no such module.
        sys.modules[FOR_TORCH] = None  # type: ignore[assignment]
    try:
        import skops.io
    finally:
        if absent:
            del sys.modules[FOR_TORCH]
    return skops.io
