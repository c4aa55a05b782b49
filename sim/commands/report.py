# SPDX-License-Identifier: MIT
"""What ``engram report`` does, from arguments to page."""

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from sim.explore.page.document import html_page
from sim.explore.page.exploration import read_exploration
from sim.work.files import ensure_directory, write_whole

__all__ = ["ReportCommand"]


@dataclass(frozen=True, kw_only=True)
class ReportCommand:
    """Arguments of ``engram report``; `out` is the page, or None for no page."""

    study: Path
    out: Path | None

    def execute(self, console: Console) -> None:
        """Say what the exploration found and write its page.

        Raises
        ------
        UserError
            If the folder holds no sound exploration, or the page cannot be written; no file is
            then written.
        """
        exploration = read_exploration(self.study)
        said = [exploration.verdict, *(best.sentence for best in exploration.recommended)]
        if self.out is not None:
            page = html_page(exploration)
            ensure_directory(self.out.parent)
            write_whole(self.out, page)
            said.append(f"Page: {self.out}")
        for line in said:
            console.print(line, markup=False, highlight=False)
