# SPDX-License-Identifier: MIT
"""Quadratic discriminant against plain integers, real-valued FeCAM, and the nearest mean."""

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


def every_embedding() -> np.ndarray:
    return (np.arange(2**FEATURES)[:, None] >> np.arange(FEATURES) & 1).astype(np.uint8)


def classifier(name: str = "quadratic", features: int = FEATURES, **params: Any) -> Classifier:
    context = ReplayContext(features=features, classes=CLASSES, seed=0)
    source = SOURCES[name](SOURCES[name].Params.model_validate(params), context)
    assert isinstance(source, Classifier)
    return source


def taught(name: str = "quadratic", **params: Any) -> Classifier:
    source, (bits, labels) = classifier(name, **params), samples(1)
    for now in (labels < 2, labels >= 2):
        source.learn(pack(bits[now]), labels[now], np.random.default_rng(2))
    return source


def exponent(basis_width: int, factor_width: int) -> int:
    """The largest s with ``2^s / |c|^2 <= 2^width - 1`` for every direction c of such codes."""
    shortest = FEATURES if basis_width == 1 else (2 ** (basis_width - 1) - 1) ** 2
    return max(s for s in range(64) if 2**s <= (2**factor_width - 1) * shortest)


@pytest.mark.parametrize("basis_width", [1, 2, 8])
@pytest.mark.parametrize("q", [1, 4, 12])
def test_distances_are_plain_sums_of_integers(q: int, basis_width: int) -> None:
    widths: dict[str, Any] = {"code_width": q, "basis_width": basis_width, "factor_width": 9}
    source = taught(rank=4, shrinkage=0.3, **widths)
    state = source.state()
    kept = [state[key].tolist() for key in ("codes", "bases", "factors")]
    bits, _ = samples(3, each=6)
    expected = []
    for x in bits.tolist():
        distances = []
        for codes, basis, factors in zip(*kept, strict=True):
            e = [2**q * bit - m - (m >> (q - 1)) for bit, m in zip(x, codes, strict=True)]
            distance = 2 ** exponent(basis_width, 9) * sum(v * v for v in e)
            for row, factor in zip(basis, factors, strict=True):
                distance -= factor * sum(c * v for c, v in zip(row, e, strict=True)) ** 2
            distances.append(distance)
        expected.append(distances.index(min(distances)))
    assert source.classify(pack(bits)).tolist() == expected


@pytest.mark.parametrize("shrinkage", [0.3, 10.0])
def test_wide_codes_find_what_real_numbers_find(shrinkage: float) -> None:
    source = taught(rank=4, code_width=12, basis_width=8, factor_width=16, shrinkage=shrinkage)
    state = source.state()
    peer = taught("fecam", rank=4, shrinkage=shrinkage).state()
    # The square distances of real numbers, without their scales.
    every = every_embedding()
    deviations = every[:, np.newaxis] - peer["means"].astype(float)
    along = np.einsum("ncd,crd->ncr", deviations, peer["bases"].astype(float))
    distances = (deviations**2).sum(axis=2) - (along**2).sum(axis=2)
    ordered = np.sort(distances, axis=1)
    clear = ordered[:, 1] - ordered[:, 0] > 0.05
    assert clear.mean() > 0.9
    found = source.classify(pack(every))
    np.testing.assert_array_equal(found[clear], distances.argmin(axis=1)[clear])
    lengths = (state["bases"].astype(float) ** 2).sum(axis=2)
    own = state["factors"] * lengths / 2 ** exponent(8, 16)
    np.testing.assert_allclose(own, (peer["bases"].astype(float) ** 2).sum(axis=2), atol=0.01)


@pytest.mark.parametrize("q", [1, 3, 8])
def test_without_directions_it_is_the_nearest_mean(q: int) -> None:
    every = pack(every_embedding())
    own, peer = taught(rank=0, code_width=q), taught("ncm", code_width=q)
    np.testing.assert_array_equal(own.classify(every), peer.classify(every))


@pytest.mark.parametrize("basis_width", [1, 2, 4, 8])
@pytest.mark.parametrize("factor_width", [1, 5, 16])
def test_factors_and_codes_have_their_widths(factor_width: int, basis_width: int) -> None:
    widths: dict[str, Any] = {"basis_width": basis_width, "factor_width": factor_width}
    state = taught(rank=8, shrinkage=1e-3, **widths).state()
    assert state["factors"].max() < 2**factor_width
    assert np.abs(state["bases"].astype(int)).max() == max(2 ** (basis_width - 1) - 1, 1)


def test_class_without_any_variance_has_plain_distances() -> None:
    source = classifier(rank=3)
    bits = np.zeros((2, FEATURES), np.uint8)
    bits[1, :6] = 1
    source.learn(pack(bits), np.arange(2), np.random.default_rng(2))
    fresh = every_embedding()
    # Of equal distances, with three ones among the first six bits, the lowest class wins.
    assert source.classify(pack(fresh)).tolist() == (fresh[:, :6].sum(axis=1) > 3).tolist()


def test_ledger_is_all_that_a_state_holds() -> None:
    params: dict[str, Any] = {"rank": 4, "code_width": 3, "basis_width": 5, "factor_width": 7}
    assert {e.name: e.bits for e in classifier(**params).ledger()} == {
        "class means": FEATURES * CLASSES * 3,
        "bases": 4 * FEATURES * CLASSES * 5,
        "factors": 4 * CLASSES * 7,
        "fill pointer": 3,
    }
    assert {e.name for e in classifier(rank=0).ledger()} == {"class means", "fill pointer"}


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


def test_widths_whose_sums_are_too_large_are_refused() -> None:
    widths: dict[str, Any] = {"code_width": 12, "basis_width": 8, "factor_width": 16}
    message = (
        r"^rank, code_width, basis_width and factor_width must keep sums over 512 bits of an "
        r"embedding below 2\^63, not 2\^68$"
    )
    with pytest.raises(ValueError, match=message):
        classifier(features=512, rank=32, **widths)
    classifier(features=512, rank=512, code_width=8, basis_width=8)


def test_label_names_rank_and_widths() -> None:
    kind = SOURCES["quadratic"]
    params = kind.Params.model_validate({"rank": 4, "basis_width": 1, "shrinkage": 3.0})
    title = "quadratic discriminant R = 4, q = 8, bases of 1-bit codes"
    assert kind.label(params) == f"{title}, shrinkage = 3.0"
