# SPDX-License-Identifier: MIT
"""A network of the contract that grows layer by layer beside the float graph that it equals."""

import numpy as np
from numpy.typing import NDArray

from golden.head import Head
from golden.network import Layer, Network
from golden.params import ConvParams, DenseParams, HeadParams, NetworkParams, ThermometerParams
from golden.thermometer import Thermometer
from sim.exchange.closing import close_neurons
from sim.exchange.pixels import close_pixels
from sim.exchange.tables import MOST_VALUES, Bits, Stage, Table, places
from sim.exchange.weights import Neurons, signs

__all__ = ["Builder"]

_STRAIGHT = 1e-4  # of the largest logit: how far rounding may bend a line
_EQUAL = 1e-6  # of the largest logit: how far rounding may part the lines of two classes


class Builder:
    """The layers so far. Each must take what the last one gives.

    Attributes
    ----------
    layers : list of Layer
        Layers whose bits are decided.
    features : Bits or None
        Bits of the last of them, as places of the float graph's tensor.
    """

    def __init__(self) -> None:
        self.layers: list[Layer] = []
        self.features: Bits | None = None
        self._head: Head | None = None
        self._open: object = None
        self._given: Stage | None = None

    def begin(self, params: ThermometerParams) -> Table:
        """Begin with a thermometer, and return the tensor of its bits, -1 and +1."""
        self.layers = [Thermometer(params)]
        states = np.array([-1, 1])
        self._given = Stage(params.output, states)
        return Table(self._given, states.reshape(2, 1, 1, 1), places(params.output))

    def close(
        self,
        table: Table,
        pad: float | None = None,
        groups: int = 1,
        order: NDArray[np.int64] | None = None,
    ) -> Bits:
        """Decide the bits of a tensor, and add the layers that give them.

        Parameters
        ----------
        table, pad, groups, order
            As for `sim.exchange.closing.close_neurons`.

        Raises
        ------
        ValueError
            If they cannot be bits, or if the tensor does not come from the last layer.
        """
        stage = table.stage
        if self._open is not None and stage.base is not self._open:
            raise ValueError(
                "it must take what the layer before gives, and no earlier one: the contract has "
                "no branches"
            )
        if stage is self._given:
            channels = stage.shape.channels
            bits = Bits(stage.shape, table.index, np.zeros(channels), np.ones(channels))
            layers = []
            if pad not in (None, -1.0):
                raise ValueError(f"padding of a thermometer must be -1, not {pad:g}")
        elif stage.params is None:
            layers, bits = close_pixels(table, pad)
        else:
            layers, bits = close_neurons(table, pad, groups, order)
        self.layers += layers
        self.features = bits
        return bits

    def convolution(self, table: Table, neurons: Neurons) -> Table:
        """Close a tensor, and return the sums of a convolution over it.

        Raises
        ------
        ValueError
            If the contract has no such convolution.
        """
        pad, value = _padding(table, neurons.pad)
        groups, kernel = neurons.groups, neurons.weights.shape[2]
        stage = table.stage
        plain = places(stage.shape)
        if table.index.shape == plain.shape:
            order = table.channels[:, 0, 0]
            plain = plain - plain[:, :1, :1] + order[:, np.newaxis, np.newaxis]
        if table.index.shape != plain.shape or (table.index != plain).any():
            raise ValueError(
                "it must take a map as (channel, row, column), its rows and columns as they are"
            )
        order = table.channels[:, 0, 0]
        bits = self.close(table, value, groups, order)
        params = ConvParams(
            input=self.layers[-1].params.output,
            outputs=len(neurons.weights),
            kernel=kernel,
            groups=groups,
            padding="same" if pad else "valid",
            thresholds=True,
        )
        if pad != params.pad:
            raise ValueError(
                f"padding must be 0 or {(kernel - 1) / 2:g} of a kernel of side {kernel}, not {pad}"
            )
        # Kept channels in the order of the contract; a channel of each group follows another one.
        found = bits.index[:, 0, 0] % bits.shape.channels
        inner = len(found) // groups
        inside = found.reshape(groups, inner) - np.arange(groups)[:, np.newaxis] * inner
        if ((inside < 0) | (inside >= inner)).any():
            raise ValueError("its groups must take the colours of a pixel in their order")
        weights = neurons.weights.astype(np.float64).transpose(0, 2, 3, 1)
        kept = np.empty_like(weights)
        for group in range(groups):
            outputs = slice(group * params.group_outputs, (group + 1) * params.group_outputs)
            kept[outputs][..., inside[group]] = weights[outputs]
        own = np.arange(params.outputs) // params.group_outputs
        step, centre = (part.reshape(groups, 1, 1, inner)[own] for part in (bits.step, bits.centre))
        return self._sums(params, kept, step, centre, bits.levels, neurons.bias)

    def dense(self, table: Table, neurons: Neurons) -> Table:
        """Close a flat tensor, and return the sums of a dense layer over it.

        Raises
        ------
        ValueError
            If the contract has no such layer.
        """
        if table.pad is not None:
            raise ValueError("a dense layer must take a tensor without padding")
        index = table.index
        if index.ndim != 1 or len(np.unique(index)) != table.stage.shape.size:
            raise ValueError(
                f"it must take all {table.stage.shape.size} elements of the map before, flattened, "
                f"not {' x '.join(map(str, index.shape))}"
            )
        bits = self.close(table)
        params = DenseParams(
            inputs=self.layers[-1].params.output.size,
            outputs=len(neurons.weights),
            thresholds=True,
        )
        kept = np.empty(neurons.weights.shape, np.float64)
        kept[:, bits.index] = neurons.weights
        channel = np.arange(bits.index.size) % bits.shape.channels
        step, centre = bits.step[channel], bits.centre[channel]
        return self._sums(params, kept, step, centre, bits.levels, neurons.bias)

    def _sums(
        self,
        params: ConvParams | DenseParams,
        weights: NDArray[np.float64],
        step: NDArray[np.float64],
        centre: NDArray[np.float64],
        levels: int,
        bias: NDArray[np.floating],
    ) -> Table:
        """Return the sums of neurons as a function of the integer that the contract adds up."""
        found, scale = signs(weights * step)
        offset = (weights * centre).reshape(len(weights), -1).sum(axis=1) + bias
        finite = np.isfinite(offset)
        if not finite.all():
            raise ValueError(f"its bias must be finite, not {offset[~finite][0]:g}")
        inputs = params.inputs
        # An odd number of odd terms is odd; weights of 0 leave any number of terms.
        states = np.arange(-inputs, inputs + 1, 2 if found.all() else 1)
        if len(states) * len(scale) > MOST_VALUES:
            raise ValueError(
                f"its {len(scale)} outputs must have at most {MOST_VALUES // len(scale)} sums "
                f"each, not {len(states)}: give pixels fewer bits"
            )
        values = (states[:, np.newaxis] * scale + offset).astype(np.float32)
        stage = Stage(params.output, states, params, np.repeat(found, levels, axis=-1))
        self._open = stage.base
        if isinstance(params, DenseParams):
            return Table(stage, values, np.arange(params.outputs))
        return Table(stage, values[:, :, np.newaxis, np.newaxis], places(params.output))

    def logits(self, table: Table) -> bool:
        """Take a tensor as the logits of a head; return whether it is one.

        Raises
        ------
        ValueError
            If it is a sum whose largest element is not that of a head of the contract.
        """
        stage = table.stage
        if stage.params is None or table.index.size != stage.shape.size:
            return False
        if stage.base is not self._open or stage.pool > 1:
            return False
        functions = table.functions()
        if len(stage.states) < 3 or (functions[0] == functions[1]).any():
            return False  # no line: bits
        slopes = (functions[-1] - functions[0]) / (stage.states[-1] - stage.states[0])
        lines = functions[0] + slopes * (stage.states - stage.states[0])[:, np.newaxis]
        most = np.abs(functions).max()
        if not np.allclose(functions, lines, rtol=0, atol=_STRAIGHT * most):
            return False
        if not np.allclose(functions, functions[:, :1], rtol=0, atol=_EQUAL * most):
            raise ValueError(
                "logits must be sums times one scale of all classes plus one bias of all classes: "
                "leave the bias out of the last layer, and give a normalisation behind it one "
                "scale and one shift. Or import the network without its head: --features"
            )
        if stage.shape.height * stage.shape.width > 1:
            raise ValueError("logits must be one of each class, not a map of them")
        self._head = self._head_of(stage, table.index.ravel(), bool(slopes[0] > 0))
        return True

    def _head_of(self, stage: Stage, order: NDArray[np.int64], rising: bool) -> Head:
        """Return the head whose classes are the neurons of a stage in an order."""
        assert stage.weights is not None
        assert self.layers
        features = self.layers[-1].params.output
        weights = stage.weights[order].reshape(len(order), -1)
        if weights.shape[1] != features.size:
            raise ValueError("logits must take the whole map before, not windows or groups of it")
        if not rising:
            weights = -weights
        params = HeadParams(features=features.size, classes=len(order), hidden=0)
        # A weight of 0 is +1 in one plane and -1 in the other.
        planes = (weights >= 0).astype(np.uint8), (weights > 0).astype(np.uint8)
        return Head(params, np.zeros((0, features.size), np.uint8), *planes)

    def network(self) -> Network:
        """Return the network of all layers so far."""
        first = self.layers[0]
        assert isinstance(first, Thermometer)
        params = NetworkParams(
            input=first.params.input,
            bits=first.params.bits,
            layers=tuple(layer.params for layer in self.layers),
            head=None if self._head is None else self._head.params,
        )
        return Network(params, self.layers, self._head)


def _padding(table: Table, own: int) -> tuple[int, float | None]:
    """Return the padding of a convolution and its value, from a node before it or its own."""
    if table.pad is None:
        return own, 0.0 if own else None
    if own:
        raise ValueError("a map must be padded once, not by a Pad node and by the convolution")
    return table.pad
