# SPDX-License-Identifier: MIT
"""A layer of the machine's program, as windows, tiles and words of SIMD channels."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

__all__ = ["Layer", "Operation", "Tile", "gather_cycles"]

Operation = Literal["input", "neurons", "pool", "features", "logits"]


class Tile(NamedTuple):
    """The work of one turn: up to PE neurons of a group on each unit, or a word, or a colour.

    Attributes
    ----------
    words : int
        Words that the tile reads at every position of the kernel, one step each.
    outputs : int
        Number of neurons in the tile; 0 in layers without neurons.
    """

    words: int
    outputs: int = 0


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A layer of the machine's program, with its work for one picture.

    Parameters
    ----------
    name : str
        Index and kind of the layer in the network, such as "1 conv". The machine adds the layers
        "features", "hidden", "copy" and "logits".
    operation : {"input", "neurons", "pool", "features", "logits"}
        Operation on the words that the layer reads.
    pixels : int
        Number of windows, one for each pixel of the map that the layer writes. A layer that writes
        no map has one for each word, or 1.
    positions : int
        Positions of the kernel, k*k.
    inside : int
        Positions that lie inside the map, summed over the windows. Other positions read nothing.
    tiles : tuple of Tile
        Tiles of a pixel, in their order.
    words : int
        Words written to a map, or sent.
    inputs : int
        n, inputs of a neuron; 0 without neurons.
    whole : bool
        If true, all outputs of a tile are stored side by side in one cycle. If false, one of each
        matrix-vector unit a cycle.
    columns : int
        Pixels of an output row of neurons.
    weight_reuse : int
        P, most pixels of an output row that use a row of weights before the next is read.
    taps : int
        Words of a pixel's window, if they are gathered without gaps into those that its tiles read,
        at one position; otherwise 0.
    lead : int
        Pixels of a picture that are in the first map before the next layer begins; 0 but in the
        input layer.
    """

    name: str
    operation: Operation
    pixels: int
    positions: int = 1
    inside: int
    tiles: tuple[Tile, ...]
    words: int
    inputs: int = 0
    whole: bool = False
    columns: int = 1
    weight_reuse: int = 1
    taps: int = 0
    lead: int = 0

    @property
    def strips(self) -> tuple[int, ...]:
        """Pixels of each strip, in order. Strips are runs of P pixels; a row may end with less."""
        whole, rest = divmod(self.columns, self.weight_reuse)
        row = (self.weight_reuse,) * whole + (rest,) * (rest > 0)
        return row * (self.pixels // self.columns)

    @property
    def pixel_steps(self) -> int:
        """Steps of a pixel. Each step handles one word and takes one cycle."""
        return self.positions * sum(tile.words for tile in self.tiles)

    @property
    def steps(self) -> int:
        """Steps of a picture."""
        return self.pixels * self.pixel_steps

    @property
    def own_steps(self) -> int:
        """Steps before the next layer begins; those of the input go on beside it."""
        return (self.lead or self.pixels) * self.pixel_steps

    @property
    def turns(self) -> int:
        """Steps of the first pixels of strips; those of the other pixels follow them."""
        return len(self.strips) * self.pixel_steps

    @property
    def fetched(self) -> int:
        """Steps that look for a word in a map; if windows are gathered, before they are."""
        return self.pixels * self.taps if self.taps else self.steps

    @property
    def reads(self) -> int:
        """Words read from a map, in the steps that lie inside it."""
        return self.inside * (1 if self.taps else sum(tile.words for tile in self.tiles))

    @property
    def weight_rows(self) -> int:
        """Rows of the weight memory that the layer uses, one for each step of a pixel."""
        return self.pixel_steps if self.inputs else 0

    @property
    def threshold_rows(self) -> int:
        """Rows of the threshold memory that the layer uses, one a tile; logits have none."""
        return len(self.tiles) if self.operation == "neurons" else 0

    @property
    def outputs(self) -> int:
        """Number of neurons of a pixel."""
        return sum(tile.outputs for tile in self.tiles)

    @property
    def synapses(self) -> int:
        """Inputs of all neurons of the network (contract, 2). No machine changes this number."""
        return self.pixels * self.outputs * self.inputs


def gather_cycles(layer: Layer, simd: int) -> int:
    """Return the cycles in which a window of a layer is gathered.

    A word of a pixel comes a cycle. Where the last one lies across two gathered words, the second
    one is written in a cycle of its own.

    Parameters
    ----------
    layer : Layer
        A layer with `taps`.
    simd : int
        Lanes of a word.
    """
    channels = layer.inputs // layer.taps
    return layer.taps + ((layer.inputs - channels) % simd + channels > simd)
