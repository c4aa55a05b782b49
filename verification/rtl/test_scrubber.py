# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""Rows of prototypes whose cells are upset in simulation, and the scrubber that puts them right."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator

from golden.params import PrototypesParams, WatchParams
from golden.scrubber import Scrubbed, ScrubbedRows
from rtl.prototype_rows import SCRUB_COUNTS, PrototypeRows
from rtl.sampler import Sampler
from rtl.scrubber import Scrubber
from verification.proofs.prover import opened
from verification.rtl import test_sampler
from verification.rtl.engine import PAUSES, BenchError, Step
from verification.rtl.simulators import cocotb_simulators, payload, run_cocotb, run_pysim

P = PrototypesParams(features=10, code_width=3, lanes=5, components=4, classes=3)
WATCH = WatchParams(secded=2, scrub=True)


class Upset(wiring.Component):
    """Rows whose cells can be inverted, and whose accesses come as a stream.

    Cells are inverted through ports that are added to the memories, for simulation alone.
    """

    def __init__(self, watch: WatchParams = WATCH) -> None:
        self.params, self.rows = P, PrototypeRows(P, watch)
        self.inner = opened(self.rows)
        width = P.row_width + watch.check_bits(P.lanes)
        self.asked = StructLayout({
            "write": 1, "read": 1, "upset": 1, "row": 8, "codes": P.row_width, "cells": width,
        })  # fmt: skip
        self.told = StructLayout({
            "codes": P.row_width, "corrected": 4, "uncorrected": 4,
        })  # fmt: skip
        super().__init__({
            "i": In(stream.Signature(self.asked)),
            "o": Out(wiring.Signature({"valid": Out(1), "payload": Out(self.told)})),
            "scrub_interval": In(32),
            "used": In(8),
            **dict.fromkeys(SCRUB_COUNTS, Out(1)),
        })  # fmt: skip

    @property
    def memories(self) -> tuple[Any, Any]:
        """The memories of the codes and of their check bits."""
        return self.inner.submodules.memory, self.inner.submodules.checks

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.rows = rows = self.rows
        asked, told = self.i.p, self.o.payload
        parts = (asked.cells[: P.row_width], asked.cells[P.row_width :])
        for memory, cells in zip(self.memories, parts, strict=True):
            now, then = memory.read_port(domain="comb"), memory.write_port()
            m.d.comb += [
                now.addr.eq(asked.row),
                then.addr.eq(asked.row),
                then.data.eq(now.data ^ cells),
                then.en.eq(self.i.valid & asked.upset),
            ]
        m.d.sync += self.o.valid.eq(rows.read.en)
        m.d.comb += [
            self.i.ready.eq(1),
            rows.write.en.eq(self.i.valid & asked.write),
            rows.write.addr.eq(asked.row),
            rows.write.data.eq(asked.codes),
            rows.read.en.eq(self.i.valid & asked.read),
            rows.read.addr.eq(asked.row),
            told.codes.eq(rows.read.data),
            told.corrected.eq(rows.corrected),
            told.uncorrected.eq(rows.uncorrected),
            rows.scrub_interval.eq(self.scrub_interval),
            rows.used.eq(self.used),
            *(getattr(self, name).eq(getattr(rows, name)) for name in SCRUB_COUNTS),
        ]
        return m


def upsets(rng: np.random.Generator, width: int) -> int:
    """Return cells of a row that are hit: none, one, two or three."""
    places = rng.choice(width, int(rng.integers(0, 4)), replace=False)
    return sum(1 << int(place) for place in places)


class Script:
    """Steps of a bench, and golden beside them."""

    def __init__(self, dut: Upset, seed: int) -> None:
        self.dut, self.golden = dut, ScrubbedRows(P, WATCH)
        self.rng, self.done = np.random.default_rng(seed), Scrubbed(0, 0, 0)
        self.steps = [Step(pins={"scrub_interval": 0, "used": P.rows})]

    def ask(self, told: list[int] | None = None, **asked: int) -> int:
        """Return what is asked of the block; `told` gets what is to be read."""
        all_zero = dict.fromkeys((name for name, _ in self.dut.asked), 0)
        if told is not None:
            codes, corrected, uncorrected = self.golden.read(asked["row"])
            counted = {"corrected": corrected, "uncorrected": uncorrected}
            told.append(payload(self.dut.told, {"codes": codes, **counted}))
        return payload(self.dut.asked, {**all_zero, **asked})

    def fill(self) -> None:
        words = self.rng.integers(0, 2**P.row_width, P.rows).tolist()
        for row, word in enumerate(words):
            self.golden.write(row, word)
        asked = [self.ask(write=1, row=row, codes=word) for row, word in enumerate(words)]
        self.steps.append(Step(inputs={"i": asked}))

    def upset(self) -> None:
        cells = [upsets(self.rng, self.golden.width) for _ in range(P.rows)]
        for row, hit in enumerate(cells):
            self.golden.upset(row, hit)
        asked = [self.ask(upset=1, row=row, cells=hit) for row, hit in enumerate(cells)]
        self.steps.append(Step(inputs={"i": asked}))

    def scrub(self, period: int) -> None:
        """Let the scrubber read each row once, and stop before it reads one again."""
        cycles = P.rows * period + 2
        self.steps += [
            Step(pins={"scrub_interval": period}, cycles=cycles),
            Step(pins={"scrub_interval": 0}, cycles=6),
        ]
        done = self.golden.scrub_all(P.rows)
        self.done = Scrubbed(*(a + b for a, b in zip(self.done, done, strict=True)))

    def read(self) -> None:
        told: list[int] = []
        asked = [self.ask(told, read=1, row=row) for row in range(P.rows)]
        self.steps.append(Step(inputs={"i": asked}, outputs={"o": told}))


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


def simulate(dut: Any, bench: Any) -> None:
    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()


@pytest.mark.parametrize(
    ("period", "reads", "writes"), [(1, 0.6, 0.05), (1, 0.05, 0.6), (6, 0.2, 0.2)]
)
def test_whoever_reads_or_writes_meanwhile_sees_nothing_of_it(
    period: int, reads: float, writes: float
) -> None:
    """Every cycle is held to golden, which follows the scrubber by its strobes."""
    dut, golden, rng = Upset(), ScrubbedRows(P, WATCH), np.random.default_rng(period)
    scrubber, met = dut.inner.submodules.scrubber, Counter[str]()

    async def bench(ctx: Any) -> None:
        ctx.set(dut.scrub_interval, period)
        ctx.set(dut.used, P.rows)
        ctx.set(dut.i.valid, 1)
        read, fresh, seen, last = golden.read(0), False, None, -period
        for cycle in range(800):
            act = rng.choice(3, p=[reads, writes, 1 - reads - writes])
            row, word = int(rng.integers(P.rows)), int(rng.integers(2**P.row_width))
            hit = int(rng.integers(P.rows)) if act == 2 and rng.random() < 0.25 else None
            ctx.set(dut.i.p.read, act == 0)
            ctx.set(dut.i.p.write, act == 1)
            ctx.set(dut.i.p.upset, 0)
            ctx.set(dut.i.p.row, row if hit is None else hit)
            ctx.set(dut.i.p.codes, word)
            at, back = ctx.get(scrubber.row), ctx.get(dut.scrub_writes)
            if hit is not None and not (back and at == hit):
                cells = 1 << int(rng.integers(golden.width))
                ctx.set(dut.i.p.upset, 1)
                ctx.set(dut.i.p.cells, cells)
            else:
                hit, cells = None, 0
            # What was read last is held, and wrong words count once.
            if cycle:
                assert ctx.get(dut.rows.read.data) == read.word
            counted = (read.corrected, read.uncorrected) if fresh else (0, 0)
            assert (ctx.get(dut.rows.corrected), ctx.get(dut.rows.uncorrected)) == counted
            begun, failed = ctx.get(dut.scrub_reads), ctx.get(dut.scrub_failures)
            if failed:
                assert seen is not None
                assert seen.uncorrected
                met["failed"] += 1
            if back:
                assert act == 2
                assert seen is not None
                assert seen.corrected
                assert not seen.uncorrected
                golden.write(at, seen.word)
                met["written"] += 1
            if begun:
                assert act == 2
                assert cycle - last >= period
                seen, last = golden.read(at), cycle
                met["read"] += 1
            fresh = act == 0
            if fresh:
                read = golden.read(row)
            if act == 1:
                met["met"] += seen is not None and at == row and not begun
                golden.write(row, word)
            if hit is not None:
                golden.upset(hit, cells)
            await ctx.tick()
        codes, checks = (memory.data for memory in dut.memories)
        stored = [ctx.get(codes[r]) | ctx.get(checks[r]) << P.row_width for r in range(P.rows)]
        assert stored == golden.rows

    simulate(dut, bench)
    assert min(met[name] for name in ("read", "written", "failed", "met")) > 0


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
