# SPDX-License-Identifier: MIT
"""The command `engram cache`: show what a cache holds, and remove old entries."""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from sim.commands.base import Command
from sim.report.terminal import TerminalTable
from sim.work.cache.store import Cache
from sim.work.files import require_directory

__all__ = ["CacheCommand"]

_MEGABYTE = 10**6


@dataclass(frozen=True, kw_only=True)
class CacheCommand(Command):
    """Arguments of ``engram cache``."""

    folder: Path
    keep: float | None

    @property
    def output(self) -> Path | None:
        """Nothing: the cache has locks of its own, for each entry."""
        return None

    def execute(self, console: Console) -> None:
        """Remove the entries beyond the megabytes to keep, and print a table of the kinds.

        Raises
        ------
        UserError
            If the folder does not exist.
        """
        cache = Cache(require_directory(self.folder))
        if self.keep is not None:
            removed = cache.trim(int(self.keep * _MEGABYTE))
            console.print(f"Removed {removed} entries.")
        sizes: dict[str, list[int]] = defaultdict(list)
        for entry in cache.entries():
            sizes[entry.kind].append(entry.size)
        rows = [
            [kind, str(len(of_kind)), f"{sum(of_kind) / _MEGABYTE:.1f}"]
            for kind, of_kind in sorted(sizes.items())
        ]
        console.print(TerminalTable(f"Cache {self.folder}", ("kind", "entries", "MB"), rows))
