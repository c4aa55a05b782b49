# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""What single nodes of ONNX say, in the terms of the contract: neurons, paddings and windows."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto

from golden.params import MapShape
from sim.exchange.graph import Array, attributes
from sim.exchange.weights import Neurons

__all__ = [
    "DECISIONS", "NEURONS", "POOLS", "check_decision", "check_inference", "neurons_of", "pad_of",
    "shape_of", "window_of",
]  # fmt: skip

#: Operators of layers of neurons, of pools, and those that decide from logits.
NEURONS = frozenset(("Conv", "Gemm", "MatMul"))
POOLS = frozenset(("GlobalMaxPool", "MaxPool"))
DECISIONS = frozenset(("ArgMax", "LogSoftmax", "Softmax", "TopK"))

_SOFTMAX_OF_ONE_AXIS = 13  # the opset from which a softmax takes one axis, and not all that follow


def neurons_of(node: NodeProto, constants: Sequence[Array]) -> Neurons:
    """Return the neurons of a node of `NEURONS`.

    Parameters
    ----------
    node : NodeProto
    constants : sequence of ndarray
        Its inputs but the first.

    Raises
    ------
    ValueError
        If the contract has no such layer.
    """
    given, weights = attributes(node), constants[0]
    if node.op_type == "Conv":
        return _convolution(given, constants)
    if node.op_type == "MatMul":
        if weights.ndim != 2:
            raise ValueError(f"its weights must have two axes, not {weights.ndim}")
        return Neurons(weights.T, np.zeros(weights.shape[1], np.float32))
    if given.get("transA", 0):
        raise ValueError("its transA must be 0")
    weights = weights if given.get("transB", 0) else weights.T
    bias = np.zeros(len(weights), np.float32)
    if len(constants) > 1:
        own = np.broadcast_to(constants[1], (1, len(weights)))[0]
        bias = bias + given.get("beta", 1.0) * own
    return Neurons(weights * given.get("alpha", 1.0), bias)


def _convolution(given: Mapping[str, Any], constants: Sequence[Array]) -> Neurons:
    """Return the neurons of a convolution."""
    weights = constants[0]
    if weights.ndim != 4 or weights.shape[2] != weights.shape[3]:
        raise ValueError(f"its kernel must be square, not {list(weights.shape[2:])}")
    strides, dilations = given.get("strides", [1, 1]), given.get("dilations", [1, 1])
    if {*strides, *dilations} != {1}:
        raise ValueError(
            f"its strides and dilations must be 1, not {strides} and {dilations}: a max pool makes "
            "a map smaller"
        )
    pads = _pads(given, weights.shape[2])
    if len(set(pads)) != 1:
        raise ValueError(f"its padding must be the same on all sides, not {pads}")
    bias = constants[1] if len(constants) > 1 else np.zeros(len(weights), np.float32)
    return Neurons(weights, bias, pads[0], given.get("group", 1))


def _pads(given: Mapping[str, Any], kernel: int) -> list[int]:
    """Return the padding of a convolution on its four sides."""
    auto = given.get("auto_pad", b"NOTSET")
    if auto in (b"SAME_UPPER", b"SAME_LOWER"):
        if kernel % 2 == 0:
            raise ValueError(f"a kernel of the padding {auto.decode()} must be odd, not {kernel}")
        return [(kernel - 1) // 2] * 4
    return [0] * 4 if auto == b"VALID" else list(given.get("pads", [0] * 4))


def pad_of(node: NodeProto, constants: Sequence[Array]) -> tuple[int, float]:
    """Return the rows and columns that a node `Pad` puts around a map, and their value.

    Parameters
    ----------
    node : NodeProto
    constants : sequence of ndarray
        Its inputs but the first.

    Raises
    ------
    ValueError
        If they are not the same on all sides, or not one constant.
    """
    if len(node.input) > 3:
        raise ValueError("it must name no axes: its pads must be those of all four")
    own = attributes(node)
    mode = own.get("mode", b"constant")
    # Before opset 11, pads and value were attributes.
    pads = constants[0].tolist() if constants else list(own.get("pads", []))
    half, sides = len(pads) // 2, {*pads[2:4], *pads[6:8]}
    if mode != b"constant" or len(pads) != 8 or len(sides) != 1 or any(pads[:2] + pads[4:6]):
        raise ValueError(
            "it must put one constant around rows and columns, as many on all sides, not "
            f"{mode.decode()} {pads[:half]} and {pads[half:]}"
        )
    value = constants[1] if len(constants) > 1 else own.get("value", 0.0)
    return int(sides.pop()), float(value)


def window_of(node: NodeProto, shape: MapShape) -> int:
    """Return the side of the windows of a node of `POOLS` over a map.

    Parameters
    ----------
    node : NodeProto
    shape : MapShape
        The map.

    Raises
    ------
    ValueError
        If windows are not square, overlap or are padded.
    """
    if node.op_type == "GlobalMaxPool":
        if shape.height != shape.width:
            raise ValueError(f"its map must be square, not {shape.height} x {shape.width}")
        return shape.height
    given = {"strides": [1, 1], **attributes(node)}
    size = given["kernel_shape"]
    for name, wanted in {
        "strides": size, "dilations": [1, 1], "pads": [0] * 4, "ceil_mode": 0,
    }.items():  # fmt: skip
        if given.get(name, wanted) != wanted:
            raise ValueError(f"its {name} must be {wanted}, not {given[name]}")
    if len(size) != 2 or len(set(size)) != 1 or size[0] < 1:
        raise ValueError(f"its kernel must be square, not {size}")
    return size[0]


def shape_of(node: NodeProto, shape: Sequence[int]) -> NDArray[np.int64]:
    """Return what a node `Shape` gives.

    Parameters
    ----------
    node : NodeProto
    shape : sequence of int
        Shape of the tensor that it takes, without the batch.
    """
    given = attributes(node)
    return np.array((1, *shape)[given.get("start", 0) : given.get("end")], np.int64)


def check_inference(node: NodeProto, constants: Mapping[str, Array]) -> None:
    """Check that a node does in the graph what it does after training.

    Parameters
    ----------
    node : NodeProto
        Of any operator.
    constants : mapping of str to ndarray
        All constants of the graph by their names.

    Raises
    ------
    ValueError
        If it is a normalisation or a dropout of training.
    """
    training = False
    if node.op_type == "BatchNormalization":
        results = sum(bool(name) for name in node.output)
        training = bool(attributes(node).get("training_mode", 0)) or results > 1
    elif node.op_type == "Dropout" and len(node.input) > 2 and node.input[2]:
        mode = constants.get(node.input[2])
        training = mode is None or bool(mode.any())
    if training:
        raise ValueError("it must not be in training mode: export model.eval()")


def check_decision(node: NodeProto, shape: Sequence[int], opset: int) -> None:
    """Check that a node of `DECISIONS` names the class of the largest logit.

    Parameters
    ----------
    node : NodeProto
    shape : sequence of int
        Shape of the logits without the batch.
    opset : int
        Version of the operators of ONNX.

    Raises
    ------
    ValueError
        If it takes the smallest, or another axis than that of the classes.
    """
    given, kind = attributes(node), node.op_type
    if kind == "TopK" and not given.get("largest", 1):
        raise ValueError("its largest must be 1: the answer is the class of the largest logit")
    coerced = kind.endswith("Softmax") and opset < _SOFTMAX_OF_ONE_AXIS
    axis = given.get("axis", 0 if kind == "ArgMax" else 1 if coerced else -1)
    rank = len(shape) + 1
    place = axis + rank if axis < 0 else axis
    sizes = (1, *shape)[place : rank if coerced else place + 1] if 0 < place < rank else ()
    if not sizes or np.prod(sizes) != np.prod(shape):
        raise ValueError(
            f"its axis must be that of the classes of the tensor {[1, *shape]}, not {axis}"
        )
