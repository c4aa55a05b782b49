# SPDX-License-Identifier: MIT
"""Runs: they learn, they stop after any task and go on with the same bits."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from golden.bits import unpack
from sim.data.bank import Bank
from sim.learn.binary_learner import BinaryHeadLearner
from sim.learn.sections import IntegerHeadConfig, TernaryHeadConfig
from sim.study.config import Method, StudyConfig
from sim.study.experiment import Experiment
from sim.study.summary import summarize
from sim.work.errors import UserError
from sim.work.progress import Progress
from verification.sim.small_study import small_bank, small_config


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> StudyConfig:
    return small_config(tmp_path_factory.mktemp("config"))


@pytest.fixture(scope="module")
def bank(config: StudyConfig) -> Bank:
    return small_bank(config)


def silent(_: Progress) -> None: ...


def finished(experiment: Experiment) -> dict[str, Any]:
    while not experiment.done:
        experiment.step(silent)
    result = summarize(experiment)
    del result["seconds"]
    return result


def methods(config: StudyConfig) -> list[Method]:
    return config.expanded_methods()


@pytest.mark.parametrize("stop_after", [1, 2, 3])
@pytest.mark.parametrize("number", range(7))
def test_run_stopped_after_any_task_goes_on_bit_for_bit(
    config: StudyConfig, bank: Bank, tmp_path: Path, number: int, stop_after: int
) -> None:
    method = methods(config)[number]
    straight = finished(Experiment(bank, config.head, method, seed=1))
    stopped = Experiment(bank, config.head, method, seed=1)
    for _ in range(stop_after):
        stopped.step(silent)
    stopped.save(tmp_path / "checkpoint.arrays")
    resumed = Experiment(bank, config.head, method, seed=1)
    resumed.load(tmp_path / "checkpoint.arrays")
    assert resumed.task == stop_after
    assert finished(resumed) == straight


def test_seeds_differ_and_a_seed_repeats(config: StudyConfig, bank: Bank) -> None:
    method = methods(config)[4]
    first, again, other = (
        finished(Experiment(bank, config.head, method, seed)) for seed in (0, 0, 1)
    )
    assert first == again
    assert first["confusion"] != other["confusion"]


def test_reset_start_draws_the_head_anew_at_every_task(config: StudyConfig, bank: Bank) -> None:
    method = methods(config)[0]
    warm = Experiment(bank, config.head, method, seed=0)
    cold = Experiment(bank, config.head.model_copy(update={"start": "reset"}), method, seed=0)
    assert finished(warm)["accuracy_matrix"][0] == finished(cold)["accuracy_matrix"][0]
    assert warm.predictions[1].tolist() != cold.predictions[1].tolist()
    # What is drawn anew need not survive between tasks.
    assert "latent weights" in {entry.name for entry in warm.ledger()}
    assert "latent weights" not in {entry.name for entry in cold.ledger()}


def binary(experiment: Experiment) -> BinaryHeadLearner:
    assert isinstance(experiment.learner, BinaryHeadLearner)
    return experiment.learner


def test_predictions_are_those_of_the_plain_golden_head(config: StudyConfig, bank: Bank) -> None:
    experiment = Experiment(bank, config.head, methods(config)[0], seed=0)
    experiment.step(silent)
    seen = bank.tasks[0].stop
    bits = unpack(bank.test[bank.test_labels < seen], bank.features)
    expected = binary(experiment).trainer.golden().classify(bits, seen)
    np.testing.assert_array_equal(experiment.predictions[0], expected)


def test_gain_of_a_method_is_over_the_studys(config: StudyConfig, bank: Bank) -> None:
    method = methods(config)[2]
    assert method.replay == "latent"
    own = replace(method, params=method.params.model_copy(update={"logit_gain": 8.0}))
    of_the_study = config.head.model_copy(update={"logit_gain": 8.0})
    runs = [
        finished(Experiment(bank, head, each, seed=0))["confusion"]
        for head, each in ((config.head, own), (of_the_study, method), (config.head, method))
    ]
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


INTEGER = IntegerHeadConfig(kind="integer", epochs=3, rate=10, batch=64)
TERNARY = TernaryHeadConfig(kind="ternary", batch=64)


@pytest.mark.parametrize("head", [INTEGER, TERNARY], ids=lambda head: head.kind)
def test_heads_of_integers_learn_and_go_on_bit_for_bit(
    config: StudyConfig, bank: Bank, tmp_path: Path, head: IntegerHeadConfig | TernaryHeadConfig
) -> None:
    method = methods(config)[5]
    assert method.replay == "gbm"
    results = finished(Experiment(bank, head, method, seed=1))
    assert results["final"] > 0.7
    first = Experiment(bank, head, method, seed=1)
    first.step(silent)
    first.save(tmp_path / "run.arrays")
    second = Experiment(bank, head, method, seed=1)
    second.load(tmp_path / "run.arrays")
    assert finished(second)["confusion"] == results["confusion"]


def test_a_method_trains_its_own_head(config: StudyConfig, bank: Bank) -> None:
    method = methods(config)[5]
    own = replace(method, params=method.params.model_copy(update={"head": TERNARY}))
    run = Experiment(bank, INTEGER, own, seed=1)
    plain = Experiment(bank, TERNARY, method, seed=1)
    assert finished(run)["confusion"] == finished(plain)["confusion"]
    assert run.ledger() == plain.ledger() != Experiment(bank, INTEGER, method, seed=1).ledger()


def test_another_rate_or_head_gives_another_run(
    config: StudyConfig, bank: Bank, tmp_path: Path
) -> None:
    method = methods(config)[5]
    first = Experiment(bank, INTEGER, method, seed=1)
    results = finished(first)
    first.save(tmp_path / "run.arrays")
    other = replace(method, params=method.params.model_copy(update={"rate": 14}))
    assert finished(Experiment(bank, INTEGER, other, seed=1))["confusion"] != results["confusion"]
    for head in (config.head, INTEGER.model_copy(update={"rate": 11})):
        with pytest.raises(UserError, match="must be a checkpoint of"):
            Experiment(bank, head, method, seed=1).load(tmp_path / "run.arrays")


def test_replay_forgets_less_than_none(config: StudyConfig, bank: Bank) -> None:
    joint, none = (finished(Experiment(bank, config.head, m, 0)) for m in methods(config)[:2])
    assert joint["final"] > none["final"] + 0.2
    assert none["forgetting"]["pycil"] > 0.5


def test_progress_tells_every_epoch(config: StudyConfig, bank: Bank) -> None:
    told: list[Progress] = []
    Experiment(bank, config.head, methods(config)[0], 0).step(told.append)
    assert [(p.task, p.n_tasks, p.epoch, p.epochs) for p in told] == [(0, 3, 1, 2), (0, 3, 2, 2)]
    assert all(0 <= p.accuracy <= 1 for p in told)


def test_damaged_checkpoint_is_named(config: StudyConfig, bank: Bank, tmp_path: Path) -> None:
    experiment = Experiment(bank, config.head, methods(config)[2], 0)
    experiment.step(silent)
    path = tmp_path / "run-0.arrays"
    experiment.save(path)
    whole = path.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 3] ^= 4
    for damage in (whole[:-40], whole[: len(whole) // 2], b"", b"no archive", bytes(flipped)):
        path.write_bytes(damage)
        with pytest.raises(UserError, match=r"run-0\.arrays is damaged: it must end in the SHA"):
            Experiment(bank, config.head, methods(config)[2], 0).load(path)


def test_every_batch_is_shared_between_past_and_present_classes(
    config: StudyConfig, bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[list[int]] = []
    experiment = Experiment(bank, config.head, methods(config)[0], 0)
    trainer = binary(experiment).trainer
    gradients = trainer.gradients

    def recorded(x: Any, labels: Any, n_classes: int) -> Any:
        new = int((labels >= bank.tasks[experiment.task].start).sum())
        batches.append([len(labels) - new, new])
        return gradients(x, labels, n_classes)

    monkeypatch.setattr(trainer, "gradients", recorded)
    shares = []
    for _ in bank.tasks:
        batches.clear()
        experiment.step(silent)
        assert all(batch == batches[0] for batch in batches)
        shares.append(batches[0])
    # Tasks of 4, 3 and 3 classes, batches of 64: equation (4), rounded half up.
    assert shares == [[0, 64], [37, 27], [45, 19]]


def test_training_that_diverges_is_no_result(config: StudyConfig, bank: Bank) -> None:
    experiment = Experiment(bank, config.head, methods(config)[0], 0)
    binary(experiment).trainer.weights[0][:] = np.nan
    with pytest.raises(UserError, match=r"diverged in task 1, epoch 1: lower head\.learning_rate"):
        experiment.step(silent)


def test_checkpoint_of_another_run_is_refused(
    config: StudyConfig, bank: Bank, tmp_path: Path
) -> None:
    experiment = Experiment(bank, config.head, methods(config)[2], 0)
    experiment.step(silent)
    experiment.save(tmp_path / "run-0.arrays")
    message = r"run-0\.arrays must be a checkpoint of latent replay E = 1 on these data"
    with pytest.raises(UserError, match=message):
        Experiment(bank, config.head, methods(config)[2], 1).load(tmp_path / "run-0.arrays")
