# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""What the hidden layer of a trainer is said to hold and to do, held to the hardware."""

import pytest

from rtl.hidden_layer import HiddenLayer
from sim.cost.counts import hidden_layer
from verification.rtl.engine import PAUSES, Step
from verification.rtl.simulators import run_pysim
from verification.rtl.strobes import Counted
from verification.rtl.tallies import counters_of, elaborated, shapes
from verification.rtl.test_hidden_layer import CORNERS, SMALL, Bench


@pytest.mark.parametrize("pauses", ["flowing", "idle_stalled"])
@pytest.mark.parametrize("name", CORNERS)
def test_strobes_are_those_counted_whatever_the_pauses(name: str, pauses: str) -> None:
    params, dut = CORNERS[name], Counted(HiddenLayer(CORNERS[name]))
    bench = Bench(params)
    steps = [bench.write(), bench.show(bench.exemplars(3))]
    rows = hidden_layer.rows(params)
    tally = hidden_layer.write_rows(params, rows) + hidden_layer.pass_on(params, 3)
    reads = counters_of(tally, dut.counters)
    assert all(reads.values())
    run_pysim(dut, [*steps, Step(cycles=5, reads=reads)], PAUSES[pauses])


@pytest.mark.parametrize("name", CORNERS)
def test_memories_and_cycles_are_those_of_the_hardware(name: str) -> None:
    params, dut = CORNERS[name], HiddenLayer(CORNERS[name])
    assert shapes(hidden_layer.memories(params)) == elaborated(dut)
    assert hidden_layer.latency(params) == dut.latency
    assert hidden_layer.interval(params) == dut.interval


def test_a_trainer_without_a_hidden_layer_has_none_of_it() -> None:
    params = SMALL.without_hidden
    assert hidden_layer.memories(params) == ()
    assert not hidden_layer.pass_on(params, 3)
    assert hidden_layer.rows(params) == 0
