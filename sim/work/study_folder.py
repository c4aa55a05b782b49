# SPDX-License-Identifier: MIT
"""The folder of a study under way: results of the runs that have ended, checkpoints of the rest."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.work.errors import UserError
from sim.work.files import remove_file, write_whole
from sim.work.work_folder import WorkFolder, parse_json

__all__ = ["StudyFolder"]


@dataclass(frozen=True)
class StudyFolder(WorkFolder):
    """Files of a study until its report is written.

    The result of a run that has ended is ``run-<i>.json``. The last checkpoint of a run under way
    is ``run-<i>.arrays``.
    """

    what = "study"
    own_names = r"run-\d+\.(json|arrays)|exemplars-\d+\.arrays"

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
            raise UserError(f"{path} is damaged: remove it, and --resume does that run again")
        return content["result"]

    def write_result(self, index: int, result: dict[str, Any]) -> None:
        """Write the result of a run, and remove its checkpoint."""
        content = {"sha256": _digest(result), "result": result}
        write_whole(self._result(index), json.dumps(content))
        remove_file(self.checkpoint(index))

    def checkpoint(self, index: int) -> Path:
        """Return the path of the checkpoint of run `index`."""
        return self.path / f"run-{index}.arrays"

    def exemplars(self, index: int) -> Path:
        """Return the path of the exemplars that a generative run leaves for the report."""
        return self.path / f"exemplars-{index}.arrays"

    def _result(self, index: int) -> Path:
        return self.path / f"run-{index}.json"


def _digest(result: Any) -> str:
    return hashlib.sha256(json.dumps(result, sort_keys=True).encode()).hexdigest()
