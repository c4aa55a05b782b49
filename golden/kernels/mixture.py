# SPDX-License-Identifier: MIT
"""Iterations of EM for a mixture of Bernoulli distributions, compiled as a whole.

The equations and the order of the steps are those of `sim.learn.em`. An iteration of a small fit is
shorter than a few dozen calls of NumPy, so the whole loop is compiled. Eight components share a
register (`golden.kernels.lanes`).
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from golden.kernels.bit_rows import ROWS, SUMS, BitRows
from golden.kernels.compiled import compiled
from golden.kernels.lanes import LANES, zeros
from golden.kernels.mixture_steps import NEVER, TINY, State, Work, expect, maximize

__all__ = ["Iterations", "Outcome", "run_starts"]

Reals = NDArray[np.float64]


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
        groups, at_a_time = -(-n_components // LANES), min(n_samples, ROWS)
        # Rows of padding are 0, and no iteration writes there.
        means, shares, log_weights, *memory = zeros(
            ((groups, n_features, LANES), np.float64),
            ((groups, LANES), np.float64),
            ((groups, LANES), np.float64),
            ((groups, n_features, LANES), np.float64),
            ((groups, samples.padded, LANES), kind),
            ((groups, at_a_time, LANES), np.float64),
            ((groups, at_a_time, LANES), kind),
            ((groups, features.padded, LANES), kind),
            ((groups, n_features + 1, LANES), np.float64),
            ((SUMS, LANES), kind),
        )
        self._state, self._work = State(means, shares, log_weights), Work(*memory)
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
        logarithms = np.log(np.maximum(weights, TINY))
        initial = np.ascontiguousarray(starts), shares, logarithms
        return Outcome(
            *run_starts(
                self._data, initial, self._state, self._work, trainable, expected, max_iter, tol
            )
        )


@compiled()
def run_starts(
    data: Any,
    initial: Any,
    state: Any,
    work: Any,
    trainable: Any,
    expected: Any,
    max_iter: Any,
    tol: Any,
) -> Any:
    """Do the run of every start without the interpreter, so that threads do not wait for it.

    Parameters
    ----------
    data : tuple of ndarray
        Words of the samples and of the features, and weights of the samples in float64, the largest
        from 0.5 to 1.
    initial : tuple of ndarray
        Means of every start (n, K, D); shares and logarithms of the weights (K,), all in float64.
    state, work : State, Work
    trainable, expected, max_iter, tol
        As in `Iterations.run`.

    Returns
    -------
    means, shares, bound, n_iter, converged
        As in `Outcome`.
    """
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
            state.log_weights[group, lane] = log_weights[k] if used else NEVER
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
    bound = expect(samples, sample_weights, state, work, expected)
    for n_iter in range(1, max_iter + 1):
        maximize(features, state, work, trainable)
        before, bound = bound, expect(samples, sample_weights, state, work, expected)
        if abs(bound - before) <= tol * abs(bound):
            return bound, n_iter, True
    return bound, max_iter, False
