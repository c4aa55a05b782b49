# SPDX-License-Identifier: MIT
"""Methods of replay from files of a user, loaded before a command reads its configuration."""

from collections.abc import Sequence
from pathlib import Path

from sim.replay import SOURCES
from sim.work.errors import UserError
from sim.work.plugins import load_files, loaded_files

__all__ = ["load_plugins"]


def load_plugins(files: Sequence[Path]) -> None:
    """Load Python files, each of which defines a method.

    Parameters
    ----------
    files : sequence of Path

    Raises
    ------
    UserError
        If a file cannot be loaded, or defines no method.
    """
    for file in files:
        known = len(loaded_files()), len(SOURCES)
        load_files([file])
        if len(loaded_files()) > known[0] and len(SOURCES) == known[1]:
            raise UserError(
                f"--plugin {file} must define a subclass of sim.replay.ReplaySource that has a "
                "name; it defines none"
            )
