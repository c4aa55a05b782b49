# SPDX-License-Identifier: MIT
"""Energy against accuracy at a supply where cells fail: energies, losses and the best point."""

from dataclasses import replace
from functools import cache

import pytest

from sim.cost.assessment import Assessment
from sim.cost.configuration import load_cost
from sim.cost.failing import BEARABLE, COMPONENTS, PHASE, FailingLine, failing_lines
from sim.cost.failing_results import Loss
from sim.cost.technology.loading import load_technology
from sim.cost.technology.operating import at_voltage
from sim.learn.cells import load_cells

LOSSES = (
    Loss("prototypes", "GBM", 0.5, ((1e-4, 0.0), (0.01, 0.004), (0.1, 0.1))),
    Loss("weights", "GBM", 0.5, ((1e-4, 0.0), (0.01, 0.01))),
)


@cache
def assessment() -> Assessment:
    return Assessment(config=load_cost("reference"), technology=load_technology("cmos28"))


@cache
def lines() -> dict[str, FailingLine]:
    found = failing_lines(assessment(), LOSSES, load_cells("dpcs-45nm"))
    return {line.name: line for line in found}


def test_the_first_point_is_the_chip_as_it_is() -> None:
    for line in lines().values():
        first = line.points[0]
        assert (first.voltage, first.share, first.lost) == (0.9, 0, 0)
        assert first.energy == assessment().phase(PHASE).bill.total
    own = assessment().phase(PHASE).bill.by_component()
    assert lines()["weights"].points[0].memory == own[COMPONENTS["weights"]]


@pytest.mark.parametrize("name", ["prototypes", "weights", "both"])
def test_only_the_memories_gain_by_a_lower_supply(name: str) -> None:
    line = lines()[name]
    point = next(p for p in line.points if p.voltage == 0.6)
    low = at_voltage(assessment().technology, 0.6)
    there = Assessment(config=assessment().config, technology=low).phase(PHASE).bill
    members = [COMPONENTS[w] for w in COMPONENTS if name in ("both", w)]
    own = sum(there.by_component()[member].nominal for member in members)
    assert point.memory.nominal == pytest.approx(own)
    saved = line.points[0].memory.nominal - own
    # What leaks less is a thousandth of it.
    left = line.points[0].energy.nominal - saved
    assert point.energy.nominal == pytest.approx(left, rel=1e-3)
    assert point.energy.nominal <= left * (1 + 1e-12)


def test_supplies_fall_to_the_last_that_is_known() -> None:
    cells = load_cells("dpcs-45nm")
    for line in lines().values():
        volts = [p.voltage for p in line.points]
        assert volts == sorted(volts, reverse=True)
        assert [p.share for p in line.points[1:]] == [cells.share(v) for v in volts[1:]]
    assert lines()["prototypes"].points[-1].voltage == 0.4
    # Weights were tried up to a share of 0.01, which is reached above 0.42 V.
    assert cells.share(lines()["weights"].points[-1].voltage) <= 0.01
    assert lines()["weights"].points[-1].voltage == lines()["both"].points[-1].voltage > 0.42


def test_both_lose_the_sum() -> None:
    each = zip(*(lines()[n].points for n in ("prototypes", "weights", "both")), strict=False)
    for one, other, both in each:
        assert both.lost == pytest.approx(one.lost + other.lost)


def test_the_best_point_has_the_least_energy_of_those_that_lose_little() -> None:
    for line in lines().values():
        best = line.best
        assert best.lost <= BEARABLE
        cheaper = [p for p in line.points if p.energy.nominal < best.energy.nominal]
        assert cheaper
        assert all(p.lost > BEARABLE for p in cheaper)


def test_one_memory_alone_has_one_line() -> None:
    (line,) = failing_lines(assessment(), LOSSES[1:], load_cells("virtex7-28nm"))
    assert line.name == "weights"
    assert line.points[-1].voltage == 0.54


def test_a_technology_without_a_supply_is_refused() -> None:
    technology = replace(assessment().technology, voltage=None, memory_voltage=None)
    with pytest.raises(ValueError, match="cmos28 states no supply to scale from"):
        failing_lines(replace(assessment(), technology=technology), LOSSES, load_cells("dpcs-45nm"))
