# SPDX-License-Identifier: MIT
"""Float graphs become networks that give the same bits and classes."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from verification.extras import skip_without_onnx

skip_without_onnx()

from golden.params import ConvParams, DenseParams, PoolParams, ThermometerParams
from sim.exchange.check import compare
from sim.exchange.graph import Graph as Read
from sim.exchange.pixels import PixelFormat
from sim.exchange.walk import import_graph
from sim.work.errors import UserError
from verification.sim.exchange.graphs import Graph
from verification.sim.exchange.walks import F32, PIXELS, head, imported, start


def test_multilayer_perceptron(tmp_path: Path) -> None:
    graph = start().flatten().dense(20, 64).norm(20).bipolar().dense(12, 20).norm(12).bipolar()
    found = imported(graph.dense(5, 12), tmp_path)
    params = found.network.params
    assert params.layers[0] == ThermometerParams(bits=4, levels=1, input=params.input)
    assert [layer.output.channels for layer in params.layers] == [1, 20, 12]
    assert params.head is not None
    assert (params.head.classes, params.head.hidden) == (5, 0)


def test_convolutions_and_pools_with_falling_normalisations(tmp_path: Path) -> None:
    graph = start((3, 14, 14)).conv(8, 3).norm(8).pool().bipolar()  # AND where the scale is < 0
    graph.conv(10, 8).pool().norm(10).bipolar().conv(6, 10, 2).norm(6).bipolar()
    found = imported(head(graph, 6), tmp_path)
    kinds = [type(layer) for layer in found.network.params.layers]
    assert kinds == [ThermometerParams, ConvParams, PoolParams, ConvParams, PoolParams, ConvParams]
    assert 0 in found.network.layers[1].polarity  # pyright: ignore


def test_pool_of_bits(tmp_path: Path) -> None:
    graph = start().conv(6, 1).norm(6).bipolar().pool(3)
    imported(head(graph, 6 * 4), tmp_path)


def test_pool_of_pixels_and_pool_of_a_pool(tmp_path: Path) -> None:
    graph = Graph((1, 16, 16)).pool().add("Sub", F32(0.5)).bipolar()
    graph.conv(6, 1, 1).pool().norm(6).bipolar().pool()
    imported(head(graph, 6 * 4), tmp_path)


def test_depthwise_grouped_and_shuffled_convolutions(tmp_path: Path) -> None:
    graph = start((2, 8, 8)).conv(8, 2).norm(8).bipolar().conv(8, 1, group=8).norm(8).bipolar()
    graph.conv(12, 4, group=2).norm(12).bipolar()
    graph.add("Reshape", np.array([1, 2, 6, 2, 2])).add("Transpose", perm=[0, 2, 1, 3, 4])
    graph.add("Reshape", np.array([1, 12, 2, 2])).conv(9, 4, 1, group=3).norm(9).bipolar()
    found = imported(head(graph, 36), tmp_path)
    layers = [layer for layer in found.network.params.layers if isinstance(layer, ConvParams)]
    assert [layer.groups for layer in layers] == [1, 8, 2, 3]
    assert [layer.shuffle for layer in layers] == [False, False, True, False]


def test_neurons_are_put_in_the_order_that_groups_take(tmp_path: Path) -> None:
    graph = start().conv(6, 1).norm(6).bipolar()
    graph.add("Reshape", np.array([1, 3, 2, 6, 6])).add("Transpose", perm=[0, 2, 1, 3, 4])
    graph.add("Reshape", np.array([1, 6, 6, 6])).conv(4, 3, group=2).norm(4).bipolar()
    found = imported(head(graph, 64), tmp_path)
    first, second = found.network.layers[1:3]
    plain = import_graph(Read(start().conv(6, 1).norm(6).bipolar().save(tmp_path)), PIXELS).network
    order = np.arange(6).reshape(3, 2).T.ravel()
    np.testing.assert_array_equal(first.weights, plain.layers[1].weights[order])  # pyright: ignore
    assert second.params.groups == 2  # pyright: ignore


def test_an_order_that_groups_cannot_have_is_refused(tmp_path: Path) -> None:
    graph = start((2, 8, 8)).conv(6, 1, group=2).norm(6).bipolar()
    graph.add("Reshape", np.array([1, 3, 2, 6, 6])).add("Transpose", perm=[0, 2, 1, 3, 4])
    graph.add("Reshape", np.array([1, 6, 6, 6])).conv(6, 1, group=6)
    message = "its groups must take the channels of the 2 groups before in their order, or shuffled"
    with pytest.raises(UserError, match=message):
        imported(head(graph.norm(6).bipolar(), 96), tmp_path)


def test_layouts_of_the_input_and_of_flattening(tmp_path: Path) -> None:
    graph = Graph((8, 6, 3)).add("Sub", F32(0.5)).bipolar().add("Transpose", perm=[0, 3, 1, 2])
    graph.conv(5, 3).norm(5).bipolar().add("Transpose", perm=[0, 2, 3, 1])
    imported(head(graph, 5 * 24), tmp_path, layout="NHWC")


def test_flat_input(tmp_path: Path) -> None:
    graph = Graph((48,)).add("Sub", F32(0.5)).bipolar().dense(9, 48).norm(9).bipolar().dense(4, 9)
    imported(graph, tmp_path, image=(4, 4, 3))
    imported(graph, tmp_path, image=(4, 4, 3), layout="NHWC")


@pytest.mark.parametrize("signed", [0, 1])
def test_padding_with_a_value_of_the_bits(signed: int, tmp_path: Path) -> None:
    graph = start().conv(6, 1).norm(6)
    if signed:
        graph.bipolar().add("Pad", np.array([0, 0, 1, 1, 0, 0, 1, 1]), F32(-1)).conv(7, 6)
    else:
        graph.binary().conv(7, 6, pads=[1] * 4)
    found = imported(head(graph.norm(7).bipolar(), 7 * 36), tmp_path)
    layer = found.network.params.layers[2]
    assert isinstance(layer, ConvParams)
    assert layer.padding == "same"


def test_pads_before_opset_11_are_attributes(tmp_path: Path) -> None:
    graphs = [start().conv(6, 1).norm(6).bipolar() for _ in range(2)]
    graphs[0].add("Pad", pads=[0, 0, 1, 1, 0, 0, 1, 1], value=-1.0)
    graphs[1].add("Pad", np.array([0, 0, 1, 1, 0, 0, 1, 1]), F32(-1))
    networks = []
    for graph, opset in zip(graphs, (9, 17), strict=True):
        path = head(graph.conv(7, 6).norm(7).bipolar(), 7 * 36).save(tmp_path, opset)
        read = Read(path)
        found = import_graph(read, PIXELS)
        images = np.random.default_rng(1).integers(0, 16, (20, 8, 8, 1), np.uint8)
        assert compare(read, found, PIXELS, images).whole
        networks.append(found.network.to_bytes())
    assert networks[0] == networks[1]


def test_padding_with_the_upper_value_turns_bits_round(tmp_path: Path) -> None:
    graph = start().conv(6, 1).norm(6).bipolar()
    graph.add("Pad", np.array([0, 0, 1, 1, 0, 0, 1, 1]), F32(1)).conv(7, 6).norm(7).bipolar()
    imported(head(graph, 7 * 36), tmp_path)


def test_a_pad_of_nothing_is_none(tmp_path: Path) -> None:
    graph = start().conv(6, 1).norm(6).bipolar().add("Pad", np.zeros(8, int)).conv(4, 6).norm(4)
    imported(head(graph.bipolar(), 64), tmp_path)


def test_scales_biases_and_chains_of_operators(tmp_path: Path) -> None:
    graph = start().conv(6, 1, scale=0.25)
    graph.add("Add", graph.real(6, 1, 1)).add("Mul", F32(-3)).add("Clip", F32(-2), F32(2))
    graph.bipolar(0.5).conv(5, 6, scale=np.linspace(0.1, 2, 5).reshape(-1, 1, 1, 1)).norm(5)
    graph.add("Tanh").bipolar(2.0).flatten()
    name = graph.weights(4, 80, scale=0.3)
    imported(graph.add("Gemm", name, transB=1, alpha=0.5), tmp_path)


def test_where_and_comparison_in_place_of_a_sign(tmp_path: Path) -> None:
    graph = start().flatten().dense(9, 64).norm(9)
    graph.add("GreaterOrEqual", F32(0)).add("Where", F32(1), F32(-1)).dense(4, 9)
    imported(graph, tmp_path)


def test_multithreshold_of_one_step(tmp_path: Path) -> None:
    graph = start().conv(6, 1)
    steps = graph.real(6, 1) * 4
    graph.add("MultiThreshold", steps, out_dtype="BIPOLAR", out_scale=2.0, out_bias=-1.0)
    imported(head(graph, 6 * 36), tmp_path)


def test_quant_of_one_signed_bit(tmp_path: Path) -> None:
    imported(head(start().conv(6, 1).norm(6).binary(0.7, signed=1), 6 * 36), tmp_path)


def test_sign_that_is_never_zero(tmp_path: Path) -> None:
    graph = start().flatten().dense(9, 64).add("Add", F32(0.5)).add("Sign").dense(4, 9)
    imported(graph, tmp_path)


@pytest.mark.parametrize("bits", [3, 8])
def test_pixels_as_they_are_need_a_level_for_each_value(bits: int, tmp_path: Path) -> None:
    graph = Graph((3, 4, 4)).add("Mul", F32(2)).add("Sub", F32(1)).conv(5, 3, 2).norm(5, 0.5)
    found = imported(head(graph.bipolar(), 45), tmp_path, bits=bits)
    layer = found.network.params.layers[0]
    assert isinstance(layer, ThermometerParams)
    assert layer.levels in (2**bits - 1, 2**bits)


def test_pixels_of_a_signed_quantiser_whose_steps_are_uneven(tmp_path: Path) -> None:
    graph = Graph((1, 4, 4)).add("Mul", F32(2)).add("Sub", F32(1))
    values = (F32(1 / 128), F32(0), F32(8))
    graph.add("Quant", *values, signed=1, narrow=1, rounding_mode="ROUND").conv(5, 1, 2).norm(5)
    found = imported(head(graph.bipolar(), 45), tmp_path, bits=8)
    assert isinstance(found.network.params.layers[1], ConvParams)  # a neuron for each step


def test_colours_of_unlike_steps_have_bits_in_proportion(tmp_path: Path) -> None:
    graph = Graph((3, 4, 4)).conv(5, 3, 2).norm(5).bipolar()
    found = imported(head(graph, 45), tmp_path, std=(0.5, 1.0, -0.25), bits=3)
    assert found.network.params.layers[1].output.channels == 3 * 28  # 14, 7 and 28 of use


def test_threshold_of_pixels_of_its_own_for_each_colour(tmp_path: Path) -> None:
    graph = Graph((3, 4, 4)).bipolar().conv(5, 3, 2).norm(5).bipolar()
    given: dict[str, Any] = {"mean": (0.2, 0.45, 0.9), "std": (0.25, 0.3, -0.2)}
    found = imported(head(graph, 45), tmp_path, bits=8, **given)
    assert isinstance(found.network.params.layers[1], ConvParams)


def test_ternary_weights_of_the_last_layer_and_a_falling_scale(tmp_path: Path) -> None:
    graph = start().flatten().dense(9, 64).norm(9).bipolar()
    weights = graph.rng.integers(-1, 2, (9, 4)).astype(F32) * F32(0.5)
    found = imported(graph.add("MatMul", weights).add("Mul", F32(-2)), tmp_path)
    head = found.network.head
    assert head is not None
    assert ((weights == 0) == (head.plane_a != head.plane_b).T).all()


def test_neurons_without_normalisation_need_no_thresholds(tmp_path: Path) -> None:
    graph = start().flatten().dense(9, 64).bipolar().dense(4, 9)
    layer = imported(graph, tmp_path).network.params.layers[1]
    assert layer == DenseParams(inputs=64, outputs=9, thresholds=False)


def test_dead_neurons(tmp_path: Path) -> None:
    graph = (
        start((1, 8, 8))
        .conv(6, 1)
        .add("Add", np.array([-99, 99, 0, 0, 99, 0], F32).reshape(6, 1, 1))
    )
    graph.bipolar(0.5).pool().conv(5, 6, 1).norm(5).bipolar()
    imported(head(graph, 45), tmp_path)


@pytest.mark.parametrize("seed", range(12))
def test_random_graphs(seed: int, tmp_path: Path) -> None:
    graph = start((2, 12, 12), seed)
    side, channels = 12, 2
    for _ in range(3):
        groups = int(graph.rng.choice([1, 2]))
        if channels % groups:
            groups = 1
        kernel = int(graph.rng.integers(1, 4))
        outputs = 2 * int(graph.rng.integers(1, 6))
        if side < kernel:
            break
        graph.conv(
            outputs, channels // groups, kernel, group=groups, scale=graph.rng.random() + 0.1
        )
        side, channels = side - kernel + 1, outputs
        early = graph.rng.random() < 0.5
        if early:
            graph.norm(channels)
        if side % 2 == 0 and graph.rng.random() < 0.7:
            graph.pool()
            side //= 2
        if not early:
            graph.norm(channels)
        graph.bipolar(graph.rng.random() + 0.1)
    imported(head(graph, channels * side * side), tmp_path, images=25)


def test_thresholds_are_exact_for_every_sum(tmp_path: Path) -> None:
    graph = start().flatten().dense(30, 64)
    graph.norm(30, deviation=20.0).bipolar().dense(4, 30)
    path = graph.save(tmp_path)
    layer = import_graph(Read(path), PixelFormat(bits=4)).network.layers[1]
    sums = np.arange(-64, 65, 2)
    fires = sums[:, np.newaxis] >= layer.thresholds  # pyright: ignore
    fires = fires == (layer.polarity == 1)  # pyright: ignore
    node = next(node for node in graph.nodes if node.op_type == "BatchNormalization")
    values = {a.name: np.frombuffer(a.raw_data, F32).astype(float) for a in graph.arrays}
    scale, shift, mean, variance = (values[name] for name in node.input[1:])
    real = (sums[:, np.newaxis] - mean) / np.sqrt(variance + 1e-5) * scale + shift
    assert np.abs(real).min() > 1e-6  # none is so near that rounding could decide
    np.testing.assert_array_equal(fires, real >= 0)
