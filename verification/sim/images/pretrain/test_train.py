# SPDX-License-Identifier: MIT
"""Training: schedules, losses, and going on after an interruption with the same bits."""

import math
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

torch = pytest.importorskip("torch", reason="PyTorch (extra `train`) is not installed")

from golden.params import NetworkParams
from sim.images.pretrain.epochs import EpochBar
from sim.images.pretrain.losses import classification_loss, divergence
from sim.images.pretrain.model import BinaryNetwork
from sim.images.pretrain.neurons import Neurons
from sim.images.pretrain.sections import AugmentConfig, ModelConfig, ScheduleConfig
from sim.images.pretrain.teacher import Teacher
from sim.images.pretrain.terms import TwoStepConfig
from sim.images.pretrain.train import THREADS, ImageTrainer
from sim.learn.sections import PlateauConfig
from sim.work.errors import UserError

NETWORK = {
    "input": {"height": 8, "width": 8, "channels": 3, "bits": 7},
    "layers": [
        {"kind": "thermometer", "levels": 4},
        {"kind": "conv", "outputs": 8, "thresholds": True},
        {"kind": "pool", "size": 2},
        {"kind": "conv", "outputs": 8, "groups": 2},
        {"kind": "pool", "size": 2},
        {"kind": "dense", "outputs": 16},
    ],
    "head": {"classes": 3, "hidden": 8},
}


def trainer_of(
    identity: str = "a",
    teacher: bool = False,
    two_step: TwoStepConfig | None = None,
    **schedule: Any,
) -> ImageTrainer:
    params = NetworkParams.from_description(NETWORK)
    rng = np.random.default_rng(5)
    labels = rng.integers(0, 3, 50)
    brightness = (30 * labels + 20)[:, np.newaxis, np.newaxis, np.newaxis]
    images = (brightness + rng.integers(-20, 20, (50, 8, 8, 3))).astype(np.uint8)
    model: Any = BinaryNetwork(params, ModelConfig(), np.random.default_rng(0))
    if teacher:
        model = Teacher(7, 3, 3, 4, torch.Generator().manual_seed(0))
    return ImageTrainer(
        model,
        ScheduleConfig(
            **{"epochs": 4, "batch": 16, "learning_rate": 0.02, "precision": "float32", **schedule}
        ),
        AugmentConfig(shift=1),
        images,
        labels,
        loss=classification_loss(0.1),
        test=lambda: 0.0,
        seed=3,
        identity=identity,
        device=torch.device("cpu"),
        pixel_bits=7,
        two_step=two_step,
    )


def run(trainer: ImageTrainer) -> ImageTrainer:
    while not trainer.done:
        trainer.step(lambda step, steps: None)
    return trainer


def layers_of(trainer: ImageTrainer) -> list[Neurons]:
    assert isinstance(trainer.model, BinaryNetwork)
    return trainer.model.layers


def state_of(trainer: ImageTrainer) -> dict[str, Any]:
    return {name: value.clone() for name, value in trainer.model.state_dict().items()}


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("teacher", [False, True])
def test_a_resumed_training_has_the_same_bits(
    tmp_path: Path, precision: str, teacher: bool
) -> None:
    whole = run(trainer_of(precision=precision, teacher=teacher))
    for stop in range(1, 4):
        first = trainer_of(precision=precision, teacher=teacher)
        for _ in range(stop):
            first.step(lambda step, steps: None)
        first.save(tmp_path / "a.pt")
        second = trainer_of(precision=precision, teacher=teacher)
        second.load(tmp_path / "a.pt")
        run(second)
        for name, value in state_of(whole).items():
            assert torch.equal(state_of(second)[name], value), name
        assert [e.loss for e in second.epochs] == [e.loss for e in whole.epochs]


def test_training_lowers_the_loss_and_moves_the_bits() -> None:
    trainer = trainer_of(epochs=12)
    before = [n.signs().detach().clone() for n in layers_of(trainer)]
    run(trainer)
    assert trainer.epochs[-1].loss < 0.8 * trainer.epochs[0].loss
    assert trainer.epochs[-1].train_accuracy > 0.6
    for old, neurons in zip(before, layers_of(trainer), strict=True):
        assert not torch.equal(old, neurons.signs())


def test_the_cosine_ends_at_zero_and_warms_up() -> None:
    trainer = run(trainer_of(epochs=4, warmup=2))
    rates = [e.learning_rate for e in trainer.epochs]
    expected = [
        0.02 * w * (1 + math.cos(math.pi * e / 4)) / 2
        for e, w in zip((1, 2, 3, 4), (0.5, 1, 1, 1), strict=True)
    ]
    np.testing.assert_allclose(rates, expected, atol=1e-12)


def test_the_plateau_ends_the_training_even_when_resumed(tmp_path: Path) -> None:
    # Nothing counts as an improvement: the rate halves every epoch after the first.
    plateau = PlateauConfig(factor=0.5, patience=1, minimum=0.004, threshold=0.999)
    schedule: Any = {"schedule": "plateau", "plateau": plateau, "epochs": 50}
    whole = run(trainer_of(**schedule))
    assert [e.learning_rate for e in whole.epochs] == [0.02, 0.02, 0.01, 0.005]
    first = trainer_of(**schedule)
    first.step(lambda step, steps: None)
    first.step(lambda step, steps: None)
    first.save(tmp_path / "a.pt")
    second = trainer_of(**schedule)
    second.load(tmp_path / "a.pt")
    assert [e.loss for e in run(second).epochs] == [e.loss for e in whole.epochs]


def test_a_checkpoint_of_another_training_is_refused(tmp_path: Path) -> None:
    trainer_of("a").save(tmp_path / "a.pt")
    with pytest.raises(UserError, match=r"a\.pt must be a checkpoint of this configuration on"):
        trainer_of("b").load(tmp_path / "a.pt")


def test_a_damaged_checkpoint_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    trainer_of().save(path)
    data = path.read_bytes()
    for broken in (b"", b"text", data[: len(data) // 2], data[:-100]):
        path.write_bytes(broken)
        with pytest.raises(UserError, match=r"a\.pt must be a checkpoint, and it is damaged"):
            trainer_of().load(path)


def test_a_loss_that_is_no_number_ends_the_training() -> None:
    trainer = trainer_of()
    trainer.loss = lambda model, pixels, labels: (model(pixels).sum() * math.nan, model(pixels))
    with pytest.raises(UserError, match=r"^Epoch 1 ended in loss nan: lower the learning rate$"):
        trainer.step(lambda step, steps: None)


def softmax(x: np.ndarray) -> np.ndarray:
    return np.exp(x) / np.exp(x).sum(1, keepdims=True)


def test_divergence_is_that_of_kullback_and_leibler_by_the_definition() -> None:
    logits, answers = np.random.default_rng(1).normal(size=(2, 6, 4))
    p, q = softmax(answers / 3), softmax(logits / 3)
    expected = 9 * (p * np.log(p / q)).sum(1).mean()
    got = divergence(torch.tensor(logits), torch.tensor(answers), 3.0)
    assert got.item() == pytest.approx(expected)


@pytest.mark.parametrize("seen", [None, 3])
def test_outputs_that_are_not_seen_do_not_learn(seen: int | None) -> None:
    logits, labels = np.random.default_rng(2).normal(size=(6, 4)), np.array([0, 1, 2, 0, 1, 2])
    model = torch.nn.Linear(4, 4, bias=False).double()
    model.weight.data = torch.eye(4, dtype=torch.float64)
    loss, got = classification_loss(0.0, seen)(model, torch.tensor(logits), torch.tensor(labels))
    expected = -np.log(softmax(logits[:, :seen])[np.arange(6), labels]).mean()
    assert loss.item() == pytest.approx(expected)
    np.testing.assert_array_equal(got.detach().numpy(), logits)


@pytest.mark.parametrize(
    ("share", "epochs", "first"),
    [(0.5, 48, 24), (0.25, 5, 1), (0.01, 5, 1), (0.99, 5, 4), (0.5, 2, 1)],
)
def test_each_of_two_steps_has_an_epoch(share: float, epochs: int, first: int) -> None:
    assert TwoStepConfig(share=share).first(epochs) == first


def test_two_steps_each_have_a_cosine_and_the_first_alone_a_decay(tmp_path: Path) -> None:
    step = TwoStepConfig(share=0.4, weight_decay=0.25)
    trainer = trainer_of(two_step=step, epochs=5, warmup=1)
    decays, moments = [], []
    while not trainer.done:
        trainer.step(lambda step, steps: None)
        decays.append(trainer.optimizer.param_groups[0]["weight_decay"])
        moments.append(int(next(iter(trainer.optimizer.state.values()))["step"]))
    assert decays == [0.25, 0.25, 0, 0, 0]
    assert moments == [4, 8, 4, 8, 12]  # the second step begins with a new optimiser
    halves = [(1 + math.cos(math.pi * e / n)) / 2 for e, n in ((1, 2), (2, 2))]
    halves += [(1 + math.cos(math.pi * e / 3)) / 2 for e in (1, 2, 3)]
    rates = [e.learning_rate for e in trainer.epochs]
    np.testing.assert_allclose(rates, [0.02 * h for h in halves], atol=1e-12)
    for stop in (1, 2, 3):  # before, at and after the step
        first = trainer_of(two_step=step, epochs=5, warmup=1)
        for _ in range(stop):
            first.step(lambda step, steps: None)
        first.save(tmp_path / "a.pt")
        second = trainer_of(two_step=step, epochs=5, warmup=1)
        second.load(tmp_path / "a.pt")
        assert [e.loss for e in run(second).epochs] == [e.loss for e in trainer.epochs]


def test_the_log_counts_samples_and_steps() -> None:
    told: list[tuple[int, int]] = []
    trainer = trainer_of()
    epoch = trainer.step(lambda step, steps: told.append((step, steps)))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert epoch.epoch == 1
    # 50 samples, 4 whole batches of 16: 64 seen.
    assert (epoch.train_accuracy * 64) == pytest.approx(round(epoch.train_accuracy * 64))


def test_an_epoch_runs_in_as_many_threads_whoever_changed_their_number() -> None:
    torch.set_num_threads(THREADS + 1)  # as Numba does
    trainer_of().step(lambda step, steps: None)
    assert torch.get_num_threads() == THREADS


def test_without_a_terminal_every_epoch_has_a_line_and_an_earlier_one_has_none() -> None:
    written = StringIO()
    trainer = trainer_of(epochs=3)
    trainer.step(lambda step, steps: None)
    with EpochBar(Console(file=written, width=20), "network", trainer) as bar:
        while not trainer.done:
            trainer.step(bar.show)
    assert written.getvalue().splitlines() == [
        f"network: epoch {epoch.epoch}/3, loss {epoch.loss:.3f}, test 0.0 %, "
        f"{50 / epoch.seconds:.3g} images/s{left}"
        for epoch, left in zip(
            trainer.epochs[1:], (f", {trainer.epochs[1].seconds:.0f} s left", ""), strict=True
        )
    ]


@pytest.mark.parametrize(
    ("seconds", "left"),
    [(0.2, "1 s"), (20, "60 s"), (39, "117 s"), (50, "2 min"), (2000, "100 min"), (3600, "3 h")],
)
def test_time_left_is_that_of_the_epochs_that_remain(seconds: float, left: str) -> None:
    written = StringIO()
    trainer = trainer_of(epochs=4)
    with EpochBar(Console(file=written, width=20), "network", trainer) as bar:
        trainer.step(bar.show)
        trainer.epochs[0] = replace(trainer.epochs[0], seconds=seconds)
    line = written.getvalue().splitlines()[0]
    assert line.endswith(f", {50 / seconds:.3g} images/s, {left} left")


def test_bar_of_a_terminal_shows_the_epoch_and_what_the_last_one_reached() -> None:
    console = Console(record=True, file=StringIO(), width=100, force_terminal=True)
    trainer = trainer_of(epochs=2)
    trainer.step(lambda step, steps: None)
    with EpochBar(console, "network", trainer) as bar:
        bar.show(1, 2)
        bar._bars.refresh()
    text = console.export_text()
    assert f"network: epoch 2/2, loss {trainer.epochs[0].loss:.3f}, test 0.0 %" in text
    assert " 75 %" in text
