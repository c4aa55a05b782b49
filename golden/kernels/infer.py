# SPDX-License-Identifier: MIT
"""Compiled inference of whole networks and heads, equal to `golden.network` and `golden.head`."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from golden.arrays import check_packed
from golden.bits import pack, word_count
from golden.conv import Conv
from golden.dense import Dense
from golden.faults import Cells
from golden.head import Head
from golden.kernels import maps as kernels
from golden.kernels.depthwise import depthwise, make_channels
from golden.kernels.fields import make_spread
from golden.kernels.gemm import make_panels, xnor_gemm
from golden.kernels.rules import make_rule
from golden.kernels.shares import run_shares
from golden.network import Layer, Network
from golden.params import ConvParams, DenseParams, MapShape
from golden.pool import Pool
from golden.thermometer import Thermometer, check_pixels

__all__ = ["head_logits", "infer"]

CHUNK = 16  # images whose maps stay in the cache from one layer to the next

_Words = NDArray[np.uint64]
_Step = Callable[[NDArray], _Words]  # maps of some images to those of the next layer


def infer(network: Network, images: NDArray[np.integer], *, threads: int | None = None) -> _Words:
    """Return the packed embeddings of images, equal to ``pack(network.forward(images))``.

    Parameters
    ----------
    network : Network
    images : ndarray of shape (n_images, H, W, C), integers in ``0..2**b - 1``
    threads : int, optional
        At most this many threads, all of Numba's by default. The result never depends on it.

    Returns
    -------
    ndarray of shape (n_images, ceil(D/64)), uint64

    Raises
    ------
    TypeError, ValueError
        If the images are not integers of that shape and range, or `threads` is less than 1.
    """
    first = network.layers[0]
    assert isinstance(first, Thermometer)  # by NetworkParams
    check_pixels(images, first.params)
    if images.ndim != 4:
        raise ValueError(f"Images must have 4 axes, not {images.ndim}")
    shape, steps = network.params.input, []
    for number, (layer, params) in enumerate(
        zip(network.layers, network.params.layers, strict=True)
    ):
        step, shape = _compile(layer, shape), params.output
        if network.map_cells:
            step = _through(step, network.map_cells[number], shape)
        steps.append(step)
    embeddings = np.empty((len(images), word_count(shape.size)), np.uint64)

    def embed(start: int, stop: int) -> None:
        for top in range(start, stop, CHUNK):
            maps: NDArray = np.ascontiguousarray(images[top : min(stop, top + CHUNK)], np.uint16)
            for step in steps:
                maps = step(maps)
            kernels.flatten(maps, shape.channels, embeddings[top : top + len(maps)])

    run_shares(embed, len(images), threads)
    return embeddings


def head_logits(head: Head, x: _Words, *, threads: int | None = None) -> NDArray[np.int32]:
    """Return the logits of packed embeddings, equal to ``head.logits(unpack(x, D))``.

    Parameters
    ----------
    head : Head
    x : ndarray of shape (n_samples, ceil(D/64)), uint64
    threads : int, optional
        As for `infer`.

    Returns
    -------
    ndarray of shape (n_samples, classes), int32

    Raises
    ------
    TypeError, ValueError
        If `x` is not a matrix of packed vectors of D bits, or `threads` is less than 1.
    """
    p = head.params
    check_packed("Head inputs", x, p.features)
    if x.ndim != 2:
        raise ValueError(f"Head inputs must have 2 axes, not {x.ndim}")
    z = np.ascontiguousarray(x)
    if p.hidden:
        z = np.zeros((len(x), word_count(p.concat)), np.uint64)
        hidden = DenseParams(inputs=p.features, outputs=p.hidden)
        embeddings = MapShape(height=1, width=1, channels=p.features)
        step = _neurons(Dense(hidden, head.hidden_weights), embeddings)

        def concatenate(start: int, stop: int) -> None:
            part = np.ascontiguousarray(x[start:stop])
            bits = step(part.reshape(-1, 1, 1, part.shape[1]))
            kernels.append(z[start:stop], 0, bits.reshape(len(part), bits.shape[-1]), p.hidden)
            kernels.append(z[start:stop], p.hidden, part, p.features)

        run_shares(concatenate, len(x), threads, smallest=CHUNK)
    if head.cells is not None:
        failing, stuck = (pack(cells.astype(np.uint8)) for cells in head.cells)
        z = z & ~failing | stuck
    planes = np.concatenate([head.plane_a, head.plane_b])
    both = xnor_gemm(z, pack(planes), p.concat, threads=threads)
    return both[:, : p.classes] + both[:, p.classes :]


def _through(step: _Step, cells: Cells, shape: MapShape) -> _Step:
    """Return a layer whose map of `shape` is read through failing cells."""
    failing, stuck = (pack(a.astype(np.uint8).reshape(shape.array_shape)) for a in cells)

    def read(images: NDArray) -> _Words:
        maps = step(images)
        return maps & ~failing | stuck

    return read


def _compile(layer: Layer, shape: MapShape) -> _Step:
    """Return the compiled twin of a layer that takes maps of `shape`."""
    if isinstance(layer, Thermometer):
        return _thermometer(layer)
    if isinstance(layer, Pool):
        return _pool(layer)
    if isinstance(layer, Conv) and layer.params.groups == shape.channels == layer.params.outputs:
        return _depthwise(layer)
    return _neurons(layer, shape)


def _empty(n_images: int, shape: MapShape) -> _Words:
    """Return uninitialised memory for packed maps."""
    return np.empty((n_images, shape.height, shape.width, word_count(shape.channels)), np.uint64)


def _thermometer(layer: Thermometer) -> _Step:
    p = layer.params
    values = np.arange(2**p.bits)[:, np.newaxis]
    codes = pack((values >= layer.thresholds).astype(np.uint8))

    def step(images: NDArray) -> _Words:
        out = _empty(len(images), p.output)
        kernels.thermometer(images, codes, p.levels, out)
        return out

    return step


def _pool(layer: Pool) -> _Step:
    def step(maps: NDArray) -> _Words:
        out = _empty(len(maps), layer.params.output)
        kernels.pool(maps, layer.params.size, out)
        return out

    return step


def _depthwise(layer: Conv) -> _Step:
    """Return the twin of a convolution whose groups have one input and one output channel each.

    There a shuffle moves nothing.
    """
    p, channels = layer.params, make_channels(layer)

    def step(maps: NDArray) -> _Words:
        out = _empty(len(maps), p.output)
        depthwise(maps, *channels, p.kernel, p.pad, out)
        return out

    return step


def _neurons(layer: Conv | Dense, shape: MapShape) -> _Step:
    """Return the twin of neurons. A dense layer is a convolution with a kernel of the whole map."""
    p = layer.params
    if isinstance(p, ConvParams):
        kernel, pad, groups, shuffle = (p.kernel, p.kernel), p.pad, p.groups, p.shuffle
    else:
        kernel, pad, groups, shuffle = (shape.height, shape.width), 0, 1, False
    channels, outputs = shape.channels // groups, p.outputs // groups
    pitch = _pitch(kernel[0] * kernel[1], channels)
    taps = layer.weights.reshape(groups, outputs, -1, channels)
    spaced = np.zeros((*taps.shape[:-1], pitch), np.bool_)  # which `pack` need not check
    spaced[..., :channels] = taps
    panels = make_panels(pack(spaced.reshape(groups, outputs, -1)))
    theta = np.zeros(p.outputs, np.int32) if layer.thresholds is None else layer.thresholds
    polarity = np.ones(p.outputs, np.uint8) if layer.polarity is None else layer.polarity
    spread = make_spread(groups) if shuffle else np.empty(0, np.uint64)
    rule = make_rule(p.inputs, theta.reshape(groups, -1), polarity.reshape(groups, -1))

    def step(maps: NDArray) -> _Words:
        out = _empty(len(maps), p.output)
        kernels.conv(maps, panels, *rule, kernel, pad, channels, outputs, pitch, spread, out)
        return out

    return step


def _pitch(taps: int, channels: int) -> int:
    """Return the bits from one kernel position of a window to the next.

    Whole words move fast. They are used if the window then needs at most a third more words. The
    bits in between are 0 in both windows and weights, so they never differ.
    """
    words = word_count(channels)
    return 64 * words if 3 * taps * words <= 4 * word_count(taps * channels) else channels
