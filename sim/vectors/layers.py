# SPDX-License-Identifier: MIT
"""Vectors of single layers: XNOR-popcount, matrix-vector unit, thermometer, pool."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.bits import pack
from golden.dense import Dense
from golden.params import DenseParams, MvuParams, XnorParams
from golden.pool import Pool
from golden.thermometer import Thermometer
from golden.xnor import Xnor
from sim.vectors.table import Field, Table, integers, label_width, lanes_word

__all__ = ["map_table", "mvu", "pixels_table", "pool", "thermometer", "xnor"]


def xnor(arguments: Mapping[str, Any], count: int, rng: np.random.Generator) -> list[Table]:
    """Return pairs of vectors and how many of their bits agree.

    Parameters
    ----------
    arguments, count, rng
        As of every `sim.vectors.blocks.Make`.
    """
    params: XnorParams = arguments["params"]
    n, golden = params.inputs, Xnor(params)
    x, w = rng.integers(2, size=(2, count, n), dtype=np.uint8)
    for place in range(min(2, count)):  # all bits agree, then none
        w[place] = x[place] ^ place
    agree = [
        int(golden.agree(pack(a[None]), pack(b[None]))[0, 0]) for a, b in zip(x, w, strict=True)
    ]
    return [
        Table(
            name="pairs",
            role="stimulus",
            fields=[Field("x", n, "inputs"), Field("w", n, "weights")],
            rows=[(lanes_word(a), lanes_word(b)) for a, b in zip(x, w, strict=True)],
            use="A vector and the weights of a neuron.",
        ),
        Table(
            name="sums",
            role="expected",
            fields=[
                Field("agree", params.agree_width, "inputs that equal their weight"),
                Field("dot", params.agree_width + 1, "2 * agree - n", signed=True),
            ],
            rows=[(each, 2 * each - n) for each in agree],
            use="For each pair.",
        ),
    ]


def mvu(arguments: Mapping[str, Any], count: int, rng: np.random.Generator) -> list[Table]:
    """Return the vectors of a dense layer that is folded onto a matrix-vector unit.

    The neurons past the last one have weights 1 and a limit that no count reaches. The inputs past
    the last one are random, and a mask leaves them out.

    Parameters
    ----------
    arguments, count, rng
        As of every `sim.vectors.blocks.Make`.
    """
    unit: MvuParams = arguments["params"]
    layer = DenseParams(inputs=arguments["inputs"], outputs=arguments["outputs"], thresholds=True)
    golden = _random_neurons(layer, rng)
    words, tiles = -(-layer.inputs // unit.simd), -(-layer.outputs // unit.pe)
    weights = np.ones((tiles * unit.pe, words * unit.simd), np.uint8)
    weights[: layer.outputs, : layer.inputs] = golden.weights
    mask = (np.arange(words * unit.simd) < layer.inputs).astype(np.uint8)
    limits = [*_limits(golden, unit.count_width), *[(1 << unit.count_width, 1)] * tiles * unit.pe]
    unused = tiles * unit.pe - layer.outputs
    steps, expected = [], []
    for _ in range(count):
        x = rng.integers(2, size=words * unit.simd, dtype=np.uint8)
        used = x[None, : layer.inputs]
        agree = (golden.dots(used)[0] + layer.inputs) // 2
        counts = [*integers(agree), *[int(used.sum())] * unused]
        bits = [*integers(golden.forward(used)[0]), *[0] * unused]
        for tile in range(tiles):
            for n in range(words):
                at = slice(n * unit.simd, (n + 1) * unit.simd)
                row, last = tile * words + n, int(n == words - 1)
                steps.append((lanes_word(x[at]), lanes_word(mask[at]), row, tile, last))
            of_tile = slice(tile * unit.pe, (tile + 1) * unit.pe)
            word = lanes_word(counts[of_tile], unit.count_width)
            expected.append((word, lanes_word(bits[of_tile])))
    weight_rows = weights.reshape(tiles, unit.pe, words, unit.simd).swapaxes(1, 2)
    step = [
        Field("x", unit.simd, "inputs"),
        Field("mask", unit.simd, "1: the input counts"),
        Field("weight", label_width(unit.weight_depth), "row of the weights"),
        Field("tile", label_width(unit.tile_depth), "tile, whose limits count in its last step"),
        Field("last", 1, "last step of the tile"),
    ]
    return [
        Table(
            name="weights",
            role="setup",
            fields=[Field("data", unit.pe * unit.simd, f"neuron p in bits {unit.simd}p and up")],
            rows=[
                (lanes_word(row.ravel()),) for row in weight_rows.reshape(-1, unit.pe, unit.simd)
            ],
            use="The rows of the weight memory from 0 on: tile by tile, word by word of inputs.",
        ),
        Table(
            name="limits",
            role="setup",
            fields=[
                Field(
                    "limit", unit.count_width + 1, "a neuron fires if (count >= limit) == polarity"
                ),
                Field("polarity", 1, "p"),
            ],
            rows=limits[: tiles * unit.pe],
            use=f"The limits of the neurons, {unit.pe} for each tile.",
        ),
        Table(
            name="steps",
            role="stimulus",
            fields=step,
            rows=steps,
            use=f"The steps of {count} input vectors; each has {tiles} tiles of {words} steps.",
        ),
        Table(
            name="tiles",
            role="expected",
            fields=[
                Field("counts", unit.pe * unit.count_width, f"neuron p in {unit.count_width} bits"),
                Field("bits", unit.pe, "neuron p in bit p"),
            ],
            rows=expected,
            use="Each tile, after its last step.",
        ),
    ]


def thermometer(arguments: Mapping[str, Any], count: int, rng: np.random.Generator) -> list[Table]:
    """Return pixels and their codes.

    Parameters
    ----------
    arguments, count, rng
        As of every `sim.vectors.blocks.Make`.
    """
    params = arguments["params"]
    colours, golden = params.input.channels, Thermometer(params)
    shape = params.input.array_shape
    images = rng.integers(2**params.bits, size=(count, *shape))
    codes = golden.encode(images)
    return [
        pixels_table(images, params.bits),
        Table(
            name="codes",
            role="expected",
            fields=[Field("code", colours * params.levels, "colour-major, the lowest level first")],
            rows=_map_rows(codes),
            use="The code of each pixel.",
        ),
    ]


def pool(arguments: Mapping[str, Any], count: int, rng: np.random.Generator) -> list[Table]:
    """Return maps and their pooled maps.

    Parameters
    ----------
    arguments, count, rng
        As of every `sim.vectors.blocks.Make`.
    """
    params = arguments["params"]
    # Few ones, so that a window may have none.
    maps = (rng.random((count, *params.input.array_shape)) < 0.3).astype(np.uint8)
    return [
        map_table("inputs", "stimulus", maps, f"{count} maps, position by position."),
        map_table("outputs", "expected", Pool(params).forward(maps), "The pooled maps."),
    ]


def _random_neurons(params: DenseParams, rng: np.random.Generator) -> Dense:
    weights = rng.integers(2, size=params.weight_shape, dtype=np.uint8)
    deviation = int(params.inputs**0.5)  # of the dot product of random bits
    thresholds = rng.integers(-deviation, deviation + 1, size=params.outputs, dtype=np.int32)
    polarity = rng.integers(2, size=params.outputs, dtype=np.uint8)
    return Dense(params, weights, thresholds, polarity)


def _limits(layer: Dense, count_width: int) -> list[tuple[int, int]]:
    """Return limit and polarity of each neuron: ``dot >= theta`` is ``agree >= limit``."""
    assert layer.thresholds is not None
    assert layer.polarity is not None
    limits = -(-(layer.thresholds.astype(np.int64) + layer.params.inputs) // 2)
    limits = np.clip(limits, 0, 1 << count_width)
    return list(zip(integers(limits), integers(layer.polarity), strict=True))


def pixels_table(images: NDArray[Any], bits: int) -> Table:
    """Return the pixels of images, of shape (n, H, W, C), as a stimulus.

    Parameters
    ----------
    images : ndarray of shape (n, H, W, C), integers
    bits : int
        b.
    """
    colours = images.shape[-1]
    return Table(
        name="pixels",
        role="stimulus",
        fields=[Field(f"colour{c}", bits, "brightness") for c in range(colours)],
        rows=[tuple(integers(pixel)) for pixel in images.reshape(-1, colours)],
        use=f"{len(images)} images: row by row, column by column.",
    )


def _map_rows(maps: NDArray[np.uint8]) -> list[tuple[int, ...]]:
    return [(lanes_word(place),) for place in maps.reshape(-1, maps.shape[-1])]


def map_table(name: str, role: Any, maps: NDArray[np.uint8], use: str) -> Table:
    """Return the table of maps, position by position.

    Parameters
    ----------
    name, role, use
        As of `Table`.
    maps : ndarray of shape (n, H, W, C), uint8 in {0, 1}
    """
    fields = [Field("channels", maps.shape[-1], "channel c in bit c")]
    return Table(name=name, role=role, fields=fields, rows=_map_rows(maps), use=use)
