# SPDX-License-Identifier: MIT
"""The folder of long work under way: it names its work, and never loses a file of others."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from sim.work.errors import UserError
from sim.work.files import TEMPORARY_NAME, ensure_directory, read_text, remove_file, write_whole
from sim.work.refusals import real_path

__all__ = ["WorkFolder", "beside", "parse_json", "work_path"]


@dataclass(frozen=True)
class WorkFolder:
    """Checkpoints and partial results of one piece of work, until its output is written.

    A marker file, ``<what>.json``, holds the identity of that work.

    Parameters
    ----------
    path : Path
        The folder.
    identity : dict of str to str
        Inputs that decide the results; work resumes only with the same inputs.
    """

    path: Path
    identity: dict[str, str]

    #: Noun for the work, in messages and in the name of the marker file.
    what: ClassVar[str]
    #: Pattern of the names of the files that the work itself puts here.
    own_names: ClassVar[str]

    def open(self, resume: bool) -> None:
        """Make the folder ready for work.

        Raises
        ------
        UserError
            If it holds foreign files or other work, or if it holds this work and `resume` is false.
        """
        ensure_directory(self.path)
        if not self._mark.exists():
            if any(self.path.iterdir()):
                raise UserError(
                    f"{self.path} is in the way: it is not the folder of an unfinished {self.what}"
                )
            write_whole(self._mark, json.dumps(self.identity))
            return
        if not resume:
            raise UserError(
                f"{self.path} holds an unfinished {self.what}: go on with --resume, "
                "or remove that folder to start again"
            )
        found = parse_json(self._mark)
        if not isinstance(found, dict):
            raise UserError(f"{self._mark} is damaged: remove {self.path} to start again")
        for key, value in self.identity.items():
            if found.get(key) != value:
                raise UserError(
                    f"{self.path} holds an unfinished {self.what} with another {key}: "
                    "go on with that one, or remove the folder to start again"
                )

    def close(self) -> None:
        """Remove the files of the work, and the folder if nothing else is in it."""
        own = re.compile(rf"{self.own_names}|{TEMPORARY_NAME}")
        for file in list(self.path.iterdir()):
            if file.is_file() and own.fullmatch(file.name):
                remove_file(file)
        remove_file(self._mark)
        if not any(self.path.iterdir()) and not self.path.is_symlink():
            self.path.rmdir()

    @property
    def _mark(self) -> Path:
        return self.path / f"{self.what}.json"


def beside(out: Path, ending: str) -> Path:
    """Return the path whose name is that of an output with an ending.

    Parameters
    ----------
    out : Path
        File or folder; its name may be that of the working directory or of the one above.
    ending : str

    Raises
    ------
    UserError
        If `out` is the root of the file system, which has no neighbours, or is no path.
    """
    named = out if out.name not in ("", "..") else real_path(out)
    if not named.name:
        raise UserError(f"Output folder must not be the root of the file system, {named}")
    return named.with_name(f"{named.name}{ending}")


def work_path(out: Path) -> Path:
    """Return the folder of the unfinished work for the output `out`: ``out.partial`` beside it.

    Raises
    ------
    UserError
        If `out` is the root of the file system, which has no neighbours, or is no path.
    """
    return beside(real_path(out), ".partial")


def parse_json(path: Path) -> Any:
    """Return the content of a JSON file; None if the text is not JSON."""
    try:
        return json.loads(read_text(path))
    except (ValueError, RecursionError):  # not JSON, or too large a number or depth
        return None
