# SPDX-License-Identifier: MIT
"""Rounding of sums to codes, as logic without a clock (contract, 12)."""

from amaranth.hdl import Cat, Const, Mux, Value

from golden.params import AffineParams
from golden.params.training import ROUNDING_BITS

__all__ = ["draws", "rounded", "saturated"]


def rounded(value: Value, params: AffineParams, draw: Value | None = None) -> Value:
    """Return the code of a sum, ``saturate(round(sum / 2^s))``.

    Parameters
    ----------
    value : Value
        Signed sum.
    params : AffineParams
        With the multiplier 1 and the zero point 0.
    draw : Value, optional
        At least 16 random bits, of which r is the lowest; stochastic rounding needs them.
    """
    shift = params.shift
    if shift <= 0:
        exact = Cat(Const(0, -shift), value).as_signed()
    elif params.rounding == "stochastic":
        assert draw is not None
        exact = (value + _noise(draw[:ROUNDING_BITS], shift)).shift_right(shift)
    else:
        odd = value.shift_right(shift)[0]
        exact = (value + (2 ** (shift - 1) - 1) + odd).shift_right(shift)
    return saturated(exact, params.width)


def saturated(value: Value, width: int) -> Value:
    """Return a signed value, or the end of `width` bits that it is beyond."""
    if len(value) <= width:
        return value
    sign, beyond = value[-1], value[width - 1 :]
    end = Cat((~sign).replicate(width - 1), sign)
    fits = beyond.all() | ~beyond.any()
    return Mux(fits, value[:width], end).as_signed()


def draws(word: Value, lanes: int) -> list[Value]:
    """Return r of each lane: 16 bits of a word, from the number of the lane on, in a circle."""
    bits = list(word)
    places = [[(lane + i) % len(bits) for i in range(ROUNDING_BITS)] for lane in range(lanes)]
    return [Value.cast(Cat(bits[place] for place in places[lane])) for lane in range(lanes)]


def _noise(draw: Value, shift: int) -> Value:
    """Return ``(2r + 1) * 2^s >> 17`` as a positive signed number."""
    if shift <= ROUNDING_BITS:
        return Cat(draw[ROUNDING_BITS - shift :], Const(0, 1)).as_signed()
    return Cat(Const(0, shift - ROUNDING_BITS - 1), Const(1, 1), draw, Const(0, 1)).as_signed()
