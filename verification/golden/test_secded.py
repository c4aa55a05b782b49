# SPDX-License-Identifier: MIT
"""Protected words: every single error is corrected, every double error seen."""

from itertools import combinations

import numpy as np
import pytest

from golden.faults import Faults, ProtectedFaults
from golden.params import FaultParams, FaultyMemory, SecdedParams
from golden.secded import Secded

WIDTHS = [1, 2, 4, 5, 8, 11, 16, 26, 57, 64]


@pytest.mark.parametrize(
    ("width", "checks"),
    [(1, 3), (4, 4), (5, 5), (11, 5), (16, 6), (26, 6), (32, 7), (57, 7), (64, 8)],
)
def test_as_many_check_bits_as_published_codes_have(width, checks):
    # (72, 64), (39, 32), (22, 16): Hsiao, IBM J. Res. Dev. 14 (1970), table 1.
    assert SecdedParams(width=width).checks == checks


@pytest.mark.parametrize("width", range(1, 65))
def test_columns_differ_and_have_an_odd_number_of_ones(width):
    params = SecdedParams(width=width)
    every = [*params.columns, *(1 << k for k in range(params.checks))]
    assert len(set(every)) == width + params.checks
    assert all(column.bit_count() % 2 for column in every)
    assert max(every) < 2**params.checks


def test_the_first_columns_of_64_bits():
    assert SecdedParams(width=64).columns[:5] == (0b111, 0b1011, 0b1101, 0b1110, 0b10011)
    assert [c.bit_count() for c in SecdedParams(width=64).columns].count(3) == 56


def read(code, word, wrong):
    """A word through errors at some of its n + r bits."""
    n = code.params.width
    checks = int(code.checks(np.array([word], np.uint64))[0])
    for place in wrong:
        if place < n:
            word ^= 1 << place
        else:
            checks ^= 1 << place - n
    return code.correct(np.array([word], np.uint64), np.array([checks], np.uint64))


@pytest.mark.parametrize("width", WIDTHS)
def test_every_single_error_is_corrected_and_every_double_error_seen(width):
    code = Secded(SecdedParams(width=width))
    rng = np.random.default_rng(width)
    total = width + code.params.checks
    for word in (
        0,
        2**width - 1,
        int(rng.integers(0, 2**width, dtype=np.uint64, endpoint=False))
        if width < 64
        else 0x0123456789ABCDEF,
    ):
        right = read(code, word, ())
        assert (int(right.words[0]), right.corrected[0], right.seen[0]) == (word, False, False)
        for place in range(total):
            right = read(code, word, (place,))
            assert (int(right.words[0]), right.corrected[0], right.seen[0]) == (word, True, False)
        for pair in combinations(range(total), 2):
            right = read(code, word, pair)
            assert (right.corrected[0], right.seen[0]) == (False, True)


def test_check_bits_by_columns_one_by_one():
    code = Secded(SecdedParams(width=11))
    for word in range(2**11):
        expected = 0
        for i, column in enumerate(code.params.columns):
            expected ^= column * (word >> i & 1)
        assert int(code.checks(np.array([word], np.uint64))[0]) == expected


def protected(share, planes, lanes=8, width=3):
    return ProtectedFaults(
        FaultParams(
            die=3,
            memory=FaultyMemory.PROTOTYPES,
            threshold=round(share * 2**32),
            lanes=lanes,
            width=width,
        ),
        planes,
    )


@pytest.mark.parametrize("features", [8, 13])
@pytest.mark.parametrize("planes", [1, 2, 3])
def test_codes_read_as_their_words_do_one_by_one(features, planes):
    block = protected(0.06, planes)
    codes = np.random.default_rng(1).integers(0, 8, (40, features)).astype(np.uint16)
    result = block.read(codes, first=5)
    plain = Faults(block.params).read(codes, 5)
    code, rows = Secded(SecdedParams(width=8)), -(-features // 8)
    cells = Faults(
        FaultParams(
            die=3,
            memory=FaultyMemory.CHECKS,
            threshold=block.params.threshold,
            lanes=1,
            width=planes * code.params.checks,
        )
    ).cells(5 * rows, 40 * rows, 1)
    corrected = seen = 0  # the errors that the bench meets
    for vector in range(40):
        for row in range(rows):
            lanes = range(row * 8, min(features, row * 8 + 8))
            for plane in range(3):
                bit = 2 - plane
                expected = [int(plain[vector, j]) >> bit & 1 for j in lanes]
                if plane < planes:
                    word = sum((int(codes[vector, j]) >> bit & 1) << i for i, j in enumerate(lanes))
                    checks = int(code.checks(np.array([word], np.uint64))[0])
                    place = vector * rows + row
                    mask = int(cells.failing[place, 0]) >> plane * code.params.checks
                    stuck = int(cells.stuck[place, 0]) >> plane * code.params.checks
                    ones = 2**code.params.checks - 1
                    checks = checks & ~(mask & ones) | stuck & ones
                    was = sum(b << i for i, b in enumerate(expected))
                    right = code.correct(np.array([was], np.uint64), np.array([checks], np.uint64))
                    corrected += int(right.corrected[0])
                    seen += int(right.seen[0])
                    expected = [int(right.words[0]) >> i & 1 for i in range(len(expected))]
                assert [int(result[vector, j]) >> bit & 1 for j in lanes] == expected
    assert corrected
    assert seen


def test_few_errors_leave_no_wrong_bit_in_protected_planes():
    block = protected(1e-3, 2, lanes=64, width=8)
    codes = np.random.default_rng(2).integers(0, 256, (100, 512)).astype(np.uint16)
    wrong = block.read(codes) ^ codes
    plain = Faults(block.params).read(codes) ^ codes
    assert (plain & 0xC0).any()
    assert not (wrong & 0xC0).any()
    np.testing.assert_array_equal(wrong & 0x3F, plain & 0x3F)


@pytest.mark.parametrize(
    ("planes", "lanes", "width", "most"), [(0, 8, 3, 3), (4, 8, 3, 3), (5, 64, 8, 4)]
)
def test_planes_that_are_not_there_or_have_too_many_check_bits(planes, lanes, width, most):
    with pytest.raises(ValueError, match=rf"Protected planes must be an integer in 1\.\.{most}, "):
        protected(0.1, planes, lanes, width)
