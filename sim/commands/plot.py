# SPDX-License-Identifier: MIT
"""The command `engram plot`: a figure for a paper from the results of studies."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from sim.commands.base import WritingCommand, tell
from sim.report.paper import FORMATS, WIDTHS, paper_bytes
from sim.report.wording import listed
from sim.study.plot.kinds import BITS, KINDS, axis_named, drawn
from sim.study.plot.results import read_results
from sim.work.errors import UserError
from sim.work.files import ensure_directory, write_whole
from sim.work.refusals import check_target

__all__ = ["PlotCommand"]


@dataclass(frozen=True, kw_only=True)
class PlotCommand(WritingCommand):
    """Arguments of ``engram plot``; `axis` is None where the kind has none to choose."""

    results: Sequence[Path]
    kind: str
    columns: int
    axis: str | None

    def execute(self, console: Console) -> None:
        """Draw the figure and write it.

        Raises
        ------
        UserError
            If an argument is at fault, a file holds no results, results cannot show the kind, or
            the figure cannot be written; no file is then written.
        """
        if self.kind not in KINDS:
            raise UserError(f"--kind must be one of {', '.join(KINDS)}, not {self.kind!r}")
        if self.columns not in WIDTHS:
            raise UserError(f"--columns must be {listed([*WIDTHS], 'or')}, not {self.columns}")
        if self.axis is not None and self.kind != BITS:
            raise UserError(
                f"--axis must be left out with --kind {self.kind}: only {BITS} has an axis of bits"
            )
        axis = axis_named(self.axis or "state")
        form = self.out.suffix[1:].lower()
        if form not in FORMATS:
            raise UserError(
                f"--out must end in {listed([f'.{f}' for f in FORMATS], 'or')}, not {self.out}"
            )
        check_target(self.out)
        results = [read_results(path) for path in self.results]
        figure = drawn(self.kind, results, self.columns, axis)
        ensure_directory(self.out.parent)
        write_whole(self.out, paper_bytes(figure, form))
        tell(console, f"Figure: {self.out}")
