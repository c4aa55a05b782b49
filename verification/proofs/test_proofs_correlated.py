# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""Sums of factors that never leave their bits, lanes against those of independent bits, readers."""

from dataclasses import replace

import pytest
from amaranth.hdl import Assert, Assume, Cat, Const, Module, Mux, Signal, Value

from golden.params import BernoulliParams, CorrelatedSamplerParams, PrototypesParams
from rtl.basis import compared_rows
from rtl.bernoulli import Bernoulli
from rtl.correlated import CorrelatedSampler
from rtl.factor_sums import FactorSums, place_layout
from rtl.normal_lanes import NormalLanes
from verification.proofs.prover import (
    ProofError,
    free_inputs,
    inner_signal,
    keep_stream_rules,
    kept,
    opened,
    prove,
)

#: They take minutes together.
pytestmark = pytest.mark.slow


def params(*, q=3, rank=3, width=3, n_f=1, m=1) -> CorrelatedSamplerParams:
    memory = PrototypesParams(features=2, code_width=q, lanes=1, components=2, classes=2)
    return CorrelatedSamplerParams(
        prototypes=memory, rank=rank, loading_width=width, factor_width=n_f, draws_per_read=m
    )


def flags_of_counters(p: CorrelatedSamplerParams, sums: Module) -> Value:
    """Return whether the flags that are made a cycle ahead are those of the counters."""
    memory = p.prototypes
    counters = zip(
        ("index", "exemplar", "beat"), (p.rank, p.draws_per_read, memory.beats), strict=True
    )
    last = [inner_signal(sums, name) == count - 1 for name, count in counters]
    first = inner_signal(sums, "beat") == 0
    flags = Cat(inner_signal(sums, name) for name in ("ends", "of_all", "last", "served", "fresh"))
    return Value.cast(flags == Cat(*last, Cat(last).all(), first))


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
        Assert(flags_of_counters(p, inner)),
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
    with pytest.raises(ProofError, match=r"^FAIL"):
        prove_independent(3, total=-2)


def prove_sharing(p: CorrelatedSamplerParams, less: int = 0) -> None:
    """Prove that nobody reads or edits while a request is served, and that no two do so at once.

    `under_way` counts the last beats of requests in all stages; a stage with another beat has the
    rest of its request behind it. `less` plants a fault: so many are not counted.
    """
    m, block = Module(), CorrelatedSampler(p, shared=True)
    m.submodules.block = inner = opened(block)
    sums, prototypes = inner.submodules.sums, inner.submodules.prototypes
    within = opened(sums)
    opened(prototypes)
    keep_stream_rules(m, block)
    found, under_way, comparing = (
        inner_signal(inner, name) for name in ("found", "under_way", "comparing")
    )
    begun = Cat(inner_signal(within, name) for name in ("index", "exemplar", "beat")).any()
    (early, early_final), (late, late_final) = (
        (stage[0], stage[2] & place_layout(p)(stage[3:]).final)
        for stage in (inner_signal(within, f"stage_{n}") for n in range(2))
    )
    offered, offered_final = sums.o.valid, sums.o.payload.place.final
    compared_final = place_layout(p)(inner_signal(inner, "place")).final
    tags = [inner_signal(inner, f"tag_{n}") for n in range(NormalLanes.latency)]
    chosen = inner_signal(inner, "chosen") if p.prototypes.class_components > 1 else Const(0)
    waits = inner_signal(inner, "request_waits")
    groups = compared_rows(p)
    at_last_group = inner_signal(inner, "group_number") == groups - 1
    last_beats = [
        chosen, sums.i.valid, waits, early & early_final, late & late_final,
        offered & offered_final, comparing & compared_final,
        *(tag[-1] & tag[-2] for tag in tags),
    ]  # fmt: skip
    in_use = found | (under_way != 0) | sums.row_en | block.row_read | comparing
    m.d.comb += [
        Assert(under_way == sum(last_beats) - less),
        Assert(~waits | sums.i.valid),
        Assert(flags_of_counters(p, within)),
        Assert(inner_signal(inner, "room") == (~comparing | at_last_group)),
        Assert(~begun | sums.i.valid),
        Assert(~early | early_final | begun),
        Assert(~late | late_final | early),
        Assert(~offered | offered_final | late),
        Assert(~comparing | compared_final | offered | late),
        Assert(~(block.reader_go & (in_use | prototypes.editing))),
        Assert(~(prototypes.editing & in_use)),
    ]
    prove(m, free_inputs(block), mode="bmc" if less else "prove", depth=20 if less else 2)


@pytest.mark.parametrize("components", [1, 2])
def test_nobody_reads_or_edits_while_a_request_is_served(components: int) -> None:
    drawn = params(rank=2, m=2)
    memory = replace(drawn.prototypes, class_components=components)
    prove_sharing(replace(drawn, prototypes=memory))


def test_a_request_that_is_not_counted_is_refuted() -> None:
    with pytest.raises(ProofError, match=r"^FAIL"):
        prove_sharing(params(rank=1), less=1)
