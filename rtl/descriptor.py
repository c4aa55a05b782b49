# SPDX-License-Identifier: MIT
"""What the machine is told: the descriptor of a layer, field by field, and how memories load."""

from amaranth.hdl import unsigned
from amaranth.lib import data, enum
from amaranth.utils import bits_for

from golden.params import AcceleratorParams
from rtl.mvu import limit_layout

__all__ = [
    "LoadTarget",
    "Operation",
    "descriptor_layout",
    "load_layout",
    "tag_layout",
]


class Operation(enum.Enum, shape=unsigned(3)):
    """What a layer does with the words that its window reads."""

    INPUT = 0  # nothing is read: pixels become the first map
    NEURONS = 1
    POOL = 2
    FEATURES = 3  # words leave the machine
    LOGITS = 4


def descriptor_layout(params: AcceleratorParams) -> data.StructLayout:
    """Return the layout of a layer's descriptor.

    The fields, in order:

    * `operation`; `end` on the last of a program; `source`, the memory that is read, the other one
      being written; `levels` T of the input; `offset`, first word written; `length`, words written
      or sent;
    * the window, in words of the memory: `rows` and `columns` of the map that is read, `pad`,
      `kernel_rows`, `kernel_columns` and `stride`; `out_rows` and `out_columns`; `origin`, address
      of the first window; how far it is to the next kernel column (`column_pitch`), kernel row
      (`row_pitch`), window of a row (`x_pitch`) and row of windows (`y_pitch`). All are counted
      modulo a power of two, so that an address before the map is a large one;
    * groups: `groups`; `group_inputs`, channels of each; and those channels in whole words and
      further lanes, `group_words` and `group_lanes`;
    * neurons: `weight` and `tile`, first rows of the memories; `group_outputs`; `tile_step` and
      `group_step`, from the place of a tile to that of the next in its group, and from group to
      group; `whole` if tiles are stored whole, places being counted in tiles, else bit by bit,
      `place_stride` apart; `pixel_words`, words of an output pixel; `concat`, inputs H + D of a
      plane of logits.
    """
    word = unsigned(bits_for(params.map_depth))
    inputs = unsigned(bits_for(params.map_depth * params.mvu.simd))
    outputs = unsigned(bits_for(max(params.channels, params.classes)))
    return data.StructLayout({
        "operation": Operation, "end": 1, "source": 1, "levels": range(params.levels + 1),
        "offset": word, "length": word,
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
        "concat": params.mvu.count_width,
    })  # fmt: skip


def tag_layout(params: AcceleratorParams) -> data.StructLayout:
    """Return the layout of what accompanies a tile: where its outputs go.

    `place` of the first output, how many `lanes` are outputs, `last` on the last tile of a pixel,
    `end` on the last of a layer.
    """
    place = bits_for(max(params.channels, params.classes))
    return data.StructLayout({
        "place": place, "lanes": range(params.mvu.pe + 1), "last": 1, "end": 1,
    })  # fmt: skip


class LoadTarget(enum.Enum, shape=unsigned(2)):
    """Memory that a word is loaded into."""

    PROGRAM = 0
    WEIGHTS = 1
    THRESHOLDS = 2


def load_layout(params: AcceleratorParams) -> data.StructLayout:
    """Return the layout of a word to load.

    `data` is a descriptor for layer `address`, the `simd` weights of neuron `lane` in row
    `address`, or its `limit_layout` in tile `address`; bits past them are not looked at.
    """
    depth = max(params.program_depth, params.mvu.weight_depth, params.mvu.tile_depth)
    kinds = descriptor_layout(params).size, params.mvu.simd, limit_layout(params.mvu).size
    return data.StructLayout({
        "target": LoadTarget, "address": range(max(2, depth)),
        "lane": range(max(2, params.mvu.pe)), "data": max(kinds),
    })  # fmt: skip
