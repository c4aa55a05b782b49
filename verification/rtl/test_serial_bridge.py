# SPDX-License-Identifier: MIT
"""Requests over bytes: what the bridge does on the buses, and what it answers."""

import random

import pytest
from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from rtl.axi_lite import OKAY, SLVERR, read_layout, write_layout
from rtl.dispatch import word_layout
from rtl.output import packet_layout, user_layout
from rtl.serial_bridge import LONGEST, LOST, MOST_WORDS, ROOM, Answer, Request, SerialBridge
from verification.rtl.engine import PAUSES, Pauses, Step
from verification.rtl.simulators import cocotb_simulators, payload, run_cocotb, run_pysim


def low_first(value: int, size: int) -> list[int]:
    return list(value.to_bytes(size, "little"))


def read(address: int, data: int, response: int = OKAY, *, status: int | None = None) -> Step:
    status = response if status is None else status
    return Step(
        inputs={
            "i": [Request.READ, *low_first(address, 2)],
            "r": [payload(read_layout(), {"data": data, "resp": response})],
        },
        outputs={
            "ar": [address if address < 2**12 else 2**12 - 1],
            "o": [Request.READ, status, *low_first(data, 4)],
        },
    )


def write(address: int, data: int, response: int = OKAY) -> Step:
    return Step(
        inputs={
            "i": [Request.WRITE, *low_first(address, 2), *low_first(data, 4)],
            "b": [response],
        },
        outputs={
            "aw": [address if address < 2**12 else 2**12 - 1],
            "w": [payload(write_layout(), {"data": data, "strb": 0b1111})],
            "o": [Request.WRITE, response],
        },
    )


def send(*words: int, last: bool) -> Step:
    request = Request.SEND_LAST if last else Request.SEND
    ends = [last and i == len(words) - 1 for i in range(len(words))]
    return Step(
        inputs={"i": [request, len(words), *(b for w in words for b in low_first(w, 8))]},
        outputs={
            "packets": [
                payload(word_layout(), {"data": word, "keep": 255, "last": int(end)})
                for word, end in zip(words, ends, strict=True)
            ],
            "o": [request, OKAY],
        },
    )


def echo(data: int, status: int = 0) -> Step:
    data_ = low_first(data, 8)
    return Step(inputs={"i": [Request.ECHO, *data_]}, outputs={"o": [Request.ECHO, status, *data_]})


def come(*words: tuple[int, int, bool]) -> Step:
    """Return words of the chip as (data, side information, whether it is the last)."""
    users = [user_layout().from_bits(user) for _, user, _ in words]
    return Step(
        inputs={
            "words": [
                payload(packet_layout(), {"data": data, "user": user, "last": int(last)})
                for (data, _, last), user in zip(words, users, strict=True)
            ]
        },
        outputs={
            "o": [
                byte
                for data, user, last in words
                for byte in (
                    Answer.WORD_LAST if last else Answer.WORD,
                    *low_first(user, 2),
                    *low_first(data, 8),
                )
            ]
        },
    )


def case() -> list[Step]:
    rng = random.Random(1)
    words = [rng.getrandbits(64) for _ in range(MOST_WORDS)]
    return [
        echo(0x0123456789ABCDEF),
        read(0x004, 0xDEADBEEF),
        read(0xFFC, 0, SLVERR),
        read(0xF004, 0, SLVERR),  # no alias of 0x004
        write(0x00C, 0x12345678),
        write(0x1000, 2**32 - 1, SLVERR),
        send(words[0], last=False),
        send(*words, last=True),
        send(last=True),
        come((words[1], 0xABCD, False), (words[2], 0x1234, True)),
        Step(inputs={"i": [Request.NOTHING] * (ROOM + 9)}),
        read(0x004, 7),
        # Bytes that begin no request, and a byte that the port lost, are told once each time.
        Step(inputs={"i": [6, 255, Answer.WORD]}),
        echo(1, LOST),
        Step(inputs={"i": [Request.SEND, MOST_WORDS + 1]}),
        echo(1, LOST),
        echo(2),
        Step(pins={"lost": 1}),
        Step(pins={"lost": 0}),
        read(0x008, 5, SLVERR, status=SLVERR | LOST),
        write(0x008, 5),
    ]


@pytest.mark.parametrize("pauses", PAUSES.values(), ids=PAUSES)
def test_requests_under_pauses(pauses: Pauses) -> None:
    run_pysim(SerialBridge(), case(), pauses)


@pytest.mark.slow
@pytest.mark.parametrize("simulator", cocotb_simulators())
def test_requests_in_verilog(simulator: str) -> None:
    run_cocotb(SerialBridge(), case(), PAUSES["idle_stalled"], simulator=simulator)


def test_words_of_the_chip_go_between_the_answers() -> None:
    """A word that waits never cuts an answer, and a request that waits never stops words."""
    waits = Step(inputs={"i": [Request.READ, 4, 0]}, outputs={"ar": [4]})
    response = {"r": [payload(read_layout(), {"data": 9, "resp": OKAY})]}
    done = Step(inputs=response, outputs={"o": [Request.READ, OKAY, 9, 0, 0, 0]})
    run_pysim(SerialBridge(), [waits, come((5, 6, False), (7, 8, True)), done], PAUSES["stalled"])


@pytest.mark.parametrize("pauses", [Pauses(), PAUSES["stalled"]])
def test_an_answer_waits_for_the_word_that_is_sent(pauses: Pauses) -> None:
    word, sent = come((5, 6, False)), send(last=True)
    both = {"o": [*word.outputs["o"], *sent.outputs["o"]]}
    run_pysim(SerialBridge(), [Step({**word.inputs, **sent.inputs}, both), echo(4)], pauses)


def test_room_for_the_longest_request_while_the_chip_waits() -> None:
    """All bytes of the longest request are taken, though a register is not read yet."""
    whole = send(*range(MOST_WORDS), last=True)
    waits = Step(inputs={"i": [Request.READ, 4, 0, *whole.inputs["i"]]}, outputs={"ar": [4]})
    done = Step(
        inputs={"r": [payload(read_layout(), {"data": 9, "resp": OKAY})]},
        outputs={**whole.outputs, "o": [Request.READ, OKAY, 9, 0, 0, 0, *whole.outputs["o"]]},
    )
    run_pysim(SerialBridge(), [waits, done])
    assert len(whole.inputs["i"]) == LONGEST


def test_room_for_whoever_connects_while_a_word_waits() -> None:
    """The zeros and the echo are taken while the chip takes no word of an earlier request."""
    half = [Request.SEND, 2, *low_first(7, 8)]
    tag = low_first(2**63 + 1, 8)
    given = Step(inputs={"i": [*half, *[0] * LONGEST, Request.ECHO, *tag]})
    words = [payload(word_layout(), {"data": word, "keep": 255, "last": 0}) for word in (7, 0)]
    come = [Request.SEND, OKAY, Request.ECHO, OKAY, *tag]
    held = Step(inputs=given.inputs, outputs={"packets": [], "o": []}, pins={"take": 0})
    run_pysim(Held(), [held, Step(pins={"take": 1}, outputs={"packets": words, "o": come})])


class Held(wiring.Component):
    """A bridge whose words wait for a pin."""

    def __init__(self) -> None:
        super().__init__({
            "i": In(stream.Signature(8)), "o": Out(stream.Signature(8)), "take": In(1),
            "packets": Out(stream.Signature(word_layout())),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.bridge = bridge = SerialBridge()
        wiring.connect(m, wiring.flipped(self.i), bridge.i)
        wiring.connect(m, bridge.o, wiring.flipped(self.o))
        m.d.comb += [
            self.packets.valid.eq(bridge.packets.valid & self.take),
            self.packets.payload.eq(bridge.packets.payload),
            bridge.packets.ready.eq(self.packets.ready & self.take),
        ]
        return m


@pytest.mark.parametrize("cycles", [1, 4, 7, 12])
def test_reset_forgets_a_request(cycles: int) -> None:
    begun = write(4, 0xFFFFFFFF)
    lost = [Step(pins={"lost": 1}), Step(pins={"lost": 0})]
    half = Step(inputs=begun.inputs, outputs=begun.outputs, cycles=cycles, abandon=True)
    run_pysim(SerialBridge(), [*lost, half, Step(reset=True), echo(3), read(4, 8)])


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("cycles", [12, 14, 16])
def test_reset_forgets_which_half_of_a_write_has_gone(cycles: int, seed: int) -> None:
    begun = write(4, 0xFFFFFFFF)
    half = Step(inputs=begun.inputs, outputs=begun.outputs, cycles=cycles, abandon=True)
    run_pysim(SerialBridge(), [half, Step(reset=True), write(8, 7)], Pauses(0, 0.75, seed=seed))


def test_latency_and_throughput() -> None:
    trace = run_pysim(SerialBridge(), [send(*range(MOST_WORDS), last=True)])
    bytes_, words = trace.transfers["i"], trace.offered["packets"]
    assert words[0] - bytes_[2 + 8 - 1] == SerialBridge.latency
    assert trace.gaps("packets") == {SerialBridge.interval}
