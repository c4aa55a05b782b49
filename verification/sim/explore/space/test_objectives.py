# SPDX-License-Identifier: MIT
"""Objectives with their units, bounds on them, and who climbs on from a rung."""

import pytest

from sim.explore.space.objectives import NAMES, Constraint, Objective
from sim.explore.space.rungs import FidelityConfig, promising

ACCURACY, BITS = Objective.named("accuracy"), Objective.named("bits")


@pytest.mark.parametrize("name", NAMES)
def test_every_objective_has_a_label_a_unit_and_a_direction(name: str) -> None:
    objective = Objective.named(name)
    assert objective.label
    assert objective.unit
    assert objective.direction == ("maximize" if name == "accuracy" else "minimize")
    assert objective.static == (name != "accuracy")


def test_bits_are_all_that_survive_and_costs_those_to_learn_a_class_unless_said() -> None:
    scopes = [Objective.named(name).of for name in NAMES]
    assert scopes == [None, "state", "class", "learner", "class"]


def test_values_come_into_the_unit() -> None:
    assert Objective.named("bits").in_unit(2_500_000) == 2.5
    assert Objective.named("energy").in_unit(0.25) == pytest.approx(250)
    assert Objective.named("energy", "exemplar").in_unit(6.6e-9) == pytest.approx(6.6)
    assert Objective.named("area").in_unit(3e-6) == pytest.approx(3)
    assert Objective.named("latency", "exemplar").in_unit(1.1e-6) == pytest.approx(1.1)


@pytest.mark.parametrize(
    ("text", "name", "values", "excess"),
    [
        ("bits <= 1 Mb", "bits", 1.5, 0.5),
        ("bits<=500kb", "bits", 0.5, 0.0),
        ("bits <= 1e6 b", "bits", 0.25, -0.75),
        ("area <= 1 mm2", "area", 3.0, 2.0),
        ("energy <= 500 uJ", "energy", 1.0, 1.0),  # of a class, in mJ
        ("latency <= 2 s", "latency", 1000.0, -0.5),
        ("accuracy >= 40 %", "accuracy", 30.0, 0.25),
        ("accuracy >= 40 %", "accuracy", 50.0, -0.25),
    ],
)
def test_excess_is_over_the_bound(text: str, name: str, values: float, excess: float) -> None:
    constraint = Constraint.parse(text)
    assert constraint.name == name
    assert constraint.excess(values, Objective.named(name)) == pytest.approx(excess)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("bits", "must be a bound such as 'bits <= 1 Mb' or 'area <= 1 mm2', not 'bits'"),
        ("bits <= -. Mb",
         "must be a bound such as 'bits <= 1 Mb' or 'area <= 1 mm2', not 'bits <= -. Mb'"),
        ("power <= 1 mW",
         "must be a bound on one of accuracy, bits, energy, area, latency, not on 'power'"),
        ("bits <= 1 mm2", "must give bits in b or kb or Mb, not in 'mm2'"),
        ("bits <= 1e999 Mb", "must have a finite bound, not 1e999"),
        ("area <= 1", "must give area in um2 or mm2, not in ''"),
    ],
)  # fmt: skip
def test_what_is_no_bound_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match="must") as caught:
        Constraint.parse(text)
    assert str(caught.value) == message


def test_an_objective_of_something_else_is_refused() -> None:
    with pytest.raises(ValueError, match="must") as caught:
        Objective.named("area", "image")
    assert str(caught.value) == "of must be one of learner, chip, past for area, not 'image'"


FIDELITY = FidelityConfig(margin=1.0, patience=2)
OWN = {"accuracy": 40.0, "bits": 1.0}
WORSE = {"accuracy": 30.0, "bits": 0.5}


@pytest.mark.parametrize(
    ("rival", "climbs"),
    [
        ({"accuracy": 41.5, "bits": 1.0}, False),
        ({"accuracy": 41.5, "bits": 0.5}, False),
        ({"accuracy": 41.0, "bits": 0.5}, True),
        ({"accuracy": 60.0, "bits": 1.1}, True),
        ({"accuracy": 40.0, "bits": 0.1}, True),
    ],
    ids=["ahead at equal bits", "ahead in all", "within the margin", "larger", "only smaller"],
)
def test_a_design_is_left_behind_by_one_ahead_in_accuracy_that_costs_no_more(
    rival: dict[str, float], climbs: bool
) -> None:
    assert promising(OWN, [WORSE, rival], (ACCURACY, BITS), FIDELITY) == climbs


def test_no_design_is_left_behind_before_enough_rivals_are_there() -> None:
    ahead = {"accuracy": 90.0, "bits": 0.1}
    assert promising(OWN, [ahead], (ACCURACY, BITS), FIDELITY)
    assert not promising(OWN, [ahead, ahead], (ACCURACY, BITS), FIDELITY)
