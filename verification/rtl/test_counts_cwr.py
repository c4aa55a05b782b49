# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""What the unit that consolidates rows is said to hold and to do, held to the hardware."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.params import CwrParams
from rtl.catalogue import BLOCKS, SIZES
from rtl.cwr import Cwr
from sim.cost.counts import cwr, trainer
from sim.cost.counts.tally import Action, Tally
from verification.rtl.engine import PAUSES, Step
from verification.rtl.simulators import run_pysim
from verification.rtl.strobes import Counted
from verification.rtl.tallies import built, counters_of, shapes
from verification.rtl.test_cwr import CORNERS, SMALL, Bench, units


def counted(params: CwrParams, lanes: int, seed: int) -> tuple[Counted, list[Step]]:
    """Return a unit, and a bench that ends with its strobes."""
    bench, dut = Bench(params, lanes, seed), Counted(Cwr(params, lanes))
    tally, steps = cwr.clear(params, 1), []
    for most in (2, 900):
        before = bench.golden.past.copy()
        steps.append(bench.experience(most))
        classes = int((bench.golden.past > before).sum())
        means = classes if params.average == "row" else 1
        tally += cwr.add(params, lanes, classes) + cwr.mix(params, lanes, classes, means)
    return dut, [*steps, Step(cycles=5, reads=counters_of(tally, dut.counters))]


@pytest.mark.parametrize("pauses", ["flowing", "idle_stalled"])
@pytest.mark.parametrize("name", ["one_of_all", "32_bits"])
def test_strobes_are_those_counted_whatever_the_pauses(name: str, pauses: str) -> None:
    dut, steps = counted(*CORNERS[name], 0)
    assert all(steps[-1].reads.values())
    run_pysim(dut, steps, PAUSES[pauses])


@given(units(), st.integers(0, 2**32), st.sampled_from(sorted(PAUSES)))
@settings(max_examples=5)
def test_strobes_of_any_unit(drawn: tuple[CwrParams, int], seed: int, pauses: str) -> None:
    run_pysim(*counted(*drawn, seed), PAUSES[pauses])


@given(units(), st.integers(1, 4))
@settings(max_examples=8)
def test_cycles_are_those_simulated(drawn: tuple[CwrParams, int], classes: int) -> None:
    params, lanes = drawn
    classes = min(classes, params.classes)
    bench, counts = Bench(params, lanes), np.zeros(params.classes, int)
    counts[:classes] = 3
    whole = bench.weights((params.classes, params.inputs))
    steps = [Step(cycles=params.classes + 2), bench.consolidate(whole, counts.tolist())]
    passed = run_pysim(Cwr(params, lanes), steps).transfers
    means = classes if params.average == "row" else 1
    cycles = cwr.add_cycles(params, lanes, classes) + cwr.mix_cycles(params, lanes, classes, means)
    assert passed["o"][-1] - passed["commands"][0] + 1 == cycles


def test_a_unit_without_commands_does_nothing_but_clear_its_counts() -> None:
    dut = Counted(Cwr(SMALL, 4))
    cleared = counters_of(cwr.clear(SMALL, 1) + Tally(), dut.counters)
    run_pysim(dut, [Step(cycles=30, reads=cleared)])


def test_a_command_that_is_refused_reads_a_count_and_writes_none() -> None:
    bench, dut = Bench(SMALL, 4), Counted(Cwr(SMALL, 4))
    wrong = Step(inputs={"commands": [bench.command(1, 2, 3)]}, reads={"refused": 1})
    tally = cwr.clear(SMALL, 1) + cwr.refuse(SMALL, 1)
    run_pysim(dut, [wrong, Step(cycles=5, reads=counters_of(tally, dut.counters))])


@pytest.mark.parametrize("size", SIZES)
def test_memories_of_the_catalogue(size: str) -> None:
    drawn = BLOCKS["cwr"].arguments(size)
    assert shapes(cwr.memories(drawn["params"])) == built("cwr", **drawn)


def test_a_task_at_the_size_of_the_reports_takes_less_than_a_batch_for_its_rows() -> None:
    params, lanes = BLOCKS["cwr"].arguments("full").values()
    assert cwr.add_cycles(params, lanes, 10) == 10 * (1 + 8 * 65)
    # A weight takes 12 cycles: 9 digits, and 3 to take it, to round it and to move it.
    assert cwr.mix_cycles(params, lanes, 10, 1) == 10 * (76 + 8 * (64 * 12 + 2)) + 11
    assert cwr.mix(params, lanes, 10, 1)[Action("past", "write", 32)] == 10
    learned = trainer.learn_cycles(BLOCKS["trainer"].arguments("full")["params"], 128, 100)
    assert cwr.add_cycles(params, lanes, 10) + cwr.mix_cycles(params, lanes, 10, 1) < learned
