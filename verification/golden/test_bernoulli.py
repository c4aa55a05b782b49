# SPDX-License-Identifier: MIT
"""Codes and comparator, exhaustively where that is possible."""

from fractions import Fraction
from math import prod

import numpy as np
import pytest

from golden.bernoulli import Bernoulli, encode, probability
from golden.lfsr import Lfsr
from golden.params import BernoulliParams, LfsrParams
from golden.polynomials import TAPS


def planes_of(r, q):
    """Return the words of one lane, most significant plane first."""
    return [r >> (q - 1 - p) & 1 for p in range(q)]


def level(m, q):
    return Fraction(m + (m >> (q - 1)), 2**q)


def nearest(mu, q):
    """Search all codes for the nearest level; the first of two equally near."""
    return min(range(2**q), key=lambda m: (abs(level(m, q) - mu), m))


@pytest.mark.parametrize("q", range(1, 9))
def test_exactly_m_plus_msb_of_all_words_give_1(q):
    one_lane = Bernoulli(BernoulliParams(code_width=q, lanes=1))
    for m in range(2**q):
        ones = sum(one_lane.draw(planes_of(r, q), [m]) for r in range(2**q))
        assert ones == m + (m >= 2 ** (q - 1))


def test_exactly_m_plus_msb_of_all_words_give_1_with_16_bits():
    r = np.arange(2**16)
    for m in (0, 1, 2**15 - 1, 2**15, 2**15 + 1, 2**16 - 2, 2**16 - 1, *range(100, 2**16, 4001)):
        ones = np.count_nonzero((r < m) | ((r == m) & (m >= 2**15)))
        assert ones == 2**16 * probability(m, 16) == m + (m >= 2**15)
    one_lane = Bernoulli(BernoulliParams(code_width=16, lanes=1))
    for m in (0, 1, 2**15 - 1, 2**15, 2**16 - 1):
        for word in {0, max(m - 1, 0), m, min(m + 1, 2**16 - 1), 2**16 - 1}:
            expected = word < m or (word == m and m >= 2**15)
            assert one_lane.draw(planes_of(word, 16), [m]) == expected


@pytest.mark.parametrize("q", range(1, 9))
def test_serial_draws_compare_like_parallel_ones_and_stop_at_the_first_difference(q):
    one_lane = Bernoulli(BernoulliParams(code_width=q, lanes=1))
    for m in range(2**q):
        for r in range(2**q):
            planes = planes_of(r, q)
            bit, read = one_lane.draw_serial(iter(planes).__next__, [m])
            assert bit == one_lane.draw(planes, [m])
            assert read == (q - (r ^ m).bit_length() + 1 if r != m else q)


def test_lanes_are_independent_and_dead_ones_neither_wait_nor_speak():
    q, lanes = 4, 5
    block = Bernoulli(BernoulliParams(code_width=q, lanes=lanes))
    rng = np.random.default_rng(3)
    for _ in range(200):
        codes = rng.integers(0, 2**q, lanes).tolist()
        words = rng.integers(0, 2**lanes, q).tolist()
        r = [sum((words[p] >> lane & 1) << (q - 1 - p) for p in range(q)) for lane in range(lanes)]
        bits = [x < m or (x == m and m >= 8) for x, m in zip(r, codes, strict=True)]
        planes = [
            q if x == m else q - (x ^ m).bit_length() + 1 for x, m in zip(r, codes, strict=True)
        ]
        expected = sum(bit << lane for lane, bit in enumerate(bits))
        assert block.draw(words, codes) == expected
        assert block.draw_serial(iter(words).__next__, codes) == (expected, max(planes))
        live = block.draw_serial(iter(words).__next__, codes, live=2)
        assert live == (expected & 3, max(planes[:2]))


@pytest.mark.parametrize("q", range(1, 17))
def test_the_ends_are_constant_and_complements_complementary(q):
    top = 2**q - 1
    codes = np.arange(2**q)
    assert probability(0, q) == 0
    assert probability(top, q) == 1
    np.testing.assert_array_equal(probability(top - codes, q), 1 - probability(codes, q))
    assert (np.diff(probability(codes, q)) > 0).all()


@pytest.mark.parametrize("q", range(1, 9))
def test_complementary_codes_and_words_give_complementary_bits(q):
    one_lane = Bernoulli(BernoulliParams(code_width=q, lanes=1))
    top = 2**q - 1
    for m in range(2**q):
        for r in range(2**q):
            opposite = one_lane.draw(planes_of(top - r, q), [top - m])
            assert one_lane.draw(planes_of(r, q), [m]) == 1 - opposite


@pytest.mark.parametrize("q", range(1, 8))
def test_encode_finds_the_nearest_code_and_the_lower_of_two(q):
    # Every level, every midpoint of two, and every point between, eight to a level.
    means = np.arange(8 * 2**q + 1) / (8 * 2**q)
    assert encode(means, q).tolist() == [
        nearest(Fraction(i, 8 * 2**q), q) for i in range(len(means))
    ]


@pytest.mark.parametrize("q", range(8, 17))
def test_encode_finds_the_nearest_of_all_codes_at_full_width_too(q):
    codes = np.arange(2**q)
    levels = (codes + (codes >> (q - 1))) / 2**q  # exact in double precision
    ties = (levels[1:] + levels[:-1]) / 2
    np.testing.assert_array_equal(encode(levels, q), codes)
    np.testing.assert_array_equal(encode(ties, q), codes[:-1])
    np.testing.assert_array_equal(encode(np.nextafter(ties, 1), q), codes[1:])
    np.testing.assert_array_equal(encode(np.nextafter(ties, 0), q), codes[:-1])


@pytest.mark.parametrize("q", range(1, 17))
def test_encode_is_monotone_undoes_probability_and_errs_at_most_half_a_gap(q):
    codes = np.arange(2**q)
    np.testing.assert_array_equal(encode(probability(codes, q), q), codes)
    means = np.sort(np.random.default_rng(q).random(5000))
    encoded = encode(means, q)
    assert encoded.dtype == np.uint16
    assert (np.diff(encoded.astype(int)) >= 0).all()
    # The gap in the middle is twice the others.
    assert np.abs(probability(encoded, q) - means).max() <= 2.0**-q


def test_one_half_takes_the_lower_code_and_tiny_means_code_0():
    assert [encode(0.5, q).item() for q in range(1, 17)] == [2 ** (q - 1) - 1 for q in range(1, 17)]
    assert encode([0, 5e-324, 1e-300, 1e-20, -0.0], 16).tolist() == [0] * 5
    assert encode([True, False], 4).tolist() == [15, 0]
    assert encode(np.array([0.1, 0.9], np.float32), 8).shape == (2,)


@pytest.mark.parametrize(("width", "q"), [(8, 4), (10, 10), (12, 8), (16, 8)])
def test_one_register_gives_every_threshold_one_word_too_few_over_its_period(width, q):
    """The all-zero state is missing, so ``r < m`` is true m * 2^(n-q) - 1 times for m >= 1."""
    block = Lfsr(LfsrParams(width=width, taps=TAPS[width], seed=1, step=1))
    counts = np.zeros(2**q, np.int64)
    for _ in range(2**width - 1):
        counts[block.state % 2**q] += 1
        block.tick()
    below = np.cumsum(counts) - counts
    m = np.arange(1, 2**q)
    np.testing.assert_array_equal(below[1:], m * 2 ** (width - q) - 1)
    # With the comparator's msb rule: r == m adds its 2^(n-q) words from code 2^(q-1) on.
    drawn = below + counts * (np.arange(2**q) >= 2 ** (q - 1))
    expected = 2**width * probability(np.arange(2**q), q) - (np.arange(2**q) > 0)
    np.testing.assert_array_equal(drawn, expected)


@pytest.mark.parametrize("widths", [(3, 4), (4, 5, 7), (3, 5, 7, 4)])
def test_one_register_a_plane_gives_exact_frequencies_over_the_joint_period(widths):
    """Registers of coprime periods pass through all pairs of states: planes are independent.

    A plane of width n is 1 in 2^(n-1) of its 2^n - 1 states, and the frequency of each code over
    the joint period is the product's, exactly.
    """
    q = len(widths)
    registers = [Lfsr(LfsrParams(width=n, taps=TAPS[n], seed=1)) for n in widths]
    period = prod(2**n - 1 for n in widths)
    words = np.zeros(period, np.int64)
    for i in range(period):
        words[i] = sum(lfsr.tick() << (q - 1 - p) for p, lfsr in enumerate(registers))
    ones = [Fraction(2 ** (n - 1), 2**n - 1) for n in widths]
    chance = [
        prod(p if r >> (q - 1 - i) & 1 else 1 - p for i, p in enumerate(ones)) for r in range(2**q)
    ]
    for m in range(2**q):
        drawn = np.count_nonzero((words < m) | ((words == m) & (m >= 2 ** (q - 1))))
        assert drawn == period * sum(chance[: m + (m >= 2 ** (q - 1))])


@pytest.mark.parametrize("mu", [-0.001, 1.001, float("nan"), float("inf")])
def test_means_outside_0_to_1_are_refused(mu):
    with pytest.raises(ValueError, match=rf"Means must be in 0..1, not {mu}"):
        encode([0.5, mu], 8)


def test_what_is_no_mean_or_code_is_refused():
    with pytest.raises(TypeError, match="Means must be real numbers, not <U3"):
        encode("0.5", 8)
    with pytest.raises(TypeError, match=r"Codes must be integers in 0..255, not float64"):
        probability([0.5], 8)
    with pytest.raises(ValueError, match=r"Codes must be integers in 0..255, not 256"):
        probability([0, 256], 8)
    with pytest.raises(ValueError, match=r"Codes must be integers in 0..255, not -1"):
        probability(-1, 8)
    for function in (encode, probability):
        with pytest.raises(ValueError, match=r"Code width q must be an integer in 1..16, not 17"):
            function(0, 17)
