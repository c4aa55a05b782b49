# SPDX-License-Identifier: MIT
"""Linear feedback shift register with many steps a cycle (contract, 4)."""

from functools import reduce
from operator import xor
from typing import Any

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from golden.params import LfsrParams

__all__ = ["Lfsr"]


class Lfsr(wiring.Component):
    """Fibonacci LFSR. It shows a word of its `step` newest bits and then takes `step` steps.

    The current word is always visible (latency 0). `en` uses it, and the next word follows in the
    next cycle: one word a cycle. Reset loads the seed, and so does the first `en` in the zero
    state, which only a fault can cause. The steps are unrolled over symbolic bits. As many steps as
    the lowest tap cost one level of exclusive ors.

    Parameters
    ----------
    params : LfsrParams

    Members
    -------
    en : In(1)
        Use the current word.
    word : Out(params.step)
        Current word; bit 0 is the newest.
    """

    #: Cycles from `en` to the next word.
    latency = 1
    #: Cycles from one word to the next.
    interval = 1

    def __init__(self, params: LfsrParams) -> None:
        self.params = params
        super().__init__({"en": In(1), "word": Out(params.step)})
        # This is no port. A bench injects a fault here, as in the golden model.
        self.state = Signal(params.width, init=params.seed)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.comb += self.word.eq(self.state[: self.params.step])
        following = self._leap(m)
        with m.If(self.en & (self.state == 0)):
            m.d.sync += self.state.eq(self.params.seed)
        with m.Elif(self.en):
            m.d.sync += self.state.eq(following)
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
