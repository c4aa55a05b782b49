# SPDX-License-Identifier: MIT
"""Workers that write a diary: which tasks they begin and end, and what they unpickle."""

from pathlib import Path

__all__ = ["diaries_in", "entries_of", "tasks_that", "with_diary"]

DIARY = """\
# Writes a diary of what this worker begins and ends, and of what it unpickles.
import pickle
import types
from pathlib import Path

from distributed.diagnostics.plugin import WorkerPlugin

import sim.work.cluster.worker as work

FOLDER = Path("FOLDER OF THE TEST")


class Diary(WorkerPlugin):
    def setup(self, worker):
        self.path = FOLDER / f"{worker.port}.diary"

    def write(self, *words):
        with self.path.open("a") as file:
            print(*words, file=file)

    def transition(self, key, start, finish, **more):
        if finish in ("executing", "memory"):
            self.write(finish, key)

    def loads(self, data):
        self.write("unpickled", len(data))
        return pickle.loads(data)


async def dask_setup(worker):
    diary = Diary()
    await worker.plugin_add(plugin=diary)
    work.pickle = types.SimpleNamespace(loads=diary.loads)
"""


def with_diary(folder: Path) -> tuple[str, Path]:
    """Return the options of a worker that writes a diary into a folder."""
    path = folder / "diary.py"
    path.write_text(DIARY.replace("FOLDER OF THE TEST", str(folder)))
    return "--preload", path


def entries_of(diary: Path) -> list[list[str]]:
    """Return the entries of a diary, each a list of words."""
    return [line.split() for line in diary.read_text().splitlines()]


def diaries_in(folder: Path) -> list[list[list[str]]]:
    """Return the entries of every diary in a folder."""
    return [entries_of(path) for path in folder.glob("*.diary")]


def tasks_that(entries: list[list[str]], word: str) -> set[str]:
    """Return the tasks of runs that reached that state."""
    return {e[1] for e in entries if e[0] == word and e[1].startswith("engram-task")}
