# SPDX-License-Identifier: MIT
"""Comparators of sums and normal noise with the thresholds of codes (contract, 13)."""

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.data import ArrayLayout, StructLayout
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from golden.params import CorrelatedSamplerParams
from golden.params.correlated import SCALE_WIDTH
from rtl.basis import scales_layout
from rtl.quantiles import noise_rows, threshold_rows
from rtl.scale import HIGHEST, SHIFT_WIDTH, UNIT

__all__ = ["NormalLanes"]


class NormalLanes(wiring.Component):
    """Some lanes that turn a sum, a random word and a code into a bit, one each a cycle.

    The bit is ``2^e * sum + N[r] < u``. That is ``sum <= (u - N[r] - 1) >> e``, so that thresholds
    are shifted and sums are not. Noise and thresholds come from tables of their upper halves: the
    lower halves mirror them. The bits follow `latency` steps after their inputs, one set a step;
    `en` makes all stages take a step. The user knows which steps count, also after a reset.

    Parameters
    ----------
    params : CorrelatedSamplerParams

    Members
    -------
    en : In(1)
        Take a step.
    codes, words : In(ArrayLayout(q, lanes))
        Codes m and random words r.
    sums : In(ArrayLayout(signed(params.sum_width), lanes))
        Sums, before they are shifted.
    scales : In(scales_layout(params))
        Scales g, a step after their codes.
    exponent : In(4)
        e, held while any lane is under way.
    bits : Out(lanes)
        Drawn bits.
    """

    #: Steps from the codes to the bits.
    latency = 8
    #: Steps from one set of codes to the next.
    interval = 1

    def __init__(self, params: CorrelatedSamplerParams) -> None:
        self.params = params
        lanes = params.lanes_compared
        numbers = ArrayLayout(unsigned(params.prototypes.code_width), lanes)
        super().__init__({
            "en": In(1),
            "codes": In(numbers),
            "words": In(numbers),
            "sums": In(ArrayLayout(signed(params.sum_width), lanes)),
            "scales": In(scales_layout(params)),
            "exponent": In(SHIFT_WIDTH),
            "bits": Out(lanes),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        q = self.params.prototypes.code_width
        marks, noises = threshold_rows(q), noise_rows(q)
        highest = (max(marks) * (UNIT + HIGHEST) + UNIT // 2) // UNIT
        limit_shape = signed(bits_for(highest + max(noises) + 1) + 1)
        for lane in range(self.params.lanes_compared):
            # Stages are numbered by the steps since the codes came.
            stages: list[Any] = [None, *(self._stage(n) for n in range(1, 8))]
            code, word = self.codes[lane], self.words[lane]
            inner, drawn = Signal(range(2 ** (q - 1))), Signal(range(2 ** (q - 1)))
            mark, noise = (
                self._table(m, f"{name}_{lane}", rows, address)
                for name, rows, address in (("marks", marks, inner), ("noise", noises, drawn))
            )
            late_mark, late_noise = Signal.like(mark), Signal.like(noise)
            held_noises = [Signal.like(noise, name=f"noise_{n}") for n in (4, 5)]
            product = Signal(bits_for(max(marks) * (UNIT + HIGHEST)))
            size = Signal(bits_for(highest))
            limit, shifted = Signal(limit_shape), Signal(limit_shape)
            scale = [Signal(SCALE_WIDTH, name=f"scale_{n}") for n in (2, 3)]
            with m.If(self.en):
                m.d.sync += [
                    inner.eq(_distance(code)),
                    drawn.eq(_distance(word)),
                    stages[1].upper.eq(code[-1]),
                    stages[1].certain.eq(_distance(code).all() if q > 1 else 1),
                    stages[1].above.eq(word[-1]),
                    stages[1].sum.eq(self.sums[lane]),
                    *(stages[n + 1].eq(stages[n]) for n in range(1, 7)),
                    Cat(scale).eq(Cat(self.scales[lane], scale[0])),
                    late_mark.eq(mark),
                    product.eq(late_mark * (UNIT + scale[1])),
                    size.eq((product + UNIT // 2) >> (UNIT.bit_length() - 1)),
                    late_noise.eq(noise),
                    Cat(held_noises).eq(Cat(late_noise, held_noises[0])),
                    # u - N - 1, with -x as ~x + 1 and -N - 1 as ~N.
                    limit.eq(
                        _inverted(size, ~stages[5].upper)
                        + _inverted(held_noises[1], stages[5].above)
                        + ~stages[5].upper
                    ),
                    shifted.eq(limit >> self.exponent),
                    self.bits[lane].eq(
                        Mux(stages[7].certain, stages[7].upper, stages[7].sum <= shifted)
                    ),
                ]
        return m

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

    def _table(self, m: Module, name: str, rows: list[int], address: Value) -> Value:
        """Make a table of constants; return the row of an address in the next step."""
        m.submodules[name] = table = Memory(
            shape=unsigned(bits_for(max(rows))), depth=len(rows), init=rows
        )
        read = table.read_port()
        m.d.comb += [read.en.eq(self.en), read.addr.eq(address)]
        return read.data


def _distance(number: Value) -> Value:
    """Return how far a code or a word is from the middle, from 0 in both halves."""
    return _inverted(number[:-1], ~number[-1])[: len(number) - 1]


def _inverted(number: Value, whether: Value) -> Value:
    """Return an unsigned number as a signed one, with all bits inverted under a condition."""
    return Cat(number ^ whether.replicate(len(number)), whether).as_signed()
