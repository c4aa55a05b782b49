# SPDX-License-Identifier: MIT
"""The images that train and test a network: the base classes, or the classes after them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.data.datasets import ImageSet
from sim.data.embed import pixels_of
from sim.data.held_out import held_out_samples
from sim.data.tasks import class_order
from sim.images.pretrain.sections import ClassesConfig

__all__ = ["BaseSplit", "base_split", "later_split"]

Pixels = NDArray[np.uint8]
Labels = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class BaseSplit:
    """Images of consecutive classes in a class order, such as the base classes.

    Parameters
    ----------
    train_images, test_images : ndarray of shape (n_images, H, W, C), uint8 in ``0..2**b - 1``
    train_labels, test_labels : ndarray of shape (n_images,), int64
        Positions of the classes in the class order, minus the position of the first class.
    """

    train_images: Pixels
    train_labels: Labels
    test_images: Pixels
    test_labels: Labels


def base_split(images: ImageSet, classes: ClassesConfig, bits: int) -> BaseSplit:
    """Return the images of the base classes, in pixels of `bits` bits.

    Held-out training images, if any, replace the test images.

    Parameters
    ----------
    images : ImageSet
    classes : ClassesConfig
        Base classes, their order, and the share of held-out images.
    bits : int
        Bits of a pixel and channel; wider pixels are shifted right.

    Raises
    ------
    ValueError
        If the data set has fewer classes, or too few images to hold out; the message begins with
        the key inside `classes`.
    UserError
        If the pixels have fewer bits.
    """
    base, held_out = classes.base, classes.held_out
    if base > images.n_classes:
        raise ValueError(
            f"base must be at most the {images.n_classes} of {images.name}, not {base}"
        )
    split = _split(images, classes.order, range(base), bits)
    if held_out is None:
        return split
    labels, order = split.train_labels, class_order(images.n_classes, classes.order)
    names = [images.class_names[label] for label in order[:base]]
    try:
        tested = held_out_samples(labels, names, held_out.share, held_out.split_seed)
    except ValueError as error:
        raise ValueError(f"held_out.{error}") from error
    return BaseSplit(
        train_images=split.train_images[~tested],
        train_labels=labels[~tested],
        test_images=split.train_images[tested],
        test_labels=labels[tested],
    )


def later_split(images: ImageSet, order: int | str, base: int, bits: int) -> BaseSplit:
    """Return the images of all classes after the base classes; labels begin at 0 again.

    Parameters
    ----------
    images : ImageSet
    order : int or str
        Class order, see `class_order`.
    base : int
        Number of base classes.
    bits : int
        Bits of a pixel and channel; wider pixels are shifted right.

    Raises
    ------
    ValueError
        If no class is left after the base classes.
    UserError
        If the pixels have fewer bits.
    """
    if base >= images.n_classes:
        raise ValueError(f"must be fewer than the {images.n_classes} of {images.name}, not {base}")
    return _split(images, order, range(base, images.n_classes), bits)


def _split(images: ImageSet, order: int | str, classes: range, bits: int) -> BaseSplit:
    position = np.argsort(class_order(images.n_classes, order))
    parts = {}
    for part in ("train", "test"):
        labels = position[getattr(images, f"{part}_labels")]
        chosen = (labels >= classes.start) & (labels < classes.stop)
        parts[f"{part}_images"] = pixels_of(images, part, bits)[chosen]
        parts[f"{part}_labels"] = labels[chosen] - classes.start
    return BaseSplit(**parts)
