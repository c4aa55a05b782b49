# SPDX-License-Identifier: MIT
"""Low-rank discriminant: plain integers, the way of a chip, and the study's method on real bits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.bits import pack
from golden.low_rank import LowRank
from golden.params import LowRankParams, PrototypeClassifierParams, PrototypesParams
from golden.prototype_classifier import PrototypeClassifier, nearest_mean_table
from golden.prototypes import Prototypes
from sim.data.source import load_bank
from sim.replay import ReplayContext
from sim.replay.low_rank import LowRankClassifier
from sim.replay.low_rank import LowRankParams as StudyParams
from sim.study.config import load_config


def discriminant(rng, *, features=9, q=4, rank=3, basis_width=4, factor_width=5, exponent=12):
    memory = PrototypesParams(features=features, code_width=q, class_components=2)
    params = LowRankParams(
        prototypes=memory, rank=rank, basis_width=basis_width, factor_width=factor_width
    )
    block, most = LowRank(params), params.highest_entry
    basis = rng.integers(-most, most + 1, (rank, features))
    if basis_width == 1:
        basis = np.where(basis < 0, -1, 1)
    block.load(basis, rng.integers(0, 2**factor_width, rank), exponent)
    return block


def memory_of(block, rng, classes=4):
    memory, p = Prototypes(block.params.prototypes), block.params.prototypes
    for _ in range(classes):
        components = int(rng.integers(1, 3))
        codes = rng.integers(0, 2**p.code_width, (components, p.features))
        assert memory.append(codes, [1000] * (components - 1))
    return memory


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 20),
    st.integers(1, 12),
    st.integers(0, 4),
    st.integers(1, 8),
    st.integers(0, 2**32),
)
def test_costs_are_those_of_plain_integers(features, q, rank, basis_width, seed):
    rng = np.random.default_rng(seed)
    block = discriminant(
        rng, features=features, q=q, rank=min(rank, features), basis_width=basis_width
    )
    memory, bits = memory_of(block, rng), rng.integers(0, 2, (5, features))
    labels, costs = block.classify(memory, pack(bits))
    for x, label, cost in zip(bits.tolist(), labels, costs, strict=True):
        every = []
        for c in range(memory.n_classes):
            for k, m in enumerate(memory.codes_of(c).tolist()):
                d = [2**q * a - (b + (b >> (q - 1))) for a, b in zip(x, m, strict=True)]
                own = 2**block.exponent * sum(v * v for v in d)
                for row, f in zip(block.basis.tolist(), block.factors.tolist(), strict=True):
                    own -= f * sum(a * b for a, b in zip(row, d, strict=True)) ** 2
                every.append((own, c, k))
        assert (cost, label) == min(every)[:2]


@pytest.mark.parametrize("q", [1, 4, 8])
def test_a_chip_computes_it_from_projections_and_the_nearest_mean(q):
    rng = np.random.default_rng(q)
    block = discriminant(rng, features=70, q=q, rank=5)
    memory, bits = memory_of(block, rng), rng.integers(0, 2, (8, 70))
    own = PrototypeClassifier(
        PrototypeClassifierParams(prototypes=block.params.prototypes, table_width=40)
    )
    own.load(*nearest_mean_table(q))

    def project(ones):
        return np.array([row[ones.astype(bool)].sum() for row in block.basis])

    for label in range(memory.n_classes):
        for codes in memory.codes_of(label):
            u = codes.astype(np.int64) + (codes >> (q - 1))
            planes = sum((2**i * project(u >> i & 1) for i in range(q + 1)), 0)
            assert np.abs(planes).max() < 2 ** (block.params.projection_width - 1)
            squares = own.costs(codes, bits.astype(np.uint8))
            for x, square, cost in zip(bits, squares, block.costs(codes, bits), strict=True):
                differ = 2**q * project(x) - planes
                assert cost == (square << block.exponent) - (block.factors * differ**2).sum()


def test_it_names_the_classes_that_the_study_names_on_the_shipped_bank():
    (config, document), rank, q = load_config("onchip"), 32, 8
    bank = load_bank(config.data, config.tasks, document, None)
    context = ReplayContext(features=bank.features, classes=bank.n_classes, seed=0)
    params = StudyParams(rank=rank, code_width=q)
    study = LowRankClassifier(params, context)
    for task in range(len(bank.tasks)):
        study.learn(*bank.task_of_train(task), np.random.default_rng(0))
    memory = PrototypesParams(features=512, code_width=q, components=100, classes=100)
    block, state = LowRank(LowRankParams(prototypes=memory, rank=rank)), study.state()
    block.load(state["basis"], state["factors"], int(state["exponent"]))
    prototypes = Prototypes(memory)
    for codes in state["codes"]:
        assert prototypes.append(codes[np.newaxis], [])
    some = bank.test[::25]
    labels, costs = block.classify(prototypes, some)
    np.testing.assert_array_equal(labels, study.classify(some))
    assert (labels == bank.test_labels[::25]).mean() > 0.4
    assert costs.max() < 2**53 // 3


def test_without_a_class_the_answer_is_0_and_flagged():
    block = discriminant(np.random.default_rng(0))
    memory = Prototypes(block.params.prototypes)
    labels, costs = block.classify(memory, pack([[1] * 9]))
    assert (labels.tolist(), costs.tolist(), block.empty) == ([0], [2**53 - 1], True)


def test_a_class_that_was_removed_is_passed_over():
    rng = np.random.default_rng(2)
    block = discriminant(rng)
    memory, bits = memory_of(block, rng), pack(rng.integers(0, 2, (40, 9)))
    before, _ = block.classify(memory, bits)
    assert 1 in before
    assert memory.remove(1)
    after, _ = block.classify(memory, bits)
    assert 1 not in after
    np.testing.assert_array_equal(after[before != 1], before[before != 1])


def test_a_metric_without_room_is_refused_and_the_old_one_stays():
    block = discriminant(np.random.default_rng(0), exponent=3)
    basis, factors = block.basis.copy(), block.factors.copy()
    ones = np.ones((3, 9), np.int64)
    # 3 * 4^4 * 9 * 2^s < 2^53 up to s = 40.
    block.load(basis, factors, 40)
    with pytest.raises(ValueError, match=r"^Metric must keep sums below 2\^53, not "):
        block.load(ones, factors, 41)
    assert block.exponent == 40
    np.testing.assert_array_equal(block.basis, basis)


@pytest.mark.parametrize(
    ("basis", "factors", "error", "message"),
    [
        (np.ones((2, 9)), [0] * 3, ValueError, r"^Basis must have the shape \(3, 9\), not "),
        (np.ones((3, 9)), [0] * 3, TypeError, r"^Basis must be integers in -7\.\.7, not float64$"),
        (np.full((3, 9), 8), [0] * 3, ValueError, r"^Basis must be integers in -7\.\.7, not 8$"),
        (np.full((3, 9), 1), [32] * 3, ValueError, r"^Factors must be .* in 0\.\.31, not 32$"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(basis, factors, error, message):
    block = discriminant(np.random.default_rng(0))
    with pytest.raises(error, match=message):
        block.load(basis, factors, 3)


def test_signs_know_no_zero():
    block = discriminant(np.random.default_rng(0), basis_width=1)
    with pytest.raises(ValueError, match=r"^Basis must be -1 or 1 where it has one bit, not 0$"):
        block.load(np.zeros((3, 9), np.int64), [0] * 3, 3)


@pytest.mark.parametrize(
    ("given_params", "message"),
    [
        ({"rank": 10}, r"^Rank R must be an integer in 0\.\.9, not 10$"),
        ({"basis_width": 9}, r"^Basis width must be an integer in 1\.\.8, not 9$"),
        ({"factor_width": 0}, r"^Factor width must be an integer in 1\.\.16, not 0$"),
        (
            {"prototypes": PrototypesParams(features=64, code_width=13)},
            r"^Code width q of a discriminant must be an integer in 1\.\.12, not 13$",
        ),
    ],
)
def test_wrong_parameters_are_named(given_params, message):
    memory = PrototypesParams(features=9, code_width=2)
    with pytest.raises(ValueError, match=message):
        LowRankParams(**{"prototypes": memory, "rank": 3, **given_params})


def test_the_memory_must_be_that_of_the_parameters():
    block = discriminant(np.random.default_rng(0))
    other = Prototypes(PrototypesParams(features=4, code_width=2))
    with pytest.raises(ValueError, match=r"^Memory must have .*features=9.*, not .*features=4"):
        block.classify(other, pack([[1, 0, 1, 0]]))
