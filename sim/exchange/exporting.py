# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""A network of the contract as a graph of QONNX."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

from golden.conv import Conv
from golden.dense import Dense
from golden.head import Head
from golden.network import Network
from golden.params import ConvParams
from golden.pool import Pool
from golden.thermometer import Thermometer

__all__ = ["FEATURES", "IMAGE", "LOGITS", "to_qonnx"]

#: Names of the input and the outputs of a graph.
IMAGE, FEATURES, LOGITS = "image", "features", "logits"

_DOMAIN = "qonnx.custom_op.general"
_OPSETS = (("", 17), (_DOMAIN, 1))
_IR = 8  # what onnx 1.12 writes, which readers of opset 17 know


def to_qonnx(network: Network) -> bytes:
    """Return a model of QONNX that gives the features and the logits of a network.

    Its input `image` has the shape (1, C, H, W), float32: pixels ``0..2**b - 1`` as they are. Its
    output `features` has the shape (1, D): -1 and +1 in the order of the contract. `logits` has the
    shape (1, classes) and is there if the network has a head. All weights are quantised to one bit,
    those of the head to -2, 0 and +2. Thresholds lie halfway between two sums, so that no rounding
    and no sign of 0 matters.

    Parameters
    ----------
    network : Network

    Returns
    -------
    bytes
        Content of a file `.onnx`.
    """
    return _Writer(network).model.SerializeToString()


class _Writer:
    """A graph that grows node by node; `last` is the tensor that the last node gives."""

    def __init__(self, network: Network) -> None:
        self.nodes: list[NodeProto] = []
        self.arrays: list[TensorProto] = []
        self.last = IMAGE
        params = network.params
        for layer in network.layers:
            self._layer(layer)
        self._flatten(FEATURES)
        outputs = [_value(FEATURES, params.output.size)]
        if network.head is not None:
            self._head(network.head)
            outputs.append(_value(LOGITS, network.head.params.classes))
        height, width, colours = params.input.array_shape
        graph = helper.make_graph(
            self.nodes, "network", [_value(IMAGE, colours, height, width)], outputs, self.arrays
        )
        opsets = [helper.make_opsetid(domain, number) for domain, number in _OPSETS]
        self.model = helper.make_model(
            graph, producer_name="engram", opset_imports=opsets, ir_version=_IR
        )

    def _layer(self, layer: Thermometer | Conv | Pool | Dense) -> None:
        if isinstance(layer, Thermometer):
            self._thermometer(layer)
        elif isinstance(layer, Pool):
            sides = [layer.params.size] * 2
            self._add("MaxPool", kernel_shape=sides, strides=sides)
        elif isinstance(layer, Conv):
            self._convolution(layer)
        else:
            self._flatten()
            self._dense(layer.weights)
            self._bits(layer.thresholds, layer.polarity, 1)

    def _thermometer(self, layer: Thermometer) -> None:
        """Repeat each colour for each level, and compare it with the level's pixel."""
        colours, levels = layer.params.input.channels, layer.params.levels
        copies = np.ones((colours * levels, 1, 1, 1), np.float32)
        steps = np.tile(0.5 - layer.thresholds, colours).astype(np.float32)
        self._add("Conv", self._constant(copies), self._constant(steps), group=colours)
        self._quantise(1.0)

    def _convolution(self, layer: Conv) -> None:
        params: ConvParams = layer.params  # pyright: ignore[reportAssignmentType]
        if params.pad:
            pads = np.array([0, 0, params.pad, params.pad] * 2, np.int64)
            self._add("Pad", self._constant(pads), self._constant(np.float32(-1)))
        weights = self._weights(layer.weights.transpose(0, 3, 1, 2))
        self._add("Conv", weights, group=params.groups)
        self._bits(layer.thresholds, layer.polarity, 3)
        if params.shuffle:
            shape = params.output
            for sizes in ((params.groups, params.group_outputs), (shape.channels,)):
                if len(sizes) == 1:
                    self._add("Transpose", perm=[0, 2, 1, 3, 4])
                target = np.array([1, *sizes, shape.height, shape.width], np.int64)
                self._add("Reshape", self._constant(target))

    def _bits(
        self,
        thresholds: NDArray[np.integer[Any]] | None,
        polarity: NDArray[np.uint8] | None,
        axes: int,
    ) -> None:
        """Compare sums with thresholds; `axes` is how many axes a sum has beside the batch."""
        if thresholds is None or polarity is None:
            thresholds, polarity = np.zeros(1, np.int32), np.ones(1, np.uint8)
        sign = 2.0 * polarity - 1
        shape = (-1,) + (1,) * (axes - 1)
        if (polarity == 0).any():
            self._add("Mul", self._constant(sign.reshape(shape).astype(np.float32)))
        half = (sign * (0.5 - thresholds)).reshape(shape).astype(np.float32)
        self._add("Add", self._constant(half))
        self._quantise(1.0)

    def _head(self, head: Head) -> None:
        """Add the logits: ternary weights over the hidden bits and the features."""
        if head.params.hidden:
            self._dense(head.hidden_weights)
            self._bits(None, None, 1)
            self._add("Concat", FEATURES, axis=1)
        # Both planes are one weight of -2, 0 or +2.
        weights = (head.plane_a.astype(np.float32) + head.plane_b - 1) * 2
        name = self._constant(np.ascontiguousarray(weights.T))
        values = [self._constant(np.float32(value)) for value in (2, 0, 2)]
        before, self.last = self.last, name
        self._add("Quant", *values, signed=1, narrow=1, rounding_mode="ROUND")
        quantised, self.last = self.last, before
        self._add("MatMul", quantised, result=LOGITS)

    def _dense(self, weights: NDArray[np.uint8]) -> None:
        self._add("MatMul", self._weights(np.ascontiguousarray(weights.T)))

    def _flatten(self, result: str = "") -> None:
        """Flatten a map in the order of the contract; a flat tensor stays as it is."""
        flat = bool(self.nodes) and self._axes == 2
        if not flat:
            self._add("Transpose", perm=[0, 2, 3, 1])
            self._add("Flatten", axis=1, result=result)
        elif result:
            self._add("Identity", result=result)

    @property
    def _axes(self) -> int:
        """Axes of the last tensor, with the batch."""
        kinds = [node.op_type for node in self.nodes]
        return 2 if "Flatten" in kinds else 4

    def _weights(self, bits: NDArray[np.uint8]) -> str:
        """Add weights of -1 and +1, and return the name of their quantised tensor."""
        before, self.last = self.last, self._constant(2 * bits.astype(np.float32) - 1)
        self._quantise(1.0)
        quantised, self.last = self.last, before
        return quantised

    def _quantise(self, scale: float) -> None:
        self._add("BipolarQuant", self._constant(np.float32(scale)))

    def _constant(self, array: Any) -> str:
        name = f"constant{len(self.arrays)}"
        self.arrays.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def _add(self, kind: str, *more: str, result: str = "", **given: Any) -> None:
        """Add a node that takes the last tensor first."""
        name = f"{kind}{len(self.nodes)}"
        domain = _DOMAIN if kind in ("BipolarQuant", "Quant") else ""
        result = result or f"{name}_out"
        self.nodes.append(
            helper.make_node(kind, [self.last, *more], [result], name, domain=domain, **given)
        )
        self.last = result


def _value(name: str, *sizes: int) -> Any:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, (1, *sizes))
