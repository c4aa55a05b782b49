# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""What the classifier by prototypes is said to hold and to do, held to the hardware."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.params import PrototypeClassifierParams
from golden.prototype_classifier import hamming_table
from rtl.catalogue import BLOCKS, SIZES
from rtl.prototype_classifier import PrototypeClassifier
from sim.cost.counts import prototype_classifier, prototypes
from sim.cost.counts.adder_tree import tree_of
from sim.cost.counts.tally import Action, Tally
from verification.rtl.engine import PAUSES, Step
from verification.rtl.simulators import cocotb_simulators, run_cocotb, run_pysim
from verification.rtl.strobes import Counted
from verification.rtl.tallies import beside_memory, counters_of, elaborated, shapes
from verification.rtl.test_prototype_classifier import CORNERS, SMALL, Bench, Reader, readers


def counted(params: PrototypeClassifierParams, seed: int) -> tuple[Counted, list[Step]]:
    """Return a classifier with its memory, and a bench that ends with its strobes."""
    bench, memory = Bench(params, seed), params.prototypes
    steps, pictures = [bench.load(hamming_table(memory.code_width))], 3
    steps.append(bench.classify(bench.pictures(2)))
    tally = prototype_classifier.load(params, params.table_rows)
    tally += prototype_classifier.classify(params, 2, classes=0, components=0)
    appended = Tally()
    while bench.memory.n_classes < memory.classes:
        free = memory.components - bench.memory.n_components
        count = bench.random.randint(1, memory.class_components)
        if count > free:
            break
        steps += [bench.append(bench.codes(count)), bench.classify(bench.pictures(pictures))]
        appended += prototypes.append(memory, count, editable=True)
        tally += prototype_classifier.classify(
            params,
            pictures,
            classes=bench.memory.n_classes,
            components=bench.memory.n_components,
        )
    dut = Counted(Reader(params))
    if bench.memory.n_classes:
        steps += [bench.remove(0), bench.classify(bench.pictures(pictures))]
        own = len(bench.codes_before)
        tally += prototype_classifier.classify(
            params,
            pictures,
            classes=bench.memory.n_classes,
            components=bench.memory.n_components - own,
        )
        appended += prototypes.remove(memory)
    whole = beside_memory(tally, appended)
    return dut, [*steps, Step(cycles=5, reads=counters_of(whole, dut.counters))]


@pytest.mark.parametrize("pauses", PAUSES)
def test_strobes_are_those_counted_whatever_the_pauses(pauses: str) -> None:
    dut, steps = counted(SMALL, 0)
    assert all(steps[-1].reads.values())
    run_pysim(dut, steps, PAUSES[pauses])


@given(readers(), st.integers(0, 2**32), st.sampled_from(sorted(PAUSES)))
@settings(max_examples=8)
def test_strobes_of_any_classifier(
    drawn: PrototypeClassifierParams, seed: int, pauses: str
) -> None:
    run_pysim(*counted(drawn, seed), PAUSES[pauses])


@pytest.mark.parametrize("simulator", cocotb_simulators())
def test_strobes_in_verilog(simulator: str) -> None:
    run_cocotb(*counted(SMALL, 1), PAUSES["idle_stalled"], simulator=simulator)


@given(readers(), st.integers(0, 3), st.integers(1, 3))
@settings(max_examples=10)
def test_cycles_are_those_simulated(
    drawn: PrototypeClassifierParams, classes: int, pictures: int
) -> None:
    bench, memory = Bench(drawn), drawn.prototypes
    steps = [bench.load(hamming_table(memory.code_width))]
    for _ in range(min(classes, memory.classes, memory.components)):
        steps.append(bench.append(bench.codes(1)))
    steps += [Step(cycles=3), bench.classify(bench.pictures(pictures))]
    passed = run_pysim(Reader(drawn), steps).transfers
    assert passed["o"][-1] - passed["i"][0] + 1 == prototype_classifier.classify_cycles(
        drawn, pictures, components=bench.memory.n_components
    )


def test_a_picture_at_the_size_of_the_reports_reads_800_rows() -> None:
    drawn = BLOCKS["prototype_classifier"].arguments("full")["params"]
    tally = prototype_classifier.classify(drawn, 1, classes=100, components=100)
    assert tally[Action("prototypes.memory", "read", 512)] == 800
    assert tally[Action("table", "read", 36)] == 800 * 64
    # 8 beats, a look-up, 800 rows of 8 turns, and 10 cycles of the last one: 3 levels of the tree
    # and 7 more.
    assert prototype_classifier.classify_cycles(drawn, 1, components=100) == 6419


@pytest.mark.parametrize(("lanes", "adders", "registers"), [(1, 0, 0), (2, 4, 5), (3, 9, 15)])
def test_a_tree_by_hand(lanes: int, adders: int, registers: int) -> None:
    tree = tree_of(lanes, 4)
    # Three lanes: one sum of 5 bits and 4 bits that are held, then a sum of 6 bits.
    assert tree == (adders, registers)


@pytest.mark.parametrize("size", SIZES)
def test_memories_of_the_catalogue(size: str) -> None:
    drawn = BLOCKS["prototype_classifier"].arguments(size)["params"]
    made = elaborated(PrototypeClassifier(drawn))
    assert shapes(prototype_classifier.memories(drawn)) == made


@pytest.mark.parametrize("name", CORNERS)
def test_memories_of_the_corners(name: str) -> None:
    made = elaborated(PrototypeClassifier(CORNERS[name]))
    assert shapes(prototype_classifier.memories(CORNERS[name])) == made


def test_an_idle_classifier_reads_nothing() -> None:
    dut = Counted(Reader(SMALL))
    run_pysim(dut, [Step(cycles=30, reads=dict.fromkeys(dut.counters, 0))])
