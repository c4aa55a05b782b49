# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""Quotients of all counts of 16 bits round to the nearest code, and the lower of two."""

from itertools import pairwise

import pytest
from amaranth.hdl import Assert, Assume, Module, Mux, Signal, Value

from rtl.mean_code import MeanCode
from verification.proofs.prover import (
    ProofError,
    free_inputs,
    in_state,
    inner_signal,
    keep_stream_rules,
    opened,
    prove,
)


def nearest(c: Value, n: Value, q: int) -> Value:
    """Section 5: the code of the mean c / n, that is, how many middles of two levels lie below it.

    Each middle is a constant over 2^(q+1), so that nothing is multiplied but by constants.
    """
    levels = [m + (m >> (q - 1)) for m in range(2**q)]
    middles = (low + high for low, high in pairwise(levels))
    return Value.cast(sum((c << (q + 1)) > n * middle for middle in middles))


def rounded(k: Value, c: Value, n: Value, q: int) -> Value:
    """Section 14: the code of a rounded quotient."""
    half = 2 ** (q - 1)
    middle = Mux(c << 1 <= n, half - 1, half)
    return Mux(k < half, k, Mux(k > half, k - 1, middle))


def prove_codes(
    q: int, width: int = 16, *, directly: bool = False, shift: int = 0, depth: int = 2
) -> None:
    """Prove that a mean has its code, for all counts of so many bits and all numbers.

    The quotient's multiple of N is followed digit by digit beside it, so that it is their product.
    `directly`, the code is compared with all levels of section 5. Else the rounded quotient k is
    bounded from both sides as section 14 says. `shift` plants a fault.
    """
    m, block = Module(), MeanCode(q, width)
    m.submodules.block = inner = opened(block)
    assert keep_stream_rules(m, block) == 1
    i, o = block.i, block.o
    names = ("number", "left", "quotient", "digits_left", "digit")
    n, left, quotient, digits_left, digit = (inner_signal(inner, name) for name in names)
    divide, ends = in_state(inner, "divide"), in_state(inner, "round")
    c, reach = Signal.like(n), Signal(q + 2, name="reach")  # 2 to the number of digits
    multiple, whole, unit = (Signal(len(n) + q + 1, name=name) for name in ("of", "whole", "unit"))
    with m.If(i.valid & i.ready):
        m.d.sync += [c.eq(i.payload.count), whole.eq(i.payload.count), unit.eq(i.payload.number)]
        m.d.sync += [reach.eq(1), multiple.eq(0)]
    with m.If(divide):
        m.d.sync += [value.eq(value << 1) for value in (reach, whole, unit)]
        m.d.sync += multiple.eq((multiple << 1) + Mux(digit, n, 0))
    dividing = divide | ends
    m.d.comb += [
        Assume(~i.valid | ((i.payload.count <= i.payload.number) & (i.payload.number != 0))),
        Assert(~divide | ((digits_left <= q) & (reach << digits_left == 2**q))),
        Assert(~ends | (reach == 2 ** (q + 1))),
        Assert(~dividing | ((n != 0) & (c <= n) & (quotient < reach))),
        Assert(~dividing | Mux(reach == 1, left <= n, left < n << 1)),
        Assert(~dividing | (left + (multiple << 1) == whole)),
        Assert(~divide | (whole << digits_left == c << q)),
        Assert(~divide | (unit << digits_left == n << q)),
        Assert(~ends | ((whole == c << (q + 1)) & (unit == n << (q + 1)))),
        Assert(o.valid == ends),
    ]
    if directly:
        product = sum(Mux(bit, n << place, 0) for place, bit in enumerate(quotient))
        m.d.comb += Assert(~dividing | (multiple == product))
        code = nearest(c, n, q)
    else:
        up = digit & (left != n)
        k, twice = quotient + up, (multiple + Mux(up, n, 0)) << 1  # twice is 2 * N * k
        bounded = (twice + n >= whole) & (whole + n > twice)
        # Beside the middle: of 2^(q-1) and the number below it, the product is a shift.
        half, product = reach >> 2, Mux(reach < 4, 0, unit >> 2)
        m.d.comb += [
            Assert(~ends | bounded),
            Assert(~dividing | (quotient != half) | (multiple == product)),
            Assert(~dividing | (quotient + 1 != half) | (multiple + n == product)),
        ]
        code = rounded(k, c, n, q)
    m.d.comb += Assert(~ends | (o.payload == (code + shift)[:q]))
    prove(m, free_inputs(block), depth=depth)


@pytest.mark.parametrize(("q", "width"), [(1, 16), (2, 6), (3, 6), (4, 5)])
def test_codes_are_those_of_the_nearest_levels(q, width) -> None:
    prove_codes(q, width, directly=True)


# The most digits every day; the other lengths are of the same steps.
@pytest.mark.parametrize("q", [*(pytest.param(q, marks=pytest.mark.slow) for q in (4, 8)), 16])
def test_codes_are_those_of_the_rounded_quotients(q) -> None:
    prove_codes(q)


@pytest.mark.parametrize("directly", [True, False])
def test_another_code_is_refuted(directly) -> None:
    with pytest.raises(ProofError, match=r"^FAIL"):
        prove_codes(2, 4, directly=directly, shift=1, depth=8)
