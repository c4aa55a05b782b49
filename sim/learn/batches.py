# SPDX-License-Identifier: MIT
"""Split of a batch between past and present classes."""

from golden.params.checks import check_integer

__all__ = ["split_batch"]


def split_batch(batch: int, n_old: int, n_new: int) -> tuple[int, int]:
    """Split a batch so that every class, past or present, has the same expected share.

    This is equation (4) of the GBM paper; the contract, section 8, settles the rounding.

    Parameters
    ----------
    batch : int
        B, samples of the batch, at least 1, and at least 2 if both kinds of class are present.
    n_old, n_new : int
        Number of past and of present classes, not both 0.

    Returns
    -------
    tuple of int
        Numbers of past and present samples (N_old, N_new), whose sum is `batch`. A number is 0 only
        if there are no classes of its kind.

    Raises
    ------
    TypeError
        If an argument is not an integer.
    ValueError
        If one is out of range.
    """
    check_integer("Past classes n_old", n_old, 0)
    check_integer("Present classes n_new", n_new, 0)
    check_integer("Batch B", batch, 2 if n_old and n_new else 1)
    classes = n_old + n_new
    if classes == 0:
        raise ValueError("Classes n_old + n_new must be an integer >= 1, not 0")
    past = (2 * batch * n_old + classes) // (2 * classes)  # round(x) = floor(x + 1/2)
    if n_old and n_new:
        past = min(max(past, 1), batch - 1)
    return past, batch - past
