# SPDX-License-Identifier: MIT
"""Images that a user brings: which names are paths of them, and the size that they may be given."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from sim.data.datasets.imageset import ImageSet
from sim.data.datasets.own_arrays import (
    has_idx,
    load_archive,
    load_arrays_folder,
    load_idx_folder,
)
from sim.data.datasets.own_folder import ENDINGS, load_folder
from sim.work.errors import UserError
from sim.work.files import require_directory
from sim.work.refusals import real_path

__all__ = ["check_name", "check_output", "check_resize", "is_own", "load_own"]

_LARGEST = 4096  # pixels of a side

# Files by which a published archive is known.
_ARCHIVES = {
    "mnist or fashion-mnist": ("train*images*idx3-ubyte*",),
    "cifar10": ("batches.meta", "data_batch_1"),
    "cifar100": ("meta", "train", "test"),
    "tiny-imagenet": ("wnids.txt", "val/val_annotations.txt"),
}


def is_own(name: str) -> bool:
    """Return whether the name of a data set is a path: it has a slash, or ends in ``.npz``."""
    return "/" in name or name.endswith(".npz")


def check_name(name: str, known: Sequence[str]) -> str:
    """Return the name of a data set.

    Parameters
    ----------
    name : str
    known : sequence of str
        Names that are no paths.

    Raises
    ------
    ValueError
        If it is neither known nor a path.
    """
    if name not in known and not is_own(name):
        raise ValueError(
            f"must be one of {', '.join(known)}, or a path of images, with a / or the ending .npz, "
            f"not {name!r}"
        )
    return name


def check_resize(name: str, resize: str | None) -> tuple[int, int] | None:
    """Return the height and width that images of a data set are to be given; None as they are.

    Parameters
    ----------
    name : str
        Name of the data set.
    resize : str or None
        Height and width in pixels, such as ``32x32``.

    Raises
    ------
    ValueError
        If it is no size, or the data set is none that a user brings.
    """
    if resize is None:
        return None
    sides = re.fullmatch(r"([0-9]{1,4})x([0-9]{1,4})", resize)
    if sides is None or not all(1 <= int(side) <= _LARGEST for side in sides.groups()):
        raise ValueError(
            f"resize must be height x width in pixels, as in 32x32, at most {_LARGEST}, "
            f"not {resize!r}"
        )
    if not is_own(name):
        raise ValueError(f"resize must be left out for {name}: it is for images of your own")
    return int(sides[1]), int(sides[2])


def check_output(name: str, out: Path) -> None:
    """Refuse to write a file over the images of a user, or among them as one more.

    Parameters
    ----------
    name : str
        Name of the data set.
    out : Path

    Raises
    ------
    UserError
        If `out` is the archive, or in the folder and named as an image or an array.
    """
    if not is_own(name):
        return
    target, source = real_path(out), real_path(Path(name))
    inside = source in target.parents and target.suffix.lower() in (*ENDINGS, ".npy")
    if target == source or inside:
        raise UserError(f"--out must not be a file of the images that are read, {out}")


def load_own(
    name: str, size: tuple[int, int] | None, advance: Callable[[int, int], None]
) -> ImageSet:
    """Load images that a user brings.

    Parameters
    ----------
    name : str
        Path of an ``.npz`` archive, or of a folder: of four ``.npy`` or idx arrays, of the folders
        ``train`` and ``test``, or of a folder for each class.
    size : (int, int) or None
        Height and width that all images are given; None for those that they have.
    advance : callable
        Called now and then with the number of images read and the number of all.

    Returns
    -------
    ImageSet
        Its name is the last part of the path, with a slash if that is a folder, so that it is the
        name of no other data set.

    Raises
    ------
    UserError
        If a file or folder cannot be read or does not fit the others; the message names it.
    """
    path = Path(name)
    if name.endswith(".npz"):
        return load_archive(path, size)
    if (require_directory(path) / "train_images.npy").is_file():
        return load_arrays_folder(path, size)
    if has_idx(path):
        return load_idx_folder(path, size)
    try:
        return load_folder(path, size, advance)
    except UserError as error:
        archive = _archive(path)
        if archive is None:
            raise
        raise UserError(
            f"{path} must hold images of your own, as PNG or JPEG files or as arrays, and has the "
            f"files of the archive of {archive}: name that data set, and give this folder with "
            "--data-dir"
        ) from error


def _archive(path: Path) -> str | None:
    """Return the data set whose published archive a folder holds, or the one below it."""
    for name, files in _ARCHIVES.items():
        found = ((*path.glob(file), *path.glob(f"*/{file}")) for file in files)
        if all(any(inner.is_file() for inner in paths) for paths in found):
            return name
    return None
