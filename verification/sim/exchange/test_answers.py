# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""Answers and features at the end of a graph, and shapes that it computes."""

from pathlib import Path

import numpy as np
import pytest

from verification.extras import skip_without_onnx

skip_without_onnx()

from onnx import helper

from sim.exchange.nodes import check_decision
from verification.sim.exchange.walks import imported, start


def test_answers_behind_a_softmax(tmp_path: Path) -> None:
    graph = start().flatten().dense(9, 64).norm(9).bipolar().dense(4, 9)
    found = imported(graph.add("Softmax").add("ArgMax", axis=1), tmp_path)
    assert found.logits == "matmul8_out"


def test_answers_of_a_top_k_of_which_only_the_classes_are_an_output(tmp_path: Path) -> None:
    graph = start().flatten().dense(9, 64).norm(9).bipolar().dense(4, 9)
    graph.add("TopK", np.array([1]), axis=1)
    graph.nodes[-1].output.append("classes")
    graph.last = "classes"
    assert imported(graph, tmp_path).logits == "matmul8_out"


def test_shape_of_some_axes(tmp_path: Path) -> None:
    graph = start().conv(6, 1).norm(6).bipolar()
    bits = graph.last
    batch = graph.add("Shape", first=bits, end=1).last
    graph.add("Shape", first=bits, start=1, end=-1)  # channels and rows
    size = graph.add("ReduceProd", keepdims=1).add("Mul", np.array([6])).last
    shape = graph.add("Concat", size, first=batch, axis=0).last
    imported(graph.add("Reshape", shape, first=bits).dense(5, 216), tmp_path)


def test_features_alone_and_a_graph_without_a_head(tmp_path: Path) -> None:
    graph = start().flatten().dense(9, 64).norm(9).bipolar()
    name = graph.last
    assert imported(graph, tmp_path).network.head is None
    graph.add("MatMul", graph.real(9, 4))  # a last layer in floating point
    found = imported(graph, tmp_path, features=name)
    assert (found.features, found.logits, found.network.head) == (name, None, None)


def test_softmax_of_old_models_takes_all_axes_from_one_on() -> None:
    node = helper.make_node("Softmax", ["logits"], ["answer"])
    check_decision(node, (4, 1, 1), opset=12)
    with pytest.raises(ValueError, match=r"its axis must be that of the classes of the tensor \["):
        check_decision(node, (4, 1, 1), opset=13)
