# SPDX-License-Identifier: MIT
"""OR pooling is the sign of the maximum, and may come after the sign."""

import numpy as np
import pytest

from golden.conv import Conv
from golden.params import ConvParams, MapShape, PoolParams
from golden.pool import Pool
from golden.xnor import fires


def maximum(values, size):
    """The naive maximum of every window of one map."""
    height, width, channels = values.shape
    out = np.empty((height // size, width // size, channels), values.dtype)
    for y in range(height // size):
        for x in range(width // size):
            window = values[y * size : (y + 1) * size, x * size : (x + 1) * size]
            out[y, x] = window.reshape(-1, channels).max(axis=0)
    return out


@pytest.mark.parametrize("size", [1, 2, 3])
def test_or_pooling_is_the_sign_of_the_maximum(size):
    shape = MapShape(height=6, width=12, channels=5)
    x = np.random.default_rng(size).integers(0, 4, (3, *shape.array_shape)) == 0
    pooled = Pool(PoolParams(input=shape, size=size)).forward(x.astype(np.uint8))
    assert np.array_equal(pooled, [maximum(2 * image.astype(int) - 1, size) > 0 for image in x])


def test_convolution_then_maximum_then_sign_equals_convolution_then_sign_then_or():
    shape = MapShape(height=8, width=8, channels=4)
    params = ConvParams(input=shape, outputs=6)
    rng = np.random.default_rng(7)
    conv = Conv(params, rng.integers(0, 2, params.weight_shape, np.uint8))
    x = rng.integers(0, 2, (4, *shape.array_shape), np.uint8)
    pooled = Pool(PoolParams(input=params.output, size=2)).forward(conv.forward(x))
    assert np.array_equal(
        pooled, [fires(maximum(dots, 2).astype(np.int32)) for dots in conv.dots(x)]
    )


def test_all_windows_of_four_bits():
    windows = np.array([[n >> j & 1 for j in range(4)] for n in range(16)], np.uint8)
    pool = Pool(PoolParams(input=MapShape(height=2, width=2, channels=1)))
    assert pool.forward(windows.reshape(16, 2, 2, 1)).ravel().tolist() == [0] + 15 * [1]


def test_inputs_that_do_not_fit_are_refused():
    pool = Pool(PoolParams(input=MapShape(height=2, width=2, channels=1)))
    message = r"Pool inputs must have the shape \(..., 2, 2, 1\), not \(2, 2\)"
    with pytest.raises(ValueError, match=message):
        pool.forward(np.zeros((2, 2), np.uint8))
