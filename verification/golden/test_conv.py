# SPDX-License-Identifier: MIT
"""Convolution against a naive loop over integers, written from the contract."""

import numpy as np
import pytest

from golden.conv import Conv
from golden.params import ConvParams, MapShape


def naive(params, x, w, padding=-1):
    """Section 3 in +1 and -1: dot products of one map, and the position of every output."""
    height, width, _ = x.shape
    k, g = params.kernel, params.groups
    pad = (k - 1) // 2 if params.padding == "same" else 0
    c_in, c_out = x.shape[2] // g, params.outputs // g
    rows, columns = height + 2 * pad - k + 1, width + 2 * pad - k + 1
    dots = np.zeros((rows, columns, params.outputs), int)
    for y in range(rows):
        for z in range(columns):
            for o in range(params.outputs):
                gamma = o // c_out
                for i in range(k):
                    for j in range(k):
                        for c in range(c_in):
                            row, column = y + i - pad, z + j - pad
                            inside = 0 <= row < height and 0 <= column < width
                            bit = x[row, column, gamma * c_in + c] if inside else None
                            value = padding if bit is None else 2 * int(bit) - 1
                            dots[y, z, o] += value * (2 * int(w[o, i, j, c]) - 1)
    return dots


def moved(params, dots):
    """Channels where the shuffle puts them."""
    out = np.empty_like(dots)
    size = params.outputs // params.groups
    for o in range(params.outputs):
        gamma, i = divmod(o, size)
        out[..., i * params.groups + gamma if params.shuffle else o] = dots[..., o]
    return out


def drawn(seed, batch=2, **values):
    height, width, channels = values.pop("shape")
    params = ConvParams(input=MapShape(height=height, width=width, channels=channels), **values)
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 2, (batch, height, width, channels), np.uint8)
    return params, x, rng.integers(0, 2, params.weight_shape, np.uint8)


CASES = [
    {"shape": (4, 5, 3), "outputs": 2},
    {"shape": (4, 5, 3), "outputs": 2, "padding": "valid"},
    {"shape": (4, 4, 6), "outputs": 4, "groups": 2},
    {"shape": (4, 4, 6), "outputs": 9, "groups": 3, "shuffle": True},
    {"shape": (3, 5, 4), "outputs": 4, "groups": 4},
    {"shape": (3, 3, 4), "outputs": 8, "groups": 4, "shuffle": True, "padding": "valid"},
    {"shape": (4, 4, 3), "outputs": 3, "groups": 3, "kernel": 4, "padding": "valid"},
    {"shape": (3, 4, 5), "outputs": 3, "kernel": 1},
    {"shape": (2, 2, 2), "outputs": 2, "kernel": 5},
    {"shape": (5, 4, 2), "outputs": 2, "kernel": 2, "padding": "valid"},
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_convolution_equals_the_naive_loop(case):
    params, x, w = drawn(1, **case)
    expected = np.array([moved(params, naive(params, image, w)) for image in x])
    bits = Conv(params, w).forward(x)
    assert np.array_equal(bits, expected >= 0)
    assert bits.shape[1:] == params.output.array_shape


@pytest.mark.parametrize("padding", [0, 1])
def test_padding_with_another_value_would_show(padding):
    params, x, w = drawn(2, shape=(4, 4, 3), outputs=4)
    dots = Conv(params, w).dots(x[0])
    assert np.array_equal(dots, naive(params, x[0], w))
    assert not np.array_equal(dots, naive(params, x[0], w, padding))


def test_thresholds_belong_to_channels_before_the_shuffle():
    params, x, w = drawn(3, shape=(3, 3, 4), outputs=6, groups=2, shuffle=True, thresholds=True)
    theta, p = np.array([-3, 0, 1, 2, 4, 19]), np.array([1, 0, 1, 0, 1, 0], np.uint8)
    dots = naive(params, x[0], w)
    expected = moved(params, np.where(p == 1, dots >= theta, dots < theta))
    assert np.array_equal(Conv(params, w, theta, p).forward(x[0]), expected)


def test_pooling_over_the_whole_map_is_a_depthwise_convolution():
    params, x, w = drawn(4, shape=(4, 4, 5), outputs=5, groups=5, kernel=4, padding="valid")
    by_channel = (2 * x.astype(int) - 1) * (2 * w[..., 0].astype(int) - 1).transpose(1, 2, 0)
    expected = by_channel.sum(axis=(1, 2)) >= 0
    assert np.array_equal(Conv(params, w).forward(x)[:, 0, 0], expected)


def test_inputs_that_do_not_fit_are_refused():
    params, x, w = drawn(5, shape=(4, 4, 3), outputs=2)
    message = r"Convolution inputs must have the shape \(..., 4, 4, 3\), not \(2, 4, 4, 2\)"
    with pytest.raises(ValueError, match=message):
        Conv(params, w).forward(x[..., :2])
    message = r"Weights must have the shape \(2, 3, 3, 3\), not \(1, 3, 3, 3\)"
    with pytest.raises(ValueError, match=message):
        Conv(params, w[:1])
