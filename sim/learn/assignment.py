# SPDX-License-Identifier: MIT
"""Greedy assignment of codes to samples: each sample takes the closest code still free."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["assign_codes"]

_CHUNK = 512  # samples compared with all codes at a time, to bound the memory of distances

Array = NDArray[np.floating]


def assign_codes(
    latents: Array, codes: Array, order: NDArray[np.integer]
) -> tuple[NDArray[np.int64], Array]:
    """Give every sample the closest code that no earlier sample took (binplay, Algorithm 1).

    Parameters
    ----------
    latents : ndarray of shape (n, d), float
        Output of the encoder for each sample.
    codes : ndarray of shape (k, d), float in {-1, +1}
        Codes, at least as many as samples.
    order : ndarray of shape (n,), integers
        Order in which the samples choose, each once; every epoch has a new random order.

    Returns
    -------
    chosen : ndarray of shape (n,), int64
        Row of `codes` for each sample; the lowest one if several are equally close in L2.
    losses : ndarray of shape (n,), float
        Squared L2 distance of each sample to its code.

    Raises
    ------
    ValueError
        If there are fewer codes than samples, or the order does not name every sample once.
    """
    if len(codes) < len(latents):
        raise ValueError(
            f"Codes must be at least {len(latents)}, one for every sample, not {len(codes)}"
        )
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
