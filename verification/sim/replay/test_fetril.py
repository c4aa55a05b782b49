# SPDX-License-Identifier: MIT
"""Translation of bits: the means it makes, in fractions and by chance, and who is translated."""

from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pydantic
import pytest
from scipy.stats import chisquare

from golden.bernoulli import encode, probability
from golden.bits import pack, unpack
from sim.replay import SOURCES, ReplayContext
from sim.replay.fetril import FetrilSource, flip_probability, similarity, step_probability

FEATURES = 70
CONTEXT = ReplayContext(features=FEATURES, classes=6, seed=3)
GRID = [Fraction(k, 12) for k in range(13)]


def samples(classes: range, each: int = 32) -> tuple[np.ndarray, np.ndarray]:
    """Bits of classes with means of their own; those of a class are always the same."""
    means = np.random.default_rng(0).beta(0.7, 0.7, (CONTEXT.classes, FEATURES))
    bits = [np.random.default_rng(c).random((each, FEATURES)) < means[c] for c in classes]
    return pack(np.concatenate(bits)), np.repeat(np.array(classes), each)


def source_of(**params: Any) -> FetrilSource:
    source = SOURCES["fetril"](SOURCES["fetril"].Params.model_validate(params), CONTEXT)
    assert isinstance(source, FetrilSource)
    return source


def ready(**params: Any) -> FetrilSource:
    """A source with three past classes and three present ones."""
    source = source_of(**params)
    source.learn(*samples(range(3)), np.random.default_rng(1))
    source.begin(*samples(range(3, 6)))
    return source


def bits_of(classes: range) -> list[np.ndarray]:
    exemplars, labels = samples(classes)
    return [unpack(exemplars[labels == label], FEATURES) for label in classes]


def chance(bit: int, past: Fraction, new: Fraction) -> Fraction:
    """Chance of a bit to flip, exactly; of a bit that the new mean rules out, any: say 0."""
    if new == (0 if bit else 1):
        return Fraction(0)
    columns = (np.array([value], object) for value in (past, new))
    return Fraction(flip_probability(np.array([bit], np.uint8), *columns)[0])


def test_flipped_bits_have_the_past_mean_exactly_and_no_flip_is_in_vain() -> None:
    for past, new in product(GRID, GRID):
        up, down = chance(0, past, new), chance(1, past, new)
        assert 0 <= up <= 1
        assert 0 <= down <= 1
        assert (1 - new) * up + new * (1 - down) == past
        # A coupling of two Bernoulli variables differs at least as often as their means do.
        assert (1 - new) * up + new * down == abs(past - new)


@pytest.mark.parametrize("serves", ["nearest", "random"])
@pytest.mark.parametrize("q", [2, 8])
def test_translated_samples_have_the_quantised_past_means(serves: str, q: int) -> None:
    source, each = ready(serves=serves, code_width=q), 8000
    drawn, labels = source.draw(3 * each, np.random.default_rng(4))
    assert labels.tolist() == [0, 1, 2] * each
    for label, own in enumerate(bits_of(range(3))):
        expected = probability(encode(own.mean(axis=0), q), q)
        seen = unpack(drawn[labels == label], FEATURES).mean(axis=0)
        bound = 5 * np.sqrt(expected * (1 - expected) / each)
        assert (np.abs(seen - expected) <= bound).all()


def test_float_keeps_the_means_themselves() -> None:
    source, each = ready(code_width="float"), 8000
    drawn, labels = source.draw(3 * each, np.random.default_rng(4))
    expected = bits_of(range(3))[1].mean(axis=0)
    seen = unpack(drawn[labels == 1], FEATURES).mean(axis=0)
    assert (np.abs(seen - expected) <= 5 * np.sqrt(expected * (1 - expected) / each)).all()


def test_a_class_moved_to_its_own_mean_stays_as_it_is() -> None:
    source = source_of(code_width="float")
    exemplars, labels = samples(range(1))
    source.learn(exemplars, labels, np.random.default_rng())
    source.begin(exemplars, labels)
    drawn = source.draw(500, np.random.default_rng(2))[0]
    np.testing.assert_array_equal(np.unique(drawn, axis=0), np.unique(exemplars, axis=0))


def test_translation_keeps_what_features_have_in_common_and_prototypes_lose_it() -> None:
    """Pairs of equal bits, moved from one mean to another, still agree more than by chance."""
    rng = np.random.default_rng(1)
    context = ReplayContext(features=64, classes=2, seed=0)
    source = SOURCES["fetril"](SOURCES["fetril"].Params(), context)
    past, new = (np.repeat(rng.random((4000, 32)) < mean, 2, axis=1) for mean in (0.5, 0.4))
    source.learn(pack(past), np.zeros(4000, int), rng)
    source.begin(pack(new), np.ones(4000, int))
    drawn = unpack(source.draw(4000, rng)[0], 64)
    # 0 flips to 1 with the chance 1/6: both of a pair of 0 flip, or neither, in 26 of 36 cases.
    assert (drawn[:, ::2] == drawn[:, 1::2]).mean() == pytest.approx(0.4 + 0.6 * 26 / 36, abs=0.01)


def test_threshold_moves_a_bit_only_where_the_means_differ_by_half() -> None:
    for bit, past, new in product((0, 1), GRID, GRID):
        column = np.array([bit], np.uint8), np.array([float(past)]), np.array([float(new)])
        moved = int(bit + past - new >= Fraction(1, 2))
        if bit + past - new != Fraction(1, 2):  # twelfths are no floating-point numbers
            assert step_probability(*column).item() == (moved != bit)
    halves = np.array([1, 0], np.uint8), np.array([0.25, 0.75]), np.array([0.75, 0.25])
    assert step_probability(*halves).tolist() == [0, 1]  # both sums are 1/2, hence a 1
    source = ready(translation="threshold", code_width="float")
    drawn, labels = source.draw(30, np.random.default_rng(0))
    again = ready(translation="threshold", code_width="float").draw(30, np.random.default_rng(0))
    np.testing.assert_array_equal(drawn, again[0])
    means = [own.mean(axis=0) for own in bits_of(range(6))]
    for row, label in zip(unpack(drawn, FEATURES), labels, strict=True):
        near = nearest(label)[0]
        originals = bits_of(range(near, near + 1))[0]
        moved = originals + means[label] - means[near] >= 0.5
        assert (moved == row).all(axis=1).any()


def nearest(label: int) -> list[int]:
    """Return the present classes by their cosine with a past one, the nearest first."""
    own = [2 * bits.mean(axis=0) - 1 for bits in bits_of(range(6))]
    cosines = {
        c: own[label] @ own[c] / np.sqrt((own[label] @ own[label]) * (own[c] @ own[c]))
        for c in range(3, 6)
    }
    return sorted(cosines, key=lambda c: -cosines[c])


@pytest.mark.parametrize(("rank", "place"), [(1, 0), (2, 1), (3, 2), (9, 2)])
def test_the_class_that_serves_is_the_nearest_by_cosine_or_of_the_rank_asked(
    rank: int, place: int
) -> None:
    source = ready(rank=rank, code_width="float")
    # Means in place of the past ones that ask for no flip, so that samples show whose they are.
    for label in range(3):
        serving = source._serving(np.array([label]), np.random.default_rng())
        assert serving.tolist() == [nearest(label)[place] - 3]


def test_at_random_every_present_class_serves_as_often() -> None:
    source = ready(serves="random")
    serving = source._serving(np.zeros(3000, int), np.random.default_rng(0))
    assert chisquare(np.bincount(serving, minlength=3)).pvalue > 1e-3


def test_similarity_is_the_cosine_of_bipolar_means_and_0_of_a_mean_without_direction() -> None:
    past = np.array([[1.0, 1.0], [0.5, 0.5]])
    new = np.array([[1.0, 1.0], [1.0, 0.0], [0.0, 0.0], [1.0, 0.5]])
    expected = [[1, 0, -1, np.sqrt(0.5)], [0, 0, 0, 0]]
    np.testing.assert_allclose(similarity(past, new), expected, atol=1e-15)


def test_nothing_of_a_task_survives_it() -> None:
    source = ready()
    source.learn(*samples(range(3, 6)), np.random.default_rng())
    with pytest.raises(RuntimeError, match="fetril must be told of a task by begin before it"):
        source.draw(1, np.random.default_rng())
    assert set(source.state()) == {"means", "seen", *source._selector.state_dict()}
    assert source.state()["means"].shape == (6, FEATURES)


@pytest.mark.parametrize(
    "params",
    [{}, {"code_width": "float", "requests": "uniform"}, {"serves": "random"}],
    ids=["nearest", "float", "random"],
)
def test_state_goes_on_bit_for_bit(params: dict[str, Any]) -> None:
    source = source_of(**params)
    source.learn(*samples(range(2)), np.random.default_rng(1))
    source.begin(*samples(range(2, 4)))
    source.draw(23, np.random.default_rng(4))
    source.learn(*samples(range(2, 4)), np.random.default_rng(1))
    copy = source_of(**params)
    copy.load_state(source.state())
    for each in (source, copy):
        each.begin(*samples(range(4, 6)))
    draws = (each.draw(40, np.random.default_rng(7)) for each in (source, copy))
    for a, b in zip(*draws, strict=True):
        np.testing.assert_array_equal(a, b)
    assert copy.ledger() == source.ledger()


def test_weighted_requests_follow_the_number_of_training_samples() -> None:
    source = source_of(requests="weighted")
    source.learn(*samples(range(1), each=90), np.random.default_rng())
    source.learn(*samples(range(1, 2), each=30), np.random.default_rng())
    source.begin(*samples(range(2, 3)))
    labels = source.draw(4000, np.random.default_rng(0))[1]
    assert chisquare(np.bincount(labels), [3000, 1000]).pvalue > 1e-3


def test_ledger_is_one_mean_a_class() -> None:
    assert {e.name: e.bits for e in source_of(code_width=5).ledger()} == {
        "class means": FEATURES * 6 * 5,
        "fill pointer": 3,
        "class pointer": 3,
        "random streams": 128,
    }
    assert source_of(code_width="float").ledger().bits_paper == FEATURES * 6 * 32


def test_rank_without_the_nearest_is_refused_and_labels_name_the_rest() -> None:
    message = "rank must be left out where present classes serve at random"
    with pytest.raises(pydantic.ValidationError, match=message):
        source_of(serves="random", rank=2)
    params = SOURCES["fetril"].Params.model_validate({"code_width": 4, "translation": "threshold"})
    assert SOURCES["fetril"].label(params) == "FeTrIL q = 4, translation = threshold"
