# SPDX-License-Identifier: MIT
"""Sources of replay: what they keep, what they draw, and that they go on bit for bit."""

from typing import Any

import numpy as np
import pytest
from scipy.stats import chisquare

from golden.bernoulli import encode, probability
from golden.bits import pack, unpack
from sim.replay import SOURCES, ReplayContext, ReplaySource
from sim.replay.gbm import GbmParams
from sim.replay.stored import Reservoir

FEATURES = 70
CONTEXT = ReplayContext(features=FEATURES, classes=4, seed=11)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def samples(classes: range, each: int = 30) -> tuple[np.ndarray, np.ndarray]:
    """Bits of classes with different means: class c has ones with probability (c + 1) / 6."""
    labels = np.repeat(np.array(classes), each)
    means = (labels[:, None] + 1) / 6
    return pack(rng(5).random((len(labels), FEATURES)) < means), labels


def source_of(name: str, **params: Any) -> ReplaySource:
    return SOURCES[name](SOURCES[name].Params(**params), CONTEXT)


def taught(name: str, **params: Any) -> ReplaySource:
    source = source_of(name, **params)
    source.learn(*samples(range(0, 2)), rng(1))
    source.learn(*samples(range(2, 4)), rng(2))
    return source


EVERY_SOURCE = [
    ("none", {}),
    ("joint", {}),
    ("latent", {"exemplars": 3}),
    ("latent", {"exemplars": 3, "requests": "uniform"}),
    ("gbm", {"code_width": 3}),
    ("gbm", {"code_width": 8, "components": 3, "mixture": {"pi": "trainable"}}),
    ("gbm", {"code_width": 4, "mode": "serial", "lanes": 16, "draws_per_read": 4}),
    ("gbm", {"code_width": "float", "components": 2}),
    ("gbm", {"code_width": 3, "level_map": "end_point"}),
    ("gbm", {"code_width": 3, "generator": "pcg64"}),
]


def test_every_module_of_the_package_is_found_by_name() -> None:
    assert list(SOURCES) == sorted(SOURCES)
    assert {"gbm", "hamming", "joint", "latent", "likelihood", "none"} <= set(SOURCES)


@pytest.mark.parametrize("size", [1, 3, 10])
def test_reservoir_keeps_every_sample_equally_often(size: int) -> None:
    generator, stream, trials = rng(), 25, 4000
    kept = np.zeros(stream, int)
    for _ in range(trials):
        reservoir = Reservoir(size)
        for i in range(stream):
            reservoir.offer(np.array([i], np.uint64), generator)
        for row in reservoir.kept:
            kept[int(row[0])] += 1
    assert kept.sum() == trials * size
    assert chisquare(kept).pvalue > 1e-3


def test_reservoir_keeps_all_of_a_short_stream_and_all_without_a_size() -> None:
    for size in (5, None):
        reservoir = Reservoir(size)
        for i in range(4):
            reservoir.offer(np.array([i], np.uint64), rng())
        assert [int(row[0]) for row in reservoir.kept] == [0, 1, 2, 3]


def test_new_class_gets_its_quota_and_old_classes_keep_theirs() -> None:
    source = taught("latent", exemplars=7)
    assert source.n_classes == 4
    assert source.state()["stored_counts"].tolist() == [7, 7, 7, 7]
    assert source.state()["stored_seen"].tolist() == [30, 30, 30, 30]


def test_latent_replay_draws_only_what_it_was_given() -> None:
    exemplars, labels = samples(range(0, 2))
    source = source_of("latent", exemplars=5)
    source.learn(exemplars, labels, rng())
    drawn, drawn_labels = source.draw(200, rng(3))
    for row, label in zip(drawn, drawn_labels, strict=True):
        assert (exemplars[labels == label] == row).all(axis=1).any()
    assert len(np.unique(drawn, axis=0)) == 10


def test_joint_replay_draws_from_every_sample() -> None:
    source = source_of("joint")
    source.learn(*samples(range(0, 1), each=12), rng())
    assert len(np.unique(source.draw(500, rng())[0], axis=0)) == 12


@pytest.mark.parametrize("name", ["joint", "latent", "gbm"])
def test_classes_are_requested_in_turn(name: str) -> None:
    labels = taught(name).draw(10, rng())[1]
    assert labels.tolist() == [0, 1, 2, 3, 0, 1, 2, 3, 0, 1]


@pytest.mark.parametrize("name", ["joint", "latent", "gbm"])
@pytest.mark.parametrize("requests", ["round_robin", "uniform"])
def test_class_prior_is_uniform_under_imbalance(name: str, requests: str) -> None:
    source = source_of(name, requests=requests)
    source.learn(*samples(range(0, 1), each=90), rng())
    source.learn(*samples(range(1, 2), each=10), rng())
    labels = source.draw(4000, rng())[1]
    assert chisquare(np.bincount(labels)).pvalue > 1e-3


@pytest.mark.parametrize("name", ["joint", "latent", "gbm"])
def test_weighted_requests_follow_the_number_of_training_samples(name: str) -> None:
    source = source_of(name, requests="weighted")
    source.learn(*samples(range(0, 1), each=90), rng())
    source.learn(*samples(range(1, 2), each=30), rng())
    labels = source.draw(4000, rng())[1]
    assert chisquare(np.bincount(labels), [3000, 1000]).pvalue > 1e-3


def test_generated_features_have_the_probabilities_of_the_quantised_class_means() -> None:
    exemplars, labels = samples(range(0, 2), each=50)
    source = source_of("gbm", components=1, code_width=4)
    source.learn(exemplars, labels, rng())
    drawn, drawn_labels = source.draw(40_000, rng())
    for label in (0, 1):
        mean = unpack(exemplars[labels == label], FEATURES).mean(axis=0)
        expected = probability(encode(mean, 4), 4)
        seen = unpack(drawn[drawn_labels == label], FEATURES).mean(axis=0)
        deviation = np.sqrt(expected * (1 - expected) / 20_000)
        assert (np.abs(seen - expected) <= 5 * deviation).all()


def test_float_reference_draws_from_the_unquantised_means() -> None:
    exemplars, labels = samples(range(0, 1), each=37)
    source = source_of("gbm", code_width="float")
    source.learn(exemplars, labels, rng())
    mean = unpack(exemplars, FEATURES).mean(axis=0)
    seen = unpack(source.draw(40_000, rng())[0], FEATURES).mean(axis=0)
    assert (np.abs(seen - mean) <= 5 * np.sqrt(mean * (1 - mean) / 40_000)).all()


def test_quantisation_error_falls_with_the_code_width_and_is_reported() -> None:
    errors = [
        taught("gbm", code_width=q).facts()["quantization_rms_error"] for q in (2, 4, 8, "float")
    ]
    assert errors == sorted(errors, reverse=True)
    assert errors[2] <= 2**-8
    assert errors[3] == 0


def test_mid_rise_levels_draw_both_bits_of_a_feature_that_never_changes() -> None:
    bits = np.ones((20, FEATURES), np.uint8)
    source = source_of("gbm", code_width=2, level_map="mid_rise")
    source.learn(pack(bits), np.zeros(20, np.int64), rng())
    share = unpack(source.draw(20_000, rng())[0], FEATURES).mean()
    assert share == pytest.approx(7 / 8, abs=0.002)


def test_draws_of_a_chip_memory_do_not_depend_on_how_they_are_asked_for() -> None:
    one, other = taught("gbm", code_width=5), taught("gbm", code_width=5)
    at_once = one.draw(60, rng(1))[0]
    in_parts = np.concatenate([other.draw(n, rng(2))[0] for n in (7, 1, 52)])
    np.testing.assert_array_equal(at_once, in_parts)


@pytest.mark.parametrize(("name", "params"), EVERY_SOURCE)
def test_state_goes_on_bit_for_bit(name: str, params: dict[str, Any]) -> None:
    source = source_of(name, **params)
    source.learn(*samples(range(0, 2)), rng(1))
    source.draw(23, rng(4))
    copy = source_of(name, **params)
    copy.load_state(source.state())
    for each in (source, copy):
        each.learn(*samples(range(2, 4)), rng(6))
    for a, b in zip(source.draw(40, rng(7)), copy.draw(40, rng(7)), strict=True):
        np.testing.assert_array_equal(a, b)
    assert copy.ledger() == source.ledger()


def test_ledger_counts_the_memory_as_the_papers_do() -> None:
    assert taught("none").ledger().bits_paper == 0
    assert taught("joint").ledger().bits_paper == 4 * 30 * FEATURES
    assert taught("latent", exemplars=3).ledger().bits_paper == 3 * FEATURES * 4
    assert taught("gbm", components=2, code_width=6).ledger().bits_paper == 2 * FEATURES * 4 * 6
    assert taught("gbm", code_width="float").ledger().bits_paper == FEATURES * 4 * 32


@pytest.mark.parametrize(
    ("name", "params", "label"),
    [
        (
            "latent",
            {"exemplars": 5, "requests": "uniform"},
            "latent replay E = 5, requests = uniform",
        ),
        ("joint", {"requests": "weighted"}, "joint training, requests = weighted"),
        ("none", {}, "fine-tuning"),
    ],
)
def test_label_of_every_source_names_what_is_not_the_default(
    name: str, params: dict[str, Any], label: str
) -> None:
    assert SOURCES[name].label(SOURCES[name].Params(**params)) == label


def test_label_names_nested_parameters_too() -> None:
    params = GbmParams(code_width=3, mode="serial", mixture={"pi": "trainable"})  # type: ignore[arg-type]
    assert SOURCES["gbm"].label(params) == "GBM K = 1, q = 3, mode = serial, pi = trainable"
