# SPDX-License-Identifier: MIT
"""Tiny ImageNet from the folder of the published archive."""

import io
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sim.data.datasets.imageset import ImageSet
from sim.work.errors import UserError
from sim.work.files import find_file, read_bytes, read_text

__all__ = ["load_tiny_imagenet", "shrink"]

_PUBLISHED = "http://cs231n.stanford.edu/tiny-imagenet-200.zip"
_FOLDERS = ("tiny-imagenet-200", ".")
_SIDE = 32

# A file of an archive and its class.
_Labelled = tuple[Path, int]


def load_tiny_imagenet(data_dir: Path, advance: Callable[[int, int], None]) -> ImageSet:
    """Load Tiny ImageNet, with the validation images as test images, at 32 x 32 pixels.

    Classes are in the order of their WordNet identifiers, and the images of a class in that of
    their numbers. Grey images become coloured. Images of 64 x 64, as published, are shrunk by area.

    Parameters
    ----------
    data_dir : Path
        The folder ``tiny-imagenet-200``, or the one above it. It holds ``wnids.txt``,
        ``words.txt``, ``train/WNID/images/*.JPEG``, ``val/images`` and ``val/val_annotations.txt``.
    advance : callable
        Called with the number of images read and the number of all, class after class.

    Returns
    -------
    ImageSet
        As archived, 100000 training and 10000 test images of 32 x 32 x 3 pixels of 8 bits.

    Raises
    ------
    UserError
        If a file is missing or damaged, an image has another size, or an annotation names no class.
    """
    folder = _folder(data_dir)
    wnids = sorted(read_text(folder / "wnids.txt").split())
    if len(set(wnids)) != len(wnids) or not wnids:
        raise UserError(f"{folder / 'wnids.txt'} must name classes, each once")
    train = [(path, c) for c, wnid in enumerate(wnids) for path in _train_files(folder, wnid)]
    test = _test_files(folder, wnids)
    total = len(train) + len(test)
    train_images = _images([path for path, _ in train], lambda done: advance(done, total))
    test_images = _images(
        [path for path, _ in test], lambda done: advance(len(train) + done, total)
    )
    return ImageSet(
        name="tiny-imagenet",
        train_images=train_images,
        train_labels=np.array([c for _, c in train], np.int64),
        test_images=test_images,
        test_labels=np.array([c for _, c in test], np.int64),
        pixel_bits=8,
        class_names=_class_names(folder, wnids),
        provenance="Tiny ImageNet, training and validation images, ordered by class and number",
    )


def shrink(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Shrink a square image by area: each pixel is the mean of a block, a half rounded up.

    Parameters
    ----------
    pixels : ndarray of shape (n*side, n*side, channels), uint8
    side : int
        Height and width of the result, in pixels.

    Returns
    -------
    ndarray of shape (side, side, channels), uint8
    """
    block = len(pixels) // side
    sums = pixels.reshape(side, block, side, block, -1).astype(np.uint32).sum((1, 3))
    return ((2 * sums + block**2) // (2 * block**2)).astype(np.uint8)


def _folder(data_dir: Path) -> Path:
    places = [data_dir / name for name in _FOLDERS]
    found = find_file(place / "wnids.txt" for place in places)
    if found is None:
        raise UserError(
            f"Tiny ImageNet's wnids.txt is neither in {places[0]} nor in {data_dir}; the archive "
            f"is published at {_PUBLISHED}"
        )
    return found.parent


def _train_files(folder: Path, wnid: str) -> list[Path]:
    images = folder / "train" / wnid / "images"
    files = sorted(images.glob("*.JPEG"), key=_number)
    if not files:
        raise UserError(f"{images} must hold the training images of class {wnid}, *.JPEG")
    return files


def _test_files(folder: Path, wnids: Sequence[str]) -> list[_Labelled]:
    """Return the validation images by class and number, and their classes."""
    annotations = folder / "val" / "val_annotations.txt"
    places = {wnid: c for c, wnid in enumerate(wnids)}
    files: list[_Labelled] = []
    for line, text in enumerate(read_text(annotations).splitlines(), start=1):
        fields = text.split("\t")
        if len(fields) < 2 or fields[1] not in places:
            raise UserError(
                f"{annotations}, line {line}: must be an image's name, a tab and a class of "
                f"wnids.txt, not {text[:60]!r}"
            )
        files.append((folder / "val" / "images" / fields[0], places[fields[1]]))
    if not files:
        raise UserError(f"{annotations} must name validation images, not none")
    return sorted(files, key=lambda file: (file[1], _number(file[0])))


def _number(path: Path) -> tuple[int, str]:
    """Return the number at the end of an image's name, by which a class is ordered."""
    digits = path.stem.rpartition("_")[2]
    return (int(digits) if digits.isdecimal() else 0, path.name)


def _images(paths: Sequence[Path], done: Callable[[int], None]) -> NDArray[np.uint8]:
    images = np.empty((len(paths), _SIDE, _SIDE, 3), np.uint8)
    with ThreadPoolExecutor() as pool:  # the decoder runs without Python's lock
        for i, image in enumerate(pool.map(_decode, paths)):
            images[i] = image
            if (i + 1) % 1000 == 0 or i + 1 == len(paths):
                done(i + 1)
    return images


def _decode(path: Path) -> NDArray[np.uint8]:
    content = read_bytes(path)
    try:
        pixels = np.asarray(Image.open(io.BytesIO(content), formats=["JPEG"]).convert("RGB"))
    except (OSError, ValueError, SyntaxError) as error:
        raise UserError(f"{path} is damaged: it is no whole JPEG image") from error
    height, width, _ = pixels.shape
    if height != width or height % _SIDE or not height:
        raise UserError(
            f"{path} must be of 32 x 32 pixels, 64 x 64 or another multiple, not {height} x {width}"
        )
    return shrink(pixels, _SIDE)


def _class_names(folder: Path, wnids: Sequence[str]) -> tuple[str, ...]:
    """Return the first word for each class; two classes of one word have their identifiers too."""
    words = dict(
        line.split("\t", 1) for line in read_text(folder / "words.txt").splitlines() if "\t" in line
    )
    missing = [wnid for wnid in wnids if wnid not in words]
    if missing:
        raise UserError(f"{folder / 'words.txt'} must have a line for class {missing[0]}")
    names = [words[wnid].split(",")[0].strip() for wnid in wnids]
    return tuple(
        name if names.count(name) == 1 else f"{name} ({wnid})"
        for name, wnid in zip(names, wnids, strict=True)
    )
