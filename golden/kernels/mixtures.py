# SPDX-License-Identifier: MIT
"""EM for mixtures of several data sets, in one compiled call for all of them.

Every return to Python waits for its global lock. A thread that fits small data sets one by one
returns every tenth of a millisecond, and two such threads take turns. Here a thread fits many data
sets before it returns. The steps are those of `golden.kernels.mixture`, with the same bits.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from golden.kernels.bit_rows import COLUMNS, ROWS, SUMS, pack, write_products
from golden.kernels.compiled import compiled
from golden.kernels.lanes import LANES, zeros
from golden.kernels.mixture import run_starts
from golden.kernels.mixture_steps import TINY, State, Work, scatter

__all__ = ["Mixtures", "Outcomes"]

Reals = NDArray[np.float64]
_LINE = 64  # bytes of a cache line


class Outcomes(NamedTuple):
    """The results of the runs of all data sets.

    Attributes
    ----------
    means : ndarray of shape (n, K, D), float64
    shares : ndarray of shape (n, K), float64
    bounds : ndarray of shape (n,), float64
    n_iter : ndarray of shape (n,), int64
    converged : ndarray of shape (n,), bool
    """

    means: Reals
    shares: Reals
    bounds: Reals
    n_iter: NDArray[np.int64]
    converged: NDArray[np.bool_]


class Mixtures:
    """Mixtures of several data sets, which are packed once.

    Parameters
    ----------
    samples : ndarray of shape (N, D), uint8 in {0, 1}
        C-contiguous.
    members : sequence of ndarray of int64
        Rows of the samples that make up each data set, at least one in each.
    weights : sequence of ndarray of float64
        Weight of each of these rows.
    single : bool
        Precision of the iterations, as of `golden.kernels.mixture.Iterations`.
    """

    def __init__(
        self,
        samples: NDArray[np.uint8],
        members: Sequence[NDArray[np.int64]],
        weights: Sequence[Reals],
        *,
        single: bool,
    ) -> None:
        n_features = samples.shape[1]
        sizes = np.array([len(rows) for rows in members])
        # Only ratios of weights matter. A power of 2 scales the largest into the range of float32.
        relative = [np.ldexp(some, -np.frexp(some.max())[1]) for some in weights]
        lengths = -(-n_features // COLUMNS) * sizes + -(-sizes // COLUMNS) * (n_features + 1)
        self._ends = np.cumsum(sizes)
        self._weights, self._relative = np.concatenate(weights), np.concatenate(relative)
        self._places = np.cumsum(lengths) - lengths
        self._words = np.zeros(lengths.sum(), np.uint64)
        self._kind = np.float32 if single else np.float64
        _pack_all(samples, np.concatenate(members), self._ends, self._words, self._places)

    def scatter(self, starts: Reals, totals: Reals, margins: Reals, scale: float) -> None:
        """Turn standard normal draws into first means around the mean of each data set.

        Parameters
        ----------
        starts : ndarray of shape (n, starts, K, D), float64
            The draws; they become the means.
        totals, margins : ndarray of shape (n,), float64
            Sum of the weights of each data set, and how far its means stay from 0 and 1.
        scale : float
            As in `golden.kernels.mixture_steps.scatter`.
        """
        data = self._words, self._places, self._ends, self._weights
        _scatter_all(data, starts, totals, margins, scale)

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
    ) -> Outcomes:
        """Do for each data set what `golden.kernels.mixture.Iterations.run` does for one.

        Parameters
        ----------
        weights, shares : ndarray of shape (n, K), float64
        starts : ndarray of shape (n, starts, K, D), float64
        trainable, expected, max_iter, tol
            The same for all.
        """
        count, _, n_components, n_features = starts.shape
        ends = Outcomes(
            np.empty((count, n_components, n_features)),
            np.empty((count, n_components)),
            np.empty(count),
            np.empty(count, np.int64),
            np.empty(count, np.bool_),
        )
        data = self._words, self._places, self._ends, self._relative
        initial = np.ascontiguousarray(starts), shares, np.log(np.maximum(weights, TINY))
        (tables,) = zeros(((SUMS, LANES), self._kind))
        _run_all(data, initial, tables, ends, trainable, expected, max_iter, tol)
        return ends


@compiled()
def _words_of(words: Any, place: Any, n_samples: Any, n_features: Any) -> Any:
    """Return the words of a data set: by samples, and by features with a row of ones."""
    middle = place + -(-n_features // COLUMNS) * n_samples
    blocks = -(-n_samples // COLUMNS)
    end = middle + blocks * (n_features + 1)
    by_sample = words[place:middle].reshape(-1, n_samples)
    return by_sample, words[middle:end].reshape(blocks, n_features + 1)


@compiled()
def _pack_all(samples: Any, rows: Any, ends: Any, words: Any, places: Any) -> None:
    """Pack the samples of every data set, the words of which are 0."""
    n_features, first = samples.shape[1], 0
    for i, end in enumerate(ends):
        bits = np.empty((end - first, n_features), np.uint8)
        for row in range(first, end):
            bits[row - first] = samples[rows[row]]
        pack(bits, *_words_of(words, places[i], end - first, n_features))
        first = end


@compiled()
def _scatter_all(data: Any, starts: Any, totals: Any, margins: Any, scale: Any) -> None:
    """Find the mean of every data set, and scatter its first means around it."""
    words, places, ends, weights = data
    n_features, first = starts.shape[3], 0
    for i, end in enumerate(ends):
        features = _words_of(words, places[i], end - first, n_features)[1]
        columns = _lanes(1, len(features) * COLUMNS, weights)
        tables = _lanes(1, SUMS, weights)[0]
        sums, centroid = _lanes(1, n_features + 1, weights), np.empty((1, n_features + 1))
        vectors = weights[first:end].reshape(1, -1)
        write_products(features, vectors, columns, tables, sums, centroid)
        centroid /= totals[i]
        scatter(starts[i].reshape(-1, n_features), centroid[0, :n_features], scale, margins[i])
        first = end


@compiled()
def _run_all(
    data: Any,
    initial: Any,
    tables: Any,
    outcomes: Any,
    trainable: Any,
    expected: Any,
    max_iter: Any,
    tol: Any,
) -> None:
    """Run every data set. Those of equal size share the memory of an iteration."""
    words, places, ends, weights = data
    starts, shares, log_weights = initial
    n_components, n_features = starts.shape[2:]
    state, work = _memory(n_components, n_features, ends[0], tables)
    first, size = 0, ends[0]
    for i, end in enumerate(ends):
        if end - first != size:
            size = end - first
            state, work = _memory(n_components, n_features, size, tables)
        by_sample, by_feature = _words_of(words, places[i], size, n_features)
        means, ended, bound, n_iter, converged = run_starts(
            (by_sample, by_feature, weights[first:end]),
            (starts[i], shares[i], log_weights[i]),
            state,
            work,
            trainable,
            expected,
            max_iter,
            tol,
        )
        outcomes.means[i], outcomes.shares[i] = means, ended
        outcomes.bounds[i], outcomes.n_iter[i], outcomes.converged[i] = bound, n_iter, converged
        first = end


@compiled()
def _memory(n_components: Any, n_features: Any, n_samples: Any, tables: Any) -> Any:
    """Return memory for an iteration, as `golden.kernels.mixture.Iterations` has it."""
    groups, real = -(-n_components // LANES), np.empty(0)
    padded_features = -(-n_features // COLUMNS) * COLUMNS
    padded_samples = -(-n_samples // COLUMNS) * COLUMNS
    state = State(
        _lanes(groups, n_features, real), _lanes(1, groups, real)[0], _lanes(1, groups, real)[0]
    )
    work = Work(
        _lanes(groups, n_features, real),
        _lanes(groups, padded_features, tables),
        _lanes(groups, min(n_samples, ROWS), real),
        _lanes(groups, min(n_samples, ROWS), tables),
        _lanes(groups, padded_samples, tables),
        _lanes(groups, n_features + 1, real),
        tables,
    )
    return state, work


@compiled()
def _lanes(groups: Any, rows: Any, kind: Any) -> Any:
    """Return zeros of shape (groups, rows, 8), from a cache line on, with the dtype of an array."""
    size = groups * rows * LANES
    raw = np.zeros(size + _LINE // kind.itemsize, kind.dtype)
    skip = -raw.ctypes.data % _LINE // kind.itemsize
    return raw[skip : skip + size].reshape(groups, rows, LANES)
