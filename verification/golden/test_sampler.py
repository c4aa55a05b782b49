# SPDX-License-Identifier: MIT
"""Sampler against a third implementation, written from the contract in plain integers."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.bits import pack, unpack
from golden.params import PrototypesParams, SamplerParams, SelectorParams
from golden.sampler import Sampler
from golden.selector import Selector

CONTRACT = Path(__file__).parents[2] / "docs" / "contract.md"

# The contract's own tables: stream number, perhaps its user, and its four taps.
TAPS = {
    int(number): tuple(map(int, taps.split(",")))
    for number, taps in re.findall(
        r"\| (\d+) \| (?:[a-z ]+ \| )?(64(?:, \d+){3}) ", CONTRACT.read_text()
    )
}


class Stream:
    """Section 4: one random stream, a bit at a time."""

    def __init__(self, number, user_seed):
        m = 2**64
        z = (user_seed + (number + 1) * 0x9E3779B97F4A7C15) % m
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % m
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB % m
        self.s = z ^ (z >> 31) or 1
        self.taps = TAPS[number]

    def use(self, n):
        word = self.s % 2**n
        for _ in range(n):
            f = 0
            for t in self.taps:
                f ^= (self.s >> (t - 1)) & 1
            self.s = ((self.s << 1) | f) % 2**64
        return word


def exemplars(classes, requests, *, q, lanes, m_draws, mode, seed):
    """Sections 5 to 7: `classes` lists (codes, thresholds); yield lists of D bits, in order."""
    planes = [Stream(i, seed) for i in range(q)]
    serial, component = Stream(16, seed), Stream(17, seed)
    for c in requests:
        codes, thresholds = classes[c]
        r = component.use(16)
        prototype = codes[sum(1 for t in thresholds if t <= r)]
        d = len(prototype)
        out = [[] for _ in range(m_draws)]
        for b in range(-(-d // lanes)):
            row = prototype[b * lanes : (b + 1) * lanes]
            for m in range(m_draws):
                if mode == "parallel":
                    words = [p.use(lanes) for p in planes]
                    for lane, code in enumerate(row):
                        u = 0
                        for word in words:
                            u = 2 * u + (word >> lane) % 2
                        msb = code >= 2 ** (q - 1)
                        out[m].append(int(u < code or (u == code and msb)))
                else:
                    bits = [None] * len(row)
                    p = 0
                    while p < q and None in bits:
                        word = serial.use(lanes)
                        for lane, code in enumerate(row):
                            wanted = (code >> (q - 1 - p)) % 2
                            if bits[lane] is None and (word >> lane) % 2 != wanted:
                                bits[lane] = wanted
                        p += 1
                    out[m] += [
                        code >> (q - 1) if bit is None else bit
                        for bit, code in zip(bits, row, strict=True)
                    ]
        yield from out


def sampler(classes, features, **params):
    q, lanes = params.pop("q"), params.pop("lanes")
    block = Sampler(
        SamplerParams(
            prototypes=PrototypesParams(
                features=features,
                code_width=q,
                lanes=lanes,
                components=100,
                classes=len(classes),
                class_components=100,
            ),
            **params,
        )
    )
    for codes, thresholds in classes:
        assert block.prototypes.append(codes, thresholds)
    return block


def random_classes(rng, n, most, features, q):
    classes = []
    for _ in range(n):
        k = int(rng.integers(1, most + 1))
        codes = rng.integers(0, 2**q, (k, features)).tolist()
        classes.append((codes, sorted(rng.integers(0, 65536, k - 1).tolist())))
    return classes


def uniform_class(m, features):
    return [([[m] * features], [])]


@settings(max_examples=60)
@given(
    features=st.integers(1, 150),
    lanes=st.sampled_from([1, 5, 16, 31, 32, 33, 64]),
    q=st.integers(1, 16),
    m_draws=st.integers(1, 3),
    most=st.integers(1, 3),
    mode=st.sampled_from(["parallel", "serial"]),
    seed=st.integers(0, 2**64 - 1),
)
def test_a_third_implementation_matches_every_bit(features, lanes, q, m_draws, most, mode, seed):
    rng = np.random.default_rng(seed)
    classes = random_classes(rng, 3, most, features, q)
    requests = rng.integers(0, 3, 4).tolist()
    expected = list(
        exemplars(classes, requests, q=q, lanes=lanes, m_draws=m_draws, mode=mode, seed=seed)
    )
    block = sampler(
        classes, features, q=q, lanes=lanes, mode=mode, draws_per_read=m_draws, seed=seed
    )
    bits, labels = block.draw(requests)
    np.testing.assert_array_equal(bits, pack(np.array(expected, np.uint8)))
    np.testing.assert_array_equal(labels, np.repeat(requests, m_draws))


@pytest.mark.parametrize("mode", ["parallel", "serial"])
def test_beats_are_beat_major_and_say_when_an_exemplar_ends(mode):
    rng = np.random.default_rng(0)
    classes = random_classes(rng, 2, 1, 40, 4)
    params = {"q": 4, "lanes": 16, "mode": mode, "draws_per_read": 3}
    beats = list(sampler(classes, 40, **params).beats(1))
    assert [beat.exemplar for beat in beats] == [0, 1, 2] * 3
    assert [beat.last for beat in beats] == [False] * 6 + [True] * 3
    assert {beat.label for beat in beats} == {1}
    bits, _ = sampler(classes, 40, **params).draw([1])
    for m, row in enumerate(bits[:, 0].tolist()):
        assert row == sum(b.bits << 16 * i for i, b in enumerate(beats[m::3]))
    assert all(beat.bits < 2**8 for beat in beats[6:])  # lanes past D


@pytest.mark.parametrize("mode", ["parallel", "serial"])
def test_words_are_used_only_as_beats_are_taken(mode):
    block = sampler(uniform_class(5, 64), 64, q=4, lanes=16, mode=mode)
    beats = block.beats(0)
    assert {lfsr.ticks for lfsr in block.lfsrs} == {0}
    next(beats)
    taken = [lfsr.ticks for lfsr in block.lfsrs]
    assert block.rows_read == 1
    assert taken == [1] * 4 if mode == "parallel" else 1 <= taken[0] <= 4
    assert block.selector.component_lfsr.ticks == 1


def test_parallel_counters_are_those_of_the_contract():
    block = sampler(uniform_class(5, 40), 40, q=3, lanes=16, draws_per_read=4)
    block.draw([0] * 5)
    beats = 5 * 3 * 4
    assert [lfsr.ticks for lfsr in block.lfsrs] == [beats] * 3
    assert block.planes_read == 3 * beats
    assert block.rows_read == 5 * 3
    assert block.selector.component_lfsr.ticks == 5


def test_serial_reads_a_plane_a_word_and_stops_early_with_few_lanes():
    block = sampler(uniform_class(0x5A, 4000), 4000, q=8, lanes=1, mode="serial")
    block.draw([0])
    assert block.lfsrs[0].ticks == block.planes_read
    # One lane is decided at each plane with chance 1/2: 2 - 2^-7 planes a beat.
    assert block.planes_read / 4000 == pytest.approx(2 - 2**-7, abs=0.1)
    wide = sampler(uniform_class(0x5A, 6400), 6400, q=8, lanes=64, mode="serial")
    wide.draw([0])
    expected = sum(1 - (1 - 2.0**-p) ** 64 for p in range(8))
    assert wide.planes_read / 100 == pytest.approx(expected, abs=0.3)


@pytest.mark.parametrize("mode", ["parallel", "serial"])
@pytest.mark.parametrize("m", [0, 1, 3, 4, 6, 7])
def test_both_modes_have_the_probability_of_the_code(mode, m):
    n = 20000
    block = sampler(uniform_class(m, n), n, q=3, lanes=64, mode=mode, seed=8)
    bits, _ = block.draw([0])
    p = (m + (m >= 4)) / 8
    ones = int(unpack(bits, n).sum())
    assert abs(ones - n * p) <= 4 * np.sqrt(n * p * (1 - p))  # 0 and n exactly at the ends


@pytest.mark.parametrize("mode", ["parallel", "serial"])
def test_state_goes_round_bit_for_bit(mode):
    rng = np.random.default_rng(1)
    classes = random_classes(rng, 3, 2, 70, 5)
    params = {"q": 5, "lanes": 16, "mode": mode, "selection": "uniform", "seed": 3}
    block = sampler(classes, 70, **params)
    copy = Sampler(block.params)
    block.draw(block.selector.request(3, 4))
    copy.load_state(block.state_dict())
    labels = block.selector.request(3, 6)
    np.testing.assert_array_equal(copy.selector.request(3, 6), labels)
    np.testing.assert_array_equal(copy.draw(labels)[0], block.draw(labels)[0])
    assert copy.state_dict().keys() == block.state_dict().keys()
    for key, value in block.state_dict().items():
        np.testing.assert_array_equal(copy.state_dict()[key], value)


@pytest.mark.parametrize("mode", ["parallel", "serial"])
def test_a_register_forced_to_zero_recovers_with_its_next_word(mode):
    block = sampler(uniform_class(5, 16), 16, q=4, lanes=16, mode=mode)
    block.draw([0, 0])
    for lfsr in block.lfsrs:
        lfsr.state = 0
    next(block.beats(0))
    assert all(lfsr.state for lfsr in block.lfsrs)
    if mode == "parallel":
        assert [lfsr.state for lfsr in block.lfsrs] == [lfsr.params.seed for lfsr in block.lfsrs]


@pytest.mark.parametrize("mode", ["parallel", "serial"])
def test_new_seeds_draw_what_a_third_implementation_of_that_seed_draws(mode):
    rng = np.random.default_rng(2)
    classes = random_classes(rng, 3, 3, 40, 4)
    block = sampler(classes, 40, q=4, lanes=16, mode=mode, selection="uniform", seed=1)
    before, _ = block.draw(block.selector.request(3, 5))
    counters = block.rows_read, block.planes_read
    block.reseed(2026)
    assert (block.rows_read, block.planes_read) == counters
    requests = list(class_requests("uniform", [3] * 5, [], 2026))
    assert block.selector.request(3, 5).tolist() == requests
    drawn, _ = block.draw(requests)
    options = {"q": 4, "lanes": 16, "m_draws": 1, "mode": mode, "seed": 2026}
    expected = list(exemplars(classes, requests, **options))
    np.testing.assert_array_equal(drawn, pack(np.array(expected, np.uint8)))
    assert (drawn != before).any()
    block.reseed(1)
    np.testing.assert_array_equal(block.draw(block.selector.request(3, 5))[0], before)


@pytest.mark.parametrize("seed", [-1, 2**64, 1.5])
def test_a_user_seed_that_is_none_is_refused_and_changes_nothing(seed):
    block = sampler(uniform_class(5, 16), 16, q=4, lanes=16)
    before = block.state_dict()
    with pytest.raises(
        (TypeError, ValueError), match=rf"^Seed must be an integer in .*, not {seed}$"
    ):
        block.reseed(seed)
    for key, value in block.state_dict().items():
        np.testing.assert_array_equal(value, before[key])


def test_no_requests_give_no_exemplars():
    block = sampler(uniform_class(5, 100), 100, q=4, lanes=16)
    bits, labels = block.draw([])
    assert (bits.shape, bits.dtype, labels.shape) == ((0, 2), np.uint64, (0,))


@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        ([0, 1], ValueError, r"Labels must be among the 1 classes in the table, not 1"),
        ([-1], ValueError, r"Labels must be among the 1 classes in the table, not -1"),
        ([0.0], TypeError, r"Labels must be integers, not float64"),
        ([[0]], ValueError, r"Labels must have shape \(n,\), not \(1, 1\)"),
    ],
)
def test_requests_that_cannot_be_are_refused_and_draw_nothing(labels, error, message):
    block = sampler(uniform_class(5, 16), 16, q=4, lanes=16)
    with pytest.raises(error, match=message):
        block.draw(labels)
    assert block.selector.component_lfsr.ticks == 0


def test_a_state_of_another_sampler_is_refused():
    serial = sampler(uniform_class(5, 16), 16, q=4, lanes=16, mode="serial")
    parallel = sampler(uniform_class(5, 16), 16, q=4, lanes=16)
    with pytest.raises(ValueError, match="Sampler state must hold 4 LFSRs, not 1"):
        parallel.load_state(serial.state_dict())


def class_requests(mode, counts, weights, seed):
    """Section 6: yield the class of each request; `counts` lists the classes in the table."""
    stream, pointer = Stream(18, seed), 0
    for n in counts:
        if mode == "round_robin":
            yield pointer
            pointer = (pointer + 1) % n
        else:
            r = stream.use(16)
            if mode == "uniform":
                yield r * n // 65536
            else:
                total, shares = sum(weights[:n]), [sum(weights[: i + 1]) for i in range(n - 1)]
                thresholds = [min(65535, (2 * 65536 * s + total) // (2 * total)) for s in shares]
                yield sum(1 for t in thresholds if t <= r)


@pytest.mark.parametrize("mode", ["round_robin", "uniform", "weighted"])
@given(
    weights=st.lists(st.sampled_from([1, 2, 3, 5, 64, 1000]), min_size=4, max_size=9),
    seed=st.integers(0, 2**64 - 1),
)
def test_a_third_implementation_requests_the_same_classes(mode, weights, seed):
    selector = Selector(SelectorParams(mode=mode, seed=seed))
    table = [3] * 20 + [len(weights)] * 30  # classes appended between the requests
    requested = []
    for n, count in ((3, 20), (len(weights), 30)):
        selector.set_class_weights(np.array(weights[:n]) / sum(weights[:n]))
        requested += selector.request(n, count).tolist()
    assert requested == list(class_requests(mode, table, weights, seed))
