# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""A graph of ONNX or QONNX: its nodes, its constants, and the execution of single nodes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from google.protobuf.message import DecodeError
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, inliner, numpy_helper
from qonnx.custom_op.registry import getCustomOp

from sim.work.errors import UserError
from sim.work.files import read_bytes

__all__ = ["STANDARD", "Array", "Graph", "attributes", "node_fault"]

Array = NDArray[Any]

#: Names of the domain of ONNX itself.
STANDARD = ("", "ai.onnx")

# Every domain under which exporters have put the operators of QONNX.
_QONNX = ("qonnx.custom_op.general", "onnx.brevitas", "finn.custom_op.general")

_MOST_IR = 10  # format of the one-node models, which every supported onnxruntime reads


class Graph:
    """A model with one input, read from a file.

    Parameters
    ----------
    path : Path
        The file; large arrays may lie beside it, as ONNX keeps them.

    Attributes
    ----------
    nodes : list of NodeProto
        Each takes what earlier ones give. Local functions are inlined.
    constants : dict of str to ndarray
        The initializers.
    input : str
        Name of the input.
    shape : tuple of int
        Its shape without the batch.
    outputs : list of str
        Names of the outputs.
    opset : int
        Version of the operators of ONNX.

    Raises
    ------
    UserError
        If the file cannot be read, is no model in order, or has not one input of a fixed shape.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        model = _read(path)
        graph = model.graph
        self.opset = max(
            [entry.version for entry in model.opset_import if entry.domain in STANDARD], default=1
        )
        self._sessions: dict[Any, onnxruntime.InferenceSession] = {}
        self.nodes: list[NodeProto] = list(graph.node)
        for node in self.nodes:
            if node.domain in _QONNX:
                node.domain = _QONNX[0]
        self.constants = {entry.name: _array(path, entry) for entry in graph.initializer}
        inputs = [entry for entry in graph.input if entry.name not in self.constants]
        if len(inputs) != 1:
            names = ", ".join(entry.name for entry in inputs) or "none"
            raise UserError(f"{path} must have one input, the image, not {len(inputs)}: {names}")
        self.input = inputs[0].name
        kind = inputs[0].type.tensor_type.elem_type
        if kind != TensorProto.FLOAT:
            names = {number: name for name, number in TensorProto.DataType.items()}
            raise UserError(
                f"{path}: input {self.input!r} must be a tensor of float32, not of "
                f"{names.get(kind, kind)}: put a Cast into the model, or export it with an "
                "image of float32"
            )
        sizes = [size.dim_value for size in inputs[0].type.tensor_type.shape.dim]
        if len(sizes) < 2 or min(sizes[1:]) < 1:
            raise UserError(
                f"{path}: input {self.input!r} must have a batch and then fixed sizes, not "
                f"{[size or '?' for size in sizes]}"
            )
        self.shape = tuple(sizes[1:])
        self.outputs = [entry.name for entry in graph.output]
        self._check_order()

    def _check_order(self) -> None:
        """Make sure that every node takes what is there before it."""
        known = {self.input, *self.constants, ""}
        for node in self.nodes:
            if not any(node.output):
                raise node_fault(self.path, node, "it must give a result, and names none")
            for name in node.input:
                if name not in known:
                    raise node_fault(
                        self.path, node, f"it takes {name!r}, which no node before it gives"
                    )
            known.update(node.output)

    def evaluate(self, node: NodeProto, arrays: Sequence[Array]) -> list[Array]:
        """Return the outputs of one node: by onnxruntime, or by qonnx where it is one of QONNX.

        Parameters
        ----------
        node : NodeProto
        arrays : sequence of ndarray
            One for each of its inputs that has a name.

        Raises
        ------
        UserError
            If no such operator is known, or it refuses these arrays.
        """
        names = [name for name in node.input if name]
        try:
            if node.domain not in STANDARD:
                context = dict(zip(names, arrays, strict=True))
                getCustomOp(node).execute_node(context, onnx.GraphProto())
                return [context[name] for name in node.output]
            session = self._session(node, names, arrays)
            return [
                np.asarray(array)
                for array in session.run(None, dict(zip(names, arrays, strict=True)))
            ]
        except Exception as error:  # each library raises classes of its own
            reason = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
            raise node_fault(self.path, node, f"it cannot be executed: {reason}") from error

    def run(self, pixels: Array, wanted: Sequence[str]) -> list[Array]:
        """Return some tensors of the graph for an input, node by node.

        Parameters
        ----------
        pixels : ndarray of shape (1, *shape), float32
        wanted : sequence of str
            Names of tensors.

        Raises
        ------
        UserError
            If a node cannot be executed.
        """
        tensors: dict[str, Array] = {**self.constants, self.input: pixels}
        for node in self.nodes:
            results = self.evaluate(node, [tensors[name] for name in node.input if name])
            tensors |= zip([name for name in node.output if name], results, strict=False)
        return [tensors[name] for name in wanted]

    def _session(
        self, node: NodeProto, names: Sequence[str], arrays: Sequence[Array]
    ) -> onnxruntime.InferenceSession:
        """Return a session of onnxruntime that holds one node for arrays of such shapes."""
        signature = tuple((array.shape, array.dtype.str) for array in arrays)
        key = (*node.output, signature)  # the first output may have no name
        if key not in self._sessions:
            inputs = {
                name: helper.make_tensor_value_info(
                    name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape
                )
                for name, array in zip(names, arrays, strict=True)
            }
            outputs = [onnx.ValueInfoProto(name=name) for name in node.output if name]
            graph = helper.make_graph([node], "node", list(inputs.values()), outputs)
            model = helper.make_model(
                graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=_MOST_IR
            )
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = 1
            options.log_severity_level = 4
            self._sessions[key] = onnxruntime.InferenceSession(
                model.SerializeToString(), options, providers=["CPUExecutionProvider"]
            )
        return self._sessions[key]


def node_fault(path: Path, node: NodeProto, text: str) -> UserError:
    """Return the error that names a node: by its name, or by what it gives where it has none.

    Parameters
    ----------
    path : Path
        File of the graph.
    node : NodeProto
    text : str
        What is wrong, and what would be right.
    """
    name = node.name or f"-> {next(filter(None, node.output), 'nothing')}"
    return UserError(f"{path}: node {name} ({node.op_type}): {text}")


def attributes(node: NodeProto) -> Mapping[str, Any]:
    """Return the attributes of a node as Python values."""
    return {entry.name: helper.get_attribute_value(entry) for entry in node.attribute}


def _read(path: Path) -> onnx.ModelProto:
    """Return the model of a file, complete and checked."""
    content = read_bytes(path)
    try:
        model = onnx.load_model_from_string(content)
        onnx.load_external_data_for_model(model, str(path.parent))
    except (DecodeError, onnx.checker.ValidationError, OSError, ValueError) as error:
        reason = str(error).strip().splitlines()
        raise UserError(
            f"{path} must be a model of ONNX: {reason[0] if reason else 'it is damaged'}"
        ) from error
    if not model.graph.node:
        raise UserError(f"{path} must be a model of ONNX with nodes: it has none")
    try:
        return inliner.inline_local_functions(model)
    except (onnx.checker.ValidationError, RuntimeError, ValueError) as error:
        reason = str(error).strip().splitlines()
        raise UserError(
            f"{path} must be a model of ONNX whose functions can be put in place: "
            f"{reason[0] if reason else 'one is at fault'}"
        ) from error


def _array(path: Path, entry: TensorProto) -> Array:
    """Return the array of an initializer."""
    try:
        return numpy_helper.to_array(entry)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise UserError(
            f"{path}: initializer {entry.name!r} must be an array as long as its shape "
            f"{list(entry.dims)} says, of a type that ONNX has: {error}"
        ) from error
