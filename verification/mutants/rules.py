# SPDX-License-Identifier: MIT
"""Mutants of a module by rule: one small fault each, made on the syntax tree."""

import ast
import copy
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["RULES", "Mutant", "mutants_of"]

#: What each rule does.
RULES = {
    "compare": "a comparison takes in its edge, or leaves it out; `==` and `!=` change places",
    "condition": "a condition of `If`, `Elif` or `Mux` is inverted, or always true",
    "reset": "a register starts from another value, or is not reset",
    "width": "a signal is one bit narrower",
    "order": "the parts of a `Cat`, or the two ways of a `Mux`, change places",
    "constant": "the value assigned, or the term added or shifted by, is larger by one",
}
COMPARES: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
}  # fmt: skip
#: Names that only functions that build hardware use: a module, and parts of expressions.
BUILDING = ("m", "Mux", "Cat")


@dataclass(frozen=True)
class Mutant:
    """One fault.

    Attributes
    ----------
    module : str
        Stem of the module in `rtl/`.
    line : int
    rule : str
    ordinal : int
        Place among the mutants of this line and rule, from 0.
    before, after : str
        The expression, as Python writes it.
    source : str
        The whole module with the fault.
    """

    module: str
    line: int
    rule: str
    ordinal: int
    before: str
    after: str
    source: str

    @property
    def id(self) -> str:
        """Name that stays as long as the line does."""
        return f"{self.module}:{self.line}:{self.rule}:{self.ordinal}"


def mutants_of(module: str, source: str) -> list[Mutant]:
    """Return all mutants of a module, by line.

    Parameters
    ----------
    module : str
        Stem of the module.
    source : str
        Its text.
    """
    tree = ast.parse(source)
    found, count = [], Counter[tuple[int, str]]()
    hardware, wires = _hardware(tree), _wires(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.expr) or id(node) not in hardware:
            continue
        for rule, replacement in _replacements(node):
            if rule == "reset" and id(node) in wires:
                continue
            key = (node.lineno, rule)
            text = _spliced(source, node, replacement)
            before, after = ast.unparse(node), ast.unparse(replacement)
            found.append(Mutant(module, *key, count[key], before, after, text))
            count[key] += 1
    return sorted(found, key=lambda mutant: (mutant.line, mutant.rule, mutant.ordinal))


def _hardware(tree: ast.Module) -> set[int]:
    """Return the expressions within functions that build hardware.

    They name a module `m`, or make an expression with `Mux` or `Cat`. Conditions of Python choose
    what is built; parameters with a wrong value raise. Neither is a fault of hardware.
    """
    inside: set[int] = set()
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            nodes = [node for node in ast.walk(function) if isinstance(node, ast.expr)]
            if any(isinstance(node, ast.Name) and node.id in BUILDING for node in nodes):
                inside.update(map(id, nodes))
    for node in ast.walk(tree):
        choice = isinstance(node, ast.If | ast.IfExp | ast.While | ast.Assert)
        if choice:
            inside.difference_update(id(part) for part in ast.walk(node.test))
    return inside


def _wires(tree: ast.Module) -> set[int]:
    """Return the calls that make a signal of a name that no clock edge assigns.

    A first value or a reset means nothing to them.
    """
    clocked = {
        _root(call.func.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.AugAssign) and ast.unparse(node.target) == "m.d.sync"
        for call in ast.walk(node.value)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "eq"
    }
    made: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target, value = node.targets[0], node.value
            pairs = [(target, value)]
            if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                pairs = list(zip(target.elts, value.elts, strict=False))
            made.update(
                id(value)
                for target, value in pairs
                if isinstance(target, ast.Name) and target.id not in clocked
            )
    return made


def _root(node: ast.expr) -> str:
    """Return the name at the beginning of a chain of attributes, indices and calls."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return _name(node)


def _replacements(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARES:
        changed = copy.deepcopy(node)
        changed.ops[0] = COMPARES[type(node.ops[0])]()
        yield "compare", changed
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub | ast.RShift):
        if isinstance(node.right, ast.Constant) and isinstance(node.right.value, int):
            changed = copy.deepcopy(node)
            changed.right = ast.Constant(node.right.value + 1)
            yield "constant", changed
    elif isinstance(node, ast.Call):
        yield from _of_call(node)


def _of_call(node: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else _name(node.func)
    if name in ("If", "Elif", "Mux") and node.args:
        yield "condition", _with(node, 0, _inverted(node.args[0]))
        yield "condition", _with(node, 0, ast.Constant(1))
    if name == "Mux" and len(node.args) == 3:
        changed = copy.deepcopy(node)
        changed.args[1:] = changed.args[:0:-1]
        yield "order", changed
    if name == "Cat" and len(node.args) > 1:
        changed = copy.deepcopy(node)
        changed.args.reverse()
        yield "order", changed
    if name == "eq" and len(node.args) == 1 and isinstance(node.args[0], ast.Constant):
        value = node.args[0].value
        if isinstance(value, int):
            yield (
                "constant",
                _with(node, 0, ast.Constant(1 - value if value in (0, 1) else value + 1)),
            )
    if name == "Signal":
        yield from _of_signal(node)


def _of_signal(node: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    width = node.args[0] if node.args else None
    counted = isinstance(width, ast.Call) and _name(width.func) == "bits_for"
    if not (counted or isinstance(width, ast.Constant | ast.Attribute | ast.Name)):
        width = None  # a shape, whose width is not said here
    if width is not None:
        yield "width", _with(node, 0, ast.BinOp(copy.deepcopy(width), ast.Sub(), ast.Constant(1)))
    names = {keyword.arg for keyword in node.keywords}
    if "init" in names:
        changed = copy.deepcopy(node)
        for keyword in changed.keywords:
            if keyword.arg == "init":
                keyword.value = ast.BinOp(keyword.value, ast.BitXor(), ast.Constant(1))
        yield "reset", changed
    elif "reset_less" not in names:  # without a reset, the first value means nothing
        changed = copy.deepcopy(node)
        changed.keywords.append(ast.keyword("init", ast.Constant(1)))
        yield "reset", changed
    if "reset_less" not in names:
        changed = copy.deepcopy(node)
        changed.keywords.append(ast.keyword("reset_less", ast.Constant(True)))
        yield "reset", changed


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _inverted(node: ast.expr) -> ast.expr:
    """Return the node whose truth is the other one, also where it is wider than a bit."""
    return ast.Compare(copy.deepcopy(node), [ast.Eq()], [ast.Constant(0)])


def _with(node: ast.Call, place: int, value: ast.expr) -> ast.Call:
    changed = copy.deepcopy(node)
    changed.args[place] = value
    return changed


def _spliced(source: str, node: ast.expr, replacement: ast.expr) -> str:
    """Return the source with one expression replaced; its lines keep their numbers."""
    lines = source.encode().splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    text = source.encode()
    first = starts[node.lineno - 1] + node.col_offset
    last = starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)
    padding = "\n" * (text[first:last].count(b"\n"))
    # Within brackets, so that the lines kept do not end the statement.
    return (text[:first] + f"({ast.unparse(replacement)}{padding})".encode() + text[last:]).decode()
