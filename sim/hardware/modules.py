# SPDX-License-Identifier: MIT
"""A design in groups of its modules, so that tools can work on several groups at a time."""

import re
from collections.abc import Iterable

__all__ = ["groups_of"]

#: Least characters of a group. To start a tool costs as much as to map a few thousand.
LEAST = 30_000

_MODULE = re.compile(r"^module (\S+?) ?\(.*?^endmodule\n", re.M | re.S)
# The lines that say which ports a module has, behind the list that heads it.
_PORT = re.compile(r"^  (?:input|output|inout) .*;$", re.M)
# A name that is escaped, as `\output` is, has a space of its own behind it.
_CELL = re.compile(r"^  (\S+) +\S+ +\($", re.M)


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
