# SPDX-License-Identifier: MIT
"""Judges of embeddings: the accuracy of the definition, and only classes that may be used."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="PyTorch (extra `train`) is not installed")

from golden.bits import unpack
from golden.kernels import infer
from golden.network import Network
from golden.params import NetworkParams
from sim.images.pretrain.judge import JUDGES, judged
from sim.images.pretrain.split import BaseSplit

CLASSES, NEW, INCREMENT = 6, 2, 1


@pytest.fixture(scope="module")
def network() -> Network:
    params = NetworkParams.from_description(
        {
            "input": {"height": 4, "width": 4, "channels": 3, "bits": 7},
            "layers": [{"kind": "thermometer", "levels": 8}, {"kind": "dense", "outputs": 64}],
        }
    )
    return Network.random(params, np.random.default_rng(0))


@pytest.fixture(scope="module")
def split() -> BaseSplit:
    """Noisy pictures of six classes."""
    rng = np.random.default_rng(1)
    means = rng.integers(20, 108, (CLASSES, 4, 4, 3))

    def part(count: int) -> tuple[np.ndarray, np.ndarray]:
        labels = np.repeat(np.arange(CLASSES), count)
        noisy = means[labels] + rng.normal(0, 40, (len(labels), 4, 4, 3))
        return noisy.clip(0, 127).astype(np.uint8), labels

    (train, train_labels), (test, test_labels) = part(20), part(15)
    return BaseSplit(
        train_images=train, train_labels=train_labels, test_images=test, test_labels=test_labels
    )


def test_nearest_mean_has_the_average_of_its_accuracies_after_every_task(
    network: Network, split: BaseSplit
) -> None:
    train, test = (unpack(infer(network, x), 64) for x in (split.train_images, split.test_images))
    accuracies = []
    for seen in (4, 5, 6):
        # Codes of 8 bits stand for the middles of 256 equal parts, or so near that none decides.
        means = np.array([train[split.train_labels == c].mean(0) for c in range(seen)])
        chosen = split.test_labels < seen
        distances = ((test[chosen][:, np.newaxis] - means) ** 2).sum(2)
        accuracies.append((distances.argmin(1) == split.test_labels[chosen]).mean())
    found = judged(network, split, NEW, INCREMENT)
    # One answer of the 60 of the first task may turn on the rounding of a mean.
    assert found["nearest mean"] == pytest.approx(np.mean(accuracies), abs=1 / 60 / 3 + 1e-9)
    assert list(found) == list(JUDGES)
    assert min(found.values()) > 2 / CLASSES  # twice what chance reaches


def test_the_same_network_is_judged_alike(network: Network, split: BaseSplit) -> None:
    assert judged(network, split, NEW, 2) == judged(network, split, NEW, 2)


def test_classes_without_a_difference_are_told_apart_by_chance(
    network: Network, split: BaseSplit
) -> None:
    rng = np.random.default_rng(2)
    shuffled = BaseSplit(
        train_images=split.train_images,
        train_labels=rng.permutation(split.train_labels),
        test_images=split.test_images,
        test_labels=split.test_labels,
    )
    for accuracy in judged(network, shuffled, NEW, INCREMENT).values():
        assert accuracy < 0.5
