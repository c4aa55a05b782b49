# SPDX-License-Identifier: MIT
"""MEMO and DER in binary form: what they learn, keep, freeze and count, and that they go on."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from golden.bits import pack, unpack
from sim.learn.similarity import linear_cka
from sim.learn.weight_alignment import align_logits, alignment_factor
from sim.replay import SOURCES, Classifier, ReplayContext
from sim.study.experiment import Experiment
from sim.study.methods import Method
from sim.study.summary import summarize
from verification.sim.small_study import small_bank, small_config

FEATURES, CLASSES, EACH = 70, 6, 40
CONTEXT = ReplayContext(features=FEATURES, classes=CLASSES, seed=3)
TASKS = (range(0, 2), range(2, 4), range(4, 6))
QUICK = {"exemplars": 8, "hidden": 10, "blocks": 3, "training": {"epochs": 2, "batch": 16}}


def samples(classes: range, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Bits of classes with means of their own, the same for every seed."""
    means = np.random.default_rng(0).beta(0.5, 0.5, (CLASSES, FEATURES))
    labels = np.repeat(np.array(classes), EACH)
    return pack(np.random.default_rng(seed).random((len(labels), FEATURES)) < means[labels]), labels


def fresh(name: str, **params: Any) -> Classifier:
    source = SOURCES[name](SOURCES[name].Params.model_validate(QUICK | params), CONTEXT)
    assert isinstance(source, Classifier)
    return source


def taught(name: str, tasks: int = 3, **params: Any) -> Classifier:
    source = fresh(name, **params)
    for number, classes in enumerate(TASKS[:tasks]):
        source.learn(*samples(classes), np.random.default_rng(number))
    return source


def bits_of(source: Classifier) -> dict[str, int]:
    return {entry.name: entry.bits for entry in source.ledger()}


def assert_alike(one: Classifier, other: Classifier) -> None:
    for key, value in one.state().items():
        np.testing.assert_array_equal(other.state()[key], value)
    exemplars, _ = samples(range(CLASSES), seed=9)
    np.testing.assert_array_equal(other.classify(exemplars), one.classify(exemplars))
    assert other.facts() == one.facts()


@pytest.mark.parametrize("name", ["memo", "der"])
@pytest.mark.parametrize("exemplars_by", ["reservoir", "herding"])
def test_past_classes_are_remembered(name: str, exemplars_by: str) -> None:
    source = taught(name, exemplars_by=exemplars_by, training={"epochs": 20, "batch": 32})
    exemplars, labels = samples(range(CLASSES), seed=9)
    answers = source.classify(exemplars)
    assert source.n_classes == CLASSES
    for classes in TASKS:
        of_task = (labels >= classes.start) & (labels < classes.stop)
        assert (answers[of_task] == labels[of_task]).mean() > 0.8


@pytest.mark.parametrize("name", ["memo", "der"])
def test_only_classes_seen_are_answered(name: str) -> None:
    source = taught(name, tasks=2)
    assert set(source.classify(samples(range(CLASSES))[0])) <= set(range(4))


@pytest.mark.parametrize("name", ["memo", "der"])
def test_a_block_is_never_trained_again(name: str) -> None:
    shapes = {"memo": [(10, FEATURES)], "der": [(10, FEATURES), (10, 10)]}[name]
    one, two = taught(name, tasks=1).state(), taught(name, tasks=2).state()
    for i, shape in enumerate(shapes):
        assert one[f"layer_{i}"].shape == (1, *shape)
        np.testing.assert_array_equal(two[f"layer_{i}"][0], one[f"layer_{i}"][0])
        assert (two[f"layer_{i}"][1] != one[f"layer_{i}"][0]).any()


@pytest.mark.parametrize(("places", "blocks"), [(0, 0), (1, 1), (2, 2), (5, 3)])
def test_a_task_without_a_place_trains_the_output_layer_alone(places: int, blocks: int) -> None:
    before, after = (taught("memo", tasks, blocks=places).state() for tasks in (2, 3))
    assert len(after["layer_0"]) == blocks
    assert after["plane_0"].shape == (CLASSES, FEATURES + 10 * blocks)
    columns = before["plane_0"].shape[1]
    assert (after["plane_0"][:, :columns] != before["plane_0"]).any()


def test_latent_weights_stay_between_minus_one_and_one() -> None:
    training = {"learning_rate": 3.0, "epochs": 1}
    planes = [taught("memo", tasks=1, training=training).state()[f"plane_{i}"] for i in range(2)]
    assert np.abs(planes).max() == 1


def test_auxiliary_classifier_shapes_blocks_after_the_first_and_is_forgotten() -> None:
    plain, aided = (taught("memo", tasks=2, auxiliary=weight).state() for weight in (0, 1))
    assert (plain["layer_0"][0] == aided["layer_0"][0]).all()
    assert (plain["layer_0"][1] != aided["layer_0"][1]).any()
    assert plain.keys() == aided.keys()


@pytest.mark.parametrize("norm", ["l1", "l2"])
def test_weight_alignment_scales_the_logits_of_the_last_task(norm: str) -> None:
    source = taught("memo", tasks=2, blocks=0, batches="samples", weight_alignment=norm)
    plain = taught("memo", tasks=2, blocks=0, batches="samples")
    planes = [(plain.state()[f"plane_{i}"][:4] >= 0).astype(np.uint8) for i in range(2)]
    exemplars, _ = samples(range(4), seed=9)
    x = 2 * unpack(exemplars, FEATURES).astype(int) - 1
    logits = x @ (2 * planes[0].astype(int) - 1 + 2 * planes[1] - 1).T
    np.testing.assert_array_equal(plain.classify(exemplars), logits.argmax(axis=1))
    factor = alignment_factor(planes[0], planes[1], 2, norm)
    assert factor != 256
    expected = align_logits(logits, 2, factor).argmax(axis=1)
    np.testing.assert_array_equal(source.classify(exemplars), expected)
    one_task = taught("memo", tasks=1, weight_alignment=norm)
    np.testing.assert_array_equal(
        one_task.classify(exemplars), taught("memo", tasks=1).classify(exemplars)
    )


@pytest.mark.parametrize(
    ("batches", "shares"),
    [("classes", [0, 16 * 2 // 4, round(16 * 4 / 6)]), ("samples", [0, 3, 5])],
)
def test_batches_are_shared_by_classes_or_by_samples_at_hand(
    batches: str, shares: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By samples, 8 exemplars a class beside 80 new samples: 16 of 96 and 32 of 112."""
    seen = []

    def spy(*_: Any, n_past: int, **__: Any) -> list[float]:
        seen.append(n_past)
        return [0.0]

    monkeypatch.setattr("sim.replay.expandable.train", spy)
    taught("memo", batches=batches)
    assert seen == shares


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("memo", {}),
        ("memo", {"exemplars_by": "herding", "weight_alignment": "l2"}),
        ("memo", {"blocks": 1}),
        ("memo", {"blocks": 0, "auxiliary": 0}),
        ("der", {"batches": "samples"}),
    ],
    ids=["memo", "herding", "one block", "no block", "der"],
)
def test_state_goes_on_bit_for_bit(name: str, params: dict[str, Any]) -> None:
    source, copy = taught(name, tasks=2, **params), fresh(name, **params)
    copy.load_state(source.state())
    assert_alike(source, copy)
    for each in (source, copy):
        each.learn(*samples(TASKS[2]), np.random.default_rng(8))
    assert_alike(source, copy)


@pytest.mark.parametrize("stop_after", [1, 2])
@pytest.mark.parametrize("name", ["memo", "der"])
def test_a_run_stopped_after_a_task_goes_on_bit_for_bit(
    name: str, stop_after: int, tmp_path: Path
) -> None:
    config = small_config(tmp_path)
    bank, params = small_bank(config), SOURCES[name].Params.model_validate(QUICK)

    def start() -> Experiment:
        return Experiment(bank, config.head, Method(name, params, 0), seed=1)

    def finished(run: Experiment) -> dict[str, Any]:
        while not run.done:
            run.step(lambda _: None)
        return summarize(run) | {"seconds": None}

    stopped, resumed = start(), start()
    for _ in range(stop_after):
        stopped.step(lambda _: None)
    stopped.save(tmp_path / "checkpoint.arrays")
    resumed.load(tmp_path / "checkpoint.arrays")
    assert resumed.task == stop_after
    assert finished(resumed) == finished(start())


def test_blocks_are_counted_beside_exemplars_whether_in_use_or_not() -> None:
    memo, der = bits_of(fresh("memo", blocks=11)), bits_of(fresh("der", blocks=11))
    assert memo["exemplars"] == der["exemplars"] == 8 * FEATURES * CLASSES
    assert memo["specialised blocks"] == 11 * FEATURES * 10
    assert der["specialised blocks"] == 11 * (FEATURES * 10 + 10 * 10)
    assert memo["block counter"] == 4
    assert fresh("memo").ledger() == taught("memo").ledger()
    paper = {e.name for e in fresh("memo").ledger() if e.counted_by_paper}
    assert paper == {"exemplars", "specialised blocks"}
    assert "specialised blocks" not in bits_of(fresh("memo", blocks=0))


@pytest.mark.parametrize(
    ("exemplars_by", "source"), [("reservoir", "latent"), ("herding", "herded")]
)
def test_exemplars_are_counted_as_their_source_counts_them(exemplars_by: str, source: str) -> None:
    peer = SOURCES[source](SOURCES[source].Params.model_validate({"exemplars": 8}), CONTEXT)
    assert fresh("memo", blocks=0, exemplars_by=exemplars_by).ledger() == peer.ledger()


def test_output_layer_is_counted_apart_with_the_real_numbers_behind_it() -> None:
    columns = FEATURES + 3 * 10
    assert {entry.name: entry.bits for entry in fresh("memo").head_ledger()} == {
        "head weights": 2 * CLASSES * columns,
        "latent weights": 31 * 2 * CLASSES * columns,
    }
    assert fresh("memo").head_ledger().bits_paper == 0
    aligned = {e.name: e.bits for e in fresh("memo", weight_alignment="l1").head_ledger()}
    assert aligned["first new class"] == 3


def test_facts_tell_what_training_changed_and_how_alike_blocks_are() -> None:
    source = taught("der", tasks=2)
    facts = source.facts()
    assert facts.keys() == {"flipped_layer_1", "flipped_layer_2", "block_similarity"}
    assert 0 < facts["flipped_layer_1"] < 0.5
    exemplars, _ = samples(TASKS[1])
    x = 2.0 * unpack(exemplars, FEATURES) - 1
    first, second = zip(*(2.0 * source.state()[f"layer_{i}"] - 1 for i in range(2)), strict=True)

    def output(layers: tuple[np.ndarray, ...]) -> np.ndarray:
        return np.where(np.where(x @ layers[0].T >= 0, 1, -1) @ layers[1].T >= 0, 1, -1)

    expected = linear_cka(output(second), output(first))
    assert facts["block_similarity"] == pytest.approx(expected)
    assert taught("memo", tasks=1).facts().keys() == {"flipped_layer_1"}
    assert taught("memo", blocks=0).facts() == {}


@pytest.mark.parametrize(
    ("name", "params", "label"),
    [
        ("memo", {"exemplars": 5, "hidden": 32}, "MEMO E = 5, H = 32"),
        ("der", {"exemplars": 5, "hidden": 32}, "DER E = 5, H = 32"),
        ("memo", {"blocks": 1}, "MEMO E = 20, H = 64, blocks = 1"),
    ],
)
def test_labels(name: str, params: dict[str, Any], label: str) -> None:
    assert SOURCES[name].label(SOURCES[name].Params.model_validate(params)) == label
