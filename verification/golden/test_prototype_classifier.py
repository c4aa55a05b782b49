# SPDX-License-Identifier: MIT
"""Classifier by prototypes, held to exact distances and logarithms, and to the study's methods."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.bits import pack
from golden.params import PrototypeClassifierParams, PrototypesParams
from golden.prototype_classifier import (
    PrototypeClassifier,
    hamming_table,
    likelihood_table,
    nearest_mean_table,
)
from golden.prototypes import Prototypes
from sim.replay.base import ReplayContext
from sim.replay.likelihood import HammingClassifier, HammingParams, LikelihoodParams
from sim.replay.ncm import NearestMeanClassifier

TABLES = {
    "hamming": hamming_table,
    "nearest mean": nearest_mean_table,
    "likelihood": likelihood_table,
}


def exact(method, m, q, x):
    """Section 15: what a feature costs, from its code and bit, or its likelihood."""
    u = m + (m >> (q - 1))
    if method == "hamming":
        return int(x != m >> (q - 1))
    if method == "nearest mean":
        return (2**q * x - u) ** 2
    tiny = Fraction(1, 2 ** (q + 1))
    p = min(max(Fraction(u, 2**q), tiny), 1 - tiny)
    return p if x else 1 - p


@pytest.mark.parametrize("q", range(1, 11))
@pytest.mark.parametrize("method", ["hamming", "nearest mean"])
def test_a_feature_costs_what_it_is_away_for_all_codes(method, q):
    block = classifier(q, 1, 40, TABLES[method](q))
    for m in range(2**q):
        for x in (0, 1):
            cost = block.costs(np.array([m], np.uint16), np.array([[x]], np.uint8))
            assert cost.tolist() == [exact(method, m, q, x)]


@pytest.mark.parametrize("q", [1, 2, 3, 8])
def test_a_feature_costs_its_likelihood_within_rounding(q):
    block = classifier(q, 1, 18, likelihood_table(q))
    for m in range(2**q):
        for x in (0, 1):
            cost = block.costs(np.array([m], np.uint16), np.array([[x]], np.uint8))[0]
            likelihood = exact("likelihood", m, q, x)
            log = math.log(likelihood.numerator) - math.log(likelihood.denominator)
            # The base and the weight are each rounded by at most one half.
            assert abs(cost + 256 * log) <= 1
            opposite = block.costs(np.array([2**q - 1 - m], np.uint16), np.array([[1 - x]]))
            assert opposite.tolist() == [cost]


def test_tables_fit_the_bits_they_have_by_default():
    for table in TABLES.values():
        weights, bases = table(8)
        assert max(weights.max(), bases.max()) < 2**18
        assert min(weights.min(), bases.min()) >= 0
        assert (np.diff(weights) >= 0).all()


def classifier(q, features, width=18, table=None, **memory):
    prototypes = PrototypesParams(features=features, code_width=q, **memory)
    block = PrototypeClassifier(PrototypeClassifierParams(prototypes=prototypes, table_width=width))
    if table is not None:
        block.load(*table)
    return block


def memory_of(block, classes):
    memory = Prototypes(block.params.prototypes)
    for codes in classes:
        assert memory.append(codes, [0] * (len(codes) - 1))
    return memory


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 6),
    st.integers(1, 70),
    st.sampled_from(["hamming", "nearest mean"]),
    st.integers(0, 2**32),
)
def test_the_first_of_the_nearest_components_names_the_class(q, features, method, seed):
    rng = np.random.default_rng(seed)
    block = classifier(q, features, 40, TABLES[method](q), class_components=3)
    classes = [rng.integers(0, 2**q, (k, features)) for k in rng.integers(1, 4, 4)]
    classes.append(classes[1])  # a tie that the lower class wins
    bits = rng.integers(0, 2, (6, features))
    labels, costs = block.classify(memory_of(block, classes), pack(bits))
    for picture, label, cost in zip(bits.tolist(), labels, costs, strict=True):
        all_costs = [
            (sum(exact(method, m, q, x) for m, x in zip(codes, picture, strict=True)), c, k)
            for c, of_class in enumerate(classes)
            for k, codes in enumerate(of_class.tolist())
        ]
        assert (cost, label) == min(all_costs)[:2]


def test_classes_that_were_removed_are_passed_over():
    rng = np.random.default_rng(3)
    block = classifier(3, 9, 40, nearest_mean_table(3), classes=4)
    classes = rng.integers(0, 8, (4, 1, 9))
    memory, pictures = memory_of(block, classes), pack(rng.integers(0, 2, (40, 9)))
    assert set(block.classify(memory, pictures)[0].tolist()) == {0, 1, 2, 3}
    memory.remove(1)
    labels, costs = block.classify(memory, pictures)
    others = memory_of(block, np.delete(classes, 1, 0))
    expected, same = block.classify(others, pictures)
    np.testing.assert_array_equal(labels, np.array([0, 2, 3])[expected])
    np.testing.assert_array_equal(costs, same)
    for label in (0, 2, 3):
        memory.remove(label)
    assert not block.empty
    labels, costs = block.classify(memory, pictures)
    assert (set(labels), set(costs), block.empty) == (
        {0}, {2**block.params.cost_width - 1}, True
    )  # fmt: skip


@pytest.mark.parametrize("q", [1, 4, 8])
@pytest.mark.parametrize("components", [1, 3])
def test_it_names_the_classes_that_the_study_names(q, components):
    rng = np.random.default_rng(q)
    features, context = 40, ReplayContext(features=40, classes=6, seed=1)
    for kind, own, table, width in (
        (NearestMeanClassifier, LikelihoodParams(code_width=q), nearest_mean_table, q),
        (HammingClassifier, HammingParams(), hamming_table, 1),
    ):
        study = kind(own, context)
        classes = [rng.integers(0, 2**width, (components, features)) for _ in range(6)]
        counts = np.full(6, components)
        study.load_state({"codes": np.concatenate(classes).astype(np.uint16), "components": counts})
        block = classifier(width, features, 40, table(width), class_components=3)
        pictures = pack(rng.integers(0, 2, (200, features)))
        labels, _ = block.classify(memory_of(block, classes), pictures)
        np.testing.assert_array_equal(labels, study.classify(pictures))


def test_without_a_class_the_answer_is_0_and_flagged():
    block = classifier(2, 3, 4)
    labels, costs = block.classify(memory_of(block, []), pack([[1, 0, 1]]))
    assert (labels.tolist(), costs.tolist(), block.empty) == ([0], [2**7 - 1], True)


def test_the_highest_cost_is_below_all_ones():
    for features, width in ((1, 1), (3, 4), (512, 18)):
        block = classifier(1, features, width)
        most = 2**width - 1
        block.load([most], [most])
        codes = np.ones((1, features), np.int64)
        labels, costs = block.classify(memory_of(block, [codes]), pack(1 - codes))
        assert labels.tolist() == [0]
        assert costs.tolist() == [2 * features * most]
        assert costs[0] < 2**block.params.cost_width - 1


@pytest.mark.parametrize(
    ("weights", "bases", "error", "message"),
    [
        ([1], [1, 1], ValueError, r"^Weights must have the shape \(2,\), not \(1,\)$"),
        ([1, 1], [1.0, 1.0], TypeError, r"^Bases must be integers in 0\.\.15, not float64$"),
        ([1, 16], [0, 0], ValueError, r"^Weights must be integers in 0\.\.15, not 16$"),
        ([1, 1], [0, -1], ValueError, r"^Bases must be integers in 0\.\.15, not -1$"),
    ],
)
def test_a_table_must_fit(weights, bases, error, message):
    block = classifier(2, 3, 4)
    with pytest.raises(error, match=message):
        block.load(weights, bases)
    assert block.weights.tolist() == block.bases.tolist() == [0, 0]


def test_the_memory_must_be_that_of_the_parameters():
    other = Prototypes(PrototypesParams(features=4, code_width=2))
    with pytest.raises(ValueError, match=r"^Memory must have .*features=3.*, not .*features=4"):
        classifier(2, 3).classify(other, pack([[1, 0, 1]]))


@pytest.mark.parametrize(
    ("given_params", "error", "message"),
    [
        ({"prototypes": 3}, TypeError, r"^Prototypes must be PrototypesParams, not 3$"),
        ({"table_width": 41}, ValueError, r"^Table width t must .* in 1\.\.40, not 41$"),
        ({"table_width": 0}, ValueError, r"^Table width t must .* in 1\.\.40, not 0$"),
        ({"fold": 0}, ValueError, r"^Fold must be an integer in 1\.\.64, not 0$"),
        ({"fold": 65}, ValueError, r"^Fold must be an integer in 1\.\.64, not 65$"),
        ({"fold": 24}, ValueError, r"^Fold must divide the lanes L = 64, not 24$"),
        (
            {"table_width": 40, "prototypes": PrototypesParams(features=2**22, code_width=1)},
            ValueError,
            r"^Bits of a cost must be an integer in 1\.\.62, not 63$",
        ),
    ],
)
def test_wrong_parameters_are_named(given_params, error, message):
    memory = PrototypesParams(features=3, code_width=2)
    with pytest.raises(error, match=message):
        PrototypeClassifierParams(**{"prototypes": memory, **given_params})
