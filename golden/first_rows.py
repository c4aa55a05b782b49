# SPDX-License-Identifier: MIT
"""First weights of a class in a classifier: the log-odds of its means (contract, 12)."""

from decimal import Decimal, localcontext
from fractions import Fraction
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from golden.bernoulli import check_codes
from golden.params import BernoulliParams, TrainerParams

__all__ = ["SHARE", "first_rows", "first_weights"]

#: Part of the log-odds that a weight begins with.
SHARE = Fraction(1, 20)

_LEAST = Fraction(1, 50)  # the nearest that a chance comes to 0 or 1
_DIGITS = 40  # of logarithms and products, of which none comes so near to a half


@cache
def first_weights(params: TrainerParams, code_width: int) -> NDArray[np.number]:
    """Return the first weight for each code of a mean.

    Parameters
    ----------
    params : TrainerParams
    code_width : int
        q, bits of a code.

    Returns
    -------
    ndarray of shape (2^q,), int32
        In the unit of the classifier's weights; float64 and reals if the widths are ``"float"``.
        Shared between calls and therefore read-only.
    """
    BernoulliParams(code_width=code_width)
    highest = 2**code_width - 1
    chances = [Fraction(m + (m >> (code_width - 1)), highest + 1) for m in range(highest + 1)]
    with localcontext(prec=_DIGITS):
        share = Decimal(SHARE.numerator) / SHARE.denominator
        weights = [_log_odds(max(_LEAST, min(1 - _LEAST, c))) * share for c in chances]
        if params.real:
            table = np.array([float(weight) for weight in weights])
        else:
            width = int(params.backward_width)
            unit = Decimal(2) ** (width - 1 - params.weight_exponent)
            limit = 2 ** (width - 1)
            codes = [max(-limit, min(limit - 1, round(weight * unit))) for weight in weights]
            table = np.array(codes, np.int32)
    table.flags.writeable = False
    return table


def first_rows(params: TrainerParams, codes: ArrayLike, code_width: int) -> NDArray[np.number]:
    """Return the first rows of classes from the codes of their means.

    Parameters
    ----------
    params : TrainerParams
    codes : array-like of shape (n, D), integers in ``0..2^q - 1``
    code_width : int
        q.

    Returns
    -------
    ndarray of shape (n, H + D), of the type of `first_weights`
        Weights that see hidden bits are 0.

    Raises
    ------
    TypeError, ValueError
        If the codes have a wrong shape, dtype or range.
    """
    checked = check_codes(codes, code_width)
    if checked.ndim != 2 or checked.shape[1] != params.features:
        raise ValueError(f"Codes must have shape (n, {params.features}), not {checked.shape}")
    seeing = first_weights(params, code_width)[checked]
    return np.concatenate([np.zeros((len(seeing), params.hidden), seeing.dtype), seeing], axis=1)


def _log_odds(chance: Fraction) -> Decimal:
    return (Decimal(chance.numerator) / (chance.denominator - chance.numerator)).ln()
