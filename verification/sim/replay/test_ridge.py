# SPDX-License-Identifier: MIT
"""Ridge regression against scikit-learn and against recursive least squares."""

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from sklearn.linear_model import Ridge

from golden.bits import pack
from sim.replay import SOURCES, Classifier, ReplayContext
from sim.replay.ridge import CHUNK
from verification.sim.replay.states import check_state

FEATURES, CLASSES, HIDDEN = 20, 5, 30


def samples(seed: int, each: int = 90) -> tuple[np.ndarray, np.ndarray]:
    """Bits of classes with means of their own, the same for every seed, in random order."""
    means = np.random.default_rng(0).beta(2, 2, (CLASSES, FEATURES))
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat(np.arange(CLASSES), each))
    return (rng.random((len(labels), FEATURES)) < means[labels]).astype(np.uint8), labels


def classifier(seed: int = 0, **params: Any) -> Classifier:
    context = ReplayContext(features=FEATURES, classes=CLASSES, seed=seed)
    source = SOURCES["ridge"](SOURCES["ridge"].Params.model_validate(params), context)
    assert isinstance(source, Classifier)
    return source


def learn(source: Classifier, bits: np.ndarray, labels: np.ndarray) -> None:
    source.learn(pack(bits), labels, np.random.default_rng(2))


def clear_winners(scores: np.ndarray) -> np.ndarray:
    ordered = np.sort(scores, axis=1)
    return ordered[:, -1] - ordered[:, -2] > 1e-3


@pytest.mark.parametrize("strength", [1.0, 300.0])
@pytest.mark.parametrize("base", [2, CLASSES])
def test_regression_of_any_tasks_is_that_of_scikit_learn_on_all(base: int, strength: float) -> None:
    bits, labels = samples(1)
    source = classifier(ridge=strength)
    for now in (labels < base, labels >= base):
        if now.any():
            learn(source, bits[now], labels[now])
    peer = Ridge(alpha=strength, fit_intercept=False)
    peer.fit(2.0 * bits - 1, np.eye(CLASSES)[labels])
    fresh = np.random.default_rng(3).integers(0, 2, (2000, FEATURES)).astype(np.uint8)
    scores = peer.predict(2.0 * fresh - 1)
    clear = clear_winners(scores)
    assert clear.mean() > 0.98
    own = source.classify(pack(fresh))
    np.testing.assert_array_equal(own[clear], scores.argmax(axis=1)[clear])


def test_regression_is_what_recursive_least_squares_reaches() -> None:
    bits, labels = samples(1)
    source = classifier(ridge=7.0)
    learn(source, bits, labels)
    inverse, weights = np.eye(FEATURES) / 7.0, np.zeros((FEATURES, CLASSES))
    for x, label in zip(2.0 * bits - 1, labels, strict=True):
        gain = inverse @ x / (1 + x @ inverse @ x)
        weights += np.outer(gain, np.eye(CLASSES)[label] - x @ weights)
        inverse -= np.outer(gain, x @ inverse)
    fresh, _ = samples(3)
    scores = (2.0 * fresh - 1) @ weights
    clear = clear_winners(scores)
    assert clear.mean() > 0.95
    own = source.classify(pack(fresh))
    np.testing.assert_array_equal(own[clear], scores.argmax(axis=1)[clear])


def test_state_is_exact_sums_of_signs() -> None:
    bits, labels = samples(1, each=300)
    assert len(bits) > CHUNK
    source = classifier()
    learn(source, bits, labels)
    signs, state = 2 * bits.astype(np.int64) - 1, source.state()
    np.testing.assert_array_equal(state["autocorrelation"], signs.T @ signs)
    sums = [signs[labels == label].sum(axis=0) for label in range(CLASSES)]
    np.testing.assert_array_equal(state["sums"], sums)


@pytest.mark.parametrize("activation", ["relu", "sign"])
def test_random_features_are_sums_under_fixed_signs(activation: str) -> None:
    # One sample a class: the sum over a class is the sample's features.
    bits = np.random.default_rng(4).integers(0, 2, (CLASSES, FEATURES)).astype(np.uint8)
    source = classifier(hidden=HIDDEN, activation=activation)
    learn(source, bits, np.arange(CLASSES))
    seen = source.state()["sums"].astype(float)
    matrix = 2 * np.random.default_rng([0]).integers(2, size=(FEATURES, HIDDEN)) - 1
    sums = (2 * bits.astype(int) - 1) @ matrix
    assert (sums == 0).any()
    expected = np.maximum(sums, 0) / FEATURES**0.5 if activation == "relu" else 2 * (sums >= 0) - 1
    np.testing.assert_allclose(seen, expected, rtol=1e-6)
    other = classifier(seed=1, hidden=HIDDEN, activation=activation)
    learn(other, bits, np.arange(CLASSES))
    assert (other.state()["sums"] != source.state()["sums"]).any()


def test_rectified_features_separate_what_no_line_separates() -> None:
    rng = np.random.default_rng(5)
    bits = rng.integers(0, 2, (1200, FEATURES)).astype(np.uint8)
    bits[:, 2:] = bits[:, 2:3]  # three bits vary
    labels = (bits[:, 0] ^ bits[:, 1]).astype(np.int64)
    linear, random = classifier(ridge=1.0), classifier(hidden=200, ridge=1.0)
    accuracies = []
    for source in (linear, random):
        learn(source, bits, labels)
        accuracies.append((source.classify(pack(bits)) == labels).mean())
    assert accuracies[0] < 0.8
    assert accuracies[1] == 1


def test_only_classes_that_were_seen_are_named_and_of_equal_ones_the_lowest() -> None:
    bits, labels = samples(1)
    source = classifier()
    for label in (2, 4):
        own = bits[labels == 4]
        learn(source, own, np.full(len(own), label))
    assert set(source.classify(pack(bits)).tolist()) == {2}
    assert source.n_classes == 2


@pytest.mark.parametrize(("hidden", "width"), [(0, FEATURES), (HIDDEN, HIDDEN)])
def test_ledger_is_sums_and_half_an_autocorrelation(hidden: int, width: int) -> None:
    entries = {e.name: e.bits for e in classifier(hidden=hidden).ledger()}
    expected = {
        "class sums": CLASSES * width * 32,
        "autocorrelation": width * (width + 1) // 2 * 32,
        "classes seen": CLASSES,
    }
    assert entries == (expected | {"random matrix": 64} if hidden else expected)


@pytest.mark.parametrize("hidden", [0, HIDDEN])
def test_state_brings_back_every_answer_and_does_not_move_with_its_source(hidden: int) -> None:
    source, copy = classifier(hidden=hidden), classifier(hidden=hidden)
    check_state(source, copy, samples(1), samples(3), samples(4)[0])


def test_activation_without_random_features_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"activation must be left out where hidden is 0"):
        SOURCES["ridge"].Params.model_validate({"activation": "sign"})


def test_label_names_random_features() -> None:
    source = SOURCES["ridge"]
    assert source.label(source.Params()) == "ridge"
    params = source.Params.model_validate({"hidden": 64, "activation": "sign"})
    assert source.label(params) == "ridge, 64 random features, activation = sign"
