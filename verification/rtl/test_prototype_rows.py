# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""Rows whose cells fail: what is put right, what is counted, and what a self-test finds."""

from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Module, ResetInserter, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator
from numpy.typing import NDArray

import rtl.prototype_rows
from golden.faults import Faults, ProtectedFaults
from golden.march import March
from golden.params import FaultParams, FaultyMemory, PrototypesParams, SecdedParams, WatchParams
from golden.secded import Secded
from rtl.prototype_rows import PrototypeRows, march_params
from verification.rtl.coverage import cover
from verification.rtl.engine import PAUSES, BenchError, Step
from verification.rtl.failing import fail, rows_of
from verification.rtl.simulators import cocotb_simulators, payload, run_cocotb, run_pysim
from verification.rtl.test_march import marched

P = PrototypesParams(
    features=10, code_width=4, lanes=5, components=5, classes=3, class_components=2
)
FULL = WatchParams(secded=2, self_test=True)


class Asked(wiring.Component):
    """Rows whose writes, reads and tests come as streams, and whose codes leave as one."""

    def __init__(self, params: PrototypesParams, watch: WatchParams) -> None:
        self.params, self.rows = params, PrototypeRows(params, watch)
        members = self.rows.signature.members
        self.asked = StructLayout({
            "write": 1, "read": 1, "row": 8, "codes": params.row_width,
        })  # fmt: skip
        self.told = StructLayout({
            "codes": params.row_width, "corrected": 4, "uncorrected": 4,
        })  # fmt: skip
        super().__init__({
            "i": In(stream.Signature(self.asked)),
            "o": Out(wiring.Signature({"valid": Out(1), "payload": Out(self.told)})),
            "starts": In(stream.Signature(1)),
            **(dict.fromkeys(("corrects", "sees"), Out(1)) if watch.secded else {}),
            **({
                "failures": members["failures"], "busy": Out(1), "words": Out(32),
                "bits": Out(32), "first": Out(8),
            } if watch.self_test else {}),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.rows = rows = self.rows
        asked, told = self.i.p, self.o.payload
        m.d.sync += self.o.valid.eq(rows.read.en)
        m.d.comb += [
            self.i.ready.eq(1),
            self.starts.ready.eq(1),
            rows.write.en.eq(self.i.valid & asked.write),
            rows.write.addr.eq(asked.row),
            rows.write.data.eq(asked.codes),
            rows.read.en.eq(self.i.valid & asked.read),
            rows.read.addr.eq(asked.row),
            told.codes.eq(rows.read.data),
        ]
        if rows.watch.secded:
            m.d.comb += told.corrected.eq(rows.corrected)
            m.d.comb += told.uncorrected.eq(rows.uncorrected)
            m.d.comb += [
                self.corrects.eq(rows.corrected.any()),
                self.sees.eq(rows.uncorrected.any()),
            ]
        if rows.watch.self_test:
            wiring.connect(m, rows.failures, wiring.flipped(self.failures))
            m.d.comb += [
                rows.test.eq(self.starts.valid),
                self.busy.eq(rows.testing),
                self.words.eq(rows.failing_words),
                self.bits.eq(rows.failing_bits),
                self.first.eq(rows.failing_first),
            ]
        return m


class Die:
    """Cells of rows that fail on a die: those of codes, and those of check bits."""

    def __init__(self, params: PrototypesParams, watch: WatchParams, share: float, die: int = 7):
        self.params, self.watch = params, watch
        self.code = Secded(SecdedParams(width=params.lanes))
        given: dict[str, Any] = {"die": die, "threshold": round(share * 2**32)}
        self.plain = FaultParams(
            memory=FaultyMemory.PROTOTYPES, lanes=params.lanes, width=params.code_width, **given
        )
        self.codes = rows_of(Faults(self.plain), params.components, params.features)
        width = watch.check_bits(params.lanes)
        self.checks = ([0] * params.rows, [0] * params.rows)
        if width:
            beside = FaultParams(memory=FaultyMemory.CHECKS, lanes=1, width=width, **given)
            self.checks = rows_of(Faults(beside), params.rows, 1)

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let these cells fail in what is elaborated from now on."""
        p = self.params
        fail(monkeypatch, rtl.prototype_rows, self.codes, p.row_width)
        if self.watch.secded:
            fail(monkeypatch, rtl.prototype_rows, self.checks, self.watch.check_bits(p.lanes))

    @property
    def map(self) -> tuple[list[int], list[int]]:
        """Cells that fail, and what they read as, with check bits above the codes."""
        up = self.params.row_width
        failing, stuck = (
            [c | h << up for c, h in zip(codes, checks, strict=True)]
            for codes, checks in zip(self.codes, self.checks, strict=True)
        )
        return failing, stuck

    def read(self, codes: NDArray[np.uint16]) -> NDArray[np.uint16]:
        """Return what golden reads in place of codes of shape (components, D)."""
        if not self.watch.secded:
            return Faults(self.plain).read(codes)
        return ProtectedFaults(self.plain, self.watch.secded).read(codes)

    def wrong(self, row: int, word: int) -> tuple[int, int]:
        """Return the words of a row that are corrected, and those that are seen."""
        return self._corrected(row, word)[:2]

    def inverted(self, row: int, word: int) -> int:
        """Return the lanes of a row in which a bit is inverted when it is read."""
        return self._corrected(row, word)[2]

    def _corrected(self, row: int, word: int) -> tuple[int, int, int]:
        p, r, corrected, seen, lanes = self.params, self.code.params.checks, 0, 0, 0
        (failing, stuck), (below, ones) = self.codes, self.checks
        read = word & ~failing[row] | stuck[row]
        for plane in range(self.watch.secded):
            bit = p.code_width - 1 - plane
            written, given = (
                sum((of >> lane * p.code_width + bit & 1) << lane for lane in range(p.lanes))
                for of in (word, read)
            )
            checks = int(self.code.checks(np.array([written], np.uint64))[0]) << plane * r
            checks = (checks & ~below[row] | ones[row]) >> plane * r & 2**r - 1
            right = self.code.correct(np.array([given], np.uint64), np.array([checks], np.uint64))
            corrected += int(right.corrected[0])
            seen += int(right.seen[0])
            lanes |= int(right.words[0]) ^ given
        return corrected, seen, lanes


def packed(p: PrototypesParams, codes: NDArray[np.uint16]) -> list[int]:
    """Return codes of shape (components, D) as rows."""
    full = np.zeros((len(codes), p.beats * p.lanes), object)
    full[:, : p.features] = codes
    return [
        sum(int(code) << lane * p.code_width for lane, code in enumerate(row))
        for row in full.reshape(-1, p.lanes)
    ]


def written_and_read(dut: Asked, die: Die, seed: int) -> Step:
    """Return a step that writes all rows, and then reads each three times, in any order."""
    p, rng = dut.params, np.random.default_rng(seed)
    codes = rng.integers(0, 2**p.code_width, (p.components, p.features)).astype(np.uint16)
    rows, right = packed(p, codes), packed(p, die.read(codes))
    asked = [{"write": 1, "read": 0, "row": row, "codes": word} for row, word in enumerate(rows)]
    told, meets = [], {"corrected": 0, "uncorrected": 0}
    for row in rng.permutation([*range(p.rows)] * 3).tolist():
        asked.append({"write": 0, "read": 1, "row": row, "codes": 0})
        corrected, uncorrected = die.wrong(row, rows[row])
        told.append({"codes": right[row], "corrected": corrected, "uncorrected": uncorrected})
        meets["corrected"] += corrected
        meets["uncorrected"] += uncorrected
    return Step(
        inputs={"i": [payload(dut.asked, a) for a in asked]},
        outputs={"o": [payload(dut.told, t) for t in told]},
        meets={f"prototype_rows: word {name}": count for name, count in meets.items()},
    )


def marching(dut: Asked, die: Die) -> list[Step]:
    """Return the steps of a self-test."""
    p = march_params(dut.params, die.watch)
    under_way, ended = marched(p, March(p).run(*die.map))
    outputs = {"failures": under_way.outputs["o"]}
    return [
        Step(inputs=under_way.inputs, outputs=outputs, cycles=under_way.cycles),
        Step(cycles=ended.cycles, reads=ended.reads),
    ]


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

    simulator = Simulator(ResetInserter(reset)(rows))
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
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
