# SPDX-License-Identifier: MIT
"""Iterations of EM for a mixture of Bernoulli laws, compiled as a whole.

The equations are those of `sim.em`, and the order of the steps too. An iteration of a small fit is
shorter than a few dozen calls of NumPy, so that here nothing is called and nothing allocated. The
components lie side by side, eight to a register (`golden.kernels.lanes`).
"""

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from golden.kernels.bit_rows import BitRows, add_products, tables_for
from golden.kernels.elementary import exp, log
from golden.kernels.lanes import (
    LANES,
    divide,
    fill,
    from_lanes,
    highest,
    load,
    multiply,
    store,
    subtract,
    to_lanes,
    total,
    widen,
    zeros,
)

__all__ = ["CLIP", "Outcome", "iterate"]

Reals = NDArray[np.float64]

CLIP = 1e-15  # a mean is kept this far from 0 and 1, inside logarithms only (as StepMix does)
_FOLD = 16  # probabilities multiplied before a logarithm: CLIP**16 is still a normal float64
_NEVER = -1e30  # log weight of a lane without a component
_TINY = np.finfo(np.float64).tiny


class Outcome(NamedTuple):
    """What a run of EM ends with.

    Attributes
    ----------
    means : ndarray of shape (K, D), float64
    shares : ndarray of shape (K,), float64
    bound : float
    n_iter : int
    converged : bool
    """

    means: Reals
    shares: Reals
    bound: float
    n_iter: int
    converged: bool


def iterate(
    samples: BitRows,
    features: BitRows,
    sample_weights: Reals,
    law: tuple[Reals, Reals, Reals],
    *,
    trainable: bool,
    expected: bool,
    single: bool,
    max_iter: int,
    tol: float,
) -> Outcome:
    """Iterate EM until the objective changes by at most ``tol`` of itself, or `max_iter` times.

    Parameters
    ----------
    samples : BitRows of shape (N, D)
    features : BitRows of shape (D + 1, N)
        Its transpose, and below it a row of ones, whose products are the counts.
    sample_weights : ndarray of shape (N,), float64
    law : weights of shape (K,), means of shape (K, D), shares of shape (K,)
    trainable : bool
        Whether the weights follow the shares.
    expected : bool
        Whether the objective is the expected complete likelihood instead of the likelihood.
    single : bool
        Whether the additions over 48 columns are made in float32; all else is float64.
    max_iter : int
    tol : float
        Negative never stops.
    """
    weights, means, shares = law
    n_samples, n_features = samples.shape
    kind = np.float32 if single else np.float64
    groups = -(-len(means) // LANES)
    wide_means = to_lanes(means, n_features, fill=0.5)
    wide_shares = to_lanes(shares[:, np.newaxis], 1)
    log_weights = to_lanes(np.log(np.maximum(weights, _TINY))[:, np.newaxis], 1, fill=_NEVER)
    bound, n_iter, converged = _iterate(
        samples.words,
        features.words,
        sample_weights,
        wide_means,
        wide_shares,
        log_weights,
        zeros((groups, samples.padded, LANES), kind),
        zeros((groups, n_samples, LANES)),
        zeros((groups, features.padded, LANES), kind),
        zeros((groups, n_features + 1, LANES)),
        tables_for(kind),
        trainable,
        expected,
        max_iter,
        tol,
    )
    final = from_lanes(wide_means, len(means)), from_lanes(wide_shares, len(means))[:, 0]
    return Outcome(*final, bound, n_iter, converged)


@njit(nogil=True, cache=True)
def _iterate(
    samples: Any,
    features: Any,
    sample_weights: Any,
    means: Any,
    shares: Any,
    log_weights: Any,
    odds: Any,
    joint: Any,
    responsibilities: Any,
    sums: Any,
    tables: Any,
    trainable: Any,
    expected: Any,
    max_iter: Any,
    tol: Any,
) -> Any:
    """Take the E-step of the first law, then M-step and E-step until the end."""
    absent = np.empty(means.shape)
    gaps = np.empty(joint.shape, responsibilities.dtype)
    totals = np.empty(len(sample_weights))
    bound, n_iter, converged = 0.0, -1, False
    while not converged and n_iter < max_iter:
        n_iter += 1
        if n_iter > 0:
            _maximize(features, responsibilities, tables, sums, means, shares)
            if trainable:
                for group in range(len(shares)):
                    for lane in range(LANES):
                        if log_weights[group, 0, lane] != _NEVER:
                            share = max(shares[group, 0, lane], _TINY)
                            log_weights[group, 0, lane] = np.log(share)
        _join(samples, means, log_weights, absent, odds, tables, joint)
        before = bound
        bound = _share(joint, sample_weights, gaps, responsibilities, totals, expected)
        converged = n_iter > 0 and abs(bound - before) <= tol * abs(bound)
    return bound, n_iter, converged


@njit(nogil=True, cache=True, error_model="numpy")
def _join(
    samples: Any, means: Any, log_weights: Any, absent: Any, odds: Any, tables: Any, joint: Any
) -> None:
    """Write the logarithm of weight times likelihood, equation (1), to `joint`."""
    groups, n_features, _ = means.shape
    for group in range(groups):
        _split(means[group].reshape(-1), absent[group].reshape(-1), odds[group].reshape(-1))
    constants = np.empty(LANES)
    folds = np.empty((-(-n_features // _FOLD), LANES))
    for group in range(groups):
        for fold in range(len(folds)):
            first = group * n_features + fold * _FOLD
            last = group * n_features + min((fold + 1) * _FOLD, n_features)
            product = load(absent, first)
            for row in range(first + 1, last):
                product = multiply(product, load(absent, row))
            store(folds, fold, product)
        _logarithms(folds.reshape(-1))
        constants[:] = log_weights[group, 0]
        for fold in range(len(folds)):
            for lane in range(LANES):
                constants[lane] += folds[fold, lane]
        start = load(constants, 0)
        for row in range(joint.shape[1]):
            store(joint, group * joint.shape[1] + row, start)
    add_products(samples, odds, tables, joint)


@njit(nogil=True, cache=True, error_model="numpy")
def _split(means: Any, absent: Any, odds: Any) -> None:
    """Write the probability of a 0, and the logarithm of the odds of a 1."""
    for i in range(means.size):
        mean = means[i]
        mean = CLIP if mean < CLIP else mean
        mean = 1 - CLIP if mean > 1 - CLIP else mean
        absent[i] = 1 - mean
        odds[i] = mean / (1 - mean)
    _logarithms(odds[: means.size])


@njit(nogil=True, cache=True)
def _logarithms(values: Any) -> None:
    for i in range(values.size):
        values[i] = log(values[i])


@njit(nogil=True, cache=True)
def _exponentials(values: Any, results: Any) -> None:
    for i in range(values.size):
        results[i] = exp(values[i])


@njit(nogil=True, cache=True, error_model="numpy")
def _share(
    joint: Any, sample_weights: Any, gaps: Any, responsibilities: Any, totals: Any, expected: Any
) -> Any:
    """Write weighted responsibilities, and return the weighted mean of the objective."""
    groups, n_samples, _ = joint.shape
    objectives = np.empty(n_samples)
    for row in range(n_samples):
        high = highest(load(joint, row))
        for group in range(1, groups):
            high = max(high, highest(load(joint, group * n_samples + row)))
        objectives[row] = high
        level = fill(high)
        for group in range(groups):
            place = group * n_samples + row
            store(gaps, place, subtract(load(joint, place), level))
    for group in range(groups):
        _exponentials(gaps[group].reshape(-1), responsibilities[group].reshape(-1))
    padded = responsibilities.shape[1]
    for row in range(n_samples):
        evidence, energy = 0.0, 0.0
        for group in range(groups):
            ratios = widen(load(responsibilities, group * padded + row))
            evidence += total(ratios)
            if expected:
                energy += total(multiply(ratios, widen(load(gaps, group * n_samples + row))))
        totals[row] = evidence
        objectives[row] += energy / evidence
        scale = fill(sample_weights[row] / evidence)
        for group in range(groups):
            place = group * padded + row
            store(responsibilities, place, multiply(widen(load(responsibilities, place)), scale))
    if not expected:
        _logarithms(totals)
        objectives += totals
    bound, count = 0.0, 0.0
    for row in range(n_samples):
        bound += sample_weights[row] * objectives[row]
        count += sample_weights[row]
    return bound / count


@njit(nogil=True, cache=True, error_model="numpy")
def _maximize(
    features: Any, responsibilities: Any, tables: Any, sums: Any, means: Any, shares: Any
) -> None:
    """Take the M-step, equation (2). A component without any responsibility keeps its mean."""
    groups, n_features, _ = means.shape
    sums[:] = 0
    add_products(features, responsibilities, tables, sums)
    counts = np.empty(LANES)
    everything = 0.0
    for group in range(groups):
        for lane in range(LANES):
            shares[group, 0, lane] = sums[group, n_features, lane]
            everything += shares[group, 0, lane]
    for group in range(groups):
        for lane in range(LANES):
            counts[lane] = shares[group, 0, lane]
            if counts[lane] <= 0:
                counts[lane] = 1
                for row in range(n_features):
                    sums[group, row, lane] = means[group, row, lane]
            shares[group, 0, lane] /= everything
        divisor = load(counts, 0)
        for row in range(n_features):
            place = group * n_features + row
            quotient = divide(load(sums, group * (n_features + 1) + row), divisor)
            store(means, place, quotient)
