# SPDX-License-Identifier: MIT
"""Vectors of the head, and of a whole network, layer by layer."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.conv import Conv
from golden.dense import Dense
from golden.head import Head
from golden.network import Network
from golden.params import HeadParams
from sim.vectors.layers import map_table, pixels_table
from sim.vectors.table import Field, Table, integers, label_width, lanes_word

__all__ = ["head", "network"]

_THRESHOLD_WIDTH = 32  # bits of a neuron's threshold (contract, 9)


def head(arguments: Mapping[str, Any], count: int, rng: np.random.Generator) -> list[Table]:
    """Return embeddings, their hidden bits, logits and classes.

    Parameters
    ----------
    arguments, count, rng
        As of every `sim.vectors.blocks.Make`.
    """
    params: HeadParams = arguments["params"]
    hidden = rng.integers(2, size=(params.hidden, params.features), dtype=np.uint8)
    planes = rng.integers(2, size=(2, params.classes, params.concat), dtype=np.uint8)
    golden = Head(params, hidden, *planes)
    x = rng.integers(2, size=(count, params.features), dtype=np.uint8)
    seen = rng.integers(1, params.classes + 1, size=count)
    wide = label_width(params.classes + 1)
    answers = [int(golden.classify(a, int(n))) for a, n in zip(x, seen, strict=True)]
    return [
        *_head_tables(golden),
        Table(
            name="embeddings",
            role="stimulus",
            fields=[
                Field("x", params.features, "feature j in bit j"),
                Field("seen", wide, "n_c, classes seen so far"),
            ],
            rows=[(lanes_word(a), int(n)) for a, n in zip(x, seen, strict=True)],
            use="Classify the embedding among the first n_c classes.",
        ),
        *_answers_tables(golden, x),
        Table(
            name="classes",
            role="expected",
            fields=[Field("class", wide, "class of the largest logit, the lowest in a tie")],
            rows=[(answer,) for answer in answers],
            use="For each embedding.",
        ),
    ]


def network(arguments: Mapping[str, Any], count: int, rng: np.random.Generator) -> list[Table]:
    """Return images, and the map of every layer, embedding and logits of a network.

    Parameters
    ----------
    arguments, count, rng
        As of every `sim.vectors.blocks.Make`.
    """
    golden: Network = arguments["network"]
    params = golden.params
    images = rng.integers(2**params.bits, size=(count, *params.input.array_shape))
    tables = [pixels_table(images, params.bits)]
    for index, layer in enumerate(golden.layers):
        if isinstance(layer, Conv | Dense):
            tables += _neurons_tables(f"layer{index}", layer)
    maps = list(golden.maps(images))
    for index, (layer, found) in enumerate(zip(golden.layers, maps, strict=True)):
        kind = type(layer).__name__.lower()
        use = f"The map of layer {index}, {kind}: image by image, row by row, column by column."
        tables.append(map_table(f"layer{index}_{kind}", "expected", found, use))
    if golden.head is not None:
        x = maps[-1].reshape(count, -1)
        tables += [*_head_tables(golden.head), *_answers_tables(golden.head, x)]
    return tables


def _weights_table(name: str, weights: NDArray[np.uint8], use: str) -> Table:
    rows = weights.reshape(len(weights), -1)
    fields = [Field("weights", rows.shape[1], "input j in bit j, in the order of the contract")]
    return Table(
        name=name, role="setup", fields=fields, rows=[(lanes_word(r),) for r in rows], use=use
    )


def _neurons_tables(name: str, layer: Conv | Dense) -> list[Table]:
    """Return the tables of a layer's weights and thresholds."""
    tables = [_weights_table(f"{name}_weights", layer.weights, "One word for each output.")]
    if layer.thresholds is not None and layer.polarity is not None:
        theta = Field("theta", _THRESHOLD_WIDTH, "threshold of the dot product", signed=True)
        values = zip(integers(layer.thresholds), integers(layer.polarity), strict=True)
        tables.append(
            Table(
                name=f"{name}_thresholds",
                role="setup",
                fields=[theta, Field("polarity", 1, "p")],
                rows=list(values),
                use="One word for each output.",
            )
        )
    return tables


def _head_tables(golden: Head) -> list[Table]:
    """Return the weights of a head."""
    planes = [
        _weights_table("plane_a", golden.plane_a, "Plane a over z = (h, x): one word a class."),
        _weights_table("plane_b", golden.plane_b, "Plane b likewise."),
    ]
    if not golden.params.hidden:
        return planes
    hidden = _weights_table("hidden_weights", golden.hidden_weights, "One word a hidden neuron.")
    return [hidden, *planes]


def _answers_tables(golden: Head, x: NDArray[np.uint8]) -> list[Table]:
    """Return the hidden bits and the logits of embeddings, shape (n, D)."""
    p = golden.params
    width = (2 * p.concat).bit_length() + 1
    tables = [
        Table(
            name="logits",
            role="expected",
            fields=[Field(f"class{c}", width, "logit", signed=True) for c in range(p.classes)],
            rows=[tuple(integers(row)) for row in golden.logits(x)],
            use="The logits of all classes, for each embedding.",
        )
    ]
    if p.hidden:
        bits = Field("h", p.hidden, "hidden neuron j in bit j")
        rows = [(lanes_word(h),) for h in golden.hidden(x)]
        use = "The hidden bits, for each embedding."
        tables.insert(0, Table(name="hidden", role="expected", fields=[bits], rows=rows, use=use))
    return tables
