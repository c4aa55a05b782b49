# SPDX-License-Identifier: MIT
"""Which sample gets which code: greedily, the closest that is still free."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["assign_codes"]

_CHUNK = 512  # samples compared with all codes at a time, to bound the memory of distances

Array = NDArray[np.floating]


def assign_codes(
    latents: Array, codes: Array, order: NDArray[np.integer]
) -> tuple[NDArray[np.int64], Array]:
    """Give every sample the closest code that no sample before it took (binplay, Algorithm 1).

    Parameters
    ----------
    latents : ndarray of shape (n, d), float
        What the encoder makes of the samples.
    codes : ndarray of shape (k, d), float in {-1, +1}
        At least as many as samples.
    order : ndarray of shape (n,), integers
        In which samples choose, each once; a fresh random one every epoch.

    Returns
    -------
    chosen : ndarray of shape (n,), int64
        Row of `codes` of each sample; of codes that are equally close in L2, the lowest.
    losses : ndarray of shape (n,), float
        Squared L2 distance of each to its code.

    Raises
    ------
    ValueError
        If there are fewer codes than samples, or the order does not name every sample once.
    """
    if len(codes) < len(latents):
        raise ValueError(f"Codes must be at least {len(latents)}, one a sample, not {len(codes)}")
    if sorted(order) != list(range(len(latents))):
        raise ValueError(f"Order must name each of {len(latents)} samples once")
    taken = np.zeros(len(codes), np.bool_)
    chosen = np.empty(len(latents), np.int64)
    for start in range(0, len(order), _CHUNK):
        samples = order[start : start + _CHUNK]
        # All codes have the same length, so the closest has the largest product with the latent.
        for sample, products in zip(samples, latents[samples] @ codes.T, strict=True):
            products[taken] = -np.inf
            chosen[sample] = products.argmax()
            taken[chosen[sample]] = True
    return chosen, np.square(latents - codes[chosen]).sum(axis=1)
