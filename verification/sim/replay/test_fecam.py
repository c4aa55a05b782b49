# SPDX-License-Identifier: MIT
"""FeCAM against dense inverses of the correlations of every class."""

from typing import Any

import numpy as np
import pytest

from golden.bits import pack
from sim.replay import SOURCES, Classifier, ReplayContext
from verification.sim.replay.states import check_state

FEATURES, CLASSES = 12, 5


def samples(seed: int, each: int = 90) -> tuple[np.ndarray, np.ndarray]:
    """Bits of classes whose means and whose correlations between neighbours differ."""
    means = np.random.default_rng(0).beta(2, 2, (CLASSES, FEATURES))
    labels, rng = np.repeat(np.arange(CLASSES), each), np.random.default_rng(seed)
    bits = rng.random((len(labels), FEATURES)) < means[labels]
    copied = rng.random(bits.shape) < labels[:, None] / CLASSES
    return np.where(copied, np.roll(bits, 1, axis=1), bits).astype(np.uint8), labels


def classifier(**params: Any) -> Classifier:
    context = ReplayContext(features=FEATURES, classes=CLASSES, seed=0)
    kind = SOURCES["fecam"]
    source = kind(kind.Params.model_validate({"rank": 4, **params}), context)
    assert isinstance(source, Classifier)
    return source


def taught(**params: Any) -> Classifier:
    source, (bits, labels) = classifier(**params), samples(1)
    for now in (labels < 2, labels >= 2):
        source.learn(pack(bits[now]), labels[now], np.random.default_rng(2))
    return source


def correlations(bits: np.ndarray, shrinkage: float) -> np.ndarray:
    covariance = np.cov(bits.T, bias=True)
    covariance += shrinkage * np.trace(covariance) / FEATURES * np.eye(FEATURES)
    return covariance / np.sqrt(np.outer(np.diag(covariance), np.diag(covariance)))


def of_rank(matrix: np.ndarray, rank: int) -> np.ndarray:
    """The matrix with its smallest eigenvalues replaced by their mean."""
    values, vectors = np.linalg.eigh(matrix)
    if rank < FEATURES:
        values[: FEATURES - rank] = values[: FEATURES - rank].mean()
    return (vectors * values) @ vectors.T


@pytest.mark.parametrize("shrinkage", [0.01, 1.0])
@pytest.mark.parametrize("rank", [0, 1, 4, FEATURES])
def test_distances_are_those_of_the_dense_inverse(rank: int, shrinkage: float) -> None:
    bits, labels = samples(1)
    every = (np.arange(2**FEATURES)[:, None] >> np.arange(FEATURES) & 1).astype(np.uint8)
    distances = np.empty((len(every), CLASSES))
    for label in range(CLASSES):
        own = bits[labels == label]
        inverse = np.linalg.inv(of_rank(correlations(own, shrinkage), rank))
        deviations = every - own.mean(axis=0)
        distances[:, label] = np.einsum("ni,ij,nj->n", deviations, inverse, deviations)
    ordered = np.sort(distances, axis=1)
    clear = ordered[:, 1] - ordered[:, 0] > 1e-3
    assert clear.mean() > 0.98
    found = taught(rank=rank, shrinkage=shrinkage).classify(pack(every))
    np.testing.assert_array_equal(found[clear], distances.argmin(axis=1)[clear])


def test_covariances_tell_classes_of_equal_means_apart() -> None:
    rng = np.random.default_rng(3)
    bits = rng.integers(0, 2, (2000, FEATURES)).astype(np.uint8)
    labels = np.repeat([0, 1], 1000)
    bits[:1000, 1::2] = bits[:1000, ::2]  # pairs are equal
    bits[1000:, 1::2] = 1 - bits[1000:, ::2]  # pairs differ
    accuracies = []
    for rank in (0, 6):
        source = classifier(rank=rank, shrinkage=0.1)
        source.learn(pack(bits), labels, rng)
        accuracies.append((source.classify(pack(bits)) == labels).mean())
    assert accuracies[0] < 0.6
    assert accuracies[1] == 1


def test_class_without_any_variance_has_plain_distances() -> None:
    source = classifier()
    bits = np.zeros((2, FEATURES), np.uint8)
    bits[1, :6] = 1
    source.learn(pack(bits), np.arange(2), np.random.default_rng(2))
    fresh = np.random.default_rng(4).integers(0, 2, (300, FEATURES)).astype(np.uint8)
    # Of equal distances, with three ones among the first six bits, the lowest class wins.
    assert source.classify(pack(fresh)).tolist() == (fresh[:, :6].sum(axis=1) > 3).tolist()


def test_ledger_is_means_bases_and_scales() -> None:
    assert {e.name: e.bits for e in classifier().ledger()} == {
        "class means": FEATURES * CLASSES * 32,
        "bases": 4 * FEATURES * CLASSES * 32,
        "scales": CLASSES * 32,
        "fill pointer": 3,
    }
    assert "bases" not in {e.name for e in classifier(rank=0).ledger()}


def test_state_brings_back_every_answer_and_what_comes_next() -> None:
    source, copy = classifier(), classifier()
    bits, labels = samples(1)
    first = labels < 2
    begun, rest = ((bits[chosen], labels[chosen]) for chosen in (first, ~first))
    check_state(source, copy, begun, rest, samples(4)[0])
    assert copy.n_classes == CLASSES


def test_rank_above_the_bits_of_an_embedding_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^rank must be at most the 12 bits .*, not 13$"):
        classifier(rank=13)


def test_label_names_rank_and_shrinkage() -> None:
    kind = SOURCES["fecam"]
    params = kind.Params.model_validate({"rank": 8, "shrinkage": 3.0})
    assert kind.label(params) == "FeCAM R = 8, shrinkage = 3.0"
