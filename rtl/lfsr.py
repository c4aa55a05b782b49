# SPDX-License-Identifier: MIT
"""Linear feedback shift register with many steps a cycle (contract, 4)."""

from functools import reduce
from operator import xor
from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from golden.params import LfsrParams
from golden.params.sampling import CHIP_STREAMS

__all__ = ["SEED_WIDTH", "Lfsr", "load_seeds", "seed_layout"]

SEED_WIDTH = 64  # bits of the state of every stream


def seed_layout() -> StructLayout:
    """Return the layout of a seed with the number of its stream (contract, 4)."""
    return StructLayout({"stream": range(CHIP_STREAMS), "seed": SEED_WIDTH})


class Lfsr(wiring.Component):
    """Fibonacci LFSR. It shows a word of its `step` newest bits and then takes `step` steps.

    The current word is always visible (latency 0). `en` uses it, and the next word follows in the
    next cycle: one word a cycle. Reset loads the seed of `params`, and so does the first `en` in
    the zero state, which only a fault or a loaded 0 can cause. `load` makes `seed` the state in the
    next cycle, and goes before `en`: the current word is used, and no step is taken. The steps are
    unrolled over symbolic bits. As many steps as the lowest tap cost one level of exclusive ors.

    Parameters
    ----------
    params : LfsrParams

    Members
    -------
    en : In(1)
        Use the current word.
    load : In(1)
        Load `seed`.
    seed : In(params.width)
        State to load.
    word : Out(params.step)
        Current word; bit 0 is the newest.
    """

    #: Cycles from `en` to the next word.
    latency = 1
    #: Cycles from one word to the next.
    interval = 1

    def __init__(self, params: LfsrParams) -> None:
        self.params = params
        super().__init__({
            "en": In(1),
            "load": In(1),
            "seed": In(params.width),
            "word": Out(params.step),
        })  # fmt: skip
        # This is no port. A bench injects a fault here, as in the golden model.
        self.state = Signal(params.width, init=params.seed)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.comb += self.word.eq(self.state[: self.params.step])
        following = self._leap(m)
        with m.If(self.load | self.en):
            m.d.sync += self.state.eq(Mux(self.load, self.seed, following))
        # Recovery is last, so that it becomes the reset of the registers, and no logic before them.
        with m.If(self.en & ~self.load & (self.state == 0)):
            m.d.sync += self.state.eq(self.params.seed)
        return m

    def _leap(self, m: Module) -> Any:
        """Return the state after `step` steps."""
        bits, taps, left = list(self.state), self.params.taps, self.params.step
        while left:
            # The next n feedback bits depend only on bits that exist already.
            n = min(left, taps[-1])
            fresh = Signal(n, name=f"fresh_{left}")
            for i in range(n):
                m.d.comb += fresh[i].eq(reduce(xor, (bits[tap - 1 - i] for tap in taps)))
            bits = [*reversed(list(fresh)), *bits[:-n]]
            left -= n
        return Cat(bits)


def load_seeds(lfsr: Lfsr, seeds: stream.Interface, number: int) -> list[Any]:
    """Return the statements that load the seeds of a stream into its LFSR.

    Parameters
    ----------
    lfsr : Lfsr
    seeds : stream.Interface
        Stream of `seed_layout()` that the block always takes.
    number : int
        Number of the stream (contract, 4).
    """
    return [
        lfsr.load.eq(seeds.valid & (seeds.payload.stream == number)),
        lfsr.seed.eq(seeds.payload.seed),
    ]
