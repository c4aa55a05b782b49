# SPDX-License-Identifier: MIT
"""What a tensor of a float graph is: a function of integers that one layer of the contract has."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.params import ConvParams, DenseParams, MapShape

__all__ = ["MOST_VALUES", "Bits", "Stage", "StageFault", "Table", "places", "pooled", "relabelled"]

Reals = NDArray[np.float32]

#: Values of all functions of a tensor, at most: half a gigabyte.
MOST_VALUES = 2**27


class StageFault(ValueError):
    """What is wrong lies in the layer whose bits a tensor must be, not in the one that takes them.

    Parameters
    ----------
    text : str
        What is wrong, and what would be right.
    neurons : bool
        Whether the node of the layer's weights is at fault, and not the last one that computes on
        its sums.
    sign : str
        What would be right if a Sign is among the nodes that do.
    """

    def __init__(self, text: str, neurons: bool = False, sign: str = "") -> None:
        super().__init__(text)
        self.neurons = neurons
        self.sign = sign


@dataclass(frozen=True, eq=False)
class Stage:
    """A layer whose integers are known, and whose output bits are not decided yet.

    Parameters
    ----------
    shape : MapShape
        Its map, after pooling. Channels are colours or neurons.
    states : ndarray of shape (n_states,), int64
        All values that a pixel or the sum of a neuron can have, in ascending order.
    params : ConvParams or DenseParams, optional
        The neurons; left out for pixels.
    weights : ndarray of shape ``params.weight_shape``, int8 in {-1, 0, 1}, optional
        0 only where the layer can be nothing but an output layer.
    pool : int
        Side of the window whose largest or smallest sum is taken; 1 is no pool.
    largest : ndarray of shape (channels,), bool, optional
        Of a pool: whether a channel takes the largest sum.
    """

    shape: MapShape
    states: NDArray[np.int64]
    params: ConvParams | DenseParams | None = None
    weights: NDArray[np.int8] | None = None
    pool: int = 1
    largest: NDArray[np.bool_] | None = None

    @property
    def base(self) -> object:
        """What stays the same through a pool: the array of states."""
        return self.states


@dataclass(frozen=True, eq=False)
class Table:
    """A tensor: at every place it is a function of the state of one element of a stage.

    Parameters
    ----------
    stage : Stage
    values : ndarray of shape (n_states, *shape)
        The functions; the shape broadcasts to that of `index`.
    index : ndarray of int64
        For each place of the tensor, without its batch, the element of the stage's map, flattened
        as (row, column, channel).
    pad : tuple of (int, float), optional
        Rows and columns around the tensor, and their value.
    """

    stage: Stage
    values: NDArray[Any]
    index: NDArray[np.int64]
    pad: tuple[int, float] | None = None

    @property
    def channels(self) -> NDArray[np.int64]:
        """Channel of the stage at each place of the tensor."""
        return self.index % self.stage.shape.channels

    def functions(self) -> Reals:
        """Return the function of each channel.

        Returns
        -------
        ndarray of shape (n_states, channels), float32

        Raises
        ------
        ValueError
            If places of one channel have different functions.
        """
        channels, values = self.channels, self.values
        # An axis along which neither the function nor the channel changes needs one place.
        for axis in range(channels.ndim):
            first = channels.take([0], axis)
            if values.shape[axis + 1] == 1 and (channels == first).all():
                channels = first
        values = np.broadcast_to(values, (len(values), *channels.shape)).reshape(len(values), -1)
        channels = channels.ravel()
        kinds, place = np.unique(channels, return_index=True)
        if len(kinds) != self.stage.shape.channels:
            raise ValueError(
                f"it must take all {self.stage.shape.channels} channels of the layer before, not "
                f"{len(kinds)}"
            )
        found = values[:, place]
        if len(place) < len(channels) and (found[:, channels] != values).any():
            raise ValueError(
                "what comes before it must treat all places of a channel alike, not each by "
                "constants of its own"
            )
        return np.asarray(found, np.float32)

    def arranged(self, move: Callable[[NDArray[Any]], NDArray[Any]], whole: bool) -> "Table":
        """Return the tensor with its places moved.

        Parameters
        ----------
        move : callable
            What moves the places of an array that has a batch as its first axis.
        whole : bool
            Whether `move` needs axes of their true size, as a reshape does.

        Raises
        ------
        ValueError
            If functions would take too much memory.
        """
        index = move(self.index[np.newaxis])[0]
        values = self.values
        if values[0].size == 1:
            values = values.reshape(len(values), *(1,) * index.ndim)
            return replace(self, values=values, index=index)
        if whole:
            if len(values) * index.size > MOST_VALUES:
                raise ValueError(
                    f"it moves {index.size} places, each with {len(values)} sums, and may move at "
                    f"most {MOST_VALUES} of both together: pool before it, or give pixels fewer "
                    "bits"
                )
            values = np.broadcast_to(values, (len(values), *self.index.shape))
        return replace(self, values=np.stack([move(row[np.newaxis])[0] for row in values]),
                       index=index)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Bits:
    """A tensor of bits that a layer of the contract gives.

    Parameters
    ----------
    shape : MapShape
        Map of the elements; each has `levels` bits, which follow one another.
    index : ndarray of int64
        For each place of the tensor, the element in the flattened map.
    centre, step : ndarray of shape (channels,), float64
        The real number of an element of ``k`` ones is ``centre + step * (2*k - levels)``.
    levels : int
        Bits of an element.
    """

    shape: MapShape
    index: NDArray[np.int64]
    centre: NDArray[np.float64]
    step: NDArray[np.float64]
    levels: int = 1

    def reals(self, features: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return the tensor of the float graph that features stand for.

        Parameters
        ----------
        features : ndarray of shape (n_samples, D), uint8 in {0, 1}

        Returns
        -------
        ndarray of shape (n_samples, *index.shape), float64
        """
        ones = features.reshape(len(features), -1, self.levels).sum(axis=2, dtype=np.int64)
        channel = self.index % self.shape.channels
        signed = 2 * ones[:, self.index] - self.levels
        return self.centre[channel] + self.step[channel] * signed


def places(shape: MapShape) -> NDArray[np.int64]:
    """Return the elements of a map where a tensor (channel, row, column) has them."""
    return np.arange(shape.size).reshape(shape.array_shape).transpose(2, 0, 1)


def relabelled(index: NDArray[np.int64], new: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return an index after the channels of its map have moved to the positions `new`."""
    channels = len(new)
    return index // channels * channels + new[index % channels]


def pooled(table: Table, size: int) -> Table:
    """Return the largest of windows of a map.

    Parameters
    ----------
    table : Table
        A tensor (channel, row, column), as a layer gives it.
    size : int
        Side and stride of the window.

    Raises
    ------
    ValueError
        If it is another tensor, its sides are no multiples of `size`, or its functions neither rise
        nor fall.
    """
    stage = table.stage
    plain = places(stage.shape)
    if table.index.shape != plain.shape or (table.index != plain).any():
        raise ValueError("it must take a map as (channel, row, column), as a layer gives it")
    if stage.shape.height % size or stage.shape.width % size:
        raise ValueError(
            f"its window of {size} must divide the {stage.shape.height} x {stage.shape.width} map"
        )
    functions = table.functions()
    moves = np.diff(functions, axis=0)
    rising, falling = (moves >= 0).all(axis=0), (moves <= 0).all(axis=0)
    largest = rising if stage.largest is None else stage.largest
    if not (rising | falling).all() or (largest != rising)[~(rising & falling)].any():
        raise ValueError(
            "it must take a function of a sum that only rises or only falls, and behind another "
            "pool one that rises"
        )
    shape = replace(stage.shape, height=stage.shape.height // size, width=stage.shape.width // size)
    after = replace(stage, shape=shape, pool=stage.pool * size, largest=largest)
    values = table.values
    if values[0].size > functions.shape[1]:
        values = functions[:, :, np.newaxis, np.newaxis]
    return Table(after, values, places(shape))
