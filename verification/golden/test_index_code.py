# SPDX-License-Identifier: MIT
"""Index codes: Lemma 1 of binplay in whole numbers, the promise never to repeat, the legacy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.index_code import IndexCode
from golden.params import IndexCodeParams
from golden.params.index_code import largest_power, odd_primes

PRIMES_25 = odd_primes(25)  # of the released code


def numbers(codes, width):
    """Return every sub-vector as an integer, of shape (n, sub-vectors)."""
    bits = codes.reshape(len(codes), -1, width).astype(object)
    return (bits * [2**j for j in range(width)]).sum(axis=2)


def first_collision(codes):
    """Return the positions of the first code that was there before and of its double."""
    seen = {}
    for place, code in enumerate(codes):
        before = seen.setdefault(code.tobytes(), place)
        if before != place:
            return before, place
    return None


def released(parts, samples, first=1):
    return IndexCode(
        IndexCodeParams(
            samples=samples, width=8, primes=PRIMES_25[:parts], first=first, code="released"
        )
    )


def test_the_odd_primes() -> None:
    assert PRIMES_25 == (
        3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43,
        47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101,
    )  # fmt: skip
    sieve = [n for n in range(3, 2000) if all(n % d for d in range(2, n))]
    assert odd_primes(len(sieve)) == tuple(sieve)


@pytest.mark.parametrize("m", range(8, 49))
def test_lemma_1_bounds_the_power(m: int) -> None:
    for p in PRIMES_25:
        power = largest_power(p, m)
        # 2**m / p < P < 2**m, in whole numbers, and P is a power of p.
        assert 2**m < power * p
        assert power < 2**m
        while power % p == 0:
            power //= p
        assert power == 1


@pytest.mark.parametrize("m", range(2, 13))
def test_codes_of_all_indices_differ(m: int) -> None:
    for p in filter(lambda p: p < 2**m, PRIMES_25):
        codes = IndexCode(IndexCodeParams(samples=2**m, width=m, primes=(p,))).codes(
            range(1, 2**m + 1)
        )
        assert sorted(numbers(codes, m)[:, 0]) == list(range(2**m))


@settings(max_examples=40)
@given(st.data())
def test_sub_vectors_are_multiples_of_powers(data: st.DataObject) -> None:
    m = data.draw(st.integers(7, 63))
    primes = tuple(data.draw(st.permutations(PRIMES_25)))[: data.draw(st.integers(1, 6))]
    first = data.draw(st.integers(0, 1))
    params = IndexCodeParams(samples=2**m, width=m, primes=primes, first=first)
    indices = data.draw(st.lists(st.integers(first, 2**m - 1 + first), min_size=1, max_size=5))
    expected = []
    for i in indices:
        powers = [max(p**e for e in range(64) if p**e < 2**m) for p in primes]
        expected.append([i * power % 2**m for power in powers])
    codes = IndexCode(params).codes(indices)
    assert codes.shape == (len(indices), params.bits)
    assert numbers(codes, m).tolist() == expected


def test_half_of_the_bits_change_from_one_index_to_the_next() -> None:
    """Subsequent codes differ in many bits, as section 3.2 of binplay wants, not in two."""
    codes = IndexCode(IndexCodeParams.fitting(200, 60_000)).codes(range(1, 5001))
    changed = (codes[1:] != codes[:-1]).sum(axis=1)
    assert codes.shape[1] == 192
    assert abs(changed.mean() / 192 - 0.5) < 0.05
    assert changed.min() > 48


def test_codes_of_60000_samples_differ_where_width_allows() -> None:
    assert (
        first_collision(IndexCode(IndexCodeParams.fitting(200, 60_000)).codes(range(1, 60_001)))
        is None
    )


def test_the_paper_s_width_repeats_after_256_and_is_refused() -> None:
    """Latent 200 with 25 primes leaves 8 bits a sub-vector: indices 1 and 257 share a code."""
    with pytest.raises(
        ValueError,
        match=r"^Sub-vector width m must be at least 16 to tell 60000 samples apart, not 8$",
    ):
        IndexCodeParams(samples=60_000, width=8, primes=PRIMES_25)
    enough = IndexCodeParams(samples=256, width=8, primes=PRIMES_25)
    assert first_collision(IndexCode(enough).codes(range(1, 257))) is None
    # What the guard prevents: 257 is 1 modulo 2**8 in every sub-vector.
    assert all(257 * power % 256 == 1 * power % 256 for power in enough.powers)
    with pytest.raises(ValueError, match=r"^Indices must be in 1..256, not 257$"):
        IndexCode(enough).codes([1, 257])


def test_the_released_code_repeats_after_6400() -> None:
    codes = released(25, 12_000).codes(range(1, 12_001))
    assert first_collision(codes) == (0, 6400)  # indices 1 and 6401
    assert len(np.unique(codes, axis=0)) == 6400


def test_the_released_code_as_its_operators_bind() -> None:
    indices = [0, 1, 2, 25, 26, 6399, 6400, 11_999]
    expected = [
        [i * p ** int(8 * np.log(2) / np.log(p)) % 2**200 // 25 % 2**8 for p in PRIMES_25]
        for i in indices
    ]
    codes = released(25, 12_000, first=0).codes(indices)
    assert numbers(codes, 8).tolist() == expected
    # A sub-vector is no permutation: that of 3 takes 100 of 256 values.
    assert len(set(numbers(released(25, 256).codes(range(1, 257)), 8)[:, 0])) == 100


def test_first_index_of_zero_is_all_zeros() -> None:
    params = IndexCodeParams(samples=4, width=4, primes=(3, 5), first=0)
    assert not IndexCode(params).codes([0]).any()
    # P = 9 and 5: index 1 is 1001 and 0101, least significant bit first.
    assert IndexCode(params).codes([1]).tolist() == [[1, 0, 0, 1, 1, 0, 1, 0]]


@pytest.mark.parametrize("place", ["prefix", "suffix"])
def test_task_stands_before_or_behind(place: str) -> None:
    params = IndexCodeParams(samples=9, width=4, primes=(3,), task=place, tasks=3)
    plain = IndexCode(IndexCodeParams(samples=9, width=4, primes=(3,)))
    codes = IndexCode(params).codes([1, 9], task=3)
    task = [3 * 307 % 1024 >> j & 1 for j in range(10)]
    for code, alone in zip(codes.tolist(), plain.codes([1, 9]).tolist(), strict=True):
        assert code == (task + alone if place == "prefix" else alone + task)
    assert (params.bits, params.index_bits, params.task_bits) == (14, 4, 10)


@pytest.mark.parametrize(
    ("latent", "samples", "width", "parts"),
    [
        (200, 2**17, 17, 11),
        (200, 60_000, 16, 12),
        (1000, 50_000, 16, 62),
        (8, 1, 3, 2),
        (2, 1, 2, 1),
    ],
)
def test_as_many_sub_vectors_as_fit(latent: int, samples: int, width: int, parts: int) -> None:
    params = IndexCodeParams.fitting(latent, samples)
    assert (params.width, len(params.primes)) == (width, parts)
    assert params.primes == odd_primes(parts)
    assert params.bits <= latent


GOOD = {"samples": 16, "width": 4, "primes": (3, 5)}
TASK = {**GOOD, "task": "prefix"}


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({**GOOD, "code": "new"}, ValueError, r"Index code must be one of paper, released, not"),
        (
            {**GOOD, "task": "in"},
            ValueError,
            r"Place of the task must be one of none, prefix, suff",
        ),
        ({**GOOD, "first": 2}, ValueError, r"First index must be an integer in 0..1, not 2"),
        ({**GOOD, "samples": 0}, ValueError, r"Samples must be an integer >= 1, not 0"),
        (
            {**GOOD, "samples": 17},
            ValueError,
            r"m must be at least 5 to tell 17 samples apart, not",
        ),
        ({**GOOD, "width": 64}, ValueError, r"Sub-vector width m must be .* in 2..63, not 64"),
        ({**GOOD, "primes": [3]}, TypeError, r"Primes must be a tuple of integers, not \[3\]"),
        ({**GOOD, "primes": ()}, TypeError, r"Primes must be a tuple of integers, not \(\)"),
        ({**GOOD, "primes": (3, 17)}, ValueError, r"Each of primes must be .* in 3..15, not 17"),
        ({**GOOD, "primes": (4,)}, ValueError, r"Primes must be odd primes, not 4"),
        ({**GOOD, "primes": (9,)}, ValueError, r"Primes must be odd primes, not 9"),
        ({**GOOD, "primes": (3, 3)}, ValueError, r"Primes must not repeat, not \(3, 3\)"),
        ({**TASK, "tasks": 0}, ValueError, r"Tasks must be an integer >= 1, not 0"),
        ({**TASK, "tasks": 2000}, ValueError, r"Task width must be at least 11 to tell 2000 tasks"),
        ({**TASK, "task_width": 1}, ValueError, r"Task width must be an integer in 2..63, not 1"),
        ({**TASK, "task_width": 8}, ValueError, r"Each of task primes must .* 3..255, not 307"),
    ],
)
def test_refused_parameters(given: dict, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        IndexCodeParams(**given)


def test_too_few_bits_for_one_sub_vector() -> None:
    with pytest.raises(ValueError, match=r"^Latent bits must be an integer >= 10, not 9$"):
        IndexCodeParams.fitting(9, 1024)


@pytest.mark.parametrize(
    ("place", "indices", "task", "error", "message"),
    [
        ("none", [0], None, ValueError, r"^Indices must be in 1..16, not 0$"),
        ("none", [17], None, ValueError, r"^Indices must be in 1..16, not 17$"),
        ("none", [1.0], None, TypeError, r"^Indices must be a vector of integers, not float64 of"),
        ("none", [[1]], None, TypeError, r"^Indices must be a vector .* of shape \(1, 1\)$"),
        ("none", [1], 1, ValueError, r"^Task must be left out of codes without one, not 1$"),
        ("prefix", [1], None, ValueError, r"^Task must be given for codes with a part for it, not"),
        ("prefix", [1], 3, ValueError, r"^Task must be an integer in 1..2, not 3$"),
    ],
)
def test_refused_indices(
    place: str, indices: list, task: int | None, error: type[Exception], message: str
) -> None:
    block = IndexCode(IndexCodeParams(**GOOD, task=place, tasks=2))
    with pytest.raises(error, match=message):
        block.codes(indices, task)


def test_no_indices_have_no_codes() -> None:
    assert IndexCode(IndexCodeParams(**GOOD)).codes([]).shape == (0, 8)
