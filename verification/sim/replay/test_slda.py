# SPDX-License-Identifier: MIT
"""Streaming LDA against a plain loop over samples, and against scikit-learn on all at once."""

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from golden.bits import pack
from sim.replay import SOURCES, Classifier, ReplayContext
from verification.sim.replay.states import check_state

FEATURES, CLASSES = 12, 5


def samples(seed: int, each: int = 90) -> tuple[np.ndarray, np.ndarray]:
    """Bits of classes with means of their own, in random order; neighbours are often equal."""
    means = np.random.default_rng(0).beta(2, 2, (CLASSES, FEATURES))
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat(np.arange(CLASSES), each))
    bits = rng.random((len(labels), FEATURES)) < means[labels]
    copied = rng.random(bits.shape) < 0.5
    return np.where(copied, np.roll(bits, 1, axis=1), bits).astype(np.uint8), labels


def classifier(**params: float) -> Classifier:
    context = ReplayContext(features=FEATURES, classes=CLASSES, seed=0)
    source = SOURCES["slda"](SOURCES["slda"].Params.model_validate(params), context)
    assert isinstance(source, Classifier)
    return source


def learn(source: Classifier, bits: np.ndarray, labels: np.ndarray) -> None:
    source.learn(pack(bits), labels, np.random.default_rng(2))


def streamed(bits: np.ndarray, labels: np.ndarray) -> dict[str, np.ndarray]:
    """What the paper does with one sample after the other."""
    means, counts = np.zeros((CLASSES, FEATURES)), np.zeros(CLASSES, int)
    covariance = np.zeros((FEATURES, FEATURES))
    for t, (x, label) in enumerate(zip(bits, labels, strict=True)):
        deviation = x - means[label] if counts[label] else np.zeros(FEATURES)
        change = t / (t + 1) * np.outer(deviation, deviation)
        covariance = (t * covariance + change) / (t + 1)
        means[label] = (counts[label] * means[label] + x) / (counts[label] + 1)
        counts[label] += 1
    return {"means": means, "counts": counts, "covariance": covariance}


@pytest.mark.parametrize("ends", [[450], [40, 300, 450], [1, 2, 450]], ids=str)
def test_tasks_of_any_size_are_one_stream_of_samples(ends: list[int]) -> None:
    bits, labels = samples(1)
    source, start = classifier(), 0
    for end in ends:
        learn(source, bits[start:end], labels[start:end])
        state, expected = source.state(), streamed(bits[:end], labels[:end])
        for key, array in expected.items():
            np.testing.assert_allclose(state[key], array, atol=1e-6, err_msg=key)
        start = end
    assert source.n_classes == CLASSES


def test_long_stream_is_linear_discriminant_analysis() -> None:
    bits, labels = samples(1, each=4000)
    source = classifier()
    learn(source, bits, labels)
    peer = LinearDiscriminantAnalysis(solver="lsqr", priors=np.full(CLASSES, 1 / CLASSES))
    every = (np.arange(2**FEATURES)[:, None] >> np.arange(FEATURES) & 1).astype(np.uint8)
    scores = np.sort(peer.fit(bits, labels).decision_function(every), axis=1)
    clear = scores[:, -1] - scores[:, -2] > 0.05
    assert clear.mean() > 0.9
    np.testing.assert_array_equal(source.classify(pack(every[clear])), peer.predict(every[clear]))


def test_shrinkage_of_1_is_the_nearest_mean() -> None:
    bits, labels = samples(1)
    source = classifier(shrinkage=1.0)
    learn(source, bits, labels)
    means = source.state()["means"].astype(float)
    distances = ((bits[:, None, :] - means) ** 2).sum(axis=2)
    assert source.classify(pack(bits)).tolist() == distances.argmin(axis=1).tolist()


def test_only_classes_that_were_seen_are_named_and_of_equal_ones_the_lowest() -> None:
    bits, labels = samples(1)
    source = classifier()
    for label in (2, 4):
        own = bits[labels == 4]
        learn(source, own, np.full(len(own), label))
    assert set(source.classify(pack(bits)).tolist()) == {2}
    learn(source, bits[labels == 3], labels[labels == 3])
    assert set(source.classify(pack(bits)).tolist()) == {2, 3}
    assert source.n_classes == 3


def test_ledger_is_float32_means_and_half_a_covariance() -> None:
    entries = {e.name: (e.bits, e.counted_by_paper) for e in classifier().ledger()}
    assert entries == {
        "class means": (FEATURES * CLASSES * 32, True),
        "covariance": (78 * 32, True),
        "sample counters": (CLASSES * 32, False),
    }


def test_covariance_is_its_own_transpose() -> None:
    source = classifier()
    learn(source, *samples(1))
    covariance = source.state()["covariance"]
    np.testing.assert_array_equal(covariance, covariance.T)
    assert covariance.dtype == np.float32


def test_state_brings_back_every_answer_and_does_not_move_with_its_source() -> None:
    check_state(classifier(), classifier(), samples(1), samples(3), samples(4)[0])


def test_label_names_another_shrinkage() -> None:
    source = SOURCES["slda"]
    assert source.label(source.Params()) == "streaming LDA"
    params = source.Params.model_validate({"shrinkage": 0.1})
    assert source.label(params) == "streaming LDA, shrinkage = 0.1"
