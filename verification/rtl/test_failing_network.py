# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""A machine whose memories of weights fail computes what golden does with these cells."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

import rtl.mvu
from golden.network import Network as GoldenNetwork
from golden.params import AcceleratorParams
from golden.params.faults import CERTAIN
from rtl.network import Network
from rtl.program import compile_network
from verification.rtl.engine import PAUSES
from verification.rtl.failing import fail_each
from verification.rtl.networks import CASES, build, load, machine, picture
from verification.rtl.simulators import run_pysim

DIE, THRESHOLD = 7, CERTAIN // 20


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
        for pe in range(params.mvu.pe)
    ]


def numbers(rows: NDArray[np.uint8], params: AcceleratorParams) -> list[int]:
    """Return rows of bits as numbers, and rows of zeros up to the depth of the memory."""
    packed = np.packbits(rows & 1, axis=-1, bitorder="little")
    found = [int.from_bytes(row.tobytes(), "little") for row in packed]
    return found + [0] * (params.mvu.weight_depth - len(found))


def failing_bits(tables: Sequence[tuple[list[int], list[int]]]) -> int:
    return sum(row.bit_count() for failing, _ in tables for row in failing)


@pytest.mark.parametrize("reuse", [1, 4])
@pytest.mark.parametrize("name", ["same_pool_dense", "groups_shuffle", "shuffle_pool_conv"])
def test_weights_that_fail_are_those_of_golden(
    monkeypatch: pytest.MonkeyPatch, name: str, reuse: int
) -> None:
    network, images = build(CASES[name], 1)
    params = machine(4, 8, network.params, reuse)
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
    assert made() == params.mvu.pe
