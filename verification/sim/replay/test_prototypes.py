# SPDX-License-Identifier: MIT
"""Prototypes of a task: the settings of a configuration reach the fit, and change it."""

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from golden.bits import pack
from golden.online_mixture import OnlineMixture
from golden.params import OnlineMixtureParams
from golden.selector import cumulative_thresholds
from sim.learn.mixture import BernoulliMixture
from sim.learn.mixture_classes import class_seed
from sim.learn.quantize import quantize
from sim.replay.prototypes import MixtureSettings, fit_prototypes

K = 4

# Every switch of gbm, sections 3.1 and 4.1 and Table 4, on another value than the paper's.
SWITCHES: list[dict[str, Any]] = [
    {"init": "random"},
    {"init": "uniform"},
    {"init_scale": 0.5},
    {"pi": "trainable"},
    {"criterion": "expected"},
    {"tol": 1e-12, "max_iter": 30},
    {"max_iter": 1},
    {"n_init": 1},
    {"warmup_iter": 0},
    {"count_warmup": True, "max_iter": 4},
]


def task() -> tuple[np.ndarray, np.ndarray]:
    """Return bits (300, 60) of two classes, each of three overlapping groups, and labels."""
    rng = np.random.default_rng(0)
    groups = rng.random((6, 60)) * 0.3 + 0.35
    member = rng.integers(6, size=300)
    return (rng.random((300, 60)) < groups[member]).astype(np.uint8), member // 3


def fit(settings: MixtureSettings) -> list[tuple[int, np.ndarray, np.ndarray]]:
    bits, labels = task()
    return list(fit_prototypes(pack(bits), labels, 60, K, settings, np.random.default_rng(5)))


def test_settings_are_parameters_of_the_mixture_by_the_same_defaults() -> None:
    mixture = BernoulliMixture().get_params()
    own = {"fit", "handicap_shift"}
    assert MixtureSettings().model_dump(exclude=own).items() <= mixture.items()


@pytest.mark.parametrize("code_width", [1, 3, 8])
def test_online_prototypes_are_those_that_a_chip_learns(code_width: int) -> None:
    bits, labels = task()
    fits = fit(MixtureSettings(fit="online", handicap_shift=2))
    assert [label for label, _, _ in fits] == [0, 1]
    for label, means, weights in fits:
        chip = OnlineMixture(
            OnlineMixtureParams(features=60, components=K, code_width=code_width, handicap_shift=2)
        )
        chip.learn(pack(bits[labels == label]))
        codes, thresholds = chip.close()
        np.testing.assert_array_equal(quantize(means, code_width, "contract").codes, codes)
        np.testing.assert_array_equal(cumulative_thresholds(weights), thresholds)


def test_components_without_samples_are_left_out() -> None:
    packed, labels = pack(np.eye(3, dtype=np.uint8)), np.zeros(3, np.int64)
    settings, rng = MixtureSettings(fit="online"), np.random.default_rng(5)
    ((_, means, weights),) = fit_prototypes(packed, labels, 3, K, settings, rng)
    np.testing.assert_array_equal(means, np.eye(3))
    np.testing.assert_allclose(weights, 1 / 3)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"fit": "online", "n_init": 2}, "n_init must be left out where fit is online"),
        ({"handicap_shift": 5}, "handicap_shift must be left out where fit is em"),
    ],
)
def test_keys_of_the_other_fit_are_refused(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        MixtureSettings.model_validate(keys)


@pytest.mark.parametrize("switch", SWITCHES, ids=lambda s: ", ".join(f"{k}={s[k]}" for k in s))
def test_switch_reaches_the_fit(switch: dict[str, Any]) -> None:
    bits, labels = task()
    seed = int(np.random.default_rng(5).integers(2**31))
    fits, plain = fit(MixtureSettings(**switch)), fit(MixtureSettings())
    changed = []
    for (label, means, weights), (_, other, _) in zip(fits, plain, strict=True):
        mixture = BernoulliMixture(K, random_state=class_seed(seed, label), **switch)
        mixture.fit(bits[labels == label])
        np.testing.assert_array_equal(means, mixture.means_)
        np.testing.assert_allclose(weights, mixture.weights_, rtol=1e-14)
        changed.append(means.shape != other.shape or (means != other).any())
    assert any(changed)  # a choice among starts may fall on the same one in a single class
