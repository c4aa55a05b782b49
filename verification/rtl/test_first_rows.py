# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from golden.first_rows import first_rows, first_weights
from golden.params import TrainerParams
from rtl.first_rows import FirstRows, codes_layout, magnitudes
from rtl.trainer import Trainer, row_layout
from verification.rtl.engine import PAUSES, BenchError, Step
from verification.rtl.simulators import cocotb_simulators, payload, run_cocotb, run_pysim
from verification.rtl.test_trainer import codes_of

Codes = NDArray[np.integer]


def params(**changes: Any) -> TrainerParams:
    sizes = {"features": 10, "classes": 5, "backward_width": 8, "lanes": 4, **changes}
    return TrainerParams(**sizes)


SMALL = params()
CORNERS = {
    "64_lanes": (params(features=130, lanes=64), 8),
    "one_of_all": (params(features=1, classes=1, lanes=1), 1),
    "16_bits": (params(features=24, lanes=8, backward_width=16, weight_exponent=-2), 4),
    "32_bits": (params(lanes=3, backward_width=32), 3),
    "narrow_table": (params(weight_exponent=2), 5),
}


def step(params: TrainerParams, q: int, codes: Codes, labels: list[int], seed: int = 0) -> Step:
    """Return the step of the codes of some classes, with their rows as golden has them.

    Codes of lanes past D are random, and so are the labels of all rows but the first.
    """
    rng, beats = np.random.default_rng(seed), params.beats
    spare = beats * params.lanes - params.features
    past = rng.integers(0, 2**q, (len(codes), spare))
    noise = rng.integers(0, params.classes, (len(codes), beats))
    noise[:, 0] = labels
    taken = [
        payload(codes_layout(params, q), {"label": int(label), "codes": row})
        for label, row in zip(
            noise.flat, codes_of(np.hstack([codes, past]), params.lanes, q), strict=True
        )
    ]
    known = [n for n, label in enumerate(labels) if label < params.classes]
    weights = first_rows(params, codes, q)
    rows = codes_of(
        np.pad(weights, ((0, 0), (0, spare)))[known], params.lanes, int(params.backward_width)
    )
    places = [labels[n] * beats + beat for n in known for beat in range(beats)]
    given = [
        payload(row_layout(params), {"row": place, "weights": row})
        for place, row in zip(places, rows, strict=True)
    ]
    ends = 2 ** (int(params.backward_width) - 1)
    met = {
        "highest weight": int((weights == ends - 1).sum()),
        "lowest weight": int((weights == -ends).sum()),
        "lanes past D": spare * len(known),
        "class that is not there": len(labels) - len(known),
    }
    return Step(
        inputs={"i": taken},
        outputs={"o": given},
        meets={f"first_rows: {name}": hits for name, hits in met.items()},
        reads={"unknown": int(len(known) < len(labels))},
    )


def drawn_codes(params: TrainerParams, q: int, classes: int, seed: int = 0) -> Codes:
    return np.random.default_rng(seed).integers(0, 2**q, (classes, params.features))


@pytest.mark.parametrize("r", [-8, -3, -2, 2])
@pytest.mark.parametrize(("q", "width"), [(1, 8), (4, 16), (8, 8), (8, 32)])
def test_all_codes_have_their_weights(q: int, width: int, r: int) -> None:
    drawn = params(features=2**q, lanes=8, backward_width=width, weight_exponent=r)
    codes = np.random.default_rng(q).permutation(2**q)[np.newaxis]
    run_pysim(FirstRows(drawn, q), [step(drawn, q, codes, [3])])


@pytest.mark.parametrize(
    "q", [1, 2, 3, 5, 8, *(pytest.param(q, marks=pytest.mark.slow) for q in range(9, 17))]
)
def test_half_a_table_is_enough(q: int) -> None:
    """By another formula than that of golden, at every width and for every unit of the weights."""
    for width, r in itertools.product((8, 16, 32), range(-8, 3)):
        drawn, top = params(backward_width=width, weight_exponent=r), 2 ** (width - 1)
        half = np.array(magnitudes(drawn, q), np.int64)
        whole = np.concatenate([-half[::-1], np.minimum(half, top - 1)])
        np.testing.assert_array_equal(whole, first_weights.__wrapped__(drawn, q))
        assert (whole != -whole[::-1]).any() == (half.max() == top) == (r <= -3)


@st.composite
def tables(draw: st.DrawFn) -> tuple[TrainerParams, int]:
    lanes = draw(st.integers(1, 9))
    drawn = params(
        features=draw(st.integers(1, 3 * lanes)),
        classes=draw(st.integers(1, 7)),
        lanes=lanes,
        backward_width=draw(st.sampled_from([8, 16, 32])),
        weight_exponent=draw(st.integers(-8, 2)),
    )
    return drawn, draw(st.integers(1, 8))


@settings(max_examples=15)
@given(
    tables(),
    st.lists(st.integers(0, 6), max_size=4),
    st.integers(0, 9),
    st.sampled_from(sorted(PAUSES)),
)
def test_rows_equal_golden(drawn, labels, seed, pauses) -> None:
    given, q = drawn
    labels = [label % given.classes for label in labels]
    codes = drawn_codes(given, q, len(labels), seed)
    run_pysim(FirstRows(given, q), [step(given, q, codes, labels, seed)], PAUSES[pauses])


@pytest.mark.parametrize("pauses", PAUSES.values(), ids=PAUSES)
@pytest.mark.parametrize("name", CORNERS)
def test_pauses_change_no_bit(name, pauses) -> None:
    drawn, q = CORNERS[name]
    labels = [drawn.classes - 1, 0]
    run_pysim(FirstRows(drawn, q), [step(drawn, q, drawn_codes(drawn, q, 2), labels)], pauses)


@pytest.mark.parametrize("simulator", cocotb_simulators())
@pytest.mark.parametrize("name", ["16_bits", "one_of_all"])
def test_corners_in_verilog(name, simulator) -> None:
    drawn, q = CORNERS[name]
    labels = [label % drawn.classes for label in (4, 0, 2, 2, 1, 3)]
    steps = [step(drawn, q, drawn_codes(drawn, q, len(labels)), labels)]
    run_cocotb(FirstRows(drawn, q), steps, PAUSES["idle_stalled"], simulator=simulator)


def test_rows_of_a_class_that_is_not_there_are_dropped() -> None:
    labels = [5, 4, 7, 6, 0]
    only = step(SMALL, 3, drawn_codes(SMALL, 3, 5), labels)
    assert only.meets["first_rows: class that is not there"] == 3
    whole = step(SMALL, 3, drawn_codes(SMALL, 3, 1), [2])
    fresh = Step(whole.inputs, whole.outputs, reads=whole.reads, reset=True)
    run_pysim(FirstRows(SMALL, 3), [only, fresh])


@pytest.mark.parametrize("name", CORNERS)
def test_a_row_takes_as_long_as_it_says(name) -> None:
    drawn, q = CORNERS[name]
    dut = FirstRows(drawn, q)
    labels = [0] * 4
    trace = run_pysim(dut, [step(drawn, q, drawn_codes(drawn, q, 4), labels)])
    assert trace.gaps("i") == trace.gaps("o") == {dut.interval}
    for taken, offered in zip(trace.transfers["i"], trace.offered["o"], strict=True):
        assert offered - taken == dut.latency


@pytest.mark.parametrize("cycles", [1, 4, 9, 15])
def test_reset_in_the_middle_drops_the_class(cycles) -> None:
    whole = step(SMALL, 3, drawn_codes(SMALL, 3, 2), [1, 3])
    begun = Step(whole.inputs, whole.outputs, cycles=cycles, abandon=True)
    trace = run_pysim(FirstRows(SMALL, 3), [begun, Step(reset=True), whole])
    assert trace.left[0] > 0


def test_a_trainer_takes_the_rows_as_they_are() -> None:
    rows, trainer = FirstRows(SMALL, 3).o, Trainer(SMALL, 4).writes
    assert rows.signature == trainer.signature.flip()


def test_a_bench_with_a_wrong_weight_fails() -> None:
    right = step(SMALL, 3, drawn_codes(SMALL, 3, 1), [2])
    wrong = [right.outputs["o"][0] ^ 16, *right.outputs["o"][1:]]
    with pytest.raises(BenchError, match=r"o\[0\]: .* came, and .* was expected"):
        run_pysim(FirstRows(SMALL, 3), [Step(right.inputs, {"o": wrong})])


@pytest.mark.parametrize(
    ("changes", "q", "message"),
    [
        ({"hidden": 2}, 8, "must have H = 0 and integer weights in hardware, not 2 and 8"),
        ({"forward_width": "float", "backward_width": "float", "binary_width": "float"}, 8,
         "must have H = 0 and integer weights in hardware, not 0 and float"),
        ({}, 17, r"Code width q must be an integer in 1..16, not 17"),
    ],
)  # fmt: skip
def test_what_hardware_cannot_be(changes, q, message) -> None:
    with pytest.raises(ValueError, match=message):
        FirstRows(params(**changes), q)
