# SPDX-License-Identifier: MIT
"""Memories compared with exemplars at equal bits, on numbers worked out by hand."""

from typing import Any

import pytest

from sim.replay import SOURCES
from sim.study.report.equal_bits import Verdict, compare_at_equal_bits
from sim.study.report.groups import group_runs

NOT_COMPARED = {"latent", "herded", "joint", "logistic", "none"}


def run(method: str, label: str, bits: int, accuracy: float, seed: int) -> dict[str, Any]:
    return {
        "method": method,
        "parameters": {"bits": bits},
        "label": label,
        "increment": None,
        "bits_paper": 7,
        "bits_full": bits,
        "average_incremental": accuracy,
        "seed": seed,
    }


LATENT = [
    run("latent", "E = 1", 100, 0.50, 0),
    run("latent", "E = 1", 100, 0.52, 1),
    run("latent", "E = 10", 1000, 0.70, 0),
    run("latent", "E = 10", 1000, 0.72, 1),
]


def verdict(runs: list[dict[str, Any]]) -> str:
    return " ".join(Verdict(group_runs(runs)).sentences)


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
    assert verdict(LATENT + gbm) == (
        "At equal bits of all state that survives between tasks, Generative Binary Memory is ahead "
        "of latent replay at 1 of the 3 memories compared, behind at 1 and even (p > 0.05, paired "
        "t-test over runs) at 1; the best, GBM q = 8, reaches 81.0 ± 1.4 % average incremental "
        "accuracy in 1.0 kb, +10.0 ± 0.0 points on latent replay of as many bits and more than the "
        "most latent replay tried."
    )


def test_the_better_of_two_rivals_counts_at_each_size() -> None:
    herded = [
        run("herded", f"H {b}", b, a, s) for b, a in ((200, 0.8), (1000, 0.6)) for s in (0, 1)
    ]
    gbm = [run("gbm", f"GBM {b}", b, 0.7, s) for b in (100, 200, 1000) for s in (0, 1)]
    found = compare_at_equal_bits(group_runs(LATENT + herded + gbm))
    assert [c.rival for c in found] == ["latent", "herded", "latent"]
    assert [c.reference.mean for c in found] == pytest.approx([0.51, 0.8, 0.71])
    assert "the best of latent replay and replay of herded exemplars at 1 of the 3" in verdict(
        LATENT + herded + gbm
    )


def test_all_state_and_memory_are_bits_of_their_own() -> None:
    latent = [{**r, "bits_paper": r["bits_full"] // 10} for r in LATENT]
    gbm = [{**run("gbm", "GBM", 2000, 0.7, s), "bits_paper": 100} for s in (0, 1)]
    groups = group_runs(latent + gbm)
    assert compare_at_equal_bits(groups) == []
    (comparison,) = compare_at_equal_bits(groups, "bits_paper")
    assert (comparison.bits, comparison.reference.mean) == (100, pytest.approx(0.71))


def test_rivals_can_be_named() -> None:
    herded = [run("herded", "H", 100, 0.9, s) for s in (0, 1)]
    gbm = [run("gbm", "GBM", 100, 0.7, s) for s in (0, 1)]
    groups = group_runs(LATENT + herded + gbm)
    (comparison,) = compare_at_equal_bits(groups, rivals=("latent",))
    assert comparison.rival == "latent"


def test_a_source_that_is_smaller_than_all_exemplars_is_said_to_be() -> None:
    small = [run("likelihood", f"L {b}", b, b / 100, s) for b in (40, 60) for s in (0, 1)]
    assert verdict(LATENT + small) == (
        "With fewer bits than any exemplars and their head, 0.1 kb: 2 memories of the mixture "
        "likelihood; the best, L 60, reaches 60.0 ± 0.0 % in 0.1 kb."
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


def test_verdict_on_one_run_says_so() -> None:
    sentence = verdict(
        [r for r in LATENT if r["seed"] == 0] + [run("gbm", "GBM q = 8", 1000, 0.80, 0)]
    )
    assert sentence.startswith("On a single run of each, at equal bits of all state")
    assert "t-test" not in sentence


def test_best_variant_of_latent_replay_is_what_counts() -> None:
    variant = [
        {**run("latent", "E = 1, requests = uniform", 100, 0.60, s), "parameters": {"v": 2}}
        for s in (0, 1)
    ]
    gbm = [run("gbm", "GBM", 100, 0.55, s) for s in (0, 1)]
    (comparison,) = compare_at_equal_bits(group_runs(LATENT + variant + gbm))
    assert comparison.reference.mean == pytest.approx(0.60)


@pytest.mark.parametrize("source", sorted({*SOURCES} - NOT_COMPARED))
def test_every_source_is_compared_and_gets_a_sentence(source: str) -> None:
    memory = [run(source, "M", 100, 0.60 + 0.02 * s, s) for s in (0, 1)]
    comparisons = compare_at_equal_bits(group_runs(LATENT + memory))
    assert [c.group.replay for c in comparisons] == [source]
    named = SOURCES[source].called
    assert f"{named} is ahead of latent replay at 1 of the 1 memories" in verdict(LATENT + memory)


@pytest.mark.parametrize("source", sorted(NOT_COMPARED))
def test_bounds_and_exemplars_themselves_are_not_compared(source: str) -> None:
    other = [run(source, "X", 500, 0.60, s) for s in (0, 1)]
    assert compare_at_equal_bits(group_runs(LATENT + other)) == []


def test_a_second_source_gets_a_sentence_of_its_own() -> None:
    runs = [run("gbm", "GBM", 100, 0.60, s) for s in (0, 1)]
    runs += [run("hamming", "nearest", 1000, 0.60 + 0.02 * s, s) for s in (0, 1)]
    _, second = verdict(LATENT + runs).split(". ")
    assert second == (
        "The nearest prototype is ahead at 0 of 1, behind at 1 and even at 0; the best, nearest, "
        "reaches 61.0 ± 1.4 % average incremental accuracy in 1.0 kb, -10.0 ± 0.0 points on latent "
        "replay of as many bits and as much as latent replay with 0.3 times the bits."
    )


def test_verdict_without_a_comparison_is_empty() -> None:
    assert verdict(LATENT) == ""
    assert verdict([run("gbm", "GBM", 100, 0.6, 0)]) == ""


def test_methods_in_tasks_of_their_own_are_compared_among_themselves() -> None:
    own = [{**r, "increment": 10, "average_incremental": 0.9} for r in LATENT]
    gbm = [run("gbm", "GBM", 500, 0.8, s) for s in (0, 1)]
    (comparison,) = compare_at_equal_bits(group_runs(LATENT + own + gbm))
    assert comparison.gain.mean > 0


def test_a_source_on_both_sides_of_the_smallest_exemplars_is_told_of_both() -> None:
    mixed = [run("hamming", f"N {b}", b, 0.6, s) for b in (60, 500, 2000) for s in (0, 1)]
    first, second = Verdict(group_runs(LATENT + mixed)).sentences
    assert "the nearest prototype is ahead of latent replay at 0 of the 1 memories" in first
    assert "1 memory of the nearest prototype; the best, N 60," in second


def test_the_first_size_that_reaches_an_accuracy_gives_the_factor() -> None:
    sizes = ((500, 0.3), (1000, 0.5), (2000, 0.4), (4000, 0.6))
    latent = [run("latent", f"E {b}", b, a, 0) for b, a in sizes]
    memories = [run("gbm", f"G {a}", 1000, a, 0) for a in (0.5, 0.55, 0.2)]
    for memory in memories:
        memory["parameters"] = {"a": memory["average_incremental"]}
    found = compare_at_equal_bits(group_runs(latent + memories))
    # 0.55 lies at 3/4 of the way from 0.4 to 0.6, and 0.2 below the smallest size.
    assert [c.bits_factor for c in found] == pytest.approx([1, 2 * 2**0.75, 0.5])


@pytest.mark.parametrize(
    ("places", "values", "clear"),
    [
        # Four runs of two orders, two seeds each: two independent values.
        ([("given", 0), ("given", 0), (1, 0), (1, 0)], (0.52, 0.54, 0.54, 0.56), False),
        ([("given", 0), (1, 0), (2, 0), (3, 0)], (0.52, 0.54, 0.54, 0.56), True),
        # Four runs on two networks: two independent values, whatever the orders.
        ([("given", 0), (1, 0), ("given", 1), (1, 1)], (0.52, 0.54, 0.54, 0.56), False),
    ],
)
def test_runs_that_share_what_varies_least_count_once(
    places: list[tuple[int | str, int]], values: tuple[float, ...], clear: bool
) -> None:
    def runs(method: str, accuracies: tuple[float, ...]) -> list[dict[str, Any]]:
        return [
            {**run(method, method, 100, accuracy, s), "order": order, "bank": bank}
            for s, ((order, bank), accuracy) in enumerate(zip(places, accuracies, strict=True))
        ]

    groups = group_runs(runs("latent", (0.5,) * 4) + runs("gbm", values))
    (comparison,) = compare_at_equal_bits(groups)
    assert comparison.gain.clear == clear
    assert comparison.gain.mean == pytest.approx(0.04)
