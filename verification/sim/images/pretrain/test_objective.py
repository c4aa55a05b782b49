# SPDX-License-Identifier: MIT
"""The loss of a recipe is the sum of its terms, each by its definition in NumPy."""

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch (extra `train`) is not installed")

from golden.params import NetworkParams
from sim.images.pretrain.dropped import Dropped
from sim.images.pretrain.model import BinaryNetwork
from sim.images.pretrain.objective import Objective
from sim.images.pretrain.rotations import with_rotations
from sim.images.pretrain.sections import ModelConfig
from sim.images.pretrain.settings import PretrainConfig
from sim.images.pretrain.teacher import Teacher
from verification.sim.images.pretrain.test_attention import attention_by_loops
from verification.sim.images.pretrain.test_decorrelation import by_loops
from verification.sim.images.pretrain.test_start import NETWORK, pixels

PIXELS = torch.from_numpy(pixels()[:12])
LABELS = torch.tensor([0, 1, 2, 0, 1, 2, 0, 0, 1, 1, 2, 2])
CLASSES = {"classes": {"base": 3}}


def parts(**config: Any) -> tuple[PretrainConfig, BinaryNetwork, Teacher, Dropped]:
    section = PretrainConfig.model_validate({**CLASSES, **config})
    rng = np.random.default_rng(0)
    model = BinaryNetwork(NetworkParams.from_description(NETWORK), ModelConfig(), rng).train()
    draw = torch.Generator().manual_seed(1)
    teacher = Teacher(7, 3, 3, 4, draw).eval()
    rotated = section.rotations is not None
    return section, model, teacher, Dropped(16, 3, section.projector, rotated, draw)


def loss_of(**config: Any) -> float:
    section, model, teacher, dropped = parts(**config)
    taught = teacher if section.distillation else None
    return Objective(section, taught, dropped)(model, PIXELS, LABELS)[0].item()


def array(x: Any) -> np.ndarray:
    return x.detach().double().numpy()


def cross_entropy(logits: np.ndarray, labels: np.ndarray, smoothing: float = 0.0) -> float:
    total = 0.0
    for row, label in zip(logits, labels, strict=True):
        logs = row - np.log(np.exp(row).sum())
        total -= (1 - smoothing) * logs[label] + smoothing * logs.mean()
    return total / len(labels)


def softmax(x: np.ndarray) -> np.ndarray:
    return np.exp(x) / np.exp(x).sum(1, keepdims=True)


def kullback_leibler(answers: np.ndarray, logits: np.ndarray, temperature: float) -> float:
    p, q = softmax(answers / temperature), softmax(logits / temperature)
    return temperature**2 * float((p * np.log(p / q)).sum(1).mean())


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_labels_alone_are_their_cross_entropy(smoothing: float) -> None:
    training = {"label_smoothing": smoothing}
    section, model, _, dropped = parts(training=training)
    loss, logits = Objective(section, None, dropped)(model, PIXELS, LABELS)
    assert loss.item() == pytest.approx(
        cross_entropy(array(logits), LABELS.numpy(), smoothing), rel=1e-5
    )
    assert torch.equal(logits, model(PIXELS))


def test_a_teacher_has_its_share_and_attention_comes_beside() -> None:
    distillation = {"weight": 0.3, "temperature": 3.0, "attention": 0.7}
    _, model, teacher, _ = parts()
    sums: list[Any] = []
    logits = array(model.head(model.features(PIXELS, sums)))
    answers, maps = teacher.answers(PIXELS)
    expected = 0.7 * cross_entropy(logits, LABELS.numpy())
    expected += 0.3 * kullback_leibler(array(answers), logits, 3.0)
    # Maps of 4 x 4 and 2 x 2 are those that both networks have.
    assert [tuple(x.shape[2:]) for x in sums if x.ndim == 4] == [(4, 4), (2, 2)]
    assert [tuple(x.shape[2:]) for x in maps] == [(4, 4), (2, 2), (1, 1)]
    for own, taught in zip(sums[:2], maps[:2], strict=True):
        a, b = (np.array(attention_by_loops(array(x))) for x in (own, taught))
        expected += 0.7 * ((a - b) ** 2).sum(1).mean()
    assert loss_of(distillation=distillation) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("of", ["sums", "signs"])
@pytest.mark.parametrize("pooled", [False, True])
def test_decorrelation_is_of_the_last_sums_or_their_signs(of: str, pooled: bool) -> None:
    _, model, _, _ = parts()
    sums: list[Any] = []
    embeddings = model.features(PIXELS, sums)
    assert torch.equal(torch.where(sums[-1] >= 0, 1.0, -1.0), embeddings)
    x = array(sums[-1] if of == "sums" else embeddings)
    section = {"weight": 1.5, "of": of, "pooled": pooled}
    expected = loss_of() + 1.5 * by_loops(x, LABELS.numpy(), pooled)
    assert loss_of(decorrelation=section) == pytest.approx(expected, rel=1e-5)


def test_rotated_images_are_classes_after_the_upright_ones() -> None:
    _, model, _, dropped = parts(rotations={})
    images, labels = with_rotations(PIXELS, LABELS, 3, 3)
    x = model.features(images)
    assert dropped.rotated is not None
    logits = np.concatenate([array(model.head(x)), array(dropped.rotated(x))], axis=1)
    assert logits.shape == (48, 12)
    expected = cross_entropy(logits, labels.numpy())
    section, model, _, dropped = parts(rotations={})
    loss, upright = Objective(section, None, dropped)(model, PIXELS, LABELS)
    assert loss.item() == pytest.approx(expected, rel=1e-5)
    np.testing.assert_allclose(array(upright), logits[:12, :3], rtol=1e-6)


def test_a_projector_answers_and_the_head_learns_beside_it() -> None:
    projector = {"hidden": 20, "outputs": 6}
    _, model, _, dropped = parts(projector=projector)
    x = model.features(PIXELS)
    assert dropped.projector is not None
    assert dropped.output is not None
    first, norm, _, second = (layer for layer in dropped.projector)
    hidden = array(x) @ array(first.weight).T
    hidden = (hidden - hidden.mean(0)) / np.sqrt(hidden.var(0) + norm.eps)
    projected = np.maximum(hidden, 0) @ array(second.weight).T + array(second.bias)
    answers = projected @ array(dropped.output.weight).T + array(dropped.output.bias)
    expected = sum(cross_entropy(y, LABELS.numpy()) for y in (answers, array(model.head(x))))
    assert loss_of(projector=projector) == pytest.approx(expected, rel=1e-4)


def test_with_a_projector_the_head_sends_no_gradient_to_the_embeddings() -> None:
    section, model, _, dropped = parts(projector={})
    loss, logits = Objective(section, None, dropped)(model, PIXELS, LABELS)
    (through_head,) = torch.autograd.grad(
        logits.sum(), [model.layers[0].latent], retain_graph=True, allow_unused=True
    )
    assert through_head is None
    loss.backward()
    for name, weight in [*model.named_parameters(), *dropped.named_parameters()]:
        assert weight.grad is not None, name
        assert weight.grad.abs().sum() > 0 or name.endswith("0.bias"), name
