# SPDX-License-Identifier: MIT
"""Steps of EM for a mixture of Bernoulli distributions, in lanes: eight components a register."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from golden.kernels.bit_rows import add_products, add_products_of
from golden.kernels.compiled import compiled
from golden.kernels.elementary import exp, log
from golden.kernels.lanes import (
    LANES,
    divide,
    fill,
    highest,
    load,
    multiply,
    store,
    subtract,
    total,
    widen,
)

__all__ = ["CLIP", "NEVER", "TINY", "State", "Work", "expect", "maximize", "scatter"]

Reals = NDArray[np.float64]

CLIP = 1e-15  # inside logarithms, a mean is kept this far from 0 and 1 (as in StepMix)
NEVER = -1e30  # log weight of a lane without a component
TINY = np.finfo(np.float64).tiny
_FOLD = 16  # probabilities multiplied before a logarithm: CLIP**16 is still a normal float64


class State(NamedTuple):
    """The mixture in lanes: means (groups, D, 8), shares and log weights (groups, 8)."""

    means: Reals
    shares: Reals
    log_weights: Reals


class Work(NamedTuple):
    """Memory of an iteration, in lanes. Arrays of type `kind` are float32 in single precision."""

    absent: Reals  # probability of a 0, (groups, D, 8)
    odds: NDArray[Any]  # kind: log-odds of a 1, (groups, D padded, 8)
    joint: Reals  # log of weight times likelihood, (groups, samples at a time, 8)
    gaps: NDArray[Any]  # kind: `joint` minus the highest value of the sample
    responsibilities: NDArray[Any]  # kind: times the weights of the samples, (groups, N padded, 8)
    sums: Reals  # responsibilities added up by feature, then all, (groups, D + 1, 8)
    tables: NDArray[Any]  # kind


@compiled(error_model="numpy")
def expect(samples: Any, sample_weights: Any, state: Any, work: Any, expected: Any) -> Any:
    """Write weighted responsibilities, and return the weighted mean of the objective.

    Parameters
    ----------
    samples : ndarray of shape (blocks, N), uint64
        Words of a `BitRows` of shape (N, D).
    sample_weights : ndarray of shape (N,), float64
    state : State
    work : Work
        As many samples at a time as its `joint` has rows: few enough for the cache.
    expected : bool
        Whether the objective is the expected complete likelihood instead of the likelihood.
    """
    groups, size, _ = work.joint.shape
    constants = np.empty((groups, LANES))
    for group in range(groups):
        absent, odds = work.absent[group], work.odds[group]
        _split(state.means[group].reshape(-1), absent.reshape(-1), odds.reshape(-1))
        constants[group] = state.log_weights[group]
        _add_logarithms(absent, constants[group])
    objectives, totals = np.empty(size), np.empty(size)
    bound, count = 0.0, 0.0
    for first in range(0, len(sample_weights), size):
        last = min(len(sample_weights), first + size)
        _join(samples, first, last, constants, work)
        _share(first, last, sample_weights, work, expected, objectives, totals)
        for row in range(last - first):
            bound += sample_weights[first + row] * objectives[row]
            count += sample_weights[first + row]
    return bound / count


@compiled()
def _join(samples: Any, first: Any, last: Any, constants: Any, work: Any) -> None:
    """Write the logarithm of weight times likelihood, equation (1), of some samples to `joint`.

    It is a product with the bits plus a constant per component, as in `sim.learn.em.log_joint`.
    """
    groups, size, _ = work.joint.shape
    for group in range(groups):
        start = load(constants, group)
        for row in range(group * size, group * size + last - first):
            store(work.joint, row, start)
    add_products_of(samples, first, last, work.odds, work.tables, work.joint, 0)


@compiled()
def _add_logarithms(values: Any, sums: Any) -> None:
    """Add the logarithms of all rows to `sums`, with one logarithm for a product of several."""
    folds = np.empty((-(-len(values) // _FOLD), LANES))
    for fold in range(len(folds)):
        first = fold * _FOLD
        product = load(values, first)
        for row in range(first + 1, min(first + _FOLD, len(values))):
            product = multiply(product, load(values, row))
        store(folds, fold, product)
    _logarithms(folds.reshape(-1))
    for fold in range(len(folds)):
        for lane in range(LANES):
            sums[lane] += folds[fold, lane]


@compiled(error_model="numpy")
def _split(means: Any, absent: Any, odds: Any) -> None:
    """Write the probability of a 0, and the logarithm of the odds of a 1."""
    for i in range(means.size):
        mean = means[i]
        mean = CLIP if mean < CLIP else mean
        mean = 1 - CLIP if mean > 1 - CLIP else mean
        absent[i] = 1 - mean
        odds[i] = mean / (1 - mean)
    _logarithms(odds[: means.size])


@compiled()
def _logarithms(values: Any) -> None:
    for i in range(values.size):
        values[i] = log(values[i])


@compiled()
def _exponentials(values: Any, results: Any) -> None:
    for i in range(values.size):
        results[i] = exp(values[i])


@compiled(error_model="numpy")
def _share(
    first: Any,
    last: Any,
    sample_weights: Any,
    work: Any,
    expected: Any,
    objectives: Any,
    totals: Any,
) -> None:
    """Write weighted responsibilities of some samples, and the objective of each."""
    joint, gaps, responsibilities = work.joint, work.gaps, work.responsibilities
    groups, size, _ = joint.shape
    padded, n = responsibilities.shape[1], last - first
    for row in range(n):
        high = highest(load(joint, row))
        for group in range(1, groups):
            high = max(high, highest(load(joint, group * size + row)))
        objectives[row] = high
        level = fill(high)
        for group in range(groups):
            place = group * size + row
            store(gaps, place, subtract(load(joint, place), level))
    for group in range(groups):
        here, there = group * size * LANES, (group * padded + first) * LANES
        _exponentials(
            gaps.reshape(-1)[here : here + n * LANES],
            responsibilities.reshape(-1)[there : there + n * LANES],
        )
    for row in range(n):
        evidence, energy = 0.0, 0.0
        for group in range(groups):
            ratios = widen(load(responsibilities, group * padded + first + row))
            evidence += total(ratios)
            if expected:
                energy += total(multiply(ratios, widen(load(gaps, group * size + row))))
        totals[row] = evidence
        objectives[row] += energy / evidence
        scale = fill(sample_weights[first + row] / evidence)
        for group in range(groups):
            place = group * padded + first + row
            store(responsibilities, place, multiply(widen(load(responsibilities, place)), scale))
    if not expected:
        _logarithms(totals[:n])
        for row in range(n):
            objectives[row] += totals[row]


@compiled(error_model="numpy")
def maximize(features: Any, state: Any, work: Any, trainable: Any) -> None:
    """Do the M-step, equation (2). A component without responsibilities keeps its mean.

    Parameters
    ----------
    features : ndarray of shape (blocks, D + 1), uint64
        Words of a `BitRows` of shape (D + 1, N), with a last row of ones.
    state : State
        It becomes the next mixture.
    work : Work
        Its `responsibilities` are those of the present mixture.
    trainable : bool
        Whether the weights follow the shares.
    """
    means, shares, log_weights = state
    groups, n_features, _ = means.shape
    work.sums[:] = 0
    add_products(features, work.responsibilities, work.tables, work.sums)
    counts = work.sums[:, n_features, :].copy()
    everything = counts.sum()
    for group in range(groups):
        for lane in range(LANES):
            count = counts[group, lane]
            share = count / everything
            shares[group, lane] = share
            if trainable and log_weights[group, lane] != NEVER:
                log_weights[group, lane] = np.log(max(share, TINY))
            if count <= 0:  # then the quotient below is the old mean
                counts[group, lane] = 1
                work.sums[group, :n_features, lane] = means[group, :, lane]
        divisor = load(counts, group)
        for row in range(n_features):
            total_of_row = load(work.sums, group * (n_features + 1) + row)
            store(means, group * n_features + row, divide(total_of_row, divisor))


@compiled()
def scatter(means: Any, centroid: Any, scale: Any, margin: Any) -> None:
    """Turn standard normal draws into first means around the mean of the data.

    Parameters
    ----------
    means : ndarray of shape (K, D), float64
        The draws; they become the means.
    centroid : ndarray of shape (D,), float64
        Mean of the data, ``m``. A draw counts `scale` times its deviation, ``sqrt(m (1 - m))``.
    scale : float
    margin : float
        Means are clipped to ``margin .. 1 - margin``.
    """
    deviations = np.empty_like(centroid)
    for j in range(len(centroid)):
        deviations[j] = scale * np.sqrt(max(centroid[j] * (1 - centroid[j]), 0.0))
    for k in range(len(means)):
        for j in range(len(centroid)):
            mean = centroid[j] + deviations[j] * means[k, j]
            mean = margin if mean < margin else mean
            means[k, j] = 1 - margin if mean > 1 - margin else mean
