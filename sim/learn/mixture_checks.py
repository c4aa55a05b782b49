# SPDX-License-Identifier: MIT
"""Checks of the arguments of a mixture, with messages in the form "X must be Y, not Z"."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "as_integer",
    "check_binary",
    "check_means",
    "check_probabilities",
    "check_real",
    "check_sample_weight",
    "check_weights",
]


def as_integer(value: Any) -> Any:
    """Return a NumPy integer, which searches over parameters pass, as a Python integer."""
    return int(value) if isinstance(value, np.integer) else value


def check_real(
    name: str, value: Any, low: float, high: float = np.inf, above: bool = False
) -> None:
    """Accept a number from `low` to `high`.

    Parameters
    ----------
    name : str
        Name of the value in messages.
    value : Any
        Value to check.
    low, high : float
        Smallest and largest number; the number must be finite whatever `high` is.
    above : bool
        Whether `low` itself is out of range.

    Raises
    ------
    TypeError
        If `value` is not a real number (a bool is not one).
    ValueError
        If it is out of range.
    """
    span = f"a number {'>' if above else '>='} {low}" + (
        "" if high == np.inf else f" and <= {high}"
    )
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(f"{name} must be {span}, not {value!r}")
    if not (low < value if above else low <= value) or not value <= high or value == np.inf:
        raise ValueError(f"{name} must be {span}, not {value!r}")


def check_binary(array: NDArray[Any]) -> NDArray[np.uint8]:
    """Return an array of any dtype as uint8; raise `ValueError` unless all are 0 or 1."""
    if array.dtype != np.uint8 or array.max(initial=0) > 1:
        binary = (array == 0) | (array == 1)
        if not binary.all():
            raise ValueError(f"X must be binary, 0 or 1, not {array[~binary][0].item()!r}")
    return array.astype(np.uint8, copy=False)


def check_probabilities(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """Return values in 0..1 as float64; raise `TypeError` or `ValueError` for anything else."""
    array = np.asarray(values)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name} must be real numbers, not {array.dtype}")
    wrong = ~((array >= 0) & (array <= 1))
    if wrong.any():
        raise ValueError(f"{name} must be in 0..1, not {array[wrong][0].item()!r}")
    return array.astype(np.float64)


def check_means(name: str, means: ArrayLike) -> NDArray[np.float64]:
    """Return a copy of means as float64 of shape (n_components, n_features), all in 0..1.

    Raises
    ------
    TypeError, ValueError
        If they are anything else.
    """
    array = check_probabilities(name, means)
    if array.ndim != 2 or not array.size:
        raise ValueError(f"{name} must be a table, a row a component, not of shape {array.shape}")
    return array


def check_sample_weight(weight: ArrayLike | None, n_samples: int) -> NDArray[np.float64] | None:
    """Return weights as float64 of shape (n_samples,); a scalar counts for all, None stays None.

    Raises
    ------
    ValueError
        If their number is wrong, one is negative or not finite, or their sum is 0 or not finite.
    """
    if weight is None:
        return None
    array = np.asarray(weight, np.float64)
    if array.ndim == 0:
        array = np.full(n_samples, array)
    if array.shape != (n_samples,):
        raise ValueError(f"Sample weights must be {n_samples}, not of shape {array.shape}")
    wrong = ~(np.isfinite(array) & (array >= 0))
    if wrong.any():
        raise ValueError(f"Sample weights must be finite and >= 0, not {array[wrong][0].item()!r}")
    if not array.any():
        raise ValueError("Sample weights must have a positive sum, not zero")
    with np.errstate(over="ignore"):
        if not np.isfinite(array.sum()):
            raise ValueError("Sample weights must have a finite sum: divide them by the largest")
    return array


def check_weights(name: str, weights: ArrayLike, n_components: int) -> NDArray[np.float64]:
    """Return mixing weights as float64, normalised to the sum 1.

    Parameters
    ----------
    name : str
        Name of the weights in messages.
    weights : array-like of shape (n_components,)
        Weights, not negative, with the sum 1 to the precision of float32.
    n_components : int
        K.

    Raises
    ------
    ValueError
        If they are anything else.
    """
    array = np.array(weights, np.float64)
    if array.shape != (n_components,):
        raise ValueError(
            f"{name} must be {n_components}, one for every component, not of shape {array.shape}"
        )
    if not ((array >= 0).all() and np.isclose(array.sum(), 1)):
        raise ValueError(f"{name} must be >= 0 and add up to 1, not {array.tolist()}")
    return array / array.sum()
