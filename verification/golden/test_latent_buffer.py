# SPDX-License-Identifier: MIT
"""Latent buffer against a third implementation in plain integers, and against chance itself."""

import re
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.bits import pack, unpack
from golden.latent_buffer import LatentBuffer
from golden.params import LatentBufferParams

CONTRACT = Path(__file__).parents[2] / "docs" / "contract.md"
TAPS = {
    int(number): tuple(map(int, taps.split(",")))
    for number, taps in re.findall(r"\| (\d+) \| (64(?:, \d+){3}) ", CONTRACT.read_text())
}


def words(number, user_seed):
    """Section 4: 32-bit words of a stream, the register stepped bit by bit."""
    m = 2**64
    z = (user_seed + (number + 1) * 0x9E3779B97F4A7C15) % m
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % m
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB % m
    s = z ^ (z >> 31) or 1
    while True:
        yield s % 2**32
        for _ in range(32):
            s = (s << 1 | sum(s >> (t - 1) & 1 for t in TAPS[number]) % 2) % m


class Third:
    """Section 10: the buffer as a list of slots a class, each a list of D bits."""

    def __init__(self, classes, slots, seed):
        self.slots, self.flag = slots, False
        self.kept = [[None] * slots for _ in range(classes)]
        self.n = [0] * classes
        self.stay, self.answer = words(19, seed), words(20, seed)

    def learn(self, bits, c):
        if c not in range(len(self.n)):
            self.flag = True
            return
        n = min(self.n[c] + 1, 65535)
        j = n - 1 if n <= self.slots else next(self.stay) * n // 2**32
        if j < self.slots:
            self.kept[c][j] = bits
        self.n[c] = n

    def request(self, c, lanes):
        """Return the beats: (bits as lanes, label, last)."""
        if c not in range(len(self.n)) or self.n[c] == 0:
            self.flag = True
            return []
        bits = self.kept[c][next(self.answer) * min(self.n[c], self.slots) // 2**32]
        rows = [bits[j : j + lanes] for j in range(0, len(bits), lanes)]
        return [(row, c, row is rows[-1]) for row in rows]


def numbered(values, features):
    """Return exemplars that say who they are: their number in binary."""
    return pack(np.array(values)[:, None] >> np.arange(features) & 1)


def buffer(features=10, lanes=4, classes=3, exemplars=2, seed=1):
    return LatentBuffer(
        LatentBufferParams(
            features=features, lanes=lanes, classes=classes, exemplars=exemplars, seed=seed
        )
    )


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(*(st.integers(1, high) for high in (70, 64, 4, 5))),
    st.integers(0, 2**64 - 1),
    st.lists(st.tuples(st.booleans(), st.integers(-1, 5), st.integers(0, 2**70)), max_size=60),
)
def test_every_bit_equals_a_third_implementation(sizes, seed, events):
    features, lanes, classes, slots = sizes
    block, third = buffer(features, lanes, classes, slots, seed), Third(classes, slots, seed)
    for learning, label, value in events:
        if learning:
            bits = [value >> j & 1 for j in range(features)]
            block.learn(pack([bits]), [label])
            third.learn(bits, label)
        else:
            expected = third.request(label, lanes)
            beats = list(block.beats(label))
            assert [(beat.label, beat.last) for beat in beats] == [beat[1:] for beat in expected]
            for beat, (row, _, _) in zip(beats, expected, strict=True):
                assert beat.bits == sum(bit << lane for lane, bit in enumerate(row))
    assert (block.unknown, block.seen.tolist()) == (third.flag, third.n)
    image = iter(block.rows())
    for kept in (exemplar or [0] * features for kind in third.kept for exemplar in kind):
        for j in range(0, features, lanes):
            row = kept[j : j + lanes]
            assert next(image) == sum(bit << lane for lane, bit in enumerate(row))
    assert next(image, None) is None


def test_a_class_fills_its_slots_in_order_and_uses_no_word():
    block = buffer(exemplars=3)
    slots = block.learn(numbered([5, 6, 7, 8, 9], 10), [0, 2, 0, 0, 2])
    assert slots.tolist() == [0, 0, 1, 2, 1]
    assert block.reservoir_lfsr.ticks == 0
    assert block.exemplars_of(0)[:, 0].tolist() == [5, 7, 8]
    assert (block.n_classes, block.n_exemplars, block.seen.tolist()) == (2, 5, [3, 0, 2])


def test_a_full_class_uses_one_word_an_exemplar_and_leaves_the_others_alone():
    block = buffer(exemplars=2)
    block.learn(numbered([1, 2, 3], 10), [1, 1, 0])
    block.learn(numbered(range(10, 60), 10), [1] * 50)
    assert block.reservoir_lfsr.ticks == 50
    assert block.exemplars_of(0)[:, 0].tolist() == [3]
    assert (block.n_exemplars, block.seen.tolist()) == (3, [1, 52, 0])


@pytest.mark.parametrize("label", [-1, 2])
def test_exemplars_of_no_class_are_an_error(label: int) -> None:
    block = LatentBuffer(LatentBufferParams(features=8, lanes=8, classes=2, exemplars=1))
    with pytest.raises(ValueError, match=rf"^Label must be an integer in 0\.\.1, not {label}$"):
        block.exemplars_of(label)


@pytest.mark.parametrize(("slots", "n"), [(1, 2), (1, 4), (2, 3), (2, 4), (3, 4), (3, 5)])
def test_all_words_keep_all_sets_of_exemplars_alike(slots, n, monkeypatch):
    """Words of 1/lcm steps, all equally likely: count the sets that stay, exhaustively."""
    block, counts = buffer(exemplars=slots, classes=1), {}
    for choice in product(*(range(m) for m in range(slots + 1, n + 1))):
        # The lowest word that the m-th exemplar scales to j is ceil(j * 2**32 / m).
        drawn = iter(-(-j * 2**32 // m) for m, j in enumerate(choice, slots + 1))
        monkeypatch.setattr(block.reservoir_lfsr, "tick", lambda drawn=drawn: next(drawn))
        block.seen[:] = 0
        block.learn(numbered(range(n), 10), [0] * n)
        kept = frozenset(block.exemplars_of(0)[:, 0].tolist())
        assert len(kept) == slots
        counts[kept] = counts.get(kept, 0) + 1
    sets = set(counts.values())
    assert len(sets) == 1
    assert len(counts) == len(list(subsets(n, slots)))


def subsets(n, size):
    return (s for s in product((0, 1), repeat=n) if sum(s) == size)


def test_every_exemplar_seen_is_kept_as_often_as_any_other():
    """Chi-square over 1500 buffers: 40 seen, 8 slots, so each stays in a fifth of them."""
    n, slots, trials = 40, 8, 1500
    stayed = np.zeros(n)
    for seed in range(trials):
        block = buffer(classes=1, exemplars=slots, seed=seed)
        block.learn(numbered(range(n), 10), [0] * n)
        stayed[block.exemplars_of(0)[:, 0].astype(int)] += 1
    expected = trials * slots / n
    # Of a fixed sum, with variance p(1-p) each: n-1 degrees.
    statistic = ((stayed - expected) ** 2).sum() / (expected * (1 - slots / n)) * (n - 1) / n
    assert stayed.sum() == trials * slots
    assert statistic < 72.1  # 39 degrees, p = 0.001


def test_requests_answer_with_every_slot_alike():
    block = buffer(classes=2, exemplars=10, features=4, lanes=4)
    block.learn(numbered(range(10), 4), [1] * 10)
    exemplars, labels = block.draw([1] * 20000)
    counts = np.bincount(exemplars[:, 0].astype(int), minlength=10)
    assert ((counts - 2000) ** 2 / 2000).sum() < 27.9  # chi-square, 9 degrees, p = 0.001
    assert set(labels.tolist()) == {1}
    assert block.exemplar_lfsr.ticks == 20000


def test_the_count_of_a_class_stays_at_65535_and_the_buffer_learns_on(monkeypatch):
    block = buffer(classes=1, exemplars=2)
    block.learn(numbered([1, 2], 10), [0, 0])
    block.seen[0] = 65533
    # The first word of a share of 2/65535 that is out, and the one before it, which is in.
    out = -(-2 * 2**32 // 65535)
    drawn = iter([out - 1, out - 1, out, out - 1])
    monkeypatch.setattr(block.reservoir_lfsr, "tick", lambda: next(drawn))
    assert block.learn(numbered([3, 4, 5, 6], 10), [0] * 4).tolist() == [1, 1, -1, 1]
    assert block.seen.tolist() == [65535]


def test_the_smallest_buffer_holds_one_bit():
    block = buffer(features=1, lanes=1, classes=1, exemplars=1)
    assert block.learn(numbered([1], 1), [0]).tolist() == [0]
    assert [tuple(beat) for beat in block.beats(0)] == [(1, 0, True, 0)]


def test_a_batch_equals_its_exemplars_one_by_one():
    rng = np.random.default_rng(2)
    bits, labels = rng.integers(0, 2, (200, 90)), rng.integers(0, 3, 200)
    block, other = buffer(features=90, lanes=32), buffer(features=90, lanes=32)
    slots = block.learn(pack(bits), labels)
    assert slots.tolist() == [
        int(other.learn(pack(row[None]), [label])[0])
        for row, label in zip(bits, labels, strict=True)
    ]
    asked = rng.integers(0, 3, 50)
    exemplars, _ = block.draw(asked)
    for exemplar, label in zip(unpack(exemplars, 90), asked.tolist(), strict=True):
        lanes = [beat.bits >> lane & 1 for beat in other.beats(label) for lane in range(32)]
        assert lanes[:90] == exemplar.tolist()
        assert not any(lanes[90:])


def test_new_seeds_keep_and_answer_as_a_third_implementation_of_that_seed():
    block, third = buffer(seed=1), Third(3, 2, seed=2026)
    # Two exemplars fill the class: no word is used before the seeds come.
    for number in (5, 9):
        block.learn(numbered([number], 10), [1])
        third.learn([number >> j & 1 for j in range(10)], 1)
    first = block.draw([1] * 20)[0]
    block.reseed(2026)
    for number in range(100, 160):
        block.learn(numbered([number], 10), [1])
        third.learn([number >> j & 1 for j in range(10)], 1)
    drawn = [
        [sum(bit << n for n, bit in enumerate(row)) for row, _, _ in third.request(1, 4)]
        for _ in range(20)
    ]
    assert [[beat.bits for beat in block.beats(1)] for _ in range(20)] == drawn
    again = buffer(seed=1)
    again.learn(numbered([5, 9], 10), [1, 1])
    again.reseed(7)
    again.reseed(1)
    np.testing.assert_array_equal(again.draw([1] * 20)[0], first)


def test_what_cannot_be_served_raises_the_flag_and_changes_nothing_else():
    block = buffer()
    for refused in (lambda: block.draw([1]), lambda: block.draw([3]), lambda: block.draw([-1])):
        exemplars, labels = refused()
        assert (exemplars.shape, labels.shape) == ((0, 1), (0,))
        assert block.unknown
        block.unknown = False
    assert block.learn(numbered([7], 10), [3]).tolist() == [-1]
    assert block.unknown
    assert (block.n_exemplars, block.exemplar_lfsr.ticks, block.reservoir_lfsr.ticks) == (0, 0, 0)
    block.learn(numbered([7], 10), [2])
    assert block.draw([0, 2, 1])[1].tolist() == [2]


def test_state_goes_round():
    block = buffer(seed=3)
    block.learn(numbered(range(20), 10), [0, 2] * 10)
    block.draw([0, 1])
    copy = buffer(seed=9)
    copy.load_state(block.state_dict())
    assert copy.unknown
    assert copy.rows() == block.rows()
    later = numbered(range(20, 60), 10), [0, 1, 2, 2] * 10
    assert copy.learn(*later).tolist() == block.learn(*later).tolist()
    np.testing.assert_array_equal(copy.draw([0, 1, 2] * 9)[0], block.draw([0, 1, 2] * 9)[0])
    assert copy.exemplar_lfsr.ticks == block.exemplar_lfsr.ticks
    with pytest.raises(ValueError, match=r"state must hold \(2, 2, 1\) words, not \(3, 2, 1\)"):
        buffer(classes=2).load_state(block.state_dict())


@pytest.mark.parametrize(
    ("exemplars", "labels", "error", "message"),
    [
        (numbered([1], 10), [0, 1], ValueError, r"one row for each of 2 labels.*\(1, 1\)"),
        (numbered([1], 10)[0], [0], ValueError, r"one row for each of 1 labels.*\(1,\)"),
        (numbered([1], 10), [[0]], ValueError, r"Labels must have shape \(n,\), not \(1, 1\)"),
        (numbered([1], 10), [0.5], TypeError, r"Labels must be integers, not float64"),
        (numbered([2048], 12), [0], ValueError, r"Exemplars of 10 bits must have unused bits of 0"),
        ([[1]], [0], TypeError, r"Exemplars must be a uint64 array"),
    ],
)
def test_wrong_exemplars_are_named(exemplars, labels, error, message):
    with pytest.raises(error, match=message):
        buffer().learn(exemplars, labels)
