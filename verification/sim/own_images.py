# SPDX-License-Identifier: MIT
"""Small images of a few classes, each a colour with noise, in the layouts that a user may bring."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["NAMES", "pixels", "save_image", "write_classes", "write_split"]

#: Classes; the order of folders is that of their names, not this one.
NAMES = ("dog", "cat", "cow", "ant")


def pixels(label: int, count: int, side: int = 8, colours: int = 3) -> NDArray[np.uint8]:
    """Return images of a class, the same at every call."""
    rng = np.random.default_rng(label)
    shade = rng.integers(30, 226, colours)
    noisy = shade + rng.normal(0, 12, (count, side, side, colours))
    return noisy.clip(0, 255).astype(np.uint8)


def save_image(path: Path, image: NDArray[np.uint8]) -> None:
    """Write an image of (height, width, colours) into a file, in the format of its ending."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image[..., 0] if image.shape[2] == 1 else image).save(path)


def write_classes(folder: Path, count: int = 12, side: int = 8, colours: int = 3) -> Path:
    """Write a folder of PNG images for each class, and return the folder."""
    for label, name in enumerate(NAMES):
        for number, image in enumerate(pixels(label, count, side, colours)):
            save_image(folder / name / f"{number:03}.png", image)
    return folder


def write_split(folder: Path, train: int = 10, test: int = 3, side: int = 8) -> Path:
    """Write the folders ``train`` and ``test`` of such folders, and return their parent."""
    for label, name in enumerate(NAMES):
        for number, image in enumerate(pixels(label, train + test, side)):
            part = "train" if number < train else "test"
            save_image(folder / part / name / f"{number:03}.png", image)
    return folder
