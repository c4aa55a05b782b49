# SPDX-License-Identifier: MIT
"""Low-rank discriminant against scikit-learn, plain integers, and the nearest mean."""

from typing import Any

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from golden.bits import pack
from sim.replay import SOURCES, Classifier, ReplayContext

FEATURES, CLASSES, EACH = 12, 5, 90
FULL: dict[str, Any] = {
    "rank": FEATURES,
    "code_width": 10,
    "basis_width": 8,
    "factor_width": 16,
    "shrinkage": 0.0,
}


def samples(seed: int, each: int = EACH) -> tuple[np.ndarray, np.ndarray]:
    """Bits of classes with means of their own, where neighbours among the bits are often equal."""
    means = np.random.default_rng(0).beta(2, 2, (CLASSES, FEATURES))
    labels, rng = np.repeat(np.arange(CLASSES), each), np.random.default_rng(seed)
    bits = rng.random((len(labels), FEATURES)) < means[labels]
    copied = rng.random(bits.shape) < 0.5
    return np.where(copied, np.roll(bits, 1, axis=1), bits).astype(np.uint8), labels


def classifier(**params: Any) -> Classifier:
    context = ReplayContext(features=FEATURES, classes=CLASSES, seed=0)
    source = SOURCES["low_rank"](SOURCES["low_rank"].Params(**{"rank": 4, **params}), context)
    assert isinstance(source, Classifier)
    return source


def taught(*, base: int = CLASSES, **params: Any) -> Classifier:
    source = classifier(**params)
    bits, labels = samples(1)
    for classes in (range(base), range(base, CLASSES)):
        now = np.isin(labels, classes)
        if now.any():
            source.learn(pack(bits[now]), labels[now], np.random.default_rng(2))
    return source


class Given:
    """Covariance estimator of scikit-learn that returns the same matrix for every class."""

    def __init__(self, covariance: np.ndarray) -> None:
        self.covariance_ = covariance

    def fit(self, _: np.ndarray) -> "Given":
        return self


def peer(base: int, shrinkage: float) -> LinearDiscriminantAnalysis:
    bits, labels = samples(1)
    kept = labels < base
    means = np.array([bits[labels == label].mean(axis=0) for label in range(base)])
    covariance = np.cov((bits[kept] - means[labels[kept]]).T, bias=True)
    mean = np.trace(covariance) / FEATURES
    shrunk = (1 - shrinkage) * covariance + shrinkage * mean * np.eye(FEATURES)
    equal = np.full(CLASSES, 1 / CLASSES)
    own = LinearDiscriminantAnalysis(
        solver="lsqr", priors=equal, covariance_estimator=Given(shrunk)
    )
    return own.fit(bits, labels)


@pytest.mark.parametrize("shrinkage", [0.0, 0.3])
@pytest.mark.parametrize("base", [CLASSES, 2])
def test_full_rank_is_linear_discriminant_analysis_of_the_first_task(
    base: int, shrinkage: float
) -> None:
    # All vectors of bits, so that no lucky choice of samples decides.
    every = (np.arange(2**FEATURES)[:, None] >> np.arange(FEATURES) & 1).astype(np.uint8)
    expected = peer(base, shrinkage)
    scores = np.sort(expected.decision_function(every), axis=1)
    clear = scores[:, -1] - scores[:, -2] > 0.05
    assert clear.mean() > 0.95
    own = taught(base=base, **{**FULL, "shrinkage": shrinkage}).classify(pack(every[clear]))
    np.testing.assert_array_equal(own, expected.predict(every[clear]))


@pytest.mark.parametrize("without", [{"rank": 0}, {"shrinkage": 1.0}], ids=["rank", "shrinkage"])
@pytest.mark.parametrize("q", [1, 3, 8])
def test_without_a_covariance_it_is_the_nearest_mean(q: int, without: dict[str, Any]) -> None:
    bits, labels = samples(1)
    params = SOURCES["ncm"].Params.model_validate({"code_width": q})
    peer = SOURCES["ncm"](params, classifier().context)
    assert isinstance(peer, Classifier)
    peer.learn(pack(bits), labels, np.random.default_rng(2))
    every = pack(np.arange(2**FEATURES)[:, None] >> np.arange(FEATURES) & 1)
    own = taught(code_width=q, **without).classify(every)
    np.testing.assert_array_equal(own, peer.classify(every))


@pytest.mark.parametrize("basis_width", [1, 4])
@pytest.mark.parametrize("q", [2, 12])
def test_scores_are_plain_sums_of_integers(q: int, basis_width: int) -> None:
    source = taught(code_width=q, basis_width=basis_width, shrinkage=0.2)
    kept = {key: array.tolist() for key, array in source.state().items()}
    bits, _ = samples(3, each=6)
    expected = []
    for x in bits.tolist():
        scores = []
        for codes in kept["codes"]:
            u = [m + (m >> (q - 1)) for m in codes]
            double = [2 ** (q + 1) * v - w for v, w in zip(x, u, strict=True)]  # 2^(q+1) x - u
            score = 2 ** kept["exponent"] * sum(a * b for a, b in zip(double, u, strict=True))
            for row, factor in zip(kept["basis"], kept["factors"], strict=True):
                one = sum(a * b for a, b in zip(row, double, strict=True))
                score -= factor * one * sum(a * b for a, b in zip(row, u, strict=True))
            scores.append(score)
        expected.append(scores.index(max(scores)))
    assert source.classify(pack(bits)).tolist() == expected


def test_of_equal_classes_the_lowest_wins() -> None:
    source, (bits, labels) = classifier(), samples(1)
    packed = pack(bits[labels == 3])
    for label in range(3):
        source.learn(packed, np.full(len(packed), label), np.random.default_rng(2))
    assert not source.classify(pack(samples(5)[0])).any()


def test_covariance_stays_that_of_the_first_task() -> None:
    first, later = taught(base=2).state(), classifier()
    bits, labels = samples(1)
    now = labels < 2
    later.learn(pack(bits[now]), labels[now], np.random.default_rng(2))
    for key in ("basis", "factors", "exponent"):
        np.testing.assert_array_equal(first[key], later.state()[key])
    assert (taught().state()["basis"] != first["basis"]).any()


def test_ledger_is_all_that_a_state_holds() -> None:
    entries = {e.name: e.bits for e in taught(code_width=3, basis_width=5, factor_width=7).ledger()}
    assert entries == {
        "class means": FEATURES * CLASSES * 3,
        "basis": 4 * FEATURES * 5,
        "factors": 4 * 7,
        "exponent": 6,
        "fill pointer": 3,
    }
    assert {e.name for e in taught(rank=0).ledger()} == {"class means", "fill pointer"}


@pytest.mark.parametrize("learnt", [True, False])
def test_state_brings_back_every_answer_and_what_comes_next(learnt: bool) -> None:
    source = taught(base=2) if learnt else classifier()
    copy = classifier()
    copy.load_state(source.state())
    bits, labels = samples(6)
    fresh = CLASSES if learnt else 0
    for each in (source, copy):
        each.learn(pack(bits), labels + fresh, np.random.default_rng(2))
    assert copy.n_classes == source.n_classes == fresh + CLASSES
    np.testing.assert_array_equal(copy.classify(pack(bits)), source.classify(pack(bits)))


def test_rank_above_the_bits_of_an_embedding_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^rank must be at most the 12 bits .*, not 13$"):
        classifier(rank=13)


def test_label_names_rank_and_widths() -> None:
    source = SOURCES["low_rank"]
    params = source.Params.model_validate({"rank": 8, "code_width": 4, "shrinkage": 0.9})
    title = "low-rank discriminant R = 8, q = 4, basis of 4-bit codes"
    assert source.label(params) == f"{title}, shrinkage = 0.9"
