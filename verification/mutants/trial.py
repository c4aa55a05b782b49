# SPDX-License-Identifier: MIT
"""One mutant against the tests of its block, in a process of its own that leaves nothing behind."""

import contextlib
import importlib
import importlib.abc
import importlib.util
import io
import multiprocessing
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec
from multiprocessing.connection import Connection
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from verification.mutants.reach import ALL, ROOT, built_on, module_name, reached_from
from verification.mutants.watcher import Watcher
from verification.rtl import engine

__all__ = ["Outcome", "try_source"]

BENCHES = ROOT / "verification" / "rtl"
ASLEEP = 20  # seconds of a limit for each of the processor, on a machine that has much else to do


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
    designs : set of str
        Digests of the RTLIL of what was simulated, if the tests passed.
    quiet : int
        Most cycles without a transfer.
    seconds : float
        Time of the processor.
    tests : mapping of str to float
        Seconds of each test that ran.
    """

    state: str
    detail: str = ""
    designs: Set[str] = frozenset()
    quiet: int = 0
    seconds: float = 0.0
    tests: Mapping[str, float] = field(default_factory=dict)


def try_source(
    module: str,
    source: str,
    tests: Sequence[Path],
    limit: int,
    patience: int = engine.PATIENCE,
    first: Sequence[str] = (),
    known: Set[str] = frozenset(),
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
    limit : int
        Seconds of the processor after which they are ended.
    patience : int
        Cycles without a transfer before a bench fails.
    first : sequence of str
        Tests that run before the others, in this order.
    known : set of str
        Designs of the original. A design that is not among them is the last one of the outcome:
        more would tell nothing, and take as long as the tests.
    """
    stale = _prepared(module, tests)
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    arguments = (sender, module, source, stale, list(tests), limit, patience, first, known)
    child = context.Process(target=_child, args=arguments)
    child.start()
    sender.close()
    try:
        if not receiver.poll(ASLEEP * limit):
            return Outcome("timeout")
        try:
            return receiver.recv()
        except EOFError:
            child.join()
            return Outcome("timeout" if child.exitcode == -signal.SIGXCPU else "lost")
    finally:
        # The child leads a group of its own, so that what a proof started goes with it.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid or 0, signal.SIGKILL)
        child.kill()
        child.join()
        receiver.close()


def _prepared(module: str, tests: Sequence[Path]) -> list[str]:
    """Import what tests stand on and a fault does not touch; return the names of the rest.

    Every child forks with these imports, which take longer than most faults need to show. The rest
    is what reaches the module, or the simulators, which are watched.
    """
    paths = [*tests, BENCHES / "conftest.py"]
    targets = {ROOT / "rtl" / f"{module}.py", BENCHES / "simulators.py"}
    stale = built_on(targets, paths)
    own = {path for path in reached_from(paths, ALL) if path.is_relative_to(ROOT)}
    for path in sorted(own - stale):
        importlib.import_module(module_name(path))
    return [module_name(path) for path in stale & own]


def _child(
    sender: Connection,
    module: str,
    source: str,
    stale: Sequence[str],
    tests: Sequence[Path],
    limit: int,
    patience: int,
    first: Sequence[str],
    known: Set[str],
) -> None:
    os.setsid()
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5))
    sys.dont_write_bytecode = True
    for name in stale:
        _forget(name)
    sys.meta_path.insert(0, _Finder(f"rtl.{module}", source))
    engine.PATIENCE = patience
    watcher = Watcher(first)
    # Assertions stay as they are: to rewrite those of a bench takes longer than to import it.
    # So does what a failure looked like.
    arguments = ["-x", "-q", "--assert=plain", "--tb=native", "-m", "not slow"]
    arguments += ["-p", "no:cacheprovider", "-p", "no:xdist"]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        watcher.watch_designs()
        code = pytest.main([*arguments, *map(str, tests)], plugins=[watcher])
    states = {pytest.ExitCode.OK: "passed", pytest.ExitCode.TESTS_FAILED: "failed"}
    state = states.get(pytest.ExitCode(code), "broken") if watcher.elaborates else "broken"
    designs = set(watcher.designs(known)) if state == "passed" else set()
    seconds = time.process_time()
    sender.send(Outcome(state, watcher.failed, designs, watcher.quiet, seconds, watcher.seconds))
    sender.close()


def _forget(name: str) -> None:
    """Make the next import of a module read it anew, also one from its package."""
    sys.modules.pop(name, None)
    package, _, own = name.rpartition(".")
    vars(sys.modules[package]).pop(own, None) if package in sys.modules else None


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
