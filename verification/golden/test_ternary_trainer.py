# SPDX-License-Identifier: MIT
"""Ternary training: worked by hand, a third implementation in lists, and its compiled twin."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.bits import pack
from golden.kernels.ternary_trainer import ternary_step
from golden.params import TernaryTrainerParams
from golden.ternary_trainer import TernaryTrainer


class Third:
    """Section 17 in lists, from the contract alone: sums of ternary weights, no planes."""

    def __init__(self, p):
        self.p, self.v = p, [[0] * p.features for _ in range(p.classes)]

    def logits(self, x, n):
        t = self.p.threshold
        weights = [[(v >= t) - (v <= -t) for v in row] for row in self.v[:n]]
        return [2 * sum(w * a for w, a in zip(row, x, strict=True)) for row in weights]

    def learn(self, x, y, n):
        logits = self.logits(x, n)
        others = [(-logit, c) for c, logit in enumerate(logits) if c != y]
        if others:
            lead, w = min(others)
            if logits[y] + lead <= self.p.margin:
                for c, sign in ((y, 1), (w, -1)):
                    top = 2 ** (self.p.width - 1)
                    moved = [v + sign * a for v, a in zip(self.v[c], x, strict=True)]
                    self.v[c] = [max(-top, min(top - 1, v)) for v in moved]
        return logits.index(max(logits)) == y


def test_a_sample_by_hand():
    params = TernaryTrainerParams(features=3, classes=3, width=4, threshold=2, margin=1)
    trainer = TernaryTrainer(params)
    sample = pack([[1, 0, 1]])
    # All logits are 0: class 0 would win, class 1 is not it, and class 0 is its rival.
    assert trainer.step(sample, [1], 3) == 0
    assert trainer.counters.tolist() == [[-1, 1, -1], [1, -1, 1], [0, 0, 0]]
    assert not trainer.head().logits(np.array([1, 0, 1], np.uint8)).any()
    # Again all are 0, no counter being at 2: the second move gives weights.
    assert trainer.step(sample, [1], 3) == 0
    assert trainer.counters.tolist() == [[-2, 2, -2], [2, -2, 2], [0, 0, 0]]
    assert trainer.head().logits(np.array([1, 0, 1], np.uint8)).tolist() == [-6, 6, 0]
    # The lead over class 2 is 6, beyond the margin: nothing moves.
    assert trainer.step(sample, [1], 3) == 1
    assert trainer.counters.tolist() == [[-2, 2, -2], [2, -2, 2], [0, 0, 0]]
    # Class 2 learns its opposite. Its rival is class 0, whose logit is 6.
    assert trainer.step(pack([[0, 1, 0]]), [2], 3) == 0
    assert trainer.counters.tolist() == [[-1, 1, -1], [2, -2, 2], [-1, 1, -1]]


def test_a_class_without_rivals_learns_nothing():
    trainer = TernaryTrainer(TernaryTrainerParams(features=3, classes=2))
    assert trainer.step(pack([[1, 0, 1]] * 4), [0] * 4, 1) == 4
    assert not trainer.counters.any()


@pytest.mark.parametrize("width", range(4, 9))
def test_planes_are_the_ternary_weights_of_all_counters_and_thresholds(width):
    top = 2 ** (width - 1)
    values = np.arange(-top, top).astype(np.int8)
    for threshold in range(1, top):
        params = TernaryTrainerParams(features=2 * top, classes=1, width=width, threshold=threshold)
        trainer = TernaryTrainer(params)
        trainer.counters[0] = values
        head = trainer.head()
        twice = 2 * (head.plane_a[0].astype(int) + head.plane_b[0]) - 2
        expected = [2 * ((v >= threshold) - (v <= -threshold)) for v in values.tolist()]
        assert twice.tolist() == expected


def test_counters_saturate_at_both_ends():
    trainer = TernaryTrainer(TernaryTrainerParams(features=2, classes=2, width=4, threshold=7,
                                                  margin=2**18))  # fmt: skip
    trainer.step(pack([[1, 0]] * 30), [0] * 30, 2)
    assert trainer.counters.tolist() == [[7, -8], [-8, 7]]


def test_all_orders_of_a_small_world():
    """Every sequence of three samples of two bits and two classes."""
    params = TernaryTrainerParams(features=2, classes=2, width=4, threshold=1, margin=2)
    lessons = list(itertools.product(itertools.product((0, 1), repeat=2), (0, 1)))
    for sequence in itertools.product(lessons, repeat=3):
        plain, third = TernaryTrainer(params), Third(params)
        for bits, label in sequence:
            hit = third.learn([2 * bit - 1 for bit in bits], label, 2)
            assert plain.step(pack([bits]), [label], 2) == hit
        assert plain.counters.tolist() == third.v


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(st.integers(1, 140), st.integers(1, 9), st.integers(1, 30)),
    st.integers(4, 8),
    st.integers(0, 200),
    st.integers(0, 2**32),
)
def test_golden_kernel_and_a_third_agree(shape, width, margin, seed):
    features, n_classes, size = shape
    rng = np.random.default_rng(seed)
    threshold = int(rng.integers(1, 2 ** (width - 1)))
    params = TernaryTrainerParams(features=features, classes=n_classes, width=width,
                                  threshold=threshold, margin=margin)  # fmt: skip
    plain, fast, third = TernaryTrainer(params), TernaryTrainer(params), Third(params)
    centres = rng.integers(0, 2, (n_classes, features))
    for _ in range(3):
        competing = int(rng.integers(1, n_classes + 1))
        labels = rng.integers(0, competing, size)
        bits = centres[labels] ^ (rng.random((size, features)) < 0.2)
        hits = plain.step(pack(bits), labels, competing)
        assert ternary_step(fast, pack(bits), labels, competing) == hits
        wide = (2 * bits.astype(int) - 1).tolist()
        samples = zip(wide, labels.tolist(), strict=True)
        assert sum(third.learn(x, y, competing) for x, y in samples) == hits
        np.testing.assert_array_equal(fast.counters, plain.counters)
        assert plain.counters.tolist() == third.v
        assert fast.counters.dtype == plain.counters.dtype == np.int8


def test_it_goes_on_from_its_state():
    params = TernaryTrainerParams(features=9, classes=2)
    one, two = TernaryTrainer(params), TernaryTrainer(params)
    rng = np.random.default_rng(1)
    lesson = pack(rng.integers(0, 2, (20, 9))), rng.integers(0, 2, 20), 2
    one.step(*lesson)
    two.load_state(one.state_dict())
    one.step(*lesson)
    two.step(*lesson)
    np.testing.assert_array_equal(one.counters, two.counters)
    assert one.counters.any()


@pytest.mark.parametrize("step", [TernaryTrainer.step, ternary_step])
def test_what_does_not_fit_is_refused_and_nothing_is_learned(step):
    trainer = TernaryTrainer(TernaryTrainerParams(features=12, classes=3))
    exemplars = pack(np.ones((2, 12), np.int64))
    with pytest.raises(ValueError, match=r"^Labels must be in 0\.\.1, not 2$"):
        step(trainer, exemplars, np.array([0, 2]), 2)
    with pytest.raises(ValueError, match=r"^Classes that compete must .* in 1\.\.3, not 4$"):
        step(trainer, exemplars, np.array([0, 2]), 4)
    with pytest.raises(ValueError, match=r"^Exemplars of 12 bits must have the shape"):
        step(trainer, np.zeros((1, 2), np.uint64), np.array([0]), 2)
    assert not trainer.counters.any()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"width": 3}, r"^Counter width b must be an integer in 4\.\.8, not 3$"),
        ({"width": 9}, r"^Counter width b must be an integer in 4\.\.8, not 9$"),
        ({"width": 4, "threshold": 8}, r"^Threshold t must be an integer in 1\.\.7, not 8$"),
        ({"threshold": 0}, r"^Threshold t must be an integer in 1\.\.127, not 0$"),
        ({"margin": -1}, r"^Margin M must be an integer in 0\.\.262144, not -1$"),
    ],
)
def test_wrong_parameters_are_named(wrong, message):
    with pytest.raises(ValueError, match=message):
        TernaryTrainerParams(features=3, classes=2, **wrong)
