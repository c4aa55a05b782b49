# SPDX-License-Identifier: MIT
"""Packing, counting and rounding against plain Python integers."""

import numpy as np
import pytest

from golden.bits import pack, popcount, round_half_up, unpack, word_count


@pytest.mark.parametrize(("n", "words"), [(0, 0), (1, 1), (63, 1), (64, 1), (65, 2), (12544, 196)])
def test_words_are_64_bits_and_the_last_may_be_short(n, words):
    assert word_count(n) == words


@pytest.mark.parametrize("n", [1, 7, 63, 64, 65, 128, 200])
def test_element_j_is_bit_j_mod_64_of_word_j_div_64(n):
    bits = np.random.default_rng(n).integers(0, 2, (3, n))
    words = pack(bits)
    assert words.dtype == np.uint64
    assert words.shape == (3, -(-n // 64))
    for row, packed in zip(bits.tolist(), words.tolist(), strict=True):
        number = sum(word << (64 * w) for w, word in enumerate(packed))
        assert number == sum(bit << j for j, bit in enumerate(row))


@pytest.mark.parametrize("n", [1, 63, 64, 65, 130])
def test_unpack_undoes_pack(n):
    bits = np.random.default_rng(n).integers(0, 2, (2, 3, n)).astype(np.uint8)
    np.testing.assert_array_equal(unpack(pack(bits), n), bits)


def test_single_ones_land_in_their_place():
    for j in range(130):
        bits = np.zeros(130, bool)
        bits[j] = True
        assert [int(w) for w in pack(bits)] == [
            1 << j % 64 if w == j // 64 else 0 for w in range(3)
        ]


def test_unused_bits_are_not_counted():
    for n in range(131):
        assert popcount(pack(np.ones(n, bool))) == n


def test_popcount_counts_the_last_axis():
    bits = np.random.default_rng(0).integers(0, 2, (4, 5, 100))
    np.testing.assert_array_equal(popcount(pack(bits)), bits.sum(-1))


def test_halves_round_up():
    assert round_half_up([-1.5, -0.5, 0.49, 0.5, 1.5, 2.5]).tolist() == [-1, 0, 0, 1, 2, 3]


def test_what_is_no_bit_is_refused():
    with pytest.raises(ValueError, match=r"Bits must be 0 or 1, not .*2"):
        pack([0, 1, 2])
    with pytest.raises(ValueError, match=r"Bits must be 0 or 1, not .*nan"):
        pack([0.0, float("nan")])
    with pytest.raises(
        ValueError, match="Bits must be an array of at least one axis, not a scalar"
    ):
        pack(1)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (np.zeros(1, np.uint64), "must be uint64 with 2 words, not uint64 with 1"),
        (np.zeros(2, np.int64), "must be uint64 with 2 words, not int64 with 2"),
    ],
)
def test_packed_vectors_of_another_shape_are_refused(words, message):
    with pytest.raises(ValueError, match=f"Packed vectors of 65 bits {message}"):
        unpack(words, 65)
