# SPDX-License-Identifier: MIT
"""Every polynomial of the catalogue is primitive: x has order 2^n - 1 modulo it."""

from math import prod

import pytest

from golden.polynomials import LATE_TAPS_64, TAPS

# Prime factors of 2^n - 1, with multiplicity; the tests check products and primality.
FACTORS: dict[int, tuple[int, ...]] = {
    3: (7,),
    4: (3, 5),
    5: (31,),
    6: (3, 3, 7),
    7: (127,),
    8: (3, 5, 17),
    9: (7, 73),
    10: (3, 11, 31),
    11: (23, 89),
    12: (3, 3, 5, 7, 13),
    13: (8191,),
    14: (3, 43, 127),
    15: (7, 31, 151),
    16: (3, 5, 17, 257),
    17: (131071,),
    18: (3, 3, 3, 7, 19, 73),
    19: (524287,),
    20: (3, 5, 5, 11, 31, 41),
    21: (7, 7, 127, 337),
    22: (3, 23, 89, 683),
    23: (47, 178481),
    24: (3, 3, 5, 7, 13, 17, 241),
    25: (31, 601, 1801),
    26: (3, 2731, 8191),
    27: (7, 73, 262657),
    28: (3, 5, 29, 43, 113, 127),
    29: (233, 1103, 2089),
    30: (3, 3, 7, 11, 31, 151, 331),
    31: (2147483647,),
    32: (3, 5, 17, 257, 65537),
    33: (7, 23, 89, 599479),
    34: (3, 43691, 131071),
    35: (31, 71, 127, 122921),
    36: (3, 3, 3, 5, 7, 13, 19, 37, 73, 109),
    37: (223, 616318177),
    38: (3, 174763, 524287),
    39: (7, 79, 8191, 121369),
    40: (3, 5, 5, 11, 17, 31, 41, 61681),
    41: (13367, 164511353),
    42: (3, 3, 7, 7, 43, 127, 337, 5419),
    43: (431, 9719, 2099863),
    44: (3, 5, 23, 89, 397, 683, 2113),
    45: (7, 31, 73, 151, 631, 23311),
    46: (3, 47, 178481, 2796203),
    47: (2351, 4513, 13264529),
    48: (3, 3, 5, 7, 13, 17, 97, 241, 257, 673),
    49: (127, 4432676798593),
    50: (3, 11, 31, 251, 601, 1801, 4051),
    51: (7, 103, 2143, 11119, 131071),
    52: (3, 5, 53, 157, 1613, 2731, 8191),
    53: (6361, 69431, 20394401),
    54: (3, 3, 3, 3, 7, 19, 73, 87211, 262657),
    55: (23, 31, 89, 881, 3191, 201961),
    56: (3, 5, 17, 29, 43, 113, 127, 15790321),
    57: (7, 32377, 524287, 1212847),
    58: (3, 59, 233, 1103, 2089, 3033169),
    59: (179951, 3203431780337),
    60: (3, 3, 5, 5, 7, 11, 13, 31, 41, 61, 151, 331, 1321),
    61: (2305843009213693951,),
    62: (3, 715827883, 2147483647),
    63: (7, 7, 73, 127, 337, 92737, 649657),
    64: (3, 5, 17, 257, 641, 65537, 6700417),
}
# Deterministic Miller-Rabin bases below 3.3e24 (Sorenson and Webster, 2015).
WITNESSES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41)
ENTRIES = [*TAPS.items(), *((64, taps) for taps in LATE_TAPS_64)]


def is_prime(n: int) -> bool:
    if n in WITNESSES:
        return True
    if any(n % p == 0 for p in WITNESSES):
        return False
    twos = ((n - 1) & -(n - 1)).bit_length() - 1
    for base in WITNESSES:
        x = pow(base, (n - 1) >> twos, n)
        if x in (1, n - 1):
            continue
        for _ in range(twos - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


def polynomial(width: int, taps: tuple[int, ...]) -> int:
    """Return x^n + sum of x^(n-t), bit i the coefficient of x^i."""
    return (1 << width) ^ sum(1 << (width - t) for t in taps)


def multiply(a: int, b: int, modulus: int) -> int:
    """Multiply two polynomials over GF(2) modulo a third."""
    degree = modulus.bit_length() - 1
    product = 0
    while b:
        if b & 1:
            product ^= a
        b >>= 1
        a <<= 1
        if a >> degree:
            a ^= modulus
    return product


def power_of_x(exponent: int, modulus: int) -> int:
    result, base = 1, 2
    while exponent:
        if exponent & 1:
            result = multiply(result, base, modulus)
        base = multiply(base, base, modulus)
        exponent >>= 1
    return result


def is_primitive(width: int, taps: tuple[int, ...]) -> bool:
    """Test that x has order 2^n - 1, which also makes the polynomial irreducible."""
    modulus, order = polynomial(width, taps), 2**width - 1
    return power_of_x(order, modulus) == 1 and all(
        power_of_x(order // p, modulus) != 1 for p in FACTORS[width]
    )


def test_miller_rabin_agrees_with_trial_division():
    for n in range(2, 2000):
        assert is_prime(n) == all(n % d for d in range(2, int(n**0.5) + 1)), n


def test_factors_of_2_to_the_n_minus_1_are_prime_and_complete():
    for n, factors in FACTORS.items():
        assert prod(factors) == 2**n - 1, n
        assert all(is_prime(p) for p in factors), n


def test_catalogue_has_one_entry_for_every_width_from_3_to_64():
    assert list(TAPS) == list(range(3, 65))
    assert all(taps[0] == width for width, taps in TAPS.items())


def test_every_entry_is_primitive():
    assert [(width, taps) for width, taps in ENTRIES if not is_primitive(width, taps)] == []


@pytest.mark.parametrize(
    ("width", "taps"),
    [
        (4, (4, 3, 2, 1)),  # irreducible, but x has order 5
        (8, (8, 4, 3, 1)),  # the reciprocal of that of AES: irreducible, order 51
        (5, (5, 1, 4)),  # an odd number of taps: x + 1 divides
        (64, (64, 63)),  # reducible
    ],
)
def test_polynomials_that_are_not_primitive_are_told_apart(width, taps):
    assert not is_primitive(width, taps)


def test_late_taps_leave_32_steps_one_level_deep_and_are_all_different():
    assert len(LATE_TAPS_64) >= 20  # one for every stream of the contract
    assert len(set(LATE_TAPS_64)) == len(LATE_TAPS_64)
    for taps in LATE_TAPS_64:
        assert len(taps) == 4
        assert taps[0] == 64
        assert min(taps) >= 32
