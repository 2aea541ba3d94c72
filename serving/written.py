"""YAML as a person wrote it: nothing is dropped, and nothing means another thing than it says.

PyYAML takes the last of two equal keys without a word, reads 1:30 as 90 and 010 as 8, leaves 1e-3
a text, makes dates and bytes of texts, and lets a few lines of anchors grow to any size. Here a
number is what reads as one, everything else is a text, and the rest is refused.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import yaml

from serving.errors import ConfigError

# The most values that a file holds, its anchors written out.
MOST = 100_000
LARGEST = 2**63
PLAIN = tuple(f"tag:yaml.org,2002:{name}" for name in ("map", "seq", "str", "int", "float", "bool"))
NOTHING, MERGE = "tag:yaml.org,2002:null", "tag:yaml.org,2002:merge"
_WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9]*)$")
_NUMBER = re.compile(
    r"[-+]?(?:(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+)$"
)
# A value that begins with a star or an ampersand is read as such a name.
_NAMED = re.compile(r"\b(alias|anchor) .*", re.DOTALL)
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF|nan|NaN|NAN)$")


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader with numbers as YAML 1.2 has them, and no dates."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in known if tag in (NOTHING, MERGE, PLAIN[5])]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(PLAIN[3], _WHOLE, list("-+0123456789"))
_Loader.add_implicit_resolver(PLAIN[4], _NUMBER, list("-+.0123456789"))
_Loader.add_implicit_resolver(PLAIN[4], _NOT_FINITE, list("-+."))


def read_yaml(path: Path, shown: str = "") -> Any:
    """The values of a YAML file.

    Args:
        shown: What messages call the file; its path where that says enough.

    Raises:
        ConfigError: It is no file that can be read, or no plain YAML.
    """
    shown = shown or str(path)
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{shown} is not YAML: it is not UTF-8 ({error}).") from None
    except OSError as error:
        raise ConfigError(f"{shown} cannot be read: {error.strerror}.") from None
    return parse_yaml(text, shown)


def is_file(path: Path) -> bool:
    """Whether there is such a file; none has a name that is too long."""
    try:
        return path.is_file()
    except OSError:
        return False


def parse_yaml(text: str, shown: str) -> Any:
    """The values of a text in YAML.

    Raises:
        ConfigError: It is none, or holds what is more than plain values.
    """
    loader = None
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            return None
        _Examined(shown).size(node)
        return loader.construct_document(node)
    except yaml.YAMLError as error:
        raise ConfigError(f"{shown} is not YAML: {_told(error)}.") from None
    except RecursionError:
        raise ConfigError(f"{shown} is nested too deeply.") from None
    finally:
        if loader is not None:
            loader.dispose()


def _told(error: yaml.YAMLError) -> str:
    """What is wrong and where, without the line itself: a value in it may be a password."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        # It was met before anything was read, and names one character.
        return str(error).partition("\n")[0]
    where = f"line {error.problem_mark.line + 1}, column {error.problem_mark.column + 1}"
    said = [_NAMED.sub(r"\1", part) for part in (error.context, error.problem) if part]
    return f"{': '.join(said)} ({where})"


class _Examined:
    """One document's values, each looked at once."""

    def __init__(self, shown: str) -> None:
        self._shown = shown
        self._sizes: dict[int, int] = {}
        self._within: set[int] = set()

    def size(self, node: yaml.Node) -> int:
        """How many values a value holds, each time that an anchor repeats one counted."""
        if id(node) in self._sizes:
            return self._sizes[id(node)]
        if id(node) in self._within:
            raise self._wrong(node, "a value holds itself through an anchor")
        if node.tag not in (*PLAIN, NOTHING, MERGE):
            kind = node.tag.removeprefix("tag:yaml.org,2002:")
            # A text that begins with an exclamation mark, such as a password, is read as a tag.
            what = "what begins with ! unquoted" if kind.startswith("!") else f"'{kind}'"
            raise self._wrong(node, f"{what} is no plain value: write a text, number or list")
        self._within.add(id(node))
        found = 1 + sum(self.size(each) for each in self._inside(node))
        if found > MOST:
            raise self._wrong(node, f"it holds more than {MOST} values, anchors written out")
        self._within.remove(id(node))
        self._sizes[id(node)] = found
        return found

    def _inside(self, node: yaml.Node) -> list[yaml.Node]:
        if isinstance(node, yaml.MappingNode):
            self._keys(node)
            return [each for pair in node.value for each in pair]
        if isinstance(node, yaml.SequenceNode):
            return list(node.value)
        if isinstance(node, yaml.ScalarNode):
            self._scalar(node)
        return []

    def _keys(self, node: yaml.MappingNode) -> None:
        """Refuse a key that stands twice, and one that is no text."""
        met: set[str] = set()
        for key, _ in node.value:
            if key.tag not in (PLAIN[2], MERGE):
                told = f"'{key.value}'" if isinstance(key, yaml.ScalarNode) else "a list or mapping"
                raise self._wrong(key, f"a key must be text, and {told} is none: quote it")
            if key.value in met:
                raise self._wrong(key, f"the key '{key.value}' stands here twice")
            met.add(key.value)

    def _scalar(self, node: yaml.ScalarNode) -> None:
        """Refuse what would be another value later on, or none."""
        text = node.value
        if "\0" in text or any("\ud800" <= each <= "\udfff" for each in text):
            raise self._wrong(node, "a text holds a character that no file can")
        number = node.tag in PLAIN[3:5]
        pattern = _WHOLE if node.tag == PLAIN[3] else _NUMBER
        if number and not pattern.match(text):
            raise self._wrong(node, "this is no number that a setting can have: quote a text")
        # Twenty digits are more than the largest has; so many more could not even be counted.
        large = len(text) > 20 or abs(int(text)) >= LARGEST if node.tag == PLAIN[3] else False
        if large or (node.tag == PLAIN[4] and not math.isfinite(float(text))):
            raise self._wrong(node, "the number is too large: quote a text")

    def _wrong(self, node: yaml.Node, what: str) -> ConfigError:
        return ConfigError(f"{self._shown}, line {node.start_mark.line + 1}: {what}.")
