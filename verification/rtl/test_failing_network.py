# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""A machine whose memories of weights or maps fail computes what golden does with these cells."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import rtl.fetch
import rtl.mvu
from golden.faults import Faults
from golden.network import Network as GoldenNetwork
from golden.params import AcceleratorParams, FaultParams, FaultyMemory
from golden.params.faults import CERTAIN
from rtl.network import Network
from rtl.program import compile_network
from verification.rtl.engine import PAUSES, BenchError
from verification.rtl.failing import fail_each, fail_maps, rows_of
from verification.rtl.networks import CASES, bench, build, load, machine, picture, written
from verification.rtl.simulators import run_pysim

DIE, THRESHOLD = 7, CERTAIN // 20
# Pixels that share a row of weights, and units: neither, and both at once; one alone is slow.
WAYS = pytest.mark.parametrize(
    ("reuse", "units"),
    [(1, 1), (4, 2), *(pytest.param(*way, marks=pytest.mark.slow) for way in [(4, 1), (1, 2)])],
)


def weights_of(network: GoldenNetwork, params: AcceleratorParams) -> NDArray[np.uint8]:
    """Return the rows of all neurons: of shape (rows, PE, SIMD)."""
    return compile_network(network, params).weights


def alike(network: GoldenNetwork, bit: int) -> GoldenNetwork:
    """Return a network all weights of which are one bit; its thresholds are as they were."""
    made = GoldenNetwork.from_bytes(network.to_bytes())
    for part in (*made.layers, made.head):
        for name in ("weights", "hidden_weights", "plane_a", "plane_b"):
            if hasattr(part, name):
                getattr(part, name)[...] = bit
    return made


def cells(network: GoldenNetwork, params: AcceleratorParams) -> list[tuple[list[int], list[int]]]:
    """Return the bits of each neuron's rows that fail, and what they read as.

    A bit that reads 1 in a network of zeros fails, and so does one that reads 0 in one of ones. The
    compiler says in which rows the weights lie; lanes without a weight are the same in both.
    """
    zeros, ones = (alike(network, bit) for bit in (0, 1))
    there = weights_of(ones, params) ^ weights_of(zeros, params)
    low, high = (weights_of(n.failing(DIE, THRESHOLD), params) for n in (zeros, ones))
    failing, stuck = there & (low | ~high), there & low
    return [
        (numbers(failing[:, pe], params), numbers(stuck[:, pe], params))
        for pe in range(params.neurons)
    ]


def numbers(rows: NDArray[np.uint8], params: AcceleratorParams) -> list[int]:
    """Return rows of bits as numbers, and rows of zeros up to the depth of the memory."""
    packed = np.packbits(rows & 1, axis=-1, bitorder="little")
    found = [int.from_bytes(row.tobytes(), "little") for row in packed]
    return found + [0] * (params.mvu.weight_depth - len(found))


def failing_bits(tables: Sequence[tuple[list[int], list[int]]]) -> int:
    return sum(row.bit_count() for failing, _ in tables for row in failing)


@WAYS
@pytest.mark.parametrize("name", ["same_pool_dense", "groups_shuffle", "shuffle_pool_conv"])
def test_weights_that_fail_are_those_of_golden(
    monkeypatch: pytest.MonkeyPatch, name: str, reuse: int, units: int
) -> None:
    network, images = build(CASES[name], 1)
    params = machine(4 // units, 8, network.params, reuse, units=units)
    broken, tables = network.failing(DIE, THRESHOLD), cells(network, params)
    sound = network.params.weight_count
    assert 0.03 < failing_bits(tables) / sound < 0.07
    assert any(
        (a != b).any()
        for image in images
        for a, b in zip(network.maps(image), broken.maps(image), strict=True)
    )
    made = fail_each(monkeypatch, rtl.mvu, tables, params.mvu.simd)
    steps = [load(compile_network(network, params), params)]
    steps += [picture(broken, params, image, 1) for image in images]
    run_pysim(Network(params), steps, PAUSES["flowing"])
    assert made() == params.neurons


def channels_read(network: GoldenNetwork, params: AcceleratorParams) -> list[list[int]]:
    """Return, for each layer of the program, the bits of every row that hold what it reads."""
    simd, head = params.mvu.simd, network.params.head

    def rows(pixels: int, channels: int) -> list[int]:
        words = range(0, channels, simd)
        return [2 ** min(simd, channels - word) - 1 for _ in range(pixels) for word in words]

    shapes = [layer.output for layer in network.params.layers]
    found = [[], *(rows(shape.height * shape.width, shape.channels) for shape in shapes)]
    if head is not None and head.hidden:
        # Hidden neurons and the copy behind them read the last map, and the output layer both.
        found += [found[-1], found[-1], rows(1, head.hidden) + found[-1]]
    elif head is not None:
        found.append(found[-1])
    return [layer + [0] * (params.map_depth - len(layer)) for layer in found]


def map_tables(params: AcceleratorParams) -> list[tuple[list[int], list[int]]]:
    """Return the cells of both memories of maps, which know nothing of networks."""
    simd = params.mvu.simd
    memories = (
        FaultParams(die=DIE, memory=FaultyMemory.MAPS + n, threshold=THRESHOLD, lanes=simd)
        for n in range(2)
    )
    return [rows_of(Faults(memory), params.map_depth, simd) for memory in memories]


def fail_both(monkeypatch: pytest.MonkeyPatch, dut: Network, network: GoldenNetwork) -> Any:
    """Let both memories of maps of a machine fail that runs a network."""
    params = dut.params
    return fail_maps(
        monkeypatch, rtl.fetch, map_tables(params), params.mvu.simd,
        channels_read(network, params), dut.map_write.payload.layer,
    )  # fmt: skip


@WAYS
@pytest.mark.parametrize("name", CASES)
def test_maps_that_fail_are_those_of_golden(
    monkeypatch: pytest.MonkeyPatch, name: str, reuse: int, units: int
) -> None:
    """Word by word: all that is written, the embedding, and the logits."""
    network, images = build(CASES[name], 1)
    params = machine(4 // units, 8, network.params, reuse, units=units)
    broken = network.failing_maps(DIE, THRESHOLD, params.mvu.simd)
    for image in images:
        read = list(broken.maps(image))
        sound = list(written(broken, image, read))
        assert any((a != b).any() for a, b in zip(read, sound, strict=True))
    dut = Network(params)
    made = fail_both(monkeypatch, dut, network)
    run_pysim(dut, bench(broken, params, images), PAUSES["flowing"])
    assert made() == 2


@pytest.mark.parametrize("simd", [5, 16])
def test_weights_and_maps_fail_at_once_with_pauses(
    monkeypatch: pytest.MonkeyPatch, simd: int
) -> None:
    network, images = build(CASES["groups_shuffle"], 1)
    params = machine(4, simd, network.params)
    broken = network.failing(DIE, THRESHOLD).failing_maps(DIE, THRESHOLD, params.mvu.simd)
    dut = Network(params)
    made = fail_both(monkeypatch, dut, network)
    fail_each(monkeypatch, rtl.mvu, cells(network, params), params.mvu.simd)
    _, *pictures = bench(broken, params, images)
    steps = [load(compile_network(network, params), params), *pictures]
    run_pysim(dut, steps, PAUSES["idle_stalled"])
    assert made() == 2


def test_sound_maps_do_not_pass_for_failing_ones() -> None:
    network, images = build(CASES["same_pool_dense"], 1)
    params = machine(4, 8, network.params)
    broken = network.failing_maps(DIE, THRESHOLD, params.mvu.simd)
    with pytest.raises(BenchError, match="map_write"):
        run_pysim(Network(params), bench(broken, params, images), PAUSES["flowing"])
