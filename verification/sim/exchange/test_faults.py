# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""What the contract cannot express is refused by a message that names the node and the remedy."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from verification.extras import skip_without_onnx

skip_without_onnx()

from onnx import helper

from sim.exchange.graph import Graph as Read
from sim.exchange.pixels import PixelFormat
from sim.exchange.walk import import_graph
from sim.work.errors import UserError
from verification.sim.exchange.graphs import Graph

F32 = np.float32


def start() -> Graph:
    return Graph((1, 8, 8)).add("Sub", F32(0.5)).bipolar()


def _residual(graph: Graph) -> Graph:
    graph.conv(4, 1).norm(4).bipolar()
    name = graph.last
    return graph.conv(4, 4, 1).norm(4).bipolar().add("Add", name)


def attributed(graph: Graph, **given: int) -> Graph:
    """Give the last node more attributes."""
    graph.nodes[-1].attribute.extend(helper.make_attribute(*pair) for pair in given.items())
    return graph


def results(graph: Graph, *names: str) -> Graph:
    """Give the last node more results."""
    graph.nodes[-1].output.extend(names)
    return graph


def top(graph: Graph, **given: Any) -> Graph:
    """Add a node that finds the largest element, its first result, and its place."""
    return results(graph.add("TopK", np.array([1]), **given), "place")


FAULTS: dict[str, tuple[Callable[[Graph], Graph], str]] = {
    "stride": (
        lambda g: g.conv(4, 1, strides=[2, 2]),
        (
            r"node conv\d \(Conv\): its strides and dilations must be 1, not \[2, 2\] and \[1, "
            r"1\]: a max pool makes a map smaller"
        ),
    ),
    "padding of zeros": (
        lambda g: g.conv(4, 1).norm(4).bipolar().conv(4, 4, pads=[1] * 4),
        (
            r"node conv\d \(Conv\): its padding must be a value of the bits that it takes, -1 "
            "or 1, not 0: put a Pad node of the lower one before a convolution without padding"
        ),
    ),
    "weights": (
        lambda g: g.flatten().add("MatMul", g.real(64, 4)),
        (
            r"node matmul\d \(MatMul\): weights of output 0 must be -1 and \+1 times one scale, "
            r"not of the magnitudes [\d.]+ and [\d.]+: quantise them to one bit"
        ),
    ),
    "ternary weights": (
        lambda g: g.flatten().add("MatMul", np.eye(64, dtype=F32)).bipolar().dense(4, 64),
        r"node matmul3 \(MatMul\): weights of a layer that others follow must be -1 and \+1",
    ),
    "sign of zero": (
        lambda g: g.flatten().dense(9, 64).add("Sign").dense(4, 9),
        (
            r"node sign5 \(Sign\): its result must be bits, which the next layer takes, and "
            r"channel 0 has more than two values: -1, 1 and, for the sum 0, 0. Sign\(0\) is 0 in "
            r"ONNX: BipolarQuant, whose value there is \+1, would be right"
        ),
    ),
    "two bits": (
        lambda g: g.flatten().dense(9, 64).add("Clip", F32(-8), F32(8)).dense(4, 9),
        r"node clip5 \(Clip\): its result must be bits, which .* values: -8, 8 and, for .*, -?\d$",
    ),
    "no quantiser": (
        lambda g: g.flatten().dense(9, 64).add("Relu").dense(4, 9),
        r"node relu5 \(Relu\): its result must be bits, which .* sum \d+, \d+$",
    ),
    "nothing between layers": (
        lambda g: g.flatten().dense(9, 64).dense(4, 9),
        r"node matmul4 \(MatMul\): its result must be bits, which .* sum -?\d+, -?\d+$",
    ),
    "pooled quantiser of more bits": (
        lambda g: (
            g.conv(4, 1).add("Relu").add("MaxPool", kernel_shape=[2, 2], strides=[2, 2]).conv(4, 4)
        ),
        r"node relu4 \(Relu\): its result must be bits, which .* sum \d+, \d+$",
    ),
    "not monotone": (
        lambda g: g.flatten().dense(9, 64).add("Abs").add("Sub", F32(9)).bipolar().dense(4, 9),
        (
            r"node bipolarquant7 \(BipolarQuant\): channel 0 must change once as its sum grows, "
            "not 2 times: a neuron has one threshold"
        ),
    ),
    "average pool": (
        lambda g: g.conv(4, 1).norm(4).bipolar().add("GlobalAveragePool"),
        r"node globalaveragepool\d \(GlobalAveragePool\): the contract has no such layer. It has ",
    ),
    "pool that overlaps": (
        lambda g: g.add("MaxPool", kernel_shape=[3, 3], strides=[2, 2]),
        r"node maxpool\d \(MaxPool\): its strides must be \[3, 3\], not \[2, 2\]",
    ),
    "pool that leaves a rest": (
        lambda g: g.add("MaxPool", kernel_shape=[3, 3], strides=[3, 3]),
        "its window of 3 must divide the 8 x 8 map",
    ),
    "bias of classes": (
        lambda g: g.flatten().dense(9, 64).bipolar().dense(4, 9).add("Add", g.real(4)),
        (
            r"node add\d \(Add\): logits must be sums times one scale of all classes plus one bias "
            "of all classes: leave the bias out of the last layer, and give a normalisation behind "
            "it one scale and one shift. Or import the network without its head: --features"
        ),
    ),
    "residual": (
        lambda g: _residual(g),
        (
            r"node add\d+ \(Add\): it must not join two tensors of the image, \w+ and \w+: the "
            "contract has no branches"
        ),
    ),
    "kernel": (
        lambda g: g.add("Conv", np.ones((4, 1, 1, 3), F32)),
        r"node conv\d \(Conv\): its kernel must be square, not \[1, 3\]",
    ),
    "weights that are left out": (
        lambda g: g.add("Conv"),
        r"node conv\d \(Conv\): an input or an attribute is missing: list index out of range",
    ),
    "kernel that is left out": (
        lambda g: g.add("MaxPool"),
        r"node maxpool\d \(MaxPool\): an input or an attribute is missing: 'kernel_shape'",
    ),
    "weights of the image": (
        lambda g: g.add("Conv", "image"),
        r"node conv\d \(Conv\): it must take one tensor that depends on the image, as its first",
    ),
    "places treated unlike": (
        lambda g: g.conv(4, 1).add("Add", g.real(1, 4, 6, 6)).bipolar().conv(4, 4),
        (
            r"node conv\d \(Conv\): what comes before it must treat all places of a channel alike, "
            "not each by constants of its own"
        ),
    ),
    "constant that changes the shape": (
        lambda g: g.flatten().add("Add", g.real(3, 64)),
        r"node add\d \(Add\): its constant must spread over \[1, 64\], not \[3, 64\]",
    ),
    "pad of another kind": (
        lambda g: g.add("Pad", np.array([0, 0, 1, 1, 0, 0, 1, 1]), mode="reflect"),
        r"node pad\d \(Pad\): it must put one constant around rows and columns, as many on all ",
    ),
    "pad along axes": (
        lambda g: g.add("Pad", np.array([1, 1]), F32(-1), np.array([2])),
        r"node pad\d \(Pad\): it must name no axes: its pads must be those of all four",
    ),
    "layer behind the answer": (
        lambda g: g.flatten().dense(4, 64).add("Softmax").add("Mul", F32(2)),
        r"node mul\d \(Mul\): it must not compute on an answer: nothing may follow it",
    ),
    "class of the largest logits alone": (
        lambda g: top(g.flatten().dense(4, 64), axis=1).add("ArgMax", axis=1),
        r"node argmax\d \(ArgMax\): it must not compute on an answer: nothing may follow it",
    ),
    "part of a map": (
        lambda g: g.conv(4, 1).norm(4).bipolar().add("Slice", np.array([0]), np.array([2])),
        r"node slice\d+ \(Slice\): the contract has no such layer",
    ),
    "normalisation of training": (
        lambda g: attributed(g.conv(4, 1).norm(4), training_mode=1),
        r"node batchnormalization\d \(BatchNormalization\): it must not be in training mode: expo",
    ),
    "normalisation with the results of training": (
        lambda g: results(g.conv(4, 1).norm(4), "mean", "variance"),
        r"node batchnormalization\d \(BatchNormalization\): it must not be in training mode: expo",
    ),
    "dropout of training": (
        lambda g: g.conv(4, 1).add("Dropout", F32(0.5), np.array(True)),
        r"node dropout\d \(Dropout\): it must not be in training mode: export model.eval\(\)",
    ),
    "smallest logit": (
        lambda g: top(g.flatten().dense(4, 64), largest=0),
        r"node topk\d \(TopK\): its largest must be 1: the answer is the class of the largest lo",
    ),
    "largest of the batch": (
        lambda g: g.flatten().dense(4, 64).add("ArgMax"),
        r"node argmax\d \(ArgMax\): its axis must be that of the classes of the tensor \[1, 4\], n",
    ),
    "largest of the rows": (
        lambda g: top(g.conv(4, 1, 8), axis=-1),
        r"node topk\d \(TopK\): its axis must be that of the classes of the tensor \[1, 4, 1, 1\]",
    ),
    "softmax of columns": (
        lambda g: g.conv(4, 1, 8).add("Softmax"),
        r"node softmax\d \(Softmax\): its axis must be that of the classes of the tensor \[1, 4, 1",
    ),
    "padding at the end": (
        lambda g: g.conv(4, 1).norm(4).bipolar().add("Pad", np.array([0, 0, 1, 1] * 2), F32(-1)),
        r"node pad\d+ \(Pad\): a padded map must go into a convolution",
    ),
    "no number": (
        lambda g: g.flatten().dense(4, 64).add("Mul", F32(np.nan)).bipolar(),
        r"node mul\d \(Mul\): its result is no number \(NaN\): look at its constants",
    ),
    "bias that is no number": (
        lambda g: g.add("Conv", g.weights(2, 1, 3, 3), np.array([0, np.nan], F32)),
        r"node conv\d \(Conv\): its bias must be finite, not nan",
    ),
    "pool of nothing": (
        lambda g: g.add("MaxPool", kernel_shape=[0, 0], strides=[0, 0]),
        r"node maxpool\d \(MaxPool\): its kernel must be square, not \[0, 0\]",
    ),
    "pool of one axis": (
        lambda g: g.add("MaxPool", kernel_shape=[2], strides=[2]),
        r"node maxpool\d \(MaxPool\): its kernel must be square, not \[2\]",
    ),
    "unknown operator": (
        lambda g: g.add("Trunc", F32(1)),
        r"node trunc\d \(Trunc\): it cannot be executed: ",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_the_contract_cannot_express_is_named(name: str, tmp_path: Path) -> None:
    build, message = FAULTS[name]
    with pytest.raises(UserError, match=message):
        import_graph(Read(build(start()).save(tmp_path)), PixelFormat(bits=4))


def test_features_that_are_padded_are_refused(tmp_path: Path) -> None:
    graph = start().conv(4, 1).norm(4).bipolar().add("Pad", np.array([0, 0, 1, 1] * 2), F32(-1))
    padded = graph.last
    path = graph.conv(4, 4).norm(4).bipolar().save(tmp_path)
    message = r"node pad6 \(Pad\): a padded map must go into a convolution"
    with pytest.raises(UserError, match=message):
        import_graph(Read(path), PixelFormat(bits=4), padded)


@pytest.mark.parametrize("place", ["weights", "mask"])
def test_features_that_are_no_bits_of_the_image_are_refused(place: str, tmp_path: Path) -> None:
    graph = start().conv(4, 1).norm(4).bipolar()
    name = graph.weights(4, 4, 3, 3)
    results(graph.add("Dropout"), "mask")
    features = name if place == "weights" else "mask"
    message = f"--features must be a tensor of bits of the image, and '{features}' is none"
    with pytest.raises(UserError, match=message):
        import_graph(Read(graph.save(tmp_path)), PixelFormat(bits=4), features)


def test_colours_of_unlike_steps_are_refused(tmp_path: Path) -> None:
    graph = Graph((3, 4, 4)).conv(5, 3, 2).norm(5).bipolar()
    message = r"node conv1 \(Conv\): steps of its pixels must be multiples of one unit, the same "
    with pytest.raises(UserError, match=message):
        import_graph(Read(graph.save(tmp_path)), PixelFormat(std=(0.229, 0.224, 0.225)))


def test_functions_that_take_too_much_memory_are_refused(tmp_path: Path) -> None:
    graph = Graph((3, 40, 40)).conv(16, 3, 5).norm(16).bipolar().flatten()
    message = (
        r"node flatten4 \(Flatten\): it moves 20736 places, each with 19201 sums, and may move "
    )
    with pytest.raises(UserError, match=message):
        import_graph(Read(graph.save(tmp_path)), PixelFormat(bits=8))
