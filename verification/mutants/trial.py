# SPDX-License-Identifier: MIT
"""One mutant against the tests of its block, in a process of its own that leaves nothing behind."""

import contextlib
import hashlib
import importlib.abc
import importlib.util
import io
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from itertools import pairwise
from multiprocessing.connection import Connection
from pathlib import Path
from types import ModuleType
from typing import Any

import hypothesis
import pytest

from verification.rtl import engine

__all__ = ["Outcome", "try_source"]


@dataclass(frozen=True)
class Outcome:
    """What the tests said.

    Attributes
    ----------
    state : str
        ``passed``, ``failed``, ``timeout``, ``broken`` if it does not import or elaborate, or
        ``lost`` if the process ended without an answer, as it does without memory.
    detail : str
        The first test that failed.
    designs : str
        Digest of the RTLIL of all that was simulated, in order, if it was asked for.
    quiet : int
        Most cycles without a transfer.
    seconds : float
    """

    state: str
    detail: str = ""
    designs: str = ""
    quiet: int = 0
    seconds: float = 0.0


def try_source(
    module: str,
    source: str,
    tests: Sequence[Path],
    limit: float,
    patience: int = engine.PATIENCE,
    digests: bool = False,
) -> Outcome:
    """Run tests with other text in place of a module of `rtl/`; the files stay as they are.

    Parameters
    ----------
    module : str
        Stem of the module.
    source : str
        The text that stands for it.
    tests : sequence of Path
        Files of tests; the first failure ends them.
    limit : float
        Seconds after which they are ended.
    patience : int
        Cycles without a transfer before a bench fails.
    digests : bool
        Whether the outcome tells the `designs`.
    """
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    arguments = (sender, module, source, list(tests), patience, digests)
    child = context.Process(target=_child, args=arguments)
    begin = time.monotonic()
    child.start()
    sender.close()
    try:
        if not receiver.poll(limit):
            return Outcome("timeout", seconds=time.monotonic() - begin)
        try:
            state, detail, designs, quiet = receiver.recv()
        except EOFError:
            return Outcome("lost", seconds=time.monotonic() - begin)
        return Outcome(state, detail, designs, quiet, time.monotonic() - begin)
    finally:
        # The child leads a group of its own, so that what a proof started goes with it.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid or 0, signal.SIGKILL)
        child.kill()
        child.join()
        receiver.close()


def _child(
    sender: Connection,
    module: str,
    source: str,
    tests: list[Path],
    patience: int,
    digests: bool,
) -> None:
    os.setsid()
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    sys.dont_write_bytecode = True
    for name in [name for name in sys.modules if _holds_rtl(name)]:
        del sys.modules[name]
    sys.meta_path.insert(0, _Finder(f"rtl.{module}", source))
    engine.PATIENCE = patience
    watcher = _Watcher()
    watcher.watch_designs(digests)
    arguments = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-m", "not slow"]
    # What was imported before the fork cannot be rewritten; the original ran so, too.
    arguments += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        code = pytest.main([*arguments, *map(str, tests)], plugins=[watcher])
    states = {pytest.ExitCode.OK: "passed", pytest.ExitCode.TESTS_FAILED: "failed"}
    state = states.get(pytest.ExitCode(code), "broken") if watcher.elaborates else "broken"
    sender.send((state, watcher.failed, watcher.digest.hexdigest(), watcher.quiet))
    sender.close()


def _holds_rtl(name: str) -> bool:
    """Return whether a module may be, or hold, RTL that was imported before the fork."""
    ours = name.partition(".")[0] in ("rtl", "sim", "verification")
    return ours and name != engine.__name__ and not name.startswith("verification.mutants")


def _end_with(parent: int) -> None:
    """End this group once its parent is gone, however it went."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os.killpg(0, signal.SIGKILL)


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Loads one module from a text."""

    def __init__(self, name: str, source: str) -> None:
        self._name, self._source = name, source

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        if fullname != self._name:
            return None
        return importlib.util.spec_from_loader(fullname, self)

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._source, f"<{self._name}, mutated>", "exec"), module.__dict__)


class _Watcher:
    """Plugin of pytest: simulates in this process, and keeps the first failure."""

    def __init__(self) -> None:
        self.failed, self.digest = "", hashlib.sha256()
        self.elaborates, self.quiet = True, 0

    def watch_designs(self, digests: bool) -> None:
        """Watch each block that is simulated, and digest its RTLIL if asked, which takes long."""
        from amaranth.back import rtlil

        from verification.rtl import simulators

        run = simulators.run_pysim

        def run_and_note(component: Any, *arguments: Any, **named: Any) -> Any:
            if digests:
                self.digest.update(rtlil.convert(component, emit_src=False).encode())
            try:
                trace = run(component, *arguments, **named)
            except engine.BenchError:
                raise
            except Exception:
                self.elaborates = self._converts(component)
                raise
            self.quiet = max(self.quiet, _longest_quiet(trace))
            return trace

        def run_here(component: Any, steps: Any, *arguments: Any, **named: Any) -> Any:
            pauses_and_counted = arguments[:2]  # without the simulator, which may follow
            named.pop("simulator", None)
            return run_and_note(component, steps, *pauses_and_counted, **named)

        def run_nowhere(*_: Any, **__: Any) -> None:
            pytest.skip("needs a compiled model")

        # A compiled model takes most of a minute; Amaranth's simulator runs the same steps.
        simulators.run_pysim, simulators.run_cocotb = run_and_note, run_here
        simulators.cocotb_simulators = lambda: ("verilator",)
        simulators.run_module = run_nowhere

    @staticmethod
    def _converts(component: Any) -> bool:
        from amaranth.back import rtlil

        try:
            rtlil.convert(component)
        except Exception:  # a mutant can raise anything
            return False
        return True

    def pytest_configure(self) -> None:
        # The first failing example is enough: no search for a smaller one, which takes minutes.
        phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
        settings = hypothesis.settings
        settings.register_profile("mutants", settings.get_profile("ci"), phases=phases)
        settings.load_profile("mutants")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self.failed:
            self.failed = report.nodeid.split("/")[-1]


def _longest_quiet(trace: engine.Trace) -> int:
    """Return the most cycles between two transfers, or from the last one to the end."""
    times = sorted(time for times in trace.transfers.values() for time in times)
    return max((after - before for before, after in pairwise([0, *times, trace.cycles])), default=0)
