# SPDX-License-Identifier: MIT
"""Points of a study fall into sweeps: a line joins only points that differ in one number."""

from sim.cost.replay import Point
from sim.cost.report.study_figures import sweeps
from sim.cost.totals import Total


def point(method: str, **numbers: int) -> Point:
    energy = Total.exactly(1.0)
    label = f"{method} {numbers}"
    return Point(
        method=method, label=label, numbers=numbers, bits=1, accuracy=0.5, spread=0.0,
        learn=energy, replay=energy, answer=energy,
    )  # fmt: skip


def found(*points: Point) -> dict[str, list[str]]:
    return {s.label: [s.value(p) for p in s.points] for s in sweeps(points)}


def test_exemplars_are_joined_in_their_order() -> None:
    points = [point("latent", exemplars=e) for e in (20, 1, 5)]
    assert found(*points) == {"latent replay, E": ["E = 1", "E = 5", "E = 20"]}


def test_widths_are_joined_at_one_number_of_components_and_the_other_way_round() -> None:
    at_one = [point("gbm", components=1, width=q) for q in (8, 2, 4)]
    at_more = [point("gbm", components=k, width=4) for k in (3, 2)]
    assert found(*at_one, *at_more) == {
        "GBM, q at K = 1": ["q = 2", "q = 4", "q = 8"],
        "GBM, K at q = 4": ["K = 1", "K = 2", "K = 3"],
    }


def test_methods_are_apart_and_one_point_is_no_sweep_of_components() -> None:
    points = (point("gbm", components=1, width=4), point("likelihood", components=1, width=4))
    assert found(*points) == {"GBM, q at K = 1": ["q = 4"], "likelihood, q at K = 1": ["q = 4"]}
