# SPDX-License-Identifier: MIT
"""MNIST and Fashion-MNIST from idx files, plain or compressed with gzip."""

import gzip
import math
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from sim.data.datasets.imageset import ImageSet
from sim.work.errors import UserError
from sim.work.files import find_file, read_bytes

__all__ = ["load_fashion_mnist", "load_mnist", "read_idx"]

_DIGITS = tuple("0123456789")
_CLOTHES = (
    "T-shirt/top",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)  # fmt: skip

# Folder in which torchvision keeps the files, below the folder that the user gives it.
_TORCHVISION = {"mnist": Path("MNIST", "raw"), "fashion-mnist": Path("FashionMNIST", "raw")}

# Third byte of an idx file, the type: unsigned bytes are the only type of these archives.
_UNSIGNED_BYTE = 0x08


def load_mnist(data_dir: Path) -> ImageSet:
    """Load MNIST from ``data_dir/mnist`` or `data_dir`, in the split and order of the archive.

    The loader finds files under their published names, ``train-images-idx3-ubyte``, and under the
    common variant ``train-images.idx3-ubyte``. A file may lie in a folder of the same name, or in
    ``MNIST/raw``, where torchvision keeps it.

    Parameters
    ----------
    data_dir : Path
        Folder of the four idx files, or the one above it.

    Returns
    -------
    ImageSet
        60000 training and 10000 test images of 28 x 28 x 1 pixels of 8 bits.

    Raises
    ------
    UserError
        If a file is missing or damaged.
    """
    published = "https://yann.lecun.com/exdb/mnist/ (copy: https://github.com/cvdfoundation/mnist)"
    return _load("mnist", "MNIST", _DIGITS, data_dir, published)


def load_fashion_mnist(data_dir: Path) -> ImageSet:
    """Load Fashion-MNIST from ``data_dir/fashion-mnist`` or `data_dir`, as `load_mnist` does.

    Its files have the same names as those of MNIST, so keep the two data sets in separate folders.
    """
    published = "https://github.com/zalandoresearch/fashion-mnist"
    return _load("fashion-mnist", "Fashion-MNIST", _CLOTHES, data_dir, published)


def read_idx(path: Path, dimensions: int) -> np.ndarray:
    """Read an idx file of unsigned bytes.

    Parameters
    ----------
    path : Path
        File; it is decompressed if its name ends in ``.gz``.
    dimensions : int
        Number of dimensions that the array must have.

    Returns
    -------
    ndarray of uint8
        The array, writable.

    Raises
    ------
    UserError
        If the file cannot be read, or its magic number, dimensions or length are wrong.
    """
    data = _decompress(path) if path.suffix == ".gz" else read_bytes(path)
    magic = bytes((0, 0, _UNSIGNED_BYTE, dimensions))
    if data[:4] != magic:
        raise UserError(f"{path} must begin with the idx magic {magic.hex()}, not {data[:4].hex()}")
    header = 4 + 4 * dimensions
    if len(data) < header:
        raise UserError(f"{path} must have a header of {header} bytes, not {len(data)}")
    shape = [int(size) for size in np.frombuffer(data, ">u4", dimensions, offset=4)]
    expected = header + math.prod(shape)
    if len(data) != expected:
        size = " x ".join(str(side) for side in shape)
        raise UserError(f"{path} must hold {expected} bytes for {size} items, not {len(data)}")
    return np.frombuffer(data, np.uint8, offset=header).reshape(shape).copy()


def _load(
    name: str, title: str, class_names: tuple[str, ...], data_dir: Path, published: str
) -> ImageSet:
    folders = (data_dir / name, data_dir)

    def locate(stem: str) -> Path:
        places = (*folders, data_dir / _TORCHVISION[name])
        path = find_file(file for folder in places for file in _spellings(folder, stem))
        if path is None:
            raise UserError(
                f"{title} file {stem} (or {stem}.gz) is neither in {folders[0]} nor in "
                f"{folders[1]}; it is published at {published}"
            )
        return path

    def part(stem: str) -> tuple[np.ndarray, np.ndarray]:
        images_path, labels_path = (
            locate(f"{stem}-images-idx3-ubyte"),
            locate(f"{stem}-labels-idx1-ubyte"),
        )
        images, labels = read_idx(images_path, 3), read_idx(labels_path, 1)
        if len(images) != len(labels):
            raise UserError(
                f"{labels_path} must hold {len(images)} labels, one for every image, "
                f"not {len(labels)}"
            )
        if labels.size and labels.max() >= len(class_names):
            raise UserError(
                f"{labels_path} must hold labels in 0..{len(class_names) - 1}, not {labels.max()}"
            )
        return images[..., np.newaxis], labels.astype(np.int64)

    train_images, train_labels = part("train")
    test_images, test_labels = part("t10k")
    if train_images.shape[1:] != test_images.shape[1:]:
        raise UserError(
            f"{title} test images must be of the {train_images.shape[1:3]} pixels of the training "
            f"images, not {test_images.shape[1:3]}"
        )
    return ImageSet(
        name=name,
        train_images=train_images,
        train_labels=train_labels,
        test_images=test_images,
        test_labels=test_labels,
        pixel_bits=8,
        class_names=class_names,
        provenance=f"{title} idx files, split and order of the archive",
    )


def _spellings(folder: Path, stem: str) -> Iterator[Path]:
    """Yield the paths that a file may have in a folder, under each known variant of its name."""
    names = (stem, stem.replace("-idx", ".idx"))
    for name in names:
        yield from (folder / name, folder / f"{name}.gz")
    yield from (folder / outer / inner for outer in names for inner in names)


def _decompress(path: Path) -> bytes:
    try:
        return gzip.decompress(read_bytes(path))
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        reason = "it is cut short" if isinstance(error, EOFError) else str(error)
        raise UserError(f"{path} is damaged: {reason}") from error
