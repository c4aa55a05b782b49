# SPDX-License-Identifier: MIT
"""Counts of the machine, on a network small enough to count by hand."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from golden.params import AcceleratorParams, MvuParams, NetworkParams
from sim.cost.counts import network
from sim.cost.counts.layer import Layer, Tile
from sim.cost.counts.mapping import program
from sim.cost.counts.tally import Action, Memory, Tally
from sim.data.networks import load_network

MACHINE = AcceleratorParams(
    mvu=MvuParams(pe=2, simd=4, weight_depth=32, tile_depth=8, count_width=6),
    map_depth=8, program_depth=8, channels=4, classes=4, pixel_bits=2, colours=1, levels=3,
    gather_words=0,
)  # fmt: skip
NETWORK = NetworkParams.from_description({
    "input": {"bits": 2, "channels": 1, "height": 2, "width": 2},
    "layers": [
        {"kind": "thermometer", "levels": 3},
        {"kind": "conv", "outputs": 3},
        {"kind": "pool", "size": 2},
    ],
    "head": {"classes": 3, "hidden": 0},
})  # fmt: skip
PROGRAM_ROW = 116


def steps(n: int) -> dict[Action, int]:
    """Return the actions that find so many steps of any layer and fetch their words."""
    return {
        Action("program", "read", PROGRAM_ROW): 1,
        Action("window.address", "accumulate", 4): n,
        Action("window.lanes", "accumulate", 6): n,
        Action("window.weight", "accumulate", 5): n,
        Action("window.position", "compare", 5): 2 * n,
        Action("window.position", "register", 5): 2 * n,
        Action("fetch.step", "register", 22): n,
    }


def neurons(n: int, tiles: int) -> dict[Action, int]:
    """Return the actions of two neurons of four inputs in so many steps and tiles."""
    return {
        Action("mvu.weights", "read", 4): 2 * n,
        Action("mvu.xnor.agree", "xnor"): 2 * 4 * n,
        Action("mvu.xnor.tree", "full_add"): 2 * n,
        Action("mvu.xnor.pipeline", "register", 4 + 3 + 3): 2 * n,
        Action("mvu.accumulator", "accumulate", 6): 2 * n,
        Action("mvu.row", "register", 4): 2 * n,
        Action("mvu.pipeline", "register", 154): n,
        Action("mvu.thresholds", "read", 8): 2 * tiles,
        Action("mvu.comparator", "compare", 7): 2 * tiles,
    }


BY_HAND: dict[str, dict[Action, int]] = {
    "0 thermometer": {
        Action("program", "read", PROGRAM_ROW): 1,
        Action("fetch.map", "write", 4): 4,
        Action("intake.thermometer.product", "logic"): 4 * 2 * 2,
        Action("intake.thermometer.product", "full_add"): 4 * 3 * 2,
        Action("intake.thermometer.lanes", "compare", 3): 4 * 2 * 4,
        Action("intake.thermometer.word", "logic"): 4 * 4,
        Action("intake.thermometer.word", "register", 4): 4,
        Action("intake.written", "accumulate", 4): 4,
    },
    # Of the 9 places of a kernel 4 lie in the map, wherever it is; the 2 tiles read them anew.
    "1 conv": steps(4 * 9 * 2) | neurons(4 * 9 * 2, tiles=4 * 2) | {
        Action("fetch.map", "read", 4): 4 * 4 * 2,
        Action("fetch.map", "write", 4): 4,
        Action("collector.tile", "register", 2): 8 + 8,
        Action("collector.pixel", "logic"): 8 * 4,
        Action("collector.pixel", "register", 4): 8 + 4,
    },
    "2 pool": steps(4) | {
        Action("fetch.map", "read", 4): 4,
        Action("fetch.map", "write", 4): 1,
        Action("pool.word", "logic"): 4 * 4,
        Action("pool.word", "register", 4): 4,
        Action("pool.result", "register", 4): 1,
    },
    "features": steps(1) | {Action("fetch.map", "read", 4): 1},
    "logits": steps(4) | neurons(4, tiles=2) | {
        Action("fetch.map", "read", 4): 4,
        Action("head.counts", "register", 12): 2 + 3,
        Action("head.logit", "full_add"): 3 * 6,
        Action("head.largest", "compare", 6): 3,
        Action("head.classes", "register", 4): 3,
    },
}  # fmt: skip


@pytest.mark.parametrize("name", BY_HAND)
def test_a_layer_by_hand(name: str) -> None:
    assert network.layer_tallies(NETWORK, MACHINE)[name] == Tally(BY_HAND[name])


def test_a_picture_is_its_layers() -> None:
    assert list(network.layer_tallies(NETWORK, MACHINE)) == list(BY_HAND)
    assert network.inference(NETWORK, MACHINE) == sum(map(Tally, BY_HAND.values()), Tally())
    without = {name: counts for name, counts in BY_HAND.items() if name != "features"}
    shorter = network.inference(NETWORK, MACHINE, features=False)
    assert shorter == sum(map(Tally, without.values()), Tally())


def test_cycles_by_hand() -> None:
    layers = program(NETWORK, MACHINE)
    found = [network.layer_cycles(layer, MACHINE) for layer in layers]
    # The unit gives a tile 7 cycles after its last step; 2 cycles store one and send its word.
    conv = 3 + 4 * 18 + 7 + 2
    logits = 3 + 2 * 2 + 7 + 1
    # A first window has all four pixels, which the convolution waits for.
    assert found == [4 + 4, conv, 3 + 4 + 1, 3 + 1, logits]
    assert network.cycles(NETWORK, MACHINE) == 1 + sum(found)
    assert network.cycles(NETWORK, MACHINE, features=False) == 1 + sum(found) - 4


def test_utilisation_by_hand() -> None:
    layers = program(NETWORK, MACHINE)
    conv, logits = layers[1], layers[4]
    assert (conv.synapses, logits.synapses) == (4 * 3 * 27, 3 * 2 * 3)
    assert network.utilisation((conv,), MACHINE) == Fraction(4 * 3 * 27, 84 * 8)
    assert network.utilisation(layers, MACHINE) == Fraction(324 + 18, 119 * 8)


def test_loading_by_hand() -> None:
    assert network.load(NETWORK, MACHINE) == Tally({
        Action("program", "write", PROGRAM_ROW): 5,
        Action("mvu.weights", "write", 4): 2 * (9 * 2 + 2 * 2),
        Action("mvu.thresholds", "write", 8): 2 * 2,
    })  # fmt: skip


def test_outputs_that_come_one_by_one() -> None:
    description = NETWORK.describe() | {"head": None}
    description["layers"] = [
        {"kind": "thermometer", "levels": 2},
        {"kind": "conv", "outputs": 6, "groups": 2, "kernel": 1},
    ]
    layer = program(NetworkParams.from_description(description), MACHINE)[1]
    assert layer == Layer(
        name="1 conv", operation="neurons", pixels=4, inside=4,
        tiles=(Tile(1, 2), Tile(1, 1)) * 2, words=4 * 2, inputs=1, whole=False, columns=2,
    )  # fmt: skip
    # Six outputs a pixel, three waiting for a whole tile of two; the last one and both words.
    assert network.layer_cycles(layer, MACHINE) == 3 + 1 + 7 + 4 * (2 + 1 + 2 + 1 + 2)


GATHERING = replace(MACHINE, gather_words=7)


def test_gathered_windows_by_hand() -> None:
    """Nine words of 3 channels become 7 of 4, the last one of 3; both tiles read these."""
    row = PROGRAM_ROW + 4 + 3
    conv = network.layer_tallies(NETWORK, GATHERING)["1 conv"]
    found, words = 4 * 9, 4 * 7 * 2
    assert conv == Tally(neurons(words, tiles=4 * 2)) + Tally({
        **steps(found), Action("program", "read", PROGRAM_ROW): 0,
    }) + Tally({
        Action("program", "read", row): 1,
        Action("fetch.gate", "compare", 4): found,
        Action("fetch.map", "read", 4): 4 * 4,
        Action("fetch.map", "write", 4): 4,
        Action("gather.held", "register", 4 + 3): found,
        Action("gather.rotate", "logic"): found * 4 * 2,
        Action("gather.merge", "logic"): found * 3 * 4,
        Action("gather.part", "register", 4): found,
        Action("gather.lane", "accumulate", 3): found,
        Action("gather.window", "write", 4): 4 * 7,
        Action("gather.window", "read", 4): words,
        Action("gather.weight", "accumulate", 5): words,
        Action("gather.step", "register", 5 + 3 + 2 + 7): words,
        Action("gather.tile", "accumulate", 3): 4 * 2,
        Action("gather.place", "accumulate", 3): 2 * 4 * 2,
        Action("collector.tile", "register", 2): 8 + 8,
        Action("collector.pixel", "logic"): 8 * 4,
        Action("collector.pixel", "register", 4): 8 + 4,
    })  # fmt: skip
    assert network.memories(GATHERING)[-1] == Memory("gather.window", 14, 4, ports=2)
    # The first window comes in 9 cycles and is offered 3 cycles later; then 7 steps a tile.
    layer = program(NETWORK, GATHERING)[1]
    assert network.layer_cycles(layer, GATHERING) == 3 + (9 - 1 + 3) + 4 * 2 * 7 + 7 + 2
    assert network.load(NETWORK, GATHERING).of("write") == 5 + 2 * (7 * 2 + 2 * 2) + 2 * 2


@pytest.mark.parametrize("differing", [{"gather_words": 6}, {"mvu": {"weight_reuse": 2}}])
def test_windows_are_gathered_only_where_they_fit(differing: dict[str, Any]) -> None:
    given = {n: replace(MACHINE.mvu, **v) if n == "mvu" else v for n, v in differing.items()}
    machine = replace(GATHERING, **given)
    assert program(NETWORK, GATHERING)[1].taps == 9
    assert program(NETWORK, machine)[1].taps == 0


def test_a_window_that_no_tile_outlasts_is_not_gathered() -> None:
    """One tile has 7 steps, but the next window comes in 9 cycles."""
    described: dict[str, Any] = NETWORK.describe()
    layers = [described["layers"][0], {"kind": "conv", "outputs": 2}]
    description = described | {"head": None, "layers": layers}
    layer = program(NetworkParams.from_description(description), GATHERING)[1]
    assert (layer.taps, layer.pixel_steps) == (0, 9)


def test_pixels_that_must_come_before_the_first_map_is_read() -> None:
    """A picture of 4 x 4: the second row's second pixel ends the first window."""
    described = NETWORK.describe()
    described["input"] |= {"height": 4, "width": 4}
    described["layers"][1]["outputs"] = 4
    wide = NetworkParams.from_description(described)
    # Gathered in 9 of 14 cycles. From the fourth window on, each has time for another pixel.
    assert program(wide, GATHERING)[0].lead == 4 + 2 + 3
    # Without a cycle to write in, or one alone, the whole picture must be there.
    assert program(wide, MACHINE)[0].lead == 16
    described["layers"][0]["levels"] = 2
    # Windows of 18 channels, 5 words, take 10 cycles for 2 tiles; 9 gather the next, one is left.
    brief = NetworkParams.from_description(described)
    assert program(brief, GATHERING)[1].pixel_steps == 10
    assert program(brief, GATHERING)[0].lead == 16


HELD = replace(MACHINE, mvu=replace(MACHINE.mvu, weight_reuse=2))


def test_rows_of_weights_serve_two_pixels() -> None:
    """Of three pixels in a row, two make a strip, and the third one makes another."""
    described = NETWORK.describe()
    described["input"] |= {"width": 3}
    wide = NetworkParams.from_description({**described, "layers": described["layers"][:2]})
    tallies = network.layer_tallies(wide, HELD)
    strips, pixels = 2 * 2, 2 * 3
    rows, steps = strips * 9 * 2, pixels * 9 * 2
    # Columns inside the map, of 3 kernels of 3 columns; rows, of 2 kernels of 3 rows.
    inside = (2 + 3 + 2) * (2 + 2)
    assert tallies["1 conv"] == Tally({
        Action("program", "read", PROGRAM_ROW): 1,
        Action("window.address", "accumulate", 4): rows,
        Action("window.lanes", "accumulate", 6): rows,
        Action("window.weight", "accumulate", 5): rows,
        Action("window.position", "register", 5): 2 * rows,
        Action("window.position", "compare", 5): 2 * steps,
        Action("window.strip.address", "full_add"): 4 * steps,
        Action("window.strip.column", "full_add"): 5 * steps,
        Action("window.strip.words", "accumulate", 4): steps,
        Action("window.strip.columns", "accumulate", 5): steps,
        Action("fetch.step", "register", 22 + 2): steps,
        Action("fetch.map", "read", 4): 2 * inside,
        Action("fetch.map", "write", 4): pixels,
        Action("mvu.weights", "read", 4): 2 * rows,
        Action("mvu.row", "register", 4): 2 * rows,
        Action("mvu.xnor.agree", "xnor"): 2 * 4 * steps,
        Action("mvu.xnor.tree", "full_add"): 2 * steps,
        Action("mvu.xnor.pipeline", "register", 4 + 3 + 3): 2 * steps,
        Action("mvu.accumulator", "accumulate", 6): 2 * steps,
        Action("mvu.accumulator", "logic"): 2 * 6 * steps,
        # In each of six stages and at the end a bit of the tag; in the stages also the slot.
        Action("mvu.pipeline", "register", 154 + 7 + 6): steps,
        Action("mvu.thresholds", "read", 8): 2 * 2 * strips,
        Action("mvu.comparator", "compare", 7): 2 * 2 * pixels,
        Action("collector.tile", "register", 2): 2 * (2 * pixels),
        Action("collector.pixel", "logic"): 4 * (2 * pixels),
        Action("collector.pixel", "register", 4): 2 * pixels + pixels,
        Action("collector.word", "logic"): 4 * pixels,
    })  # fmt: skip
    layer = program(wide, HELD)[1]
    assert layer.strips == (2, 1, 2, 1)
    assert network.layer_cycles(layer, HELD) == 3 + 7 + 18 * pixels + 2


TWO = replace(MACHINE, units=2)


def test_two_units_share_the_outputs_and_take_the_same_words() -> None:
    """One tile of 2 + 1 outputs, in place of two tiles, in the cycles of one."""
    tallies = network.layer_tallies(NETWORK, TWO)
    steps, pixels = 4 * 9, 4
    # The number of outputs of a tile takes a bit more of its tag, in 6 stages and at the end.
    assert tallies["1 conv"] == Tally({
        Action("program", "read", PROGRAM_ROW): 1,
        Action("window.address", "accumulate", 4): steps,
        Action("window.lanes", "accumulate", 6): steps,
        Action("window.weight", "accumulate", 5): steps,
        Action("window.position", "register", 5): 2 * steps,
        Action("window.position", "compare", 5): 2 * steps,
        Action("fetch.step", "register", 22 + 1): steps,
        Action("fetch.map", "read", 4): pixels * 4,
        Action("fetch.map", "write", 4): pixels,
        Action("mvu.weights", "read", 4): 4 * steps,
        Action("mvu.row", "register", 4): 4 * steps,
        Action("mvu.xnor.agree", "xnor"): 4 * 4 * steps,
        Action("mvu.xnor.tree", "full_add"): 4 * steps,
        Action("mvu.xnor.pipeline", "register", 4 + 3 + 3): 4 * steps,
        Action("mvu.accumulator", "accumulate", 6): 4 * steps,
        Action("mvu.pipeline", "register", 154 + 7): 2 * steps,
        Action("mvu.thresholds", "read", 8): 4 * pixels,
        Action("mvu.comparator", "compare", 7): 4 * pixels,
        Action("collector.tile", "register", 4): pixels + pixels,
        Action("collector.pixel", "logic"): 2 * 4 * pixels,
        Action("collector.pixel", "register", 4): pixels + pixels,
    })  # fmt: skip
    layers = program(NETWORK, TWO)
    assert network.layer_cycles(layers[1], TWO) == 3 + 7 + steps + 2
    # The head still sends a logit a cycle.
    logits = layers[-1]
    assert logits.tiles[0].outputs == 3
    assert network.layer_cycles(logits, TWO) == 3 + 7 + logits.steps + 3


def test_cycles_of_strips_that_wait_for_stores() -> None:
    """Two tiles that come together are stored at once, and the words of both pixels leave."""
    description = NETWORK.describe() | {"head": None}
    description["layers"] = [
        {"kind": "thermometer", "levels": 2},
        {"kind": "conv", "outputs": 6, "groups": 2, "kernel": 1},
    ]
    layer = program(NetworkParams.from_description(description), HELD)[1]
    assert layer.strips == (2, 2)
    # Tiles of 2, 1, 2 and 1 outputs. The first of two pixels waits for the store of what is before.
    first, others, words = 1 + 1, (2 + 1) + (1 + 1) + (2 + 1), 2 * 2
    between = (1 + words) + 1
    assert (
        network.layer_cycles(layer, HELD) == 3 + 7 + first + others + between + others + 1 + words
    )


@pytest.mark.parametrize("name", ["fbnn-XS", "fbnn-S", "fbnn-1M", "fbnn-1M-wide", "fbnn-4M"])
@pytest.mark.parametrize(("pe", "simd"), [(1, 1), (16, 64), (7, 100)])
def test_synapses_are_the_networks_on_every_machine(name: str, pe: int, simd: int) -> None:
    described = load_network(name)
    layers = program(described, AcceleratorParams(mvu=MvuParams(pe=pe, simd=simd)))
    assert sum(layer.synapses for layer in layers[: len(described.layers)]) == sum(
        getattr(layer, "weight_count", 0) * layer.output.height * layer.output.width
        for layer in described.layers
    )
    head = described.head
    assert head is not None
    assert sum(layer.synapses for layer in layers[len(described.layers) :]) == head.weight_count
    assert all(layer.synapses <= layer.steps * pe * simd for layer in layers)
