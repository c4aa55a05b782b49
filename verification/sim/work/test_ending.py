# SPDX-License-Identifier: MIT
"""Signals end work: once, whatever happens to run, and with the workers that were started."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from sim.work.ending import Ended, signals_end, signals_held

ROOT = Path(__file__).parents[3]

SWALLOWED = """\
import os, signal, sys, time
from sim.work.ending import signals_end

class Finalized:
    def __del__(self):
        os.kill(os.getpid(), signal.{name})
        time.sleep(0.01)

with signals_end("last words", patience=0.5):
    thing = Finalized()
    del thing
    print("goes on", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_is_raised_once(number: signal.Signals, status: int) -> None:
    before = signal.getsignal(number)
    cleaned = []

    def work() -> None:
        try:
            os.kill(os.getpid(), number)
        finally:
            os.kill(os.getpid(), number)  # what cleans up is not disturbed
            cleaned.append(True)

    with pytest.raises(Ended) as caught, signals_end("last words"):
        work()
    assert cleaned == [True]
    assert caught.value.status == status
    assert signal.getsignal(number) is before


@pytest.mark.parametrize(("name", "status"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_signal_that_a_finalizer_swallows_ends_the_process_soon(name: str, status: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SWALLOWED.format(name=name)],
        cwd=ROOT, capture_output=True, text=True, timeout=50,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (status, "goes on\n")
    assert done.stderr.splitlines()[-1] == "last words"


def test_signals_wait_while_they_are_held() -> None:
    reached: list[str] = []
    # The system may give a signal to any thread that does not block it.
    other = threading.Thread(target=time.sleep, args=(0.5,), daemon=True)
    other.start()

    def work() -> None:
        with signals_held():
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.01)
            reached.append("held")
        reached.append("after")

    with pytest.raises(Ended) as caught, signals_end("last words"):
        work()
    other.join()
    assert reached == ["held"]
    assert caught.value.status == 143
