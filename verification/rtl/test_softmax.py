# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.params import TrainerParams
from golden.softmax import exponentials, softmax
from rtl.softmax import EXPONENTIALS, Softmax, logit_layout, share_layout
from verification.rtl.engine import PAUSES, BenchError, Step
from verification.rtl.simulators import cocotb_simulators, payload, run_cocotb, run_pysim

SMALL = TrainerParams(features=3, classes=6)


def step(samples: list[list[int]]) -> Step:
    """Return the step of samples, one logit for each of their classes, with golden's shares."""
    logits, shares, ends = [], [], 0
    for sample in samples:
        given = softmax(np.array([sample], np.int64), 8)[0]
        for place, (logit, share) in enumerate(zip(sample, given, strict=True)):
            last = int(place == len(sample) - 1)
            logits.append(payload(logit_layout(), {"logit": logit, "last": last}))
            shares.append(payload(share_layout(), {"share": int(share), "last": last}))
        ends += sample.count(-128) > 0 and sample.count(127) > 0
    met = {
        "one class": sum(len(sample) == 1 for sample in samples),
        "all logits alike": sum(len(set(sample)) == 1 < len(sample) for sample in samples),
        "highest distance": ends,
    }
    return Step(
        inputs={"i": logits},
        outputs={"o": shares},
        meets={f"softmax: {name}": hits for name, hits in met.items()},
    )


def drawn(rng: np.random.Generator, classes: int, count: int) -> list[list[int]]:
    """Return samples of up to so many classes, some with logits that are near each other."""
    samples = []
    for _ in range(count):
        spread = int(rng.choice([1, 9, 128]))
        samples.append(rng.integers(-spread, spread, int(rng.integers(1, classes + 1))).tolist())
    return samples


CORNERS = [[5], [7] * 6, [-128, 127, 0, 127], [0, -128], [127, -128, 1, 2, 3, 4]]


def test_the_table_is_goldens_coarse_one() -> None:
    coarse, fine = exponentials()
    assert coarse.tolist() == EXPONENTIALS
    assert fine[0] == 2**30


@settings(max_examples=10)
@given(st.integers(1, 12), st.integers(0, 2**32), st.sampled_from(sorted(PAUSES)))
def test_shares_equal_golden(classes: int, seed: int, pauses: str) -> None:
    samples = drawn(np.random.default_rng(seed), classes, 3)
    run_pysim(Softmax(replace(SMALL, classes=classes)), [step(samples)], PAUSES[pauses])


@pytest.mark.parametrize("pauses", PAUSES.values(), ids=PAUSES)
def test_pauses_change_no_bit(pauses) -> None:
    run_pysim(Softmax(SMALL), [step(CORNERS)], pauses)


@pytest.mark.parametrize("pauses", ["stalled", "patient"])
def test_classes_that_the_divider_has_no_room_for_wait(pauses: str) -> None:
    params, classes = replace(SMALL, classes=40), range(-20, 20)
    assert len(classes) > Softmax(params).latency
    run_pysim(Softmax(params), [step([[*classes], [*classes]])], PAUSES[pauses])


@pytest.mark.parametrize("simulator", cocotb_simulators())
def test_shares_in_verilog(simulator: str) -> None:
    samples = CORNERS + drawn(np.random.default_rng(1), 6, 60)
    run_cocotb(Softmax(SMALL), [step(samples)], PAUSES["idle_stalled"], simulator=simulator)


def test_a_sample_takes_as_long_as_it_says() -> None:
    dut, sizes = Softmax(SMALL), [1, 4, 6, 2, 6]
    trace = run_pysim(dut, [step([[n] * n for n in sizes])])
    ends = np.cumsum(sizes)
    starts = ends - sizes
    taken, offered = trace.transfers["i"], trace.offered["o"]
    for n, first, last in zip(sizes, starts, ends - 1, strict=True):
        assert offered[first] - taken[last] == n + dut.latency
        assert offered[last] - offered[first] == n - 1
    for n, (first, following) in zip(sizes, pairwise(starts), strict=False):
        assert taken[following] - taken[first] == 3 * n + dut.interval


@pytest.mark.parametrize("cycles", [2, 9, 17, 40, 51])
def test_reset_in_the_middle_drops_the_sample(cycles: int) -> None:
    whole = step([[1, 2, 3, 4, 5, 6]])
    begun = Step(whole.inputs, whole.outputs, cycles=cycles, abandon=True)
    trace = run_pysim(Softmax(SMALL), [begun, Step(reset=True), step(CORNERS)])
    assert trace.left[0] > 0


def test_a_bench_with_a_wrong_share_fails() -> None:
    right = step([[1, 2]])
    shares = right.outputs["o"]
    with pytest.raises(BenchError, match=r"o\[1\]: .* came, and .* was expected"):
        run_pysim(Softmax(SMALL), [Step(right.inputs, {"o": [shares[0], shares[1] ^ 1]})])
