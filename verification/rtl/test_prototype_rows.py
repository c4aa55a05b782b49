# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""Rows whose cells fail: what is put right, what is counted, and what a self-test finds."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import ResetInserter, Signal

from golden.march import March, Marched
from golden.params import PrototypesParams, WatchParams
from golden.scrubber import ReadRow, ScrubbedRows
from rtl.prototype_rows import SCRUB_COUNTS, PrototypeRows, march_params
from verification.rtl.asked_rows import Asked, marching, written_and_read
from verification.rtl.coverage import cover
from verification.rtl.dies import Die
from verification.rtl.engine import PAUSES, BenchError, Step
from verification.rtl.simulators import cocotb_simulators, run_cocotb, run_pysim
from verification.rtl.upset_rows import WATCH as SCRUBBED
from verification.rtl.upset_rows import P as SMALL
from verification.rtl.upset_rows import Upset, simulate

P = PrototypesParams(
    features=10, code_width=4, lanes=5, components=5, classes=3, class_components=2
)
FULL = WatchParams(secded=2, self_test=True)
ALL = WatchParams(secded=2, self_test=True, scrub=True)
#: Cycles within which a scrubber goes on after a self-test: those of three rows.
MOST = 9


@pytest.mark.parametrize("share", [0, 0.05, 0.3, 1])
@pytest.mark.parametrize("secded", [0, 1, 2, 3])
def test_codes_and_counts_are_golden_s(monkeypatch, secded: int, share: float) -> None:
    watch = WatchParams(secded=secded, self_test=True)
    die = Die(P, watch, share)
    die.install(monkeypatch)
    dut = Asked(P, watch)
    steps = [written_and_read(dut, die, 1), *marching(dut, die), written_and_read(dut, die, 2)]
    run_pysim(dut, steps, PAUSES["idle"])
    cover("prototype_rows: rows written after a self-test")


@pytest.mark.parametrize(
    "sizes",
    [
        {"features": 1, "code_width": 1, "lanes": 1, "components": 1, "class_components": 1},
        {"features": 32, "code_width": 3, "lanes": 32, "components": 3},
        {"features": 8, "code_width": 16, "lanes": 2, "components": 2, "class_components": 1},
    ],
)
def test_other_rows(monkeypatch: pytest.MonkeyPatch, sizes: dict[str, int]) -> None:
    p = PrototypesParams(**{"classes": 3, "class_components": 2, **sizes})
    watch = WatchParams(secded=min(p.code_width, 2), self_test=True)
    die = Die(p, watch, 0.02 if p.lanes > 2 else 0.2)
    die.install(monkeypatch)
    dut = Asked(p, watch)
    run_pysim(dut, [*marching(dut, die), written_and_read(dut, die, 1)])


@pytest.mark.parametrize("pauses", ["flowing", "idle"])
def test_a_word_counts_in_the_cycle_in_which_it_comes_alone(
    monkeypatch: pytest.MonkeyPatch, pauses: str
) -> None:
    die = Die(P, FULL, 0.1)
    die.install(monkeypatch)
    dut = Asked(P, FULL)
    step = written_and_read(dut, die, 1)
    words = [dut.told.from_bits(told) for told in step.outputs["o"]]
    trace = run_pysim(dut, [step, Step(cycles=5)], PAUSES[pauses], counted=("corrects", "sees"))
    assert trace.counts == {
        "corrects": sum(bool(word.corrected) for word in words),
        "sees": sum(bool(word.uncorrected) for word in words),
    }
    assert all(trace.counts.values())


def test_a_row_that_is_read_while_it_is_reset_does_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    die = Die(P, FULL, 1)
    die.install(monkeypatch)
    rows, reset = PrototypeRows(P, FULL), Signal()
    counts = []

    async def bench(ctx: Any) -> None:
        ctx.set(rows.read.en, 1)
        for level in (0, 1):
            ctx.set(reset, level)
            await ctx.tick()
            counts.append(ctx.get(rows.corrected) + ctx.get(rows.uncorrected))

    simulate(ResetInserter(reset)(rows), bench)
    assert counts[0] > 0
    assert counts[1] == 0


def test_a_memory_without_a_self_test(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = WatchParams(secded=2)
    die = Die(P, watch, 0.1)
    die.install(monkeypatch)
    dut = Asked(P, watch)
    run_pysim(dut, [written_and_read(dut, die, 1)])
    assert not hasattr(dut.rows, "test")


@pytest.mark.slow
@pytest.mark.parametrize("simulator", cocotb_simulators())
def test_rows_in_verilog(monkeypatch: pytest.MonkeyPatch, simulator: str) -> None:
    die = Die(P, FULL, 0.1)
    die.install(monkeypatch)
    dut = Asked(P, FULL)
    steps = [written_and_read(dut, die, 1), *marching(dut, die), written_and_read(dut, die, 2)]
    run_cocotb(dut, steps, PAUSES["idle_stalled"], simulator=simulator)


def test_codes_come_a_cycle_later_one_a_cycle(monkeypatch: pytest.MonkeyPatch) -> None:
    die = Die(P, FULL, 0)
    dut = Asked(P, FULL)
    trace = run_pysim(dut, [written_and_read(dut, die, 1)])
    reads = trace.transfers["i"][P.rows :]
    assert trace.transfers["o"] == [cycle + PrototypeRows.latency for cycle in reads]
    assert trace.gaps("o") == {PrototypeRows.interval}


def test_reset_ends_a_test(monkeypatch: pytest.MonkeyPatch) -> None:
    die = Die(P, FULL, 0.2)
    die.install(monkeypatch)
    dut = Asked(P, FULL)
    test, ended = marching(dut, die)
    cut = Step(inputs=test.inputs, outputs=test.outputs, cycles=60, abandon=True)
    idle = Step(cycles=30, reads={"busy": 0, "words": 0, "bits": 0})
    reset = Step(reset=True)
    run_pysim(dut, [cut, reset, idle, written_and_read(dut, die, 3), test, ended])


def test_a_sound_memory_does_not_pass_for_a_failing_one() -> None:
    dut = Asked(P, FULL)
    with pytest.raises(BenchError):
        run_pysim(dut, [written_and_read(dut, Die(P, FULL, 0.1), 1)])


@pytest.mark.parametrize(
    ("period", "reads", "writes", "resets"),
    [(1, 0.6, 0.05, 0), (1, 0.05, 0.6, 0), (6, 0.2, 0.2, 0), (1, 0.1, 0.1, 0.03)],
)
def test_whoever_reads_or_writes_beside_a_scrubber_sees_nothing_of_it(
    period: int, reads: float, writes: float, resets: float
) -> None:
    """Every cycle is held to golden, which follows the scrubber by its strobes.

    A reset lets it begin at the first row, and leaves all cells.
    """
    dut, golden, rng = Upset(), ScrubbedRows(SMALL, SCRUBBED), np.random.default_rng(period)
    scrubber, met, reset = dut.inner.submodules.scrubber, Counter[str](), Signal()

    async def bench(ctx: Any) -> None:
        ctx.set(dut.scrub_interval, period)
        ctx.set(dut.used, SMALL.rows)
        ctx.set(dut.i.valid, 1)
        read, fresh, seen, last = golden.read(0), False, None, -period
        for cycle in range(800):
            act = rng.choice(3, p=[reads, writes, 1 - reads - writes])
            row, word = int(rng.integers(SMALL.rows)), int(rng.integers(2**SMALL.row_width))
            hit = int(rng.integers(SMALL.rows)) if act == 2 and rng.random() < 0.25 else None
            ctx.set(reset, resets > 0 and rng.random() < resets)
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
                assert seen is not None or at == 0
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
            if ctx.get(reset):
                met["reset"] += seen is not None and not begun and last == cycle - 1
                read, fresh, seen, last = ReadRow(0, 0, 0), False, None, cycle
            await ctx.tick()
        codes, checks = (memory.data for memory in dut.memories)
        stored = [
            ctx.get(codes[r]) | ctx.get(checks[r]) << SMALL.row_width for r in range(SMALL.rows)
        ]
        assert stored == golden.rows

    simulate(ResetInserter(reset)(dut), bench)
    assert min(met[name] for name in ("read", "written", "failed", "met")) > 0
    assert (met["reset"] > 0) == (resets > 0)  # between a read and its write


def stopped_by_a_self_test(cycles: int, found: Marched) -> list[str]:
    """Begin a self-test so many cycles after a scrubber; return what that was about to do."""
    rows, cut = PrototypeRows(P, ALL), []

    def acts(ctx: Any) -> list[str]:
        return [name for name in SCRUB_COUNTS if ctx.get(getattr(rows, name))]

    async def bench(ctx: Any) -> None:
        ctx.set(rows.read.en, 0)
        ctx.set(rows.failures.ready, 1)
        ctx.set(rows.used, P.rows)
        ctx.set(rows.scrub_interval, 1)
        await ctx.tick().repeat(cycles)
        cut.extend(acts(ctx))
        ctx.set(rows.test, 1)
        for _ in range(1 + found.cycles):
            assert ctx.get(rows.testing)
            assert acts(ctx) == []
            await ctx.tick()
            ctx.set(rows.test, 0)
        assert not ctx.get(rows.testing)
        results = (rows.failing_words, rows.failing_bits, rows.failing_first)
        assert tuple(map(ctx.get, results)) == (found.words, found.bits, found.first)
        for _ in range(MOST):
            if acts(ctx):
                break
            await ctx.tick()
        assert acts(ctx) == ["scrub_reads"]

    simulate(rows, bench)
    return cut


def test_a_scrubber_keeps_off_while_a_self_test_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it was about to do, it drops; the test finds what golden finds."""
    die = Die(P, ALL, 0.1)
    die.install(monkeypatch)
    found = March(march_params(P, ALL)).run(*die.map)
    cut = [stopped_by_a_self_test(cycles, found) for cycles in range(10, 26)]
    assert {name for names in cut for name in names} == {*SCRUB_COUNTS}


@pytest.mark.parametrize(
    ("sizes", "secded", "message"),
    [
        ({}, 4, "Protected planes must be an integer in 1..3, not 4"),
        ({"lanes": 64, "code_width": 8}, 5, "Protected planes must be an integer in 1..4, not 5"),
    ],
)
def test_rows_that_cannot_be_protected(sizes: dict[str, int], secded: int, message: str) -> None:
    kept = {"features": 10, "code_width": 3, "lanes": 4, "components": 5, "classes": 3}
    with pytest.raises(ValueError, match=f"^{message}$"):
        PrototypeRows(PrototypesParams(**{**kept, **sizes}), WatchParams(secded=secded))
