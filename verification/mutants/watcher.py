# SPDX-License-Identifier: MIT
"""Plugin of pytest for one trial: what is simulated, what it takes, and what fails first."""

import hashlib
from collections.abc import Iterator, Sequence, Set
from itertools import pairwise
from typing import Any

import hypothesis
import pytest

from verification.rtl import engine

__all__ = ["Watcher"]


class Watcher:
    """Simulates in this process, and keeps the first failure.

    Parameters
    ----------
    first : sequence of str
        Tests that run before the others, in this order; those that are not there do not matter.

    Attributes
    ----------
    failed : str
        The first test that failed.
    elaborates : bool
        Whether every block that was simulated becomes hardware.
    quiet : int
        Most cycles without a transfer.
    seconds : dict of str to float
        What each test took.
    """

    def __init__(self, first: Sequence[str]) -> None:
        self.failed, self.elaborates, self.quiet = "", True, 0
        self.seconds: dict[str, float] = {}
        self._rank = {test: place for place, test in enumerate(first)}
        self._simulated: dict[Any, Any] = {}

    def watch_designs(self) -> None:
        """Watch each block that is simulated."""
        from verification.rtl import simulators

        run, made_of = simulators.run_pysim, simulators.made_of

        def run_and_note(component: Any, *arguments: Any, **named: Any) -> Any:
            self._simulated.setdefault(made_of(component), component)
            try:
                trace = run(component, *arguments, **named)
            except engine.BenchError:
                raise
            except Exception:
                self.elaborates = bool(_rtlil(component))
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

    def designs(self, known: Set[str]) -> Iterator[str]:
        """Yield digests of the RTLIL of what was simulated, up to the first that is not known."""
        for block in self._simulated.values():
            digest = hashlib.sha256(_rtlil(block)).hexdigest()
            yield digest
            if known and digest not in known:
                return

    def pytest_configure(self) -> None:
        # The first failing example is enough: no search for a smaller one, which takes minutes.
        phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
        settings = hypothesis.settings
        settings.register_profile("mutants", settings.get_profile("ci"), phases=phases)
        settings.load_profile("mutants")

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: self._rank.get(_name(item.nodeid), len(self._rank)))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        name = _name(report.nodeid)
        self.seconds[name] = self.seconds.get(name, 0.0) + report.duration
        if report.failed and not self.failed:
            self.failed = name


def _name(nodeid: str) -> str:
    return nodeid.split("/")[-1]


def _rtlil(component: Any) -> bytes:
    """Return the RTLIL of a block; nothing of one that cannot be made."""
    from amaranth.back import rtlil

    try:
        return rtlil.convert(component, emit_src=False).encode()
    except Exception:  # a mutant can raise anything
        return b""


def _longest_quiet(trace: engine.Trace) -> int:
    """Return the most cycles between two transfers, or from the last one to the end."""
    times = sorted(time for times in trace.transfers.values() for time in times)
    return max((after - before for before, after in pairwise([0, *times, trace.cycles])), default=0)
