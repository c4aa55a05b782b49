# SPDX-License-Identifier: MIT
"""Correlations within a class against loops over pairs of features."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch (extra `train`) is not installed")

from sim.images.pretrain.decorrelation import decorrelation

LABELS = np.array([4, 1, 4, 0, 1, 4, 4, 7, 0])  # class 7 has one image alone


def features(seed: int = 0, size: int = 5) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(len(LABELS), size))


def by_loops(x: np.ndarray, labels: np.ndarray, pooled: bool) -> float:
    n_images, size = x.shape
    members = {label: [i for i in range(n_images) if labels[i] == label] for label in set(labels)}
    centred = x.copy()
    for group in members.values():
        for a in range(size):
            centred[group, a] -= sum(x[i, a] for i in group) / len(group)
    freedom = n_images - len(members)
    z = np.empty_like(x)
    for a in range(size):
        z[:, a] = centred[:, a] / (sum(centred[:, a] ** 2) / freedom + 1e-5) ** 0.5

    def mean_square(group: list[int], degrees: int) -> float:
        total = 0.0
        for a in range(size):
            for b in range(size):
                if a != b:
                    total += (sum(z[i, a] * z[i, b] for i in group) / degrees) ** 2
        return total / (size * (size - 1))

    if pooled:
        return mean_square(list(range(n_images)), freedom)
    each = [mean_square(group, len(group) - 1) for group in members.values() if len(group) > 1]
    return sum(each) / len(each)


def penalty(x: np.ndarray, labels: np.ndarray, pooled: bool) -> float:
    return decorrelation(torch.tensor(x), torch.tensor(labels), pooled=pooled).item()


@pytest.mark.parametrize("pooled", [False, True])
def test_penalty_is_the_mean_square_of_correlations_by_loops(pooled: bool) -> None:
    for seed in range(3):
        x = features(seed)
        assert penalty(x, LABELS, pooled) == pytest.approx(by_loops(x, LABELS, pooled), rel=1e-9)


def test_equal_features_are_wholly_correlated_and_drawn_ones_hardly() -> None:
    rng = np.random.default_rng(1)
    labels = rng.integers(3, size=3000)
    one = rng.normal(size=(3000, 1)) + labels[:, np.newaxis]
    assert penalty(np.repeat(one, 6, 1), labels, True) == pytest.approx(1, abs=1e-3)
    assert penalty(rng.normal(size=(3000, 6)) + 9 * labels[:, np.newaxis], labels, True) < 2e-3


@pytest.mark.parametrize("pooled", [False, True])
def test_neither_scale_nor_the_mean_of_a_class_changes_the_penalty(pooled: bool) -> None:
    x = features()
    moved = 100 * x + np.random.default_rng(2).normal(size=(8, 5))[LABELS]
    assert penalty(moved, LABELS, pooled) == pytest.approx(penalty(x, LABELS, pooled), rel=1e-3)


@pytest.mark.parametrize("pooled", [False, True])
def test_a_batch_without_two_images_of_a_class_has_no_penalty(pooled: bool) -> None:
    x = torch.tensor(features(), requires_grad=True)
    loss = decorrelation(x, torch.arange(len(LABELS)), pooled=pooled)
    loss.backward()
    assert loss.item() == 0
    assert x.grad is not None
    assert torch.equal(x.grad, torch.zeros_like(x))


@pytest.mark.parametrize("pooled", [False, True])
def test_gradients_are_those_of_finite_differences(pooled: bool) -> None:
    x = torch.tensor(features(size=3), requires_grad=True)
    labels = torch.tensor(LABELS)
    assert torch.autograd.gradcheck(lambda y: decorrelation(y, labels, pooled=pooled), (x,))


def test_one_feature_has_none_to_be_correlated_with() -> None:
    assert penalty(features(size=1), LABELS, True) == pytest.approx(0, abs=1e-12)
