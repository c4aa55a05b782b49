# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""Float graphs of QONNX made by hand, node by node."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

QONNX = "qonnx.custom_op.general"
CUSTOM = ("BipolarQuant", "MultiThreshold", "Quant")


class Graph:
    """A chain of nodes from an input on; each call of `add` follows the last."""

    def __init__(self, shape: tuple[int, ...], seed: int = 0) -> None:
        self.rng = np.random.default_rng(seed)
        self.nodes: list[Any] = []
        self.arrays: list[Any] = []
        self.input = helper.make_tensor_value_info("image", TensorProto.FLOAT, (1, *shape))
        self.last = "image"

    def constant(self, array: Any) -> str:
        name = f"constant{len(self.arrays)}"
        self.arrays.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def add(self, kind: str, *constants: Any, first: str | None = None, **given: Any) -> "Graph":
        names = [c if isinstance(c, str) else self.constant(c) for c in constants]
        name = f"{kind.lower()}{len(self.nodes)}"
        domain = QONNX if kind in CUSTOM else ""
        self.nodes.append(
            helper.make_node(
                kind, [first or self.last, *names], [f"{name}_out"], name, domain=domain, **given
            )
        )
        self.last = f"{name}_out"
        return self

    def real(self, *shape: int) -> NDArray[np.float32]:
        return self.rng.normal(size=shape).astype(np.float32)

    def bipolar(self, scale: Any = 1.0) -> "Graph":
        return self.add("BipolarQuant", np.float32(scale))

    def binary(self, scale: float = 1.0, signed: int = 0) -> "Graph":
        values = (np.float32(v) for v in (scale, 0.0, 1.0))
        return self.add("Quant", *values, signed=signed, narrow=0, rounding_mode="ROUND")

    def norm(self, channels: int, deviation: float = 3.0) -> "Graph":
        """Add a batch normalisation, about half of whose scales are negative."""
        mean = self.real(channels) * np.float32(deviation)
        variance = np.abs(self.real(channels)) + np.float32(0.1)
        return self.add(
            "BatchNormalization", self.real(channels), self.real(channels), mean, variance
        )

    def weights(self, *shape: int, scale: Any = 1.0) -> str:
        """Add weights that a node quantises, and return their name."""
        before, name = self.last, self.constant(self.real(*shape))
        self.add("BipolarQuant", np.float32(scale), first=name)
        weights, self.last = self.last, before
        return weights

    def conv(self, outputs: int, inputs: int, kernel: int = 3, **given: Any) -> "Graph":
        """Add a convolution; `inputs` are those of a group."""
        scale = given.pop("scale", 1.0)
        return self.add("Conv", self.weights(outputs, inputs, kernel, kernel, scale=scale), **given)

    def dense(self, outputs: int, inputs: int, scale: Any = 1.0) -> "Graph":
        return self.add("MatMul", self.weights(inputs, outputs, scale=scale))

    def pool(self, size: int = 2) -> "Graph":
        return self.add("MaxPool", kernel_shape=[size] * 2, strides=[size] * 2)

    def flatten(self) -> "Graph":
        return self.add("Flatten", axis=1)

    def save(self, folder: Path, opset: int = 17) -> Path:
        output = helper.make_tensor_value_info(self.last, TensorProto.FLOAT, None)
        graph = helper.make_graph(self.nodes, "made", [self.input], [output], self.arrays)
        opsets = [helper.make_opsetid("", opset), helper.make_opsetid(QONNX, 1)]
        path = folder / "made.onnx"
        path.write_bytes(
            helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()
        )
        return path
