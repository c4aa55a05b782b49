# SPDX-License-Identifier: MIT
"""Compiled training equals the plain definition bit for bit, whatever the shape and the widths."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.bits import pack
from golden.kernels.trainer import train_step, trainer_sums
from golden.params import TrainerParams
from golden.trainer import Trainer


def twins(seed, **given):
    params = TrainerParams(seed=seed, **given)
    half = 2 ** (int(params.binary_width) - 1)
    rng = np.random.default_rng(seed)
    latent = rng.integers(-half, half, (params.hidden, params.features)).astype(np.int32)
    return Trainer(params, latent), Trainer(params, latent)


def alike(plain, fast):
    np.testing.assert_array_equal(fast.weights, plain.weights)
    np.testing.assert_array_equal(fast.latent, plain.latent)
    assert fast.weights.dtype == fast.latent.dtype == np.int32
    assert (fast.lfsr.state, fast.lfsr.ticks) == (plain.lfsr.state, plain.lfsr.ticks)


@settings(max_examples=60)
@given(
    st.tuples(st.integers(1, 140), st.integers(1, 9), st.integers(0, 12), st.integers(0, 20)),
    st.sampled_from([8, 16, 32]),
    st.sampled_from([8, 16, 32]),
    st.sampled_from([1, 4, 8, 16]),
    st.sampled_from(["nearest_even", "stochastic"]),
    st.tuples(st.integers(0, 14), st.integers(0, 12), st.integers(-8, 2), st.integers(0, 20)),
    st.sampled_from([1, 2, 16, 49, 50, 64]),
    st.integers(0, 2**64 - 1),
)
def test_steps_and_sums_are_those_of_the_plain_definition(
    shape, q_f, q_b, q_v, rounding, rates, lanes, seed
):
    features, n_classes, hidden, size = shape
    plain, fast = twins(
        seed,
        features=features,
        classes=n_classes,
        hidden=hidden,
        forward_width=q_f,
        backward_width=q_b,
        binary_width=q_v,
        rounding=rounding,
        rate=rates[0],
        binary_rate=rates[1],
        weight_exponent=rates[2],
        window=rates[3],
        lanes=lanes,
    )
    rng = np.random.default_rng(seed)
    classes = np.sort(rng.permutation(n_classes)[: rng.integers(1, n_classes + 1)])
    for _ in range(3):
        exemplars = pack(rng.integers(0, 2, (size, features)))
        labels = rng.choice(classes, size)
        hits = plain.step(exemplars, labels, classes)
        assert train_step(fast, exemplars, labels, classes) == hits
        alike(plain, fast)
        np.testing.assert_array_equal(trainer_sums(fast, exemplars), plain.sums(exemplars))


@pytest.mark.parametrize("width", [8, 16, 32])
@pytest.mark.parametrize("code", [-1, 1])
@pytest.mark.parametrize("size", [40, 255, 256])  # 255 errors of 8 bits still sum to 16 bits
def test_the_largest_sums_overflow_neither(width, code, size):
    """Every weight at an end of its range, all samples and labels alike: nothing cancels."""
    plain, fast = twins(
        1, features=300, classes=3, hidden=2, forward_width=width, backward_width=width, rate=0
    )
    for block in (plain, fast):
        block.weights[:] = (2 ** (width - 1) - 1) * code
        block.weights[1] *= -1
    exemplars, labels = pack(np.ones((size, 300), np.int64)), np.zeros(size, np.int64)
    for _ in range(3):
        np.testing.assert_array_equal(trainer_sums(fast, exemplars), plain.sums(exemplars))
        plain.step(exemplars, labels, np.arange(3))
        train_step(fast, exemplars, labels, np.arange(3))
        alike(plain, fast)


@pytest.mark.parametrize("width", [8, 32])
def test_many_classes_share_a_probability(width):
    """Quotients of all sizes: with 32 bits of an error, a wrong one would be seen."""
    plain, fast = twins(5, features=64, classes=200, forward_width=width, backward_width=32)
    rng = np.random.default_rng(5)
    for block in (plain, fast):
        block.weights[:] = np.random.default_rng(6).integers(-(2**28), 2**28, (200, 64))
    for _ in range(2):
        exemplars, labels = pack(rng.integers(0, 2, (50, 64))), rng.integers(0, 200, 50)
        hits = plain.step(exemplars, labels, np.arange(200))
        assert train_step(fast, exemplars, labels, np.arange(200)) == hits
        alike(plain, fast)


@pytest.mark.parametrize("hidden", [0, 3])
def test_a_batch_without_exemplars_changes_nothing_and_uses_no_word(hidden):
    """As contract, 12, says; also where a kernel makes words of 16 bits four at a time."""
    plain, fast = twins(1, features=10, classes=3, hidden=hidden, rounding="stochastic")
    fresh, _ = twins(1, features=10, classes=3, hidden=hidden, rounding="stochastic")
    none = np.zeros((0, 1), np.uint64), np.zeros(0, np.int64), np.arange(3)
    for _ in range(50):
        assert plain.step(*none) == train_step(fast, *none) == 0
    alike(fresh, plain)
    alike(fresh, fast)


def test_weights_may_lie_in_any_order_in_memory():
    plain, fast = twins(2, features=10, classes=3)
    weights = np.random.default_rng(2).integers(-99, 99, (3, 10), np.int32)
    plain.weights, fast.weights = weights, np.asfortranarray(weights)
    exemplars = pack(np.random.default_rng(3).integers(0, 2, (4, 10)))
    np.testing.assert_array_equal(trainer_sums(fast, exemplars), plain.sums(exemplars))
    labels, classes = np.array([0, 2, 2, 0]), np.array([0, 2])
    assert train_step(fast, exemplars, labels, classes) == plain.step(exemplars, labels, classes)
    alike(plain, fast)


@pytest.mark.parametrize("shape", [(1,), (2, 1, 1)])
def test_exemplars_that_are_no_rows_are_refused(shape):
    plain, fast = twins(1, features=10, classes=3)
    for sums in (plain.sums, lambda rows: trainer_sums(fast, rows)):
        with pytest.raises(ValueError, match=r"Exemplars must have one row each, not the shape"):
            sums(np.zeros(shape, np.uint64))


def test_what_the_plain_definition_refuses_is_refused_and_nothing_is_learned():
    plain, fast = twins(1, features=12, classes=3, hidden=2)
    exemplars = pack(np.zeros((2, 12), np.int64))
    with pytest.raises(ValueError, match=r"Labels must be among the classes, not 2"):
        train_step(fast, exemplars, np.array([0, 2]), np.array([0, 1]))
    with pytest.raises(ValueError, match=r"Exemplars of 12 bits must have the shape"):
        trainer_sums(fast, np.zeros((1, 2), np.uint64))
    alike(plain, fast)
