# SPDX-License-Identifier: MIT
"""Hyperdimensional classification against loops over plain integers, and against Hamming."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from golden.bits import pack
from sim.replay import SOURCES, Classifier, ReplayContext

FEATURES, CLASSES = 70, 5

Samples = tuple[np.ndarray, np.ndarray]


def samples(seed: int, classes: range = range(CLASSES), each: int = 25) -> Samples:
    """Bits of classes with means of their own, the same for every seed; classes in turn."""
    means = np.random.default_rng(0).beta(2, 2, (CLASSES, FEATURES))
    labels = np.resize(np.array(classes), each * len(classes))
    return np.random.default_rng(seed).random((len(labels), FEATURES)) < means[labels], labels


def classifier(**params: Any) -> Classifier:
    context = ReplayContext(features=FEATURES, classes=CLASSES, seed=0)
    kind = SOURCES["hyperdimensional"]
    source = kind(kind.Params.model_validate(params), context)
    assert isinstance(source, Classifier)
    return source


def taught(**params: Any) -> Classifier:
    source = classifier(**params)
    for seed, classes in ((1, range(3)), (2, range(3, CLASSES))):
        bits, labels = samples(seed, classes)
        source.learn(pack(bits), labels, np.random.default_rng(seed))
    return source


class Naive:
    """Lists of Python integers, one sample and one feature after the other."""

    def __init__(self, width: int, epochs: int, similarity: str) -> None:
        self.low, self.high = -(2 ** (width - 1)), 2 ** (width - 1) - 1
        self.epochs, self.similarity = epochs, similarity
        self.sums: dict[int, list[int]] = {}

    def add(self, label: int, sample: list[int], sign: int) -> None:
        moved = [a + sign * x for a, x in zip(self.sums[label], sample, strict=True)]
        self.sums[label] = [min(max(a, self.low), self.high) for a in moved]

    def score(self, label: int, sample: list[int]) -> Fraction:
        own = self.sums[label]
        if self.similarity == "hamming":
            own = [1 if a >= 0 else -1 for a in own]
        product = sum(a * x for a, x in zip(own, sample, strict=True))
        if self.similarity != "cosine":
            return Fraction(product)
        return Fraction(product * abs(product), sum(a * a for a in own))

    def winner(self, sample: list[int]) -> int:
        return max(sorted(self.sums), key=lambda label: (self.score(label, sample), -label))

    def learn(self, bits: np.ndarray, labels: np.ndarray, rng: np.random.Generator) -> None:
        x = [[1 if bit else -1 for bit in row] for row in bits.tolist()]
        for label in sorted(set(labels.tolist())):
            self.sums[label] = [0] * FEATURES
        for sample, label in zip(x, labels.tolist(), strict=True):
            self.add(label, sample, 1)
        for _ in range(self.epochs):
            for place in rng.permutation(len(x)).tolist():
                found = self.winner(x[place])
                if found != labels[place]:
                    self.add(int(labels[place]), x[place], 1)
                    self.add(found, x[place], -1)


@pytest.mark.parametrize("similarity", ["hamming", "dot", "cosine"])
@pytest.mark.parametrize(("width", "epochs"), [(12, 0), (12, 2), (4, 0), (4, 2), (2, 1)])
def test_learning_is_a_loop_over_integers(width: int, epochs: int, similarity: str) -> None:
    params = {"accumulator_width": width, "epochs": epochs, "similarity": similarity}
    source, naive = taught(**params), Naive(width, epochs, similarity)
    for seed, classes in ((1, range(3)), (2, range(3, CLASSES))):
        naive.learn(*samples(seed, classes), np.random.default_rng(seed))
    bits, _ = samples(3)
    expected = [naive.winner([1 if bit else -1 for bit in row]) for row in bits.tolist()]
    assert source.classify(pack(bits)).tolist() == expected
    sums = np.array([naive.sums[label] for label in range(CLASSES)])
    if epochs or similarity != "hamming":
        np.testing.assert_array_equal(source.state()["sums"], sums)
    else:
        np.testing.assert_array_equal(source.state()["sums"], np.where(sums < 0, -1, 1))


def test_accumulators_of_few_bits_saturate_and_wide_ones_do_not() -> None:
    narrow, wide = (taught(accumulator_width=w, epochs=0).state()["sums"] for w in (4, 12))
    assert narrow.min() == -8
    assert narrow.max() == 7
    assert wide.max() > 7
    inside = np.abs(wide) <= 2
    assert (narrow[inside] != wide[inside]).any(), "what was cut off on the way is missing"


def test_signs_without_retraining_are_the_majority_of_each_class() -> None:
    source = taught(similarity="hamming", epochs=0)
    peer = SOURCES["hamming"](SOURCES["hamming"].Params.model_validate({}), source.context)
    assert isinstance(peer, Classifier)
    for seed, classes in ((1, range(3)), (2, range(3, CLASSES))):
        bits, labels = samples(seed, classes)
        peer.learn(pack(bits), labels, np.random.default_rng(seed))
    np.testing.assert_array_equal(source.state()["sums"] > 0, peer.state()["codes"] > 0)
    # Few features differ between random halves of the bits: ties are common.
    bits = pack(np.random.default_rng(5).random((400, FEATURES)) < 0.5)
    np.testing.assert_array_equal(source.classify(bits), peer.classify(bits))


def test_retraining_helps_on_the_samples_that_it_sees() -> None:
    bits, labels = samples(1)
    accuracies = []
    for epochs in (0, 5):
        source = classifier(epochs=epochs)
        source.learn(pack(bits), labels, np.random.default_rng(1))
        accuracies.append((source.classify(pack(bits)) == labels).mean())
    assert accuracies[1] == 1 > accuracies[0]


def test_bundle_of_length_0_scores_0() -> None:
    source = classifier(epochs=0)
    bits = np.random.default_rng(4).random((1, FEATURES)) < 0.5
    both = pack(np.concatenate([bits, ~bits]))
    source.learn(both, np.zeros(2, np.int64), np.random.default_rng(0))
    source.learn(pack(bits), np.ones(1, np.int64), np.random.default_rng(0))
    assert not source.state()["sums"][0].any()
    assert source.classify(both).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("params", "entries"),
    [
        ({"similarity": "hamming", "epochs": 0}, {"prototypes": FEATURES * CLASSES}),
        ({"similarity": "hamming", "epochs": 1}, {"accumulators": FEATURES * CLASSES * 12}),
        (
            {"similarity": "dot", "epochs": 0, "accumulator_width": 5},
            {"accumulators": FEATURES * CLASSES * 5},
        ),
    ],
    ids=["signs", "retrained", "values"],
)
def test_ledger_counts_accumulators_where_they_survive(
    params: dict[str, Any], entries: dict[str, int]
) -> None:
    ledger = classifier(**params).ledger()
    assert {e.name: e.bits for e in ledger} == {**entries, "fill pointer": 3}


@pytest.mark.parametrize("epochs", [0, 1])
@pytest.mark.parametrize("similarity", ["hamming", "cosine"])
def test_state_brings_back_what_comes_next_and_does_not_move(similarity: str, epochs: int) -> None:
    source, copy = (classifier(similarity=similarity, epochs=epochs) for _ in range(2))
    bits, labels = samples(1, range(3))
    source.learn(pack(bits), labels, np.random.default_rng(1))
    state = source.state()
    copy.load_state(state)
    before = state["sums"].copy()
    bits, labels = samples(2, range(3, CLASSES))
    for each in (source, copy):
        each.learn(pack(bits), labels, np.random.default_rng(2))
    np.testing.assert_array_equal(state["sums"], before)
    np.testing.assert_array_equal(source.state()["sums"], copy.state()["sums"])
    assert copy.n_classes == CLASSES
    fresh = pack(samples(4)[0])
    np.testing.assert_array_equal(copy.classify(fresh), source.classify(fresh))


@pytest.mark.parametrize(
    ("params", "label"),
    [
        (
            {"similarity": "dot", "accumulator_width": 8},
            "hyperdimensional (dot) accumulators of 8 bits, epochs = 1",
        ),
        ({"similarity": "hamming", "epochs": 0}, "hyperdimensional (hamming) signs"),
    ],
)
def test_label_names_what_survives(params: dict[str, Any], label: str) -> None:
    kind = SOURCES["hyperdimensional"]
    assert kind.label(kind.Params.model_validate(params)) == label
