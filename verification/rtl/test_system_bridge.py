# SPDX-License-Identifier: MIT
"""Accesses of a processor: what the bridge does on the buses of the chip, and what it answers."""

import random

import pytest
from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from rtl.axi_lite import OKAY, SLVERR, read_layout, write_layout
from rtl.dispatch import word_layout
from rtl.output import packet_layout, user_layout
from rtl.registers import ADDRESS_WIDTH
from rtl.system_bridge import DEPTH, Place, SystemBridge, access_layout
from verification.rtl.engine import PAUSES, Pauses, Step
from verification.rtl.simulators import cocotb_simulators, payload, run_cocotb, run_pysim

PLACES = 2**14  # word address of the first place; below are registers


def access(address: int, *, data: int | None = None, strb: int = 0b1111) -> int:
    word = {"address": address, "write": int(data is not None), "data": data or 0, "strb": strb}
    return payload(access_layout(), word)


def put(place: Place, data: int) -> Step:
    return Step(inputs={"access": [access(PLACES + place, data=data)]}, outputs={"answer": [0]})


def get(place: int, answer: int) -> Step:
    return Step(inputs={"access": [access(PLACES + place)]}, outputs={"answer": [answer]})


def chip_address(word: int) -> int:
    return 4 * word if word < 2 ** (ADDRESS_WIDTH - 2) else 2**ADDRESS_WIDTH - 1


def read(word: int, data: int, response: int = OKAY) -> Step:
    answered = payload(read_layout(), {"data": data, "resp": response})
    return Step(
        inputs={"access": [access(word)], "r": [answered]},
        outputs={"ar": [chip_address(word)], "answer": [data]},
    )


def write(word: int, data: int, response: int = OKAY, strb: int = 0b1111) -> Step:
    return Step(
        inputs={"access": [access(word, data=data, strb=strb)], "b": [response]},
        outputs={
            "aw": [chip_address(word)],
            "w": [payload(write_layout(), {"data": data, "strb": strb})],
            "answer": [0],
        },
    )


def sent(word: int, last: int) -> int:
    return payload(word_layout(), {"data": word, "keep": 255, "last": last})


def send(word: int, *, last: int) -> Step:
    halves = {Place.LOW: word & 2**32 - 1, Place.HIGH: word >> 32, Place.LAST: last}
    return Step(
        inputs={"access": [access(PLACES + place, data=data) for place, data in halves.items()]},
        outputs={"answer": [0] * 3, "packets": [sent(word, int(last != 0))]},
    )


def come(*words: tuple[int, int, int]) -> Step:
    """Return words of the chip as (data, side information, whether it is the last)."""
    return Step(
        inputs={
            "words": [
                payload(
                    packet_layout(),
                    {"data": data, "user": user_layout().from_bits(user), "last": last},
                )
                for data, user, last in words
            ]
        }
    )


def take(word: int, user: int, last: int) -> list[Step]:
    halves = [get(Place.LOW, word & 2**32 - 1), get(Place.HIGH, word >> 32)]
    return [get(Place.FILLED, 1), *halves, get(Place.USER, user), get(Place.LAST, last)]


def case() -> list[Step]:
    rng = random.Random(1)
    words = [(rng.getrandbits(64), rng.getrandbits(user_layout().size), i % 3 == 2)
             for i in range(DEPTH)]  # fmt: skip
    return [
        read(1, 0xDEADBEEF),
        write(3, 0x12345678),
        get(Place.REFUSED, 0),
        write(3, 0xFF00, SLVERR, strb=0b0010),
        read(2, 5),  # what the chip takes does not hide that it refused
        get(Place.REFUSED, 1),
        get(Place.REFUSED, 0),
        read(1023, 0, SLVERR),
        get(Place.REFUSED, 1),
        read(1024 + 1, 0, SLVERR),  # no alias of register 1
        read(PLACES - 1, 0, SLVERR),
        get(Place.REFUSED, 1),
        get(Place.FULL, 0),
        get(Place.FILLED, 0),
        get(Place.LAST, 0),  # nothing is pulled
        send(words[0][0], last=0),
        send(words[1][0], last=1),
        send(words[2][0], last=2**31),
        get(Place.LEFT, 0),
        come(*words),
        *(step for word in words for step in take(*word)),
        get(Place.FILLED, 0),
        Step(
            inputs={"access": [access(PLACES + Place.CONSOLE, data=d) for d in (65, 0x1FF)]},
            outputs={"answer": [0, 0], "console": [65, 255]},
        ),
        get(Place.CONSOLE, 0),
        get(15, 0),
        get(16 + Place.LOW, 0),  # no alias of a place
        Step(
            inputs={"access": [access(PLACES + 16 + Place.LAST, data=1)]}, outputs={"answer": [0]}
        ),
    ]


@pytest.mark.parametrize("pauses", PAUSES.values(), ids=PAUSES)
def test_accesses_under_pauses(pauses: Pauses) -> None:
    run_pysim(SystemBridge(), case(), pauses)


@pytest.mark.slow
@pytest.mark.parametrize("simulator", cocotb_simulators())
def test_accesses_in_verilog(simulator: str) -> None:
    run_cocotb(SystemBridge(), case(), PAUSES["idle_stalled"], simulator=simulator)


class Held(wiring.Component):
    """A bridge whose words to the chip wait for a pin."""

    def __init__(self) -> None:
        super().__init__({
            "access": In(stream.Signature(access_layout())), "answer": Out(stream.Signature(32)),
            "take": In(1), "packets": Out(stream.Signature(word_layout())),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.bridge = bridge = SystemBridge()
        wiring.connect(m, wiring.flipped(self.access), bridge.access)
        wiring.connect(m, bridge.answer, wiring.flipped(self.answer))
        m.d.comb += [
            self.packets.valid.eq(bridge.packets.valid & self.take),
            self.packets.payload.eq(bridge.packets.payload),
            bridge.packets.ready.eq(self.packets.ready & self.take),
        ]
        return m


def test_a_write_waits_while_the_fifo_is_full_and_no_word_is_lost() -> None:
    pushes = [put(Place.LAST, n % 2) for n in range(DEPTH)]
    counts = [get(Place.LEFT, n + 1) for n in range(DEPTH)]
    held = [step for pair in zip(pushes, counts, strict=True) for step in pair]
    words = [sent(0, n % 2) for n in range(DEPTH)]
    waits = Step(inputs={"access": [access(PLACES + Place.LAST, data=1)]}, cycles=50)
    steps = [
        Step(pins={"take": 0}),
        *held,
        get(Place.FULL, 1),
        waits,
        Step(pins={"take": 1}, outputs={"packets": [*words, sent(0, 1)], "answer": [0]}),
        get(Place.FULL, 0),
        get(Place.LEFT, 0),
    ]
    run_pysim(Held(), steps)


def test_cycles_are_counted_from_the_reset_on() -> None:
    steps = [Step(reset=True), Step(cycles=10), Step(reset=True)]
    reads = [access(PLACES + Place.CYCLES)] * 3
    first = 1 + SystemBridge.latency - 1  # it is offered in cycle 1, and looked at in the next
    expected = [first + n * SystemBridge.interval for n in range(3)]
    steps += [Step(inputs={"access": reads}, outputs={"answer": expected})]
    run_pysim(SystemBridge(), steps)


@pytest.mark.parametrize("cycles", [1, 2, 3, 5])
def test_reset_forgets_an_access_and_the_words(cycles: int) -> None:
    half = write(3, 9)
    begun = Step(inputs=half.inputs, outputs=half.outputs, cycles=cycles, abandon=True)
    after = [get(Place.FILLED, 0), get(Place.REFUSED, 0), read(1, 8)]
    run_pysim(SystemBridge(), [come((1, 2, 1)), begun, Step(reset=True), *after])


def test_latency_and_throughput() -> None:
    places = [access(PLACES + Place.FULL)] * 9
    trace = run_pysim(
        SystemBridge(), [Step(inputs={"access": places}, outputs={"answer": [0] * 9})]
    )
    assert trace.offered["answer"][0] - trace.transfers["access"][0] == SystemBridge.latency
    assert trace.gaps("answer") == {SystemBridge.interval}
