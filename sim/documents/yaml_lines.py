# SPDX-License-Identifier: MIT
"""YAML texts read with the line of every value, so that a message can point at it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import MaxDepthExceededError
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from sim.work.errors import UserError

__all__ = ["Document", "KeyPath", "apply_override", "dotted", "parse"]

KeyPath = tuple[str | int, ...]

# Bounds on the data, because aliases of aliases can make huge data from a small text.
_DEEPEST = 100
_MOST_VALUES = 100_000

_TAG = "tag:yaml.org,2002:"
# Tags of scalars that become numbers, flags and null, and of scalars that stay text.
_VALUES = {_TAG + name for name in ("bool", "float", "int", "null")}
_TEXTS = {_TAG + name for name in ("str", "timestamp", "value")}

# A surrogate is half of a character; text that holds one cannot be written to a file.
_SURROGATE = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True)
class Document:
    """A parsed text: its data and the place of each value.

    Parameters
    ----------
    data : dict
        Mappings, lists, strings, numbers, booleans and None.
    source : str
        Name of the text in messages, usually its path.
    lines : mapping of KeyPath to int
        Line of every key and of every item of a list, from 1.
    overrides : mapping of KeyPath to str
        Command-line text, such as ``--set a.b=c``, of every value that was set there.
    """

    data: dict[str, Any]
    source: str
    lines: Mapping[KeyPath, int] = field(default_factory=dict)
    overrides: Mapping[KeyPath, str] = field(default_factory=dict)

    def line_of(self, path: KeyPath) -> int:
        """Return the line of the value at `path`, or of the nearest one around it."""
        return next((self.lines[p] for p in _upwards(path) if p in self.lines), 1)

    def where_within(self, path: KeyPath) -> str:
        """Return the place of values below `path` that do not fit each other.

        No single line belongs to such a fault. If the user overrode one of the values, the place is
        the last of these overrides.
        """
        inside = [text for place, text in self.overrides.items() if place[: len(path)] == path]
        return inside[-1] if inside else self.where(path)

    def where(self, path: KeyPath) -> str:
        """Return the place of the value at `path`: ``source:line`` or the override it came from."""
        for outer in _upwards(path):
            if outer in self.overrides:
                return self.overrides[outer]
            if outer in self.lines:
                return f"{self.source}:{self.lines[outer]}"
        return f"{self.source}:1"


def dotted(path: KeyPath) -> str:
    """Return a path in the form that a user writes: ``("a", 0, "b")`` is ``a.0.b``."""
    return ".".join(str(key) for key in path)


def parse(text: str, source: str) -> Document:
    """Parse a YAML 1.2 text whose top level is a mapping.

    The parser refuses more than YAML does: repeated keys, keys that are not strings, merge keys,
    tags of values that JSON does not have, and data that are huge or deeply nested. A date is text.

    Parameters
    ----------
    text : str
        YAML text; an empty one is an empty mapping.
    source : str
        Name of the text in messages.

    Raises
    ------
    UserError
        If the text is not YAML or holds one of the above; the message names the line.
    """
    reader = _Reader(source)
    data = reader.read(text)
    if data is None:
        data = {}
    if not isinstance(data, dict):
        found = "a list" if isinstance(data, list) else repr(data)
        raise UserError(f"{source}:1: the text must be a mapping of keys to values, not {found}")
    return Document(data=data, source=source, lines=reader.lines)


def apply_override(document: Document, assignment: str) -> Document:
    """Return the document with one value set from the command line.

    Parameters
    ----------
    document : Document
        Document, which stays unchanged.
    assignment : str
        ``key.path=VALUE``. A number in the path is a position in a list. Missing mappings on the
        way are created. VALUE is YAML.

    Raises
    ------
    UserError
        If the assignment does not have this form, or if its path leads through a value that is
        neither a mapping nor a list.
    """
    origin = f"--set {assignment}"
    keys, equals, value = assignment.partition("=")
    names = keys.strip().split(".")
    if not equals or not all(names):
        raise UserError(f"{origin}: an override must have the form key.path=value")
    data, path = _assign(
        document.data, (), names, _Reader(origin, one_line=True).read(value), origin
    )
    return replace(
        document,
        data=data,
        lines=_without(document.lines, path),
        overrides={**_without(document.overrides, path), path: origin},
    )


class _Reader:
    """Turns the nodes of one text into plain data and records their lines."""

    def __init__(self, source: str, one_line: bool = False) -> None:
        self.source = source
        self.lines: dict[KeyPath, int] = {}
        self._one_line = one_line
        self._yaml = YAML(typ="safe", pure=True)
        self._yaml.max_depth = _DEEPEST
        # An anchor may be defined again for another value, without a warning.
        self._yaml.composer.warn_double_anchors = False

    def read(self, text: str) -> Any:
        try:
            node = self._yaml.compose(text)
        except MaxDepthExceededError as error:
            raise self._error(
                error.problem_mark.line,
                f"collections must be nested at most {_DEEPEST} levels deep",
            ) from error
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            raise self._error(mark.line, f"this is no YAML: {error.problem}") from error
        except ReaderError as error:
            raise self._error(
                text.count("\n", 0, error.position),
                f"this is no YAML: character U+{error.character:04X} is unprintable",
            ) from error
        return None if node is None else self._value(node, ())

    def _value(self, node: Node, path: KeyPath) -> Any:
        line = node.start_mark.line
        if len(path) > _DEEPEST:
            raise self._error(
                line,
                f"aliases must nest at most {_DEEPEST} levels deep, and none inside its own anchor",
            )
        if len(self.lines) > _MOST_VALUES:
            raise self._error(
                line, f"the text must hold at most {_MOST_VALUES} values, those of aliases included"
            )
        self.lines.setdefault(path, line + 1)
        if isinstance(node, ScalarNode):
            return self._scalar(node)
        if isinstance(node, MappingNode) and node.tag == _TAG + "map":
            return self._mapping(node, path)
        if isinstance(node, SequenceNode) and node.tag == _TAG + "seq":
            return [self._value(item, (*path, i)) for i, item in enumerate(node.value)]
        raise self._error(line, f"tag {node.tag} is not supported")

    def _mapping(self, node: MappingNode, path: KeyPath) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key, line = self._key(key_node), key_node.start_mark.line
            inner = (*path, key)
            if key in values:
                raise self._error(
                    line,
                    f"key {dotted(inner)} must occur once: line {self.lines[inner]} has it, too",
                )
            self.lines[inner] = line + 1
            values[key] = self._value(value_node, inner)
        return values

    def _key(self, node: Node) -> str:
        line = node.start_mark.line
        if not isinstance(node, ScalarNode):
            raise self._error(line, "a key must be text, not a list or mapping")
        if node.tag == _TAG + "merge":
            raise self._error(line, "merge keys (<<) are not supported")
        key = self._scalar(node)
        if not isinstance(key, str):
            raise self._error(line, f"a key must be text, not {node.value}: write '{node.value}'")
        return key

    def _scalar(self, node: ScalarNode) -> Any:
        line = node.start_mark.line
        if _SURROGATE.search(node.value):
            raise self._error(line, f"{node.value!r} must be whole characters, not half of one")
        if node.tag in _TEXTS:
            return node.value
        if node.tag not in _VALUES:
            raise self._error(line, f"tag {node.tag} is not supported")
        try:
            return self._yaml.constructor.construct_object(node)
        except (LookupError, ValueError) as error:
            raise self._error(line, f"{node.value!r} cannot be read as {node.tag}") from error

    def _error(self, line: int, message: str) -> UserError:
        place = self.source if self._one_line else f"{self.source}:{line + 1}"
        return UserError(f"{place}: {message}")


def _upwards(path: KeyPath) -> list[KeyPath]:
    return [path[:length] for length in range(len(path), -1, -1)]


def _without(places: Mapping[KeyPath, Any], path: KeyPath) -> dict[KeyPath, Any]:
    return {p: v for p, v in places.items() if p[: len(path)] != path}


def _assign(
    holder: Any, above: KeyPath, names: list[str], value: Any, origin: str
) -> tuple[Any, KeyPath]:
    """Return a copy of `holder` with the value at `names` set, and the full path of that value."""
    if not names:
        return value, above
    if holder is None:
        holder = {}
    key = _step(holder, above, names[0], origin)
    copy = holder.copy()
    inner = copy.get(key) if isinstance(copy, dict) else copy[key]
    copy[key], path = _assign(inner, (*above, key), names[1:], value, origin)
    return copy, path


def _step(holder: Any, above: KeyPath, name: str, origin: str) -> Any:
    if isinstance(holder, dict):
        return name
    if not isinstance(holder, list):
        raise UserError(f"{origin}: {dotted(above)} must be a mapping or list, not {holder!r}")
    if not name.isdecimal() or int(name) >= len(holder):
        raise UserError(
            f"{origin}: {dotted(above)} must be followed by a position in "
            f"0..{len(holder) - 1}, not {name}"
        )
    return int(name)
