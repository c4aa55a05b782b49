# SPDX-License-Identifier: MIT
"""Steps side by side: what begins first, what follows, and what an error leaves behind."""

import sys
import threading
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import pytest

from sim.hardware.side_by_side import Step, do_steps
from sim.hardware.tools import Tools
from sim.work.errors import UserError

# `prepare` asks a tool for its version, so that it compiles itself if it has to.
TOOL = """\
#!/bin/sh
if [ "$1" = --version ]; then
  echo begun >> done; sleep 0.3; echo ended >> done
else
  echo run >> ../done; echo "$1" > said
fi
"""


def nothing(_: object) -> Iterable[Step]:
    return ()


@pytest.mark.parametrize("jobs", [1, 3])
def test_what_follows_begins_after_it_and_lower_ranks_first(jobs: int) -> None:
    begun: list[str] = []
    results: list[int] = []

    def keep(result: int) -> Iterable[Step]:
        results.append(result)
        return [Step((0,), f"after {result}", lambda: result + 10, nothing)] if result < 2 else ()

    steps = [Step((rank,), f"rank {rank}", lambda rank=rank: rank, keep) for rank in (3, 1, 2)]
    do_steps(steps, jobs, threading.Event(), begun.append)
    assert sorted(results) == [1, 2, 3]
    assert begun[0] == "rank 1"
    assert begun.index("after 1") > begun.index("rank 1")
    if jobs == 1:
        assert begun == ["rank 1", "after 1", "rank 2", "rank 3"]
    else:
        assert begun[:3] == ["rank 1", "rank 2", "rank 3"]


def test_as_many_steps_as_jobs_are_under_way() -> None:
    meeting = threading.Barrier(2, timeout=30)
    steps = [Step((0,), "", meeting.wait, nothing) for _ in range(4)]
    do_steps(steps, 2, threading.Event(), lambda _: None)  # one alone would wait for ever


def test_an_error_ends_the_tools_under_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stop = threading.Event()
    begun = tmp_path / "begun"
    program = f"import pathlib, time; pathlib.Path({str(begun)!r}).touch(); time.sleep(600)"
    monkeypatch.setattr("sim.hardware.tools._program", lambda _: sys.executable)
    monkeypatch.setattr("sim.hardware.tools.version", lambda _: "1")

    def fail() -> None:
        while not begun.exists():
            time.sleep(0.01)
        raise UserError("a fault")

    tools = Tools("slow", tmp_path / "cache", stop)
    steps = [
        Step((0,), "", lambda: tools.run("python", ("-c", program), {}, ()), nothing),
        Step((1,), "", fail, nothing),
    ]
    start = time.monotonic()
    with pytest.raises(UserError, match="^a fault$"):
        do_steps(steps, 2, stop, lambda _: None)
    assert time.monotonic() - start < 60
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_tool_compiles_itself_once_while_others_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tool").write_text(TOOL)
    (tmp_path / "tool").chmod(0o755)
    monkeypatch.setattr("sim.hardware.tools._program", lambda tool: str(tmp_path / tool))
    monkeypatch.setattr("sim.hardware.tools.version", lambda _: "1")
    monkeypatch.setattr("sim.hardware.tools._PREPARED", set())
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    tools, stop = Tools("slow", tmp_path / "cache"), threading.Event()

    def step(number: int) -> Step:
        run = partial(tools.run, "tool", (str(number),), {}, ("said",))
        return Step((number,), "", run, nothing)

    do_steps([step(number) for number in range(3)], 3, stop, lambda _: None)
    done = (tmp_path / "cache" / "done").read_text().split()
    # Each asks once, alone; only then do all of them run.
    assert done[:2] == ["begun", "ended"]
    assert "begun begun" not in " ".join(done)
    assert done.count("run") == 3
