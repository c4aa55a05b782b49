# SPDX-License-Identifier: MIT
"""A description with every kind of layer, and random arrays of its layers."""

from typing import Any

import numpy as np

from golden.params import ConvParams, DenseParams, NetworkParams
from sim.exchange.arrays import LayerArrays

__all__ = ["DESCRIPTION", "PARAMS", "drawn"]

DESCRIPTION: dict[str, Any] = {
    "input": {"height": 8, "width": 8, "channels": 2, "bits": 3},
    "layers": [
        {"kind": "thermometer", "levels": 3},
        {"kind": "conv", "outputs": 8, "kernel": 3},
        {"kind": "pool", "size": 2},
        {"kind": "conv", "outputs": 12, "kernel": 3, "groups": 2, "shuffle": True},
        {"kind": "conv", "outputs": 12, "kernel": 1, "groups": 3, "padding": "valid"},
        {"kind": "conv", "outputs": 12, "kernel": 2, "groups": 12, "padding": "valid"},
        {"kind": "dense", "outputs": 20},
    ],
    "head": {"classes": 4, "hidden": 0},
}
PARAMS = NetworkParams.from_description(DESCRIPTION)


def drawn(seed: int = 0, rising: bool = False) -> dict[int | str, LayerArrays]:
    """Return arrays of a network in PyTorch's order."""
    rng = np.random.default_rng(seed)
    found: dict[int | str, LayerArrays] = {}
    for place, layer in enumerate(PARAMS.layers):
        if isinstance(layer, ConvParams | DenseParams):
            outputs, *_ = shape = layer.weight_shape
            shape = (shape[0], shape[3], shape[1], shape[2]) if len(shape) == 4 else shape
            gamma = rng.normal(size=outputs)
            found[place] = LayerArrays(
                weight=rng.normal(size=shape), bias=rng.normal(size=outputs),
                gamma=np.abs(gamma) if rising else gamma, beta=rng.normal(size=outputs),
                mean=rng.normal(size=outputs) * 4, variance=rng.random(outputs) + 0.1,
            )  # fmt: skip
    found["head"] = LayerArrays(weight=rng.normal(size=(4, 20)))
    return found
