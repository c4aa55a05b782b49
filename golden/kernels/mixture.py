# SPDX-License-Identifier: MIT
"""Iterations of EM for a mixture of Bernoulli distributions, compiled as a whole.

The equations and the order of the steps are those of `sim.learn.em`. An iteration of a small fit is
shorter than a few dozen calls of NumPy, so the whole loop is compiled. Eight components share a
register (`golden.kernels.lanes`).
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from golden.kernels.bit_rows import BitRows, add_products, tables_for
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
    zeros,
)

__all__ = ["CLIP", "Iterations", "Outcome"]

Reals = NDArray[np.float64]

CLIP = 1e-15  # inside logarithms, a mean is kept this far from 0 and 1 (as in StepMix)
_FOLD = 16  # probabilities multiplied before a logarithm: CLIP**16 is still a normal float64
_NEVER = -1e30  # log weight of a lane without a component
_TINY = np.finfo(np.float64).tiny


class Outcome(NamedTuple):
    """The result of a run of EM.

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


class Iterations:
    """Iterations of EM over one data set. Fits from several starts share its memory.

    Parameters
    ----------
    samples : BitRows of shape (N, D)
    features : BitRows of shape (D + 1, N)
        Transpose of the samples with an additional row of ones. The products of this row are the
        counts.
    sample_weights : ndarray of shape (N,), float64
    n_components : int
        K.
    single : bool
        Whether odds, tables and responsibilities are float32. Sums over blocks are always float64.
    """

    def __init__(
        self,
        samples: BitRows,
        features: BitRows,
        sample_weights: Reals,
        n_components: int,
        *,
        single: bool,
    ) -> None:
        n_samples, n_features = samples.shape
        kind = np.float32 if single else np.float64
        groups = -(-n_components // LANES)
        # Rows of padding are 0, and no iteration writes there.
        self._work = _Work(
            zeros((groups, n_features, LANES)),
            zeros((groups, samples.padded, LANES), kind),
            zeros((groups, n_samples, LANES)),
            zeros((groups, n_samples, LANES), kind),
            zeros((groups, features.padded, LANES), kind),
            zeros((groups, n_features + 1, LANES)),
            tables_for(kind),
        )
        self._state = _State(
            zeros((groups, n_features, LANES)), zeros((groups, LANES)), zeros((groups, LANES))
        )
        # Only ratios of weights matter. A power of 2 scales the largest into the range of float32.
        relative = np.ldexp(sample_weights, -np.frexp(sample_weights.max())[1])
        self._data = samples.words, features.words, relative

    def run(
        self,
        weights: Reals,
        shares: Reals,
        starts: Reals,
        *,
        trainable: bool,
        expected: bool,
        max_iter: int,
        tol: float,
    ) -> Outcome:
        """Iterate from every start, and return the outcome of the highest objective, the first one.

        A run ends when the objective changes by at most ``tol`` of itself, or after `max_iter`
        iterations.

        Parameters
        ----------
        weights, shares : ndarray of shape (K,), float64
            Initial weights and shares, which are the same for all starts.
        starts : ndarray of shape (n, K, D), float64
            Initial means of each start, at least one.
        trainable : bool
            Whether the weights follow the shares.
        expected : bool
            Whether the objective is the expected complete likelihood instead of the likelihood.
        max_iter : int
        tol : float
            Relative tolerance. A negative one never stops the iteration.
        """
        logarithms = np.log(np.maximum(weights, _TINY))
        initial = np.ascontiguousarray(starts), shares, logarithms
        return Outcome(
            *_run(self._data, initial, self._state, self._work, trainable, expected, max_iter, tol)
        )


class _State(NamedTuple):
    """The mixture in lanes: means (groups, D, 8), shares and log weights (groups, 8)."""

    means: Reals
    shares: Reals
    log_weights: Reals


class _Work(NamedTuple):
    """Memory of an iteration, in lanes. Arrays of type `kind` are float32 in single precision."""

    absent: Reals  # probability of a 0, (groups, D, 8)
    odds: NDArray[Any]  # kind: log-odds of a 1, (groups, D padded, 8)
    joint: Reals  # log of weight times likelihood, (groups, N, 8)
    gaps: NDArray[Any]  # kind: `joint` minus the highest value of the sample
    responsibilities: NDArray[Any]  # kind: times the weights of the samples, (groups, N padded, 8)
    sums: Reals  # responsibilities added up by feature, then all, (groups, D + 1, 8)
    tables: NDArray[Any]  # kind


@compiled()
def _run(
    data: Any,
    initial: Any,
    state: Any,
    work: Any,
    trainable: Any,
    expected: Any,
    max_iter: Any,
    tol: Any,
) -> Any:
    """Do the run of every start without the interpreter, so that threads do not wait for it."""
    starts, shares, log_weights = initial
    kept = np.empty(starts.shape[1:]), np.empty(len(shares))
    best, n_iter, converged = 0.0, 0, False
    for start in range(len(starts)):
        _enter(state, starts[start], shares, log_weights)
        bound, made, stopped = _iterate(data, state, work, trainable, expected, max_iter, tol)
        if start == 0 or bound > best:
            best, n_iter, converged = bound, made, stopped
            _leave(state, *kept)
    return kept[0], kept[1], best, n_iter, converged


@compiled()
def _enter(state: Any, means: Any, shares: Any, log_weights: Any) -> None:
    """Lay a mixture out in lanes. A lane without a component never has any responsibility."""
    for group in range(len(state.means)):
        for lane in range(LANES):
            k = group * LANES + lane
            used = k < len(means)
            state.shares[group, lane] = shares[k] if used else 0.0
            state.log_weights[group, lane] = log_weights[k] if used else _NEVER
            for row in range(state.means.shape[1]):
                state.means[group, row, lane] = means[k, row] if used else 0.5


@compiled()
def _leave(state: Any, means: Any, shares: Any) -> None:
    """Write the mixture that is laid out in lanes."""
    for k in range(len(means)):
        group, lane = divmod(k, LANES)
        shares[k] = state.shares[group, lane]
        for row in range(means.shape[1]):
            means[k, row] = state.means[group, row, lane]


@compiled()
def _iterate(
    data: Any, state: Any, work: Any, trainable: Any, expected: Any, max_iter: Any, tol: Any
) -> Any:
    """Do the E-step of the initial mixture, and then M-step and E-step until the end."""
    samples, features, sample_weights = data
    _join(samples, state, work)
    bound = _share(sample_weights, work, expected)
    for n_iter in range(1, max_iter + 1):
        _maximize(features, state, work, trainable)
        _join(samples, state, work)
        before, bound = bound, _share(sample_weights, work, expected)
        if abs(bound - before) <= tol * abs(bound):
            return bound, n_iter, True
    return bound, max_iter, False


@compiled()
def _join(samples: Any, state: Any, work: Any) -> None:
    """Write the logarithm of weight times likelihood, equation (1), to `joint`.

    It is a product with the bits plus a constant per component, as in `sim.learn.em.log_joint`.
    """
    groups, n_samples, _ = work.joint.shape
    constants = np.empty(LANES)
    for group in range(groups):
        absent, odds = work.absent[group], work.odds[group]
        _split(state.means[group].reshape(-1), absent.reshape(-1), odds.reshape(-1))
        constants[:] = state.log_weights[group]
        _add_logarithms(absent, constants)
        start = load(constants, 0)
        for row in range(group * n_samples, (group + 1) * n_samples):
            store(work.joint, row, start)
    add_products(samples, work.odds, work.tables, work.joint)


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
def _share(sample_weights: Any, work: Any, expected: Any) -> Any:
    """Write weighted responsibilities, and return the weighted mean of the objective."""
    joint, gaps, responsibilities = work.joint, work.gaps, work.responsibilities
    groups, n_samples, _ = joint.shape
    objectives, totals = np.empty(n_samples), np.empty(n_samples)
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


@compiled(error_model="numpy")
def _maximize(features: Any, state: Any, work: Any, trainable: Any) -> None:
    """Do the M-step, equation (2). A component without responsibilities keeps its mean."""
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
            if trainable and log_weights[group, lane] != _NEVER:
                log_weights[group, lane] = np.log(max(share, _TINY))
            if count <= 0:  # then the quotient below is the old mean
                counts[group, lane] = 1
                work.sums[group, :n_features, lane] = means[group, :, lane]
        divisor = load(counts, group)
        for row in range(n_features):
            total_of_row = load(work.sums, group * (n_features + 1) + row)
            store(means, group * n_features + row, divide(total_of_row, divisor))
