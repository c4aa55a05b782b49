# SPDX-License-Identifier: MIT
"""A parser for Boolean functions in Liberty's notation: "!(A^B)", "A B' + C"."""

import re
from collections.abc import Callable, Mapping
from itertools import product

__all__ = ["Function", "parse_function"]

_TOKEN = re.compile(r"\s*([A-Za-z_][\w.\[\]]*|[01]|[!'^&*|+()])")

_Value = Callable[[Mapping[str, bool]], bool]


class Function:
    """A function of named bits.

    Parameters
    ----------
    text : str
        The expression as written.
    inputs : tuple of str
        Names of the inputs, in the order of the text.
    value : callable
        Returns the value of the expression for bits given by name.
    """

    def __init__(self, text: str, inputs: tuple[str, ...], value: _Value) -> None:
        self.text = text
        self.inputs = inputs
        self._value = value

    def __call__(self, bits: Mapping[str, bool]) -> bool:
        """Return the value of the function for bits given by name."""
        return self._value(bits)

    @property
    def table(self) -> tuple[bool, ...]:
        """Truth table over all inputs; the first input changes slowest."""
        rows = product((False, True), repeat=len(self.inputs))
        return tuple(self(dict(zip(self.inputs, row, strict=True))) for row in rows)


def parse_function(text: str) -> Function:
    """Parse an expression.

    Parameters
    ----------
    text : str
        Names and the constants 0 and 1, joined by operators and parentheses. The operators, the
        strongest first, are ``!x`` and ``x'`` (not), ``^`` (exclusive or), ``&``, ``*`` or a blank
        (and), ``|`` or ``+`` (or).

    Raises
    ------
    ValueError
        If the text is not such an expression.
    """
    return _Parser(text).function()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _TOKEN.findall(text)
        if "".join(self._tokens) != re.sub(r"\s", "", text):
            raise self._fault()
        self._tokens.reverse()

    def function(self) -> Function:
        names = [t for t in reversed(self._tokens) if t[0].isalpha() or t[0] == "_"]
        value = self._or()
        if self._tokens:
            raise self._fault()
        return Function(self._text, tuple(dict.fromkeys(names)), value)

    def _or(self) -> _Value:
        value = self._and()
        while self._accept("|+"):
            value = _combined(bool.__or__, value, self._and())
        return value

    def _and(self) -> _Value:
        value = self._xor()
        while self._accept("&*") or (self._tokens and self._tokens[-1] not in "|+)^'"):
            value = _combined(bool.__and__, value, self._xor())
        return value

    def _xor(self) -> _Value:
        value = self._not()
        while self._accept("^"):
            value = _combined(bool.__xor__, value, self._not())
        return value

    def _not(self) -> _Value:
        if self._accept("!"):
            return _negated(self._not())
        value = self._atom()
        while self._accept("'"):
            value = _negated(value)
        return value

    def _atom(self) -> _Value:
        if self._accept("("):
            value = self._or()
            if not self._accept(")"):
                raise self._fault()
            return value
        if not self._tokens or not re.match(r"\w", self._tokens[-1]):
            raise self._fault()
        token = self._tokens.pop()
        if token in "01":
            return lambda bits: token == "1"
        return lambda bits: bits[token]

    def _accept(self, marks: str) -> bool:
        found = bool(self._tokens) and self._tokens[-1] in marks
        if found:
            self._tokens.pop()
        return found

    def _fault(self) -> ValueError:
        return ValueError(f"Function must join names by ! ' ^ & * | + and (), not {self._text!r}")


def _combined(operation: Callable[[bool, bool], bool], a: _Value, b: _Value) -> _Value:
    return lambda bits: operation(a(bits), b(bits))


def _negated(value: _Value) -> _Value:
    return lambda bits: not value(bits)
