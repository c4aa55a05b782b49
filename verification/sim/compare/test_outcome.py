# SPDX-License-Identifier: MIT
"""What a comparison says: areas, who is ahead and the one sentence, on numbers made by hand."""

from typing import Any

import numpy as np
import pytest
from matplotlib.lines import Line2D

from sim.compare.choice import Candidate, Choice
from sim.compare.figure import accuracy_by_budget
from sim.compare.outcome import Outcome
from sim.replay import SOURCES
from sim.report.spread import Spread
from sim.study.config import Covers
from sim.study.methods import Method
from sim.study.report.groups import group_runs

BUDGETS = (0.1, 1.0, 10.0)
Table = dict[str, dict[float, list[float]]]


def outcome(
    table: Table, budgets: tuple[float, ...] = BUDGETS, covers: Covers = "memory"
) -> Outcome:
    """Return the outcome of accuracies, one a seed, by family and budget."""
    choices, runs = [], []
    for family, rows in table.items():
        for place, (budget, accuracies) in enumerate(rows.items()):
            key = "exemplars" if family == "latent" else "components"
            params = SOURCES[family].Params.model_validate({key: place + 1})
            method = Method(family, params, 0)
            choices.append(Choice(budget, Candidate(method, int(budget * 1e6), (0.5,))))
            bits = choices[-1].candidate.bits
            runs += [_run(method, bits, seed, a) for seed, a in enumerate(accuracies)]
    return Outcome.of(budgets, choices, [], group_runs(runs), covers)


def _run(method: Method, bits: int, seed: int, accuracy: float) -> dict[str, Any]:
    return {
        "method": method.replay,
        "label": method.label,
        "parameters": method.params.model_dump(),
        "increment": None,
        "seed": seed,
        "bits_full": 20_000_000,
        "bits_memory": bits,
        "average_incremental": accuracy,
    }


def mean_and_deviation(spread: Spread | None) -> tuple[float, float | None]:
    assert spread is not None
    return spread.mean, spread.deviation


LATENT = {0.1: [0.2, 0.2], 1.0: [0.4, 0.4], 10.0: [0.6, 0.6]}
CLEAR = {0.1: [0.3, 0.3], 1.0: [0.41, 0.43], 10.0: [0.6, 0.6]}


def test_area_is_the_mean_accuracy_over_the_logarithm_of_the_budgets() -> None:
    found = outcome({"latent": {0.1: [0.2], 1.0: [0.4], 10.0: [0.8]}})
    # Two trapezoids of width 1: 0.3 and 0.6, over a width of 2.
    assert mean_and_deviation(found.area("latent")) == (pytest.approx(0.45), None)
    assert found.whole("latent")


def test_area_has_a_spread_over_the_seeds() -> None:
    found = outcome({"latent": {0.1: [0.2, 0.4], 1.0: [0.4, 0.6], 10.0: [0.6, 0.8]}})
    assert mean_and_deviation(found.area("latent")) == pytest.approx((0.5, 0.02**0.5))


def test_area_of_a_family_that_begins_late_is_over_its_own_budgets() -> None:
    found = outcome({"latent": LATENT, "gbm": {1.0: [0.3, 0.3], 10.0: [0.5, 0.5]}})
    assert mean_and_deviation(found.area("gbm")) == pytest.approx((0.4, 0.0))
    assert not found.whole("gbm")


def test_single_budget_has_no_area() -> None:
    assert outcome({"latent": {10.0: [0.5]}}).area("latent") is None


def test_leader_leads_by_more_than_chance() -> None:
    found = outcome({"latent": LATENT, "gbm": CLEAR})
    assert found.leader(0.1) == "gbm"
    # Leads of 0.01 and 0.03: t = 2 is below its quantile of 12.7.
    assert found.leader(1.0) is None
    assert found.leader(10.0) is None


def test_a_third_run_may_make_a_lead_clear() -> None:
    # Leads of 0.02, 0.03 and 0.04: t = 5.2 is above 4.3. With one of 0.00 instead, t = 2.
    for third, leader in ((0.54, "gbm"), (0.50, None)):
        table = {"latent": {1.0: [0.5] * 3}, "gbm": {1.0: [0.52, 0.53, third]}}
        assert outcome(table, (1.0,)).leader(1.0) == leader


def test_leader_must_be_ahead_of_every_family_and_not_of_the_second_alone() -> None:
    rows = {1.0: [0.52, 0.52]}
    # The third family's mean is the lowest, but its seeds differ so much that it may be as good.
    table = {"latent": rows, "gbm": {1.0: [0.51, 0.51]}, "hamming": {1.0: [0.3, 0.54]}}
    assert outcome(table, (1.0,)).leader(1.0) is None


def test_family_alone_at_a_budget_leads_nobody() -> None:
    found = outcome({"latent": LATENT, "gbm": {10.0: [0.9, 0.9]}})
    assert [found.leader(budget) for budget in BUDGETS] == [None, None, "gbm"]


def test_head_is_what_is_left_of_all_bits() -> None:
    assert [row.head_bits for row in outcome({"latent": LATENT}).rows] == [
        19_900_000,
        19_000_000,
        10_000_000,
    ]


def test_sentence_follows_from_the_numbers() -> None:
    assert outcome({"latent": LATENT, "gbm": CLEAR}).verdict == (
        "At equal bits of the memory of the past, classifiers of 10.0 to 19.9 Mb apart, the most "
        "accurate family is latent at 1 budget (10 Mb) and gbm at 2 budgets (0.1 and 1 Mb); one is "
        "ahead of every other (p < 0.05, paired t-test over 2 runs) at 1 budget (0.1 Mb); of the "
        "families that have a memory at every budget, gbm has the largest area, 43.5 ± 0.7 %, "
        "before latent, 40.0 ± 0.0 %."
    )


def test_sentence_of_budgets_for_all_state_leaves_nothing_apart() -> None:
    found = outcome({"latent": {1.0: [0.4]}, "gbm": {1.0: [0.5]}}, (1.0,), "all")
    assert found.verdict == (
        "At equal bits of all state that survives between tasks, the most accurate family is gbm "
        "at 1 budget (1 Mb); one is ahead of every other on a single seed at 1 budget (1 Mb)."
    )


def test_sentence_of_a_single_seed_and_budget_says_so() -> None:
    found = outcome({"latent": {1.0: [0.4]}, "gbm": {1.0: [0.5]}}, (1.0,))
    assert found.verdict == (
        "At equal bits of the memory of the past, classifiers of 19.0 Mb apart, the most accurate "
        "family is gbm at 1 budget (1 Mb); one is ahead of every other on a single seed at 1 "
        "budget (1 Mb)."
    )


def test_sentence_says_where_nobody_is_ahead() -> None:
    even = {"latent": {1.0: [0.4, 0.5]}, "gbm": {1.0: [0.42, 0.49]}, "hamming": {0.1: [0.3, 0.3]}}
    assert outcome(even, (0.1, 1.0), "all").verdict == (
        "At equal bits of all state that survives between tasks, the most accurate family is gbm "
        "at 1 budget (1 Mb); one is ahead of every other (p < 0.05, paired t-test over 2 runs) at "
        "no budget."
    )


def test_sentence_of_a_single_family_compares_nothing() -> None:
    found = outcome({"latent": LATENT})
    assert found.verdict == "Nothing can be compared: latent is the only family here."


def points(line: Line2D) -> list[list[float]]:
    return np.asarray(line.get_xydata()).tolist()


def test_figure_joins_chosen_memories_by_their_bits_and_goes_on_to_the_largest_budget() -> None:
    upper, lower = accuracy_by_budget(outcome({"latent": LATENT, "gbm": {0.1: [0.3, 0.3]}})).axes
    places = {str(bars.get_label()): points(bars[0]) for bars in lower.containers}
    assert places["latent"] == [[0.1, 20], [1, pytest.approx(40)], [10, 60]]
    assert places["gbm"] == [[0.1, 30]]
    onwards = [points(line) for line in lower.lines if line.get_linestyle() == ":"]
    assert [[0.1, 30], [10, 30]] in onwards
    low, high = upper.get_ylim()
    assert low < 60 < high < 61
