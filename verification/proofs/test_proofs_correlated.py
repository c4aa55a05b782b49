# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""Sums of factors that never leave their bits, and lanes against those of independent bits."""

import pytest
from amaranth.hdl import Assert, Assume, Const, Module, Mux, Signal, Value

from golden.params import BernoulliParams, CorrelatedSamplerParams, PrototypesParams
from rtl.bernoulli import Bernoulli
from rtl.factor_sums import FactorSums
from rtl.normal_lanes import NormalLanes
from verification.proofs.prover import (
    ProofError,
    free_inputs,
    inner_signal,
    kept,
    opened,
    prove,
)


def params(*, q=3, rank=3, width=3, n_f=1, m=1) -> CorrelatedSamplerParams:
    memory = PrototypesParams(features=2, code_width=q, lanes=1, components=2, classes=2)
    return CorrelatedSamplerParams(
        prototypes=memory, rank=rank, loading_width=width, factor_width=n_f, draws_per_read=m
    )


def prove_sums(p: CorrelatedSamplerParams, less: int = 0) -> None:
    """Prove that a sum of so many products is at most as many of the largest, for all time.

    The numbers of the factors go through the stages beside them. `less` plants a fault.
    """
    m, block = Module(), FactorSums(p)
    m.submodules.block = inner = opened(block)
    index, factor, product = (inner_signal(inner, name) for name in ("index", "factor", "product"))
    late = inner_signal(inner, "late") if p.factor_width == 1 else Const(0)
    stages = [inner_signal(inner, f"stage_{n}") for n in range(2)]
    (early, later), begins = ([stage[n] for stage in stages] for n in range(2))
    numbers = [Signal.like(index, name=f"number_{n}") for n in range(2)]
    added = Signal(range(p.rank + 1))
    with m.If(~block.o.valid | block.o.ready):
        m.d.sync += [numbers[0].eq(index), numbers[1].eq(numbers[0])]
        with m.If(later):
            m.d.sync += added.eq(numbers[1] + 1)

    def follows(number: Value, other: Value) -> Value:
        return other == Mux(number == p.rank - 1, 0, number + 1)

    def within(number: Value, most: Value | int) -> Value:
        return (number <= most) & (-number <= most)

    coming = Mux(later, numbers[1], Mux(early, numbers[0], index))
    largest = p.factor_width * p.highest_loading
    m.d.comb += [
        Assume(within(block.loadings[0], p.highest_loading)),
        Assert(index < p.rank),
        *(
            Assert(~valid | ((begun == (number == 0)) & (number < p.rank)))
            for valid, begun, number in zip((early, later), begins, numbers, strict=True)
        ),
        Assert(~(later & early) | follows(numbers[1], numbers[0])),
        Assert(~early | follows(numbers[0], index)),
        Assert(~(later & ~early) | follows(numbers[1], index)),
        Assert((added <= p.rank) & ((coming == 0) | (added == coming))),
        Assert(within(factor, p.factor_width)),
        Assert(within(product + late, largest)),
        Assert(within(block.o.payload.lanes[0], added * largest - Mux(added == 0, 0, less))),
    ]
    prove(m, free_inputs(block), mode="bmc" if less else "prove", depth=12 if less else 2)


@pytest.mark.parametrize(
    "p",
    [params(), params(rank=1, width=2), params(rank=5, width=4, n_f=3, m=2), params(n_f=7)],
    ids=["signs", "R1", "n_f3_M2", "n_f7"],
)
def test_a_sum_never_exceeds_as_many_of_the_largest_products(p) -> None:
    assert p.rank * p.factor_width * p.highest_loading < 2 ** (p.sum_width - 1)
    prove_sums(p)


def test_a_narrower_bound_of_sums_is_refuted() -> None:
    with pytest.raises(ProofError, match=r"^FAIL"):
        prove_sums(params(), less=1)


class Lane:
    """A lane with any inputs, and what they were when its bit was asked for."""

    def __init__(self, m: Module, p: CorrelatedSamplerParams) -> None:
        self.block = block = NormalLanes(p)
        m.submodules += block
        self.known = Signal(range(block.latency + 1))
        self.code, self.word = (
            self._late(m, value, block.latency) for value in (block.codes[0], block.words[0])
        )
        m.d.comb += [Assume(kept(m, Const(1), block.exponent)), Assume(block.valid)]
        with m.If(block.en & (self.known != block.latency)):
            m.d.sync += self.known.eq(self.known + 1)

    def _late(self, m: Module, value: Value, steps: int) -> Value:
        for _ in range(steps):
            register = Signal(value.shape())
            with m.If(self.block.en):
                m.d.sync += register.eq(value)
            value = register
        return value

    def claim(self, m: Module, bit: Value) -> None:
        """State what the bit is."""
        m.d.comb += Assert((self.known != self.block.latency) | (self.block.bits == bit))

    def prove(self, m: Module) -> None:
        """Prove it for the first steps after a reset; a lane forgets what was before them."""
        prove(m, free_inputs(self.block), mode="bmc", depth=self.block.latency + 3)


def prove_independent(q: int, total: int = 0) -> None:
    """Prove that a lane of the sum 0 is one of the parallel sampler; `total` plants another sum."""
    m = Module()
    lane = Lane(m, params(q=q))
    m.submodules += (plain := Bernoulli(BernoulliParams(code_width=q, lanes=1)))
    m.d.comb += [
        Assume((lane.block.sums[0] == total) & (lane.block.scales[0] == 0)),
        Value.cast(plain.codes).eq(lane.code),
        Value.cast(plain.words).eq(lane.word[::-1]),
    ]
    lane.claim(m, plain.bits)
    lane.prove(m)


@pytest.mark.parametrize("q", [1, 3])
def test_without_loadings_a_lane_is_that_of_the_parallel_sampler(q) -> None:
    prove_independent(q)


def test_a_lane_with_a_sum_is_another() -> None:
    # The solver says which one; then the trace of it ends in an error, as tables are memories.
    with pytest.raises(ProofError, match="failed assertion"):
        prove_independent(3, total=-2)
