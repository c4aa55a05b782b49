# SPDX-License-Identifier: MIT
"""Memory alignment against MEMO's printed arithmetic, and areas worked out by hand."""

from collections.abc import Sequence
from fractions import Fraction
from math import floor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from golden.bits import round_half_up
from sim.data.networks import load_network
from sim.measure.align import Demand, align, area_under_curve, cifar_resnet_parameters
from sim.measure.ledger import as_exemplars, gbm_ledger, latent_replay_ledger
from sim.measure.metrics import average_incremental

MEGABIT = 10**6
MEBIBYTE = 8 * 2**20
IMAGE = 8 * 32 * 32 * 3
FLOAT = 32
BASE = 2000  # exemplars that every method has whatever its models


def demand(parameters: int) -> Demand:
    return Demand(model_bits=FLOAT * parameters, exemplar_bits=IMAGE)


def resnet32(tasks: int) -> dict[str, Demand]:
    """One network, one a task, and the last one or two groups of one a task."""
    parts = cifar_resnet_parameters(32)
    return {
        "single": demand(sum(parts)),
        "DER": demand(tasks * sum(parts)),
        "MEMO": demand(sum(parts[:3]) + tasks * parts[3]),
        "MEMO-2": demand(sum(parts[:2]) + tasks * sum(parts[2:])),
    }


def test_resnet_for_cifar_has_the_parameters_that_memo_shares_and_specialises() -> None:
    parts = cifar_resnet_parameters(32)
    assert (sum(parts[:3]), parts[3], sum(parts)) == (112_016, 351_488, 463_504)


@pytest.mark.parametrize(
    ("depth", "millions"), [(20, "0.27"), (32, "0.46"), (44, "0.66"), (56, "0.85"), (110, "1.7")]
)
def test_resnet_for_cifar_has_the_sizes_of_its_paper(depth: int, millions: str) -> None:
    """Table 6 of He et al. (2016), which counts the classifier of ten classes, too."""
    parameters = sum(cifar_resnet_parameters(depth)) + 65 * 10
    assert f"{parameters / 1e6:.{len(millions) - 2}f}" == millions


def test_a_model_is_603_exemplars() -> None:
    bits = FLOAT * sum(cifar_resnet_parameters(32))
    assert round(bits / IMAGE, 2) == 603.52
    assert align(bits, {"exemplars": Demand(model_bits=0, exemplar_bits=IMAGE)}) == {
        "exemplars": 603
    }


@pytest.mark.parametrize(
    ("tasks", "kept"),
    [
        (10, {"single": 7431, "DER": 2000, "MEMO": 3312}),
        (20, {"single": 13_466, "DER": 2000, "MEMO": 4771}),
    ],
)
def test_aligned_exemplars_are_those_of_memo(tasks: int, kept: dict[str, int]) -> None:
    methods = resnet32(tasks)
    aligned = align(methods["DER"].total(BASE), methods)
    assert {name: aligned[name] for name in kept} == kept
    assert kept["DER"] < aligned["MEMO-2"] < kept["MEMO"]


@pytest.mark.parametrize(
    ("depth", "models", "mebibytes"),
    [
        (32, 1, "7.6"),  # the least budget: one network; ten of two convolutions fit, too
        (14, 10, "12.4"),
        (20, 10, "16.1"),  # printed as 16.0, which no network of that depth takes: it is 16.12
        (26, 10, "19.8"),
        (32, 10, "23.5"),
    ],
)
def test_budgets_of_the_accuracy_memory_curve_are_networks_and_2000_images(
    depth: int, models: int, mebibytes: str
) -> None:
    """The released code (wangkiw/ICLR23-MEMO, utils/model2exemplar.py) lists them, truncated."""
    parameters = models * sum(cifar_resnet_parameters(depth))
    budget = Fraction(demand(parameters).total(BASE), MEBIBYTE)
    assert floor(10 * budget) == 10 * Fraction(mebibytes)


@pytest.mark.parametrize(
    ("bits", "each", "rounded", "whole"),
    [
        ("fbnn-4M", IMAGE, 167, 167),
        ("fbnn-4M", 1024, 4020, 4019),
        (MEGABIT, IMAGE, 41, 40),
        (MEGABIT, 512, 1953, 1953),
        (MEGABIT, 512 * 8, 244, 244),
    ],
    ids=["4.1 Mb of images", "of latents", "1 Mb of images", "of latents", "of prototypes"],
)
def test_a_binary_model_in_images_latents_and_prototypes(
    bits: int | str, each: int, rounded: int, whole: int
) -> None:
    if isinstance(bits, str):
        params = load_network(bits)
        assert params.head is not None
        # Two layers of the head, ternary weights counted once.
        bits = params.weight_count + params.head.weight_count - params.head.plane_count
    assert round_half_up(bits / each) == rounded
    assert as_exemplars(bits, each) == whole


@given(
    budget=st.integers(10**5, 10**9),
    models=st.lists(st.integers(0, 10**5), min_size=1, max_size=4),
    each=st.integers(1, 10**6),
)
def test_one_exemplar_more_would_exceed_the_budget(
    budget: int, models: list[int], each: int
) -> None:
    methods = {str(i): Demand(model_bits=m, exemplar_bits=each) for i, m in enumerate(models)}
    for name, exemplars in align(budget, methods).items():
        assert methods[name].total(exemplars) <= budget < methods[name].total(exemplars + 1)


def test_ledgers_align_as_demands() -> None:
    """Exemplars a class, every class alike: what one more takes is a difference of ledgers."""

    def ledger(exemplars: int) -> int:
        return latent_replay_ledger(features=512, exemplars=exemplars, classes=100).bits_full

    each = ledger(2) - ledger(1)
    latent = Demand(model_bits=ledger(1) - each, exemplar_bits=each)
    budget = gbm_ledger(features=512, components=1, classes=100, code_width=8).bits_full
    exemplars = align(budget, {"latent": latent})["latent"]
    assert exemplars == 7
    assert ledger(exemplars) <= budget < ledger(exemplars + 1)


def test_models_that_exceed_the_budget_are_refused_by_name() -> None:
    methods = {"single": demand(3), "DER": demand(30)}
    message = "^Budget of 900 bits must hold the models of DER, which take 960$"
    with pytest.raises(ValueError, match=message):
        align(900, methods)


def test_impossible_demands_are_refused() -> None:
    with pytest.raises(ValueError, match="^Bits of an exemplar must be an integer >= 1, not 0$"):
        Demand(model_bits=0, exemplar_bits=0)
    with pytest.raises(ValueError, match="^Bits of a model must be an integer >= 0, not -1$"):
        Demand(model_bits=-1, exemplar_bits=1)
    with pytest.raises(ValueError, match="^Budget must be an integer >= 0, not -1$"):
        align(-1, {})
    with pytest.raises(ValueError, match=r"^Depth of a ResNet for CIFAR must be 6 n \+ 2, not 18$"):
        cifar_resnet_parameters(18)


def test_area_is_the_mean_of_trapezoids_over_the_axis() -> None:
    # Linear: (1 * 0.3 + 2 * 0.5) / 3; logarithmic: decades of 1 and 2 with the means 0.3 and 0.5.
    assert area_under_curve([1, 2, 4], [0.2, 0.4, 0.6], "linear") == pytest.approx(1.3 / 3)
    assert area_under_curve([1, 10, 1000], [0.2, 0.4, 0.6]) == pytest.approx((0.3 + 2 * 0.5) / 3)


@pytest.mark.parametrize("scale", ["linear", "log10"])
def test_area_of_a_flat_curve_is_its_accuracy_in_any_unit(scale: str) -> None:
    bits = [0.1, 0.25, 0.5, 10]
    assert area_under_curve(bits, [0.7] * 4, scale) == pytest.approx(0.7)  # type: ignore[arg-type]
    rising = [0.1, 0.3, 0.4, 0.5]
    megabits = area_under_curve(bits, rising, scale)  # type: ignore[arg-type]
    in_bits = area_under_curve([MEGABIT * b for b in bits], rising, scale)  # type: ignore[arg-type]
    assert in_bits == pytest.approx(megabits)


@pytest.mark.parametrize(
    ("bits", "accuracies", "message"),
    [
        ([1], [0.5], r"must be two or more points, as many of each, not of shapes \(1,\) and"),
        ([1, 2], [0.5], r"as many of each, not of shapes \(2,\) and \(1,\)"),
        ([1, 1], [0.5, 0.5], r"Memory must be positive and rise from point to point, not \[1, 1\]"),
        ([0, 1], [0.5, 0.5], r"Memory must be positive and rise from point to point, not \[0, 1\]"),
    ],
    ids=["one point", "lengths", "not rising", "zero"],
)
def test_curves_without_an_area_are_refused(
    bits: Sequence[float], accuracies: Sequence[float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        area_under_curve(bits, accuracies)


def test_printed_averages_of_twenty_tasks_are_the_means_truncated() -> None:
    table = YAML(typ="safe", pure=True).load(Path(__file__).parent / "memo_table.yaml")
    assert list(table) == ["Replay", "iCaRL", "WA", "DER", "MEMO"]
    for row in table.values():
        sessions = [Fraction(str(accuracy)) for accuracy in row["sessions"]]
        assert len(sessions) == 20
        assert floor(sum(sessions) / 20 * 100) == 100 * Fraction(str(row["average"]))
        # Our metric on the same accuracies, where every task has as many samples.
        matrix = np.tril(np.tile(np.array(row["sessions"])[:, np.newaxis], 20))
        mean = average_incremental(matrix, np.full(20, 500))
        assert mean == pytest.approx(row["average"], abs=0.01)
    finals = {name: row["sessions"][-1] for name, row in table.items()}
    assert max(finals, key=lambda name: finals[name]) == "MEMO"
    assert min(finals, key=lambda name: finals[name]) == "DER"
