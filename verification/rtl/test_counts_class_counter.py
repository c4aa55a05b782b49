# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""What the class counter is said to hold and to do, held to the hardware."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray

from golden.class_counter import ClassCounter as GoldenClassCounter
from golden.params import ClassCounterParams
from rtl.catalogue import BLOCKS, SIZES
from rtl.class_counter import ClassCounter
from rtl.class_slots import Operation
from sim.cost.counts import class_counter
from sim.cost.counts.tally import Action, Tally
from verification.rtl.engine import PAUSES, Step
from verification.rtl.simulators import cocotb_simulators, run_cocotb, run_pysim
from verification.rtl.strobes import Counted
from verification.rtl.tallies import built, counters_of, shapes
from verification.rtl.test_class_counter import CORNERS, SMALL, Bench, Event, counters, opened


class Tallied(GoldenClassCounter):
    """The golden counter, and a tally of what its exemplars and commands do."""

    def __init__(self, params: ClassCounterParams) -> None:
        super().__init__(params)
        self.tally = Tally()

    def open(self, slot: int, label: int) -> bool:
        done = super().open(slot, label)
        self.tally += class_counter.command(self.params, opened=int(done), reopened=0)
        self.tally += class_counter.refuse(self.params, 1 - done)
        return done

    def reopen(self, slot: int) -> bool:
        done = super().reopen(slot)
        self.tally += class_counter.command(self.params, opened=0, reopened=int(done))
        self.tally += class_counter.refuse(self.params, 1 - done)
        return done

    def learn(self, exemplars: NDArray[np.uint64], slots: ArrayLike) -> NDArray[np.bool_]:
        counted = super().learn(exemplars, slots)
        self.tally += class_counter.learn(self.params, int(counted.sum()))
        self.tally += class_counter.refuse(self.params, int((~counted).sum()))
        return counted

    def close(self, slot: int) -> NDArray[np.uint16] | None:
        codes = super().close(slot)
        self.tally += class_counter.close(self.params, int(codes is not None))
        self.tally += class_counter.refuse(self.params, int(codes is None))
        return codes


def bench(params: ClassCounterParams, seed: int = 0) -> tuple[Bench, Tallied]:
    made, golden = Bench(params, seed), Tallied(params)
    made.golden = golden
    return made, golden


def counted(params: ClassCounterParams, seed: int, events: int) -> tuple[Counted, list[Step]]:
    """Return a counter and a bench of random events that ends with its strobes."""
    made, golden = bench(params, seed)
    # Golden knows no command that does nothing, and the hardware looks its slot up all the same.
    drawn = [e for e in made.events(events) if e.bits is not None or e.what != Operation.NONE]
    dut, steps = Counted(ClassCounter(params)), made.steps(opened(made) + drawn)
    return dut, [*steps, Step(cycles=5, reads=counters_of(golden.tally, dut.counters))]


@pytest.mark.parametrize("pauses", PAUSES)
def test_strobes_are_those_counted_whatever_the_pauses(pauses: str) -> None:
    dut, steps = counted(SMALL, 0, 60)
    assert all(steps[-1].reads.values())
    run_pysim(dut, steps, PAUSES[pauses])


@given(counters(), st.integers(0, 2**32), st.sampled_from(sorted(PAUSES)))
@settings(max_examples=8)
def test_strobes_of_any_counter(drawn: ClassCounterParams, seed: int, pauses: str) -> None:
    run_pysim(*counted(drawn, seed, 25), PAUSES[pauses])


@pytest.mark.parametrize("simulator", cocotb_simulators())
def test_strobes_in_verilog(simulator: str) -> None:
    run_cocotb(*counted(SMALL, 1, 150), PAUSES["idle_stalled"], simulator=simulator)


def test_golden_counts_alike() -> None:
    made, golden = bench(SMALL)
    made.steps(opened(made))
    begun = golden.tally
    made.steps([Event(1, bits=b) for b in range(7)] + [Event(1, Operation.CLOSE)])
    beats, lanes = SMALL.prototypes.beats, SMALL.prototypes.lanes
    assert begun == class_counter.command(SMALL, opened=3, reopened=0)
    assert golden.tally[Action("counters", "write", 16 * lanes)] == 7 * beats
    assert golden.tally[Action("counters", "read", 16 * lanes)] == 8 * beats
    assert golden.tally[Action("count", "accumulate", 16 * lanes)] == 7 * beats
    # A slot keeps its class, one of 100, and its number.
    assert golden.tally[Action("seen", "write", 23)] == 3 + golden.seen.sum()
    # A subtraction of 17 bits for each of q + 1 digits, and one more, in every lane of every row.
    assert golden.tally[Action("mean_code.left", "full_add")] == beats * lanes * 17 * 5


@given(counters(), st.integers(1, 5))
@settings(max_examples=8)
def test_cycles_are_those_simulated(drawn: ClassCounterParams, exemplars: int) -> None:
    made, _ = bench(drawn)
    begun = made.command([Event(0, Operation.OPEN)])
    learned = made.learn([Event(0, bits=n % 2) for n in range(exemplars)])
    closed = made.command([Event(0, Operation.CLOSE)])
    steps = [Step(begun.inputs, cycles=5), Step(inputs={"i": learned}), closed]
    passed = run_pysim(ClassCounter(drawn), steps).transfers
    # The first exemplar is offered as the second step begins, five cycles after the first did.
    offered = passed["commands"][0] + 5
    assert passed["i"][-1] - offered + 1 == class_counter.learn_cycles(drawn, exemplars)
    assert passed["rows"][-1] - passed["commands"][-1] + 1 == class_counter.close_cycles(drawn, 1)


@pytest.mark.parametrize("classes", [1, 3])
def test_cycles_of_several_closes_are_those_simulated(classes: int) -> None:
    drawn = CORNERS["64_lanes"]
    made, _ = bench(drawn)
    steps = made.steps([*opened(made), *(Event(s, bits=5) for s in range(3))])
    steps.append(made.command([Event(s, Operation.CLOSE) for s in range(classes)]))
    passed = run_pysim(ClassCounter(drawn), steps).transfers
    taken = passed["rows"][-1] - passed["commands"][-classes] + 1
    assert taken == class_counter.close_cycles(drawn, classes)


def test_an_idle_counter_reads_nothing() -> None:
    dut = Counted(ClassCounter(SMALL))
    run_pysim(dut, [Step(cycles=30, reads=dict.fromkeys(dut.counters, 0))])


@pytest.mark.parametrize("size", SIZES)
def test_memories_of_the_catalogue(size: str) -> None:
    drawn = BLOCKS["class_counter"].arguments(size)["params"]
    assert shapes(class_counter.memories(drawn)) == built("class_counter", params=drawn)


def test_the_memory_of_the_reports_has_8_rows_of_1024_bits() -> None:
    drawn = BLOCKS["class_counter"].arguments("full")["params"]
    counts = class_counter.memories(drawn)[0]
    assert (counts.depth, counts.width) == (8, 1024)


@given(counters())
@settings(max_examples=4)
def test_memories_of_any_counter(drawn: ClassCounterParams) -> None:
    assert shapes(class_counter.memories(drawn)) == built("class_counter", params=drawn)
