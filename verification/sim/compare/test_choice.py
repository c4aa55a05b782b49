# SPDX-License-Identifier: MIT
"""The rule that chooses parameters within a budget, on numbers made by hand."""

import numpy as np
import pytest

from golden.bits import pack
from sim.compare.choice import Candidate, bits_of, choose
from sim.learn.sections import HeadConfig, IntegerHeadConfig
from sim.measure.ledger import fits
from sim.replay import SOURCES, ReplayContext
from sim.study.config import CompareConfig, load_config
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


def test_bits_are_those_of_the_whole_ledger_at_all_classes() -> None:
    latent = candidate("latent", 0, exemplars=3).method
    # Exemplars, labels of 7 bits, counters of 16, a pointer of 7 bits, two streams of 64.
    assert bits_of(latent, 512, 100) == 300 * (512 + 7) + 100 * 16 + 7 + 128


def test_bits_of_all_state_are_those_of_memory_and_classifier() -> None:
    integer = IntegerHeadConfig(kind="integer")
    latent, own = candidate("latent", 0, exemplars=3).method, candidate("ncm", 0).method
    head = 100 * 512 * 8 + 64  # q_b = 8, and the stream that rounds
    assert bits_of(latent, 512, 100, integer) == bits_of(latent, 512, 100) + head
    binary = HeadConfig(hidden=0)
    assert bits_of(latent, 512, 100, binary) == bits_of(latent, 512, 100) + 2 * 100 * 512 * 32
    # A method that trains no head has none to keep, and one with a classifier of its own has that.
    assert bits_of(own, 512, 100, integer) == bits_of(own, 512, 100)
    cwr = candidate("cwr", 0, exemplars=0, hidden=0, q_b_non_binary=16).method
    assert bits_of(cwr, 512, 100) == 0
    assert bits_of(cwr, 512, 100, integer) == 100 * 512 * 16 + 100 * 32 + 64


def grids() -> dict[str, Method]:
    """Return the first candidate of every family of the built-in comparison."""
    config = load_config("compare")[0]
    assert isinstance(config, CompareConfig)
    return {m.replay: m for m in reversed(config.expanded_methods())}


@pytest.mark.parametrize("family", grids())
def test_bits_are_known_before_anything_is_learnt(family: str) -> None:
    method = grids()[family]
    rng = np.random.default_rng(0)
    source = method.source(ReplayContext(features=64, classes=4, seed=0))
    for first in (0, 2):
        labels = np.repeat([first, first + 1], 60)
        exemplars = pack(rng.random((120, 64)) < 0.5)
        source.begin(exemplars, labels)
        source.learn(exemplars, labels, rng)
    assert source.ledger().bits_full == bits_of(method, 64, 4)
