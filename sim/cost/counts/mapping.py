# SPDX-License-Identifier: MIT
"""Mapping of a network to the machine: its layers as windows, tiles and words of SIMD channels."""

from collections.abc import Iterator
from dataclasses import replace

from golden.params import (
    AcceleratorParams,
    ConvParams,
    DenseParams,
    HeadParams,
    LayerParams,
    MapShape,
    MvuParams,
    NetworkParams,
    PoolParams,
    ThermometerParams,
)
from sim.cost.counts.layer import Layer, Operation, Tile, gather_cycles

__all__ = ["program"]


def program(
    network: NetworkParams, machine: AcceleratorParams, *, features: bool = True
) -> tuple[Layer, ...]:
    """Return the layers of the machine's program for a network, even if it lacks room for them.

    Parameters
    ----------
    network : NetworkParams
    machine : AcceleratorParams
        Only PE, SIMD, the weight reuse P, the number of units and the words of a gathered window
        are used.
    features : bool
        Whether the machine sends the embedding. It always does if the network has no head.
    """
    layers, words, mvu = [], 0, machine.array
    for index, layer in enumerate(network.layers):
        layers.append(_layer(index, layer, words, machine, network.layers[index + 1 :]))
        words = _words(layer.output, mvu.simd)
    if features or network.head is None:
        layers.append(_each_word("features", "features", words))
    if network.head is not None:
        layers += _head(network.head, words, mvu)
    second = network.layers[1] if len(network.layers) > 1 else None
    layers[0] = replace(layers[0], lead=_lead(layers[0], layers[1], second, mvu.simd))
    return tuple(layers)


def _lead(first: Layer, reader: Layer, described: LayerParams | None, simd: int) -> int:
    """Return the pixels that must be in before the first map is read, so that no step waits.

    The memory has one port, and who reads goes first. So all must be in, unless windows are
    gathered and leave two cycles or more of each for writing, and a pixel comes in that time. From
    the fourth window on, a pixel is written in the time of each. How many pixels the newest one of
    a window is ahead of those is the lead.
    """
    if not isinstance(described, ConvParams) or not reader.taps:
        return first.pixels
    least = max(gather_cycles(reader, simd) + 2, first.pixel_steps)
    if reader.pixel_steps < least:
        return first.pixels
    height, width, side = described.input.height, described.input.width, described.kernel
    ahead = 0
    for y in range(described.output.height):
        row = min(y - described.pad + side, height) - 1
        for x in range(described.output.width):
            newest = row * width + min(x - described.pad + side, width)
            window = y * described.output.width + x
            ahead = max(ahead, newest - max(0, window - 3))
    return min(ahead, first.pixels)


def _layer(
    index: int, layer: LayerParams, words: int, machine: AcceleratorParams,
    later: tuple[LayerParams, ...],
) -> Layer:  # fmt: skip
    """Return a layer whose input map has so many words, and that other layers follow."""
    mvu = machine.array
    if isinstance(layer, ThermometerParams):
        return _input(f"{index} thermometer", layer, mvu)
    if isinstance(layer, PoolParams):
        return _pool(f"{index} pool", layer, mvu)
    if isinstance(layer, ConvParams):
        found = _convolution(f"{index} conv", layer, machine, _is_shuffled(layer, later))
        return _gathered(found, layer, machine)
    return _dense(f"{index} dense", layer, words, mvu)


def _input(name: str, layer: ThermometerParams, mvu: MvuParams) -> Layer:
    """Return the input layer: one tile for each colour, with the words that hold its channels."""
    firsts = range(0, layer.output.channels, layer.levels)
    tiles = tuple(Tile(_touched(first, layer.levels, mvu.simd)) for first in firsts)
    return Layer(
        name=name, operation="input", pixels=layer.output.height * layer.output.width, inside=0,
        tiles=tiles, words=_words(layer.output, mvu.simd),
    )  # fmt: skip


def _pool(name: str, layer: PoolParams, mvu: MvuParams) -> Layer:
    """Return a pooling layer: one tile for each word of a pixel."""
    return Layer(
        name=name, operation="pool", pixels=layer.output.height * layer.output.width,
        positions=layer.size**2, inside=layer.input.height * layer.input.width,
        tiles=(Tile(1),) * -(-layer.input.channels // mvu.simd),
        words=_words(layer.output, mvu.simd),
    )  # fmt: skip


def _is_shuffled(layer: ConvParams, later: tuple[LayerParams, ...]) -> bool:
    """Return whether the machine moves the outputs of a convolution to the places of its shuffle.

    It need not where groups of 1, or one group, stay in place, nor where neurons that see all
    channels come next, be it behind pools: their weights are then in the order of the groups.
    """
    if not layer.shuffle or layer.groups in (1, layer.outputs):
        return False
    for user in later:
        if not isinstance(user, PoolParams):
            return isinstance(user, ConvParams) and user.groups > 1
    return True


def _convolution(name: str, layer: ConvParams, machine: AcceleratorParams, shuffled: bool) -> Layer:
    """Return a convolution: neurons over windows of the map."""
    mvu = machine.array
    aligned = layer.groups == 1 or layer.group_outputs % machine.mvu.pe == 0
    return Layer(
        name=name, operation="neurons", pixels=layer.output.height * layer.output.width,
        positions=layer.kernel**2,
        inside=_inside(layer.input.height, layer) * _inside(layer.input.width, layer),
        tiles=tuple(_tiles(layer.groups, layer.group_inputs, layer.group_outputs, mvu)),
        words=_words(layer.output, mvu.simd), inputs=layer.inputs,
        whole=aligned and not shuffled, columns=layer.output.width,
        weight_reuse=mvu.weight_reuse,
    )  # fmt: skip


def _gathered(found: Layer, layer: ConvParams, machine: AcceleratorParams) -> Layer:
    """Return a convolution as the machine does it: with gathered windows, if that is faster.

    All channels of a pixel must lie in one word. The window must fit the machine, and the steps of
    a pixel must last as long as the words of the next window come.
    """
    channels, simd = layer.input.channels, machine.mvu.simd
    room = machine.gather_words if machine.mvu.weight_reuse == 1 else 0
    words = -(-layer.inputs // simd)
    if layer.groups > 1 or channels > simd or words > room or words >= found.positions:
        return found
    tiles = tuple(Tile(words, tile.outputs) for tile in found.tiles)
    taken = replace(found, positions=1, tiles=tiles, taps=found.positions)
    return taken if taken.pixel_steps >= gather_cycles(taken, simd) else found


def _dense(name: str, layer: DenseParams, words: int, mvu: MvuParams) -> Layer:
    """Return a dense layer: neurons over all words of the map."""
    return Layer(
        name=name, operation="neurons", pixels=1, inside=1,
        tiles=tuple(_tiles(1, words * mvu.simd, layer.outputs, mvu)),
        words=_words(layer.output, mvu.simd), inputs=layer.inputs, whole=True,
    )  # fmt: skip


def _head(head: HeadParams, words: int, mvu: MvuParams) -> Iterator[Layer]:
    """Yield the head: hidden neurons, the embedding copied behind them, and one neuron a class.

    The neuron of a class covers both planes of its weights.
    """
    if head.hidden:
        hidden = DenseParams(inputs=head.features, outputs=head.hidden)
        yield _dense("hidden", hidden, words, mvu)
        yield _each_word("copy", "pool", words)
        words += _words(hidden.output, mvu.simd)
    yield Layer(
        name="logits", operation="logits", pixels=1, inside=1,
        tiles=tuple(_tiles(1, 2 * words * mvu.simd, head.classes, mvu)),
        words=0, inputs=2 * head.concat,
    )  # fmt: skip


def _each_word(name: str, operation: Operation, words: int) -> Layer:
    """Return a layer that passes words on, one by one."""
    return Layer(
        name=name, operation=operation, pixels=words, inside=words, tiles=(Tile(1),), words=words
    )


def _tiles(groups: int, inputs: int, outputs: int, mvu: MvuParams) -> Iterator[Tile]:
    """Yield the tiles of groups of neurons; no tile holds neurons of two groups."""
    for group in range(groups):
        words = _touched(group * inputs, inputs, mvu.simd)
        for first in range(0, outputs, mvu.pe):
            yield Tile(words, min(mvu.pe, outputs - first))


def _touched(first: int, channels: int, simd: int) -> int:
    """Return how many words hold so many channels from a first one on."""
    return (first + channels - 1) // simd - first // simd + 1


def _words(shape: MapShape, simd: int) -> int:
    """Return the words of a map. Every pixel begins with a new word."""
    return shape.height * shape.width * -(-shape.channels // simd)


def _inside(side: int, layer: ConvParams) -> int:
    """Return the kernel rows (or columns) inside the map, summed over the rows of the output."""
    outputs = side + 2 * layer.pad - layer.kernel + 1
    first_rows = range(-layer.pad, outputs - layer.pad)
    return sum(0 <= row + k < side for row in first_rows for k in range(layer.kernel))
