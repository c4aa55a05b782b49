# SPDX-License-Identifier: MIT
"""Binarizers of real features from any network: comparisons with thresholds that are stored."""

import re
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from golden.bits import pack

__all__ = ["CODES", "BinarizerSpec", "FeatureBinarizer", "Kind", "projected"]

Kind = Literal["sign", "median", "thermometer", "projection"]

#: How a user writes each binarizer.
CODES = ("sign", "median", "thermometer:P", "projection:N")

_MOST = {"thermometer": 64, "projection": 2**20}  # thresholds a feature; projections
_STEPS = 2**20  # steps at which a rounded feature saturates: sums of 2^33 of them are exact


@dataclass(frozen=True)
class BinarizerSpec:
    """What a user asks for: a kind of binarizer and its size.

    Parameters
    ----------
    kind : {"sign", "median", "thermometer", "projection"}
    size : int
        Thresholds a feature, or projections; 1 for ``sign`` and ``median``.
    """

    kind: Kind
    size: int = 1

    @classmethod
    def parse(cls, text: str) -> "BinarizerSpec":
        """Return the binarizer that a text such as ``thermometer:4`` names.

        Raises
        ------
        ValueError
            If it names none, or a size out of range.
        """
        kind, _, size = text.partition(":")
        if text in ("sign", "median"):
            return cls(cast(Kind, text))
        if kind not in _MOST or not re.fullmatch(r"[0-9]{1,9}", size):
            raise ValueError(f"must be one of {', '.join(CODES)}, not {text!r}")
        if not 1 <= int(size) <= _MOST[kind]:
            raise ValueError(f"must be {kind}:1 to {kind}:{_MOST[kind]}, not {text!r}")
        return cls(cast(Kind, kind), int(size))

    def __str__(self) -> str:
        return self.kind if self.kind in ("sign", "median") else f"{self.kind}:{self.size}"

    @property
    def fitted(self) -> bool:
        """Whether its thresholds come from samples."""
        return self.kind != "sign"


@dataclass(frozen=True, eq=False, kw_only=True)
class FeatureBinarizer:
    """Compares each value with its thresholds, which hardware stores; a bit is 1 from one on.

    The values are the features themselves or, for ``projection``, sums of features with signs. The
    features of a sum are first rounded to whole steps, a half upwards, and saturate at ``+-2^20``
    steps. The step is a power of two. So a sum is one of integers, whose bits depend neither on
    the order of its terms nor on the machine, and hardware needs no multiplier for it.

    Parameters
    ----------
    spec : BinarizerSpec
        Kind and size.
    thresholds : ndarray of shape (V, P), float64
        Thresholds of each of V values, ascending. Bit ``P v + p`` is 1 where value ``v`` reaches
        threshold ``p``. Those of sums are in steps.
    signs : ndarray of shape (V, D), int8, or None
        -1 or +1 for each projection and feature; None where the values are the features.
    step : float
        Step of a feature in a sum; 0 where there are no sums.
    labels : tuple of int
        Classes whose training samples gave the thresholds, as they were numbered then.
    names : tuple of str
        Names of these classes.

    Raises
    ------
    ValueError
        If shapes or values do not fit together.
    """

    spec: BinarizerSpec
    thresholds: NDArray[np.float64]
    signs: NDArray[np.int8] | None = None
    step: float = 0.0
    labels: tuple[int, ...] = ()
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        shape = self.thresholds.shape
        per_value = 1 if self.spec.kind == "projection" else self.spec.size
        if len(shape) != 2 or not shape[0] or shape[1] != per_value:
            raise ValueError(f"Thresholds must be {per_value} for each value, not of shape {shape}")
        if not np.isfinite(self.thresholds).all() or (np.diff(self.thresholds) < 0).any():
            raise ValueError("Thresholds of a value must be finite numbers in ascending order")
        if (self.signs is None) == (self.spec.kind == "projection"):
            raise ValueError("Signs must be there for a projection, and for no other binarizer")
        if self.signs is not None:
            if len(self.signs) != shape[0] or not (np.abs(self.signs) == 1).all():
                raise ValueError(f"Signs must be -1 or +1, for each of {shape[0]} projections")
            if not 0 < self.step < np.inf or np.frexp(self.step)[0] != 0.5:
                raise ValueError(f"Step must be a power of two, not {self.step}")
        if len(self.labels) != len(self.names):
            raise ValueError(f"Names must be {len(self.labels)}, one a class, not {self.names}")

    @property
    def n_features(self) -> int:
        """D, features of a sample."""
        return len(self.thresholds) if self.signs is None else self.signs.shape[1]

    @property
    def bits(self) -> int:
        """Bits of a binary embedding."""
        return self.thresholds.size

    def encode(self, features: NDArray[np.float64]) -> NDArray[np.uint64]:
        """Return the packed bits of features.

        Parameters
        ----------
        features : ndarray of shape (n_samples, D), float64
            Finite features.

        Returns
        -------
        ndarray of shape (n_samples, ceil(bits/64)), uint64
        """
        values = features
        if self.signs is not None:
            values = projected(features, self.signs, self.step)
        bits = values[:, :, np.newaxis] >= self.thresholds
        return pack(bits.reshape(len(bits), -1))

    def classes_among(self, names: tuple[str, ...]) -> list[str]:
        """Return which classes of a bank are those whose samples gave the thresholds.

        A class is the same if it has the same name. Where one side has numbers for names, it is
        the same if it has the same number.

        Parameters
        ----------
        names : tuple of str
            Names of the classes of the bank, in the order of their numbers.
        """
        unnamed = names == tuple(map(str, range(len(names))))
        if unnamed or self.names == tuple(map(str, self.labels)):
            return [name for label, name in enumerate(names) if label in self.labels]
        return [name for name in names if name in self.names]


def projected(
    features: NDArray[np.float64], signs: NDArray[np.int8], step: float
) -> NDArray[np.float64]:
    """Return sums of features with signs, in steps: exact integers, whatever the order of terms.

    Parameters
    ----------
    features : ndarray of shape (n_samples, D), float64
    signs : ndarray of shape (V, D), int8
        -1 or +1.
    step : float
        A power of two.

    Returns
    -------
    ndarray of shape (n_samples, V), float64
    """
    steps = np.floor(np.clip(features / step, -_STEPS, _STEPS) + 0.5)
    return steps @ signs.T.astype(np.float64)
