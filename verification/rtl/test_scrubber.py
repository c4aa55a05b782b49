# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""The scrubber: what its passes leave in upset rows, when it reads, and who is delayed: nobody."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import ResetInserter, Signal

from golden.params import WatchParams
from rtl.prototype_rows import SCRUB_COUNTS
from rtl.sampler import Sampler
from rtl.scrubber import INTERVAL_WIDTH, Scrubber
from verification.proofs.prover import inner_signal, opened
from verification.rtl import test_sampler
from verification.rtl.engine import PAUSES, BenchError, Step
from verification.rtl.simulators import cocotb_simulators, run_cocotb, run_pysim
from verification.rtl.upset_rows import WATCH, P, Script, Upset, simulate


def scripted(seed: int, *, scrubbed: bool = True) -> tuple[Upset, Script]:
    dut = Upset()
    script = Script(dut, seed)
    script.fill()
    for period in (4, 5, 9):
        script.upset()
        script.read()
        if scrubbed:
            script.scrub(period)
        else:
            script.golden.scrub_all(P.rows)
        script.read()
    return dut, script


def counts_of(script: Script) -> dict[str, int]:
    return dict(zip(SCRUB_COUNTS, script.done, strict=True))


def test_passes_leave_what_golden_leaves_and_count_what_it_counts() -> None:
    dut, script = scripted(3)
    trace = run_pysim(dut, script.steps, PAUSES["idle"], counted=SCRUB_COUNTS)
    assert trace.counts == counts_of(script)
    assert min(script.done) > 0


def test_rows_that_are_not_scrubbed_do_not_pass_for_scrubbed_ones() -> None:
    dut, script = scripted(3, scrubbed=False)
    with pytest.raises(BenchError):
        run_pysim(dut, script.steps)


@pytest.mark.slow
@pytest.mark.parametrize("simulator", cocotb_simulators())
def test_a_scrubber_in_verilog(simulator: str) -> None:
    dut, script = scripted(4)
    trace = run_cocotb(dut, script.steps, PAUSES["idle"], SCRUB_COUNTS, simulator=simulator)
    assert trace.counts == counts_of(script)


def strobes(dut: Upset, cycles: int, period: int, name: str, shorter: int = 0) -> list[int]:
    """Return the cycles in which a strobe of an idle memory is high.

    With `shorter`, the period becomes that halfway.
    """
    found = []

    async def bench(ctx: Any) -> None:
        ctx.set(dut.used, P.rows)
        ctx.set(dut.scrub_interval, period)
        for cycle in range(cycles):
            if shorter and cycle == cycles // 2:
                ctx.set(dut.scrub_interval, shorter)
            if ctx.get(getattr(dut, name)):
                found.append(cycle)
            await ctx.tick()

    simulate(dut, bench)
    return found


@pytest.mark.parametrize("period", [4, 7, 30])
def test_reads_of_an_idle_memory_lie_a_period_apart(period: int) -> None:
    reads = strobes(Upset(), 40 * period, period, "scrub_reads")
    assert set(np.diff(reads)) == {period}
    assert len(reads) >= 38


def test_rows_of_the_shortest_period_take_two_cycles_and_a_pass_one_more() -> None:
    reads = strobes(Upset(), 100, 1, "scrub_reads")
    apart = np.diff(reads).tolist()
    assert set(apart[: P.rows - 1]) == {Scrubber.interval}
    assert apart[P.rows - 1] == Scrubber.interval + 1


def test_a_period_of_0_stops_it_and_a_shorter_one_is_kept_at_once() -> None:
    assert strobes(Upset(), 100, 0, "scrub_reads") == []
    reads = strobes(Upset(), 200, 1 << 31, "scrub_reads", shorter=10)
    assert reads[0] == 100
    assert set(np.diff(reads)) == {10}


def acts_of(
    pins: Callable[[int], dict[str, int]], cycles: int, waited: int = 0, act: str = "read"
) -> list[int]:
    """Return the cycles in which a scrubber of four rows reads, or does another `act`.

    `pins` gives the levels that differ from the usual ones, by the cycle. It begins as if it had
    waited for so many cycles, if any.
    """
    dut, reset, found = Scrubber(4, 8), Signal(), []
    if waited:
        inner_signal(opened(dut), "since")._init = waited
    usual = {"limit": 4, "free": 1, "period": 0, "reset": 0}

    async def bench(ctx: Any) -> None:
        for cycle in range(cycles):
            for name, level in (usual | pins(cycle)).items():
                ctx.set(reset if name == "reset" else getattr(dut, name), level)
            if ctx.get(getattr(dut, act)):
                found.append(cycle)
            await ctx.tick()

    simulate(ResetInserter(reset)(dut), bench)
    return found


def test_the_first_read_comes_a_period_after_the_start() -> None:
    assert acts_of(lambda cycle: {"period": 5}, 9) == [5]
    # It was stopped for a while, or reset.
    started = acts_of(lambda cycle: {"period": 0 if 8 <= cycle < 20 else 5}, 30)
    assert started == [5, 25]
    assert acts_of(lambda cycle: {"period": 5, "reset": cycle == 8}, 20) == [5, 14, 19]


def test_a_period_that_is_made_longer_while_a_read_waits_counts_from_the_old_one() -> None:
    """Cycles in which a read is overdue do not count."""
    late = acts_of(lambda c: {"free": c >= 9, "period": 5 if c < 9 else 12}, 30)
    assert late == [9 + 12 - 5, 9 + 12 - 5 + 12]


def test_the_longest_period_is_kept() -> None:
    longest = 2**INTERVAL_WIDTH - 1
    assert acts_of(lambda _: {"period": longest}, 9, waited=longest - 3) == [3]


@pytest.mark.parametrize(("dropped", "writes"), [({}, [12]), ({"meets": 1}, []), ({"stop": 1}, [])])
def test_a_write_waits_for_a_free_memory_unless_its_row_is_dropped(
    dropped: dict[str, int], writes: list[int]
) -> None:
    """A read in cycle 5 shows a wrong word in cycle 6, and the memory is in use up to cycle 11."""

    def pins(cycle: int) -> dict[str, int]:
        usual = {"period": 5, "wrong": cycle == 6, "free": not 6 < cycle < 12}
        return usual | (dropped if cycle == 9 else {})

    assert acts_of(pins, 14, act="write") == writes


def test_nothing_is_read_while_no_row_is_in_use() -> None:
    assert acts_of(lambda cycle: {"period": 3, "limit": 0}, 20) == []
    # In the cycle that begins a pass, it does not read.
    assert acts_of(lambda cycle: {"period": 3, "limit": cycle >= 10}, 16) == [10, 13]


@pytest.mark.parametrize("name", ["q16_K4_M3", pytest.param("parallel", marks=pytest.mark.slow)])
def test_no_draw_comes_later(name: str) -> None:
    traces, counts = [], []
    for watch in (WatchParams(secded=2), WATCH):
        plan, rng = test_sampler.Plan(test_sampler.CORNERS[name]), np.random.default_rng(5)
        for count in (1, plan.params.prototypes.class_components):
            plan.append(rng, count)
        plan.draw([0, 1] * 3)
        dut = Sampler(plan.params, watch=watch)
        pins = {"scrub_interval": 1} if watch.scrub else {}
        counted = SCRUB_COUNTS if watch.scrub else ()
        steps = [Step(pins=pins), *plan.steps]
        trace = run_pysim(dut, steps, PAUSES["idle_stalled"], counted=counted)
        traces.append(trace.transfers)
        counts.append(trace.counts)
    assert traces[0] == traces[1]
    assert counts[1]["scrub_reads"] > 0
    assert counts[1]["scrub_writes"] == counts[1]["scrub_failures"] == 0


def test_sizes_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="Rows of a scrubber must be an integer >= 1, not 0"):
        Scrubber(0, 4)
    with pytest.raises(ValueError, match="Width of a row of a scrubber"):
        Scrubber(4, 0)
