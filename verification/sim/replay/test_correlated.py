# SPDX-License-Identifier: MIT
"""GBM with factors: what it draws against GBM and real samples, its bits, and that it goes on."""

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from golden.bernoulli import encode, probability
from golden.bits import pack, unpack
from sim.learn.factors import within_correlation
from sim.measure.ledger import gbm_ledger
from sim.replay import SOURCES, ReplayContext, ReplaySource

FEATURES = 70
CONTEXT = ReplayContext(features=FEATURES, classes=4, seed=11)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def samples(classes: range, each: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """Bits with two factors that all classes share, and means that differ from class to class."""
    labels = np.repeat(np.array(classes), each)
    loadings = rng(9).normal(0, 0.8, (FEATURES, 2))
    means = rng(8).normal(0, 0.7, (4, FEATURES))
    generator = rng(classes.start)
    values = generator.standard_normal((len(labels), 2)) @ loadings.T
    values += generator.standard_normal(values.shape)
    return pack(values < means[labels]), labels


def source_of(name: str = "correlated", **params: Any) -> ReplaySource:
    return SOURCES[name](SOURCES[name].Params(**params), CONTEXT)


def taught(name: str = "correlated", **params: Any) -> ReplaySource:
    source = source_of(name, **params)
    source.learn(*samples(range(0, 2)), rng(1))
    source.learn(*samples(range(2, 4)), rng(2))
    return source


def bits_of(source: ReplaySource, count: int) -> tuple[np.ndarray, np.ndarray]:
    packed, labels = source.draw(count, rng())
    return unpack(packed, FEATURES), labels


def distance(bits: np.ndarray, labels: np.ndarray) -> float:
    """Return the Frobenius distance of the correlations within classes to those of samples."""
    exemplars, own = samples(range(2, 4), each=2000)  # classes that came after the basis
    later = labels >= 2
    real = within_correlation(unpack(exemplars, FEATURES), own)
    return float(np.linalg.norm(within_correlation(bits[later], labels[later]) - real))


def test_without_factors_it_draws_what_gbm_draws() -> None:
    choices: tuple[dict[str, Any], ...] = (
        {"code_width": 4},
        {"components": 3, "lanes": 16, "draws_per_read": 2},
    )
    for params in choices:
        plain, own = taught("gbm", **params), taught(rank=0, **params)
        for a, b in zip(plain.draw(101, rng()), own.draw(101, rng()), strict=True):
            np.testing.assert_array_equal(a, b)
        assert own.ledger() == plain.ledger()
        assert own.facts() == plain.facts()


@pytest.mark.parametrize(
    ("params", "share"),
    [
        ({}, 0.3),
        ({"code_width": 4}, 0.3),
        ({"factor_width": 4}, 0.3),
        ({"components": 2}, 0.5),  # components have learnt a part of the correlations themselves
        ({"components": 4}, 0.8),
    ],
)
def test_bits_of_later_classes_are_correlated_as_real_ones(
    params: dict[str, Any], share: float
) -> None:
    plain = distance(*bits_of(taught(rank=0, **params), 20_000))
    assert distance(*bits_of(taught(rank=2, loading_width=6, **params), 20_000)) < share * plain


def test_means_are_those_of_the_codes_but_for_the_error_of_the_contract() -> None:
    bits, labels = bits_of(taught(code_width=4, rank=8), 80_000)
    exemplars, own = samples(range(0, 2))
    for label in (0, 1):
        means = unpack(exemplars[own == label], FEATURES).mean(axis=0)
        expected = probability(encode(means, 4), 4)
        seen = bits[labels == label].mean(axis=0)
        assert np.abs(seen - expected).max() < 2**-5 + 0.02


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"rank": 5, "loading_width": 3, "factor_width": 4, "code_width": 5, "components": 2},
        {"rank": 3, "lanes": 16, "draws_per_read": 3, "requests": "uniform"},
    ],
)
def test_state_goes_on_bit_for_bit(params: dict[str, Any]) -> None:
    source = source_of(**params)
    source.learn(*samples(range(0, 2)), rng(1))
    source.draw(23, rng(4))
    copy = source_of(**params)
    copy.load_state(source.state())
    for each in (source, copy):
        each.learn(*samples(range(2, 4)), rng(6))
    for a, b in zip(source.draw(40, rng(7)), copy.draw(40, rng(7)), strict=True):
        np.testing.assert_array_equal(a, b)
    assert copy.ledger() == source.ledger()


def test_the_basis_is_that_of_the_first_task() -> None:
    source = source_of()
    source.learn(*samples(range(0, 2)), rng(1))
    first = source.state()["correlated_loadings"]
    assert first.any()
    source.learn(*samples(range(2, 4)), rng(2))
    np.testing.assert_array_equal(source.state()["correlated_loadings"], first)


def test_the_ledger_counts_the_basis_once_for_all_classes() -> None:
    ledger = taught(rank=6, loading_width=3, code_width=4).ledger()
    plain = gbm_ledger(features=FEATURES, components=1, classes=4, code_width=4)
    added = {entry.name: entry.bits for entry in ledger if entry not in plain.entries}
    assert added == {
        "basis": FEATURES * 6 * 3,
        "basis padding": 58 * 6 * 3,  # 70 features in 2 rows of 64
        "scales": 128 * 8,
        "exponent": 4,
        "factor stream": 64,
    }
    assert ledger.bits_paper == plain.bits_paper + FEATURES * 6 * 3
    assert ledger.bits_full == plain.bits_full + sum(added.values())


def test_label_names_the_factors() -> None:
    params = SOURCES["correlated"].Params.model_validate({"rank": 8, "loading_width": 6})
    label = SOURCES["correlated"].label(params)
    assert label == "GBM K = 1, q = 8, R = 8, loading_width = 6"


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"rank": 257}, "less than or equal to 256"),
        ({"loading_width": 1}, "greater than or equal to 2"),
        ({"factor_width": 17}, "less than or equal to 16"),
        ({"code_width": "float"}, "because only the chip's sampler has factors"),
        ({"level_map": "end_point"}, "because only the chip's sampler has factors"),
        ({"generator": "pcg64"}, "because only the chip's sampler has factors"),
        ({"mode": "serial"}, "mode must be parallel for a sampler with factors, not serial"),
    ],
)
def test_what_the_chip_cannot_draw_is_refused(params: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        SOURCES["correlated"].Params.model_validate(params)


def test_too_many_features_are_refused_unless_there_are_no_factors() -> None:
    wide = ReplayContext(features=4097, classes=4, seed=0)
    Params = SOURCES["correlated"].Params
    message = "rank must be 0 for embeddings of more than 4096 bits, not 32 for 4097"
    with pytest.raises(ValueError, match=message):
        SOURCES["correlated"](Params(), wide)
    assert SOURCES["correlated"](Params.model_validate({"rank": 0}), wide).n_classes == 0
