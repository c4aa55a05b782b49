# SPDX-License-Identifier: MIT
"""Logistic regression on all embeddings, against scikit-learn and against its optimum."""

from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from golden.bits import pack
from sim.learn.logistic import fit_logistic
from sim.replay import SOURCES, Classifier, ReplayContext
from verification.sim.replay.states import check_state

FEATURES, CLASSES = 20, 5


def samples(seed: int, classes: int = CLASSES) -> tuple[np.ndarray, np.ndarray]:
    means = np.random.default_rng(0).beta(2, 2, (classes, FEATURES))
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat(np.arange(classes), 60))
    return (rng.random((len(labels), FEATURES)) < means[labels]).astype(np.uint8), labels


def classifier(**params: Any) -> Classifier:
    context = ReplayContext(features=FEATURES, classes=CLASSES, seed=0)
    source = SOURCES["logistic"](SOURCES["logistic"].Params.model_validate(params), context)
    assert isinstance(source, Classifier)
    return source


def learn(source: Classifier, bits: np.ndarray, labels: np.ndarray) -> None:
    source.learn(pack(bits), labels, np.random.default_rng(2))


@pytest.mark.parametrize("base", [2, CLASSES])
def test_tasks_end_in_the_regression_on_all_samples(base: int) -> None:
    bits, labels = samples(1)
    source = classifier(ridge=3.0)
    for now in (labels < base, labels >= base):
        if now.any():
            learn(source, bits[now], labels[now])
    order = np.argsort(labels >= base, kind="stable")  # tasks come one after the other
    peer = LogisticRegression(C=1 / 3, max_iter=200)
    peer.fit((2.0 * bits - 1).astype(np.float32)[order], labels[order])
    fresh, _ = samples(3)
    np.testing.assert_array_equal(source.classify(pack(fresh)), peer.predict(2.0 * fresh - 1))


@pytest.mark.parametrize("classes", [2, 3])
def test_gradient_is_zero_at_the_fit(classes: int) -> None:
    bits, labels = samples(1, classes)
    x = (2.0 * bits - 1).astype(np.float32)
    fit = fit_logistic(x, labels, ridge=5.0, steps=1000)
    scores = x @ fit.weights.T + fit.offsets
    chances = np.exp(scores - scores.max(axis=1, keepdims=True))
    chances /= chances.sum(axis=1, keepdims=True)
    errors = chances - np.eye(classes)[labels]
    # Of two classes scikit-learn penalises the difference of both rows once, which is twice a row.
    ridge = 5.0 * (2 if classes == 2 else 1)
    assert np.abs(errors.T @ x + ridge * fit.weights).max() < 0.05
    assert np.abs(errors.sum(axis=0)).max() < 0.05


def test_fewer_steps_than_it_needs_warn_nobody(recwarn: pytest.WarningsRecorder) -> None:
    bits, labels = samples(1)
    source = classifier(ridge=0.01, steps=1)
    learn(source, bits, labels)
    source.classify(pack(bits))
    assert not recwarn.list


def test_a_single_class_is_always_chosen() -> None:
    source = classifier()
    bits, labels = samples(1)
    learn(source, bits[labels == 3], labels[labels == 3])
    assert set(source.classify(pack(bits)).tolist()) == {3}


def test_state_is_all_samples_and_bits_count_them() -> None:
    bits, labels = samples(1)
    source = classifier()
    learn(source, bits, labels)
    assert source.ledger().bits_paper == len(labels) * FEATURES
    assert source.head_ledger().bits_full == CLASSES * (FEATURES + 1) * 32
    base = labels < 3
    first, then = (bits[base], labels[base]), (bits[~base], labels[~base])
    check_state(classifier(), classifier(), first, then, samples(3)[0])
