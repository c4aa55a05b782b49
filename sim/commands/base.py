# SPDX-License-Identifier: MIT
"""The base classes of the commands: their arguments, their work folders, their printed lines."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from rich.console import Console

from sim.work.files import ensure_directory
from sim.work.work_folder import WorkFolder, work_path

__all__ = ["Command", "ConfiguredCommand", "ResumableCommand", "WritingCommand", "tell"]

Folder = TypeVar("Folder", bound=WorkFolder)


@dataclass(frozen=True, kw_only=True)
class Command(ABC):
    """Arguments of a command.

    Parameters
    ----------
    command : str
        Command line that makes the output again; the reports quote it.
    """

    command: str

    @property
    @abstractmethod
    def output(self) -> Path | None:
        """File or folder that no other process may write meanwhile; None if that is no matter."""

    @abstractmethod
    def execute(self, console: Console) -> None:
        """Do the work of the command.

        Raises
        ------
        UserError
            If any input of the user is at fault.
        """


@dataclass(frozen=True, kw_only=True)
class WritingCommand(Command):
    """Arguments of a command that writes one file or folder.

    Parameters
    ----------
    out : Path
        What it writes.
    """

    out: Path

    @property
    def output(self) -> Path | None:
        """The file or folder of `out`."""
        return self.out


@dataclass(frozen=True, kw_only=True)
class ConfiguredCommand(WritingCommand):
    """Arguments of a command that reads a configuration and data, and writes a report.

    Parameters
    ----------
    config : str
        YAML file, or name of a built-in configuration.
    assignments : list of str
        ``key.path=value``, applied to the configuration in order.
    data_dir : Path or None
        Folder of the data archives.
    """

    config: str
    assignments: list[str]
    data_dir: Path | None

    def tell_report(self, console: Console) -> None:
        """Print where the report is."""
        tell(console, f"Report: {self.out / 'report.md'}")


@dataclass(frozen=True, kw_only=True)
class ResumableCommand(ConfiguredCommand):
    """Arguments of a command that keeps unfinished work in a folder beside `out`.

    Parameters
    ----------
    resume : bool
        Whether to go on with the work in that folder.
    """

    resume: bool

    def open_folder(self, kind: type[Folder], identity: dict[str, str]) -> Folder:
        """Make the output folder, and open the work folder.

        Raises
        ------
        UserError
            If a folder cannot be made; if the work folder holds other work, or holds work and
            `resume` is not set.
        """
        folder = kind(work_path(self.out), identity)
        ensure_directory(self.out)
        folder.open(self.resume)
        return folder


def tell(console: Console, text: str) -> None:
    """Print a line as it is, without markup and without highlighted numbers."""
    console.print(text, markup=False, highlight=False)
