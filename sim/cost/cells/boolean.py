# SPDX-License-Identifier: MIT
"""A parser for Boolean functions in Liberty's notation: "!(A^B)", "A B' + C"."""

import re
from collections.abc import Callable, Iterable, Mapping
from itertools import product

__all__ = ["Function", "parse_function"]

_TOKEN = re.compile(r"\s*([A-Za-z_][\w.\[\]]*|[01]|[!'^&*|+()])")

# A level of parentheses takes four calls of Python, whose recursion ends at about 1,000.
_DEEPEST = 64

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
        If the text is not such an expression, or nests parentheses over 64 deep.
    """
    return _Parser(text).function()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._depth = 0
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

    # Terms are joined as a flat list, so that a long sum is no deeper than a short one.

    def _or(self) -> _Value:
        values = [self._and()]
        while self._accept("|+"):
            values.append(self._and())
        return _joined(any, values)

    def _and(self) -> _Value:
        values = [self._xor()]
        while self._accept("&*") or (self._tokens and self._tokens[-1] not in "|+)^'"):
            values.append(self._xor())
        return _joined(all, values)

    def _xor(self) -> _Value:
        values = [self._not()]
        while self._accept("^"):
            values.append(self._not())
        return _joined(_odd, values)

    def _not(self) -> _Value:
        inversions = 0
        while self._accept("!"):
            inversions += 1
        value = self._atom()
        while self._accept("'"):
            inversions += 1
        return _negated(value) if inversions % 2 else value

    def _atom(self) -> _Value:
        if self._accept("("):
            self._depth += 1
            if self._depth > _DEEPEST:
                raise ValueError(f"Function must nest parentheses at most {_DEEPEST} deep")
            value = self._or()
            self._depth -= 1
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
        text = self._text if len(self._text) <= 80 else f"{self._text[:80]}..."
        return ValueError(f"Function must join names by ! ' ^ & * | + and (), not {text!r}")


def _joined(operation: Callable[[Iterable[bool]], bool], values: list[_Value]) -> _Value:
    if len(values) == 1:
        return values[0]
    return lambda bits: operation(value(bits) for value in values)


def _odd(values: Iterable[bool]) -> bool:
    return sum(values) % 2 == 1


def _negated(value: _Value) -> _Value:
    return lambda bits: not value(bits)
