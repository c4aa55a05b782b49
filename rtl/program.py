# SPDX-License-Identifier: MIT
"""Compilation of a network to the contents of the machine's memories (contract, 3)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from golden.params import (
    AcceleratorParams,
    ConvParams,
    NetworkParams,
    PoolParams,
    ThermometerParams,
)
from rtl.compiler import Compiler
from rtl.descriptor import LoadTarget, descriptor_layout
from rtl.mvu import limit_layout
from rtl.schedule import layer_cycles
from rtl.shuffle import shuffle_is_folded

__all__ = ["LoadWord", "Program", "WeightedNetwork", "compile_network"]


class WeightedNetwork(Protocol):
    """A network with its weights, such as a `golden.network.Network`."""

    @property
    def params(self) -> NetworkParams:
        """Parameters of the network."""
        ...

    @property
    def layers(self) -> Sequence[Any]:
        """Layers. Those with neurons have the arrays `weights`, `thresholds` and `polarity`."""
        ...

    @property
    def head(self) -> Any:
        """The head with the arrays `hidden_weights`, `plane_a` and `plane_b`, or None."""
        ...


class LoadWord(NamedTuple):
    """One word of the machine's `load` stream, field by field."""

    target: LoadTarget
    address: int
    lane: int
    data: int


@dataclass(frozen=True, eq=False, kw_only=True)
class Program:
    """Contents of the machine's memories for one network.

    Parameters
    ----------
    layers : tuple of dict
        Fields of the descriptors (`rtl.descriptor`). The layers of the network come first, followed
        by the output of the features and the layers of the head.
    weights : ndarray of shape (rows, neurons, simd), uint8 in {0, 1}
        Rows of the weight memory, in the order in which the window goes through them, for the
        neurons of all units.
    limits : ndarray of shape (tiles, neurons), int64
        Smallest counts of agreements that reach the thresholds.
    polarity : ndarray of shape (tiles, neurons), uint8 in {0, 1}
    """

    layers: tuple[dict[str, Any], ...]
    weights: NDArray[np.uint8]
    limits: NDArray[np.int64]
    polarity: NDArray[np.uint8]

    def descriptors(self, params: AcceleratorParams) -> list[int]:
        """Return the rows of the program memory."""
        layout = descriptor_layout(params)
        return [int(layout.const(layer).as_value().value) for layer in self.layers]

    def words(self, params: AcceleratorParams) -> Iterator[LoadWord]:
        """Yield all words to load. Those of one neuron of a memory come in the order of rows."""
        for address, row in enumerate(self.descriptors(params)):
            yield LoadWord(LoadTarget.PROGRAM, address, 0, row)
        bits = np.packbits(self.weights, axis=-1, bitorder="little")
        for lane in range(params.neurons):
            for address, row in enumerate(bits[:, lane]):
                data = int.from_bytes(row.tobytes(), "little")
                yield LoadWord(LoadTarget.WEIGHTS, address, lane, data)
        shift = limit_layout(params.mvu)["polarity"].offset
        for lane in range(params.neurons):
            for address in range(len(self.limits)):
                data = int(self.limits[address, lane]) | int(self.polarity[address, lane]) << shift
                yield LoadWord(LoadTarget.THRESHOLDS, address, lane, data)

    def layer_cycles(self, params: AcceleratorParams) -> list[int]:
        """Return the cycles of each layer, provided that the machine never has to wait."""
        return [layer_cycles(layer, params) for layer in self.layers]

    def cycles(self, params: AcceleratorParams) -> int:
        """Return the cycles from one picture to the next, provided that they never have to wait."""
        idle = 1
        return idle + sum(self.layer_cycles(params))


def compile_network(
    network: WeightedNetwork, params: AcceleratorParams, *, features: bool = True
) -> Program:
    """Return the program that runs a network on a machine.

    A shuffle that only neurons over all channels see takes no cycle: the map is stored without it,
    and the weights of these neurons are in the order of the map (`rtl.shuffle`).

    Parameters
    ----------
    network : WeightedNetwork
        The network, such as a `golden.network.Network`.
    params : AcceleratorParams
        The machine.
    features : bool
        Whether the machine sends out the embeddings. It always does if the network has no head.

    Raises
    ------
    ValueError
        If the network does not fit the machine.
    """
    compiler = Compiler(params)
    for index, (layer, arrays) in enumerate(
        zip(network.params.layers, network.layers, strict=True)
    ):
        compiler.what = f"layer {index}"
        if isinstance(layer, ThermometerParams):
            compiler.input(layer)
        elif isinstance(layer, PoolParams):
            compiler.pool(layer)
        elif isinstance(layer, ConvParams):
            folded = shuffle_is_folded(network.params.layers, index)
            compiler.convolution(layer, arrays, folded)
        else:
            compiler.dense(layer, arrays)
    head = network.params.head
    if features or head is None:
        compiler.features()
    if head is not None:
        compiler.what = "the head"
        compiler.head(head, network.head)
    compiler.finish()
    neurons, simd = params.neurons, params.mvu.simd
    return Program(
        layers=tuple(compiler.layers),
        weights=np.concatenate([np.zeros((0, neurons, simd), np.uint8), *compiler.weights]),
        limits=np.concatenate([np.zeros((0, neurons), np.int64), *compiler.limits]),
        polarity=np.concatenate([np.zeros((0, neurons), np.uint8), *compiler.polarity]),
    )
