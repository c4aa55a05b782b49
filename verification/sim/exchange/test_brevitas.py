# SPDX-License-Identifier: MIT
"""Networks that Brevitas has trained and exported: the same features and classes on the digits."""

import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from verification.extras import skip_without_onnx

skip_without_onnx()

from golden.dense import Dense
from golden.params import ConvParams
from sim.data.datasets import ImageSet, load
from sim.exchange.check import Agreement, compare
from sim.exchange.graph import Graph
from sim.exchange.pixels import PixelFormat
from sim.exchange.walk import Imported, import_graph

ROOT = Path(__file__).parents[3]
SHIPPED = Path(__file__).parent / "brevitas"
DIGITS = PixelFormat(bits=4)


def both(path: Path) -> tuple[Imported, Agreement]:
    graph = Graph(path)
    found = import_graph(graph, DIGITS)
    return found, compare(graph, found, DIGITS, load("digits").test_images)


@pytest.mark.parametrize(("name", "least"), [("tfc", 0.85), ("cnv", 0.84)])
def test_shipped_export_keeps_features_classes_and_accuracy(name: str, least: float) -> None:
    _, agreement = both(SHIPPED / f"{name}.onnx")
    assert len(agreement.answers) == 355
    assert agreement.features.all()
    assert agreement.classes.all()
    assert (agreement.answers == load("digits").test_labels).mean() > least


def test_shipped_perceptron_of_mnist(load_real: Callable[[str], ImageSet]) -> None:
    mnist, pixels = load_real("mnist"), PixelFormat(bits=8)
    graph = Graph(SHIPPED / "mnist.onnx")
    found = import_graph(graph, pixels)
    agreement = compare(graph, found, pixels, mnist.test_images[:1000])
    assert agreement.features.all()
    assert agreement.classes.all()
    assert (agreement.answers == mnist.test_labels[:1000]).mean() > 0.9


def test_thresholds_of_the_shipped_perceptron_are_exact_for_every_sum() -> None:
    graph = Graph(SHIPPED / "tfc.onnx")
    layers = import_graph(graph, DIGITS).network.layers[1:]
    norms = [node for node in graph.nodes if node.op_type == "BatchNormalization"]
    assert len(norms) == len(layers) == 3
    sums = np.arange(-64, 65, 2)[:, np.newaxis]
    for node, layer in zip(norms, layers, strict=True):
        assert isinstance(layer, Dense)
        assert layer.thresholds is not None
        scale, shift, mean, variance = (graph.constants[n].astype(float) for n in node.input[1:])
        real = (sums - mean) / np.sqrt(variance + 1e-5) * scale + shift
        assert np.abs(real).min() > 1e-6  # no rounding could decide
        fires = (sums >= layer.thresholds) == (layer.polarity == 1)
        np.testing.assert_array_equal(fires, real >= 0)


def test_shipped_convolutions_have_falling_channels_and_an_uneven_quantiser() -> None:
    network = import_graph(Graph(SHIPPED / "cnv.onnx"), DIGITS).network
    assert isinstance(network.params.layers[1], ConvParams)
    assert network.params.layers[1].kernel == 1  # a neuron for each step of the quantiser
    falling = [(layer.polarity == 0).mean() for layer in network.layers[2:4]]  # pyright: ignore
    assert all(0.3 < share < 0.7 for share in falling)


@pytest.mark.slow
@pytest.mark.parametrize("exporter", ["", "--dynamo"])
def test_what_brevitas_trains_and_exports_now(exporter: str, tmp_path: Path) -> None:
    needed = ("torch", "brevitas", "onnxoptimizer", "onnxscript")
    if missing := [name for name in needed if find_spec(name) is None]:
        pytest.skip(f"{', '.join(missing)} not installed")
    module = "verification.sim.exchange.brevitas_models"
    command = [sys.executable, "-m", module, str(tmp_path), *exporter.split()]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=900)
    for name in ("tfc", "cnv"):
        _, agreement = both(tmp_path / f"{name}.onnx")
        assert agreement.whole
