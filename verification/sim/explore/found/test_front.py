# SPDX-License-Identifier: MIT
"""The front, the distance to it, what is recommended, and main effects."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.explore.found.front import dominates, gaps, non_dominated
from sim.explore.found.recommend import recommend
from sim.explore.found.sensitivity import main_effect, sensitivities
from sim.explore.space.objectives import Objective
from sim.explore.space.parameter import Parameter
from sim.explore.space.vary import RangeSection

ACCURACY, BITS, ENERGY = (Objective.named(name) for name in ("accuracy", "bits", "energy"))
ALL = (ACCURACY, BITS, ENERGY)

few = st.integers(0, 3).map(float)
values = st.fixed_dictionaries({"accuracy": few, "bits": few, "energy": few})


def at(accuracy: float, bits: float, energy: float = 1.0) -> dict[str, float]:
    return {"accuracy": accuracy, "bits": bits, "energy": energy}


def beats(first: Mapping[str, float], second: Mapping[str, float]) -> bool:
    signed = [
        (first["accuracy"], second["accuracy"]),
        (-first["bits"], -second["bits"]),
        (-first["energy"], -second["energy"]),
    ]
    return all(a >= b for a, b in signed) and any(a > b for a, b in signed)


@given(st.lists(values, max_size=12))
def test_front_is_what_nothing_beats(points: list[dict[str, float]]) -> None:
    wanted = [i for i, own in enumerate(points) if not any(beats(p, own) for p in points)]
    assert non_dominated(points, ALL) == wanted


@given(values, values)
def test_domination_is_of_the_better_in_one_and_no_worse_in_all(
    first: dict[str, float], second: dict[str, float]
) -> None:
    assert dominates(first, second, ALL) == beats(first, second)
    assert not (dominates(first, second, ALL) and dominates(second, first, ALL))


@given(st.lists(values, min_size=1, max_size=12))
def test_designs_of_the_front_have_no_gap_to_it(points: list[dict[str, float]]) -> None:
    for place in non_dominated(points, ALL):
        assert gaps(points[place], points, ALL) == {"accuracy": 0, "bits": 0, "energy": 0}


def test_gaps_are_what_others_that_are_as_good_elsewhere_are_better_by() -> None:
    own = at(40, 1.0, 5.0)
    others = [own, at(43, 1.0, 5.0), at(40, 0.75, 4.0), at(50, 1.1, 1.0)]
    assert gaps(own, others, ALL) == {"accuracy": 3, "bits": 0.25, "energy": 1}


@dataclass(frozen=True)
class Made:
    number: int
    values: Mapping[str, float]
    label: str = field(default="")


def made(*points: dict[str, float]) -> list[Made]:
    return [Made(i, p, f"design {i}") for i, p in enumerate(points)]


def test_the_cheapest_of_those_near_the_best_is_recommended() -> None:
    designs = made(at(50, 0.9, 10), at(49.6, 0.9, 4), at(49.4, 0.1, 1), at(60, 1.1, 1))
    found = recommend(designs, 1.0, ALL)
    assert (found.chosen, found.best) == (designs[1], designs[0])
    assert found.budget == "bits <= 1 Mb"
    assert found.sentence == (
        "For 1 Mb take design 1: 49.6 %, 0.9 Mb, 4 mJ; the most accurate, design 0, has 50 %, "
        "0.9 Mb, 10 mJ."
    )


def test_of_equal_prices_the_smaller_is_recommended_then_the_more_accurate() -> None:
    designs = made(at(50, 0.9), at(49.9, 0.8), at(50, 0.8))
    assert recommend(designs, 1.0, ALL).chosen == designs[2]
    assert recommend(designs, None, (ACCURACY, BITS)).chosen == designs[2]


def test_the_best_may_be_the_recommended_one() -> None:
    found = recommend(made(at(50, 0.9)), None, ALL)
    assert found.sentence == (
        "Within the constraints take design 0: 50 %, 0.9 Mb, 1 mJ; nothing tried is more accurate."
    )


def test_bits_are_a_price_where_no_budget_bounds_them() -> None:
    designs = [Made(0, at(40, 3.0, 1.0)), Made(1, at(40, 1.0, 1.1))]
    assert recommend(designs, 4, ALL).chosen is designs[0]
    assert recommend(designs, None, ALL).chosen is designs[1]


def test_a_budget_that_nothing_fits_has_no_recommendation() -> None:
    found = recommend(made(at(50, 0.9)), 0.25, ALL)
    assert (found.chosen, found.best) == (None, None)
    assert found.sentence == "For 0.25 Mb nothing that was tried is small enough."


def test_a_budget_is_an_exact_number_of_bits() -> None:
    assert recommend(made(at(50, 0.25)), 0.25, ALL).chosen is not None
    assert recommend(made(at(50, 0.250001)), 0.25, ALL).chosen is None


def test_main_effect_of_a_table_by_hand() -> None:
    # Between 2 * 3 * 1 = 6, within 4: epsilon squared is (6 - 1 * 4 / 4) / 10.
    values = np.array([1.0, 2.0, 3.0, 3.0, 4.0, 5.0])
    assert main_effect([0, 0, 0, 1, 1, 1], values) == pytest.approx((6 - 4 / 4) / 10)


def test_main_effect_is_all_where_groups_say_all_and_nothing_where_they_say_nothing() -> None:
    values = np.array([1.0, 1.0, 2.0, 2.0])
    assert main_effect(["a", "a", "b", "b"], values) == pytest.approx(1)
    assert main_effect(["a", "b", "a", "b"], values) == 0
    assert main_effect(["a", "a", "a", "a"], values) == 0
    assert main_effect(["a", "b", "c", "d"], values) == 0
    assert main_effect(["a", "a", "b", "b"], np.full(4, 3.0)) == 0


def test_main_effects_by_chance_are_small() -> None:
    rng = np.random.default_rng(0)
    shares = [
        main_effect(rng.integers(5, size=100).tolist(), rng.normal(size=100)) for _ in range(200)
    ]
    assert np.mean(shares) < 0.02


def test_shared_parameters_are_looked_at_within_methods() -> None:
    parameters = [
        Parameter("replay", ("a", "b")),
        Parameter("hardware.pe", (1, 2)),
        Parameter("a.k", RangeSection(low=1, high=10)),
    ]
    # Method b is 100 better, and seldom has PE = 2, which is worth 1 in both.
    trials = [
        ({"replay": m, "hardware.pe": pe, **({"a.k": i % 10 + 1} if m == "a" else {})},
         {"accuracy": 100.0 * (m == "b") + pe})
        for m, pes in (("a", [1, 2, 2, 2] * 5), ("b", [1, 1, 1, 2] * 5))
        for i, pe in enumerate(pes)
    ]  # fmt: skip
    shares = {s.parameter: s for s in sensitivities(parameters, trials, ["accuracy"])}
    assert shares["replay"].share > 0.99
    assert shares["hardware.pe"].share > 0.7
    assert shares["hardware.pe"].trials == 40
    assert shares["a.k"].trials == 20


def test_too_few_trials_tell_nothing() -> None:
    parameters = [Parameter("replay", ("a", "b"))]
    trials = [({"replay": "a"}, {"bits": 1.0})] * 7
    assert sensitivities(parameters, trials, ["bits", "accuracy"]) == []
