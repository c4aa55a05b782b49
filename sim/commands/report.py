# SPDX-License-Identifier: MIT
"""The command ``engram report``, from arguments to page."""

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from sim.commands.base import Command, tell
from sim.explore.page.document import html_page
from sim.explore.page.exploration import FILE, read_exploration
from sim.work.errors import UserError
from sim.work.files import ensure_directory, write_whole
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

    @property
    def output(self) -> Path | None:
        """The page, if there is one."""
        return (self.out or self.study / PAGE) if self.html else None

    def execute(self, console: Console) -> None:
        """Print what the exploration found and, with `html`, write its page.

        Raises
        ------
        UserError
            If the folder holds no valid exploration, or the page cannot be written; no file is
            then written.
        """
        if self.out is not None and not self.html:
            raise UserError("--out needs --html: it is the file of the page")
        if self.out is not None and real_path(self.out) == real_path(self.study / FILE):
            raise UserError(f"--out must not be the exploration itself, {self.out}")
        exploration = read_exploration(self.study)
        # The verdict on one budget is its sentence, which is said once.
        sentences = (best.sentence for best in exploration.recommended)
        said = list(dict.fromkeys([exploration.verdict, *sentences]))
        if self.html:
            out = self.out or self.study / PAGE
            page = html_page(exploration)
            ensure_directory(out.parent)
            write_whole(out, page)
            said.append(f"Page: {out}")
        for line in said:
            tell(console, line)
