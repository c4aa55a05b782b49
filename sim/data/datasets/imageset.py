# SPDX-License-Identifier: MIT
"""A labelled image data set in memory."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["ImageSet"]


@dataclass(frozen=True, eq=False, kw_only=True)
class ImageSet:
    """Training and test images with their labels.

    Parameters
    ----------
    name : str
        Name of the data set.
    train_images, test_images : (n_samples, height, width, channels) uint8
        Pixels in ``0..2**pixel_bits - 1``.
    train_labels, test_labels : (n_samples,) int64
        Class of each image, ``0..n_classes - 1``.
    pixel_bits : int
        Bits of one channel of a pixel at the source.
    class_names : tuple of str
        Name of each class.
    provenance : str
        Origin, split and order of the data.
    """

    name: str
    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.int64]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.int64]
    pixel_bits: int
    class_names: tuple[str, ...]
    provenance: str

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.class_names)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of an image."""
        height, width, channels = self.train_images.shape[1:]
        return (height, width, channels)

    def digest(self) -> str:
        """Return the SHA-256, in hexadecimal, of all images and labels in their order."""
        sha = hashlib.sha256()
        for array in (self.train_images, self.train_labels, self.test_images, self.test_labels):
            sha.update(repr((array.shape, array.dtype.str)).encode())
            sha.update(np.ascontiguousarray(array).data)
        return sha.hexdigest()
