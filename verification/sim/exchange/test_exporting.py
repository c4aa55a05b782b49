# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""Exported networks: qonnx itself gives their features and logits, and they come back."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from verification.extras import skip_without_onnx

skip_without_onnx()

import onnx
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.transformation.change_batchsize import ChangeBatchSize
from qonnx.transformation.infer_shapes import InferShapes

from golden.network import Network
from golden.params import NetworkParams
from sim.exchange import check
from sim.exchange.check import compare, differing
from sim.exchange.exporting import FEATURES, IMAGE, LOGITS, to_qonnx
from sim.exchange.graph import Graph
from sim.exchange.pixels import PixelFormat
from sim.exchange.walk import import_graph
from verification.rtl.networks import CASES

Engram = Callable[..., tuple[int, str, str]]

WHOLE = {
    "input": {"bits": 5, "channels": 3, "height": 8, "width": 8},
    "layers": [
        {"kind": "thermometer", "levels": 5},
        {"kind": "conv", "outputs": 12, "thresholds": True},
        {"kind": "pool", "size": 2},
        {"kind": "conv", "outputs": 12, "groups": 3, "shuffle": True, "thresholds": True},
        {"kind": "conv", "outputs": 12, "groups": 12, "kernel": 4, "padding": "valid"},
        {"kind": "dense", "outputs": 24, "thresholds": True},
    ],
    "head": {"classes": 6, "hidden": 9},
}


def random(description: dict[str, Any], seed: int = 0) -> tuple[Network, Any]:
    rng = np.random.default_rng(seed)
    network = Network.random(NetworkParams.from_description(description), rng)
    params = network.params
    images = rng.integers(0, 2**params.bits, (1000, *params.input.array_shape), np.uint16)
    return network, images


def test_qonnx_gives_the_features_and_logits_of_1000_images(tmp_path: Path) -> None:
    network, images = random(WHOLE)
    path = tmp_path / "network.onnx"
    path.write_bytes(to_qonnx(network))
    onnx.checker.check_model(onnx.load(path))
    model = ModelWrapper(str(path))
    # Only the shapes of a batch of 1 are in the file, and its shuffles say so.
    for node in model.graph.node:
        if node.op_type == "Reshape":
            target = model.get_initializer(node.input[1])
            assert target is not None
            model.set_initializer(node.input[1], np.array([-1, *target[1:]]))
    for name, size in ((FEATURES, 24), (LOGITS, 6)):
        model.set_tensor_shape(name, [1000, size])
    model = model.transform(ChangeBatchSize(1000)).transform(InferShapes())
    pixels = np.ascontiguousarray(images.transpose(0, 3, 1, 2)).astype(np.float32)
    found = execute_onnx(model, {IMAGE: pixels})
    features = network.forward(images)
    assert network.head is not None
    np.testing.assert_array_equal(found[FEATURES], 2.0 * features - 1)
    np.testing.assert_array_equal(found[LOGITS], network.head.logits(features))


@pytest.mark.parametrize("name", CASES)
def test_networks_of_all_kinds_are_equal(name: str, tmp_path: Path) -> None:
    network, images = random(CASES[name])
    path = tmp_path / "network.onnx"
    path.write_bytes(to_qonnx(network))
    graph = Graph(path)
    assert not differing(graph, network, images[:50]).any()
    other = Network.random(network.params, np.random.default_rng(5))
    if network.params.weight_count:
        assert differing(graph, other, images[:50]).any()


def test_an_export_can_be_imported_again(tmp_path: Path) -> None:
    network, images = random({**WHOLE, "head": {"classes": 6, "hidden": 0}})
    path = tmp_path / "network.onnx"
    path.write_bytes(to_qonnx(network))
    pixels, graph = PixelFormat(bits=5, raw=True), Graph(path)
    found = import_graph(graph, pixels)
    assert compare(graph, found, pixels, images[:50].astype(np.uint8)).whole
    np.testing.assert_array_equal(found.network.forward(images), network.forward(images))
    assert network.head is not None
    assert found.network.head is not None
    np.testing.assert_array_equal(
        found.network.head.plane_a, network.head.plane_a | network.head.plane_b
    )


def test_the_command_writes_a_model(engram: Engram, tmp_path: Path) -> None:
    network, _ = random(WHOLE)
    path, out = tmp_path / "network.bin", tmp_path / "new" / "network.onnx"
    path.write_bytes(network.to_bytes())
    status, told, errors = engram("export", path, "--images", 20, "--out", out)
    assert (status, errors) == (0, "")
    size = out.stat().st_size
    assert told == (
        f"Model: {out}, {size:,} bytes\n"
        "Equal: all features and logits of 20 random images, executed by onnxruntime and qonnx\n"
    )
    assert out.read_bytes() == to_qonnx(network)


def test_faults_of_the_command_line(
    engram: Engram, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    network, _ = random(WHOLE)
    path = tmp_path / "network.bin"
    path.write_bytes(network.to_bytes())
    for line, message in (
        ([path, "--to", "tflite"], "--to must be qonnx, not 'tflite'"),
        ([path, "--out", path], f"--out must not be the network file, {path}"),
        ([tmp_path / "no.bin"], f"{tmp_path / 'no.bin'} cannot be read: no such file or directory"),
    ):
        status, told, errors = engram("export", "--images", 2, *line)
        assert (status, told, errors) == (2, "", f"engram: {message}\n")
    monkeypatch.setattr(check.Network, "forward", lambda *_: np.ones((2, 24), np.uint8))
    status, _, errors = engram("export", path, "--images", 2, "--out", tmp_path / "n.onnx")
    assert status == 2
    assert errors.startswith(f"engram: {path}: the model must have the features and logits of the ")
    assert list(tmp_path.iterdir()) == [path]
