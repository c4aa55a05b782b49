# SPDX-License-Identifier: MIT
"""The folder of a study under way: results of the runs that have ended, checkpoints of the rest."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.errors import UserError
from sim.files import ensure_directory, read_text, write_whole

__all__ = ["WorkFolder"]


@dataclass(frozen=True)
class WorkFolder:
    """Files of a study until its report is written.

    A run that has ended lies here as ``run-<i>.json``, one under way as its last checkpoint,
    ``run-<i>.arrays``; ``study.json`` says whose they are.

    Parameters
    ----------
    path : Path
    identity : dict
        What decides the results: a study goes on only where it began with the same.
    """

    path: Path
    identity: dict[str, str]

    def open(self, resume: bool) -> None:
        """Make the folder ready for work.

        Raises
        ------
        UserError
            If it holds something else, another study, or this one and `resume` is false.
        """
        ensure_directory(self.path)
        mark = self.path / "study.json"
        if not mark.exists():
            if any(self.path.iterdir()):
                raise UserError(f"{self.path} is in the way: it is no folder of a study under way")
            write_whole(mark, json.dumps(self.identity))
            return
        if not resume:
            raise UserError(
                f"{self.path} holds an unfinished study: go on with --resume, "
                "or remove that folder to start again"
            )
        found = _parse(mark)
        for key, value in self.identity.items():
            if not isinstance(found, dict) or found.get(key) != value:
                raise UserError(
                    f"{self.path} holds an unfinished study with another {key}: "
                    "go on with that one, or remove the folder to start again"
                )

    def close(self) -> None:
        """Remove the files of the study, and the folder if nothing else is in it."""
        # A process that was killed may have left a temporary file of `write_whole`.
        for pattern in ("run-*.json", "*-*.arrays", "study.json", ".*.tmp"):
            for file in self.path.glob(pattern):
                file.unlink()
        if not any(self.path.iterdir()):
            self.path.rmdir()

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
        content = _parse(path)
        if not isinstance(content, dict) or content.get("sha256") != _digest(content.get("result")):
            raise UserError(f"{path} is damaged: remove it, and --resume does that run again")
        return content["result"]

    def write_result(self, index: int, result: dict[str, Any]) -> None:
        """Keep the result of a run, and its checkpoint no longer."""
        content = {"sha256": _digest(result), "result": result}
        write_whole(self._result(index), json.dumps(content))
        self.checkpoint(index).unlink(missing_ok=True)

    def checkpoint(self, index: int) -> Path:
        """Return where run `index` leaves its checkpoint."""
        return self.path / f"run-{index}.arrays"

    def exemplars(self, index: int) -> Path:
        """Return where a generative run leaves exemplars for the report."""
        return self.path / f"exemplars-{index}.arrays"

    def _result(self, index: int) -> Path:
        return self.path / f"run-{index}.json"


def _parse(path: Path) -> Any:
    """Return the content of a JSON file; None if it is no JSON."""
    try:
        return json.loads(read_text(path))
    except json.JSONDecodeError:
        return None


def _digest(result: Any) -> str:
    return hashlib.sha256(json.dumps(result, sort_keys=True).encode()).hexdigest()
