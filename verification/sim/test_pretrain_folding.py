# SPDX-License-Identifier: MIT
"""Folding of batch normalisation against exact rational arithmetic over every possible sum."""

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from golden.xnor import fires
from sim.pretrain.folding import fold

# Numbers that a float holds exactly, so that rationals decide without rounding.
halves = st.integers(-40, 40).map(lambda n: n / 8)


@given(
    outputs=st.lists(
        st.tuples(halves, halves, halves, st.sampled_from([0.5, 1.0, 2.0])), min_size=1
    ),
    scale=st.sampled_from([0.25, 0.5, 1.0]),
    inputs=st.integers(1, 40),
)
def test_folded_neurons_fire_where_the_normalised_sum_is_not_negative(
    outputs: list[tuple[float, float, float, float]], scale: float, inputs: int
) -> None:
    gamma, beta, mean, deviation = np.array(outputs).T
    # Gains are powers of two or 0: the quotient in the fold is then exact as well.
    gamma = np.sign(gamma) * 2.0 ** np.floor(np.log2(np.maximum(np.abs(gamma), 0.125)))
    thresholds, polarity = fold(gamma, beta, mean, deviation, scale, inputs)
    sums = np.arange(-inputs, inputs + 1)
    bits = fires(sums[:, np.newaxis], thresholds, polarity)
    for j in range(len(outputs)):
        g, b, m, s = (Fraction(float(v[j])) for v in (gamma, beta, mean, deviation))
        exact = [g * (Fraction(scale) * int(d) - m) / s + b >= 0 for d in sums]
        assert bits[:, j].tolist() == exact
    assert thresholds.dtype == np.int32
    assert (np.abs(thresholds) <= inputs + 1).all()
