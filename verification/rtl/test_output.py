# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""Packets of several sources, each whole, in turns."""

import random
from itertools import pairwise
from typing import Any

import pytest
from amaranth.sim import Simulator

from rtl.output import Kind, Output, packet_layout, source_layout
from verification.rtl.engine import PAUSES, Pauses, Step
from verification.rtl.simulators import cocotb_simulators, payload, run_cocotb, run_pysim

NAMES = {kind: kind.name.lower() for kind in Kind}


def packet(kind: Kind, number: int, size: int) -> tuple[list[int], list[int]]:
    """Return the words of a packet as they come, and as they leave."""
    before, after = [], []
    for i in range(size):
        data, label, last = kind << 60 | number << 8 | i, number % 4096, int(i == size - 1)
        user = {"kind": kind, "aborted": 0, "label": label}
        before.append(payload(source_layout(), {"data": data, "label": label, "last": last}))
        after.append(payload(packet_layout(), {"data": data, "user": user, "last": last}))
    return before, after


def in_turns(kinds: list[Kind], rounds: int, sizes: list[int]) -> Step:
    """Return a step whose sources offer from its first cycle on and so take turns."""
    inputs: dict[str, list[int]] = {NAMES[kind]: [] for kind in kinds}
    outputs = []
    for number in range(rounds):
        for kind in kinds:
            before, after = packet(kind, number, sizes[(number + kind) % len(sizes)])
            inputs[NAMES[kind]] += before
            outputs += after
    return Step(inputs=inputs, outputs={"o": outputs})


# The turn of the first source has just been when the chip starts.
TURNS = [Kind.FEATURES, Kind.EXEMPLAR, Kind.LATENT, Kind.ANSWER, Kind.RESULT]


@pytest.mark.parametrize("name", ["flowing", "stalled", "patient"])
def test_busy_sources_take_turns(name: str) -> None:
    trace = run_pysim(Output(), [in_turns(TURNS, 6, [3, 1, 5])], PAUSES[name])
    if name == "flowing":
        assert trace.gaps("o") == {Output.interval}
        assert trace.transfers["o"][0] - trace.transfers["features"][0] == Output.latency


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("pauses", PAUSES.values(), ids=PAUSES)
def test_one_source_passes_alone(kind: Kind, pauses: Pauses) -> None:
    run_pysim(Output(), [in_turns([kind], 5, [4, 1])], pauses)


@pytest.mark.parametrize("simulator", cocotb_simulators())
def test_turns_in_verilog(simulator: str) -> None:
    rng = random.Random(1)
    sizes = [rng.randint(1, 9) for _ in range(7)]
    run_cocotb(Output(), [in_turns(TURNS, 20, sizes)], PAUSES["stalled"], simulator=simulator)


def aborted(kind: Kind, label: int = 0) -> int:
    user = {"kind": kind, "aborted": 1, "label": label}
    return payload(packet_layout(), {"data": 0, "user": user, "last": 1})


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("cut", [0, 1, 3, 4])
def test_abort_ends_the_packet_under_way(kind: Kind, cut: int) -> None:
    before, after = packet(kind, 0, 4)
    ending = [aborted(kind)] if 0 < cut < 4 else []
    again = packet(kind, 1, 3)
    other = Kind((kind + 1) % len(Kind))
    run_pysim(Output(), [
        Step(inputs={NAMES[kind]: before[:cut]}, outputs={"o": after[:cut]}),
        Step(pins={"abort": 1}, cycles=1),
        Step(pins={"abort": 0}, outputs={"o": ending}),
        Step(inputs={NAMES[kind]: again[0]}, outputs={"o": again[1]}),
        in_turns([other], 1, [2]),
    ])  # fmt: skip


def test_nothing_is_taken_while_it_aborts() -> None:
    before, _ = packet(Kind.RESULT, 0, 1)
    trace = run_pysim(Output(), [
        Step(inputs={"result": before}, pins={"abort": 1}, cycles=5, abandon=True),
        Step(reset=True, pins={"abort": 0}, cycles=3),
    ])  # fmt: skip
    assert trace.left == [len(before)]


@pytest.mark.parametrize("kind", Kind)
def test_reset_within_a_packet_forgets_it_and_whose_turn_it_was(kind: Kind) -> None:
    before, after = packet(kind, 0, 4)
    run_pysim(Output(), [
        Step(inputs={NAMES[kind]: before[:2]}, outputs={"o": after[:2]}),
        Step(reset=True, reads={"o__valid": 0}, cycles=3),
        in_turns(TURNS, 2, [2, 1]),
    ])  # fmt: skip


def test_reset_drops_the_word_on_offer_and_the_one_that_ends_a_packet() -> None:
    before, after = packet(Kind.RESULT, 0, 4)
    offered = Step(inputs={"result": before[:1]}, outputs={"o": after[:1]}, cycles=4, abandon=True)
    ended = [Step(pins={"abort": 1}, cycles=1), Step(pins={"abort": 0}, cycles=2)]
    nothing = Step(reset=True, reads={"o__valid": 0}, cycles=5)
    for steps in ([offered, nothing], [offered, *ended, nothing]):
        trace = run_pysim(Output(), steps, Pauses(stall=1.0))
        assert trace.left == [1]  # on offer


def lying_in_one_another() -> tuple[list[int], list[int]]:
    """Return the last words of two exemplars of one request, as they come and as they leave."""
    user = {"kind": Kind.EXEMPLAR, "aborted": 0, "label": 7}
    before = [{"data": n, "label": 7, "last": 1, "more": 1 - n} for n in range(2)]
    after = [{"data": n, "user": user, "last": 1} for n in range(2)]
    return (
        [payload(source_layout(), word) for word in before],
        [payload(packet_layout(), word) for word in after],
    )


def test_exemplars_of_one_request_keep_the_turn() -> None:
    before, after = lying_in_one_another()
    other, behind = packet(Kind.LATENT, 0, 2)
    run_pysim(Output(), [
        Step(inputs={"exemplar": before[:1], "latent": other}, outputs={"o": after[:1]}, cycles=9,
             abandon=True),
        Step(inputs={"exemplar": before[1:], "latent": other}, outputs={"o": after[1:] + behind}),
    ])  # fmt: skip


def test_abort_between_exemplars_of_one_request_ends_it() -> None:
    before, after = lying_in_one_another()
    run_pysim(Output(), [
        Step(inputs={"exemplar": before[:1]}, outputs={"o": after[:1]}),
        Step(pins={"abort": 1}, cycles=1),
        Step(pins={"abort": 0}, outputs={"o": [aborted(Kind.EXEMPLAR, 7)]}),
        in_turns([Kind.RESULT], 2, [2]),
    ])  # fmt: skip


def test_reset_drops_the_packet_under_way() -> None:
    before, after = packet(Kind.LATENT, 0, 4)
    run_pysim(Output(), [
        Step(inputs={"latent": before[:2]}, outputs={"o": after[:2]}),
        Step(reset=True),
        in_turns(TURNS, 2, [2]),
    ])  # fmt: skip


def test_no_packet_is_torn_whatever_comes_when() -> None:
    """With random pauses the order of packets is free; all that leaves is whole."""
    words: dict[str, list[int]] = {name: [] for name in NAMES.values()}
    for number in range(10):
        for kind in Kind:
            words[NAMES[kind]] += packet(kind, number, 1 + (number * 3 + kind) % 5)[0]
    sinks = run_freely(words)
    layout = packet_layout()
    for before, after in pairwise(map(layout.from_bits, sinks)):
        if not before.last:
            assert after.user.kind == before.user.kind
            assert after.data == before.data + 1
    for kind in Kind:
        sent = [source_layout().from_bits(word).data for word in words[NAMES[kind]]]
        got = [w.data for w in map(layout.from_bits, sinks) if w.user.kind == kind.value]
        assert got == sent


def run_freely(words: dict[str, list[int]]) -> list[int]:
    """Run the block with sources that pause at random; return what leaves."""
    rng, dut, got = random.Random(5), Output(), []
    total = sum(map(len, words.values()))

    async def bench(ctx: Any) -> None:
        left = {name: list(queue) for name, queue in words.items()}
        while len(got) < total:
            for name, queue in left.items():
                port = getattr(dut, name)
                offered = ctx.get(port.valid)
                ctx.set(port.valid, bool(queue) and bool(offered or rng.random() < 0.4))
                ctx.set(port.payload.as_value(), queue[0] if queue else 0)
            ctx.set(dut.o.ready, rng.random() < 0.7)
            for name, queue in left.items():
                port = getattr(dut, name)
                if ctx.get(port.valid) and ctx.get(port.ready):
                    queue.pop(0)
                    taken.add(name)
            if ctx.get(dut.o.valid) and ctx.get(dut.o.ready):
                got.append(ctx.get(dut.o.payload.as_value()))
            await ctx.tick()
            for name in taken:
                ctx.set(getattr(dut, name).valid, 0)
            taken.clear()

    taken: set[str] = set()
    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return got
