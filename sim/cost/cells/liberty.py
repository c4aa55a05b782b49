# SPDX-License-Identifier: MIT
"""A parser for Liberty, the format of cell libraries. It returns groups with their line numbers.

A statement is a group ``name (arguments) { ... }``, a simple attribute ``name : value ;`` or a
complex attribute ``name (values) ;``. The semicolon is optional at the end of a line, because tools
leave it out. A backslash continues a line.
"""

import gzip
import re
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from sim.cost.cells.liberty_tree import Attribute, LibertyGroup
from sim.work.errors import UserError
from sim.work.files import read_bytes

__all__ = ["joined_text", "liberty_text", "parse_liberty", "read_liberty"]

_TOKEN = re.compile(
    r"""(?P<blank>(?:\s|\\\r?\n|/\*.*?\*/|//[^\n]*)+)
      | "(?P<string>(?:\\.|[^"\\])*)"
      | (?P<mark>[{}();:,])
      | (?P<word>(?:\[[^]\s]*\]|[^][\s{}();:,"\\/]|/(?![*/]))+)""",
    re.VERBOSE | re.DOTALL,
)
_CONTINUED = re.compile(r"\\\r?\n")

# Real libraries nest groups about six deep. Python's own recursion ends at about 1,000 calls.
_DEEPEST = 64


class _Token(NamedTuple):
    kind: str  # "string", "mark", "word", or "end" of the text
    text: str
    line: int
    first: bool  # on its line


def read_liberty(path: Path) -> LibertyGroup:
    """Read a library from a file, plain or gzip.

    Raises
    ------
    UserError
        If the file cannot be read or is not Liberty text.
    """
    return parse_liberty(liberty_text(path), str(path))


def liberty_text(path: Path) -> str:
    """Return the text of a file, plain or gzip, without its byte-order mark.

    Raises
    ------
    UserError
        If the file cannot be read or unpacked.
    """
    data = read_bytes(path)
    try:
        text = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{path} must be Liberty text, plain or gzip: {error}") from error
    # Comments may have any encoding.
    return text.decode("utf-8-sig", errors="replace")


def joined_text(texts: Sequence[str]) -> str:
    """Return the text of one library with the statements of several, in their order.

    Parameters
    ----------
    texts : sequence of str
        Texts that `parse_liberty` accepts, at least one. The result has the name of the first.
    """
    inside = [text[slice(*_braces(text))] for text in texts[1:]]
    first, end = texts[0], _braces(texts[0])[1]
    return "".join([first[:end], *inside, first[end:]])


def _braces(text: str) -> tuple[int, int]:
    """Return the places after the first brace and before the last one, comments aside."""
    places = [match.start() for match in _TOKEN.finditer(text) if match["mark"] in ("{", "}")]
    return places[0] + 1, places[-1]


def parse_liberty(text: str, source: str) -> LibertyGroup:
    """Parse the text of a library.

    Parameters
    ----------
    text : str
    source : str
        Name of the text in messages.

    Returns
    -------
    LibertyGroup
        The group ``library``.

    Raises
    ------
    UserError
        If the text is not a library; the message names the line.
    """
    return _Parser(text, source).library()


def _tokens(text: str, source: str) -> Iterator[_Token]:
    position, line, first = 0, 1, True
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            what = {'"': "a string", "/": "a comment"}.get(text[position])
            fault = f"{what} begins but does not end" if what else "expected a statement"
            raise UserError(f"{source}:{line}: {fault}: {text[position:][:20]!r}")
        kind = str(match.lastgroup)
        if kind == "blank":
            first = first or "\n" in _CONTINUED.sub("", match[0])
        else:
            yield _Token(kind, _CONTINUED.sub("", match[kind]), line, first)
            first = False
        line += match[0].count("\n")
        position = match.end()
    yield _Token("end", "the end of the text", line, True)


class _Parser:
    """Recursive descent over the tokens of one text."""

    def __init__(self, text: str, source: str) -> None:
        self._source = source
        self._tokens = _tokens(text, source)
        self._next = next(self._tokens)
        self._depth = 0

    def library(self) -> LibertyGroup:
        top = LibertyGroup("text", (), f"{self._source}:1")
        self._statement(top)
        if not top.groups or top.groups[0].name != "library":
            raise UserError(f"{self._source}:1: the text must be a group library (NAME) {{ ... }}")
        if self._next.kind != "end":
            raise self._fault("nothing after the library")
        return top.groups[0]

    def _statement(self, holder: LibertyGroup) -> None:
        name = self._take()
        if name.kind != "word":
            raise self._fault("the name of an attribute or group", name)
        where = f"{self._source}:{name.line}"
        if self._accept(":"):
            holder.attributes.append(Attribute(name.text, (self._simple_value(),), where))
            return
        self._expect("(", f": or ( after {name.text}")
        values = self._arguments(name)
        if self._accept("{"):
            group = LibertyGroup(name.text, values, where)
            self._body(group)
            holder.groups.append(group)
        else:
            holder.attributes.append(Attribute(name.text, values, where))
        self._accept(";")

    def _body(self, group: LibertyGroup) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise UserError(
                f"{group.where}: groups must be nested at most {_DEEPEST} deep, and "
                f"{group.name} is deeper"
            )
        while not self._accept("}"):
            if self._next.kind == "end":
                raise UserError(f"{group.where}: group {group.name} is not closed by }}")
            if not self._accept(";"):
                self._statement(group)
        self._depth -= 1

    def _simple_value(self) -> str:
        parts = [self._take()]
        if parts[0].kind == "end" or parts[0].text in (";", "}"):
            raise self._fault("a value after :", parts[0])
        while not self._accept(";") and not self._next.first and self._next.text != "}":
            parts.append(self._take())
        return " ".join(part.text for part in parts)

    def _arguments(self, name: _Token) -> tuple[str, ...]:
        values: list[str] = []
        while not self._accept(")"):
            token = self._take()
            if token.kind in ("word", "string"):
                values.append(token.text)
            elif token.text == ":" and values:
                values[-1] += f":{self._take().text}"
            elif token.text != ",":
                raise self._fault(f") after the values of {name.text}", token)
        return tuple(values)

    def _take(self) -> _Token:
        token = self._next
        if token.kind != "end":
            self._next = next(self._tokens)
        return token

    def _accept(self, mark: str) -> bool:
        found = self._next.kind == "mark" and self._next.text == mark
        if found:
            self._take()
        return found

    def _expect(self, mark: str, what: str) -> None:
        if not self._accept(mark):
            raise self._fault(what)

    def _fault(self, expected: str, token: _Token | None = None) -> UserError:
        found = token or self._next
        return UserError(f"{self._source}:{found.line}: expected {expected}, not {found.text!r}")
