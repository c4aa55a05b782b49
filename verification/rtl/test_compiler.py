# SPDX-License-Identifier: MIT

import re
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from golden.params import AcceleratorParams, DenseParams, MapShape, MvuParams, PoolParams
from rtl.compiler import Compiler
from rtl.program import compile_network
from verification.rtl.networks import CASES, build

SIZES: dict[str, Any] = {"pixel_bits": 3, "colours": 2, "levels": 8, "channels": 40, "classes": 8}


def machine(mvu: dict[str, int], **given: int) -> AcceleratorParams:
    return AcceleratorParams(mvu=MvuParams(**{"pe": 4, "simd": 8, **mvu}), **{**SIZES, **given})


@pytest.mark.parametrize(
    ("mvu", "given", "message"),
    [
        ({"weight_depth": 64}, {}, "Weight memory must hold 75 rows, not 64"),
        ({"tile_depth": 8}, {}, "Threshold memory must hold 13 rows, not 8"),
        ({"count_width": 5}, {}, "Counts must have 6 bits for layer 1, not 5"),
        ({}, {"program_depth": 7}, "Program memory must hold 8 layers, not 7"),
        ({}, {"map_depth": 40}, "Feature memories must hold 48 words for layer 1, not 40"),
        ({}, {"channels": 10}, "Maps must hold 11 channels for layer 1, not 10"),
        ({}, {"classes": 6}, "Head must have 7 classes, not 6"),
        ({}, {"levels": 2}, "Thermometer must have 3 levels, not 2"),
        ({}, {"colours": 3}, "Pixels must be 3 colours of 3 bits, not 2 of 3"),
        ({}, {"pixel_bits": 4}, "Pixels must be 2 colours of 4 bits, not 2 of 3"),
    ],
)
def test_messages_of_networks_that_do_not_fit(
    mvu: dict[str, int], given: dict[str, int], message: str
) -> None:
    network, _ = build(CASES["same_pool_dense"], 0)
    compile_network(network, machine({}))
    with pytest.raises(ValueError, match=re.escape(message)):
        compile_network(network, machine(mvu, **given))


def test_concatenation_must_fit() -> None:
    pixel = {"bits": 3, "channels": 2, "height": 1, "width": 1}
    thermometer = {"kind": "thermometer", "levels": 8}
    head = {"classes": 2, "hidden": 17}
    network, _ = build({"input": pixel, "layers": [thermometer], "head": head}, 0)
    message = "Feature memories must hold 5 words for the hidden bits and the embedding, not 4"
    compile_network(network, machine({}, map_depth=5))
    with pytest.raises(ValueError, match=re.escape(message)):
        compile_network(network, machine({}, map_depth=4))


@pytest.mark.parametrize("inputs", [1, 2, 7, 8])
def test_a_limit_is_reached_where_the_threshold_is(inputs: int) -> None:
    compiler = Compiler(machine({"count_width": 4}))
    compiler.map = MapShape(height=1, width=1, channels=inputs)
    thetas = np.array([-(2**31), *range(-inputs - 2, inputs + 3), 2**31 - 1], np.int32)
    layer = DenseParams(inputs=inputs, outputs=len(thetas), thresholds=True)
    arrays = SimpleNamespace(
        weights=np.zeros((len(thetas), inputs), np.uint8),
        thresholds=thetas,
        polarity=np.ones(len(thetas), np.uint8),
    )
    compiler.dense(layer, arrays)
    limits = compiler.limits[0].reshape(-1)[: len(thetas)]
    assert limits.min() >= 0
    assert limits.max() <= 2**4
    for theta, limit in zip(thetas, limits, strict=True):
        for agree in range(inputs + 1):
            assert (agree >= limit) == (2 * agree - inputs >= theta)


def test_memories_take_turns() -> None:
    network, _ = build(CASES["map_to_head"], 0)
    program = compile_network(network, machine({}))
    names = [(layer["operation"].name, layer["source"]) for layer in program.layers]
    assert names == [
        ("INPUT", 1), ("NEURONS", 0), ("POOL", 1), ("POOL", 0), ("FEATURES", 1),
        ("NEURONS", 1), ("POOL", 1), ("LOGITS", 0),
    ]  # fmt: skip
    assert [layer.get("end", 0) for layer in program.layers] == [0] * 7 + [1]


def test_field_that_is_too_large_is_named() -> None:
    compiler = Compiler(machine({}, map_depth=64), what="layer 3")
    layer = PoolParams(input=MapShape(height=128, width=128, channels=1), size=128)
    with pytest.raises(ValueError, match=re.escape("rows of layer 3 must be <= 127, not 128")):
        compiler.pool(layer)
