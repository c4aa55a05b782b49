# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""What competing components are said to hold and to do, held to the hardware."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray

from golden.online_mixture import MixtureSlots
from rtl.catalogue import BLOCKS, SIZES
from rtl.class_slots import Operation
from rtl.online_mixture import OnlineMixture
from sim.cost.counts import class_counter, online_mixture
from sim.cost.counts.tally import Action, Tally
from verification.rtl.engine import PAUSES, Step
from verification.rtl.simulators import run_pysim
from verification.rtl.strobes import Counted
from verification.rtl.tallies import built, counters_of, shapes
from verification.rtl.test_class_counter import Event
from verification.rtl.test_online_mixture import SMALL, Bench, Params, mixtures, opening, params


class Tallied(MixtureSlots):
    """The golden slots, and a tally of what their exemplars and commands do."""

    def __init__(self, drawn: Params) -> None:
        super().__init__(*drawn)
        self.drawn, self.tally = drawn, Tally()

    def open(self, slot: int, label: int) -> bool:
        done = super().open(slot, label)
        self.tally += online_mixture.command(*self.drawn, opened=int(done), reopened=0)
        self.tally += online_mixture.refuse(*self.drawn, 1 - done)
        return done

    def reopen(self, slot: int) -> bool:
        done = super().reopen(slot)
        self.tally += online_mixture.command(*self.drawn, opened=0, reopened=int(done))
        self.tally += online_mixture.refuse(*self.drawn, 1 - done)
        return done

    def learn(self, exemplars: NDArray[np.uint64], slots: ArrayLike) -> NDArray[np.bool_]:
        (slot,) = np.asarray(slots).tolist()
        is_open = self._is_open(slot)
        begins = is_open and not self.mixtures[slot].seen.all()
        counted = super().learn(exemplars, slots)
        numbers = {"begun": int(begins), "counted": int(counted.sum()) - begins}
        full = int(is_open and not counted.all())
        self.tally += online_mixture.learn(*self.drawn, **numbers, full=full, closed=1 - is_open)
        return counted

    def close(self, slot: int) -> tuple[NDArray[np.uint16], NDArray[np.uint16]] | None:
        closed = super().close(slot)
        used = 0 if closed is None else len(closed[0])
        self.tally += online_mixture.close(*self.drawn, int(used > 0), used)
        self.tally += online_mixture.refuse(*self.drawn, int(not used))
        return closed


def bench(drawn: Params, seed: int = 0) -> tuple[Bench, Tallied]:
    made, golden = Bench(drawn, seed), Tallied(drawn)
    made.golden = golden
    return made, golden


def counted(drawn: Params, seed: int, events: int) -> tuple[Counted, list[Step]]:
    """Return a block and a bench of random events that ends with its strobes."""
    made, golden = bench(drawn, seed)
    # Golden knows no command that does nothing, and the hardware looks its slot up all the same.
    said = [e for e in made.events(events) if e.bits is not None or e.what != Operation.NONE]
    dut, steps = Counted(OnlineMixture(*drawn)), made.steps(opening(made) + said)
    return dut, [*steps, Step(cycles=5, reads=counters_of(golden.tally, dut.counters))]


@pytest.mark.parametrize("pauses", ["flowing", "idle_stalled"])
def test_strobes_are_those_counted_whatever_the_pauses(pauses: str) -> None:
    dut, steps = counted(SMALL, 0, 60)
    assert all(steps[-1].reads.values())
    run_pysim(dut, steps, PAUSES[pauses])


@given(mixtures(), st.integers(0, 2**32), st.sampled_from(sorted(PAUSES)))
@settings(max_examples=6)
def test_strobes_of_any_mixture(drawn: Params, seed: int, pauses: str) -> None:
    run_pysim(*counted(drawn, seed, 25), PAUSES[pauses])


def test_strobes_of_an_exemplar_whose_winner_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("golden.online_mixture.MAX_COUNT", 3)
    monkeypatch.setattr("rtl.online_mixture_control.MAX_COUNT", 3)
    made, golden = bench(params(2, 1))
    steps = made.steps([*opening(made), *[Event(0, bits=5)] * 9])
    assert golden.overflow
    dut = Counted(OnlineMixture(*golden.drawn))
    run_pysim(dut, [*steps, Step(cycles=50, reads=counters_of(golden.tally, dut.counters))])


def test_golden_counts_alike() -> None:
    made, golden = bench(SMALL)
    made.steps(opening(made))
    made.steps([Event(1, bits=b) for b in range(7)] + [Event(1, Operation.CLOSE)])
    p, k, tally = SMALL[1].prototypes, SMALL[0].components, golden.tally
    # Three of seven exemplars begin a component; four are compared with each of three.
    assert tally[Action("majorities", "read", p.lanes)] == 4 * k * p.beats
    assert tally[Action("xnor.agree", "xnor")] == 4 * k * p.beats * p.lanes
    assert tally[Action("majorities", "write", p.lanes)] == 7 * p.beats
    assert tally[Action("counters", "write", 16 * p.lanes)] == 7 * p.beats
    assert tally[Action("counters", "read", 16 * p.lanes)] == (7 + k) * p.beats
    assert tally[Action("exemplar", "write", p.lanes)] == 7 * p.beats
    # Comparisons, two thresholds, and the rows of three components.
    assert tally[Action("seen", "read", 16)] == 4 * k + 2 + 3
    # A slot keeps its class, one of 100, and its number, up to 3 * 65535.
    assert tally[Action("kept", "write", 7 + 18)] == 2 + 7
    assert tally[Action("mean_code.left", "full_add")] == k * p.beats * p.lanes * 17 * 5
    assert tally[Action("threshold", "register", 16)] == 2


def test_one_component_closes_as_the_class_counter_does() -> None:
    drawn = params(1, 1, features=60, lanes=7, code_width=6)
    mine, its = online_mixture.close(*drawn, 1, 1), class_counter.close(drawn[1], 1)
    assert {a: n for a, n in mine.items() if a.component not in ("kept", "seen")} == {
        a: n for a, n in its.items() if a.component != "seen"
    }
    assert online_mixture.close_cycles(*drawn, 1, 1) == class_counter.close_cycles(drawn[1], 1)


@given(mixtures(), st.integers(1, 8))
@settings(max_examples=6)
def test_cycles_are_those_simulated(drawn: Params, exemplars: int) -> None:
    made, _ = bench(drawn)
    k = drawn[0].components
    begun = made.command([Event(0, Operation.OPEN)])
    learned = made.learn([Event(0, bits=n % 2) for n in range(exemplars)])
    closed = made.command([Event(0, Operation.CLOSE)])
    # The close is offered from the first, and taken when the last exemplar has been counted.
    both = Step(inputs={"i": learned, **closed.inputs}, outputs=closed.outputs)
    passed = run_pysim(OnlineMixture(*drawn), [Step(begun.inputs, cycles=5), both]).transfers
    # The first exemplar is offered as the second step begins, five cycles after the first did.
    offered = passed["commands"][0] + 5
    first = min(k, exemplars)
    taken = online_mixture.learn_cycles(*drawn, begun=first, counted=exemplars - first)
    assert passed["commands"][-1] - offered == taken
    rows = passed["rows"][-1] - passed["commands"][-1] + 1
    assert rows == online_mixture.close_cycles(*drawn, 1, first)


def test_an_idle_mixture_reads_nothing() -> None:
    dut = Counted(OnlineMixture(*SMALL))
    run_pysim(dut, [Step(cycles=30, reads=dict.fromkeys(dut.counters, 0))])


@pytest.mark.parametrize("size", SIZES)
def test_memories_of_the_catalogue(size: str) -> None:
    drawn = BLOCKS["online_mixture"].arguments(size)
    assert shapes(online_mixture.memories(**drawn)) == built("online_mixture", **drawn)


@given(mixtures())
@settings(max_examples=4)
def test_memories_of_any_mixture(drawn: Params) -> None:
    given_parts = dict(zip(("params", "counter"), drawn, strict=True))
    assert shapes(online_mixture.memories(*drawn)) == built("online_mixture", **given_parts)
