# SPDX-License-Identifier: MIT
"""What the second simulator is for: it shows as X what nothing has set, and a bench refuses it."""

import re

import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from rtl.catalogue import BLOCKS
from verification.rtl.designs import tiny
from verification.rtl.engine import PAUSES, BenchError, Pauses, Step
from verification.rtl.simulators import cocotb_simulators, run_cocotb, run_pysim

needs_icarus = pytest.mark.skipif(
    "icarus" not in cocotb_simulators(), reason="X is simulated by Icarus alone"
)


class Rows(wiring.Component):
    """A memory of four rows of which row 1 is written in every cycle, and each can be read."""

    def __init__(self) -> None:
        super().__init__({"i": In(stream.Signature(2)), "o": Out(stream.Signature(4))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.memory = memory = Memory(shape=4, depth=4, init=[])
        write, read = memory.write_port(), memory.read_port(domain="comb")
        m.d.comb += [
            write.addr.eq(1), write.data.eq(5), write.en.eq(1),
            read.addr.eq(self.i.payload), self.o.payload.eq(read.data),
            self.o.valid.eq(self.i.valid), self.i.ready.eq(self.o.ready),
        ]  # fmt: skip
        return m


class Settled(wiring.Component):
    """A choice by a register that keeps its first value: its process must run at the start."""

    def __init__(self) -> None:
        super().__init__({"en": In(1), "o": Out(4)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        chosen = Signal(init=1)
        with m.If(self.en):
            m.d.sync += chosen.eq(~chosen)
        with m.If(chosen):
            m.d.comb += self.o.eq(9)
        with m.Else():
            m.d.comb += self.o.eq(6)
        return m


class Beside(wiring.Component):
    """A number of which a process drives some bits; the others are a register that stays 5."""

    def __init__(self) -> None:
        super().__init__({"en": In(1), "o": Out(8)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        kept = Signal(4, init=5)
        m.d.comb += self.o[:4].eq(kept)
        with m.If(self.en):
            m.d.sync += kept.eq(kept + 1)
            m.d.comb += self.o[4:].eq(9)
        return m


@pytest.mark.parametrize("simulator", cocotb_simulators())
def test_rows_that_were_written_are_read(simulator: str) -> None:
    run_cocotb(
        Rows(), [Step(cycles=3), Step(inputs={"i": [1]}, outputs={"o": [5]})], simulator=simulator
    )


@needs_icarus
def test_a_row_that_nobody_wrote_is_x_and_no_zero() -> None:
    steps = [Step(inputs={"i": [1, 2]}, outputs={"o": [5, 0]}, cycles=3)]
    with pytest.raises(BenchError, match=re.escape("o__payload is XXXX: nothing has set all")):
        run_cocotb(Rows(), [Step(cycles=3), *steps], simulator="icarus")


class Slow(wiring.Component):
    """It takes a number, counts down from it, and only then offers it; `beat` is 1 now and then."""

    def __init__(self) -> None:
        super().__init__({
            "i": In(stream.Signature(12)), "o": Out(stream.Signature(12)), "beat": Out(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        left, kept = Signal(12), Signal(12)
        m.d.comb += [
            self.i.ready.eq((left == 0) & (~self.o.valid | self.o.ready)),
            self.o.payload.eq(kept),
            self.beat.eq(left == 37),
        ]
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(left != 0):
            m.d.sync += [left.eq(left - 1), self.o.valid.eq(left == 1)]
        with m.Elif(self.i.valid & self.i.ready):
            m.d.sync += [left.eq(self.i.payload), kept.eq(self.i.payload)]
        return m


@pytest.mark.parametrize("simulator", cocotb_simulators())
@pytest.mark.parametrize("pauses", PAUSES.values(), ids=PAUSES)
def test_cycles_that_are_waited_for_count_like_others(pauses: Pauses, simulator: str) -> None:
    """Amaranth's simulator looks at each: all that a trace holds is the same on the others."""
    numbers = [1, 2000, 1, 3, 40, 38, 5, 800, 1]
    steps = [Step(cycles=9), *([Step(inputs={"i": numbers}, outputs={"o": numbers})] * 2)]
    expected = run_pysim(Slow(), steps, pauses, ("beat",))
    assert expected.counts == {"beat": 8}
    assert expected.stalls["i"] > 2000
    assert run_cocotb(Slow(), steps, pauses, ("beat",), simulator) == expected


@pytest.mark.parametrize("simulator", cocotb_simulators())
def test_a_block_that_waits_for_ever_is_given_up(simulator: str) -> None:
    steps = [Step(inputs={"i": [3]}, outputs={"o": [3, 4]})]
    message = re.escape("step 0: nothing passed for long, 1 of o outstanding")
    with pytest.raises(BenchError, match=message):
        run_cocotb(Slow(), steps, simulator=simulator)


@pytest.mark.parametrize("simulator", cocotb_simulators())
@pytest.mark.parametrize(("block", "level"), [(Settled, 9), (Beside, 5)])
def test_a_process_whose_inputs_never_change_runs_at_the_start(
    block: type[wiring.Component], level: int, simulator: str
) -> None:
    steps = [Step(pins={"en": 0}, reads={"o": level}, cycles=2)]
    run_cocotb(block(), steps, simulator=simulator)


@pytest.mark.parametrize("block", BLOCKS)
def test_every_process_without_a_clock_has_a_trigger(block: str) -> None:
    text = tiny(block).verilog
    assert not re.findall(r"always @\*(?! begin\n    if \(\S+ \) begin end\n)", text)
