# SPDX-License-Identifier: MIT
"""Sampler of prototypes whose bits depend on one another through shared factors (contract, 13)."""

import math
from collections.abc import Iterator, Mapping
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from golden.faults import Faults, ReadErrors
from golden.lfsr import Lfsr
from golden.params import CorrelatedSamplerParams, Stream, stream_seed
from golden.params.checks import check_integer
from golden.params.correlated import MAX_SHIFT, MAX_SUM
from golden.sampler import Beat, Sampler

__all__ = ["SCALE_UNIT", "CorrelatedSampler", "deviation", "noise_table", "threshold_table"]

SCALE_UNIT = 64  # a scale g multiplies a threshold by 1 + g / 64
HIGHEST_SCALE = 255  # a scale has 8 bits
BEYOND = 2**40  # magnitude of a threshold that no sum reaches


class CorrelatedSampler(Sampler):
    """Parallel sampler that adds factors to the noise of its lanes.

    Before `load_basis`, all loadings are 0, and every bit is that of `Sampler`.

    Parameters
    ----------
    params : CorrelatedSamplerParams
    faults : Faults, optional
        Cells of the prototype memory that fail; the basis never does.
    read_errors : ReadErrors, optional
        Errors of single reads of the prototypes.

    Attributes
    ----------
    factor_lfsr : Lfsr
        Source of the factors, R words an exemplar.
    loadings : ndarray of shape (B*L, R), int8
        Loadings of all lanes, row after row; 0 past D. Only `load_basis` writes them.
    scales : ndarray of shape (B*L,), uint8
        Scale g of the thresholds of each lane, which follows from its loadings.
    shift : int
        e, the exponent of all loadings.
    refused : bool
        Whether a basis has been refused.
    """

    params: CorrelatedSamplerParams

    def __init__(
        self,
        params: CorrelatedSamplerParams,
        faults: Faults | None = None,
        read_errors: ReadErrors | None = None,
    ) -> None:
        super().__init__(params, faults, read_errors)
        lanes = params.prototypes.beats * params.prototypes.lanes
        self.factor_lfsr = Lfsr(params.factor_lfsr)
        self.loadings = np.zeros((lanes, params.rank), np.int8)
        self.scales = np.zeros(lanes, np.uint8)
        self.shift = 0
        self.refused = False

    def load_basis(self, loadings: ArrayLike, shift: int) -> bool:
        """Replace the loadings of all features, and with them the scales.

        Parameters
        ----------
        loadings : array-like of shape (D, R), integers
            Signed words of q_a bits.
        shift : int
            e, 0..15.

        Returns
        -------
        bool
            False if a loading is ``-2^(q_a - 1)``, or a sum could exceed ``2^30 - 1``. Then
            `refused` is set, and all loadings, scales and e are 0.

        Raises
        ------
        TypeError, ValueError
            If an argument is not as above. Nothing changes.
        """
        p = self.params
        check_integer("Shift e", shift, 0, MAX_SHIFT)
        codes = _check_loadings(loadings, p)
        # Factors are at most n_f in magnitude.
        largest = int(np.abs(codes).sum(axis=1).max()) * p.factor_width << shift
        if largest > MAX_SUM or (codes < -p.highest_loading).any():
            self.refused, self.shift = True, 0
            self.loadings[:], self.scales[:] = 0, 0
            return False
        self.loadings[: len(codes)] = codes
        squares = np.square(codes).sum(axis=1).tolist()
        self.scales[: len(codes)] = [_scale(square, shift, p) for square in squares]
        self.shift = shift
        return True

    def reseed(self, seed: int) -> None:
        """Load the seeds of user seed `seed` into all LFSRs, as `Sampler.reseed` does."""
        super().reseed(seed)
        self.factor_lfsr.load(stream_seed(seed, Stream.FACTOR))

    def beats(self, label: int) -> Iterator[Beat]:
        """Serve one request for class `label`: its component, and then its beats.

        Random words are used only when a beat is taken; the factors of an exemplar are drawn with
        its first one.
        """
        first = self.prototypes.first_component(label)
        component = first + self.selector.component(self.prototypes.thresholds_of(label))
        p, repeats = self.params.prototypes, self.params.draws_per_read
        sums = np.zeros((repeats, len(self.loadings)), np.int64)
        for beat in range(p.beats):
            lanes = slice(beat * p.lanes, (beat + 1) * p.lanes)
            thresholds = self._thresholds(self._row(component, beat), self.scales[lanes])
            for exemplar in range(repeats):
                if beat == 0:
                    factors = [self._factor() for _ in range(self.params.rank)]
                    sums[exemplar] = self.loadings @ np.array(factors, np.int64) << self.shift
                bits = sums[exemplar, lanes] + self._noise() < thresholds
                word = sum(int(bit) << lane for lane, bit in enumerate(bits))
                yield Beat(word, label, last=beat == p.beats - 1, exemplar=exemplar)

    def basis_rows(self) -> list[int]:
        """Return the memory image of the basis: every row as an integer of L*q_a bits.

        Row ``b*R + k`` holds the loadings of factor ``k``, from 0, for the features of beat ``b``.
        """
        p, width = self.params.prototypes, self.params.loading_width
        rows = self.loadings.reshape(p.beats, p.lanes, self.params.rank).transpose(0, 2, 1)
        return [
            sum(loading % 2**width << lane * width for lane, loading in enumerate(row))
            for row in rows.reshape(-1, p.lanes).tolist()
        ]

    def state_dict(self) -> dict[str, NDArray]:
        """Return everything that `load_state` needs, with the basis, as arrays."""
        return {
            "correlated_loadings": self.loadings[: self.params.prototypes.features].copy(),
            "correlated_shift": np.array(self.shift),
            "correlated_refused": np.array(self.refused),
            "correlated_state": np.array(self.factor_lfsr.state, np.uint64),
            "correlated_ticks": np.array(self.factor_lfsr.ticks),
            **super().state_dict(),
        }

    def load_state(self, state: Mapping[str, NDArray]) -> None:
        """Continue, bit for bit, from where `state_dict` was called.

        Raises
        ------
        ValueError
            If the state belongs to a sampler with other parameters.
        """
        self.load_basis(state["correlated_loadings"], int(state["correlated_shift"]))
        self.refused = bool(state["correlated_refused"])
        super().load_state(state)
        self.factor_lfsr.state = int(state["correlated_state"])
        self.factor_lfsr.ticks = int(state["correlated_ticks"])

    def _factor(self) -> int:
        """Draw a factor: the ones less the zeros of the next word."""
        return 2 * self.factor_lfsr.tick().bit_count() - self.params.factor_width

    def _noise(self) -> NDArray[np.int64]:
        """Draw the noise of the lanes of a beat, from one word of every plane."""
        words = np.array([lfsr.tick() for lfsr in self.lfsrs], np.uint64)
        self.planes_read += len(words)
        lanes = np.arange(self.params.prototypes.lanes, dtype=np.uint64)
        planes = (words[:, None] >> lanes & np.uint64(1)).astype(np.int64)
        weights = 2 ** np.arange(len(words) - 1, -1, -1)
        return noise_table(len(words))[weights @ planes]

    def _thresholds(self, codes: list[int], scales: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Return the thresholds of the lanes of a beat."""
        marks = threshold_table(self.params.prototypes.code_width)[codes]
        scaled = np.abs(marks) * (SCALE_UNIT + scales.astype(np.int64)) + SCALE_UNIT // 2
        return np.sign(marks) * (scaled // SCALE_UNIT)


def deviation(code_width: int) -> int:
    """Return S, the standard deviation of the noise of a lane, for codes of q bits."""
    return 2 ** max(code_width, 8)


@lru_cache
def noise_table(code_width: int) -> NDArray[np.int64]:
    """Return N: the noise of a lane for each of its random words of q bits.

    Returns
    -------
    ndarray of shape (2**q,), int64
        Shared between calls and therefore read-only.
    """
    scale, count = deviation(code_width), 2**code_width
    return _fixed([math.floor(scale * _quantile(2 * r + 1, 2 * count)) for r in range(count)])


@lru_cache
def threshold_table(code_width: int) -> NDArray[np.int64]:
    """Return the threshold of each code of q bits for a lane without loadings.

    Returns
    -------
    ndarray of shape (2**q,), int64
        Of the magnitude `BEYOND` for the codes that are never and always 1. Shared between calls
        and therefore read-only.
    """
    scale, count = deviation(code_width), 2**code_width
    shares = range(count // 2 + 1, count)
    upper = [math.floor(scale * _quantile(share, count) + 0.5) for share in shares]
    return _fixed([-BEYOND, *(-u for u in reversed(upper)), *upper, BEYOND])


def _quantile(share: int, whole: int) -> float:
    """Return the quantile of the standard normal distribution for ``share / whole``."""
    return NormalDist().inv_cdf(share / whole)


def _fixed(values: list[int]) -> NDArray[np.int64]:
    """Return values as a read-only array."""
    table = np.array(values, np.int64)
    table.flags.writeable = False
    return table


def _scale(square: int, shift: int, params: CorrelatedSamplerParams) -> int:
    """Return g of a lane whose squared loadings have the sum `square`.

    The factors give the sum of the lane the variance ``V = n_f * square * 4^e``, and its noise adds
    ``S^2``. The scale is ``round(64 * sqrt((V + S^2) / S^2)) - 64``, at most 255.
    """
    noise = deviation(params.prototypes.code_width) ** 2
    total = (params.factor_width * square << 2 * shift) + noise
    doubled = math.isqrt((2 * SCALE_UNIT) ** 2 * total // noise)  # floor of twice the root
    return min(HIGHEST_SCALE, (doubled + 1) // 2 - SCALE_UNIT)


def _check_loadings(loadings: ArrayLike, params: CorrelatedSamplerParams) -> NDArray[np.int64]:
    """Return loadings as int64; raise unless they are integers of their width and shape."""
    array = np.asarray(loadings)
    shape, highest = (params.prototypes.features, params.rank), params.highest_loading
    lowest = -highest - 1
    span = f"integers in {lowest}..{highest}"
    if array.dtype.kind not in "iu":
        raise TypeError(f"Loadings must be {span}, not {array.dtype}")
    if array.shape != shape:
        raise ValueError(f"Loadings must have the shape {shape}, not {array.shape}")
    wrong = (array < lowest) | (array > highest)
    if wrong.any():
        raise ValueError(f"Loadings must be {span}, not {array[wrong][0]}")
    return array.astype(np.int64)
