# SPDX-License-Identifier: MIT
"""Herded exemplars: what is kept as classes come, their replay, and iCaRL's classifier."""

from fractions import Fraction
from typing import Any

import numpy as np
import pydantic
import pytest
from scipy.stats import chisquare

from golden.bits import pack, unpack
from sim.learn.herding import herding_of_bits
from sim.replay import SOURCES, Classifier, ReplayContext, ReplaySource
from sim.work.errors import UserError

FEATURES = 70
CONTEXT = ReplayContext(features=FEATURES, classes=6, seed=3)


def samples(classes: range, each: int = 30, seed: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Bits of classes with means of their own, the same for every seed."""
    labels = np.repeat(np.array(classes), each)
    means = np.random.default_rng(0).beta(0.7, 0.7, (CONTEXT.classes, FEATURES))
    rng = np.random.default_rng([seed, classes.start])
    return pack(rng.random((len(labels), FEATURES)) < means[labels]), labels


def source_of(name: str, **params: Any) -> ReplaySource:
    return SOURCES[name](SOURCES[name].Params.model_validate(params), CONTEXT)


def taught(name: str, tasks: list[range], each: int = 30, **params: Any) -> ReplaySource:
    source = source_of(name, **params)
    for task in tasks:
        source.learn(*samples(task, each), np.random.default_rng(1))
    return source


def kept(source: ReplaySource) -> list[np.ndarray]:
    state = source.state()
    return np.split(state["kept"], np.cumsum(state["kept_counts"])[:-1])


@pytest.mark.parametrize("name", ["herded", "icarl"])
def test_a_shared_budget_leaves_the_size_of_a_class_open(name: str) -> None:
    for bound in SOURCES[name].bounded_by_samples:
        assert getattr(source_of(name, budget=60).params, bound) is None
    assert source_of(name).params.per_class == 20


@pytest.mark.parametrize("name", ["herded", "icarl"])
@pytest.mark.parametrize("normalized", [False, True])
@pytest.mark.parametrize(
    ("size", "tasks", "each"),
    [
        ({"exemplars": 7}, [range(2)], 7),
        ({"exemplars": 7}, [range(2), range(2, 6)], 7),
        ({"budget": 25}, [range(2)], 12),
        ({"budget": 25}, [range(2), range(2, 3)], 8),
        ({"budget": 25}, [range(2), range(2, 3), range(3, 6)], 4),
        ({"budget": 90}, [range(2)], 30),
    ],
    ids=["fixed", "fixed later", "shared by 2", "shared by 3", "shared by 6", "all there are"],
)
def test_every_class_keeps_the_beginning_of_its_herding_order(
    name: str, normalized: bool, size: dict[str, int], tasks: list[range], each: int
) -> None:
    source = taught(name, tasks, normalized=normalized, **size)
    assert source.n_classes == tasks[-1].stop == len(kept(source))
    for task in tasks:
        exemplars, labels = samples(task)
        for label in task:
            own = exemplars[labels == label]
            order = herding_of_bits(own, FEATURES, normalized=normalized)
            np.testing.assert_array_equal(kept(source)[label], own[order[:each]])


def test_replay_draws_every_exemplar_of_a_class_as_often_and_classes_in_turn() -> None:
    source = taught("herded", [range(2), range(2, 3)], exemplars=4)
    drawn, labels = source.draw(3000, np.random.default_rng(2))
    assert labels.tolist() == [0, 1, 2] * 1000
    for label in range(3):
        rows, counts = np.unique(drawn[labels == label], axis=0, return_counts=True)
        np.testing.assert_array_equal(rows, np.unique(kept(source)[label], axis=0))
        assert chisquare(counts).pvalue > 1e-3


def test_weighted_requests_follow_the_training_samples_not_the_exemplars() -> None:
    source = source_of("herded", requests="weighted", exemplars=5)
    source.learn(*samples(range(1), each=90), np.random.default_rng())
    source.learn(*samples(range(1, 2), each=30), np.random.default_rng())
    labels = source.draw(4000, np.random.default_rng(0))[1]
    assert chisquare(np.bincount(labels), [3000, 1000]).pvalue > 1e-3


@pytest.mark.parametrize("size", [{"exemplars": 4}, {"budget": 13}], ids=["fixed", "shared"])
@pytest.mark.parametrize("name", ["herded", "icarl"])
def test_state_goes_on_bit_for_bit(name: str, size: dict[str, int]) -> None:
    source = taught(name, [range(2)], **size)
    if name == "herded":
        source.draw(23, np.random.default_rng(4))
    copy = source_of(name, **size)
    copy.load_state(source.state())
    for each in (source, copy):
        each.learn(*samples(range(2, 6)), np.random.default_rng(6))
    assert [key for key in source.state() if key.startswith("kept")] == ["kept", "kept_counts"]
    for key, value in source.state().items():
        np.testing.assert_array_equal(copy.state()[key], value)
    if isinstance(source, Classifier) and isinstance(copy, Classifier):
        fresh = samples(range(6), seed=8)[0]
        np.testing.assert_array_equal(copy.classify(fresh), source.classify(fresh))
    else:
        again = (each.draw(40, np.random.default_rng(7)) for each in (source, copy))
        for a, b in zip(*again, strict=True):
            np.testing.assert_array_equal(a, b)


def cosine_order(a: int, b: int) -> Fraction:
    """Square of a / sqrt(b) with the sign of a: in the order of the cosines, and exact."""
    return Fraction(a * abs(a), b) if b else Fraction(0)


@pytest.mark.parametrize("exemplars", [1, 2, 5, 30])
def test_icarl_names_the_class_of_the_largest_cosine_and_of_equals_the_first(
    exemplars: int,
) -> None:
    source = taught("icarl", [range(4), range(4, 6)], exemplars=exemplars)
    assert isinstance(source, Classifier)
    sums = [(2 * unpack(own, FEATURES).astype(int) - 1).sum(axis=0) for own in kept(source)]
    bits = np.random.default_rng(9).random((200, FEATURES)) < 0.5
    expected, ties = [], 0
    for x in 2 * bits.astype(int) - 1:
        scores = [cosine_order(int(x @ s), int(s @ s)) for s in sums]
        expected.append(scores.index(max(scores)))
        ties += scores.count(max(scores)) > 1
    assert source.classify(pack(bits)).tolist() == expected
    assert ties or exemplars > 1


def test_icarl_tells_equal_cosines_of_unequal_means_from_others() -> None:
    """Two exemplars or three of one kind give a mean of one direction: the first class wins."""
    context = ReplayContext(features=3, classes=2, seed=0)
    source = SOURCES["icarl"](SOURCES["icarl"].Params.model_validate({"exemplars": 3}), context)
    assert isinstance(source, Classifier)
    bits = np.array([[1, 1, 0]] * 2 + [[1, 1, 0]] * 3)
    source.learn(pack(bits), np.array([0, 0, 1, 1, 1]), np.random.default_rng())
    everything = pack(np.arange(8)[:, None] >> np.arange(3) & 1)
    assert source.classify(everything).tolist() == [0] * 8


def test_icarl_learns_classes_that_means_tell_apart() -> None:
    source = taught("icarl", [range(4), range(4, 6)], exemplars=5)
    assert isinstance(source, Classifier)
    fresh, labels = samples(range(6), seed=8)
    assert (source.classify(fresh) == labels).mean() > 0.95


def test_ledger_counts_places_labels_and_what_replay_needs() -> None:
    fixed = {e.name: e.bits for e in source_of("herded", exemplars=5).ledger()}
    assert fixed == {
        "exemplars": 5 * 6 * FEATURES,
        "labels": 5 * 6 * 3,
        "fill pointer": 3,
        "class pointer": 3,
        "random streams": 64,
    }
    shared = source_of("icarl", budget=25).ledger()
    assert {e.name: e.bits for e in shared} == {
        "exemplars": 25 * FEATURES,
        "labels": 25 * 3,
        "fill pointer": 3,
    }
    assert shared.bits_paper == 25 * FEATURES
    assert taught("icarl", [range(2)], budget=25).ledger() == shared


@pytest.mark.parametrize("name", ["herded", "icarl"])
def test_sizes_that_do_not_fit_are_refused(name: str) -> None:
    message = "budget of herded exemplars must be at least 6, one for every class, not 5"
    with pytest.raises(UserError, match=message):
        source_of(name, budget=5)
    message = "exemplars must be left out beside budget: budget decides them"
    with pytest.raises(pydantic.ValidationError, match=message):
        source_of(name, budget=60, exemplars=10)


def test_labels_name_the_size_that_was_given() -> None:
    def label(name: str, **params: Any) -> str:
        return SOURCES[name].label(SOURCES[name].Params.model_validate(params))

    assert label("herded") == "herded exemplars E = 20"
    assert label("herded", budget=2000) == "herded exemplars M = 2000"
    assert label("icarl", exemplars=5) == "nearest mean of herded exemplars (iCaRL) E = 5"
    assert label("herded", normalized=True) == "herded exemplars E = 20, normalized = True"
