# SPDX-License-Identifier: MIT
"""Comparators of sums and normal noise with the thresholds of codes (contract, 13)."""

from collections.abc import Sequence
from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.data import ArrayLayout, StructLayout
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from golden.params import CorrelatedSamplerParams
from golden.params.correlated import SCALE_WIDTH
from rtl.basis import compared_rows, scales_layout
from rtl.memories import Memory
from rtl.quantiles import noise_rows, threshold_rows
from rtl.scale import HIGHEST, SHIFT_WIDTH, UNIT

__all__ = ["NormalLanes"]


class NormalLanes(wiring.Component):
    """Comparators that turn the lanes of a beat into bits, some lanes in each step.

    They take groups of ``ceil(L/R)`` lanes in turn. The bit of a lane is ``2^e * sum + N[r] < u``.
    That is ``sum <= (u - N[r] - 1) >> e``, so that thresholds are shifted and sums are not. Tables
    hold the upper halves of noise and thresholds, which the lower halves mirror. The bits follow
    `latency` steps after their group, one group a step; `en` makes all stages take a step. Tables
    are read for valid groups alone. The user knows which steps count, also after a reset.

    Parameters
    ----------
    params : CorrelatedSamplerParams

    Members
    -------
    en : In(1)
        Take a step.
    valid : In(1)
        There is a group to compare.
    codes, words : In(ArrayLayout(q, L))
        Codes m and random words r of all lanes.
    group : In
        Which lanes to compare: those from ``group * ceil(L/R)`` on.
    sums : In(ArrayLayout(signed(params.sum_width), lanes))
        Sums of these lanes, before they are shifted.
    scales : In(scales_layout(params))
        Their scales g, a step later.
    exponent : In(4)
        e, held while any lane is under way.
    bits : Out(lanes)
        Drawn bits.
    """

    #: Steps from a group to its bits.
    latency = 9
    #: Steps from one group to the next.
    interval = 1

    def __init__(self, params: CorrelatedSamplerParams) -> None:
        self.params = params
        lanes = params.lanes_compared
        numbers = ArrayLayout(unsigned(params.prototypes.code_width), params.prototypes.lanes)
        super().__init__({
            "en": In(1),
            "valid": In(1),
            "codes": In(numbers),
            "words": In(numbers),
            "group": In(range(compared_rows(params))),
            "sums": In(ArrayLayout(signed(params.sum_width), lanes)),
            "scales": In(scales_layout(params)),
            "exponent": In(SHIFT_WIDTH),
            "bits": Out(lanes),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        late_group, valid = Signal.like(self.group), Signal(2)
        with m.If(self.en):
            m.d.sync += [late_group.eq(self.group), valid.eq(Cat(self.valid, valid))]
        read = self.en & valid[-1]
        for lane in range(self.params.lanes_compared):
            code, word = (
                self._choose(m, numbers, lane, late_group) for numbers in (self.codes, self.words)
            )
            m.submodules[f"lane_{lane}"] = within = Module()
            bit = self._compare(within, lane, code, word, read)
            m.d.comb += self.bits[lane].eq(bit)
        return m

    def _choose(self, m: Module, numbers: Any, lane: int, late_group: Value) -> Value:
        """Choose the number of a lane of a group, in this step of two, in the next of the rest.

        The codes come late from their memory, so little is done with them in their first step.
        """
        step, width = self.params.lanes_compared, self.params.prototypes.code_width
        of_lane = [numbers[n] for n in range(lane, self.params.prototypes.lanes, step)]
        halved = [Signal(width, name=f"halved_{n}") for n in range(-(-len(of_lane) // 2))]
        with m.If(self.en):
            m.d.sync += Cat(halved).eq(Cat(_picked(of_lane, self.group[:1])))
        (chosen,) = _picked(halved, late_group[1:])
        return chosen

    def _compare(self, m: Module, lane: int, code: Value, word: Value, read: Value) -> Value:
        """Compare a lane, and return its bit. Stages have the steps since its group as numbers."""
        q = self.params.prototypes.code_width
        marks, noises = threshold_rows(q), noise_rows(q)
        highest = (max(marks) * (UNIT + HIGHEST) + UNIT // 2) // UNIT
        limit_shape = signed(bits_for(highest + max(noises) + 1) + 1)
        late_sum = Signal(signed(self.params.sum_width))
        stages = {n: self._stage(n) for n in range(2, 9)}
        inner, drawn = Signal(range(2 ** (q - 1))), Signal(range(2 ** (q - 1)))
        mark, noise = (
            self._table(m, name, rows, address, read)
            for name, rows, address in (("marks", marks, inner), ("noise", noises, drawn))
        )
        late_mark = Signal.like(mark)
        late_noises = [Signal.like(noise, name=f"noise_{n}") for n in (4, 5, 6)]
        scales = [Signal(SCALE_WIDTH, name=f"scale_{n}") for n in (2, 3, 4)]
        product = Signal(bits_for(max(marks) * (UNIT + HIGHEST)))
        size = Signal(bits_for(highest))
        limit, shifted, bit = Signal(limit_shape), Signal(limit_shape), Signal()
        with m.If(self.en):
            m.d.sync += [
                late_sum.eq(self.sums[lane]),
                stages[2].sum.eq(late_sum),
                stages[2].upper.eq(code[-1]),
                stages[2].certain.eq(_distance(code) == 2 ** (q - 1) - 1),
                stages[2].above.eq(word[-1]),
                *(stages[n].eq(stages[n - 1]) for n in range(3, 9)),
                inner.eq(_distance(code)),
                drawn.eq(_distance(word)),
                late_mark.eq(mark),
                Cat(late_noises).eq(Cat(noise, late_noises)),
                Cat(scales).eq(Cat(self.scales[lane], scales)),
                product.eq(late_mark * (UNIT + scales[-1])),
                size.eq((product + UNIT // 2) >> (UNIT.bit_length() - 1)),
                # u - N - 1, with -x as ~x + 1 and -N - 1 as ~N.
                limit.eq(
                    _inverted(size, ~stages[6].upper)
                    + _inverted(late_noises[-1], stages[6].above)
                    + ~stages[6].upper
                ),
                shifted.eq(limit >> self.exponent),
                bit.eq(Mux(stages[8].certain, stages[8].upper, stages[8].sum <= shifted)),
            ]
        return bit

    def _stage(self, number: int) -> Any:
        """Return a stage of a lane: what is known of it from the start."""
        return Signal(
            StructLayout({
                "upper": 1,  # the code is in the upper half: its threshold is above 0
                "certain": 1,  # the bit is never or always 1
                "above": 1,  # the word is in the upper half: its noise is not below 0
                "sum": signed(self.params.sum_width),
            }),
            name=f"stage_{number}",
        )  # fmt: skip

    def _table(self, m: Module, name: str, rows: list[int], address: Value, en: Value) -> Value:
        """Make a table of constants; return the row that was read last."""
        m.submodules[name] = table = Memory(
            shape=unsigned(bits_for(max(rows))), depth=len(rows), init=rows
        )
        read = table.read_port()
        m.d.comb += [read.en.eq(en), read.addr.eq(address)]
        return read.data


def _picked(numbers: Sequence[Value], index: Value) -> list[Value]:
    """Return one of two numbers, four, and so on, as many to one as the bits of an index tell.

    Where there are fewer, the last choice is any.
    """
    for bit in index:
        pairs = (numbers[n : n + 2] for n in range(0, len(numbers), 2))
        numbers = [Mux(bit, pair[-1], pair[0]) for pair in pairs]
    return list(numbers)


def _distance(number: Value) -> Value:
    """Return how far a code or a word is from the middle, from 0 in both halves."""
    return number[:-1] ^ (~number[-1]).replicate(len(number) - 1)


def _inverted(number: Value, whether: Value) -> Value:
    """Return an unsigned number as a signed one, with all bits inverted under a condition."""
    return Value.cast(Cat(number ^ whether.replicate(len(number)), whether)).as_signed()
