# SPDX-License-Identifier: MIT
"""Whole network: a thermometer, layers of neurons and pools, optionally a head."""

from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from golden.conv import Conv
from golden.dense import Dense
from golden.faults import Cells, Faults
from golden.head import Head
from golden.map_cells import concat_cells, map_cells
from golden.network_file import decode, encode
from golden.params import (
    ConvParams,
    DenseParams,
    FaultParams,
    FaultyMemory,
    HeadParams,
    LayerParams,
    NetworkParams,
    PoolParams,
    ThermometerParams,
)
from golden.pool import Pool
from golden.thermometer import Thermometer

__all__ = ["Layer", "Network"]

Layer = Thermometer | Conv | Pool | Dense


class Network:
    """Feature extractor over pixels, optionally with a head.

    Parameters
    ----------
    params : NetworkParams
    layers : sequence of Layer
        One layer for each of ``params.layers``, with equal parameters.
    head : Head, optional
        Head with the parameters ``params.head``.

    Attributes
    ----------
    map_cells : tuple of Cells
        Failing cells of the map of every layer, flattened; empty if none fails.

    Raises
    ------
    ValueError
        If a layer or the head is missing, superfluous, or has other parameters.
    """

    def __init__(
        self, params: NetworkParams, layers: Sequence[Layer], head: Head | None = None
    ) -> None:
        self.params = params
        self.layers = tuple(layers)
        self.head = head
        self.map_cells: tuple[Cells, ...] = ()
        if len(self.layers) != len(params.layers):
            raise ValueError(
                f"Network must have {len(params.layers)} layers, not {len(self.layers)}"
            )
        for index, (layer, wanted) in enumerate(zip(self.layers, params.layers, strict=True)):
            if layer.params != wanted:
                raise ValueError(f"Layer {index} must have {wanted}, not {layer.params}")
        given = None if head is None else head.params
        if given != params.head:
            raise ValueError(f"Head must have {params.head}, not {given}")

    def maps(self, images: NDArray[np.integer]) -> Iterator[NDArray[np.uint8]]:
        """Yield the output map of every layer in turn, as it is read; parameters as for `forward`.

        Yields
        ------
        ndarray of shape (..., height, width, channels), uint8 in {0, 1}
            Map of the shape ``params.layers[i].output``.
        """
        thermometer, *layers = self.layers
        assert isinstance(thermometer, Thermometer)  # by NetworkParams
        x = self._as_read(thermometer.encode(images), 0)
        yield x
        batch = x.shape[:-3]
        for number, layer in enumerate(layers, 1):
            assert not isinstance(layer, Thermometer)
            if isinstance(layer, Dense):
                x = x.reshape(*batch, -1)
            x = layer.forward(x).reshape(*batch, *layer.params.output.array_shape)
            x = self._as_read(x, number)
            yield x

    def _as_read(self, x: NDArray[np.uint8], number: int) -> NDArray[np.uint8]:
        """Return the map of a layer as its memory gives it."""
        if not self.map_cells:
            return x
        return self.map_cells[number].read(x.reshape(*x.shape[:-3], -1)).reshape(x.shape)

    def forward(self, images: NDArray[np.integer]) -> NDArray[np.uint8]:
        """Return the embeddings: the last layer's output, flattened.

        Parameters
        ----------
        images : ndarray of shape (..., H, W, C), integers in ``0..2**b - 1``

        Returns
        -------
        ndarray of shape (..., D), uint8 in {0, 1}

        Raises
        ------
        TypeError, ValueError
            If it is not an array of integers of that shape and range.
        """
        *_, last = self.maps(images)
        return last.reshape(*last.shape[:-3], -1)

    def failing(self, die: int, threshold: int) -> "Network":
        """Return the network as its weights read where cells fail (contract, 19).

        Thresholds, head and cells of maps are as they were.

        Parameters
        ----------
        die : int
            S, ``0 .. 2**64 - 1``.
        threshold : int
            T, ``0 .. 2**32``.
        """
        layers = [_failing_layer(layer, y, die, threshold) for y, layer in enumerate(self.layers)]
        failing = Network(self.params, layers, self.head)
        failing.map_cells = self.map_cells
        return failing

    def failing_maps(self, die: int, threshold: int, lanes: int = 64) -> "Network":
        """Return the network with map memories whose cells fail, and its head (contract, 19).

        Parameters
        ----------
        die, threshold
            As for `failing`.
        lanes : int
            L, bits of a row of the memories: the inputs SIMD of a machine.
        """
        head = self.head
        if head is not None:
            head = Head(head.params, head.hidden_weights, head.plane_a, head.plane_b)
            head.cells = concat_cells(self.params, die, threshold, lanes)
        failing = Network(self.params, self.layers, head)
        failing.map_cells = map_cells(self.params, die, threshold, lanes)
        return failing

    @classmethod
    def random(cls, params: NetworkParams, rng: np.random.Generator) -> "Network":
        """Return a network with uniform random weights and thresholds within one deviation of 0."""
        head = None if params.head is None else _random_head(params.head, rng)
        return cls(params, [_random_layer(layer, rng) for layer in params.layers], head)

    def to_bytes(self) -> bytes:
        """Return the network file (contract, 9)."""
        return encode(self.params, chain.from_iterable(map(_arrays, (*self.layers, self.head))))

    @classmethod
    def from_bytes(cls, data: bytes) -> "Network":
        """Return the network that a network file holds.

        Raises
        ------
        ValueError
            If the file is damaged in any way. The message names the fault and its place.
        """
        params, sections = decode(data)
        arrays = iter(sections)
        layers = [_take_layer(layer, arrays) for layer in params.layers]
        head = None
        if params.head is not None:
            head = Head(params.head, next(arrays), next(arrays), next(arrays))
        return cls(params, layers, head)


def _arrays(block: Layer | Head | None) -> Iterator[NDArray[np.generic]]:
    """Yield the arrays of a block that the network file holds, in the order of the file."""
    if isinstance(block, Conv | Dense):
        yield block.weights
        if block.thresholds is not None and block.polarity is not None:
            yield block.thresholds
            yield block.polarity
    elif isinstance(block, Head):
        yield from (block.hidden_weights, block.plane_a, block.plane_b)


def _take_layer(params: LayerParams, arrays: Iterator[NDArray]) -> Layer:
    """Build a layer from the next arrays."""
    if isinstance(params, ThermometerParams):
        return Thermometer(params)
    if isinstance(params, PoolParams):
        return Pool(params)
    own = [next(arrays) for _ in range(3 if params.thresholds else 1)]
    return Conv(params, *own) if isinstance(params, ConvParams) else Dense(params, *own)


def _failing_layer(layer: Layer, number: int, die: int, threshold: int) -> Layer:
    """Return a layer with its weights as they read; the row of a layer is its packed vector."""
    if not isinstance(layer, Conv | Dense):
        return layer
    memory = FaultyMemory.LAYERS + number
    faults = Faults(FaultParams(die=die, memory=memory, threshold=threshold, lanes=1))
    weights = faults.read(layer.weights.reshape(1, -1)).reshape(layer.weights.shape)
    return type(layer)(layer.params, weights, layer.thresholds, layer.polarity)  # type: ignore[arg-type]


def _random_layer(params: LayerParams, rng: np.random.Generator) -> Layer:
    """Build a layer with arrays drawn at random."""

    def draw() -> Iterator[NDArray]:
        assert isinstance(params, ConvParams | DenseParams)
        yield rng.integers(0, 2, params.weight_shape, np.uint8)
        # The dot product of random bits has variance n.
        deviation = int(params.inputs**0.5)
        yield rng.integers(-deviation, deviation, params.outputs, np.int32, endpoint=True)
        yield rng.integers(0, 2, params.outputs, np.uint8)

    return _take_layer(params, draw())


def _random_head(params: HeadParams, rng: np.random.Generator) -> Head:
    """Build a head with weights drawn at random."""
    hidden = rng.integers(0, 2, (params.hidden, params.features), np.uint8)
    plane_a, plane_b = rng.integers(0, 2, (2, params.classes, params.concat), np.uint8)
    return Head(params, hidden, plane_a, plane_b)
