# SPDX-License-Identifier: MIT
"""Counts of the machine that runs a network: for a picture, and for loading a network."""

from collections import Counter
from fractions import Fraction
from itertools import pairwise

from golden.params import AcceleratorParams, NetworkParams
from sim.cost.counts import collector, fetch, gather, head, mvu, pool, thermometer, window
from sim.cost.counts.layer import Layer, gather_cycles
from sim.cost.counts.mapping import program
from sim.cost.counts.tally import Action, Memory, Tally

__all__ = [
    "cycles",
    "inference",
    "layer_cycles",
    "layer_tallies",
    "load",
    "memories",
    "tally",
    "utilisation",
]

# Cycles of a layer before its first step: one each for descriptor, window and feature memory.
_BEGIN = 3
# Cycles of the input beside its steps: descriptor, begin of the picture, last word, and its write.
_TAKE = 4


def memories(params: AcceleratorParams) -> tuple[Memory, ...]:
    """Return the memories of the machine."""
    return (
        Memory("program", params.program_depth, _descriptor_width(params)),
        *(memory.within("fetch") for memory in fetch.memories(params)),
        *(memory.within("mvu") for memory in mvu.memories(params.array)),
        *(memory.within("gather") for memory in gather.memories(params)),
    )


def cycles(network: NetworkParams, params: AcceleratorParams, *, features: bool = True) -> int:
    """Return the cycles from one picture to the next, if nothing outside the machine stalls it.

    Parameters
    ----------
    network : NetworkParams
    params : AcceleratorParams
    features : bool
        Whether the machine sends the embedding. It always does if the network has no head.
    """
    idle = 1
    layers = program(network, params, features=features)
    return idle + sum(layer_cycles(layer, params) for layer in layers)


def layer_cycles(layer: Layer, params: AcceleratorParams) -> int:
    """Return the cycles from the descriptor of a layer to the descriptor of the next.

    The input lasts until the next layer may begin. There is one step a cycle. The tiles of a strip
    come in successive cycles, the first of them when its own steps are done and the previous tiles
    are stored, whichever is later. No steps follow the last tile of the layer. Of the windows that
    are gathered, only the first one is waited for.
    """
    if layer.operation == "input":
        return _TAKE + layer.own_steps
    if layer.operation == "features":
        return _BEGIN + layer.steps
    if layer.operation == "pool":
        return _BEGIN + layer.steps + 1
    strips = layer.strips
    follows = Counter(pairwise((0, *strips)))
    last = collector.store_cycles(layer, strips[-1], params)[-1]
    between = sum(n * _strip_cycles(layer, *pair, params) for pair, n in follows.items())
    first = gather_cycles(layer, params.mvu.simd) - 1 + gather.LATENCY if layer.taps else 0
    return _BEGIN + first + mvu.latency(params.mvu) + between + last


def _strip_cycles(layer: Layer, before: int, strip: int, params: AcceleratorParams) -> int:
    """Return the cycles from the last tile of a strip to that of the next.

    Parameters
    ----------
    layer : Layer
    before, strip : int
        Pixels of the two strips; before the first strip, none.
    params : AcceleratorParams
    """
    stores = collector.store_cycles(layer, strip, params)[:-1]
    waits = [collector.store_cycles(layer, before, params)[-1] if before else 0, *stores]
    steps = [layer.positions * tile.words for tile in layer.tiles]
    # The first pixel of the strip ends a tile so many cycles before the last one.
    others = strip - 1
    return sum(max(strip * n - others, wait) + others for n, wait in zip(steps, waits, strict=True))


def utilisation(layers: tuple[Layer, ...], params: AcceleratorParams) -> Fraction:
    """Return the share of the synapses of a cycle, PE x SIMD a unit, that some layers use."""
    time = sum(layer_cycles(layer, params) for layer in layers)
    return Fraction(
        sum(layer.synapses for layer in layers), time * params.neurons * params.mvu.simd
    )


def inference(network: NetworkParams, params: AcceleratorParams, *, features: bool = True) -> Tally:
    """Return the actions of one picture.

    They do not depend on the picture, on the weights or on the classes seen, because all logits are
    computed.

    Parameters
    ----------
    network : NetworkParams
    params : AcceleratorParams
    features : bool
        Whether the machine sends the embedding. It always does if the network has no head.
    """
    return sum(layer_tallies(network, params, features=features).values(), Tally())


def layer_tallies(
    network: NetworkParams, params: AcceleratorParams, *, features: bool = True
) -> dict[str, Tally]:
    """Return the actions of one picture in each layer of the program, by the layer's name.

    Parameters
    ----------
    network : NetworkParams
    params : AcceleratorParams
    features : bool
        Whether the machine sends the embedding. It always does if the network has no head.
    """
    layers = program(network, params, features=features)
    return {layer.name: tally(layer, params) for layer in layers}


def tally(layer: Layer, params: AcceleratorParams) -> Tally:
    """Return the actions of one picture in a layer of the program."""
    total = Tally({Action("program", "read", _descriptor_width(params)): 1})
    total += fetch.tally(layer, params).within("fetch")
    if layer.operation == "input":
        word = params.map_depth.bit_length()
        written = Tally({Action("written", "accumulate", word): layer.words})
        coded = thermometer.tally(layer, params).within("thermometer")
        return total + (coded + written).within("intake")
    total += window.tally(layer, params).within("window")
    if layer.operation == "pool":
        return total + pool.tally(layer, params).within("pool")
    if layer.operation == "features":
        return total
    if layer.taps:
        total += gather.tally(layer, params).within("gather")
    unit = mvu.tally(layer, params.mvu, window.tag_width(params))  # all units do alike
    total += (params.units * unit).within("mvu")
    if layer.operation == "logits":
        return total + head.tally(layer, params).within("head")
    return total + collector.tally(layer, params).within("collector")


def load(network: NetworkParams, params: AcceleratorParams, *, features: bool = True) -> Tally:
    """Return the writes that load a network into the machine, one for each word of its load stream.

    Parameters
    ----------
    network : NetworkParams
    params : AcceleratorParams
    features : bool
        Whether the machine sends the embedding. It always does if the network has no head.
    """
    layers = program(network, params, features=features)
    weights = sum(layer.weight_rows for layer in layers)
    thresholds = sum(layer.threshold_rows for layer in layers)
    descriptors = Tally({Action("program", "write", _descriptor_width(params)): len(layers)})
    return descriptors + mvu.load(weights, thresholds, params.array).within("mvu")


def _descriptor_width(params: AcceleratorParams) -> int:
    """Return the bits of a layer's descriptor in the program."""
    mvu_params, simd = params.mvu, params.mvu.simd
    word = params.map_depth.bit_length()
    inputs = (params.map_depth * simd).bit_length()
    outputs = max(params.channels, params.classes).bit_length()
    rows = (mvu_params.weight_depth, mvu_params.tile_depth, simd)
    operation, end, source, whole = 3, 1, 1, 1
    return (
        operation + end + source + whole + params.levels.bit_length() + mvu_params.count_width
        + 17 * word  # the window, and the map that is written
        + 2 * inputs  # groups, and channels of each
        + 4 * outputs  # neurons of a group, and how far apart they are stored
        + sum((max(2, n) - 1).bit_length() for n in rows)  # first rows, further lanes
        # Words of the first map that lead, and those of a gathered window.
        + (word + gather.room(params).bit_length() if params.gathers else 0)
    )  # fmt: skip
