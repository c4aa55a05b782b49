# SPDX-License-Identifier: MIT
"""Class counter: codes of exact means, held to section 5 exhaustively, and its slots to a list."""

from fractions import Fraction
from math import ceil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.bernoulli import encode, encode_counts
from golden.bits import pack
from golden.class_counter import ClassCounter
from golden.params import ClassCounterParams, PrototypesParams


def level(m, q):
    """Section 5: the probability of code m."""
    return Fraction(m + (m >> (q - 1)), 2**q)


def nearest(c, n, q):
    """Section 5: the code whose probability is nearest to the mean; of two, the lower."""
    return min(range(2**q), key=lambda m: (abs(level(m, q) - Fraction(c, n)), m))


@pytest.mark.parametrize("q", range(1, 6))
def test_codes_are_the_nearest_for_all_counts_and_numbers(q):
    for n in range(1, 2 ** (q + 2) + 2):
        expected = [nearest(c, n, q) for c in range(n + 1)]
        assert encode_counts(np.arange(n + 1), n, q).tolist() == expected


def test_codes_are_the_nearest_for_numbers_of_any_size():
    # Beside and upon every tie, where such counts exist.
    for q in (8, 16):
        levels = [level(m, q) for m in range(2**q)]
        for n in (1, 2, 3, 255, 256, 257, 4096, 40_001, 65_534, 65_535):
            ties = [(low + high) / 2 for low, high in zip(levels, levels[1:], strict=False)]
            beside = {
                max(0, ceil(tie * n) + step) for tie in ties[:: 2 ** (q - 8)] for step in (-1, 0)
            }
            counts = np.array(sorted({*beside, 0, n // 2, n}))
            codes = encode_counts(counts, n, q).astype(int)
            for c, m in zip(counts.tolist(), codes.tolist(), strict=True):
                mean = Fraction(c, n)
                assert m == 0 or mean > (levels[m] + levels[m - 1]) / 2
                assert m == 2**q - 1 or mean <= (levels[m] + levels[m + 1]) / 2


@settings(max_examples=300, deadline=None)
@given(st.integers(1, 65_535), st.integers(1, 16), st.data())
def test_codes_are_those_of_the_mean_as_float64(n, q, data):
    # A tie is a dyadic mean, hence exact; other means are further from a tie than rounding goes.
    c = data.draw(st.integers(0, n))
    assert encode_counts(c, n, q) == encode(c / n, q)


@pytest.mark.parametrize(
    ("counts", "total", "q", "error", "message"),
    [
        ([3], 2, 4, ValueError, r"^Counts must be integers in 0\.\.2, not 3$"),
        ([-1], 2, 4, ValueError, r"^Counts must be integers in 0\.\.2, not -1$"),
        ([0.5], 2, 4, TypeError, r"^Counts must be integers in 0\.\.2, not float64$"),
        ([0], 0, 4, ValueError, r"^Exemplars N must be an integer in 1\.\.65535, not 0$"),
        ([0], 65_536, 4, ValueError, r"^Exemplars N must be .* in 1\.\.65535, not 65536$"),
        ([0], 1, 17, ValueError, r"^Code width q must be an integer in 1\.\.16, not 17$"),
    ],
)
def test_wrong_counts_are_named(counts, total, q, error, message):
    with pytest.raises(error, match=message):
        encode_counts(counts, total, q)


class Third:
    """Section 14: a slot is a list of the exemplars that count."""

    def __init__(self, slots, q):
        self.kept, self.state = [None] * slots, ["never"] * slots
        self.q, self.flags = q, set()

    def do(self, what, s, bits=None):
        """Return the codes of a class that was closed."""
        state = self.state[s] if s in range(len(self.state)) else "none"
        if what == "open" and state != "none":
            self.kept[s], self.state[s] = [], "open"
        elif what == "reopen" and state in ("open", "closed"):
            self.state[s] = "open"
        elif what == "learn" and state == "open":
            self.kept[s].append(bits)
        elif what == "close" and state == "open":
            if not self.kept[s]:
                self.flags.add("empty")
                return None
            self.state[s] = "closed"
            n = len(self.kept[s])
            return [nearest(sum(column), n, self.q) for column in zip(*self.kept[s], strict=True)]
        else:
            self.flags.add("closed")
        return None


def counter(features=5, q=3, slots=2, lanes=4):
    memory = PrototypesParams(features=features, code_width=q, lanes=lanes)
    return ClassCounter(ClassCounterParams(prototypes=memory, slots=slots))


def flags(block):
    return {name for name in ("overflow", "empty", "closed") if getattr(block, name)}


@settings(max_examples=100, deadline=None)
@given(
    st.integers(1, 70),
    st.integers(1, 6),
    st.integers(1, 3),
    st.lists(
        st.tuples(
            st.sampled_from(["open", "reopen", "close", *["learn"] * 4]),
            st.integers(-1, 3),
            st.integers(0, 2**70 - 1),
        ),
        max_size=40,
    ),
)
def test_every_code_equals_a_third_implementation(features, q, slots, events):
    block, third, labels = counter(features, q, slots), Third(slots, q), [0] * slots
    for what, slot, value in [("open", 0, 0), *events]:
        bits = [value >> j & 1 for j in range(features)]
        expected = third.do(what, slot, bits)
        if what == "learn":
            block.learn(pack([bits]), [slot])
        else:
            given_label = (value % 7,) if what == "open" else ()
            done = getattr(block, what)(slot, *given_label)
            if what == "open" and done:
                labels[slot] = value % 7
            if what == "close":
                assert (None if done is None else done.tolist()) == expected
        assert flags(block) == third.flags
        assert block.labels.tolist() == labels
        assert block.seen.tolist() == [len(kept or []) for kept in third.kept]
    for slot, kept in enumerate(third.kept):
        sums = np.array(kept).sum(axis=0).tolist() if kept else [0] * features
        assert block.counts_of(slot).tolist() == sums


def test_many_exemplars_at_once_are_those_one_by_one():
    rng = np.random.default_rng(1)
    exemplars, slots = pack(rng.integers(0, 2, (50, 5))), rng.integers(0, 3, 50)
    together, alone = counter(), counter()
    for block in (together, alone):
        block.open(1, 0)
    counted = together.learn(exemplars, slots)
    assert counted.tolist() == (slots == 1).tolist()
    for exemplar, slot in zip(exemplars, slots, strict=True):
        alone.learn(exemplar[None], [slot])
    np.testing.assert_array_equal(together.counts_of(1), alone.counts_of(1))
    assert together.seen.tolist() == alone.seen.tolist() == [0, np.count_nonzero(slots == 1)]


def test_a_slot_that_is_closed_learns_on_when_it_is_reopened():
    block = counter()
    block.open(0, 0)
    block.learn(pack([[1, 1, 0, 0, 0]]), [0])
    first = block.close(0)
    assert first is not None
    assert first.tolist() == [7, 7, 0, 0, 0]
    assert (block.close(0), block.closed) == (None, True)
    assert block.reopen(0)
    block.learn(pack([[1, 0, 0, 0, 1]]), [0])
    second = block.close(0)
    assert second is not None
    assert second.tolist() == encode([1, 0.5, 0, 0, 0.5], 3).tolist() == [7, 3, 0, 0, 3]
    block.open(0, 0)
    assert (block.close(0), block.empty, block.counts_of(0).tolist()) == (None, True, [0] * 5)


def test_no_count_wraps_and_the_exemplar_beyond_is_flagged():
    block = counter(slots=1)
    block.open(0, 0)
    ones = np.repeat(pack([[1, 0, 1, 0, 1]]), 65_535, axis=0)
    assert block.learn(ones, np.zeros(65_535, int)).all()
    assert not block.overflow
    assert not block.learn(pack([[0, 1, 0, 1, 0]]), [0]).any()
    assert block.overflow
    assert block.counts_of(0).tolist() == [65_535, 0, 65_535, 0, 65_535]
    codes = block.close(0)
    assert codes is not None
    assert codes.tolist() == [7, 0, 7, 0, 7]


def test_exemplars_and_slots_must_fit():
    with pytest.raises(ValueError, match=r"one row for each of 2 labels, not the shape \(1, 1\)"):
        counter().learn(pack([[1, 0, 0, 0, 0]]), [0, 1])
    with pytest.raises(ValueError, match=r"^Slot must be an integer in 0\.\.1, not 2$"):
        counter().counts_of(2)


@pytest.mark.parametrize(
    ("given_params", "error", "message"),
    [
        ({"prototypes": 3}, TypeError, r"^Prototypes must be PrototypesParams, not 3$"),
        (
            {"prototypes": PrototypesParams(features=5, code_width=3), "slots": 0},
            ValueError,
            r"^Slots of a class counter must be an integer >= 1, not 0$",
        ),
    ],
)
def test_wrong_parameters_are_named(given_params, error, message):
    with pytest.raises(error, match=message):
        ClassCounterParams(**given_params)
