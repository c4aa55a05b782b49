# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""What the low-rank discriminant is said to hold and to do, held to the hardware."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.params import LowRankParams
from rtl.catalogue import BLOCKS, SIZES
from rtl.low_rank import LowRank
from sim.cost.counts import low_rank, prototypes
from sim.cost.counts.tally import Action, Tally
from verification.rtl.engine import PAUSES, Step
from verification.rtl.simulators import run_pysim
from verification.rtl.strobes import Counted
from verification.rtl.tallies import beside_memory, counters_of, elaborated, shapes
from verification.rtl.test_low_rank import CORNERS, SMALL, Bench, LowRankReader, readers


def counted(params: LowRankParams, seed: int) -> tuple[Counted, list[Step]]:
    """Return a discriminant with its memory, and a bench that ends with its strobes."""
    bench, memory, pictures = Bench(params, seed), params.prototypes, 3
    steps = [bench.metric(), bench.classify(bench.pictures(2))]
    tally = low_rank.load(params) + low_rank.classify(params, 2, classes=0, components=0)
    appended = Tally()
    while bench.memory.n_classes < memory.classes:
        count = bench.random.randint(1, memory.class_components)
        if count > memory.components - bench.memory.n_components:
            break
        steps += [*bench.grow(count), bench.classify(bench.pictures(pictures))]
        appended += prototypes.append(memory, count, editable=True)
        tally += low_rank.project(params, classes=1, components=count)
        tally += low_rank.classify(
            params,
            pictures,
            classes=bench.memory.n_classes,
            components=bench.memory.n_components,
        )
    dut = Counted(LowRankReader(params))
    if bench.memory.n_classes:
        steps += [bench.remove(0), bench.projected([0]), bench.classify(bench.pictures(pictures))]
        own = len(bench.codes_before)
        tally += low_rank.project(params, classes=1, components=0)
        tally += low_rank.classify(
            params,
            pictures,
            classes=bench.memory.n_classes,
            components=bench.memory.n_components - own,
        )
        appended += prototypes.remove(memory)
    whole = beside_memory(tally, appended)
    return dut, [*steps, Step(cycles=5, reads=counters_of(whole, dut.counters))]


@pytest.mark.parametrize("pauses", ["flowing", "idle_stalled"])
@pytest.mark.parametrize("name", ["one_bit", "more_rows_than_directions"])
def test_strobes_are_those_counted_whatever_the_pauses(name: str, pauses: str) -> None:
    dut, steps = counted(CORNERS[name], 0)
    assert all(steps[-1].reads.values())
    run_pysim(dut, steps, PAUSES[pauses])


@given(readers(), st.integers(0, 2**32), st.sampled_from(sorted(PAUSES)))
@settings(max_examples=6)
def test_strobes_of_any_discriminant(drawn: LowRankParams, seed: int, pauses: str) -> None:
    run_pysim(*counted(drawn, seed), PAUSES[pauses])


@given(readers(), st.integers(0, 3), st.integers(1, 3))
@settings(max_examples=8)
def test_cycles_are_those_simulated(drawn: LowRankParams, classes: int, pictures: int) -> None:
    bench, memory = Bench(drawn), drawn.prototypes
    steps = [bench.metric()]
    for _ in range(min(classes, memory.classes, memory.components)):
        steps.append(bench.append(bench.codes(1)))
    there = list(range(bench.memory.n_classes))
    # The first picture comes when the last class has been projected.
    steps += [bench.projected(there), bench.classify(bench.pictures(1))]
    steps.append(bench.classify(bench.pictures(pictures)))
    passed = run_pysim(LowRankReader(drawn), steps).transfers
    first = passed["i"][memory.beats]
    assert passed["o"][-1] - first + 1 == low_rank.classify_cycles(
        drawn, pictures, components=len(there)
    )
    for one, other in zip(passed["project"], passed["project"][1:], strict=False):
        assert other - one == low_rank.project_cycles(drawn, 1)


@pytest.mark.parametrize("removed", [1, 2])
def test_cycles_with_removed_classes_are_those_simulated(removed: int) -> None:
    bench = Bench(SMALL)
    steps = [bench.metric(), *bench.grow(2), *bench.grow(1), *bench.grow(1)]
    steps.append(bench.classify(bench.pictures(1)))  # all classes have been projected
    steps += [bench.remove(label) for label in range(1, 1 + removed)]
    steps.append(bench.classify(bench.pictures(2)))
    passed = run_pysim(LowRankReader(SMALL), steps).transfers
    assert passed["o"][-1] - passed["i"][3] + 1 == low_rank.classify_cycles(
        SMALL, 2, components=4 - removed, removed=removed
    )


def test_a_picture_at_the_size_of_the_reports() -> None:
    drawn = BLOCKS["low_rank"].arguments("full")["params"]
    tally = low_rank.classify(drawn, 1, classes=100, components=100)
    assert tally[Action("prototypes.memory", "read", 512)] == 800
    assert tally[Action("projections", "read", 21)] == tally[Action("factors", "read", 8)] == 3200
    assert tally[Action("basis", "read", 256)] == 32 * 8
    # 8 beats, 33 directions of 8 rows, 100 components of 32 directions; 12 stages, each twice.
    assert low_rank.classify_cycles(drawn, 1, components=100) == 8 + 264 + 12 + 1 + 3200 + 12 + 1
    assert low_rank.project_cycles(drawn, 1) == 2 + 33 * 8 * 9 + 12


@pytest.mark.parametrize("size", SIZES)
def test_memories_of_the_catalogue(size: str) -> None:
    drawn = BLOCKS["low_rank"].arguments(size)["params"]
    assert shapes(low_rank.memories(drawn)) == elaborated(LowRank(drawn))


@pytest.mark.parametrize("name", CORNERS)
def test_memories_of_the_corners(name: str) -> None:
    assert shapes(low_rank.memories(CORNERS[name])) == elaborated(LowRank(CORNERS[name]))


def test_an_idle_discriminant_reads_nothing() -> None:
    dut = Counted(LowRankReader(SMALL))
    run_pysim(dut, [Step(cycles=30, reads=dict.fromkeys(dut.counters, 0))])
