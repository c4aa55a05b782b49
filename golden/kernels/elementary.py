# SPDX-License-Identifier: MIT
"""Exponential and logarithm without branches or calls, so that LLVM can vectorise their loops.

Both reduce the argument and sum a Taylor series with separate multiplications and additions, so
they give the same bits on every machine. Their errors are below 2 units in the last place.
"""

from collections.abc import Callable
from math import factorial
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import overload

from golden.kernels.lanes import operation

__all__ = ["exp", "log"]


def exp(x: Any) -> Any:
    """Return ``e**x`` in compiled loops, if it is finite; 0 if it would be subnormal."""
    raise TypeError("exp must be called from a compiled loop")


def log(x: Any) -> Any:
    """Return the natural logarithm of a positive, normal real in compiled loops."""
    raise TypeError("log must be called from a compiled loop")


@operation
def _bits(typingctx: Any, x: Any) -> Any:
    """Return the bits of a real as an integer of its width."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.IntType(x.bitwidth))

    return (types.int32 if x == types.float32 else types.int64)(x), generate


@operation
def _real(typingctx: Any, bits: Any) -> Any:
    """Return the real whose bits an integer of its width holds."""
    single = bits == types.int32

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.FloatType() if single else ir.DoubleType())

    return (types.float32 if single else types.float64)(bits), generate


def _functions(
    real: Any, degree: int, terms: int, ln2: tuple[float, float], smallest: float
) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Return exp and log of one precision.

    Parameters
    ----------
    real : float32 or float64
    degree : int
        Degree of the series of ``exp(x)``; it must suffice for ``|x| <= ln(2) / 2``.
    terms : int
        Terms of the series of ``artanh(x)`` after ``x``; they must suffice for ``|x| <= 0.172``.
    ln2 : pair of float
        Two parts of ln 2. The first has so few digits that its multiples are exact.
    smallest : float
        Argument below which the exponential is subnormal.
    """
    integer: Any = np.int32 if real is np.float32 else np.int64
    mantissa = np.finfo(real).nmant
    rounder = real(1.5 * 2**mantissa)  # leaves round(x) in the lowest bits of its sum with x
    rounder_bits = rounder.view(integer)
    sqrt_half_bits = real(np.sqrt(0.5)).view(integer)
    log2_e, least = real(1 / np.log(2)), real(smallest)
    high, low = real(ln2[0]), real(ln2[1])
    zero, one, two = real(0), real(1), real(2)
    powers = tuple(real(1 / factorial(n)) for n in range(degree, -1, -1))
    inverses = tuple(real(1 / n) for n in range(2 * terms + 1, 2, -2))

    def exp(x: Any) -> Any:
        shifted = x * log2_e + rounder
        power = shifted - rounder  # exp(x) = 2**power * exp(rest)
        rest = (x - power * high) - power * low
        series = zero
        for coefficient in powers:
            series = series * rest + coefficient
        result = _real(integer(_bits(series) + integer(_bits(shifted) << mantissa)))
        return result if x >= least else zero

    def log(x: Any) -> Any:
        exponent = integer(integer(_bits(x) - sqrt_half_bits) >> mantissa)
        fraction = _real(integer(_bits(x) - integer(exponent << mantissa))) - one
        power = _real(integer(exponent + rounder_bits)) - rounder
        # x = 2**power * (1 + fraction), and log(1 + f) = 2 artanh(f / (2 + f)).
        quotient = fraction / (two + fraction)
        square = quotient * quotient
        series = zero
        for coefficient in inverses:
            series = series * square + coefficient
        twice = two * quotient
        return power * high + (twice + (twice * square * series + power * low))

    return exp, log


# The parts of ln 2 are those of Cephes (logf.c) and of Sun's fdlibm (e_log.c).
_exp32, _log32 = _functions(np.float32, 7, 5, (0.693359375, -2.12194440e-4), -87.0)
_exp64, _log64 = _functions(
    np.float64, 13, 10, (6.93147180369123816490e-01, 1.90821492927058770002e-10), -708.0
)


@overload(exp)
def _exp(x: Any) -> Callable[..., Any]:
    return _exp32 if x == types.float32 else _exp64


@overload(log, jit_options={"error_model": "numpy"})
def _log(x: Any) -> Callable[..., Any]:
    return _log32 if x == types.float32 else _log64
