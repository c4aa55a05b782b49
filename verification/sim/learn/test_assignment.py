# SPDX-License-Identifier: MIT
"""Greedy assignment of codes, by hand and against a loop written from Algorithm 1 of binplay."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.index_code import IndexCode
from golden.params import IndexCodeParams
from sim.learn.assignment import assign_codes


def assigned_one_by_one(latents, codes, order):
    """Algorithm 1: each takes the element of C closest to it, which then leaves C."""
    free = list(range(len(codes)))
    chosen, losses = [0] * len(latents), [0.0] * len(latents)
    for sample in order:
        distances = {
            c: sum((z - b) ** 2 for z, b in zip(latents[sample], codes[c], strict=True))
            for c in free
        }
        nearest = min(free, key=lambda c: (distances[c], c))
        chosen[sample], losses[sample] = nearest, distances[nearest]
        free.remove(nearest)
    return chosen, losses


CODES = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]], np.float64)


@pytest.mark.parametrize(
    ("order", "chosen", "losses"),
    [
        # All are closest to (1, 1), and next to that, the second to (1, -1), the third to (-1, 1).
        ([0, 1, 2], [3, 2, 1], [0.5, 1.625, 1.625]),
        # (0.5, 0.5) comes last, and has what is left.
        ([2, 1, 0], [1, 2, 3], [2.5, 1.625, 0.625]),
        # It comes second: of (-1, 1) and (1, -1), equally far, it takes the lower one.
        ([1, 0, 2], [1, 3, 2], [2.5, 0.625, 3.625]),
    ],
    ids=["first", "last", "middle"],
)
def test_by_hand(order: list[int], chosen: list[int], losses: list[float]) -> None:
    latents = np.array([[0.5, 0.5], [0.75, 0.25], [0.25, 0.75]])
    found, distances = assign_codes(latents, CODES, np.array(order))
    assert found.tolist() == chosen
    assert distances.tolist() == losses


def test_of_equally_close_codes_the_lowest() -> None:
    assert assign_codes(np.zeros((4, 2)), CODES, np.array([3, 1, 0, 2]))[0].tolist() == [2, 1, 3, 0]


@settings(max_examples=30)
@given(st.integers(1, 12), st.integers(0, 4), st.integers(1, 6), st.integers(0, 2**32))
def test_equals_the_loop(samples: int, spare: int, bits: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    latents = rng.integers(-3, 4, (samples, bits)) / 4  # ties are common
    codes = rng.choice([-1.0, 1.0], (samples + spare, bits))
    order = rng.permutation(samples)
    chosen, losses = assign_codes(latents, codes, order)
    expected, distances = assigned_one_by_one(latents.tolist(), codes.tolist(), order.tolist())
    assert chosen.tolist() == expected
    assert losses.tolist() == distances


def test_many_samples_take_every_code_once() -> None:
    codes = 2.0 * IndexCode(IndexCodeParams.fitting(60, 1300)).codes(range(1, 1301)) - 1
    rng = np.random.default_rng(0)
    shuffled = rng.permutation(1300)
    chosen, losses = assign_codes(codes[shuffled], codes, rng.permutation(1300))
    # Every latent is a code itself, and finds it.
    assert np.array_equal(chosen, shuffled)
    assert not losses.any()


@pytest.mark.parametrize(
    ("samples", "order", "message"),
    [
        (5, [0, 1, 2, 3, 4], r"^Codes must be at least 5, one for every sample, not 4$"),
        (2, [0, 0], r"^Order must name each of 2 samples once$"),
        (2, [0], r"^Order must name each of 2 samples once$"),
    ],
)
def test_refusals(samples: int, order: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        assign_codes(np.zeros((samples, 2)), CODES, np.array(order))
