# SPDX-License-Identifier: MIT
"""Folding of batch normalisation against exact rational arithmetic over every possible sum."""

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from golden.xnor import fires
from sim.images.pretrain.folding import fold

# Numbers that a float holds exactly, so that rationals decide without rounding.
eighths = st.integers(-400, 400).map(lambda n: n / 8)


@given(
    outputs=st.lists(
        st.tuples(eighths, eighths, st.sampled_from([0.5, 1.0, 2.0, 8.0])), min_size=1
    ),
    inputs=st.integers(1, 40),
)
def test_folded_neurons_fire_where_the_normalised_sum_is_not_negative(
    outputs: list[tuple[float, float, float]], inputs: int
) -> None:
    offset, mean, deviation = np.array(outputs).T
    thresholds = fold(offset, mean, deviation, inputs)
    sums = np.arange(-inputs, inputs + 1)
    bits = fires(sums[:, np.newaxis], thresholds, np.ones(len(outputs), np.uint8))
    for j, (b, m, s) in enumerate(outputs):
        exact = [(int(d) - Fraction(m)) / Fraction(s) + Fraction(b) >= 0 for d in sums]
        assert bits[:, j].tolist() == exact
    assert thresholds.dtype == np.int32
    assert (np.abs(thresholds) <= inputs + 1).all()
