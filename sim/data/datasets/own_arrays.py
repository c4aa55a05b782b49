# SPDX-License-Identifier: MIT
"""Images of a user in arrays: an archive ``.npz``, a folder of ``.npy`` or of idx files."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.data.datasets.idx import read_idx
from sim.data.datasets.imageset import ImageSet
from sim.data.datasets.own_folder import called, resized
from sim.work.errors import UserError
from sim.work.npy_file import open_array, read_archive

__all__ = ["has_idx", "load_archive", "load_arrays_folder", "load_idx_folder"]

_ARRAYS = ("train_images", "train_labels", "test_images", "test_labels")
_MOST_COLOURS = 4

# Ends of the names of idx files by array; MNIST's own begin with nothing, EMNIST's with their set.
_IDX = {
    "train_images": ("train-images", 3),
    "train_labels": ("train-labels", 1),
    "test_images": ("(?:t10k|test)-images", 3),
    "test_labels": ("(?:t10k|test)-labels", 1),
}


def load_archive(path: Path, size: tuple[int, int] | None) -> ImageSet:
    """Load ``train_images, train_labels, test_images, test_labels`` of an ``.npz`` archive.

    Images are bytes of shape (n_samples, height, width) or (n_samples, height, width, colours), and
    labels integers from 0. An array ``class_names``, if there is one, has the names of the classes;
    else their numbers are their names.

    Parameters
    ----------
    path : Path
    size : (int, int) or None
        Height and width that all images are given; None for those that they have.

    Raises
    ------
    UserError
        If the file cannot be read, or its arrays do not fit together.
    """
    arrays = read_archive(path)
    if missing := [name for name in _ARRAYS if name not in arrays]:
        raise UserError(f"{path} must hold {', '.join(_ARRAYS)}, and {missing[0]} is missing")
    names = arrays.get("class_names")
    return _image_set(path, arrays, lambda name: f"{path}: {name}", names, size)


def load_arrays_folder(path: Path, size: tuple[int, int] | None) -> ImageSet:
    """Load the same arrays from the files ``train_images.npy`` and so on of a folder.

    Parameters
    ----------
    path : Path
    size : (int, int) or None
        As in `load_archive`.

    Raises
    ------
    UserError
        In the same cases.
    """
    arrays = {name: open_array(path / f"{name}.npy") for name in _ARRAYS}
    has_names = (path / "class_names.npy").is_file()
    names = open_array(path / "class_names.npy") if has_names else None
    return _image_set(path, arrays, lambda name: str(path / f"{name}.npy"), names, size)


def has_idx(path: Path) -> bool:
    """Return whether a folder has idx files of training images."""
    return bool(_idx_files(path, *_IDX["train_images"]))


def load_idx_folder(path: Path, size: tuple[int, int] | None) -> ImageSet:
    """Load the same arrays from four idx files, as those of MNIST, plain or compressed with gzip.

    Their names end in ``train-images-idx3-ubyte`` and so on; ``test`` may stand for ``t10k``, and a
    dot for the last dash but one. Numbers are the names of the classes.

    Parameters
    ----------
    path : Path
    size : (int, int) or None
        As in `load_archive`.

    Raises
    ------
    UserError
        In the same cases, or if a file is not there, or more than once.
    """
    files: dict[str, Path] = {}
    for array, (stem, dimensions) in _IDX.items():
        found = _idx_files(path, stem, dimensions)
        wanted = f"{stem.replace('(?:t10k|test)', 't10k')}-idx{dimensions}-ubyte"
        if len(found) != 1:
            raise UserError(
                f"{path} must have one file {wanted}, plain or .gz, not {len(found)}"
                + (f": {', '.join(file.name for file in found)}" if found else "")
            )
        files[array] = found[0]
    arrays = {array: read_idx(files[array], _IDX[array][1]) for array in files}
    return _image_set(path, arrays, lambda name: str(files.get(name, path)), None, size)


def _idx_files(path: Path, stem: str, dimensions: int) -> list[Path]:
    """Return the files of a folder whose names end in that of an idx file."""
    name = re.compile(rf"(?:.*[-_.])?{stem}[-.]idx{dimensions}-ubyte(?:\.gz)?")
    return sorted(file for file in path.iterdir() if name.fullmatch(file.name) and file.is_file())


def _image_set(
    path: Path,
    arrays: Mapping[str, NDArray[Any]],
    place: Callable[[str], str],
    names: NDArray[Any] | None,
    size: tuple[int, int] | None,
) -> ImageSet:
    """Check all arrays, and return them as a data set."""
    parts = {part: _part(arrays, part, place) for part in ("train", "test")}
    shapes = {part: images.shape[1:] for part, (images, _) in parts.items()}
    comparable = [shape[2:] if size else shape for shape in shapes.values()]
    if comparable[0] != comparable[1]:
        raise UserError(
            f"{place('test_images')} must have images of {_times(shapes['train'])}, as "
            f"train_images, not of {_times(shapes['test'])}"
        )
    n_classes = 1 + max(int(labels.max()) for _, labels in parts.values())
    class_names = _names(names, n_classes, place("class_names"))
    for part, (_, labels) in parts.items():
        counts = np.bincount(labels, minlength=n_classes)
        if not counts.all():
            raise UserError(
                f"{place(f'{part}_labels')} must have every class from 0 to {n_classes - 1}, and "
                f"class {int(counts.argmin())} has no image"
            )
    images = {
        part: pixels if size is None else resized(pixels, size)
        for part, (pixels, _) in parts.items()
    }
    return ImageSet(
        name=called(path),
        train_images=images["train"],
        train_labels=parts["train"][1],
        test_images=images["test"],
        test_labels=parts["test"][1],
        pixel_bits=8,
        class_names=class_names,
        provenance=f"arrays of {called(path)}, in their split and order"
        + (f", resized to {_times(size)}" if size else ""),
    )


def _part(
    arrays: Mapping[str, NDArray[Any]], part: str, place: Callable[[str], str]
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the images (n, height, width, colours) and labels (n,) of a part."""
    images, labels = arrays[f"{part}_images"], arrays[f"{part}_labels"]
    where = place(f"{part}_images")
    if images.dtype != np.uint8:
        raise UserError(f"{where} must be unsigned bytes (uint8), 0 to 255, not {images.dtype}")
    if images.ndim in (3, 4) and not len(images):
        raise UserError(f"{where} must have images of every class, and it has none")
    if images.ndim == 3:
        images = images[..., np.newaxis]
    if images.ndim != 4 or not images.size or images.shape[3] > _MOST_COLOURS:
        raise UserError(
            f"{where} must be of (samples, height, width), or of (samples, height, width, colours) "
            f"with {_MOST_COLOURS} colours at most, not of {arrays[f'{part}_images'].shape}"
        )
    where = place(f"{part}_labels")
    if labels.dtype.kind not in "iu" or labels.shape != (len(images),):
        raise UserError(
            f"{where} must be integers, one for each of {len(images)} images, not {labels.dtype} "
            f"of shape {labels.shape}"
            + (": names go into class_names" if labels.dtype.kind in "SUO" else "")
        )
    wrong = (labels < 0) | (labels >= 2**16)
    if wrong.any():
        raise UserError(f"{where} must be classes in 0..65535, not {labels[wrong][0]}")
    return np.ascontiguousarray(images), np.asarray(labels, np.int64)


def _names(names: NDArray[Any] | None, n_classes: int, where: str) -> tuple[str, ...]:
    if names is None:
        return tuple(map(str, range(n_classes)))
    if names.dtype.kind != "U" or names.shape != (n_classes,):
        raise UserError(
            f"{where} must be text, one name for each of {n_classes} classes, not {names.dtype} of "
            f"shape {names.shape}"
        )
    found = tuple(names.tolist())
    if len(set(found)) != n_classes or "" in found:
        raise UserError(f"{where} must give every class a name of its own")
    if wrong := [name for name in found if not name.isprintable()]:
        raise UserError(f"{where} must hold names of characters to print, not {wrong[0]!r}")
    return found


def _times(sides: tuple[int, ...]) -> str:
    return " x ".join(map(str, sides))
