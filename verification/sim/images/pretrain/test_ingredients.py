# SPDX-License-Identifier: MIT
"""Every ingredient of a recipe in a small training: the loss falls, and resumed bits are equal."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

torch = pytest.importorskip("torch", reason="PyTorch (extra `train`) is not installed")

from sim.data.datasets import load
from sim.images.pretrain.export import check_equal
from sim.images.pretrain.pretraining import Pretraining
from sim.images.pretrain.settings import load_recipe
from sim.images.pretrain.split import base_split
from sim.images.pretrain.train import ImageTrainer

NETWORK = """\
input: {height: 8, width: 8, channels: 1, bits: 4}
layers:
  - {kind: thermometer, levels: 4}
  - {kind: conv, outputs: 12, thresholds: true}
  - {kind: pool, size: 2}
  - {kind: conv, outputs: 16, groups: 2, shuffle: true, thresholds: true}
  - {kind: dense, outputs: 24, thresholds: true}
head: {classes: 10, hidden: 8}
"""

CONFIG = """\
network: net.yaml
classes: {data: digits, order: identity, base: 4}
model: {batch_norm: true, window: 2.0}
augment: {flip: false, shift: 1}
training: {epochs: 4, batch: 48, learning_rate: 0.01, precision: float32}
"""

#: A small teacher, of its epochs.
TAUGHT = "width: 4, training: {epochs: %d, precision: float32}"

ALL = (
    f"distillation={{weight: 0.3, attention: 1, {TAUGHT % 1}}}",
    "decorrelation={}",
    "projector={hidden: 16, outputs: 8}",
    "rotations.copies=1",
    "augment={flip: false, shift: 1, jitter: 0.3, cutout: 3, after: 0.5}",
)

INGREDIENTS = {
    "the recipe": [],
    "attention": [f"distillation={{weight: 0.3, attention: 2, {TAUGHT % 2}}}"],
    "attention alone": [f"distillation={{weight: 0, attention: 2, {TAUGHT % 1}}}"],
    "decorrelation of sums": ["decorrelation.weight=2"],
    "decorrelation of signs": ["decorrelation={of: signs, pooled: false}"],
    "projector": ["projector={hidden: 32, outputs: 16}"],
    "rotations": ["rotations={}"],
    "all at once": list(ALL),
    "all at once, bfloat16": [*ALL, "training.precision=bfloat16"],
    "jitter, late": ["augment={flip: false, shift: 1, jitter: 0.4, after: 0.5}"],
    "trivial": ["augment={flip: false, shift: 1, trivial: true}"],
    "cutout": ["augment={flip: false, shift: 1, cutout: 3}"],
    "reste": ["model={batch_norm: true, surrogate: reste, window: 2.0, power: 2}"],
    "two steps": ["two_step={share: 0.4, weight_decay: 0.0001}"],
}


@pytest.fixture
def training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Pretraining]:
    """A training of the small network with changes, and with checkpoints in a named folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.yaml").write_text(NETWORK)
    (tmp_path / "a.yaml").write_text(CONFIG)

    def begin(folder: str, changes: list[str]) -> Pretraining:
        recipe, images = load_recipe("a.yaml", changes), load("digits", None)
        split = base_split(images, recipe.config.classes, recipe.network.bits)
        (tmp_path / folder).mkdir(exist_ok=True)
        quiet = Console(file=StringIO())
        device = torch.device("cpu")
        return Pretraining(recipe, images, split, tmp_path / folder, device, quiet)

    return begin


@pytest.mark.parametrize("name", INGREDIENTS)
def test_the_loss_falls_and_a_resumed_training_has_the_same_bits(
    training: Callable[..., Pretraining], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = training("whole", INGREDIENTS[name])
    network = whole.run()
    losses = [epoch.loss for epoch in whole.epochs]
    assert len(losses) == 4
    halves = (losses[:2], losses[2:]) if name == "two steps" else (losses,)
    assert all(half[-1] < half[0] for half in halves), losses
    # A quarter is chance; with all at once four epochs are few.
    assert whole.epochs[-1].test_accuracy > (0.3 if "all at once" in name else 0.5)
    check_equal(whole.model, network, whole.split.test_images)
    step = ImageTrainer.step

    def dies(self: ImageTrainer, report: Callable[[int, int], None]) -> object:
        if isinstance(self.model, type(whole.model)) and len(self.epochs) == 2:
            raise KeyboardInterrupt
        return step(self, report)

    cut = training("cut", INGREDIENTS[name])
    with monkeypatch.context() as patched:
        patched.setattr(ImageTrainer, "step", dies)
        with pytest.raises(KeyboardInterrupt):
            cut.run()
    again = training("cut", INGREDIENTS[name])
    assert again.run().to_bytes() == network.to_bytes()
    assert [epoch.loss for epoch in again.epochs] == losses


def test_every_ingredient_changes_the_network(training: Callable[..., Pretraining]) -> None:
    """Else it would not be learnt from: one epoch of each, from the same first weights."""
    found = {}
    for name, changes in INGREDIENTS.items():
        if name in ("two steps", "jitter, late") or "all at once" in name:
            continue  # these are more than one ingredient, or need a second epoch
        one = training(name, [*changes, "training.epochs=1"])
        found[name] = one.run().to_bytes()
    assert len(set(found.values())) == len(found)


def test_what_begins_late_changes_nothing_before(training: Callable[..., Pretraining]) -> None:
    plain, late = (training(n, INGREDIENTS[n]) for n in ("the recipe", "jitter, late"))
    plain.run()
    late.run()
    losses = [[epoch.loss for epoch in one.epochs] for one in (plain, late)]
    assert losses[0][:2] == losses[1][:2]
    assert losses[0][2] != losses[1][2]


def test_the_head_does_not_move_the_embeddings_that_a_projector_teaches(
    training: Callable[..., Pretraining],
) -> None:
    networks = []
    for gain in (1.0, 50.0):  # of the head, whose gradients differ then
        changes = ["projector={}", "training.epochs=1"]
        one = training(
            f"gain-{gain}", [*changes, f"model={{batch_norm: true, logit_gain: {gain}}}"]
        )
        one.run()
        networks.append(one.model)
    for a, b in zip(networks[0].layers, networks[1].layers, strict=True):
        assert torch.equal(a.latent, b.latent)
    assert not torch.equal(networks[0].head.plane_a.latent, networks[1].head.plane_a.latent)


def test_no_dropped_layer_is_in_the_network(training: Callable[..., Pretraining]) -> None:
    plain = training("plain", ["training.epochs=1"]).run()
    more = training("more", ["training.epochs=1", "projector={}", "rotations={}"]).run()
    assert more.params == plain.params
    assert len(more.to_bytes()) == len(plain.to_bytes())


def test_the_power_of_reste_rises_from_one_and_weights_are_real_in_the_first_step(
    training: Callable[..., Pretraining], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[float, float, set[bool]]] = []
    one = training("a", [*INGREDIENTS["reste"], *INGREDIENTS["two steps"], "training.epochs=5"])
    step = ImageTrainer.step

    def watched(self: ImageTrainer, report: Callable[[int, int], None]) -> object:
        model = one.model
        real = {layer.real for layer in [*model.layers, model.head.plane_a, model.head.plane_b]}
        seen.append((model.surrogate.power, model.head.surrogate.power, real))
        return step(self, report)

    monkeypatch.setattr(ImageTrainer, "step", watched)
    one.run()
    np.testing.assert_allclose([power for power, _, _ in seen], [1, 1.25, 1.5, 1.75, 2])
    assert [power for power, _, _ in seen] == [power for _, power, _ in seen]
    assert [real for _, _, real in seen] == [{True}, {True}, {False}, {False}, {False}]
