# SPDX-License-Identifier: MIT
"""What commands have in common: arguments, folders of work under way, lines that are printed."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from rich.console import Console

from sim.work.files import ensure_directory
from sim.work.work_folder import WorkFolder, work_path

__all__ = ["Command", "ConfiguredCommand", "ResumableCommand", "tell"]

Folder = TypeVar("Folder", bound=WorkFolder)


@dataclass(frozen=True, kw_only=True)
class Command(ABC):
    """Arguments of a command.

    Parameters
    ----------
    command : str
        Command line that makes the output again, for the reports.
    """

    command: str

    @abstractmethod
    def execute(self, console: Console) -> None:
        """Do what the command does.

        Raises
        ------
        UserError
            If anything that a user gave is at fault.
        """


@dataclass(frozen=True, kw_only=True)
class ConfiguredCommand(Command):
    """Arguments of a command that reads a configuration and data, and writes a report.

    Parameters
    ----------
    config : str
        YAML file, or name of a built-in configuration.
    assignments : list of str
        ``key.path=value``, applied to it in order.
    out : Path
        Folder of what the command writes.
    data_dir : Path or None
        Folder of the data archives.
    """

    config: str
    assignments: list[str]
    out: Path
    data_dir: Path | None

    def tell_report(self, console: Console) -> None:
        """Print where the report is."""
        tell(console, f"Report: {self.out / 'report.md'}")


@dataclass(frozen=True, kw_only=True)
class ResumableCommand(ConfiguredCommand):
    """Arguments of a command whose work lies in a folder beside `out` until it is done.

    Parameters
    ----------
    resume : bool
        Whether to go on with the work that is there.
    """

    resume: bool

    def open_folder(self, kind: type[Folder], identity: dict[str, str]) -> Folder:
        """Make the folder of the output, and open that of the work.

        Raises
        ------
        UserError
            If one cannot be made, or the work there is other work or must not go on.
        """
        folder = kind(work_path(self.out), identity)
        ensure_directory(self.out)
        folder.open(self.resume)
        return folder


def tell(console: Console, text: str) -> None:
    """Print a line as it is: what looks like markup or a number is neither."""
    console.print(text, markup=False, highlight=False)
