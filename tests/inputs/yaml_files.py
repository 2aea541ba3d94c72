"""YAML as a person may write it: right files with one or two things wrong about them."""

from typing import Any

import yaml
from hypothesis import strategies as st

# Written as they are, so that YAML itself says what they mean.
SCALARS = (
    *("yes", "no", "on", "~", "null", "''", "' '", "'3'", "3", "-1", "0", "3.0", "0.5", "1e-3"),
    *("1e999", ".inf", ".nan", "1:30", "010", "0x1f", "1_000", "2021-06-01", "true", "'true'"),
    *(
        str(2**63),
        "9" * 5000,
        "[]",
        "[1]",
        "[a, b]",
        "[[]]",
        "{}",
        "{a: 1}",
        "{1: a}",
        "{a: 1, a: 2}",
    ),
    *("!!binary aGVsbG8=", "!!set {a}", "!!python/object/apply:os.getcwd []", "!mine x", "&a [*a]"),
    *('"\\0"', '"\\ud800"', '"\\e[31m"', '"é\\u202e"', "<b>x</b>", "${HOME}", "{{a.b}}", "|\n  x"),
)
JUNK = (
    "\t",
    "- ",
    ": ",
    "{",
    "}",
    "[",
    "\x00",
    "\ufeff",
    "---\n",
    "...\n",
    "%YAML 9.9\n",
    "é",
    "*x",
)


@st.composite
def yaml_files(draw: Any, right: dict[str, Any], known: list[str]) -> bytes:
    """A YAML file that is nearly right.

    Args:
        known: Keys that mean something somewhere.
    """
    lines = yaml.safe_dump(right, sort_keys=False, allow_unicode=True).splitlines()
    for _ in range(draw(st.integers(0, 3))):
        change(draw, lines, known)
    text = "\n".join(lines) + "\n"
    content = text.encode("utf-8", errors="surrogatepass")
    if draw(st.integers(0, 9)) == 0:
        at = draw(st.integers(0, len(content)))
        content = (
            content[:at] + draw(st.binary(max_size=4)) + content[at + draw(st.integers(0, 9)) :]
        )
    return content


def change(draw: Any, lines: list[str], known: list[str]) -> None:
    """Make another value, another key, a key too many, or junk of a line."""
    at = draw(st.integers(0, len(lines) - 1))
    key, colon, _ = lines[at].partition(":")
    scalar = st.sampled_from(SCALARS) | st.text(st.characters(codec="utf-8"), max_size=8)
    kind = draw(
        st.sampled_from(["value", "value", "value", "key", "twice", "more", "less", "junk"])
    )
    if kind == "value" and colon:
        lines[at] = f"{key}: {draw(scalar)}"
    elif kind == "key" and colon:
        lines[at] = lines[at].replace(key.strip(" -"), draw(st.sampled_from(known) | scalar), 1)
    elif kind == "twice":
        lines.insert(at, lines[at])
    elif kind == "more":
        indent = lines[at][: len(lines[at]) - len(lines[at].lstrip(" -"))].replace("-", " ")
        lines.insert(at, f"{indent}{draw(st.sampled_from(known))}: {draw(scalar)}")
    elif kind == "less" and len(lines) > 1:
        del lines[at]
    elif kind == "junk":
        place = draw(st.integers(0, len(lines[at])))
        lines[at] = lines[at][:place] + draw(st.sampled_from(JUNK)) + lines[at][place:]


def kept(written: object, taken: object, place: str = "") -> str:
    """Where what was taken is not what was written; empty where all of it is."""
    if isinstance(written, dict) and isinstance(taken, dict):
        found = [
            f"{place}.{key}" if key not in taken else kept(value, taken[key], f"{place}.{key}")
            for key, value in written.items()
        ]
        return next(filter(None, found), "")
    if isinstance(written, list) and isinstance(taken, list | tuple):
        if len(written) != len(taken):
            return place
        return next(filter(None, map(kept, written, taken, [place] * len(written))), "")
    number = isinstance(written, int) and isinstance(taken, float)
    alike = type(written) is type(taken) or (number and not isinstance(written, bool))
    return "" if alike and written == taken else place
