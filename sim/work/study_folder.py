# SPDX-License-Identifier: MIT
"""The folder of a study under way: results of the runs that have ended, checkpoints of the rest."""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sim.work.arrays_file import load_arrays
from sim.work.errors import UserError
from sim.work.files import remove_file, write_all, write_whole
from sim.work.work_folder import WorkFolder, parse_json

__all__ = ["StudyFolder", "check_saved"]

_CURE = "remove it, and --resume does that run again"
_RESULT = re.compile(r"run-(\d+)\.json")
_ARRAYS = re.compile(r"(run|exemplars)-\d+\.arrays")


@dataclass(frozen=True)
class StudyFolder(WorkFolder):
    """Files of a study until its report is written.

    The result of a run that has ended is ``run-<i>.json``. The last checkpoint of a run under way
    is ``run-<i>.arrays``.
    """

    what = "study"
    own_names = rf"{_RESULT.pattern}|{_ARRAYS.pattern}"

    def open(self, resume: bool) -> None:
        """Make the folder ready for work, and check every file that is saved in it.

        Raises
        ------
        UserError
            As of `WorkFolder.open`; and if saved files are damaged: the message names all of them.
        """
        super().open(resume)
        check_saved(
            partial(self.result, int(match[1])) if match else partial(load_arrays, file)
            for file in sorted(self.path.iterdir())
            if (match := _RESULT.fullmatch(file.name)) or _ARRAYS.fullmatch(file.name)
        )

    def has_result(self, index: int) -> bool:
        """Return whether run `index` has ended."""
        return self._result(index).exists()

    def result(self, index: int) -> dict[str, Any]:
        """Return the result of a run.

        Raises
        ------
        UserError
            If the file is damaged.
        """
        path = self._result(index)
        content = parse_json(path)
        if not isinstance(content, dict) or content.get("sha256") != _digest(content.get("result")):
            raise UserError(f"{path} is damaged: {_CURE}")
        return content["result"]

    def write_result(self, index: int, result: dict[str, Any]) -> None:
        """Write the result of a run, and remove its checkpoint."""
        content = {"sha256": _digest(result), "result": result}
        write_whole(self._result(index), json.dumps(content))
        remove_file(self.checkpoint(index))

    def take(self, index: int, files: Mapping[str, bytes]) -> None:
        """Write the files that run `index` left in a folder elsewhere, as it would have left here.

        Parameters
        ----------
        index : int
        files : mapping of str to bytes
            Content of the files of that run, by their names.
        """
        write_all({self.path / name: files[name] for name in sorted(files)})
        if self.has_result(index):
            remove_file(self.checkpoint(index))

    def checkpoint(self, index: int) -> Path:
        """Return the path of the checkpoint of run `index`."""
        return self.path / f"run-{index}.arrays"

    def exemplars(self, index: int) -> Path:
        """Return the path of the exemplars that a generative run leaves for the report."""
        return self.path / f"exemplars-{index}.arrays"

    def _result(self, index: int) -> Path:
        return self.path / f"run-{index}.json"


def check_saved(reads: Iterable[Callable[[], object]]) -> None:
    """Read saved files, each by a function, and refuse all damaged ones in one message.

    Parameters
    ----------
    reads : iterable of callable
        Functions that raise `UserError` if their file is at fault.

    Raises
    ------
    UserError
        If any is; the message has a line for each, which says what to do.
    """
    faults: list[str] = []
    for read in reads:
        try:
            read()
        except UserError as error:
            fault = str(error)
            faults.append(fault if fault.endswith(_CURE) else f"{fault}; {_CURE}")
    if faults:
        raise UserError("\n".join(faults))


def _digest(result: Any) -> str:
    return hashlib.sha256(json.dumps(result, sort_keys=True).encode()).hexdigest()
