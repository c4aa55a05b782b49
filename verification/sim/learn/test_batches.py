# SPDX-License-Identifier: MIT
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.learn.batches import split_batch


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
        ((8, 0, 0), ValueError, r"Classes n_old \+ n_new must be an integer >= 1, not 0"),
    ],
)
def test_an_impossible_batch_is_refused(
    arguments: tuple, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        split_batch(*arguments)
