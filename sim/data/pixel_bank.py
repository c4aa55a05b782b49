# SPDX-License-Identifier: MIT
"""A bank whose embeddings are the pixels themselves, in the code of a thermometer."""

from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from golden.bits import pack, word_count
from golden.params import MapShape, ThermometerParams
from golden.thermometer import Thermometer
from sim.data.bank import Bank
from sim.data.datasets import ImageSet
from sim.data.sections import DataConfig
from sim.work.cache import NO_CACHE, Cache, digest_of

__all__ = ["build_bank"]

Packed = NDArray[np.uint64]

CHUNK = 512  # images encoded at a time, to bound the unpacked bits in memory


def build_bank(
    images: ImageSet,
    data: DataConfig,
    order: NDArray[np.int64],
    tasks: tuple[range, ...],
    cache: Cache = NO_CACHE,
) -> Bank:
    """Encode a data set with the thermometer; the pixels themselves are the features.

    Parameters
    ----------
    images : ImageSet
        Data set.
    data : DataConfig
        Its `bits` b and `levels` T; pixels of more bits are shifted right.
    order : ndarray of shape (n_classes,), int64
        Class at each position.
    tasks : tuple of range
        Class positions that each task brings.
    cache : Cache
        Cache of encoded images; an entry serves every class order and every split into tasks.

    Raises
    ------
    ValueError
        If the pixels have fewer than b bits.
    """
    if data.bits > images.pixel_bits:
        raise ValueError(
            f"must be at most the {images.pixel_bits} bits of a {images.name} pixel, "
            f"not {data.bits}"
        )
    height, width, channels = images.train_images.shape[1:]
    params = ThermometerParams(
        bits=data.bits,
        levels=data.levels,
        input=MapShape(height=height, width=width, channels=channels),
    )
    position = np.argsort(order)
    shift = np.uint8(images.pixel_bits - data.bits)
    return Bank(
        features=params.output.size,
        train=_encode(images.train_images >> shift, params, cache),
        train_labels=position[images.train_labels],
        test=_encode(images.test_images >> shift, params, cache),
        test_labels=position[images.test_labels],
        tasks=tasks,
        class_names=tuple(images.class_names[label] for label in order),
        thermometer=params,
        provenance=images.provenance,
    )


def _encode(pixels: NDArray[np.uint8], params: ThermometerParams, cache: Cache) -> Packed:
    about = {"pixels": digest_of(pixels), "thermometer": asdict(params)}
    return cache.get_or_make("bank", about, lambda: {"packed": _packed(pixels, params)})["packed"]


def _packed(pixels: NDArray[np.uint8], params: ThermometerParams) -> Packed:
    thermometer = Thermometer(params)
    packed = np.empty((len(pixels), word_count(params.output.size)), np.uint64)
    for start in range(0, len(pixels), CHUNK):
        bits = thermometer.encode(pixels[start : start + CHUNK])
        packed[start : start + CHUNK] = pack(bits.reshape(len(bits), -1))
    return packed
