# SPDX-License-Identifier: MIT
"""Runs in image space: what is carried over, what a task trains on, and going on bit for bit."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch (extra `train`) is not installed")

from golden.params import NetworkParams
from sim.images.native.learners import (
    BinaryLearner,
    FloatLearner,
    Learner,
    network_bits,
    real_network,
    widest,
    with_outputs,
)
from sim.images.native.memory import ImageMemory
from sim.images.native.run import NativeRun
from sim.images.native.settings import NativeConfig
from sim.images.pretrain import train
from sim.images.pretrain.export import to_golden
from sim.images.pretrain.model import BinaryNetwork
from sim.images.pretrain.sections import ModelConfig, ScheduleConfig
from sim.images.pretrain.split import BaseSplit
from sim.images.pretrain.train import ImageTrainer
from sim.images.weights import weights_of
from sim.work.errors import UserError

TASKS = (range(0, 2), range(2, 4), range(4, 6))

NETWORK: dict[str, Any] = {
    "input": {"height": 8, "width": 8, "channels": 3, "bits": 7},
    "layers": [
        {"kind": "thermometer", "levels": 4},
        {"kind": "conv", "outputs": 8},
        {"kind": "pool", "size": 2},
        {"kind": "conv", "outputs": 8, "groups": 2},
        {"kind": "pool", "size": 2},
        {"kind": "dense", "outputs": 16},
    ],
    "head": {"classes": 3, "hidden": 8},
}


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    monkeypatch.setattr(train, "THREADS", 1)
    yield
    numba.set_num_threads(before)


def images_of(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """So many images of each of six classes, a class being a colour."""
    rng = np.random.default_rng(seed)
    colours = np.random.default_rng(1).integers(0, 128, (6, 1, 1, 3))
    labels = rng.permutation(np.repeat(np.arange(6), count))
    noisy = colours[labels] + rng.normal(0, 8, (len(labels), 8, 8, 3))
    return noisy.clip(0, 127).astype(np.uint8), labels


def split_of() -> BaseSplit:
    train, test = images_of(12, 2), images_of(5, 3)
    return BaseSplit(
        train_images=train[0], train_labels=train[1], test_images=test[0], test_labels=test[1]
    )


def extractor_of(**layers: Any) -> BinaryNetwork:
    description = {**NETWORK, "layers": [{**layer} for layer in NETWORK["layers"]]}
    description["layers"][1].update(layers)
    params = NetworkParams.from_description(description)
    return BinaryNetwork(params, ModelConfig(), np.random.default_rng(0))


def learner_of(kind: str) -> Learner:
    if kind == "float":
        network = real_network(extractor_of().params, 3, 0)
        return FloatLearner(network, 6, torch.Generator().manual_seed(5))
    return BinaryLearner(extractor_of(), 6, np.random.default_rng(5))


def run_of(capacity: int | None = 12, kind: str = "binary", **learning: Any) -> NativeRun:
    schedule = ScheduleConfig(
        **{"epochs": 2, "batch": 16, "learning_rate": 0.02, "precision": "float32", **learning}
    )
    config = NativeConfig.model_validate({"methods": [{"replay": "joint"}]})
    return NativeRun(
        split_of(),
        TASKS,
        learner_of(kind),
        ImageMemory(capacity),
        config.model_copy(update={"learning": schedule}),
        seed=7,
        label="a run",
        device=torch.device("cpu"),
        pixel_bits=7,
    )


def finish(run: NativeRun) -> NativeRun:
    while not run.done:
        run.step(lambda progress: None)
    return run


def test_the_extractor_is_kept_and_the_classifier_begun_anew() -> None:
    extractor = extractor_of()
    before = weights_of(extractor)
    learner = BinaryLearner(extractor, 6, np.random.default_rng(5))
    assert learner.model.head.params.classes == 6
    images = images_of(4, 1)[0]
    np.testing.assert_array_equal(
        to_golden(learner.model).forward(images), to_golden(extractor).forward(images)
    )
    for layer in learner.model.layers:
        layer.latent.data.neg_()
    for name, array in weights_of(extractor).items():
        np.testing.assert_array_equal(array, before[name])  # not shared


def test_classes_are_those_of_the_plain_golden_network_among_the_seen() -> None:
    learner = learner_of("binary")
    assert isinstance(learner, BinaryLearner)
    images = images_of(9, 4)[0]
    golden = to_golden(learner.model)
    assert golden.head is not None
    for seen in (2, 4, 6):
        expected = golden.head.classify(golden.forward(images), seen)
        np.testing.assert_array_equal(learner.classify(images, seen), expected)


def test_a_float_learner_answers_the_largest_seen_output() -> None:
    learner = learner_of("float")
    images = images_of(9, 4)[0]
    learner.model.eval()
    with torch.no_grad():
        logits = learner.model(torch.from_numpy(images)).numpy()
    for seen in (2, 6):
        assert (learner.classify(images, seen) == logits[:, :seen].argmax(1)).all()


def test_the_float_network_is_the_widest_in_the_bits_of_the_binary_one() -> None:
    def bits(w: int, classes: int) -> int:
        """Three blocks, each two 3 x 3 and one 1 x 1 convolution and two normalisations."""
        sides = [(3, w), (w, 2 * w), (2 * w, 4 * w)]
        blocks = sum(9 * a * b + 9 * b * b + a * b + 4 * b for a, b in sides)
        return 32 * (blocks + 4 * w * classes + classes)

    for outputs in (512, 4096):
        description = {**NETWORK, "head": {"classes": 6, "hidden": outputs}}
        network = NetworkParams.from_description(description)
        dense = 16 * 32  # 2 x 2 x 8 inputs
        weights = 9 * 12 * 8 + 9 * 4 * 8 + dense + 16 * outputs + 2 * 6 * (16 + outputs)
        assert network_bits(network) == weights
        width = widest(network)
        assert bits(width, 6) <= weights < bits(width + 1, 6)
    with pytest.raises(ValueError, match=r"^must have at least the 11584 bits of the smallest"):
        widest(extractor_of().params)


def test_ledgers_count_weights_and_what_stands_behind_them() -> None:
    binary = learner_of("binary").ledger()
    extractor, head = 9 * 12 * 8 + 9 * 4 * 8 + 16 * 32, 16 * 8 + 2 * 6 * 24
    assert binary.bits_paper == 0
    assert binary.bits_full == 32 * (extractor + head)
    normed = BinaryLearner(extractor_of(thresholds=True), 6, np.random.default_rng(0)).ledger()
    assert normed.bits_full - binary.bits_full == 8 * (33 + 3 * 32)
    learner = learner_of("float")
    parameters = sum(p.numel() for p in learner.model.parameters())
    assert learner.ledger().bits_full == 32 * (parameters + 4 * (3 + 6 + 12))


def test_every_class_has_the_same_share_of_a_task(monkeypatch: pytest.MonkeyPatch) -> None:
    trained: list[np.ndarray] = []
    begin = ImageTrainer.__init__

    def watched(self: ImageTrainer, *arguments: Any, **others: Any) -> None:
        trained.append(arguments[4])
        begin(self, *arguments, **others)

    monkeypatch.setattr(ImageTrainer, "__init__", watched)
    run = finish(run_of(capacity=8))
    assert [np.bincount(labels).tolist() for labels in trained] == [[12] * n for n in (2, 4, 6)]
    assert [len(kept) for kept in run.memory.kept] == [2] * 4


def test_outputs_of_classes_to_come_learn_nothing() -> None:
    run = run_of()
    head = run.learner.model.head  # type: ignore[union-attr]
    before = head.plane_a.latent.detach().clone()
    run.step(lambda progress: None)
    assert (head.plane_a.latent[2:] == before[2:]).all()
    assert (head.plane_a.latent[:2] != before[:2]).any()


def test_a_run_learns_its_tasks() -> None:
    run = finish(run_of(capacity=None, epochs=8))
    labels = run.split.test_labels
    assert (run.predictions[-1] == labels).mean() > 0.6  # 1 in 6 by chance
    assert [len(p) for p in run.predictions] == [10, 20, 30]
    assert run.epochs == [8, 8, 8]


def test_a_memory_of_all_images_is_joint_training() -> None:
    large, joint = finish(run_of(capacity=6 * 12)), finish(run_of(capacity=None))
    for a, b in zip(large.predictions, joint.predictions, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_plateau_ends_a_task_by_itself() -> None:
    run = run_of(
        epochs=50,
        schedule="plateau",
        plateau={"factor": 0.7, "patience": 1, "minimum": 0.015, "threshold": 0.9},
    )
    run.step(lambda progress: None)
    # The first epoch improves on none; each of the next is a plateau: 0.02, 0.014.
    assert run.epochs == [2]


@pytest.mark.parametrize("kind", ["binary", "float"])
@pytest.mark.parametrize("cut", [1, 2])
def test_an_interrupted_run_goes_on_with_the_same_bits(tmp_path: Path, kind: str, cut: int) -> None:
    whole, begun = finish(run_of(kind=kind)), run_of(kind=kind)
    for _ in range(cut):
        begun.step(lambda progress: None)
    begun.save(tmp_path / "run")
    again = run_of(kind=kind)
    again.load(tmp_path / "run")
    finish(again)
    for name, array in weights_of(whole.learner.model).items():
        np.testing.assert_array_equal(weights_of(again.learner.model)[name], array)
    for a, b in zip(whole.predictions, again.predictions, strict=True):
        np.testing.assert_array_equal(a, b)
    assert again.epochs == whole.epochs


def test_a_checkpoint_of_another_run_is_refused(tmp_path: Path) -> None:
    run = run_of()
    run.save(tmp_path / "run")
    run.label = "another run"
    with pytest.raises(UserError, match=r"run must be a checkpoint of another run$"):
        run.load(tmp_path / "run")


def test_a_head_gets_as_many_outputs_as_asked_for() -> None:
    params = extractor_of().params
    network = with_outputs(params, 50)
    assert network.head is not None
    assert (network.head.classes, network.head.hidden) == (50, 8)
    assert network.layers == params.layers
