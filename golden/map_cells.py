# SPDX-License-Identifier: MIT
"""Cells of the two memories that hold the maps of a network, where they fail (contract, 19)."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from golden.faults import Cells, Faults
from golden.params import (
    ConvParams,
    DenseParams,
    FaultParams,
    FaultyMemory,
    LayerParams,
    NetworkParams,
    PoolParams,
)

__all__ = ["concat_cells", "map_cells"]


def map_cells(params: NetworkParams, die: int, threshold: int, lanes: int) -> tuple[Cells, ...]:
    """Return the failing cells of the map of every layer, in the order of the flattened map.

    Parameters
    ----------
    params : NetworkParams
    die : int
        S, ``0 .. 2**64 - 1``.
    threshold : int
        T, ``0 .. 2**32``.
    lanes : int
        L, bits of a row of the memories.
    """
    memories = [_memory(number, die, threshold, lanes) for number in range(2)]
    return tuple(
        _cells(memories[y % 2], 0, layer.output.height * layer.output.width, positions)
        for y, (layer, positions) in enumerate(
            zip(params.layers, _positions(params.layers), strict=True)
        )
    )


def concat_cells(params: NetworkParams, die: int, threshold: int, lanes: int) -> Cells | None:
    """Return the failing cells of the vector z that a head with hidden neurons reads.

    They are of the memory that the last map does not lie in; None without hidden neurons. Without
    these, the head reads the last map where it lies.

    Parameters
    ----------
    params, die, threshold, lanes
        As for `map_cells`.
    """
    if params.head is None or not params.head.hidden:
        return None
    memory = _memory(len(params.layers) % 2, die, threshold, lanes)
    hidden, shape = params.head.hidden, params.output
    *_, last = _positions(params.layers)
    parts = (
        _cells(memory, 0, 1, np.arange(hidden)),
        _cells(memory, -(-hidden // lanes), shape.height * shape.width, last),
    )
    return Cells(*(np.concatenate(both) for both in zip(*parts, strict=True)))


def _memory(number: int, die: int, threshold: int, lanes: int) -> Faults:
    """Return the faults of one of the two memories."""
    memory = FaultyMemory.MAPS + number
    return Faults(FaultParams(die=die, memory=memory, threshold=threshold, lanes=lanes))


def _cells(memory: Faults, first: int, pixels: int, positions: NDArray[np.intp]) -> Cells:
    """Return the cells of the channels of pixels that lie from a row on."""
    lanes = memory.params.lanes
    rows = memory.cells(first, pixels * -(-len(positions) // lanes), lanes)
    failing, stuck = (cells.reshape(pixels, -1)[:, positions].reshape(-1) for cells in rows)
    return Cells(failing, stuck)


def _positions(layers: Sequence[LayerParams]) -> Iterator[NDArray[np.intp]]:
    """Yield the position of every channel of a pixel, map by map."""
    groups = 1
    for y, layer in enumerate(layers):
        if not isinstance(layer, PoolParams):  # a pool leaves channels where they are
            groups = _groups_apart(layers, y)
        # Channel i*g + gamma lies at gamma*(C/g) + i.
        yield np.arange(layer.output.channels).reshape(groups, -1).T.reshape(-1)


def _groups_apart(layers: Sequence[LayerParams], y: int) -> int:
    """Return the groups of a layer whose shuffle is left to later weights, else 1."""
    layer = layers[y]
    users = (user for user in layers[y + 1 :] if not isinstance(user, PoolParams))
    user = next(users, None)
    sees_all = isinstance(user, DenseParams) or (isinstance(user, ConvParams) and user.groups == 1)
    return layer.groups if isinstance(layer, ConvParams) and layer.shuffle and sees_all else 1
