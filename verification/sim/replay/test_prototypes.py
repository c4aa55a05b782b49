# SPDX-License-Identifier: MIT
"""Prototypes of a task: the settings of a configuration reach the fit, and change it."""

from typing import Any

import numpy as np
import pytest

from golden.bits import pack
from sim.learn.mixture import BernoulliMixture
from sim.learn.mixture_classes import class_seed
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
    assert MixtureSettings().model_dump().items() <= mixture.items()


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
