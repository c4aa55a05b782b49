# SPDX-License-Identifier: MIT
"""Verdicts on published claims, on results made up to hold and to fail."""

from typing import Any

import pytest

from sim.replay.gbm import GbmParams
from sim.replay.stored import LatentParams
from sim.study.report.claims import gbm_claims, hardware_choices
from sim.study.report.groups import group_runs

SEEDS = (-0.001, 0.0, 0.001)  # what seeds add to every accuracy


def runs(method: str, label: str, bits: int, accuracy: float, **params: Any) -> list[dict]:
    return [
        {
            "method": method,
            "parameters": params,
            "label": label,
            "increment": None,
            "ledger": {},
            "bits_paper": bits,
            "average_incremental": accuracy + more,
        }
        for more in SEEDS
    ]


def gbm(accuracy: float, **params: Any) -> list[dict]:
    values = GbmParams.model_validate(params).model_dump()
    q = values["code_width"] if values["code_width"] != "float" else 32
    bits = 51_200 * values["components"] * q
    return runs("gbm", f"GBM {params}", bits, accuracy, **values)


def at_five_tasks(results: list[dict]) -> list[dict]:
    return [{**run, "increment": 10} for run in results]


def latent(accuracy: float, exemplars: int) -> list[dict]:
    params = LatentParams(exemplars=exemplars).model_dump()
    return runs("latent", f"E = {exemplars}", 51_200 * exemplars, accuracy, **params)


#: Latent replay rises by a tenth each tenfold: 0.304 at q = 8's bits, 0.404 at 10 times as many.
LATENT = [*latent(0.2137, 1), *latent(0.3137, 10), *latent(0.4137, 100), *latent(0.5137, 1000)]


def verdict(results: list[dict], start: str) -> tuple[str, bool]:
    groups = group_runs([*LATENT, *results])
    claims = [*gbm_claims(groups), *hardware_choices(groups)]
    (claim,) = [c for c in claims if c.statement.startswith(start)]
    return claim.here, claim.holds


@pytest.mark.parametrize(
    ("results", "start", "here", "holds"),
    [
        (gbm(0.504), "average incremental", "50.4 ± 0.1 %", True),
        (gbm(0.450), "average incremental", "45.0 ± 0.1 %", False),
        (gbm(0.404), "bits latent", "10.0 ± 0.0 times", True),
        (gbm(0.334), "bits latent", "2.0 ± 0.0 times", False),
        (gbm(0.6), "bits latent", "more than the largest tried", False),
        (gbm(0.20, code_width=1), "q <= 2", "q = 1: -1.4 ± 0.0", True),
        (gbm(0.30, code_width=1), "q <= 2", "q = 1: +8.6 ± 0.0", False),
        (gbm(0.40, code_width=4), "q >= 3", "q = 4: +12.6 ± 0.0", True),
        (gbm(0.20, code_width=4), "q >= 3", "q = 4: -7.4 ± 0.0", False),
        ([*gbm(0.40), *gbm(0.415, components=16)], "K = 16", "+1.5 ± 0.0 points", True),
        ([*gbm(0.40), *gbm(0.395, components=16)], "K = 16", "-0.5 ± 0.0 points", False),
        ([*gbm(0.40), *gbm(0.45, components=16)], "K = 16", "+5.0 ± 0.0 points", False),
        ([*gbm(0.40), *gbm(0.403, generator="pcg64")], "PCG64", "+0.3 ± 0.0 points", True),
        ([*gbm(0.40), *gbm(0.42, generator="pcg64")], "PCG64", "+2.0 ± 0.0 points", False),
        ([*gbm(0.40), *gbm(0.38, mode="serial")], "the serial", "-2.0 ± 0.0 points", False),
    ],
)
def test_claims_hold_or_not(results: list[dict], start: str, here: str, holds: bool) -> None:
    assert verdict(results, start) == (here, holds)


@pytest.mark.parametrize(("wide", "holds"), [(0.402, True), (0.42, False)])
def test_nothing_is_gained_past_8_if_nothing_is_clearly_better(wide: float, holds: bool) -> None:
    results = [
        r for q, a in ((2, 0.2), (4, 0.3), (8, 0.4), (16, wide)) for r in gbm(a, code_width=q)
    ]
    here, found = verdict(results, "at K = 1 nothing")
    assert here.startswith("best at q = 16")
    assert found is holds


@pytest.mark.parametrize(("last", "holds"), [(0.408, True), (0.43, False)])
def test_initialisations_are_compared_by_their_range(last: float, holds: bool) -> None:
    cells = [("random", "fixed", 0.4), ("random", "trainable", 0.4), ("centroid", "fixed", 0.4)]
    results = [
        r
        for init, pi, accuracy in [*cells, ("centroid", "trainable", last)]
        for r in at_five_tasks(gbm(accuracy, mixture={"init": init, "pi": pi}))
    ]
    here, found = verdict(results, "initialisation and mixing weights hardly matter at K = 1")
    assert here == f"{100 * (last - 0.4):.1f} points"
    assert found is holds


def test_claims_without_their_methods_are_left_out() -> None:
    assert gbm_claims(group_runs(LATENT)) == []


def test_methods_in_other_tasks_decide_nothing() -> None:
    other = [{**run, "increment": 10} for run in gbm(0.504)]
    assert gbm_claims(group_runs([*LATENT, *other])) == []


def test_a_study_of_other_levels_says_nothing_of_the_chip() -> None:
    groups = group_runs([*LATENT, *gbm(0.504, level_map="end_point"), *gbm(0.3)])
    claims = gbm_claims(groups)
    assert claims[0].here == "30.0 ± 0.1 %"


def test_noisy_seeds_do_not_make_a_claim_hold() -> None:
    noisy = gbm(0.45)
    for run, more in zip(noisy, (-0.06, 0.0, 0.06), strict=True):
        run["average_incremental"] += more
    here, holds = verdict(noisy, "average incremental")
    assert (here, holds) == ("45.0 ± 6.1 %", False)
