# SPDX-License-Identifier: MIT
"""Whoever calls what takes three parameters or more finds each of them in its docstring."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CLI = ROOT / "sim" / "cli"  # its docstrings are the help of commands; options have their own texts
#: Packages of which all docstrings are held to the rule.
DOCUMENTED = ("golden", "rtl", "sim", "verification.bench")
FEW = 2  # so many parameters explain themselves

Classes = dict[str, ast.ClassDef]


def parameters(function: ast.FunctionDef, *, method: bool) -> list[str]:
    """Return the names of the parameters that a caller gives: `self` is none of them."""
    a = function.args
    names = [argument.arg for argument in (*a.posonlyargs, *a.args)]
    static = any(
        isinstance(d, ast.Name) and d.id == "staticmethod" for d in function.decorator_list
    )
    # Numba itself gives its intrinsics their first argument, as Python gives methods theirs.
    names = names[1:] if (method and not static) or names[:1] == ["typingctx"] else names
    names += [argument.arg for argument in (a.vararg, *a.kwonlyargs, a.kwarg) if argument]
    return names


def documented(node: ast.FunctionDef | ast.ClassDef) -> set[str]:
    """Return the names in the Parameters section of a docstring, as numpydoc writes it."""
    text = ast.get_docstring(node) or ""
    section = re.search(r"^Parameters\n-{10}\n((?:.|\n)*?)(?=^\S.*\n-{3,}$|\Z)", text, re.M)
    names: set[str] = set()
    for line in (section[1] if section else "").splitlines():
        if line and not line[0].isspace():
            names |= {name.strip(" *`") for name in line.partition(" : ")[0].split(",")}
    return names


def missing(node: ast.FunctionDef | ast.ClassDef, names: list[str]) -> set[str]:
    return set(names) - documented(node) if len(names) > FEW else set()


def methods(owner: ast.ClassDef) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in owner.body if isinstance(node, ast.FunctionDef)}


def bases(owner: ast.ClassDef, classes: Classes) -> Iterator[ast.ClassDef]:
    """Yield the classes of the project from which a class derives, however far."""
    for base in owner.bases:
        base = base.value if isinstance(base, ast.Subscript) else base
        name = base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "")
        if found := classes.get(name):
            yield found
            yield from bases(found, classes)


def faults_of_class(owner: ast.ClassDef, classes: Classes) -> Iterator[tuple[int, str, set[str]]]:
    """Yield line, name and parameters left out: of the constructor, and of public methods."""
    for name, method in methods(owner).items():
        names = parameters(method, method=True)
        if name == "__init__":
            yield owner.lineno, owner.name, missing(owner, names)
        elif not name.startswith("_"):
            left_out = missing(method, names)
            for base in bases(owner, classes):
                left_out -= documented(methods(base)[name]) if name in methods(base) else set()
            yield method.lineno, f"{owner.name}.{name}", left_out


def faults(tree: ast.Module, classes: Classes) -> Iterator[tuple[int, str, set[str]]]:
    """Yield line, name and parameters left out, of public functions and classes of a module."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from faults_of_class(node, classes)
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield node.lineno, node.name, missing(node, parameters(node, method=False))


def undocumented(*packages: str) -> list[str]:
    """Return where a parameter is left out, and which."""
    trees = {
        path: ast.parse(path.read_text())
        for layer in ("golden", "rtl", "sim", "verification/bench")
        for path in sorted((ROOT / layer).rglob("*.py"))
    }
    nodes = (node for tree in trees.values() for node in tree.body)
    classes = {node.name: node for node in nodes if isinstance(node, ast.ClassDef)}
    return [
        f"{path.relative_to(ROOT)}:{line} {name} leaves out {', '.join(sorted(left_out))}"
        for path, tree in trees.items()
        if any(path.is_relative_to(ROOT / package.replace(".", "/")) for package in packages)
        and not path.is_relative_to(CLI)
        for line, name, left_out in faults(tree, classes)
        if left_out
    ]


def test_docstrings_name_every_parameter() -> None:
    assert undocumented(*DOCUMENTED) == []


def section(*lines: str) -> str:
    return '  "Do it.\\n\\nParameters\\n----------\\n' + "\\n".join(lines) + '"\n'


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("def few(a, b): ...", []),
        ("def f(a, b, c): ...", [("f", {"a", "b", "c"})]),
        ("def _hidden(a, b, c): ...", []),
        ("def f(a, *b, c=1):\n" + section("a, *b : int"), [("f", {"c"})]),
        ("def f(a, b, c):\n" + section("a, b : int", " c : int"), [("f", {"c"})]),
        (
            "def f(a, b, c):\n" + section("a, b : int", "", "Returns", "-------", "c : int"),
            [("f", {"c"})],
        ),
        ("def f(a, b, c):\n" + section("a : int", "b", "    Text.", "c : int, optional"), []),
        ("@intrinsic\ndef f(typingctx, a, b): ...", []),
        ("class A:\n def __init__(self, a, b, c): ...", [("A", {"a", "b", "c"})]),
        ("class A:\n" + section("a, b, c") + "  def __init__(self, a, b, c): ...", []),
        ("class A:\n def f(self, a, b): ...", []),
        ("class A:\n @staticmethod\n def f(a, b, c): ...", [("A.f", {"a", "b", "c"})]),
        ("class _A:\n def f(self, a, b, c): ...", []),
        (
            "class A:\n def f(self, a, b, c):\n"
            + section("a, b, c : int")
            + "class B(A): ...\nclass C(B):\n def f(self, a, b, c): ...",
            [],
        ),
    ],
)
def test_planted_parameters_are_found(source: str, found: list[tuple[str, set[str]]]) -> None:
    tree = ast.parse(source)
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    assert [(name, left_out) for _, name, left_out in faults(tree, classes) if left_out] == found
