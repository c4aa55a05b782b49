# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""What the sampler with factors is said to hold and to do, held to the hardware."""

from itertools import pairwise

import numpy as np
import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.params import CorrelatedSamplerParams
from rtl.catalogue import BLOCKS
from sim.cost.counts import correlated, sampler
from sim.cost.counts.tally import Tally
from verification.rtl.engine import PAUSES, BenchError, Step
from verification.rtl.simulators import run_pysim
from verification.rtl.strobes import Counted
from verification.rtl.tallies import built, counters_of, shapes
from verification.rtl.test_correlated import Plan, params, samplers

SETS = {
    "signs": params(features=16, lanes=8, code_width=6),
    "M2_K3": params(m=2, class_components=3, rank=2),
    "wide_factors": params(m=3, features=7, lanes=3, width=6, n_f=5, rank=4),
    "q1_R1": params(features=5, lanes=8, code_width=1, rank=1),
}
# Small memories beside the logic are read in every cycle, and nothing counts that.
UNSEEN = ("basis.totals", "sums.memory")


def workload(drawn: CorrelatedSamplerParams) -> tuple[Plan, Tally]:
    """Two classes drawn from without a basis, and with one after another."""
    plan, rng = Plan(drawn), np.random.default_rng(12)
    most = drawn.prototypes.class_components
    tally = Tally()
    for count, labels in ((1, [0] * 2), (most, [1, 0, 1])):
        plan.append(rng, count)
        plan.draw(labels)
        plan.load(plan.basis(rng, 4))
        tally += sampler.append(drawn, count) + correlated.draw(drawn, len(labels))
        tally += correlated.load(drawn)
    plan.draw([1, 0])
    return plan, tally + correlated.draw(drawn, 2)


def ends(dut: Counted, tally: Tally) -> Step:
    """Return a step that reads all counters."""
    return Step(cycles=5, reads=counters_of(tally, dut.counters, UNSEEN))


@pytest.mark.parametrize("pauses", ["flowing", "idle_stalled"])
@pytest.mark.parametrize("name", SETS)
def test_strobes_are_those_counted_whatever_the_pauses(name: str, pauses: str) -> None:
    plan, tally = workload(SETS[name])
    dut = Counted(plan.dut)
    run_pysim(dut, [*plan.steps, ends(dut, tally)], PAUSES[pauses])


@given(samplers(), st.sampled_from(sorted(PAUSES)))
@settings(max_examples=3)
def test_strobes_of_any_sampler(drawn: CorrelatedSamplerParams, pauses: str) -> None:
    plan, tally = workload(drawn)
    dut = Counted(plan.dut)
    run_pysim(dut, [*plan.steps, ends(dut, tally)], PAUSES[pauses])


@pytest.mark.parametrize("name", SETS)
def test_golden_counts_alike(name: str) -> None:
    plan, tally = workload(SETS[name])
    golden, drawn = plan.golden, plan.params
    done = {(action.component, action.kind): count for action, count in tally.items()}
    assert done["prototypes.memory", "read"] == golden.rows_read
    assert done["lfsr", "register"] == golden.planes_read
    assert done["sums.lfsr", "register"] == golden.factor_lfsr.ticks
    assert done["sums.lfsr", "lfsr_step"] == golden.factor_lfsr.ticks * drawn.factor_width
    beats = golden.planes_read // drawn.prototypes.code_width
    assert done["basis.memory", "read"] == beats * drawn.rank


def test_a_counter_that_disagrees_fails() -> None:
    plan, tally = workload(SETS["q1_R1"])
    dut = Counted(plan.dut)
    wrong = tally + correlated.load(plan.params)
    with pytest.raises(BenchError, match=r"writes_basis__\w+ is 0x\w+, expected 0x\w+"):
        run_pysim(dut, [*plan.steps, ends(dut, wrong)])


@given(samplers(), st.integers(1, 6))
@settings(max_examples=4)
def test_cycles_are_those_simulated(drawn: CorrelatedSamplerParams, requests: int) -> None:
    plan = Plan(drawn)
    plan.append(np.random.default_rng(3), drawn.prototypes.class_components)
    plan.draw([0] * requests)
    passed = run_pysim(plan.dut, plan.steps).transfers
    cycles = passed["o"][-1] - passed["i"][0] + 1
    assert cycles == correlated.draw_cycles(drawn, requests)
    assert correlated.draw_cycles(drawn, 0) == 0


class Fed(wiring.Component):
    """A sampler, and a taker that is busy for some cycles behind the last beat of an exemplar."""

    def __init__(self, sampler: wiring.Component, beats: int, busy: int) -> None:
        self.params = getattr(sampler, "params")  # noqa: B009
        self.sampler, self.beats, self.pause = sampler, beats, busy
        super().__init__(dict(sampler.signature.members))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.sampler = self.sampler
        for name, member in self.signature.members.items():
            inner, outer = getattr(self.sampler, name), getattr(self, name)
            if name == "o":
                continue
            if not member.is_port:
                wiring.connect(m, wiring.flipped(outer), inner)
            elif member.flow is wiring.Out:
                m.d.comb += outer.eq(inner)
            else:
                m.d.comb += inner.eq(outer)
        left, beat = Signal(range(self.pause + 1)), Signal(range(self.beats))
        m.d.comb += [
            self.o.valid.eq(self.sampler.o.valid & (left == 0)),
            self.o.payload.eq(self.sampler.o.payload),
            self.sampler.o.ready.eq(self.o.ready & (left == 0)),
        ]
        with m.If(left != 0):
            m.d.sync += left.eq(left - 1)
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += beat.eq(beat + 1)
            with m.If(beat == self.beats - 1):
                m.d.sync += [beat.eq(0), left.eq(self.pause)]
        return m


@pytest.mark.parametrize("busy", [0, 20, 300])
@pytest.mark.parametrize(
    ("rank", "beats", "lanes"),
    [(1, 3, 4), (4, 1, 4), (4, 5, 4), (7, 4, 12), (32, 2, 3), (32, 4, 3)],
)
def test_exemplars_are_fed_to_a_busy_block_within_the_cycles_said(
    rank: int, beats: int, lanes: int, busy: int
) -> None:
    drawn = params(features=beats * lanes, lanes=lanes, code_width=3, rank=rank)
    plan = Plan(drawn)
    plan.append(np.random.default_rng(3), 1)
    plan.draw([0] * 6)
    passed = run_pysim(Fed(plan.dut, beats, busy), plan.steps).transfers["o"]
    most = correlated.fed_cycles(drawn, beats + busy)
    # The first two have a pipeline that is not yet full before them.
    found = [after - before for before, after in pairwise(passed[::beats])][2:]
    assert most - rank < max(found) <= most
    if busy == 0:
        assert set(found) == {beats * rank}


def test_exemplars_of_several_draws_are_not_fed() -> None:
    with pytest.raises(ValueError, match="Draws per read M where exemplars are fed to a block"):
        correlated.fed_cycles(SETS["wide_factors"], 100)


@pytest.mark.parametrize("e", [0, 7])
@pytest.mark.parametrize("name", SETS)
def test_a_basis_is_loaded_in_the_cycles_said(name: str, e: int) -> None:
    plan, rng = Plan(SETS[name]), np.random.default_rng(3)
    plan.append(rng, 1)
    # The second exponent is taken in the cycle after the first basis.
    (first, shift), (second, _) = plan.basis(rng, e), plan.basis(rng, e)
    inputs = {"basis": [shift] * 2, "loadings": plan.rows(first) + plan.rows(second)}
    begun = run_pysim(plan.dut, [*plan.steps, Step(inputs=inputs)]).transfers["basis"]
    assert begun[1] - begun[0] == correlated.load_cycles(plan.params, shift)


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("size", ["tiny", "full"])
def test_memories_of_the_catalogue(size: str, shared: bool) -> None:
    drawn = BLOCKS["correlated_sampler"].arguments(size)["params"]
    found = built("correlated_sampler", params=drawn, shared=shared)
    assert shapes(correlated.memories(drawn, shared=shared)) == found


@pytest.mark.parametrize("q", [1, 9])
def test_memories_of_other_codes(q: int) -> None:
    drawn = params(code_width=q, m=2, n_f=7, width=5, rank=3)
    assert shapes(correlated.memories(drawn)) == built("correlated_sampler", params=drawn)
