# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""Quotients of all counts of 16 bits round to the nearest code, and the lower of two."""

from itertools import pairwise

import pytest
from amaranth.hdl import Assert, Assume, Cat, Module, Mux, Signal, Value
from amaranth.utils import bits_for

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


def prove_codes(q: int, *, directly: bool = False, shift: int = 0, depth: int = 2) -> None:
    """Prove that a mean has its code, for all counts of 16 bits and all numbers.

    The whole part of a quotient is followed digit by digit, and so is its multiple of N, which is
    the product of both. `directly`, the code is compared with all levels of section 5. Else the
    rounded quotient k is bounded from both sides as section 14 says. `shift` plants a fault.
    """
    m, block = Module(), MeanCode(q, 16)
    m.submodules.block = inner = opened(block)
    assert keep_stream_rules(m, block) == 1
    i, o = block.i, block.o
    names = ("number", "left", "quotient", "digits_left")
    n, left, quotient, digits_left = (inner_signal(inner, name) for name in names)
    divide, ends = in_state(inner, "divide"), in_state(inner, "round")
    c, whole = Signal.like(n), Signal.like(quotient)
    multiple = Signal(len(n) + q + 1, name="multiple")
    digit = left >= n
    with m.If(i.valid & i.ready):
        m.d.sync += [c.eq(i.payload.count), whole.eq(0), multiple.eq(0)]
    with m.If(divide):
        m.d.sync += [whole.eq(Cat(digit, whole)), multiple.eq((multiple << 1) + Mux(digit, n, 0))]
    undone, done = Signal(range(q + 2)), Signal(range(q + 2))  # digits
    m.d.comb += [undone.eq(Mux(divide, digits_left + 1, 0)), done.eq(q + 1 - undone)]
    dividing, fits = divide | ends, Mux(done == 0, left <= n, left < n << 1)
    m.d.comb += [
        Assume(~i.valid | ((i.payload.count <= i.payload.number) & (i.payload.number != 0))),
        Assert(~divide | (digits_left <= q)),
        Assert(~dividing | ((n != 0) & (c <= n) & fits)),
        Assert(~dividing | (left + (multiple << 1) == c << done)),
        Assert(~dividing | (whole >> done == 0)),
        Assert(~dividing | (((quotient ^ whole) << undone)[: q + 1] == 0)),
        Assert(o.valid == ends),
    ]
    if directly:
        product = sum(Mux(bit, n << place, 0) for place, bit in enumerate(whole))
        m.d.comb += Assert(~dividing | (multiple == product))
        code = nearest(c, n, q)
    else:
        up = left > n
        k, twice = whole + up, (multiple + Mux(up, n, 0)) << 1  # twice is 2 * N * k
        exact = c << (q + 1)
        bounded = (twice + n >= exact) & (exact + n > twice)
        # Beside the middle: of 2^(q-1) and the number below it, the product is a shift.
        half, shifted = 2 ** (q - 1) >> undone, n << Mux(done > 1, done - 2, 0)[: bits_for(q)]
        m.d.comb += [
            Assert(~ends | bounded),
            Assert(~dividing | (whole != half) | (multiple == Mux(half == 0, 0, shifted))),
            Assert(~dividing | (whole + 1 != half) | (multiple + n == shifted)),
        ]
        code = rounded(k, c, n, q)
    m.d.comb += Assert(~ends | (o.payload == (code + shift)[:q]))
    prove(m, free_inputs(block), depth=depth)


@pytest.mark.parametrize("q", [1, 2, 3])
def test_codes_are_those_of_the_nearest_levels(q) -> None:
    prove_codes(q, directly=True)


@pytest.mark.parametrize("q", [4, 8, 16])
def test_codes_are_those_of_the_rounded_quotients(q) -> None:
    prove_codes(q)


@pytest.mark.parametrize("directly", [True, False])
def test_another_code_is_refuted(directly) -> None:
    with pytest.raises(ProofError, match=r"^FAIL"):
        prove_codes(2, directly=directly, shift=1, depth=8)
