# SPDX-License-Identifier: MIT
"""YAML texts whose every value remembers its line, so that a message can point at it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

from sim.work.errors import UserError

__all__ = ["Document", "KeyPath", "apply_override", "dotted", "parse"]

KeyPath = tuple[str | int, ...]

# Plain integers that YAML 1.1 reads in another base than their author meant.
_OCTAL = re.compile(r"[-+]?0[0-7_]+")
_SEXAGESIMAL = re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?")


@dataclass(frozen=True)
class Document:
    """A parsed text: its data and where each value stands.

    Parameters
    ----------
    data : dict
        Mappings, lists, strings, numbers, booleans and None.
    source : str
        Name of the text in messages, usually its path.
    lines : mapping of KeyPath to int
        Line, from 1, of every key (of the value, for an item of a list).
    overrides : mapping of KeyPath to str
        Command-line text, such as ``--set a.b=c``, of every value that came from one.
    """

    data: dict[str, Any]
    source: str
    lines: Mapping[KeyPath, int] = field(default_factory=dict)
    overrides: Mapping[KeyPath, str] = field(default_factory=dict)

    def line_of(self, path: KeyPath) -> int:
        """Return the line of the value at `path`, or of the nearest one around it."""
        return next((self.lines[p] for p in _upwards(path) if p in self.lines), 1)

    def where_within(self, path: KeyPath) -> str:
        """Return the place of values that do not fit each other, all of them below `path`.

        They have no line of their own: what was overridden among them is to blame, if anything.
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
    """Return a path as a user writes it: ``("a", 0, "b")`` is ``a.0.b``."""
    return ".".join(str(key) for key in path)


def parse(text: str, source: str) -> Document:
    """Parse a YAML text, whose top level is a mapping, by the safe rules of PyYAML.

    More is refused than YAML itself refuses: repeated keys, keys that are no strings, merge keys,
    and plain values that YAML 1.1 reads differently from what they look like (``010`` is 8,
    ``1:30`` is 90, ``2024-01-31`` is a date).

    Parameters
    ----------
    text : str
        YAML text; an empty one is an empty mapping.
    source : str
        Name of the text in messages.

    Raises
    ------
    UserError
        If the text is no YAML or holds one of the above; the message names the line.
    """
    reader = _Reader(source)
    data = reader.read(text)
    if data is None:
        data = {}
    if not isinstance(data, dict):
        raise UserError(
            f"{source}:1: the text must be a mapping of keys to values, not {_kind(data)}"
        )
    return Document(data=data, source=source, lines=reader.lines)


def apply_override(document: Document, assignment: str) -> Document:
    """Return the document with one value set from the command line.

    Parameters
    ----------
    document : Document
        Document, which is not changed.
    assignment : str
        ``key.path=VALUE``; a number in the path is a position in a list, mappings on the way are
        created, VALUE is YAML.

    Raises
    ------
    UserError
        If the assignment has not this form or leads through a value that is no mapping or list.
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
    """Turns the nodes of one text into plain data, noting their lines."""

    def __init__(self, source: str, one_line: bool = False) -> None:
        self.source = source
        self.lines: dict[KeyPath, int] = {}
        self._one_line = one_line
        self._open: list[yaml.Node] = []  # collections around the present node
        self._constructor = yaml.constructor.SafeConstructor()

    def read(self, text: str) -> Any:
        try:
            node = yaml.compose(text, Loader=yaml.SafeLoader)
            return None if node is None else self._value(node, ())
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            raise self._error(mark, f"this is no YAML: {error.problem}") from error
        except yaml.reader.ReaderError as error:
            raise UserError(
                f"{self.source}: this is no YAML: character {error.position} is unprintable"
            ) from error
        except RecursionError as error:
            raise UserError(f"{self.source}: collections are nested too deeply") from error

    def _value(self, node: yaml.Node, path: KeyPath) -> Any:
        self.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if any(node is outer for outer in self._open):
            raise self._error(node.start_mark, "an alias must not stand inside its own anchor")
        self._open.append(node)
        if node.tag == "tag:yaml.org,2002:map" and isinstance(node, yaml.MappingNode):
            value = self._mapping(node, path)
        elif node.tag == "tag:yaml.org,2002:seq" and isinstance(node, yaml.SequenceNode):
            value = [self._value(item, (*path, i)) for i, item in enumerate(node.value)]
        else:
            raise self._error(node.start_mark, f"tag {node.tag} is not supported")
        self._open.pop()
        return value

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node)
            inner = (*path, key)
            line = key_node.start_mark.line + 1
            if key in values:
                raise self._error(
                    key_node.start_mark,
                    f"key {dotted(inner)} must stand once: line {self.lines[inner]} has it too",
                )
            self.lines[inner] = line
            values[key] = self._value(value_node, inner)
        return values

    def _key(self, node: yaml.Node) -> str:
        if node.tag == "tag:yaml.org,2002:merge":
            raise self._error(node.start_mark, "merge keys (<<) are not supported")
        key = self._scalar(node) if isinstance(node, yaml.ScalarNode) else node.value
        if not isinstance(key, str):
            written = "a list or mapping"
            if isinstance(node, yaml.ScalarNode):
                written = f"{node.value}, which YAML reads as {_kind(key)}"
            raise self._error(
                node.start_mark,
                f"a key must be text, not {written}",
            )
        return key

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        text = node.value
        try:
            value = self._constructor.construct_object(node)
        except (yaml.YAMLError, ValueError) as error:
            raise self._error(node.start_mark, f"{text!r} cannot be read as {node.tag}") from error
        plain_number = node.style is None and isinstance(value, int | float)
        if plain_number and _OCTAL.fullmatch(text):
            raise self._error(
                node.start_mark,
                f"YAML reads {text} as {value}, in octal: write {value}, or '{text}' as text",
            )
        if plain_number and _SEXAGESIMAL.fullmatch(text):
            raise self._error(
                node.start_mark,
                f"YAML reads {text} as {value}, in base 60: write {value}, or '{text}' as text",
            )
        if value is not None and not isinstance(value, bool | int | float | str):
            raise self._error(
                node.start_mark, f"YAML reads {text} as {_kind(value)}: write '{text}' as text"
            )
        return value

    def _error(self, mark: Any, message: str) -> UserError:
        line = "" if self._one_line or mark is None else f":{mark.line + 1}"
        return UserError(f"{self.source}{line}: {message}")


def _kind(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    names = {str: "text", int: "a number", float: "a number", bytes: "binary data", list: "a list"}
    return names.get(type(value), "a date")


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
