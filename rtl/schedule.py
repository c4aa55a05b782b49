# SPDX-License-Identifier: MIT
"""The cycles that the machine takes for a layer, computed from its descriptor."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from golden.params import AcceleratorParams
from rtl.collector import Collector
from rtl.descriptor import Operation
from rtl.gather import Gather
from rtl.mvu import mvu_latency
from rtl.network import Network
from rtl.packing import gather_cycles
from rtl.pool import Pool
from rtl.thermometer import pixel_cycles

__all__ = ["layer_cycles"]


def layer_cycles(layer: Mapping[str, Any], params: AcceleratorParams) -> int:
    """Return the cycles from the read of a layer's descriptor to the read of the next one.

    Those of the input end when the next layer may begin.
    """
    operation = layer["operation"]
    if operation is Operation.INPUT:
        colours, levels, simd = params.colours, layer["levels"], params.mvu.simd
        pixels = layer.get("lead", layer["length"]) // -(-colours * levels // simd)
        return Network.intake_latency + pixels * pixel_cycles(colours, levels, simd)
    tiles = list(_tile_steps(layer, params))
    pixels = layer["out_rows"] * layer["out_columns"]
    if operation is Operation.FEATURES:
        return Network.latency + pixels * sum(tiles)
    if operation is Operation.POOL:
        return Network.latency + Pool.latency + pixels * sum(tiles)
    # The tiles of a strip follow each other. That of its first pixel is taken when its steps are
    # done and the tiles before are stored.
    whole, outputs = bool(layer.get("whole")), layer["group_outputs"]
    pe, words = params.mvu.pe, layer.get("pixel_words", 0)
    # Units store their lanes of a tile at the same time; logits leave one by one.
    stored_by_one = params.neurons if operation is Operation.LOGITS else pe
    firsts = range(0, outputs, params.neurons)
    lanes = [min(stored_by_one, outputs - n) for n in firsts] * layer["groups"]

    @cache
    def of_strip(strip: int, stored: int) -> tuple[int, int]:
        cycles = 0
        for steps, n in zip(tiles, lanes, strict=True):
            cycles += max(strip * (steps - 1) + 1, stored) + strip - 1
            stored = Collector.cycles(whole, n, 0)
        return cycles, stored + strip * words

    total, stored = Network.latency + mvu_latency(params.mvu), 0
    if layer.get("gathered"):  # the first window must be gathered before its first step
        taps = layer["kernel_rows"] * layer["kernel_columns"]
        total += gather_cycles(taps, layer["group_inputs"], params.mvu.simd) - 1 + Gather.latency
    for strip in _strips(layer, params):
        cycles, stored = of_strip(strip, stored)
        total += cycles
    return total + stored


def _strips(layer: Mapping[str, Any], params: AcceleratorParams) -> Iterator[int]:
    """Yield the pixels of each strip of a layer of neurons."""
    reuse = params.mvu.weight_reuse if layer["operation"] is Operation.NEURONS else 1
    for _ in range(layer["out_rows"]):
        for column in range(0, layer["out_columns"], reuse):
            yield min(reuse, layer["out_columns"] - column)


def _tile_steps(layer: Mapping[str, Any], params: AcceleratorParams) -> Iterator[int]:
    """Yield the steps of each tile of a pixel."""
    if layer.get("gathered"):
        yield from [layer["gathered"]] * -(-layer["group_outputs"] // params.neurons)
        return
    kernel = layer["kernel_rows"] * layer["kernel_columns"]
    for group in range(layer["groups"]):
        first = group * layer["group_inputs"]
        last = first + layer["group_inputs"] - 1
        words = last // params.mvu.simd - first // params.mvu.simd + 1
        for _ in range(0, layer["group_outputs"], params.neurons):
            yield kernel * words
