# SPDX-License-Identifier: MIT
"""Protected words as logic: their check bits, and what is wrong in what was read (contract, 19)."""

from functools import reduce
from operator import xor
from typing import Any

from amaranth.hdl import Cat, Const, Value

from golden.params import SecdedParams

__all__ = ["checks_of", "flips_of"]


def checks_of(params: SecdedParams, word: Value) -> Any:
    """Return the check bits of a word, exclusive ors of about half of its bits.

    Parameters
    ----------
    params : SecdedParams
    word : Value
        n bits.

    Returns
    -------
    Value
        r bits.
    """
    return Cat(
        reduce(xor, (word[i] for i, c in enumerate(params.columns) if c >> k & 1), Const(0, 1))
        for k in range(params.checks)
    )


def flips_of(params: SecdedParams, syndrome: Value) -> tuple[Any, Any]:
    """Return which bits of a word are wrong, and whether one bit is, check bits included.

    Parameters
    ----------
    params : SecdedParams
    syndrome : Value
        Check bits of the word that was read, exclusive or the check bits that were read; r bits.

    Returns
    -------
    flips : Value
        n bits, one of which is 1 if the syndrome is its column.
    single : Value
        Whether the syndrome is the column of any bit.
    """
    flips = Cat(syndrome == column for column in params.columns)
    own = Cat(syndrome == 1 << k for k in range(params.checks))
    return flips, flips.any() | own.any()
