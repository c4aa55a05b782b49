# SPDX-License-Identifier: MIT
"""Layouts of the machine's program: the descriptor of a layer, and the words that load memories."""

from typing import Any

from amaranth.hdl import Value, unsigned
from amaranth.lib import data, enum
from amaranth.utils import bits_for

from golden.params import AcceleratorParams
from rtl.mvu import limit_layout

__all__ = [
    "LoadTarget",
    "Operation",
    "descriptor_layout",
    "load_layout",
    "places_of_turn",
    "tag_layout",
]


class Operation(enum.Enum, shape=unsigned(3)):
    """Operation of a layer on the words that its window reads."""

    INPUT = 0  # reads no words; pixels become the first map
    NEURONS = 1
    POOL = 2
    FEATURES = 3  # words leave the machine
    LOGITS = 4


def descriptor_layout(params: AcceleratorParams) -> data.StructLayout:
    """Return the layout of a layer's descriptor.

    The fields, in order:

    * the layer: `operation`; `end`, set in the last layer of a program; `source`, the memory that
      is read, while the other one is written; `levels`, T of the input; on a machine that gathers
      windows, `lead`, the words of its map that are written before the next layer begins;
      `offset`, the first word that is written; `length`, the number of words that are written or
      sent;
    * the window, in words of the memory: `rows` and `columns` of the map that is read, `pad`,
      `kernel_rows`, `kernel_columns` and `stride`; `out_rows` and `out_columns`; `origin`, address
      of the first window; the distances to the next kernel column (`column_pitch`), kernel row
      (`row_pitch`), window of a row (`x_pitch`) and row of windows (`y_pitch`). All count modulo a
      power of two, so an address before the map is a large one;
    * the groups: `groups`, their number; `group_inputs`, the channels of each; `group_words` and
      `group_lanes`, the same channels as whole words and remaining lanes;
    * the neurons: `weight` and `tile`, the first rows in the memories; `group_outputs`, the
      outputs of a group; `tile_step` and `group_step`, the distances between the places of
      successive tiles of PE outputs and of successive groups; `whole`, set if tiles are stored
      whole and places count tiles; otherwise tiles are stored bit by bit, and `place_stride` is the
      distance of bits; `pixel_words`, the words of an output pixel; `concat`, the inputs H + D of
      a plane of logits; on a machine that gathers windows, `gathered`, the words of a gathered
      window, or 0.
    """
    word = unsigned(bits_for(params.map_depth))
    inputs = unsigned(bits_for(params.map_depth * params.mvu.simd))
    outputs = unsigned(bits_for(max(params.channels, params.classes)))
    lead: dict[str, Any] = {"lead": word} if params.gathers else {}
    gathered: dict[str, Any] = (
        {"gathered": range(params.gather_words + 1)} if params.gathers else {}
    )
    return data.StructLayout({
        "operation": Operation, "end": 1, "source": 1, "levels": range(params.levels + 1),
        **lead, "offset": word, "length": word,
        "rows": word, "columns": word, "pad": word,
        "kernel_rows": word, "kernel_columns": word, "stride": word,
        "out_rows": word, "out_columns": word, "origin": word,
        "column_pitch": word, "row_pitch": word, "x_pitch": word, "y_pitch": word,
        "groups": inputs, "group_inputs": inputs, "group_words": word,
        "group_lanes": range(max(2, params.mvu.simd)),
        "weight": range(max(2, params.mvu.weight_depth)),
        "tile": range(max(2, params.mvu.tile_depth)),
        "group_outputs": outputs, "tile_step": outputs, "group_step": outputs,
        "whole": 1, "place_stride": outputs, "pixel_words": word,
        "concat": params.mvu.count_width, **gathered,
    })  # fmt: skip


def tag_layout(params: AcceleratorParams) -> data.StructLayout:
    """Return the layout of the tag of a tile, which says where its outputs go.

    `place` is the position of the first output, and `lanes` the number of lanes that are outputs,
    over all units side by side.
    `last` is set in the last tile of a pixel, and `end` in the last tile of a layer. With weight
    reuse, the tiles of the pixels of a strip follow each other, and `strip_end` is set in that of
    the last pixel.
    """
    place = bits_for(max(params.channels, params.classes))
    strip = {"strip_end": 1} if params.mvu.weight_reuse > 1 else {}
    return data.StructLayout({
        "place": place, "lanes": range(params.neurons + 1), "last": 1, "end": 1, **strip,
    })  # fmt: skip


def places_of_turn(tile_step: Value, params: AcceleratorParams) -> Value:
    """Return the distance between the places of successive turns of all units.

    Parameters
    ----------
    tile_step : Value
        Distance between the places of successive tiles of PE outputs.
    params : AcceleratorParams
    """
    return tile_step << 1 if params.units > 1 else tile_step


class LoadTarget(enum.Enum, shape=unsigned(2)):
    """Memory that a word is loaded into."""

    PROGRAM = 0
    WEIGHTS = 1
    THRESHOLDS = 2


def load_layout(params: AcceleratorParams) -> data.StructLayout:
    """Return the layout of a word to load.

    `data` is the descriptor of layer `address`, or the `simd` weights of neuron `lane` in row
    `address`, or the `limit_layout` of neuron `lane` in tile `address`. Neurons count through all
    units, those of unit 0 first. Further bits are ignored.
    """
    depth = max(params.program_depth, params.mvu.weight_depth, params.mvu.tile_depth)
    kinds = descriptor_layout(params).size, params.mvu.simd, limit_layout(params.mvu).size
    return data.StructLayout({
        "target": LoadTarget, "address": range(max(2, depth)),
        "lane": range(max(2, params.neurons)), "data": max(kinds),
    })  # fmt: skip
