# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""Requests: as many as asked for, to the right place, and starts that do nothing."""

import pytest

from rtl.requests import COUNT_WIDTH, Requests, Source
from verification.rtl.chips import make_chip
from verification.rtl.engine import PAUSES, Pauses, Step
from verification.rtl.simulators import cocotb_simulators, run_cocotb, run_pysim

CHIP = make_chip(classes=5)


def start(source: Source, label: int, count: int) -> list[Step]:
    """Raise `start` for a cycle."""
    settings = {"source": int(source), "label": label, "count": count}
    return [
        Step(pins={**settings, "start": 1}, cycles=1),
        Step(pins={"start": 0, "label": 0, "source": 3, "count": 9}),
    ]


def case() -> list[Step]:
    steps = []
    for label, count in ((0, 1), (4, 9), (2, 0), (3, 2)):
        for source, stream in ((Source.SAMPLER, "sampler"), (Source.LATENT, "latent")):
            steps += start(source, label, count)
            steps[-1] = Step(pins=steps[-1].pins, outputs={stream: [label] * count})
        steps.append(Step(reads={"left": 0, "pick": 0}))
    picks = [0, 1, 2, 3, 4, 0, 1]
    steps += start(Source.SELECTOR, 4000, len(picks))
    pins = steps.pop().pins
    steps.append(Step(pins=pins, inputs={"picked": picks}, outputs={"sampler": picks}))
    return [*steps, Step(reads={"left": 0, "pick": 0})]


@pytest.mark.parametrize("pauses", PAUSES.values(), ids=PAUSES)
def test_as_many_as_asked_for(pauses: Pauses) -> None:
    # A start is a cycle long: the streams of its own step wait for the next.
    trace = run_pysim(Requests(CHIP), case(), pauses, ("ignored",))
    assert trace.counts["ignored"] == 0


@pytest.mark.parametrize("simulator", cocotb_simulators())
def test_as_many_as_asked_for_in_verilog(simulator: str) -> None:
    run_cocotb(Requests(CHIP), case(), PAUSES["stalled"], simulator=simulator)


@pytest.mark.parametrize(
    ("source", "label"),
    [(Source.NONE, 0), (Source.SAMPLER, 5), (Source.LATENT, 5), (Source.SAMPLER, 4095)],
)
def test_start_that_cannot_be_is_ignored(source: Source, label: int) -> None:
    trace = run_pysim(
        Requests(CHIP), [*start(source, label, 3), Step(cycles=5, reads={"left": 0})],
        counted=("ignored",),
    )  # fmt: skip
    assert trace.counts["ignored"] == 1


def test_start_while_requests_are_left_is_ignored() -> None:
    first, *_ = start(Source.SELECTOR, 0, 3)
    trace = run_pysim(Requests(CHIP), [
        first,
        *start(Source.LATENT, 1, 9),
        Step(reads={"left": 3}),
        Step(inputs={"picked": [2, 1, 0]}, outputs={"sampler": [2, 1, 0]}, reads={"left": 0}),
    ], counted=("ignored",))  # fmt: skip
    assert trace.counts["ignored"] == 1


def test_no_bit_of_a_count_is_lost() -> None:
    steps = []
    for bit in range(COUNT_WIDTH):
        first, _ = start(Source.SELECTOR, 0, 1 << bit)
        steps += [first, Step(pins={"start": 0}, cycles=2, reads={"left": 1 << bit})]
        steps.append(Step(reset=True, reads={"left": 0}))
    run_pysim(Requests(CHIP), steps)


def test_latency_and_throughput() -> None:
    steps = start(Source.SAMPLER, 1, 20)
    steps[0] = Step(pins=steps[0].pins, cycles=1)
    steps[1] = Step(pins=steps[1].pins, outputs={"sampler": [1] * 20})
    trace = run_pysim(Requests(CHIP), steps)
    # The reset takes cycle 0, the start cycle 1.
    assert trace.offered["sampler"][0] == 1 + Requests.latency
    assert len(trace.transfers["sampler"]) == 20
    assert trace.gaps("sampler") == {Requests.interval}


def test_reset_drops_what_is_left() -> None:
    first, *_ = start(Source.SELECTOR, 0, 3)
    run_pysim(Requests(CHIP), [
        first,
        Step(pins={"start": 0}, cycles=2, reads={"left": 3, "pick": 1}),
        Step(reset=True, cycles=3, reads={"left": 0, "pick": 0}),
    ])  # fmt: skip
