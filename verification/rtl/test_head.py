# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.head import Head as GoldenHead
from golden.params import AcceleratorParams, HeadParams, MvuParams
from rtl.head import Head, logit_layout, output_layout
from verification.rtl.engine import PAUSES, Pauses, Step
from verification.rtl.simulators import cocotb_simulators, payload, run_cocotb, run_pysim, shared


def params(pe: int, classes: int, count_width: int = 8) -> AcceleratorParams:
    return AcceleratorParams(mvu=MvuParams(pe=pe, count_width=count_width), classes=classes)


def random_head(head: HeadParams, rng: np.random.Generator) -> GoldenHead:
    def weights(*shape: int) -> np.ndarray:
        return rng.integers(0, 2, shape, np.uint8)

    output = (head.classes, head.concat)
    return GoldenHead(head, weights(head.hidden, head.features), weights(*output), weights(*output))


def bench(machine: AcceleratorParams, head: GoldenHead, x: np.ndarray, n_classes: int) -> Step:
    """Classify one embedding; the counts come from the planes, all else from golden."""
    z = np.concatenate([head.hidden(x), x])
    counts = (z == head.plane_a).sum(axis=1) + (z == head.plane_b).sum(axis=1)
    pe, classes, offered = machine.mvu.pe, head.params.classes, []
    for first in range(0, classes, pe):
        lanes = min(pe, classes - first)
        unused = [2**machine.mvu.count_width - 1] * (pe - lanes)
        tile = {
            "counts": [*map(int, counts[first : first + lanes]), *unused],
            "lanes": lanes,
            "last": first + pe >= classes,
        }
        offered.append(payload(output_layout(machine), tile))
    expected = [
        payload(logit_layout(machine), {
            "logit": int(logit),
            "best": int(head.classify(x, min(c + 1, n_classes))),
            "last": c == classes - 1,
        })
        for c, logit in enumerate(head.logits(x))
    ]  # fmt: skip
    logits = head.logits(x)
    winners = np.flatnonzero(logits[:n_classes] == logits[:n_classes].max())
    meets = {
        "head: tie won by the lower class": len(winners) > 1,
        "head: a class not seen yet would have won": int(logits.argmax() >= n_classes),
    }
    pins = {"concat": head.params.concat, "n_classes": n_classes}
    return Step(pins=pins, inputs={"i": offered}, outputs={"o": expected}, meets=meets)


@settings(max_examples=60)
@given(st.data())
def test_logits_and_class_equal_golden(data: st.DataObject) -> None:
    # Few features: ties are frequent.
    sizes = HeadParams(
        features=data.draw(st.integers(1, 20)),
        classes=data.draw(st.integers(1, 12)),
        hidden=data.draw(st.integers(0, 5)),
    )
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    head, machine = random_head(sizes, rng), params(data.draw(st.integers(1, 5)), 12)
    steps = [
        bench(machine, head, x, data.draw(st.integers(1, sizes.classes)))
        for x in rng.integers(0, 2, (3, sizes.features), np.uint8)
    ]
    run_pysim(Head(machine), steps, PAUSES[data.draw(st.sampled_from(sorted(PAUSES)))])


@pytest.mark.parametrize("pauses", PAUSES.values(), ids=PAUSES)
@pytest.mark.parametrize("simulator", cocotb_simulators())
def test_any_pauses_in_verilog(pauses: Pauses, simulator: str) -> None:
    rng, machine, steps = np.random.default_rng(1), params(16, 100, 16), []
    for classes, hidden, features in ((100, 128, 512), (16, 0, 4), (7, 3, 2), (1, 0, 1)):
        head = random_head(HeadParams(features=features, classes=classes, hidden=hidden), rng)
        for n_classes in sorted({1, (classes + 1) // 2, classes}):
            x = rng.integers(0, 2, features, np.uint8)
            steps.append(bench(machine, head, x, n_classes))
    run_cocotb(shared(Head, machine), steps, pauses, simulator=simulator)


def test_extreme_logits() -> None:
    sizes = HeadParams(features=127, classes=2, hidden=0)
    ones = np.ones((2, 127), np.uint8)
    head = GoldenHead(sizes, np.empty((0, 127), np.uint8), ones, ones)
    for bit, logit in ((0, -254), (1, 254)):
        x = np.full(127, bit, np.uint8)
        assert head.logits(x).tolist() == [logit, logit]
        run_pysim(Head(params(2, 2)), [bench(params(2, 2), head, x, 2)])


def test_a_logit_a_cycle_and_latency() -> None:
    rng, machine = np.random.default_rng(2), params(4, 12)
    head = random_head(HeadParams(features=9, classes=10, hidden=0), rng)
    dut = Head(machine)
    step = bench(machine, head, rng.integers(0, 2, 9, np.uint8), 10)
    trace = run_pysim(dut, [step])
    given_out, taken = trace.transfers["o"], trace.transfers["i"]
    assert len(given_out) == 10
    assert trace.gaps("o") == {dut.interval}
    assert [given_out[n] for n in (0, 4, 8)] == [cycle + dut.latency for cycle in taken]


def test_reset_begins_with_class_0() -> None:
    rng, machine = np.random.default_rng(3), params(4, 12)
    head = random_head(HeadParams(features=9, classes=8, hidden=0), rng)
    step = bench(machine, head, rng.integers(0, 2, 9, np.uint8), 8)
    first = Step(pins=step.pins, inputs={"i": step.inputs["i"][:1]}, outputs={
        "o": step.outputs["o"][:4]
    })  # fmt: skip
    run_pysim(Head(machine), [first, Step(reset=True), step])


def one_tile(counts: list[int], best: list[int], last: int) -> Step:
    """Offer a tile of four classes, of 12 inputs; `best` is the class that leads after each."""
    machine = params(4, 12)
    given = {"counts": counts, "lanes": 4, "last": last}
    logits = [
        payload(logit_layout(machine), {
            "logit": 2 * count - 24, "best": label, "last": last & int(n == 3),
        })
        for n, (count, label) in enumerate(zip(counts, best, strict=True))
    ]  # fmt: skip
    return Step(
        pins={"concat": 12, "n_classes": 8},
        inputs={"i": [payload(output_layout(machine), given)]},
        outputs={"o": logits},
    )


def test_reset_begins_with_class_0_even_if_no_class_wins() -> None:
    """Nothing beats a count of 0, so the class that led before the reset would show."""
    begun = one_tile([1, 2, 3, 4], [0, 1, 2, 3], last=0)
    again = one_tile([0] * 4, [0] * 4, last=1)
    run_pysim(Head(params(4, 12)), [begun, Step(reset=True), again])


def test_a_count_of_1_beats_counts_of_0() -> None:
    """In the first picture after a reset, and in the one after another."""
    picture = one_tile([0, 0, 1, 0], [0, 0, 2, 2], last=1)
    run_pysim(Head(params(4, 12)), [picture, picture])
