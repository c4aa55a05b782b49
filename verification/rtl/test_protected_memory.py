# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""A memory of protected words against golden, with wrong bits, and its scrubber at work."""

from collections import Counter
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from amaranth.sim import Simulator

from golden.params import SecdedParams
from golden.secded import Corrected, Secded
from rtl.protected_memory import ProtectedMemory


class Model:
    """Rows with their check bits as they lie in the memory, and what golden makes of them."""

    def __init__(self, params: SecdedParams, depth: int) -> None:
        self.params, self.code = params, Secded(params)
        self.rows = [0] * depth

    def write(self, row: int, word: int, invert: int) -> None:
        checks = int(self.code.checks(np.array([word], np.uint64))[0])
        self.rows[row] = (checks << self.params.width | word) ^ invert

    def read(self, row: int) -> tuple[int, bool, bool]:
        right = self._right(row)
        return int(right.words[0]), bool(right.corrected[0]), bool(right.seen[0])

    def scrub(self, row: int) -> None:
        right = self._right(row)
        assert right.corrected[0]
        self.write(row, int(right.words[0]), 0)

    def _right(self, row: int) -> Corrected:
        n = self.params.width
        word, checks = self.rows[row] % 2**n, self.rows[row] >> n
        return self.code.correct(np.array([word], np.uint64), np.array([checks], np.uint64))


def inverted(rng: np.random.Generator, bits: int, share: float) -> int:
    """Return no wrong bit, one or two."""
    wrong = rng.choice(3, p=[1 - share, share / 2, share / 2])
    return sum(1 << int(place) for place in rng.choice(bits, wrong, replace=False))


def simulate(
    block: ProtectedMemory, cycles: int, reads: float, writes: float, seed: int
) -> Counter:
    """Read and write at random; every word and flag must be golden's, whatever was scrubbed.

    Scrubbing changes no word that can be read right, so that the model follows the strobes.
    """
    rng, n = np.random.default_rng(seed), block.params.width
    model, met = Model(block.params, block.depth), Counter[str]()

    async def bench(ctx: Any) -> None:
        ctx.set(block.write_en, 1)
        for row in range(block.depth):  # fill all rows first
            ctx.set(block.write_row, row)
            await ctx.tick()
            model.write(row, 0, 0)
        ctx.set(block.write_en, 0)
        asked: list[Any] = [None] * block.latency
        for _ in range(cycles):
            write, read = rng.random() < writes, rng.random() < reads
            word = int.from_bytes(rng.bytes(8), "little") % 2**n
            places = rng.integers(0, block.depth, 2).tolist()
            invert = inverted(rng, n + block.params.checks, 0.4)
            ctx.set(block.write_en, write)
            ctx.set(block.write_row, places[0])
            ctx.set(block.write_word, word)
            ctx.set(block.invert, invert)
            ctx.set(block.read_en, read)
            ctx.set(block.read_row, places[1])
            expected = asked.pop(0)
            assert ctx.get(block.valid) == (expected is not None)
            if expected is not None:
                given = (ctx.get(block.word), ctx.get(block.corrected), ctx.get(block.seen))
                assert given == expected
                met["corrected"] += expected[1]
                met["seen"] += expected[2]
            # A row is read as it is before this cycle's writes.
            asked.append(model.read(places[1]) if read else None)
            if ctx.get(block.scrubbed):
                assert not write
                model.scrub(ctx.get(block.at))
                met["scrubbed"] += 1
            met["found"] += ctx.get(block.found)
            if write:
                model.write(places[0], word, invert)
            await ctx.tick()

    simulator = Simulator(block)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return met


@pytest.mark.parametrize(("width", "depth"), [(1, 1), (5, 3), (16, 8), (64, 5)])
@pytest.mark.parametrize(("reads", "writes"), [(0.5, 0.2), (0.8, 0.7), (0.2, 0.05)])
def test_every_word_and_flag_is_golden_s(width, depth, reads, writes) -> None:
    block = ProtectedMemory(SecdedParams(width=width), depth)
    met = simulate(block, 3000, reads, writes, seed=width)
    assert met["corrected"]
    assert met["seen"]
    if (depth, writes) != (1, 0.7):  # there no row stays unwritten for so long
        assert met["scrubbed"]
        assert met["found"]


def test_all_single_and_double_errors_of_64_bits() -> None:
    """The code is linear: a syndrome depends on the errors alone, whatever the word is."""
    block = ProtectedMemory(SecdedParams(width=64), 1)
    bits, word = 64 + block.params.checks, 0xFEDCBA9876543210
    errors = [0, *(1 << i for i in range(bits))]
    errors += [1 << i | 1 << j for i, j in combinations(range(bits), 2)]

    async def bench(ctx: Any) -> None:
        ctx.set(block.write_word, word)
        for wrong in errors:
            ctx.set(block.write_en, 1)
            ctx.set(block.invert, wrong)
            await ctx.tick()
            ctx.set(block.write_en, 0)
            ctx.set(block.read_en, 1)
            await ctx.tick()
            ctx.set(block.read_en, 0)
            await ctx.tick().repeat(block.latency - 1)
            count = wrong.bit_count()
            expected = (word ^ wrong % 2**64 if count == 2 else word, count == 1, count == 2)
            assert (ctx.get(block.word), ctx.get(block.corrected), ctx.get(block.seen)) == expected

    simulator = Simulator(block)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()


def test_a_wrong_bit_is_gone_after_a_pass_and_two_stay() -> None:
    block = ProtectedMemory(SecdedParams(width=16), 6)
    read: list[tuple[int, int, int]] = []

    async def bench(ctx: Any) -> None:
        ctx.set(block.write_en, 1)
        for row in range(6):
            ctx.set(block.write_row, row)
            ctx.set(block.write_word, 1000 + row)
            ctx.set(block.invert, {2: 1 << 5, 4: 0b11}.get(row, 0))
            await ctx.tick()
        ctx.set(block.write_en, 0)
        await ctx.tick().repeat(2 * block.pass_cycles)
        ctx.set(block.read_en, 1)
        for row in range(6 + block.latency):
            ctx.set(block.read_row, row % 6)
            if row >= block.latency:
                read.append((ctx.get(block.word), ctx.get(block.corrected), ctx.get(block.seen)))
            await ctx.tick()

    simulator = Simulator(block)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    expected = [(1000 + row, 0, 0) for row in range(6)]
    expected[4] = (1004 ^ 0b11, 0, 1)
    assert read == expected


def test_a_pass_takes_as_long_as_it_says() -> None:
    block = ProtectedMemory(SecdedParams(width=8), 7)
    rows: list[int] = []

    async def bench(ctx: Any) -> None:
        for _ in range(3 * block.pass_cycles):
            rows.append(ctx.get(block.at))
            await ctx.tick()

    simulator = Simulator(block)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    starts = [c for c in range(1, len(rows)) if rows[c] == 0 and rows[c - 1] == 6]
    assert np.diff(starts).tolist() == [block.pass_cycles]


@pytest.mark.parametrize(("depth", "message"), [(0, "Depth must be an integer >= 1, not 0")])
def test_a_depth_that_cannot_be(depth: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ProtectedMemory(SecdedParams(width=8), depth)
