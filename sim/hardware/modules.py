# SPDX-License-Identifier: MIT
"""A design in groups of its modules, so that tools can work on several groups at a time."""

import re
from collections.abc import Iterable

__all__ = ["alike_as_one", "groups_of"]

#: Least characters of a group. To start a tool costs as much as to map a few thousand.
LEAST = 30_000

_MODULE = re.compile(r"^module (\S+?) ?\(.*?^endmodule\n", re.M | re.S)
# The lines that say which ports a module has, behind the list that heads it.
_PORT = re.compile(r"^  (?:input|output|inout) .*;$", re.M)
# A name that is escaped, as `\output` is, has a space of its own behind it.
_CELL = re.compile(r"^  (\S+) +\S+ +\($", re.M)
# Names that Yosys invents when it writes a module; their numbers run through the whole text.
_INVENTED = re.compile(r"(?<=:dump_module\$)\d+")


def groups_of(verilog: str, least: int = LEAST) -> list[str]:
    """Return a design as groups of whole modules, in the order of its text.

    Each group is followed by the frames of the modules that its own ones contain: their ports, and
    nothing inside. So a group depends on no other, as long as ports stay.

    Parameters
    ----------
    verilog : str
        As `rtl.emit` writes it.
    least : int
        Characters of a group; only the last one may have fewer.
    """
    modules = {found[1]: found[0] for found in _MODULE.finditer(verilog)}
    groups: list[dict[str, str]] = [{}]
    for name, text in modules.items():
        if sum(map(len, groups[-1].values())) >= least:
            groups.append({})
        groups[-1][name] = text
    return ["".join([*group.values(), *_frames(group, modules)]) for group in groups]


def _frames(group: dict[str, str], modules: dict[str, str]) -> Iterable[str]:
    """Return the frames of the modules that a group contains and does not hold."""
    cells = (cell for text in group.values() for cell in _CELL.findall(text))
    for name in dict.fromkeys(cells):
        if name in modules and name not in group:
            text = modules[name]
            head = text[: text.index(";") + 1]
            yield "\n".join(["(* blackbox *)", head, *_PORT.findall(text), "endmodule\n"])


def alike_as_one(verilog: str) -> str:
    """Return a design in which modules that differ by their name alone are one.

    The first of them stays, and what contained the others contains it. So a design with many equal
    neurons is mapped as fast as one with a single one, and its cells can still be counted.

    Parameters
    ----------
    verilog : str
        As `rtl.emit` writes it.
    """
    modules = {found[1]: found[0] for found in _MODULE.finditer(verilog)}
    while True:  # modules may be alike once what they contain is one
        first: dict[str, str] = {}
        same = {
            name: first.setdefault(_nameless(name, text), name) for name, text in modules.items()
        }
        kept = {name: text for name, text in modules.items() if same[name] == name}
        if len(kept) == len(modules):
            return "\n".join(modules.values())
        modules = {name: _contains(text, same) for name, text in kept.items()}


def _nameless(name: str, text: str) -> str:
    """Return a module without its name, and with its invented names numbered from 0."""
    numbers: dict[str, int] = {}
    body = text.removeprefix(f"module {name}")
    return _INVENTED.sub(lambda found: str(numbers.setdefault(found[0], len(numbers))), body)


def _contains(text: str, same: dict[str, str]) -> str:
    """Return a module whose cells are of the modules that stand for others."""

    def replaced(found: re.Match[str]) -> str:
        return found[0].replace(found[1], same.get(found[1], found[1]), 1)

    return _CELL.sub(replaced, text)
