# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""A walk through a float graph: what each of its nodes is in the contract."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from onnx import NodeProto

from golden.network import Network
from sim.exchange.builder import Builder
from sim.exchange.graph import STANDARD, Array, Graph, node_fault
from sim.exchange.nodes import (
    DECISIONS,
    NEURONS,
    POOLS,
    check_decision,
    check_inference,
    neurons_of,
    pad_of,
    shape_of,
    window_of,
)
from sim.exchange.pixels import PixelFormat
from sim.exchange.tables import MOST_VALUES, Bits, StageFault, Table, pooled
from sim.work.errors import UserError

__all__ = ["Imported", "import_graph"]

# Operators whose result at a place depends on their inputs at that place alone.
_PLACEWISE = frozenset((
    "Abs", "Add", "And", "BatchNormalization", "BipolarQuant", "Cast", "Ceil", "Clip", "Div",
    "Dropout", "Elu", "Equal", "Erf", "Exp", "Floor", "Greater", "GreaterOrEqual",
    "HardSigmoid", "HardSwish", "Identity", "IntQuant", "LeakyRelu", "Less", "LessOrEqual",
    "Max", "Min", "Mul", "MultiThreshold", "Neg", "Not", "Or", "Pow", "PRelu", "Quant",
    "Relu", "Round", "Selu", "Sigmoid", "Sign", "Softplus", "Softsign", "Sqrt", "Sub", "Tanh",
    "Trunc", "Where", "Xor",
))  # fmt: skip
# Operators with constants along the axis of channels that must not be squeezed to one place.
_CHANNELWISE = frozenset(("BatchNormalization", "MultiThreshold"))
_MOVES = frozenset(("Flatten", "Reshape", "Squeeze", "Transpose", "Unsqueeze"))
_PADDED = "a padded map must go into a convolution"


@dataclass(frozen=True, eq=False)
class Imported:
    """A network, and where its features and answers are in the float graph.

    Parameters
    ----------
    network : Network
    features : str
        Name of the tensor that the features stand for.
    bits : Bits
        What they stand for.
    logits : str or None
        Name of the tensor of which the answer is the arg max; None without a head.
    """

    network: Network
    features: str
    bits: Bits
    logits: str | None


def import_graph(graph: Graph, pixels: PixelFormat, features: str | None = None) -> Imported:
    """Return the network that a float graph is.

    Parameters
    ----------
    graph : Graph
    pixels : PixelFormat
        What the input of the graph is.
    features : str, optional
        Name of a tensor of bits. The network then ends there, without a head.

    Raises
    ------
    UserError
        If the contract cannot express a node; the message names it, and what would be right.
    """
    try:
        table = pixels.table(graph.shape)
    except ValueError as error:
        raise UserError(f"{graph.path}: input {graph.input!r}: {error}") from error
    walk = _Walk(graph, table)
    for node in graph.nodes:
        walk.step(node)
        if features is not None and features in node.output:
            if features not in walk.tables:
                text = f"--features must be a tensor of bits of the image, and {features!r} is none"
                raise walk.fault(node, text)
            return walk.end(node, features, head=False)
    if features is not None:
        raise UserError(f"{graph.path}: --features must be the name of a tensor, not {features!r}")
    for node in reversed(graph.nodes):
        for name in node.output:
            if name in graph.outputs and name in walk.tables:
                return walk.end(node, name, head=True)
    raise UserError(f"{graph.path} must have an output that depends on its input")


class _Walk:
    """Tensors met so far: constants, and functions of the layers' integers."""

    def __init__(self, graph: Graph, pixels: Table) -> None:
        self.graph = graph
        self.builder = Builder()
        self.tables: dict[str, Table] = {graph.input: pixels}
        self.decided: dict[str, str] = {}  # logits by what is decided from them
        self.chosen: set[str] = set()  # of these, what is a class or the logits of some alone
        self.paths: dict[str, list[NodeProto]] = {}  # from a layer's weights to a tensor
        self.taken = ""  # tensor whose bits the last layer gives
        self.constants: dict[str, Array] = dict(graph.constants)

    def step(self, node: NodeProto) -> None:
        """Take a node.

        Raises
        ------
        UserError
            If the contract cannot express it.
        """
        names = [name for name in node.input if name]
        tables = [name for name in names if name in self.tables]
        for name in names:
            if name not in self.tables and name not in self.constants:
                raise self.fault(
                    node, f"it takes {name!r}, a second result of a node, which is none"
                )
        answer = any(name in self.decided for name in names)
        if answer and (node.op_type not in DECISIONS or self.chosen.intersection(names)):
            raise self.fault(node, "it must not compute on an answer: nothing may follow it")
        if not tables:
            arrays = [self.constants[name] for name in names]
            given = [name for name in node.output if name]
            self.constants |= zip(given, self.graph.evaluate(node, arrays), strict=True)
            return
        try:
            check_inference(node, self.constants)
            if node.op_type == "Shape":
                self.constants[node.output[0]] = shape_of(node, self.tables[tables[0]].index.shape)
            elif node.op_type in DECISIONS:
                table = self.tables[tables[0]]
                check_decision(node, table.index.shape, self.graph.opset)
                self.tables |= dict.fromkeys(node.output, table)  # TopK: values and classes
                logits = self.decided.get(tables[0], tables[0])
                self.decided |= dict.fromkeys(node.output, logits)
                if node.op_type in ("ArgMax", "TopK"):
                    self.chosen.update(node.output)
            else:
                self.tables[node.output[0]] = self._result(node, names, tables)
                self._follow(node, tables)
        except ValueError as error:
            raise self._blamed(error, node, tables[0]) from error
        except LookupError as error:
            raise self.fault(node, f"an input or an attribute is missing: {error}") from error

    def _follow(self, node: NodeProto, tables: list[str]) -> None:
        """Note which nodes computed what a node gives, from the last weights on."""
        before = [step for name in tables for step in self.paths.get(name, [])]
        if node.op_type in NEURONS:
            before = [node]
        elif node.op_type in _PLACEWISE:
            before.append(node)
        self.paths[node.output[0]] = before

    def _blamed(self, error: ValueError, node: NodeProto, taken: str) -> UserError:
        """Return the error of a node, or of the one before it that made what it cannot take."""
        path = self.paths.get(taken)
        text = str(error)
        if not isinstance(error, StageFault) or not path:
            return self.fault(node, text)
        if error.sign and any(step.op_type == "Sign" for step in path):
            text = f"{text}. {error.sign}"
        return self.fault(path[0 if error.neurons else -1], text)

    def _result(self, node: NodeProto, names: list[str], tables: list[str]) -> Table:
        """Return what a node gives."""
        kind, first = node.op_type, self.tables[tables[0]]
        if kind in _PLACEWISE:
            return self._placewise(node, names, tables)
        if len(tables) > 1 or names[0] != tables[0]:
            raise ValueError(
                f"it must take one tensor that depends on the image, as its first input, not "
                f"{', '.join(tables)}"
            )
        rest = [self.constants[name] for name in names[1:]]
        if first.pad is not None and kind != "Conv":
            raise ValueError(_PADDED)
        if kind in _MOVES:
            return first.arranged(self._mover(node, rest), kind != "Transpose")
        if kind in NEURONS and node.domain in STANDARD:
            self.taken = tables[0]
            neurons = neurons_of(node, rest)
            return (self.builder.convolution if kind == "Conv" else self.builder.dense)(
                first, neurons
            )
        if kind == "Pad" and node.domain in STANDARD:
            pad = pad_of(node, rest)
            return replace(first, pad=pad if pad[0] else None)
        if kind in POOLS and node.domain in STANDARD:
            return pooled(first, window_of(node, first.stage.shape))
        raise ValueError(
            "the contract has no such layer. It has convolutions, dense layers, max pools, and "
            f"before each one {', '.join(sorted(_PLACEWISE))} with constants that end in bits"
        )

    def _placewise(self, node: NodeProto, names: list[str], tables: list[str]) -> Table:
        """Apply a node to functions: at every state it is executed once."""
        first = self.tables[tables[0]]
        for name in tables[1:]:
            other = self.tables[name]
            if other.stage is not first.stage or (other.index != first.index).any():
                raise ValueError(
                    f"it must not join two tensors of the image, {tables[0]} and {name}: the "
                    "contract has no branches"
                )
        if first.pad is not None:
            raise ValueError(_PADDED)
        shape = first.index.shape
        arrays = []
        for name in names:
            array = self.tables[name].values if name in self.tables else self.constants[name]
            if name in self.tables and node.op_type in _CHANNELWISE and array.shape[1] == 1:
                array = np.repeat(array, shape[0], axis=1)
            arrays.append(array)
        for name, array in zip(names, arrays, strict=True):
            if name not in self.tables and node.op_type not in _CHANNELWISE:
                _check_spread(array.shape, shape)
        if node.op_type not in _CHANNELWISE:
            spread = np.broadcast_shapes(*(array.shape for array in arrays))
            if np.prod(spread, dtype=np.int64) > MOST_VALUES:
                raise ValueError("its constants must be the same at all places of a channel")
        values = np.asarray(self.graph.evaluate(node, arrays)[0])
        if values.dtype.kind == "f" and np.isnan(values).any():
            raise ValueError("its result is no number (NaN): look at its constants")
        return replace(first, values=values)

    def _mover(self, node: NodeProto, rest: Sequence[Array]) -> Callable[[Array], Array]:
        """Return what moves places as a node does."""

        def move(array: Array) -> Array:
            moved = self.graph.evaluate(node, [array, *rest])[0]
            if len(moved) != 1 or moved.size != array.size:
                raise ValueError("it must keep the batch as the first axis, of size 1")
            return moved

        return move

    def end(self, node: NodeProto, name: str, head: bool) -> Imported:
        """Return the network that ends in a tensor."""
        table = self.tables[name]
        name = self.decided.get(name, name)
        try:
            if table.pad is not None:
                raise ValueError(_PADDED)
            if head and self.builder.logits(table):
                bits = self.builder.features
                assert bits is not None
                return Imported(self.builder.network(), self.taken, bits, name)
            bits = self.builder.close(table)
            return Imported(self.builder.network(), name, bits, None)
        except ValueError as error:
            raise self._blamed(error, node, name) from error

    def fault(self, node: NodeProto, text: str) -> UserError:
        """Return the error that names a node."""
        return node_fault(self.graph.path, node, text)


def _check_spread(constant: tuple[int, ...], shape: tuple[int, ...]) -> None:
    """Refuse a constant that would change the shape of a tensor or differ in a batch."""
    whole = (1, *shape)
    try:
        fits = np.broadcast_shapes(constant, whole) == whole
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(f"its constant must spread over {list(whole)}, not {list(constant)}")
