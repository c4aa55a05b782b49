# SPDX-License-Identifier: MIT
"""The serial port, bit by bit on its wire."""

from collections.abc import Callable
from typing import Any

import pytest
from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator

from rtl.uart import FRAME, LEAST_DIVISOR, UartReceiver, UartTransmitter
from verification.rtl.engine import PAUSES, Pauses, Step
from verification.rtl.simulators import cocotb_simulators, run_cocotb, run_pysim

ALL_BYTES = [*range(256)]


class Loop(wiring.Component):
    """A transmitter, a wire and a receiver whose bits may be longer or shorter."""

    def __init__(self, divisor: int, other: int) -> None:
        self.divisor, self.other = divisor, other
        super().__init__({
            "i": In(stream.Signature(8)),
            "o": Out(stream.Signature(8)),
            "lost": Out(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.transmitter = transmitter = UartTransmitter(self.divisor)
        m.submodules.receiver = receiver = UartReceiver(self.other)
        wiring.connect(m, wiring.flipped(self.i), transmitter.i)
        wiring.connect(m, receiver.o, wiring.flipped(self.o))
        m.d.comb += [receiver.rx.eq(transmitter.tx), self.lost.eq(receiver.lost)]
        return m


def levels(*bytes_: int, stop: int = 1) -> list[int]:
    """Return the bits of bytes on the wire, as RS-232 has them."""
    return [bit for byte in bytes_ for bit in (0, *(byte >> i & 1 for i in range(8)), stop)]


def on_wire(byte: int, divisor: int = 8, *, come: bool = True, stop: int = 1) -> list[Step]:
    """Return a byte on the wire, which comes out before its stop bit has ended, or never."""
    *bits, last = levels(byte, stop=stop)
    end = Step(pins={"rx": last}, outputs={"o": [byte] if come else []}, cycles=divisor)
    return [*(Step(pins={"rx": bit}, cycles=divisor) for bit in bits), end]


# Half a bit is left after the 9.5 bits to the middle of the stop bit, less a cycle of sampling.
@pytest.mark.parametrize(("divisor", "other"), [(4, 4), (5, 5), (25, 25), (40, 41), (40, 39)])
def test_every_byte_arrives(divisor: int, other: int) -> None:
    sent = ALL_BYTES if divisor == LEAST_DIVISOR else ALL_BYTES[::25]
    steps = [Step(inputs={"i": sent}, outputs={"o": sent})]
    trace = run_pysim(Loop(divisor, other), steps, counted=("lost",))
    assert trace.counts["lost"] == 0
    assert trace.gaps("i") == {FRAME * divisor}


def received(divisor: int, error: float, sent: list[int]) -> list[int]:
    """Return what comes from bytes without a gap, whose bits are longer by a share."""
    receiver, come = UartReceiver(divisor), []
    bits = [1, 1, *levels(*sent), 1, 1, 1]
    cycles = int(len(bits) * divisor * (1 + error))

    async def bench(ctx: Any) -> None:
        ctx.set(receiver.o.ready, 1)
        for cycle in range(cycles):
            ctx.set(receiver.rx, bits[int(cycle / (divisor * (1 + error)))])
            if ctx.get(receiver.o.valid):
                come.append(ctx.get(receiver.o.payload))
            await ctx.tick()

    simulator = Simulator(receiver)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return come


@pytest.mark.parametrize("error", [-0.02, -0.0001, 0.0001, 0.02])
@pytest.mark.parametrize("divisor", [4, 5, 8, 25])
def test_a_sender_may_be_two_percent_off(divisor: int, error: float) -> None:
    sent = [0x00, 0xFF, 0x55, *range(1, 256, 9)]
    assert received(divisor, error, sent) == sent


@pytest.mark.parametrize("pauses", PAUSES.values(), ids=PAUSES)
def test_bytes_arrive_under_pauses(pauses: Pauses) -> None:
    run_pysim(Loop(8, 8), [Step(inputs={"i": [0, 255, 0x55, 1]}, outputs={"o": [0, 255, 0x55, 1]})],
              pauses)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("simulator", cocotb_simulators())
def test_bytes_arrive_in_verilog(simulator: str) -> None:
    steps = [Step(inputs={"i": ALL_BYTES}, outputs={"o": ALL_BYTES})]
    run_cocotb(Loop(4, 4), steps, simulator=simulator)


def test_transmitter_has_the_bits_of_the_standard() -> None:
    sent, divisor = [0x00, 0xA5, 0xFF], 5
    for byte in sent:
        start, *others = levels(byte)
        # A pin is read in the cycle after the byte was taken: the first cycle of the start bit.
        steps = [Step(inputs={"i": [byte]}, reads={"tx": start})]
        steps += [Step(reads={"tx": bit}, cycles=divisor) for bit in others]  # and of each other
        run_pysim(UartTransmitter(divisor), steps)
        # Its last cycle is the one before the next bit.
        last = [Step(inputs={"i": [byte]}), Step(reads={"tx": start}, cycles=divisor - 1)]
        last += [Step(reads={"tx": bit}, cycles=divisor) for bit in others]
        run_pysim(UartTransmitter(divisor), last)
    trace = run_pysim(UartTransmitter(divisor), [Step(inputs={"i": sent})])
    assert trace.gaps("i") == {UartTransmitter(divisor).interval}


@pytest.mark.parametrize("rest", range(5))
def test_transmitter_that_rests_takes_a_byte_at_once(rest: int) -> None:
    pause = Step(cycles=FRAME * 5 + rest)
    steps = [Step(inputs={"i": [1]}), pause, Step(inputs={"i": [2]})]
    first, second = run_pysim(UartTransmitter(5), steps).transfers["i"]
    assert second - first == pause.cycles + 2  # each step ends in a cycle of its own


def test_receiver_offers_a_byte_after_the_middle_of_its_stop_bit() -> None:
    divisor = 8
    trace = run_pysim(UartReceiver(divisor), on_wire(0x3C, divisor))
    begun = 9 * divisor
    assert trace.offered["o"][0] - (begun + divisor // 2) == UartReceiver.latency


def lost(*steps: Step) -> int:
    return run_pysim(UartReceiver(8), [*steps], counted=("lost",)).counts["lost"]


def test_a_byte_without_its_stop_bit_is_lost_and_the_next_one_is_not() -> None:
    rest = Step(pins={"rx": 1}, cycles=20)
    assert lost(*on_wire(0x41, come=False, stop=0), rest, *on_wire(0x42)) == 1


def test_a_long_break_is_one_byte_lost() -> None:
    assert (
        lost(Step(pins={"rx": 0}, cycles=300), Step(pins={"rx": 1}, cycles=20), *on_wire(0x42)) == 1
    )


def test_a_byte_that_nobody_takes_stays_and_the_next_one_is_lost() -> None:
    steps = [
        Step(pins={"take": 0, "rx": 1}),
        *on_wire(0x41, come=False),
        *on_wire(0x42, come=False),
    ]
    steps.append(Step(pins={"take": 1}, outputs={"o": [0x41]}))
    assert run_pysim(Held(8), steps, counted=("lost",)).counts["lost"] == 1


class Held(wiring.Component):
    """A receiver whose bytes wait for a pin."""

    def __init__(self, divisor: int) -> None:
        self.divisor = divisor
        super().__init__({
            "rx": In(1), "take": In(1), "o": Out(stream.Signature(8)), "lost": Out(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.receiver = receiver = UartReceiver(self.divisor)
        m.d.comb += [
            receiver.rx.eq(self.rx),
            self.o.valid.eq(receiver.o.valid & self.take),
            self.o.payload.eq(receiver.o.payload),
            receiver.o.ready.eq(self.o.ready & self.take),
            self.lost.eq(receiver.lost),
        ]
        return m


@pytest.mark.parametrize("cycles", [1, 2, 3])
def test_a_disturbance_shorter_than_half_a_bit_is_no_byte(cycles: int) -> None:
    short = Step(pins={"rx": 0}, cycles=cycles)
    assert lost(short, Step(pins={"rx": 1}, cycles=100)) == 0


@pytest.mark.parametrize("cycles", [7, 30, 61])
def test_reset_drops_a_byte(cycles: int) -> None:
    rest = Step(reset=True, pins={"rx": 1}, cycles=3)
    run_pysim(UartReceiver(8), [Step(pins={"rx": 0}, cycles=cycles), rest, *on_wire(7)])
    # All bits of this byte but the last are 0: without the reset, the wire would not rest yet.
    begun = Step(inputs={"i": [0]}, reads={"tx": 0}, cycles=cycles)
    run_pysim(UartTransmitter(8), [begun, Step(reset=True), Step(reads={"tx": 1})])


@pytest.mark.parametrize("block", [UartReceiver, UartTransmitter])
def test_a_bit_has_a_least_length(block: Callable[[int], Any]) -> None:
    with pytest.raises(ValueError, match="divisor must be at least 4, not 3"):
        block(LEAST_DIVISOR - 1)
