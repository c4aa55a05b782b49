# SPDX-License-Identifier: MIT
"""The rule that chooses parameters within a budget, on numbers made by hand."""

from sim.compare.choice import Candidate, choose
from sim.measure.ledger import fits
from sim.replay import SOURCES
from sim.study.methods import Method


def candidate(replay: str, bits: int, *accuracies: float, **params: int) -> Candidate:
    method = Method(replay, SOURCES[replay].Params.model_validate(params), 0)
    return Candidate(method, bits, accuracies)


SMALL = candidate("latent", 400_000, 0.3, exemplars=1)
MIDDLE = candidate("latent", 500_000, 0.5, exemplars=2)
LARGE = candidate("latent", 900_000, 0.4, exemplars=3)
OTHER = candidate("gbm", 500_001, 0.2)


def chosen(candidates: list[Candidate], budgets: list[float]) -> list[tuple[float, Candidate]]:
    return [(choice.budget, choice.candidate) for choice in choose(candidates, budgets)]


def test_best_within_the_budget_is_chosen_in_every_family() -> None:
    assert chosen([SMALL, MIDDLE, OTHER, LARGE], [0.45, 0.5, 1]) == [
        (0.45, SMALL),
        (0.5, MIDDLE),
        (1, MIDDLE),
        (1, OTHER),
    ]


def test_family_with_nothing_so_small_has_no_choice() -> None:
    assert chosen([MIDDLE, OTHER], [0.1]) == []


def test_of_equal_candidates_the_smaller_is_chosen_then_the_first() -> None:
    twin = candidate("latent", 400_000, 0.5, exemplars=8)
    again = candidate("latent", 400_000, 0.5, exemplars=9)
    assert chosen([MIDDLE, twin, again], [1]) == [(1, twin)]


def test_accuracy_is_the_mean_over_the_seeds() -> None:
    steady = candidate("latent", 100, 0.5, 0.5, exemplars=8)
    lucky = candidate("latent", 100, 0.9, 0.0, exemplars=9)
    assert chosen([lucky, steady], [1]) == [(1, steady)]


def test_budget_is_an_exact_number_of_bits() -> None:
    assert fits(100_000, 0.1)
    assert not fits(100_001, 0.1)
    assert fits(300_000, 0.3)
