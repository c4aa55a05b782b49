# SPDX-License-Identifier: MIT
"""Compiled sampler: equal to the plain one, and statistics of a hundred million of its bits."""

import gc
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.bits import unpack
from golden.kernels.batches import _KEPT
from golden.kernels.sampler import draw
from golden.params import PrototypesParams, SamplerParams
from golden.sampler import Sampler


def sampler(features, *, code_width=8, lanes=64, classes=3, most=1, codes=None, **params):
    """Return a sampler with classes of up to `most` random components, or all of some codes."""
    rng = np.random.default_rng(features)
    block = Sampler(
        SamplerParams(
            prototypes=PrototypesParams(
                features=features,
                code_width=code_width,
                lanes=lanes,
                components=classes * most,
                classes=classes,
                class_components=most,
            ),
            **params,
        )
    )
    for _ in range(classes):
        k = int(rng.integers(1, most + 1))
        values = rng.integers(0, 2**code_width, (k, features)) if codes is None else codes
        assert block.prototypes.append(values, np.sort(rng.integers(0, 65536, k - 1)))
    return block


def assert_twins(plain, compiled, labels, **options):
    expected, expected_labels = plain.draw(labels)
    bits, drawn_labels = draw(compiled, labels, **options)
    assert bits.dtype == np.uint64
    np.testing.assert_array_equal(bits, expected)
    np.testing.assert_array_equal(drawn_labels, expected_labels)
    states = compiled.state_dict()
    for key, value in plain.state_dict().items():
        np.testing.assert_array_equal(states[key], value, err_msg=key)


@settings(max_examples=60)
@given(
    features=st.integers(1, 300) | st.sampled_from([512, 1024]),
    lanes=st.just(64) | st.integers(1, 64),
    code_width=st.integers(1, 16),
    draws_per_read=st.integers(1, 3),
    most=st.integers(1, 3),
    mode=st.sampled_from(["parallel", "serial"]),
    seed=st.integers(0, 2**64 - 1),
    counts=st.tuples(st.integers(0, 20), st.integers(0, 5)),
    threads=st.none() | st.integers(1, 3),
    chunk=st.none() | st.integers(1, 7),
)
def test_bits_states_and_counters_are_those_of_the_plain_sampler(
    features, lanes, code_width, draws_per_read, most, mode, seed, counts, threads, chunk
):
    params = {
        "code_width": code_width,
        "lanes": lanes,
        "most": most,
        "mode": mode,
        "draws_per_read": draws_per_read,
        "seed": seed,
    }
    plain, compiled = sampler(features, **params), sampler(features, **params)
    rng = np.random.default_rng(features)
    for count in counts:  # the second draw goes on where the first ended
        assert_twins(plain, compiled, rng.integers(0, 3, count), threads=threads, chunk=chunk)


@pytest.mark.parametrize(
    ("features", "options"),
    [
        (512, {}),  # vectors read in place, over several blocks
        (512, {"threads": 2, "chunk": 37}),
        (784, {}),  # vectors with words of two requests
        (784, {"threads": 2, "chunk": 37}),
        (448, {}),  # seven words, the fewest that are read in place
        (256, {"chunk": 101}),
        (64, {"threads": 2}),
    ],
)
def test_blocks_and_chunks_join_without_a_seam(features, options):
    plain, compiled = sampler(features, seed=7), sampler(features, seed=7)
    assert_twins(plain, compiled, np.arange(300) % 3, **options)


@pytest.mark.parametrize(("features", "lanes"), [(512, 64), (784, 64), (320, 32), (250, 50)])
@pytest.mark.parametrize("chunk", [None, 7])
def test_exemplars_of_one_read_are_drawn_beside_each_other(features, lanes, chunk, monkeypatch):
    params = {"lanes": lanes, "draws_per_read": 4, "seed": 5}
    for most in (2**20, 100):  # words that are laid out at a time: all of them, or one request
        monkeypatch.setattr("golden.kernels.sampler.REPEATED", most)
        plain, compiled = sampler(features, **params), sampler(features, **params)
        assert_twins(plain, compiled, np.arange(60) % 3, chunk=chunk)


@pytest.mark.parametrize(("lanes", "code_width"), [(64, 8), (64, 16), (32, 1), (50, 5)])
def test_serial_words_that_are_found_ahead_join_without_a_seam(lanes, code_width):
    params = {"mode": "serial", "lanes": lanes, "code_width": code_width, "seed": 9}
    plain, compiled = sampler(512, **params), sampler(512, **params)
    assert_twins(plain, compiled, np.arange(250) % 3)
    assert plain.planes_read > 2048  # as many as are found at a time


@pytest.mark.parametrize("lanes", [1, 2, 4, 8, 16, 32])
@pytest.mark.parametrize(("features", "whole"), [(512, True), (192, True), (130, False)])
def test_beats_of_few_lanes_are_drawn_several_at_a_time(lanes, features, whole):
    plain, compiled = (sampler(features, lanes=lanes, most=3, seed=11) for _ in range(2))
    assert (compiled.params.prototypes.beats * lanes % 64 == 0) == whole
    for requests in ([1], np.arange(40) % 3):  # fewer requests than components, and more
        assert_twins(plain, compiled, requests)


@pytest.mark.parametrize("mode", ["parallel", "serial"])
@pytest.mark.parametrize("faulty", ["comparator", "component"])
@pytest.mark.parametrize("repeats", [1, 2])
def test_a_register_forced_to_zero_recovers_alike(mode, faulty, repeats):
    plain, compiled = (sampler(200, most=3, mode=mode, draws_per_read=repeats) for _ in range(2))
    for block in (plain, compiled):
        lfsr = block.lfsrs[-1] if faulty == "comparator" else block.selector.component_lfsr
        lfsr.state = 0
    assert_twins(plain, compiled, [2, 0, 1, 1])


@pytest.mark.parametrize("mode", ["parallel", "serial"])
def test_batches_are_drawn_at_once_or_in_shares_alike(mode, monkeypatch):
    plain, compiled = (sampler(130, most=3, seed=4, mode=mode) for _ in range(2))
    for most in (0, 2**15):  # the most beats that are drawn at once
        monkeypatch.setattr("golden.kernels.batches.MOST", most)
        for labels in ([], [1], [2, 0, 0, 1, 2], np.arange(64) % 3):
            assert_twins(plain, compiled, labels)


@pytest.mark.parametrize("mode", ["parallel", "serial"])
@pytest.mark.parametrize("features", [100, 256, 400, 512, 784])
def test_words_that_are_kept_from_batch_to_batch_are_the_next_ones(features, mode):
    """Batches of whole vectors of words and others, past the end of what is kept, one by one."""
    plain, compiled = (sampler(features, most=2, seed=5, mode=mode) for _ in range(2))
    for n in (8, 16, 3, 8, 8, 100, 32, 0, 1, 24):
        assert_twins(plain, compiled, np.arange(n) % 3)


def test_words_that_are_kept_are_left_when_a_register_or_the_memory_changes():
    plain, compiled = (sampler(512, seed=6) for _ in range(2))
    state, codes = plain.state_dict(), np.full((1, 512), 9)
    changes = (
        lambda block: block.reseed(11),
        lambda block: block.lfsrs[3].tick(),
        lambda block: block.selector.component_lfsr.tick(),
        lambda block: block.prototypes.write(1, codes),
        lambda block: block.draw([0, 2]),
        lambda block: block.load_state(state),
    )
    for change in changes:
        assert_twins(plain, compiled, np.arange(16) % 3)
        for block in (plain, compiled):
            change(block)
        assert_twins(plain, compiled, np.arange(8) % 3)


def test_words_are_kept_no_longer_than_their_sampler():
    before = len(_KEPT)
    blocks = [sampler(64, seed=seed) for seed in (1, 2)]
    draw(blocks[0], [0, 1])
    draw(blocks[1], [0, 1])
    assert len(_KEPT) == before + 2
    blocks.clear()
    gc.collect()
    assert len(_KEPT) == before


def test_words_kept_for_a_sampler_that_is_gone_are_not_those_of_the_next():
    plain, compiled = (sampler(64, seed=3) for _ in range(2))
    other = sampler(64, classes=1, seed=4)
    draw(other, [0] * 8)
    _KEPT[id(compiled)] = _KEPT[id(other)]
    assert_twins(plain, compiled, np.arange(16) % 3)


def test_words_that_are_kept_are_left_after_a_call_that_is_refused():
    """The states go on, a call draws nothing, and the states come back."""
    plain, compiled = (sampler(512, most=2, seed=8) for _ in range(2))
    assert_twins(plain, compiled, np.arange(8) % 3)
    state = compiled.state_dict()
    draw(compiled, np.arange(8) % 3, threads=2)
    with pytest.raises(ValueError, match="^Labels must be among"):
        draw(compiled, [7])
    compiled.load_state(state)
    assert_twins(plain, compiled, np.arange(8) % 3)


def test_bits_do_not_depend_on_threads_or_chunks():
    expected, _ = draw(sampler(512, seed=3), np.arange(5000) % 3, threads=1)
    for threads in (1, 2, 5):
        for chunk in (None, 1000, 4999):
            bits, _ = draw(sampler(512, seed=3), np.arange(5000) % 3, threads=threads, chunk=chunk)
            np.testing.assert_array_equal(bits, expected)


@pytest.mark.parametrize(
    "n", [200_000, pytest.param(2_000_000, marks=pytest.mark.slow)], ids=["1e8 bits", "1e9 bits"]
)
@pytest.mark.parametrize("mode", ["parallel", "serial"])
def test_bits_are_distributed_as_their_codes(mode, n):
    """Chi-square of every code, and correlation of neighbouring lanes, beats and exemplars.

    512 features hold every 8-bit code twice, so that 200 000 exemplars are 1.02e8 bits.
    """
    features = 512
    codes = np.arange(features)[None] % 256
    block = sampler(features, classes=1, codes=codes, mode=mode, seed=2026)
    bits, _ = draw(block, np.zeros(n, np.int64))
    ones = np.zeros(features)
    together = np.zeros((features, features))
    for part in np.split(bits, n // 10_000):
        x = unpack(part, features).astype(np.float32)
        ones += x.sum(0)
        together += x.T @ x  # exact: counts stay below 2^24
    p = (codes[0] + (codes[0] >= 128)) / 256
    constant = (p == 0) | (p == 1)
    np.testing.assert_array_equal(ones[constant], n * p[constant])
    free = ~constant
    z = (ones[free] - n * p[free]) / np.sqrt(n * p[free] * (1 - p[free]))
    degrees = np.count_nonzero(free)
    chi_square = (z**2).sum()
    assert abs(chi_square - degrees) < 4 * np.sqrt(2 * degrees)
    assert np.abs(z).max() < 5
    # Pairs of lanes, within a beat and between beats, are normal: every cell has over 700 counts.
    common = (p >= 1 / 16) & (p <= 15 / 16)
    q, mean = p[common], ones[common] / n
    deviation = np.sqrt(q * (1 - q))
    products = together[np.ix_(common, common)] / n - np.outer(q, mean) - np.outer(mean - q, q)
    scaled = products / np.outer(deviation, deviation) * np.sqrt(n)
    pairs = scaled[np.triu_indices(len(q), 1)]
    assert np.abs(pairs).max() < 6  # of about 100 000
    assert abs((pairs**2).mean() - 1) < 0.03
    # The same lanes of exemplars one after the other.
    x = (unpack(bits[:50_000], features)[:, common] - q) / deviation
    neighbours = (x[1:] * x[:-1]).mean(0) * np.sqrt(len(x) - 1)
    assert np.abs(neighbours).max() < 5


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"threads": 0}, ValueError, "Threads must be an integer >= 1, not 0"),
        ({"threads": 1.5}, TypeError, "Threads must be an integer >= 1, not 1.5"),
        ({"chunk": 0}, ValueError, "Chunk must be an integer >= 1, not 0"),
    ],
)
def test_wrong_options_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        draw(sampler(64), [0], **options)


def test_requests_that_cannot_be_are_refused_and_draw_nothing():
    block = sampler(64)
    with pytest.raises(ValueError, match="Labels must be among the 3 classes in the table, not 3"):
        draw(block, [0, 3])
    assert block.selector.component_lfsr.ticks == 0


@pytest.mark.parametrize("mode", ["parallel", "serial"])
def test_classes_that_were_replaced_are_drawn_alike_and_removed_ones_are_refused(mode):
    plain, compiled = sampler(70, most=2, mode=mode), sampler(70, most=2, mode=mode)
    codes = np.random.default_rng(5).integers(0, 256, (2, 70))
    for block in (plain, compiled):
        # Built once before the class is another one.
        count = len(block.prototypes.codes_of(1))
        assert block.prototypes.write(1, codes[:count], [9] * (count - 1))
        assert block.prototypes.remove(0)
    assert_twins(plain, compiled, [1, 2, 2, 1])
    for serve in (compiled.draw, partial(draw, compiled)):
        with pytest.raises(ValueError, match="Labels must be classes that were not removed, not 0"):
            serve([1, 0])
