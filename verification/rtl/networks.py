# SPDX-License-Identifier: MIT
"""Networks to run on the machine, and what must be seen of them word by word."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from golden.dense import Dense
from golden.network import Network as GoldenNetwork
from golden.params import (
    AcceleratorParams,
    ConvParams,
    DenseParams,
    LayerParams,
    MvuParams,
    NetworkParams,
    PoolParams,
)
from golden.thermometer import Thermometer
from rtl.descriptor import Operation, load_layout
from rtl.fetch import fill_layout
from rtl.head import logit_layout
from rtl.network import map_write_layout
from rtl.program import Program, compile_network
from rtl.thermometer import word_layout
from verification.rtl.engine import Step
from verification.rtl.simulators import payload

__all__ = ["CASES", "REUSES", "bench", "build", "load", "machine", "picture", "written"]


def words_of(maps: NDArray[np.uint8], simd: int) -> list[int]:
    """Return a map, or anything with channels in its last axis, as words of the memory."""
    channels = maps.shape[-1]
    padded = np.pad(maps.reshape(-1, channels), [(0, 0), (0, -channels % simd)])
    octets = np.packbits(padded.reshape(-1, simd), axis=-1, bitorder="little")
    return [int.from_bytes(row.tobytes(), "little") for row in octets]


def stored(network: GoldenNetwork, maps: list[NDArray[np.uint8]]) -> Iterator[NDArray[np.uint8]]:
    """Yield every map with its channels as they lie in the memories.

    Before neurons that see all channels, and before the pools in front of them, groups are not
    interleaved: output i of group gamma, which a shuffle moves to i*g + gamma, stays where it is.
    """
    layers, groups = network.params.layers, 1
    for index, (layer, found) in enumerate(zip(layers, maps, strict=True)):
        if not isinstance(layer, PoolParams):
            groups = _left_apart(layers, index)
        lanes = [found[..., gamma::groups] for gamma in range(groups)]
        yield np.concatenate(lanes, axis=-1)


def written(
    network: GoldenNetwork, image: NDArray[np.integer], maps: list[NDArray[np.uint8]]
) -> Iterator[NDArray[np.uint8]]:
    """Yield every map as it is written, given those that are read, which differ if cells fail."""
    for layer, read, x in zip(network.layers, maps, (image, *maps), strict=False):
        if isinstance(layer, Thermometer):
            yield layer.encode(x)
        else:
            flat = x.reshape(-1) if isinstance(layer, Dense) else x
            yield layer.forward(flat).reshape(read.shape)


def _left_apart(layers: Sequence[LayerParams], index: int) -> int:
    """Return how many groups of a layer's outputs are not interleaved though it has a shuffle."""
    layer = layers[index]
    users = [user for user in layers[index + 1 :] if not isinstance(user, PoolParams)]
    if not users or not isinstance(layer, ConvParams) or not layer.shuffle:
        return 1
    return 1 if getattr(users[0], "groups", 1) > 1 else layer.groups


def load(program: Program, params: AcceleratorParams) -> Step:
    layout = load_layout(params)
    return Step(inputs={
        "load": [payload(layout, word._asdict()) for word in program.words(params)]
    })  # fmt: skip


def picture(
    network: GoldenNetwork, params: AcceleratorParams, image: NDArray[np.integer],
    n_classes: int = 0, features: bool = True,
) -> Step:  # fmt: skip
    """Show an image; expect every map word by word, the features and the logits."""
    simd, head = params.mvu.simd, network.head
    maps = list(network.maps(image))
    lie = enumerate(stored(network, list(written(network, image, maps))))
    (_, _, fills), *writes = [(layer, 0, words_of(found, simd)) for layer, found in lie]
    outputs: dict[str, list[int]] = {"features": [], "logits": []}
    if features or head is None:
        words = words_of(maps[-1], simd)
        for n, x in enumerate(words):
            word = {"x": x, "last": n == len(words) - 1}
            outputs["features"].append(payload(word_layout(simd), word))
    if head is not None:
        x = maps[-1].reshape(-1)
        if head.params.hidden:
            layer = len(maps) + bool(outputs["features"])
            hidden = words_of(head.hidden(x), simd)
            writes += [(layer, 0, hidden), (layer + 1, len(hidden), words_of(maps[-1], simd))]
        logits = head.logits(x)
        for c, logit in enumerate(logits):
            best = head.classify(x, n_classes) if c + 1 >= n_classes else logits[: c + 1].argmax()
            answer = {"logit": int(logit), "best": int(best), "last": c == len(logits) - 1}
            outputs["logits"].append(payload(logit_layout(params), answer))
    outputs["map_fill"] = [
        payload(fill_layout(params), {"address": n, "data": word}) for n, word in enumerate(fills)
    ]
    outputs["map_write"] = [
        payload(map_write_layout(params), {"layer": layer, "address": first + n, "data": word})
        for layer, first, words in writes
        for n, word in enumerate(words)
    ]
    return Step(
        pins={"n_classes": n_classes},
        inputs={"pixels": [int(v) for v in image.reshape(-1)]},
        outputs=outputs,
        meets=situations(network, maps[-1], n_classes, features),
    )


def situations(
    network: GoldenNetwork, embedding: NDArray[np.uint8], n_classes: int, features: bool
) -> dict[str, int]:
    """Return which situations of the machine a picture meets."""
    layers, head = network.params.layers, network.head
    convs = [layer for layer in layers if isinstance(layer, ConvParams)]
    shuffles = [
        _left_apart(layers, index) > 1
        for index, layer in enumerate(layers)
        if isinstance(layer, ConvParams) and layer.shuffle and 1 < layer.groups < layer.outputs
    ]
    met = {
        "padding": any(c.padding == "same" and c.kernel > 1 for c in convs),
        "groups": any(1 < c.groups < c.input.channels for c in convs),
        "shuffle": not all(shuffles),
        "shuffle in the weights": any(shuffles),
        "depthwise": any(c.groups == c.input.channels > 1 for c in convs),
        "pool": any(isinstance(layer, PoolParams) for layer in layers),
        "dense": any(isinstance(layer, DenseParams) for layer in layers),
        "no head": head is None,
    }
    if head is not None:
        logits = head.logits(embedding.reshape(-1)).tolist()
        met |= {
            "head without hidden neurons": not head.params.hidden,
            "head with hidden neurons": head.params.hidden > 0,
            "head on a map": embedding.size > embedding.shape[-1],
            "features sent and classified": features,
            "tie of logits": logits[:n_classes].count(max(logits[:n_classes])) > 1,
            "a class not seen yet would have won": max(logits) > max(logits[:n_classes]),
        }
    return {f"network: {name}": int(hit) for name, hit in met.items()}


def build(description: dict[str, Any], seed: int) -> tuple[GoldenNetwork, NDArray[np.uint8]]:
    """Return a random network, and two random images for it."""
    params = NetworkParams.from_description(description)
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 2**params.bits, (2, *params.input.array_shape), np.uint8)
    return GoldenNetwork.random(params, rng), images


def machine(
    pe: int, simd: int, network: NetworkParams, weight_reuse: int = 1, **given: Any
) -> AcceleratorParams:
    mvu = MvuParams(
        pe=pe, simd=simd, weight_depth=2048, tile_depth=256, count_width=12,
        weight_reuse=weight_reuse,
    )  # fmt: skip
    sizes = {"map_depth": 512, "channels": 40, "classes": 8, "levels": 8, "program_depth": 12}
    return AcceleratorParams(
        mvu=mvu, pixel_bits=network.bits, colours=network.input.channels, **{**sizes, **given}
    )


def bench(
    network: GoldenNetwork, params: AcceleratorParams, images: NDArray[np.uint8],
    features: bool = True,
) -> list[Step]:  # fmt: skip
    program = compile_network(network, params, features=features)
    classes = network.head.params.classes if network.head else 0
    convolutions = program.layers[1 : len(network.layers)]
    gathered = [
        layer.get("gathered", 0) > 0
        for layer in convolutions
        if layer["operation"] is Operation.NEURONS
    ]
    outputs = [
        layer["group_outputs"]
        for layer in program.layers
        if layer["operation"] in (Operation.NEURONS, Operation.LOGITS)
    ]
    pe, two = params.mvu.pe, params.units == 2
    meets = {
        "network: windows gathered": any(gathered),
        "network: windows not gathered": not all(gathered),
        "network: both units have a tile": two and any(n > pe for n in outputs),
        "network: a last tile has no partner": two and any(0 < n % (2 * pe) <= pe for n in outputs),
    }
    return [
        replace(load(program, params), meets={name: int(hit) for name, hit in meets.items()}),
        *(
            picture(network, params, image, max(1, classes - n) if classes else 0, features)
            for n, image in enumerate(images)
        ),
    ]


#: Weight reuses P to try; between the ends, one in every run stands for all.
REUSES = [1, pytest.param(2, marks=pytest.mark.slow), 4, pytest.param(8, marks=pytest.mark.slow)]

INPUT = {"bits": 3, "channels": 2, "height": 4, "width": 6}

#: Networks that between them need everything the machine can do.
CASES: dict[str, dict[str, Any]] = {
    "thermometer_only": {"input": INPUT, "layers": [{"kind": "thermometer", "levels": 5}]},
    "same_pool_dense": {
        "input": INPUT,
        "layers": [
            {"kind": "thermometer", "levels": 3},
            {"kind": "conv", "outputs": 11},
            {"kind": "pool", "size": 2},
            {"kind": "conv", "outputs": 9, "padding": "valid", "kernel": 2, "thresholds": True},
            {"kind": "dense", "outputs": 13, "thresholds": True},
            {"kind": "dense", "outputs": 10},
        ],
        "head": {"classes": 7, "hidden": 0},
    },
    "groups_shuffle": {
        "input": INPUT,
        "layers": [
            {"kind": "thermometer", "levels": 6},
            {"kind": "conv", "outputs": 10, "groups": 2, "shuffle": True, "thresholds": True},
            {"kind": "conv", "outputs": 15, "groups": 5, "kernel": 1, "shuffle": True},
            {"kind": "pool", "size": 2},
            {"kind": "conv", "outputs": 15, "groups": 15, "kernel": 2, "padding": "valid"},
        ],
        "head": {"classes": 5, "hidden": 9},
    },
    "shuffle_pool_conv": {
        "input": {**INPUT, "height": 2, "width": 4},
        "layers": [
            {"kind": "thermometer", "levels": 6},
            {"kind": "conv", "outputs": 12, "groups": 3, "shuffle": True, "thresholds": True},
            {"kind": "pool", "size": 2},
            {"kind": "conv", "outputs": 8, "shuffle": True, "thresholds": True},
            {"kind": "conv", "outputs": 10, "groups": 2, "shuffle": True},
            {"kind": "dense", "outputs": 9, "thresholds": True},
        ],
        "head": {"classes": 4, "hidden": 0},
    },
    "map_to_head": {
        "input": INPUT,
        "layers": [
            {"kind": "thermometer", "levels": 8},
            {"kind": "conv", "outputs": 16, "kernel": 5, "groups": 2},
            {"kind": "pool", "size": 2},
            {"kind": "pool", "size": 1},
        ],
        "head": {"classes": 8, "hidden": 17},
    },
}
