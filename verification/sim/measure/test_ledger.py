# SPDX-License-Identifier: MIT
from typing import Any

import pytest

from golden.params import HeadParams, NetworkParams
from sim.measure.ledger import (
    Entry,
    Ledger,
    as_exemplars,
    gbm_ledger,
    head_ledger,
    joint_ledger,
    latent_replay_ledger,
    network_ledger,
)

MEGABIT = 10**6  # of the GBM paper and the ISCAS'24 slides


def test_the_paper_count_is_the_papers_formula() -> None:
    generated = gbm_ledger(features=512, components=16, classes=100, code_width=8)
    assert generated.bits_paper == 16 * 512 * 100 * 8 == 6_553_600
    stored = latent_replay_ledger(features=512, exemplars=500, classes=100)
    assert stored.bits_paper == 500 * 512 * 100 == 25_600_000


def test_the_full_count_of_a_generative_memory_holds_all_that_it_needs() -> None:
    ledger = gbm_ledger(features=100, components=4, classes=10, code_width=8, lanes=64)
    bits = {entry.name: entry.bits for entry in ledger}
    assert bits == {
        "prototypes": 4 * 10 * 100 * 8,
        "row padding": 4 * 10 * 28 * 8,  # 100 codes in 2 rows of 64
        "mixing thresholds": 10 * 3 * 16,
        "class table": 10 * (6 + 3),  # first of 40 components; 1 to 4 of them
        "fill pointers": 4 + 6,  # 0..10 classes, 0..40 prototypes
        "class pointer": 4,
        "random streams": (8 + 1) * 64,
    }
    assert ledger.bits_full == sum(bits.values())


def test_the_full_count_follows_the_architecture_of_the_sampler() -> None:
    def streams(**choices: Any) -> dict[str, int]:
        ledger = gbm_ledger(features=64, components=1, classes=10, code_width=8, **choices)
        return {entry.name: entry.bits for entry in ledger}

    assert streams()["random streams"] == 9 * 64
    assert streams(mode="serial")["random streams"] == 2 * 64
    assert streams(selection="uniform")["class requests"] == 64
    weighted = streams(selection="weighted")
    assert weighted["class requests"] == 64
    assert weighted["class thresholds"] == 9 * 16
    assert weighted["sample counters"] == 10 * 32


def test_real_means_need_no_random_stream_of_the_chip() -> None:
    ledger = gbm_ledger(
        features=70, components=1, classes=1, code_width=32, lanes=64, on_chip=False
    )
    assert [e.name for e in ledger] == ["prototypes", "class table", "fill pointers"]


def test_joint_training_keeps_every_sample_with_its_label() -> None:
    ledger = joint_ledger(features=1024, samples=1442, classes=10)
    assert {entry.name: entry.bits for entry in ledger} == {
        "exemplars": 1442 * 1024,
        "labels": 1442 * 4,
        "class pointer": 4,
        "random streams": 64,
    }
    assert ledger.bits_paper == 1442 * 1024


def test_the_full_count_of_latent_replay_holds_labels_and_counters() -> None:
    ledger = latent_replay_ledger(features=512, exemplars=20, classes=100)
    bits = {entry.name: entry.bits for entry in ledger}
    assert bits == {
        "exemplars": 20 * 100 * 512,
        "labels": 20 * 100 * 7,
        "seen counters": 100 * 16,  # 0..65535
        "class pointer": 7,
        "random streams": 2 * 64,  # streams 19 and 20
    }
    assert bits["labels"] / bits["exemplars"] == pytest.approx(0.0137, abs=1e-4)


def test_a_head_is_counted_in_full_only() -> None:
    params = HeadParams(features=1024, classes=100, hidden=128)
    ledger = head_ledger(params)
    assert ledger.bits_paper == 0
    assert ledger.bits_full == 1024 * 128 + 2 * (1024 + 128) * 100
    for width in (1, 4, 8, 16, 32):
        assert head_ledger(params, width).bits_full == width * ledger.bits_full


def test_a_network_is_counted_with_its_thresholds() -> None:
    description = {
        "input": {"bits": 4, "channels": 1, "height": 8, "width": 8},
        "layers": [
            {"kind": "thermometer", "levels": 16},
            {
                "kind": "conv",
                "groups": 1,
                "kernel": 3,
                "outputs": 8,
                "padding": "same",
                "shuffle": False,
                "thresholds": True,
            },
            {"kind": "dense", "outputs": 10, "thresholds": False},
        ],
        "head": None,
    }
    ledger = network_ledger(NetworkParams.from_description(description))
    bits = {entry.name: entry.bits for entry in ledger}
    assert bits == {"network weights": 9 * 16 * 8 + 512 * 10, "network thresholds": 8 * 33}
    assert ledger.bits_paper == 0


def test_ledgers_add_up() -> None:
    first = Ledger((Entry(name="a", bits=1, counted_by_paper=True, note=""),))
    second = Ledger((Entry(name="b", bits=2, counted_by_paper=False, note=""),))
    both = first + second + Ledger()
    assert [entry.name for entry in both] == ["a", "b"]
    assert (both.bits_paper, both.bits_full) == (1, 3)
    assert (Ledger().bits_paper, Ledger().bits_full) == (0, 0)


# Floating point parameters of a ResNet32, and of its shared and specialised parts in MEMO.
RESNET32, SHARED, SPECIALISED = 463_504, 112_016, 351_488
IMAGE = 8 * 32 * 32 * 3


@pytest.mark.parametrize(("n_tasks", "memo", "single"), [(10, 3312, 7431), (20, 4771, 13_466)])
def test_aligned_budgets_are_those_of_memo(n_tasks: int, memo: int, single: int) -> None:
    reference = n_tasks * RESNET32  # DER: a network a task

    def aligned(parameters: int) -> int:
        return 2000 + as_exemplars(32 * (reference - parameters), IMAGE)

    assert aligned(SHARED + n_tasks * SPECIALISED) == memo
    assert aligned(RESNET32) == single
    assert aligned(reference) == 2000


def test_a_binary_model_is_exemplars_too() -> None:
    assert as_exemplars(4_116_352, IMAGE) == 167
    assert as_exemplars(MEGABIT, 512) == 1953
    assert as_exemplars(MEGABIT, 512 * 8) == 244


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"components": 0}, "Components K must be an integer >= 1, not 0"),
        ({"code_width": 33}, r"Code width q must be an integer in 1..32, not 33"),
        ({"features": 0}, "Features D must be an integer >= 1, not 0"),
        ({"classes": 0}, "Classes n_c must be an integer >= 1, not 0"),
        ({"lanes": 65}, r"Sampler lanes L must be an integer in 1..64, not 65"),
        ({"mode": "both"}, "Sampler mode must be one of parallel, serial, not 'both'"),
        (
            {"selection": "all"},
            "Selection must be one of round_robin, uniform, weighted, not 'all'",
        ),
    ],
)
def test_an_impossible_memory_is_refused(change: dict, message: str) -> None:
    sizes = {"features": 64, "components": 1, "classes": 10, "code_width": 8}
    with pytest.raises(ValueError, match=message):
        gbm_ledger(**{**sizes, **change})


def test_other_impossible_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="Exemplars E must be an integer >= 1, not 0"):
        latent_replay_ledger(features=64, exemplars=0, classes=10)
    with pytest.raises(ValueError, match="Bits of an exemplar must be an integer >= 1, not 0"):
        as_exemplars(1, 0)
    with pytest.raises(ValueError, match="Bits must be an integer >= 0, not -1"):
        as_exemplars(-1, 1)
    with pytest.raises(TypeError, match="Bits of a must be an integer >= 0, not 1.5"):
        Entry(name="a", bits=1.5, counted_by_paper=True, note="")  # pyright: ignore[reportArgumentType]
