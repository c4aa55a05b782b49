# SPDX-License-Identifier: MIT
"""`engram run` as a process of its own on a small study, and what comes of it."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from verification.sim.dask_cluster import ROOT

__all__ = [
    "RUNS",
    "STUDY",
    "Process",
    "ended_runs",
    "finished",
    "refusal",
    "report_of",
    "run",
    "wait_until",
]

Process = subprocess.Popen[str]

STUDY = """\
title: A study for a cluster
data: {name: digits, bits: 2, levels: 2}
tasks: {base: 4, increment: 2}
head: {hidden: 8, epochs: 4, batch: 64}
methods:
  - {replay: gbm, components: [1, 2], code_width: 3}
  - {replay: latent, exemplars: [2, 5]}
  - {replay: joint}
  - {replay: hamming, components: 2}
  - {replay: gbm, code_width: 3, increment: 3}
seeds: 2
"""
RUNS = 14
PATIENCE = 120.0


def run(config: Path, out: Path, *more: object, before: str = "") -> Process:
    """Start the command in a session of its own; `before` is what its interpreter does first."""
    call = f"{before}\nfrom sim.cli import main; main()"
    command = [sys.executable, "-c", call, "run", config, "--out", out, *more]
    return subprocess.Popen(
        list(map(str, command)), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, start_new_session=True,
    )  # fmt: skip


def finished(process: Process) -> tuple[int, str, str]:
    try:
        out, err = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        pytest.fail(f"no end of: {process.communicate()}")
    return process.returncode, out, err


def report_of(out: Path) -> dict[str, Any]:
    """Return all files of a report; of its results, all but times and the command."""
    results = json.loads((out / "results.json").read_text())
    for each in results["runs"]:
        del each["seconds"]
    del results["command"]
    pictures = {path.name: path.read_bytes() for path in out.glob("*.png")}
    assert pictures
    return {"results": json.dumps(results), **pictures}


def refusal(message: str) -> tuple[int, str]:
    """Return the exit status and the error output of a command that refuses its input."""
    return 2, f"engram: {message}\n"


def wait_until(met: Callable[[], bool], process: Process) -> None:
    deadline = time.monotonic() + PATIENCE
    while not met():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def ended_runs(out: Path) -> int:
    return len(list(out.with_name(f"{out.name}.partial").glob("run-*.json")))
