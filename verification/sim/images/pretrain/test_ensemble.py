# SPDX-License-Identifier: MIT
"""Networks that teach: mean probabilities by the definition, and the gains of their logits."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch (extra `train`) is not installed")

from golden.kernels import head_logits, infer
from golden.network import Network
from golden.params import NetworkParams
from sim.images.pretrain.ensemble import Ensemble
from sim.images.pretrain.export import to_golden
from sim.images.pretrain.model import BinaryNetwork
from sim.images.pretrain.sections import ModelConfig
from sim.images.pretrain.train import THREADS
from verification.sim.images.pretrain.test_start import NETWORK, pixels


def network(seed: int) -> Network:
    params = NetworkParams.from_description(NETWORK)
    return to_golden(BinaryNetwork(params, ModelConfig(), np.random.default_rng(seed)))


def logits_of(one: Network, images: np.ndarray) -> np.ndarray:
    assert one.head is not None
    return head_logits(one.head, infer(one, images)).astype(np.float64)


def softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def test_answers_are_the_logarithms_of_mean_probabilities() -> None:
    images, networks = pixels(), [network(0), network(1), network(2)]
    labels = np.random.default_rng(0).integers(0, 3, len(images))
    teacher = Ensemble(networks, images, labels)
    each = [
        softmax(gain * logits_of(one, images))
        for one, gain in zip(networks, teacher.gains, strict=True)
    ]
    answers = teacher(torch.from_numpy(images)).numpy()
    np.testing.assert_allclose(answers, np.log(np.mean(each, axis=0)), atol=1e-5)


def test_a_gain_is_where_the_labels_are_likeliest() -> None:
    images, one = pixels(), network(0)
    logits = logits_of(one, images)
    rng = np.random.default_rng(1)
    # Labels drawn from the probabilities at a gain of 0.2, so that the best one is near it.
    labels = np.array([rng.choice(3, p=p) for p in softmax(0.2 * logits)])
    (gain,) = Ensemble([one], images, labels).gains

    def loss(factor: float) -> float:
        return -np.log(softmax(factor * logits)[np.arange(len(labels)), labels]).mean()

    grid = np.exp(np.linspace(-8, 0, 2001))
    assert loss(gain) == pytest.approx(min(loss(g) for g in grid), abs=1e-6)


def test_threads_are_those_of_the_training_afterwards() -> None:
    images = pixels()
    torch.set_num_threads(THREADS + 1)
    teacher = Ensemble([network(0)], images, np.zeros(len(images), np.int64))
    assert torch.get_num_threads() == THREADS
    torch.set_num_threads(THREADS + 1)
    teacher(torch.from_numpy(images))
    assert torch.get_num_threads() == THREADS
