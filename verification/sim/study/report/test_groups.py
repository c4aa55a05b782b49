# SPDX-License-Identifier: MIT
"""Memories compared at equal bits, on numbers worked out by hand."""

from typing import Any

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from sim.replay import SOURCES
from sim.replay.gbm import GbmParams
from sim.report.spread import Spread
from sim.study.report.groups import compare_at_equal_bits, group_runs, plain_or_all, verdict


def run(method: str, label: str, bits: int, accuracy: float, seed: int) -> dict[str, Any]:
    return {
        "method": method,
        "parameters": {"bits": bits},
        "label": label,
        "increment": None,
        "bits_paper": bits,
        "average_incremental": accuracy,
        "seed": seed,
    }


LATENT = [
    run("latent", "E = 1", 100, 0.50, 0),
    run("latent", "E = 1", 100, 0.52, 1),
    run("latent", "E = 10", 1000, 0.70, 0),
    run("latent", "E = 10", 1000, 0.72, 1),
]


def test_spread_is_the_sample_standard_deviation() -> None:
    assert Spread.of([1.0, 2.0, 3.0]) == Spread(2.0, 1.0, 3)
    assert Spread(0.5, 0.01, 3).percent() == "50.0 ± 1.0"
    assert Spread(0.5, 0.01, 3).points() == "+50.0 ± 1.0"


@pytest.mark.parametrize(
    ("values", "clear"),
    [
        # Two-sided quantiles of Student's t at 95 %: 12.706 of one degree of freedom, 4.303 of two.
        ([1.0, 1.17], True),  # t = 12.76
        ([1.0, 1.18], False),  # t = 12.11
        ([-0.43, -0.43 * 1.5, -0.43 * 2], True),  # t = -5.2
        ([0.5, 1.0, 1.5], False),  # t = 3.46
        ([2.0, 2.0], True),
        ([0.0, 0.0], False),
        ([0.1], True),
        ([0.0], False),
    ],
)
def test_a_mean_is_clear_if_its_interval_leaves_out_zero(values: list[float], clear: bool) -> None:
    assert Spread.of(values).clear == clear
    if len(values) > 1 and np.std(values):
        chance = np.array(ttest_1samp(values, 0))[1]
        assert (chance < 0.05) == clear


def test_single_seed_has_no_spread() -> None:
    assert Spread.of([0.4]) == Spread(0.4, None, 1)
    assert Spread.of([0.4]).percent() == "40.0"


def test_latent_replay_is_interpolated_over_the_logarithm_of_the_bits() -> None:
    bits = 316  # half way between 100 and 1000
    gbm = [run("gbm", "GBM", bits, 0.64, 0), run("gbm", "GBM", bits, 0.66, 1)]
    (comparison,) = compare_at_equal_bits(group_runs(LATENT + gbm))
    assert comparison.reference.mean == pytest.approx(0.61, abs=1e-3)
    assert comparison.gain.mean == pytest.approx(0.04, abs=1e-3)
    assert comparison.gain.deviation == pytest.approx(0.0, abs=1e-9)
    # 0.65 lies at 0.7 of the way from 0.51 to 0.71: 100 * 10**0.7 = 501 bits.
    assert comparison.bits_factor == pytest.approx(501.2 / 316, rel=1e-3)
    assert comparison.outcome == "ahead"


def test_memory_above_the_whole_curve_has_no_factor() -> None:
    gbm = [run("gbm", "GBM", 500, 0.9, s) for s in (0, 1)]
    (comparison,) = compare_at_equal_bits(group_runs(LATENT + gbm))
    assert comparison.bits_factor is None


@pytest.mark.parametrize("bits", [99, 1001])
def test_memory_outside_the_sizes_of_latent_replay_is_not_compared(bits: int) -> None:
    gbm = [run("gbm", "GBM", bits, 0.9, s) for s in (0, 1)]
    assert compare_at_equal_bits(group_runs(LATENT + gbm)) == []


@pytest.mark.parametrize(("accuracy", "outcome"), [(0.60, "ahead"), (0.40, "behind")])
def test_one_size_of_latent_replay_is_compared_at_its_own_bits(
    accuracy: float, outcome: str
) -> None:
    gbm = [run("gbm", "GBM", 100, accuracy + 0.02 * s, s) for s in (0, 1)]
    (comparison,) = compare_at_equal_bits(group_runs(LATENT[:2] + gbm))
    assert comparison.reference.mean == pytest.approx(0.51)
    assert comparison.gain.mean == pytest.approx(accuracy - 0.50)
    assert comparison.outcome == outcome


@pytest.mark.parametrize("bits", [99, 101])
def test_one_size_of_latent_replay_says_nothing_of_other_bits(bits: int) -> None:
    gbm = [run("gbm", "GBM", bits, 0.6, s) for s in (0, 1)]
    assert compare_at_equal_bits(group_runs(LATENT[:2] + gbm)) == []


def test_verdict_counts_wins_and_names_the_best() -> None:
    gbm = [
        *(run("gbm", "GBM q = 1", 100, 0.40 + 0.02 * s, s) for s in (0, 1)),
        *(run("gbm", "GBM q = 2", 316, 0.64 - 0.02 * s, s) for s in (0, 1)),
        *(run("gbm", "GBM q = 8", 1000, 0.80 + 0.02 * s, s) for s in (0, 1)),
    ]
    sentence = verdict(compare_at_equal_bits(group_runs(LATENT + gbm)))
    assert sentence == (
        "At equal bits, as the papers count them, Generative Binary Memory is ahead of latent "
        "replay at 1 of the 3 memories compared, behind at 1 and even (p > 0.05, paired t-test "
        "over runs) at 1; the best, GBM q = 8, reaches 81.0 ± 1.4 % average incremental accuracy "
        "in 1.0 kb, +10.0 ± 0.0 points on latent replay of that size and more than the largest "
        "latent replay tried."
    )


@pytest.mark.parametrize(
    ("accuracies", "outcome"),
    [
        # Gains of 0.02 and 0.02, or of -0.03 and -0.04, whose t is 7 below its quantile of 12.7.
        ((0.52, 0.54), "ahead"),
        ((0.47, 0.48), "even"),
        ((0.40, 0.42), "behind"),
        ((0.51,), "ahead"),
    ],
)
def test_gain_that_may_be_chance_is_even(accuracies: tuple[float, ...], outcome: str) -> None:
    seeds = range(len(accuracies))
    latent = [r for r in LATENT if r["seed"] in seeds]
    gbm = [run("gbm", "GBM", 100, accuracies[s], s) for s in seeds]
    (comparison,) = compare_at_equal_bits(group_runs(latent + gbm))
    assert comparison.outcome == outcome


def test_methods_with_other_parameters_are_never_one_group() -> None:
    runs = [run("gbm", "GBM", 10, 0.4, 0), run("gbm", "GBM", 20, 0.5, 0)]
    assert [len(group.runs) for group in group_runs(runs)] == [1, 1]


def test_verdict_on_one_seed_says_so() -> None:
    runs = [r for r in LATENT if r["seed"] == 0] + [run("gbm", "GBM q = 8", 1000, 0.80, 0)]
    sentence = verdict(compare_at_equal_bits(group_runs(runs)))
    assert sentence.startswith("On a single seed, at equal bits, as the papers count them")
    assert "t-test" not in sentence


def test_best_variant_of_latent_replay_is_what_counts() -> None:
    variant = [
        {**run("latent", "E = 1, requests = uniform", 100, 0.60, s), "parameters": {"v": 2}}
        for s in (0, 1)
    ]
    gbm = [run("gbm", "GBM", 100, 0.55, s) for s in (0, 1)]
    (comparison,) = compare_at_equal_bits(group_runs(LATENT + variant + gbm))
    assert comparison.reference.mean == pytest.approx(0.60)


@pytest.mark.parametrize("source", sorted({*SOURCES} - {"latent", "joint", "none"}))
def test_every_source_is_compared_and_gets_a_sentence(source: str) -> None:
    memory = [run(source, "M", 100, 0.60 + 0.02 * s, s) for s in (0, 1)]
    comparisons = compare_at_equal_bits(group_runs(LATENT + memory))
    assert [c.group.replay for c in comparisons] == [source]
    named = SOURCES[source].called
    assert f"{named} is ahead of latent replay at 1 of the 1 memories" in verdict(comparisons)


@pytest.mark.parametrize("source", ["latent", "joint", "none"])
def test_bounds_and_latent_replay_itself_are_not_compared(source: str) -> None:
    other = [run(source, "X", 500, 0.60, s) for s in (0, 1)]
    assert compare_at_equal_bits(group_runs(LATENT + other)) == []


def test_a_second_source_gets_a_sentence_of_its_own() -> None:
    runs = [run("gbm", "GBM", 100, 0.60, s) for s in (0, 1)]
    runs += [run("hamming", "nearest", 1000, 0.60 + 0.02 * s, s) for s in (0, 1)]
    _, second = verdict(compare_at_equal_bits(group_runs(LATENT + runs))).split(". ")
    assert second == (
        "The nearest prototype is ahead at 0 of 1, behind at 1 and even at 0; the best, nearest, "
        "reaches 61.0 ± 1.4 % average incremental accuracy in 1.0 kb, -10.0 ± 0.0 points on latent "
        "replay of that size and as much as latent replay with 0.3 times the bits."
    )


def test_verdict_without_a_comparison_is_empty() -> None:
    assert verdict(compare_at_equal_bits(group_runs(LATENT))) == ""


def test_variants_and_own_tasks_are_not_plain() -> None:
    def gbm(label: str, **params: Any) -> dict[str, Any]:
        values = GbmParams.model_validate(params).model_dump()
        return {**run("gbm", label, 100, 0.5, 0), "parameters": values}

    runs = [
        gbm("GBM K = 1, q = 8"),
        gbm("GBM K = 1, q = 8, mode = serial", mode="serial"),
        {**gbm("GBM K = 1, q = 8, 10 classes a task"), "increment": 10},
    ]
    groups = group_runs(runs)
    assert [group.variant for group in groups] == ["", ", mode = serial", ", 10 classes a task"]
    assert plain_or_all(groups) == groups[:1]
    assert plain_or_all(groups[1:]) == groups[1:2]


def test_methods_in_tasks_of_their_own_are_compared_among_themselves() -> None:
    own = [{**r, "increment": 10, "average_incremental": 0.9} for r in LATENT]
    gbm = [run("gbm", "GBM", 500, 0.8, s) for s in (0, 1)]
    (comparison,) = compare_at_equal_bits(group_runs(LATENT + own + gbm))
    assert comparison.gain.mean > 0
