# SPDX-License-Identifier: MIT
"""Real features as a bank: thresholds from the base classes alone, and the bits of all samples."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.bits import word_count
from sim.data.bank_file import BankFile
from sim.data.feature_binarizer import BinarizerSpec, FeatureBinarizer, projected
from sim.data.features import FeaturePart, FeatureSet
from sim.work.arrays_file import encode_arrays, load_arrays
from sim.work.errors import UserError

__all__ = [
    "SEED",
    "binarize",
    "constant_bits",
    "encode_binarizer",
    "fit_binarizer",
    "read_binarizer",
]

#: Seed of NumPy's default generator, from which the signs of projections are drawn.
SEED = 0

_FITTED = 2**24  # values of base samples in memory at a time: 128 MiB in double precision
_STEPS_LOG2 = 16  # the largest feature of a base sample is below 2^16 steps
_LEAST_LOG2 = -800  # of a step, so that no feature overflows when it is divided by it


def fit_binarizer(
    spec: BinarizerSpec, features: FeatureSet, classes: NDArray[np.int64]
) -> FeatureBinarizer:
    """Fit a binarizer on the training samples of some classes.

    Threshold ``p`` of P is the quantile ``(p + 1)/(P + 1)``, linear between samples, so that P = 1
    is the median. Hardware then compares a feature with stored numbers; nothing is scaled.

    Parameters
    ----------
    spec : BinarizerSpec
        Kind and size. ``sign`` compares with 0, and is fitted on no sample.
    features : FeatureSet
    classes : ndarray of integers
        Base classes; samples of others are not read.

    Raises
    ------
    UserError
        If a feature of these classes is not finite.
    """
    train = features.train
    if not spec.fitted:
        return FeatureBinarizer(spec=spec, thresholds=np.zeros((train.n_features, 1)))
    base = train.of_classes(classes)
    labels = tuple(int(label) for label in np.sort(classes))
    about: dict[str, Any] = {
        "labels": labels,
        "names": tuple(features.class_names[label] for label in labels),
    }
    if spec.kind != "projection":
        return FeatureBinarizer(spec=spec, thresholds=_of_features(base, spec.size), **about)
    drawn = np.random.default_rng(SEED).integers(0, 2, (spec.size, train.n_features), np.int8)
    signs = (2 * drawn - 1).astype(np.int8)
    largest = max(float(np.abs(v).max()) for _, v in base.blocks(base.n_features))
    step = float(2.0 ** max(np.frexp(largest)[1] - _STEPS_LOG2, _LEAST_LOG2))
    thresholds = _of_sums(base, signs, step)
    return FeatureBinarizer(spec=spec, thresholds=thresholds, signs=signs, step=step, **about)


def binarize(
    features: FeatureSet,
    binarizer: FeatureBinarizer,
    digest: str,
    advance: Callable[[int], object],
) -> BankFile:
    """Return the binary embeddings of a data set, of no known network.

    Parameters
    ----------
    features : FeatureSet
    binarizer : FeatureBinarizer
        For as many features a sample.
    digest : str
        SHA-256 of the file of the binarizer.
    advance : callable
        Called with the number of samples coded since its last call.

    Raises
    ------
    UserError
        If a feature is not finite.
    """
    parts = [_coded(part, binarizer, advance) for part in (features.train, features.test)]
    spec = binarizer.spec
    fitted = binarizer.classes_among(features.class_names)
    return BankFile(
        features=binarizer.bits,
        train=parts[0],
        train_labels=features.train.labels,
        test=parts[1],
        test_labels=features.test.labels,
        class_names=features.class_names,
        data=features.name,
        data_sha256="",
        provenance=f"{features.provenance}; {features.train.n_features} features coded by {spec}",
        network_sha256="",
        pretraining={
            "binarizer": {"code": str(spec), "sha256": digest},
            "classes": {"data": features.name, "names": fitted},
        },
    )


def constant_bits(bank: BankFile) -> int:
    """Return how many bits are the same in all training samples of a bank."""
    always, ever = np.bitwise_and.reduce(bank.train), np.bitwise_or.reduce(bank.train)
    return bank.features - int(np.bitwise_count(always ^ ever).sum())


def encode_binarizer(binarizer: FeatureBinarizer) -> bytes:
    """Return the content of the file of a binarizer: an npz archive, then its SHA-256."""
    arrays: dict[str, NDArray[Any]] = {
        "code": np.array(str(binarizer.spec)),
        "thresholds": binarizer.thresholds,
        "labels": np.array(binarizer.labels, np.int64),
        "names": np.array(binarizer.names, np.str_),
    }
    if binarizer.signs is not None:
        arrays |= {"signs": binarizer.signs, "step": np.array(binarizer.step)}
    return encode_arrays(arrays)


def read_binarizer(path: Path) -> FeatureBinarizer:
    """Read the file of a binarizer.

    Raises
    ------
    UserError
        If it cannot be read, is damaged or holds something else.
    """
    arrays = load_arrays(path)
    try:
        return FeatureBinarizer(
            spec=BinarizerSpec.parse(str(arrays["code"])),
            thresholds=arrays["thresholds"],
            signs=arrays.get("signs"),
            step=float(arrays.get("step", 0.0)),
            labels=tuple(arrays["labels"].tolist()),
            names=tuple(arrays["names"].tolist()),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path} must be a binarizer that engram bank wrote: {error}") from error


def _of_features(base: FeaturePart, size: int) -> NDArray[np.float64]:
    """Return the quantiles of every feature, some features at a time."""
    thresholds = np.empty((base.n_features, size))
    width = max(1, _FITTED // len(base.rows))
    for start in range(0, base.n_features, width):
        columns = slice(start, min(start + width, base.n_features))
        values = np.empty((columns.stop - start, len(base.rows)))
        for places, block in base.blocks(columns.stop - start, columns):
            values[:, places] = block.T
        thresholds[columns] = _quantiles(values, size)
    return thresholds


def _of_sums(base: FeaturePart, signs: NDArray[np.int8], step: float) -> NDArray[np.float64]:
    """Return the medians of all projections, some projections at a time."""
    thresholds = np.empty((len(signs), 1))
    width = max(1, _FITTED // len(base.rows))
    for start in range(0, len(signs), width):
        some = signs[start : start + width]
        values = np.empty((len(some), len(base.rows)))
        for places, block in base.blocks(max(some.shape)):
            values[:, places] = projected(block, some, step).T
        thresholds[start : start + width] = _quantiles(values, 1)
    return thresholds


def _quantiles(values: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Return the thresholds (V, size) of values (V, n_samples), whose order is lost."""
    levels = np.arange(1, size + 1) / (size + 1)
    found = np.quantile(values, levels, axis=1, overwrite_input=True).T
    # Interpolation between equal samples can be a rounding error below the quantile before it.
    return np.maximum.accumulate(found, axis=1)


def _coded(
    part: FeaturePart, binarizer: FeatureBinarizer, advance: Callable[[int], object]
) -> NDArray[np.uint64]:
    packed = np.empty((len(part.rows), word_count(binarizer.bits)), np.uint64)
    for places, block in part.blocks(max(part.n_features, binarizer.bits)):
        packed[places] = binarizer.encode(block)
        advance(len(block))
    return packed
