# SPDX-License-Identifier: MIT
"""Integer trainer against a third implementation in plain integers, and against the reals."""

import re
from math import isqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.bits import pack
from golden.float_trainer import FloatTrainer
from golden.params import TrainerParams
from golden.trainer import Trainer
from verification.golden.third_trainer import Third


def first_latent(params, rng):
    half = 2 ** (params.binary_width - 1)
    shape = (params.hidden, params.features)
    return rng.integers(-half, half, shape).astype(np.int32)


def trainer(latent_seed=0, **given):
    params = TrainerParams(
        **{"features": 12, "classes": 5, "hidden": 4, "rate": 4, "weight_exponent": -2, **given}
    )
    return Trainer(params, first_latent(params, np.random.default_rng(latent_seed)))


def batch(rng, size=6, features=12, classes=(0, 1, 2, 3, 4)):
    bits = rng.integers(0, 2, (size, features))
    return bits, rng.choice(classes, size)


@settings(max_examples=30)
@given(
    st.sampled_from([8, 16, 32]),
    st.sampled_from([8, 16, 32]),
    st.sampled_from([1, 4, 8, 16]),
    st.sampled_from(["nearest_even", "stochastic"]),
    st.tuples(st.integers(0, 12), st.integers(0, 8), st.integers(-4, 2), st.integers(0, 12)),
    st.integers(0, 3),
    st.sampled_from([1, 2, 5, 12, 64]),
    st.integers(0, 2**32),
)
def test_every_bit_equals_a_third_implementation(
    q_f, q_b, q_v, rounding, rates, hidden, lanes, seed
):
    rate, binary_rate, weight_exponent, window = rates
    block = trainer(
        seed,
        hidden=hidden,
        forward_width=q_f,
        backward_width=q_b,
        binary_width=q_v,
        rounding=rounding,
        rate=rate,
        binary_rate=binary_rate,
        weight_exponent=weight_exponent,
        window=window,
        lanes=lanes,
        seed=seed,
    )
    third, rng = Third(block.params, block.latent), np.random.default_rng(seed)
    classes = np.flatnonzero(rng.random(5) < 0.7)
    classes = classes if len(classes) else np.array([3])
    for _ in range(3):
        bits, labels = batch(rng, 4, classes=classes)
        sums = block.sums(pack(bits))
        assert sums.tolist() == [
            third.sums(third.inputs(one)[0], range(5)) for one in bits.tolist()
        ]
        hits = block.step(pack(bits), labels, classes)
        assert hits == third.step(bits.tolist(), labels.tolist(), classes.tolist())
        assert block.weights.tolist() == third.w
        assert block.latent.tolist() == third.v


def test_one_bit_latent_weights_are_left_as_they_are():
    for rounding in ("nearest_even", "stochastic"):
        frozen, moving = (
            trainer(binary_width=width, binary_rate=0, weight_exponent=2, rounding=rounding)
            for width in (1, 4)
        )
        before, rng = frozen.latent.copy(), np.random.default_rng(1)
        start = moving.latent.copy()
        for _ in range(30):
            bits, labels = batch(rng)
            for block in (frozen, moving):
                block.step(pack(bits), labels, np.arange(5))
        np.testing.assert_array_equal(frozen.latent, before)
        assert (moving.latent != start).any()


def test_thirty_two_bits_follow_the_reals():
    wide = trainer(
        forward_width=32, backward_width=32, binary_width=16, rate=6, binary_rate=3, features=40
    )
    real = FloatTrainer(
        TrainerParams(
            features=40,
            classes=5,
            hidden=4,
            forward_width="float",
            backward_width="float",
            binary_width="float",
            rate=6,
            binary_rate=3,
        ),
        wide.latent / 2.0**15,
    )
    rng = np.random.default_rng(3)
    for _ in range(20):
        bits, labels = batch(rng, 8, 40)
        for block in (wide, real):
            block.step(pack(bits), labels, np.arange(5))
    moved = np.abs(real.weights).max()
    assert moved > 0.05
    np.testing.assert_allclose(wide.weights * 2.0**-33, real.weights, atol=1e-3 * moved)
    np.testing.assert_allclose(wide.latent / 2.0**15, real.latent, atol=20 / 2.0**15)


def test_narrow_nearest_weights_stand_still_where_stochastic_ones_learn():
    """A step below half a unit is lost to the nearest, and kept on average by chance."""
    still, chance = (
        trainer(backward_width=8, rate=12, rounding=kind) for kind in ("nearest_even", "stochastic")
    )
    rng = np.random.default_rng(4)
    for _ in range(20):
        bits, labels = batch(rng, 4)
        for block in (still, chance):
            block.step(pack(bits), labels, np.arange(5))
    assert not still.weights.any()
    assert chance.weights.any()


def test_lanes_change_words_alone():
    """What is rounded to nearest has no words; by chance, L neighbours have one word."""
    plain, shared = (trainer(rounding="nearest_even", lanes=lanes) for lanes in (1, 8))
    by_chance, rng = trainer(rounding="stochastic", lanes=8), np.random.default_rng(8)
    for _ in range(5):
        bits, labels = batch(rng)
        for block in (plain, shared, by_chance):
            block.step(pack(bits), labels, np.arange(5))
    np.testing.assert_array_equal(plain.weights, shared.weights)
    errors, back, latent, weights = 6 * 5, 6 * 1, 4 * 2, 5 * 2
    assert by_chance.lfsr.ticks == 5 * (errors + back + latent + weights)


def test_rows_of_other_classes_stay_and_weights_saturate():
    block, rng = trainer(backward_width=8, rate=0, weight_exponent=-8), np.random.default_rng(5)
    for _ in range(10):
        bits, labels = batch(rng, 6, classes=(1, 3))
        block.step(pack(bits), labels, np.array([1, 3]))
    assert not block.weights[[0, 2, 4]].any()
    assert (block.weights.min(), block.weights.max()) == (-128, 127)


@pytest.mark.parametrize("rounding", ["nearest_even", "stochastic"])
def test_it_goes_on_bit_for_bit_from_its_state(rounding):
    rng, blocks = np.random.default_rng(6), [trainer(rounding=rounding) for _ in range(2)]
    batches = [batch(rng) for _ in range(6)]
    for bits, labels in batches[:3]:
        blocks[0].step(pack(bits), labels, np.arange(5))
    blocks[1].load_state(blocks[0].state_dict())
    for bits, labels in batches[3:]:
        for block in blocks:
            block.step(pack(bits), labels, np.arange(5))
    first, second = (block.state_dict() for block in blocks)
    assert first.keys() == second.keys()
    for key, value in first.items():
        np.testing.assert_array_equal(value, second[key])


def test_a_new_seed_rounds_as_a_trainer_that_was_made_with_it():
    rng, other = np.random.default_rng(6), trainer(seed=77, rounding="stochastic", lanes=4)
    block = trainer(rounding="stochastic", lanes=4)
    bits, labels = batch(rng)
    block.lfsr.tick()
    block.reseed(77)
    for each in (block, other):
        each.step(pack(bits), labels, np.arange(5))
    np.testing.assert_array_equal(block.weights, other.weights)
    assert block.lfsr.state == other.lfsr.state


def test_it_learns_what_a_line_can_separate():
    block, rng = trainer(features=30, hidden=8, rate=6), np.random.default_rng(7)
    centres = rng.integers(0, 2, (5, 30))
    labels = np.tile(np.arange(5), 8)
    bits = centres[labels] ^ (rng.random((40, 30)) < 0.1)
    for _ in range(30):
        block.step(pack(bits), labels, np.arange(5))
    assert (block.sums(pack(bits)).argmax(axis=1) == labels).all()


def test_the_usual_window_is_where_a_scaled_sum_is_within_one():
    assert [abs(s) <= isqrt(512) for s in (22, 24)] == [abs(s) / 512**0.5 <= 1 for s in (22, 24)]


X = pack(np.zeros((2, 12), np.int64))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: Trainer(
                TrainerParams(
                    features=2,
                    classes=2,
                    forward_width="float",
                    backward_width="float",
                    binary_width="float",
                ),
                np.zeros((0, 2), np.int32),
            ),
            ValueError,
            "Widths must be integers for the integer trainer, not float",
        ),
        (
            lambda: Trainer(trainer().params, np.zeros((4, 12))),  # type: ignore[arg-type]
            TypeError,
            "Latent weights must be an int32 array, not float64",
        ),
        (
            lambda: Trainer(trainer().params, np.zeros((4, 11), np.int32)),
            ValueError,
            "Latent weights must have the shape (4, 12), not (4, 11)",
        ),
        (
            lambda: Trainer(trainer().params, np.full((4, 12), 8, np.int32)),
            ValueError,
            "Latent weights must be in -8..7, not 8",
        ),
        (
            lambda: trainer().step(X, np.array([0]), np.arange(5)),
            ValueError,
            "Exemplars must have one row for each of 1 labels, not the shape (2, 1)",
        ),
        (
            lambda: trainer().step(X, np.array([0, 1]), np.array([1, 0])),
            ValueError,
            "Classes must rise within 0..4, not [1, 0]",
        ),
        (
            lambda: trainer().step(X, np.array([0, 1]), np.array([0, 1, 5])),
            ValueError,
            "Classes must rise within 0..4, not [0, 1, 5]",
        ),
        (
            lambda: trainer().step(X, np.array([0, 2]), np.array([0, 1])),
            ValueError,
            "Labels must be among the classes, not 2",
        ),
        (
            lambda: trainer().sums(np.zeros((1, 2), np.uint64)),
            ValueError,
            "Exemplars of 12 bits must have the shape (..., 1), not (1, 2)",
        ),
    ],
)
def test_what_is_refused(call, error, message):
    with pytest.raises(error, match=re.escape(message)):
        call()
