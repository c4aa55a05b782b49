# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""A memory of protected words against golden, with wrong bits, and its scrubber at work."""

from collections import Counter
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator

from golden.params import SecdedParams
from golden.secded import Corrected, Secded
from rtl.protected_memory import ProtectedMemory
from verification.rtl.coverage import cover
from verification.rtl.engine import PAUSES, Step
from verification.rtl.simulators import cocotb_simulators, payload, run_cocotb, run_pysim


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


class Asked(wiring.Component):
    """A protected memory whose writes and reads come as a stream, and whose words leave as one."""

    def __init__(self, params: SecdedParams, depth: int) -> None:
        self.block = ProtectedMemory(params, depth)
        members = self.block.signature.members
        asked = ("write_en", "write_row", "write_word", "invert", "read_en", "read_row")
        self.asked = StructLayout({name: members[name].shape for name in asked})
        self.told = StructLayout({"word": params.width, "seen": 1})
        super().__init__({
            "i": In(stream.Signature(self.asked)),
            "o": Out(wiring.Signature({"valid": Out(1), "payload": Out(self.told)})),
            "corrected": Out(1), "scrubbed": Out(1), "found": Out(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.block = block = self.block
        m.d.comb += self.i.ready.eq(1)
        for name, _ in self.asked:
            m.d.comb += getattr(block, name).eq(self.i.p[name])
        for name in ("write_en", "read_en"):
            m.d.comb += getattr(block, name).eq(self.i.p[name] & self.i.valid)
        m.d.comb += [
            self.o.valid.eq(block.valid),
            self.o.payload.word.eq(block.word),
            self.o.payload.seen.eq(block.seen),
            *(getattr(self, n).eq(getattr(block, n)) for n in ("corrected", "scrubbed", "found")),
        ]
        return m

    def steps(self, count: int, seed: int) -> list[Step]:
        """Return writes of all rows, then writes and reads at random.

        A word that can be put right is right before and after it is scrubbed, and two wrong bits
        stay: so what is read does not depend on time.
        """
        rng, p, depth = np.random.default_rng(seed), self.block.params, self.block.depth
        model, asked, told = Model(p, depth), list[int](), list[int]()
        meets = Counter[str]()
        for place in range(depth + count):
            write, read = (True, False) if place < depth else rng.random(2) < 0.5
            rows = [place % depth, 0] if place < depth else rng.integers(0, depth, 2).tolist()
            word = int.from_bytes(rng.bytes(8), "little") % 2**p.width
            wrong = inverted(rng, p.width + p.checks, 0.6)
            asked.append(payload(self.asked, {
                "write_en": int(write), "write_row": rows[0], "write_word": word, "invert": wrong,
                "read_en": int(read), "read_row": rows[1],
            }))  # fmt: skip
            if read:
                right, _, seen = model.read(rows[1])
                told.append(payload(self.told, {"word": right, "seen": int(seen)}))
                meets["protected_memory: two wrong bits read"] += int(seen)
                meets["protected_memory: row read and written at once"] += int(
                    write and rows[0] == rows[1]
                )
            if write:
                model.write(rows[0], word, wrong)
        return [Step(inputs={"i": asked}, outputs={"o": told}, meets=dict(meets))]


COUNTED = ("corrected", "scrubbed", "found")


@pytest.mark.parametrize("pauses", ["flowing", "idle"])
@pytest.mark.parametrize(("width", "depth"), [(5, 3), (16, 8)])
def test_what_is_read_does_not_depend_on_the_scrubber(width: int, depth: int, pauses: str) -> None:
    dut = Asked(SecdedParams(width=width), depth)
    trace = run_pysim(dut, dut.steps(300, seed=depth), PAUSES[pauses], counted=COUNTED)
    assert all(trace.counts.values())
    cover("protected_memory: wrong bit read", trace.counts["corrected"])
    cover("protected_memory: row written back", trace.counts["scrubbed"])
    cover("protected_memory: two wrong bits found", trace.counts["found"])


@pytest.mark.parametrize("cycles", range(1, ProtectedMemory.latency + 1))
def test_reset_drops_reads_under_way_and_keeps_the_rows(cycles: int) -> None:
    dut = Asked(SecdedParams(width=5), 3)
    write, read = (
        {"write_en": w, "write_row": 1, "write_word": 19, "invert": 0, "read_en": r, "read_row": 1}
        for w, r in ((1, 0), (0, 1))
    )
    asked, told = payload(dut.asked, read), payload(dut.told, {"word": 19, "seen": 0})
    step = Step(inputs={"i": [asked]}, outputs={"o": [told]})
    cut = Step(inputs={"i": [asked]}, outputs={"o": [told]}, cycles=cycles, abandon=True)
    first = Step(inputs={"i": [payload(dut.asked, write)]})
    trace = run_pysim(dut, [first, step, cut, Step(reset=True), Step(cycles=6), step])
    assert trace.left == [1]


@pytest.mark.slow
@pytest.mark.parametrize("simulator", cocotb_simulators())
def test_a_protected_memory_in_verilog(simulator: str) -> None:
    dut = Asked(SecdedParams(width=16), 8)
    steps = dut.steps(2000, seed=1)
    trace = run_cocotb(dut, steps, PAUSES["idle"], COUNTED, simulator=simulator)
    assert all(trace.counts.values())


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
    met = simulate(block, 1200, reads, writes, seed=width)
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
    told: list[int] = []

    async def bench(ctx: Any) -> None:
        # A read in the cycle of a write gives what was written in the cycle before.
        ctx.set(block.write_word, word)
        ctx.set(block.write_en, 1)
        ctx.set(block.read_en, 1)
        for place in range(len(errors) + 1 + block.latency):
            ctx.set(block.invert, errors[min(place, len(errors) - 1)])
            if place > block.latency:
                wrong = errors[place - block.latency - 1]
                count = wrong.bit_count()
                right = (word ^ wrong % 2**64 if count == 2 else word, count == 1, count == 2)
                assert (ctx.get(block.word), ctx.get(block.corrected), ctx.get(block.seen)) == right
                told.append(wrong)
            await ctx.tick()

    simulator = Simulator(block)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert told == errors


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
