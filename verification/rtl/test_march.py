# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""A march over a memory whose cells fail reports what golden reports: the map of these cells."""

import sys
from typing import Any

import pytest
from amaranth.hdl import Module, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In

from golden.faults import Faults
from golden.march import March as GoldenMarch
from golden.march import Marched
from golden.params import FaultParams, FaultyMemory, MarchParams
from rtl.march import March, failure_layout
from verification.golden.test_march import stuck_cells
from verification.rtl.coverage import cover
from verification.rtl.engine import PAUSES, BenchError, Step
from verification.rtl.failing import fail, rows_of
from verification.rtl.simulators import cocotb_simulators, payload, run_cocotb, run_pysim

P = MarchParams(rows=13, row_width=20, part=8)
SIZES = {
    "odd": P,
    "one row": MarchParams(rows=1, row_width=5, part=5),
    "one bit": MarchParams(rows=4, row_width=1, part=3),
    "small counters": MarchParams(rows=8, row_width=9, part=4, count_width=2),
}


class OverMemory(wiring.Component):
    """A march and its memory; starts come as a stream, so that a bench can time them."""

    def __init__(self, params: MarchParams, before: int = 0) -> None:
        self.march, self.before = March(params), before  # what every row holds before
        members = self.march.signature.members
        told = ("busy", "o", "words", "bits", "first")
        super().__init__({
            "starts": In(stream.Signature(1)), **{name: members[name] for name in told},
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.march = march = self.march
        p = march.params
        m.submodules.memory = memory = Memory(
            shape=unsigned(p.row_width), depth=p.rows, init=[self.before] * p.rows
        )
        read, write = memory.read_port(), memory.write_port()
        wiring.connect(m, march.o, wiring.flipped(self.o))
        m.d.comb += [
            self.starts.ready.eq(1),
            march.start.eq(self.starts.valid),
            read.addr.eq(march.row),
            read.en.eq(march.read_en),
            march.data.eq(read.data),
            write.addr.eq(march.row),
            write.en.eq(march.write_en),
            write.data.eq(march.ones.replicate(p.row_width)),
            *(getattr(self, name).eq(getattr(march, name)) for name in ("busy", "words", "bits")),
            self.first.eq(march.first),
        ]
        return m


def over(monkeypatch: pytest.MonkeyPatch, p: MarchParams, rows: Any) -> OverMemory:
    """Return a march over a memory with cells that fail."""
    fail(monkeypatch, sys.modules[__name__], rows, p.row_width)
    return OverMemory(p)


def marched(p: MarchParams, found: Marched) -> list[Step]:
    """Return the steps of a march."""
    layout = failure_layout(p)
    told = {"words": found.words, "bits": found.bits, "first": found.first}
    failures = [payload(layout, failure._asdict()) for failure in found.failures]
    meets = {
        "march: no cell fails": not found.words,
        "march: cell stuck at 0": any(f.element == 2 for f in found.failures),
        "march: cell stuck at 1": any(f.element == 1 for f in found.failures),
        "march: part without a failure": any(f.part > 1 for f in found.failures),
        "march: counter at its highest": found.bits == 2**p.count_width - 1,
    }
    return [
        Step(inputs={"starts": [1]}, outputs={"o": failures}, cycles=found.cycles),
        Step(cycles=4 * p.rows + p.parts + 3, reads={"busy": 0, **told}, meets=meets),
    ]


@pytest.mark.parametrize("pauses", PAUSES)
@pytest.mark.parametrize("size", SIZES)
def test_failures_are_golden_s(monkeypatch: pytest.MonkeyPatch, size: str, pauses: str) -> None:
    p = SIZES[size]
    rows = stuck_cells(p.rows, p.row_width, 0.3, seed=3)
    steps = marched(p, GoldenMarch(p).run(*rows))
    run_pysim(over(monkeypatch, p, rows), [*steps, *steps], PAUSES[pauses])


def test_what_a_memory_held_before_is_no_failure() -> None:
    sound = GoldenMarch(P).run([0] * P.rows, [0] * P.rows)
    assert not sound.failures
    run_pysim(OverMemory(P, before=0x5A5A5), marched(P, sound))


@pytest.mark.parametrize("share", [0, 0.01, 0.2, 1])
@pytest.mark.parametrize("die", [1, 2, 3])
def test_a_die_is_found_as_it_is(monkeypatch: pytest.MonkeyPatch, die: int, share: float) -> None:
    """Of any die and share, no cell is missed and none is reported that works."""
    threshold, kind = round(share * 2**32), FaultyMemory.PROTOTYPES
    faults = Faults(FaultParams(die=die, memory=kind, threshold=threshold, lanes=10, width=2))
    rows = rows_of(faults, P.rows, 10)
    found = GoldenMarch(P).run(*rows)
    assert found.bits == sum(row.bit_count() for row in rows[0])
    assert (found.words == 0) == (share == 0)
    assert (found.bits == P.rows * P.row_width) == (share == 1)
    run_pysim(over(monkeypatch, P, rows), marched(P, found))


@pytest.mark.slow
@pytest.mark.parametrize("simulator", cocotb_simulators())
def test_failures_in_verilog(monkeypatch: pytest.MonkeyPatch, simulator: str) -> None:
    rows = stuck_cells(P.rows, P.row_width, 0.3, seed=3)
    steps = marched(P, GoldenMarch(P).run(*rows))
    run_cocotb(over(monkeypatch, P, rows), steps, PAUSES["stalled"], simulator=simulator)


@pytest.mark.parametrize("share", [0, 0.1])
def test_latency_interval_and_cycles(monkeypatch: pytest.MonkeyPatch, share: float) -> None:
    rows = stuck_cells(P.rows, P.row_width, share, seed=5)
    found = GoldenMarch(P).run(*rows)
    dut = over(monkeypatch, P, rows)
    failures = marched(P, found)[0].outputs
    steps = [Step(inputs={"starts": [1]}, outputs=failures, cycles=found.cycles + 20)]
    trace = run_pysim(dut, steps, counted=("busy",))
    assert trace.counts["busy"] == found.cycles
    if not share:
        clear, reads = P.rows * 1, 5 * P.rows * dut.march.interval
        assert dut.march.latency - 1 + clear + reads + 1 == found.cycles


def test_a_start_while_it_runs_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = stuck_cells(P.rows, P.row_width, 0.1, seed=6)
    first, ended = marched(P, GoldenMarch(P).run(*rows))
    again = Step(inputs={"starts": [1, 1, 1]}, outputs=first.outputs, cycles=first.cycles)
    run_pysim(over(monkeypatch, P, rows), [again, ended])
    cover("march: start while it runs", 2)


@pytest.mark.parametrize("cycles", [5, *range(30, 37), 100])
def test_reset_ends_a_march_and_clears_what_it_found(
    monkeypatch: pytest.MonkeyPatch, cycles: int
) -> None:
    rows = stuck_cells(P.rows, P.row_width, 0.9, seed=7)
    steps = marched(P, GoldenMarch(P).run(*rows))
    cut = Step(inputs=steps[0].inputs, outputs=steps[0].outputs, cycles=cycles, abandon=True)
    idle = Step(cycles=30, reads={"busy": 0, "words": 0, "bits": 0, "first": 0})
    reset = Step(reset=True)
    trace = run_pysim(over(monkeypatch, P, rows), [cut, reset, idle, *steps])
    assert trace.left[0]


def test_a_march_over_another_die_does_not_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = stuck_cells(P.rows, P.row_width, 0.1, seed=8)
    steps = marched(P, GoldenMarch(P).run(*stuck_cells(P.rows, P.row_width, 0.1, seed=9)))
    with pytest.raises(BenchError):
        run_pysim(over(monkeypatch, P, rows), steps)
