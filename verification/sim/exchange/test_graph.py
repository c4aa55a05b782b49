# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""Files of ONNX are read with messages; an agreement notices every difference."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from verification.extras import skip_without_onnx

skip_without_onnx()

import onnx
from onnx import TensorProto, helper

from golden.dense import Dense
from golden.head import Head
from golden.network import Network
from sim.exchange.check import compare
from sim.exchange.graph import Graph as Read
from sim.exchange.pixels import PixelFormat
from sim.exchange.walk import import_graph
from sim.work.errors import UserError
from verification.sim.exchange.graphs import Graph

F32 = np.float32
PIXELS = PixelFormat(bits=4)


def small() -> Graph:
    graph = Graph((1, 8, 8)).add("Sub", np.float32(0.5)).bipolar().flatten()
    return graph.dense(20, 64).norm(20).bipolar().dense(5, 20)


def test_agreement_notices_a_threshold_and_a_head_that_differ(tmp_path: Path) -> None:
    graph = Read(small().save(tmp_path))
    found = import_graph(graph, PIXELS)
    images = np.random.default_rng(1).integers(0, 16, (50, 8, 8, 1), np.uint8)
    assert compare(graph, found, PIXELS, images).whole
    thermometer, dense = found.network.layers
    assert isinstance(dense, Dense)
    assert dense.thresholds is not None
    assert dense.polarity is not None
    assert found.network.head is not None
    moved = dense.thresholds + 2 * (np.arange(20) == 3).astype(np.int32)
    other = Dense(dense.params, dense.weights, moved, dense.polarity)
    network = Network(found.network.params, [thermometer, other], found.network.head)
    agreement = compare(graph, replace(found, network=network), PIXELS, images)
    assert not agreement.features.all()
    head = found.network.head
    turned = Head(head.params, head.hidden_weights, head.plane_a[::-1], head.plane_b[::-1])
    network = Network(found.network.params, found.network.layers, turned)
    agreement = compare(graph, replace(found, network=network), PIXELS, images)
    assert agreement.features.all()
    assert not agreement.classes.all()
    assert not agreement.whole


def test_arrays_beside_the_file_are_read(tmp_path: Path) -> None:
    path = small().save(tmp_path)
    expected = import_graph(Read(path), PIXELS).network.to_bytes()
    model, apart = onnx.load(path), tmp_path / "apart.onnx"
    onnx.save(model, apart, save_as_external_data=True, location="apart.data", size_threshold=0)
    assert import_graph(Read(apart), PIXELS).network.to_bytes() == expected
    (tmp_path / "apart.data").unlink()
    with pytest.raises(UserError, match="apart.onnx must be a model of ONNX: "):
        Read(apart)


@pytest.mark.parametrize("domain", ["onnx.brevitas", "finn.custom_op.general"])
def test_older_names_of_the_operators_of_qonnx_are_known(domain: str, tmp_path: Path) -> None:
    graph = small()
    for node in graph.nodes:
        node.domain = domain if node.domain else ""
    import_graph(Read(graph.save(tmp_path)), PIXELS)


def test_nodes_whose_first_result_has_no_name_are_told_apart(tmp_path: Path) -> None:
    """The first result of a recurrent layer may be left out; these two differ in their function."""
    graph = small()
    weights = [graph.constant(np.full((1, 1, 1), value, F32)) for value in (2, 1, 0)]
    graph.nodes[:0] = [
        helper.make_node("RNN", weights, ["", name], name, hidden_size=1, activations=[name])
        for name in ("Relu", "Tanh")
    ]
    read = Read(graph.save(tmp_path))
    relu, tanh = read.run(np.zeros((1, 1, 8, 8), F32), ["Relu", "Tanh"])
    assert (relu.item(), tanh.item()) == pytest.approx((2, np.tanh(2)), rel=1e-6)
    import_graph(read, PIXELS)


def test_file_that_is_no_model(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    with pytest.raises(UserError, match=r"model.onnx cannot be read: no such file or directory"):
        Read(path)
    path.write_bytes(b"ENGRAMNN" * 9)
    with pytest.raises(UserError, match=r"model.onnx must be a model of ONNX: "):
        Read(path)
    path.write_bytes(b"")
    with pytest.raises(UserError, match=r"must be a model of ONNX with nodes: it has none"):
        Read(path)


def test_graph_out_of_order(tmp_path: Path) -> None:
    graph = small()
    graph.nodes.append(graph.nodes.pop(0))
    message = r"node bipolarquant1 \(BipolarQuant\): it takes 'sub0_out', which no node before it "
    with pytest.raises(UserError, match=message):
        Read(graph.save(tmp_path))


def test_input_without_sizes(tmp_path: Path) -> None:
    graph = Graph((1, 0, 8)).bipolar()
    message = r"input 'image' must have a batch and then fixed sizes, not \[1, 1, '\?', 8\]"
    with pytest.raises(UserError, match=message):
        Read(graph.save(tmp_path))


def damaged(folder: Path, change: Callable[[onnx.ModelProto], object]) -> Path:
    """Return the file of the small graph after a change of its model."""
    path = small().save(folder)
    model = onnx.load(path)
    change(model)
    path.write_bytes(model.SerializeToString())
    return path


def _typed(kind: int) -> Callable[[onnx.ModelProto], object]:
    return lambda model: setattr(model.graph.input[0].type.tensor_type, "elem_type", kind)


def _recursive(model: onnx.ModelProto) -> None:
    calls = helper.make_node("again", ["x"], ["y"], domain="own")
    opsets = [helper.make_opsetid("own", 1)]
    model.functions.append(helper.make_function("own", "again", ["x"], ["y"], [calls], opsets))
    model.opset_import.extend(opsets)
    model.graph.node.append(helper.make_node("again", ["image"], ["more"], domain="own"))


DAMAGES: dict[str, tuple[Callable[[onnx.ModelProto], object], str]] = {
    "input of integers": (
        _typed(TensorProto.UINT8),
        "input 'image' must be a tensor of float32, not of UINT8: put a Cast into the model",
    ),
    "input of another precision": (
        _typed(TensorProto.FLOAT16),
        "input 'image' must be a tensor of float32, not of FLOAT16: put a Cast into the model",
    ),
    "input of a type that ONNX lacks": (
        _typed(999), "input 'image' must be a tensor of float32, not of 999: put a Cast",
    ),
    "truncated array": (
        lambda m: setattr(m.graph.initializer[2], "raw_data", bytes(8)),
        r"initializer 'constant2' must be an array as long as its shape \[64, 20\] says",
    ),
    "array of a type that ONNX lacks": (
        lambda m: setattr(m.graph.initializer[2], "data_type", 999),
        "initializer 'constant2' must be an array as long as its shape .*, of a type that ONNX has",
    ),
    "function that calls itself": (
        _recursive, "must be a model of ONNX whose functions can be put in place: Cycle detected",
    ),
    "node without name and result": (
        lambda m: m.graph.node.append(helper.make_node("Relu", ["image"], [])),
        r"node -> nothing \(Relu\): it must give a result, and names none",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGES)
def test_damaged_models_are_refused(name: str, tmp_path: Path) -> None:
    change, message = DAMAGES[name]
    path = damaged(tmp_path, change)
    with pytest.raises(UserError, match=message):
        Read(path)


def test_operator_of_a_domain_that_nobody_knows(tmp_path: Path) -> None:
    graph = small()
    graph.nodes[0].domain = "my.own"
    path = graph.save(tmp_path)
    message = r"node sub0 \(Sub\): it cannot be executed: "
    with pytest.raises(UserError, match=message):
        import_graph(Read(path), PIXELS)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"bits": 13}, "Bits of a pixel must be in 1..12, not 13"),
        ({"layout": "CHW"}, "Layout must be NCHW or NHWC, not 'CHW'"),
        ({"std": (0.0,)}, "Means must be finite, and deviations finite and not 0"),
    ],
)
def test_pixels_that_cannot_be(given: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PixelFormat(**given)


def test_pixels_that_do_not_fit_the_input(tmp_path: Path) -> None:
    flat = Graph((48,)).bipolar()
    message = "input 'image': Input must have the axes of an image, or one axis and an image size, "
    with pytest.raises(UserError, match=message):
        import_graph(Read(flat.save(tmp_path)), PixelFormat())
    with pytest.raises(UserError, match="Image size must have the 48 elements of the input"):
        import_graph(Read(flat.save(tmp_path)), PixelFormat(image=(4, 4, 1)))
    with pytest.raises(UserError, match="Means must be 1 or the 3 of the colours, not 2"):
        import_graph(Read(flat.save(tmp_path)), PixelFormat(image=(4, 4, 3), mean=(0.0, 1.0)))
