# SPDX-License-Identifier: MIT
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.learn.batches import Samples, mixed_batches, split_batch, steps_of_epoch


@pytest.mark.parametrize(
    ("batch", "n_old", "n_new", "split"),
    [
        (128, 50, 10, (107, 21)),  # 106.67; the 107:21 of 128 of Pellegrini's latent replay
        (128, 0, 50, (0, 128)),
        (128, 50, 0, (128, 0)),
        (10, 1, 3, (3, 7)),  # 2.5 rounds up
        (2, 99, 1, (1, 1)),
        (4, 1, 99, (1, 3)),
        (1, 0, 3, (0, 1)),
    ],
)
def test_a_batch_is_split_by_the_numbers_of_classes(
    batch: int, n_old: int, n_new: int, split: tuple[int, int]
) -> None:
    assert split_batch(batch, n_old, n_new) == split


@pytest.mark.parametrize(
    ("balance", "past"),
    [
        (None, 107),
        (1, 107),
        (2, 116),  # 128 * 100 / 110 = 116.4
        (0.5, 91),  # 128 * 25 / 35 = 91.4
        (0.0625, 30),  # 128 * 50 / 210 = 30.5
        (256, 127),  # 127.7, but one present sample stays
    ],
)
def test_a_past_class_may_count_more_or_less(balance: float | None, past: int) -> None:
    assert split_batch(128, 50, 10, balance) == (past, 128 - past)


@given(st.integers(2, 512), st.integers(0, 200), st.integers(1, 200))
def test_the_split_sums_to_the_batch_and_is_nearest_to_the_exact_share(
    batch: int, n_old: int, n_new: int
) -> None:
    past, present = split_batch(batch, n_old, n_new)
    assert past + present == batch
    exact = Fraction(batch * n_old, n_old + n_new)
    if n_old:
        assert past >= 1
        assert present >= 1
    if 1 <= exact <= batch - 1:
        assert Fraction(-1, 2) < past - exact <= Fraction(1, 2)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((1, 1, 1), ValueError, "Batch B must be an integer >= 2, not 1"),
        ((0, 0, 1), ValueError, "Batch B must be an integer >= 1, not 0"),
        ((8, -1, 1), ValueError, "Past classes n_old must be an integer >= 0, not -1"),
        ((8, 1, 0.5), TypeError, "Present classes n_new must be an integer >= 0, not 0.5"),
        ((8, 1, 1, -3.0), ValueError, "Balance must be a multiple of 1/16 in 1/16..256, not -3.0"),
        ((8, 1, 1, 0.01), ValueError, "Balance must be a multiple of 1/16 in 1/16..256, not 0.01"),
        ((8, 0, 0), ValueError, r"Classes n_old \+ n_new must be an integer >= 1, not 0"),
    ],
)
def test_an_impossible_batch_is_refused(
    arguments: tuple, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        split_batch(*arguments)


def samples(count: int) -> Samples:
    """Samples that say their own number, of class 7."""
    return np.arange(count, dtype=np.uint64)[:, np.newaxis], np.full(count, 7)


@given(st.integers(1, 40), st.integers(2, 12), st.integers(0, 11))
def test_an_epoch_uses_every_present_sample_and_fills_its_last_batch_from_the_first(
    count: int, batch: int, n_past: int
) -> None:
    n_past = min(n_past, batch - 1)
    asked: list[int] = []

    def draw(wanted: int) -> Samples:
        asked.append(wanted)
        exemplars = np.arange(1000, 1000 + wanted, dtype=np.uint64)[:, np.newaxis]
        return exemplars, np.zeros(wanted, np.int64)

    batches = list(
        mixed_batches(
            samples(count),
            draw=draw,
            n_past=n_past,
            batch=batch,
            shuffle=np.random.default_rng(count),
        )
    )
    n_new, steps = batch - n_past, steps_of_epoch(count, batch, n_past)
    assert len(batches) == steps == -(-count // (batch - n_past))
    assert asked == ([n_past * steps] if n_past else [])
    new = np.concatenate([exemplars[:n_new, 0] for exemplars, _ in batches])
    assert sorted(new[:count]) == list(range(count))
    np.testing.assert_array_equal(new, np.resize(new[:count], steps * n_new))
    old = np.concatenate([exemplars[n_new:, 0] for exemplars, _ in batches])
    np.testing.assert_array_equal(old, np.arange(1000, 1000 + n_past * steps))
    for _, labels in batches:
        assert labels.tolist() == [7] * n_new + [0] * n_past
