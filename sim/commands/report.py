# SPDX-License-Identifier: MIT
"""The command ``engram report``, from arguments to a page, or to a report made again."""

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from sim.commands.base import Command, tell
from sim.explore.page.document import html_page
from sim.explore.page.exploration import FILE, read_exploration
from sim.study.results import FILE as RESULTS
from sim.study.rewriting import report_of
from sim.work.errors import UserError
from sim.work.files import ensure_directory, find_file, write_whole
from sim.work.refusals import real_path

__all__ = ["ReportCommand"]

#: Name of the page in the folder of the exploration, unless `out` is given.
PAGE = "exploration.html"


@dataclass(frozen=True, kw_only=True)
class ReportCommand(Command):
    """Arguments of ``engram report``; `html` asks for the page, and `out` is its file."""

    study: Path
    html: bool
    out: Path | None
    data_dir: Path | None

    @property
    def output(self) -> Path | None:
        """The page, if there is one."""
        return (self.out or self.study / PAGE) if self.html else None

    def execute(self, console: Console) -> None:
        """Print what the exploration found and, with `html`, write its page.

        Of a study, the report is made again.

        Raises
        ------
        UserError
            If the folder holds neither a valid exploration nor results of a study, or a file cannot
            be written; no file is then written.
        """
        if self.out is not None and not self.html:
            raise UserError("--out needs --html: it is the file of the page")
        found = find_file(self.study / name for name in (FILE, RESULTS))
        if found is not None and found.name == RESULTS:
            self._study(console)
            return
        if self.data_dir is not None:
            raise UserError(
                "--data-dir must be left out for an exploration: its page needs no data"
            )
        if self.out is not None and real_path(self.out) == real_path(self.study / FILE):
            raise UserError(f"--out must not be the exploration itself, {self.out}")
        exploration = read_exploration(self.study)
        # The verdict on one budget is its sentence, which is said once.
        sentences = (best.sentence for best in exploration.recommended)
        said = list(dict.fromkeys([exploration.verdict, *sentences]))
        if exploration.supply:
            said.append(exploration.supply)
        if self.html:
            out = self.out or self.study / PAGE
            page = html_page(exploration)
            ensure_directory(out.parent)
            write_whole(out, page)
            said.append(f"Page: {out}")
        for line in said:
            tell(console, line)

    def _study(self, console: Console) -> None:
        """Make the report of a study again from its results."""
        if self.html:
            raise UserError("--html must be left out for a study: only explorations have a page")
        report = report_of(self.study, self.data_dir)
        report.write(self.study)
        for line in (report.headline, *report.sentences):
            if line:
                tell(console, line)
        tell(console, f"Report: {self.study / 'report.md'}")
