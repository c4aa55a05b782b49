# SPDX-License-Identifier: MIT
"""Classifiers without training, against plain loops, exact tables and scikit-learn."""

from fractions import Fraction

import numpy as np
import pytest
from sklearn.naive_bayes import BernoulliNB

from golden.bits import pack
from sim.replay import SOURCES, Classifier, ReplayContext
from sim.replay.likelihood import log_odds_table

FEATURES, CLASSES = 70, 5


def samples(seed: int, each: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Bits of classes with means of their own, the same for every seed."""
    means = np.random.default_rng(0).beta(0.7, 0.7, (CLASSES, FEATURES))
    labels = np.repeat(np.arange(CLASSES), each)
    return np.random.default_rng(seed).random((len(labels), FEATURES)) < means[labels], labels


def taught(name: str, **params: int) -> Classifier:
    context = ReplayContext(features=FEATURES, classes=CLASSES, seed=0)
    source = SOURCES[name](SOURCES[name].Params.model_validate(params), context)
    assert isinstance(source, Classifier)
    bits, labels = samples(1)
    source.learn(pack(bits), labels, np.random.default_rng(2))
    return source


@pytest.mark.parametrize("q", [1, 3, 8, 16])
def test_log_odds_are_those_of_the_middle_of_a_cell(q: int) -> None:
    odds, complement = log_odds_table(q)
    assert len(odds) == len(complement) == 2**q
    # Whole numbers decide: exp(odds / 256) lies within half a unit of (2c + 1)/(2**(q+1) - 2c - 1).
    for code in range(0, 2**q, max(1, 2**q // 64)):
        ratio = float(Fraction(2 * code + 1, 2 ** (q + 1) - 2 * code - 1))
        assert np.exp((odds[code] - 0.5) / 256) <= ratio <= np.exp((odds[code] + 0.5) / 256)
    np.testing.assert_array_equal(odds, -odds[::-1])
    # log mu = log odds + log (1 - mu), up to three roundings.
    assert (np.abs(complement[::-1] - odds - complement) <= 1.5).all()
    assert (np.diff(odds) >= 0).all()
    assert (np.diff(complement) <= 0).all()


@pytest.mark.parametrize("q", [1, 2, 3, 4, 8])
def test_log_odds_belong_to_the_codes_that_are_stored(q: int) -> None:
    """The table at a mean's code is the log-odds of the middle of all means of that code."""
    means = (np.arange(2**12) + 0.5) / 2**12
    source = SOURCES["likelihood"](
        SOURCES["likelihood"].Params.model_validate({"code_width": q}),
        ReplayContext(features=FEATURES, classes=CLASSES, seed=0),
    )
    codes = source._encode(means)  # type: ignore[attr-defined]
    odds, _ = log_odds_table(q)
    for code in range(2**q):
        middle = means[codes == code].mean()
        assert abs(odds[code] - 256 * np.log(middle / (1 - middle))) <= 0.5 + 1e-6


@pytest.mark.parametrize(("components", "code_width"), [(1, 8), (3, 8), (2, 3), (1, 1)])
def test_likelihood_is_a_plain_sum_over_the_table(components: int, code_width: int) -> None:
    source = taught("likelihood", components=components, code_width=code_width)
    odds, complement = (table.tolist() for table in log_odds_table(code_width))
    bits, _ = samples(3, each=8)
    codes, counts = (source.state()[key].tolist() for key in ("codes", "components"))
    owners = [c for c, count in enumerate(counts) for _ in range(count)]
    expected = []
    for x in bits:
        scores = [
            sum(complement[c] + (odds[c] if bit else 0) for bit, c in zip(x, row, strict=True))
            for row in codes
        ]
        expected.append(owners[scores.index(max(scores))])
    assert source.classify(pack(bits)).tolist() == expected


def test_likelihood_of_one_prototype_is_naive_bayes() -> None:
    bits, labels = samples(1)
    peer = BernoulliNB(alpha=1e-6).fit(bits, labels)
    fresh, truth = samples(4, each=200)
    own = taught("likelihood", code_width=12).classify(pack(fresh))
    assert (own == truth).mean() > 0.95
    assert (own == peer.predict(fresh)).mean() > 0.98


@pytest.mark.parametrize("components", [1, 3])
def test_hamming_takes_the_nearest_prototype_and_of_equals_the_first(components: int) -> None:
    source = taught("hamming", components=components)
    prototypes, counts = (source.state()[key] for key in ("codes", "components"))
    assert set(np.unique(prototypes)) <= {0, 1}
    owners = np.repeat(np.arange(CLASSES), counts)
    # Few features differ between random halves of the bits: ties are common.
    bits = np.random.default_rng(5).random((400, FEATURES)) < 0.5
    distances = (bits[:, None, :] != prototypes.astype(bool)).sum(axis=2)
    ties = (distances == distances.min(axis=1, keepdims=True)).sum(axis=1) > 1
    assert ties.any()
    np.testing.assert_array_equal(source.classify(pack(bits)), owners[distances.argmin(axis=1)])


def test_hamming_stores_one_bit_a_feature() -> None:
    bits = {name: taught(name).ledger().bits_paper for name in ("hamming", "likelihood")}
    assert bits == {"hamming": CLASSES * FEATURES, "likelihood": 8 * CLASSES * FEATURES}


@pytest.mark.parametrize("name", ["hamming", "likelihood"])
def test_state_brings_back_every_answer(name: str) -> None:
    source = taught(name, components=2)
    copy = SOURCES[name](source.params, source.context)
    copy.load_state(source.state())
    assert isinstance(copy, Classifier)
    bits = pack(samples(6)[0])
    np.testing.assert_array_equal(copy.classify(bits), source.classify(bits))
    assert copy.n_classes == CLASSES


def test_a_classifier_is_never_replayed() -> None:
    with pytest.raises(NotImplementedError, match=r"^hamming classifies; it draws no samples$"):
        taught("hamming").draw(1, np.random.default_rng(0))
