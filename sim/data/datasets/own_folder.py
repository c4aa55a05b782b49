# SPDX-License-Identifier: MIT
"""Images of a user in a folder for each class, below ``train`` and ``test`` or without a split."""

import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sim.data.datasets.imageset import ImageSet
from sim.data.datasets.split import TEST_EVERY, one_of
from sim.work.errors import UserError
from sim.work.refusals import refusals_told, refuse_other_kinds

__all__ = ["ENDINGS", "called", "load_folder", "resized"]

#: Endings of the files of images, in small letters.
ENDINGS = (".png", ".jpg", ".jpeg")

_GREY, _COLOURED = ("1", "L", "LA"), ("RGB", "RGBA", "P", "PA", "CMYK", "YCbCr")
_TOLD = 1000  # images between two calls of the progress

# What Pillow raises of a file that is no image.
_FAULTS = (OSError, ValueError, SyntaxError, EOFError)

# What it raises of one that would fill the memory.
_TOO_LARGE = (Image.DecompressionBombError, Image.DecompressionBombWarning)

# A file and its class.
_Labelled = tuple[Path, int]


def load_folder(
    folder: Path, size: tuple[int, int] | None, advance: Callable[[int, int], None]
) -> ImageSet:
    """Load PNG and JPEG images, a folder for each class, whose names are those of the folders.

    The folders lie in ``train`` and ``test``, which must have the same classes. Without these two,
    they lie in `folder` itself, and image ``i`` (from 0) of each class is a test image iff
    ``i mod 6 == 5``. Classes and the images of a class are in the order of their names. If all
    images are grey, they have one colour; otherwise the grey ones become coloured.

    Parameters
    ----------
    folder : Path
    size : (int, int) or None
        Height and width that all images are given, their proportions aside; None if they have the
        same already.
    advance : callable
        Called now and then with the number of images read and the number of all.

    Raises
    ------
    UserError
        If a file is no image, or of another size than the first; if classes are missing.
    """
    split = _has_split(folder)
    names = _folders(folder / "train" if split else folder)
    if split:
        train = _files(folder / "train", names)
        test = _files(folder / "test", names)
    else:
        files = _files(folder, names)
        tested = one_of(np.array([label for _, label in files], np.int64), TEST_EVERY)
        train = [file for file, t in zip(files, tested, strict=True) if not t]
        test = [file for file, t in zip(files, tested, strict=True) if t]
        if lacking := set(range(len(names))) - {label for _, label in test}:
            raise UserError(
                f"{folder / names[min(lacking)]} must have {TEST_EVERY} images or more: in a "
                f"folder without train and test, every {TEST_EVERY}th is a test image"
            )
    paths = [path for path, _ in (*train, *test)]
    shape = _common_shape(paths, size)
    images = np.empty((len(paths), *shape), np.uint8)
    with ThreadPoolExecutor() as pool:  # the decoder runs without Python's lock
        decoded = pool.map(lambda path: _decode(path, shape), paths)
        for done, image in enumerate(decoded, start=1):
            images[done - 1] = image
            if done % _TOLD == 0 or done == len(paths):
                advance(done, len(paths))
    how = "split by folder" if split else f"every {TEST_EVERY}th image of a class for the test"
    scaled = f", resized to {size[0]} x {size[1]}" if size else ""
    return ImageSet(
        name=called(folder),
        train_images=images[: len(train)],
        train_labels=np.array([label for _, label in train], np.int64),
        test_images=images[len(train) :],
        test_labels=np.array([label for _, label in test], np.int64),
        pixel_bits=8,
        class_names=tuple(names),
        provenance=f"images of {called(folder)}, {how}, ordered by class and file name{scaled}",
    )


def called(path: Path) -> str:
    """Return the name of a data set that lies at a path; that of a folder ends in a slash."""
    with refusals_told(path, "cannot be read"):
        return path.resolve().name + ("/" if path.is_dir() else "")


def resized(images: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return images of another size, by Pillow's bilinear filter, colour by colour.

    Parameters
    ----------
    images : ndarray of shape (n_images, H, W, C), uint8
    size : (int, int)
        Height and width.

    Returns
    -------
    ndarray of shape (n_images, height, width, C), uint8
    """
    height, width = size
    result = np.empty((len(images), height, width, images.shape[3]), np.uint8)
    for image, target in zip(images, result, strict=True):
        for colour in range(images.shape[3]):
            plane = Image.fromarray(np.ascontiguousarray(image[..., colour]))
            scaled = plane.resize((width, height), Image.Resampling.BILINEAR)
            target[..., colour] = np.asarray(scaled)
    return result


def _has_split(folder: Path) -> bool:
    """Return whether a folder has ``train`` and ``test``; refuse one that has one of them."""
    there = [name for name in ("train", "test") if (folder / name).is_dir()]
    if len(there) == 1:
        other = "test" if there == ["train"] else "train"
        raise UserError(f"{folder} must have a folder {other} beside its folder {there[0]}")
    return bool(there)


def _folders(folder: Path) -> list[str]:
    """Return the names of the classes."""
    with refusals_told(folder, "cannot be read", "Directory "):
        names = sorted(p.name for p in folder.iterdir() if p.is_dir() and p.name[0] != ".")
    if not names:
        raise UserError(f"{folder} must have a folder of images for each class, and it has none")
    return names


def _files(folder: Path, names: Sequence[str]) -> list[_Labelled]:
    """Return the images of all classes, class after class."""
    found = _folders(folder)
    if other := sorted(set(names) ^ set(found)):
        problem = "has no such folder" if other[0] in names else "train has no such class"
        raise UserError(f"{folder / other[0]}: test must have the classes of train, and {problem}")
    files: list[_Labelled] = []
    for label, name in enumerate(names):
        inside = folder / name
        with refusals_told(inside, "cannot be read", "Directory "):
            paths = sorted(p for p in inside.iterdir() if p.name[0] != ".")
        for path in paths:
            if path.suffix.lower() not in ENDINGS:
                raise UserError(f"{path} must be an image, {', '.join(ENDINGS)}")
        if not paths:
            raise UserError(f"{inside} must have images, {', '.join(ENDINGS)}, and it has none")
        files += [(path, label) for path in paths]
    return files


def _open(path: Path) -> Image.Image:
    """Open an image without decoding its pixels."""
    with refusals_told(path, "cannot be read"):
        refuse_other_kinds(path)
        with path.open("rb"):  # a refusal of the system, told apart from bad content
            pass
    try:
        return Image.open(path, formats=["PNG", "JPEG"])
    except _TOO_LARGE as error:
        raise UserError(
            f"{path} must have at most {Image.MAX_IMAGE_PIXELS} pixels: make it smaller"
        ) from error
    except _FAULTS as error:
        raise UserError(f"{path} is damaged: it is no PNG or JPEG image") from error


def _common_shape(paths: Sequence[Path], size: tuple[int, int] | None) -> tuple[int, int, int]:
    """Return the height, width and colours that all images get; refuse those of another size."""
    grey, first = True, None
    for path in paths:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with _open(path) as image:
                width, height = image.size
                mode = image.mode
        if mode not in (*_GREY, *_COLOURED):
            raise UserError(f"{path} must have colours of 8 bits, and its mode is {mode}")
        grey = grey and mode in _GREY
        first = first or (height, width)
        if size is None and (height, width) != first:
            raise UserError(
                f"{path} must be of {first[0]} x {first[1]} pixels as {paths[0]}, not of {height} "
                f"x {width}: give all images one size by --resize, or the key resize"
            )
    height, width = size or first or (0, 0)
    return height, width, 1 if grey else 3


def _decode(path: Path, shape: tuple[int, int, int]) -> NDArray[np.uint8]:
    with _open(path) as image:
        try:
            image.load()
            if image.has_transparency_data:
                alpha = image.convert("RGBA").getchannel("A")
                if alpha.getextrema() != (255, 255):
                    raise UserError(f"{path} must have no transparent pixels: lay it on a colour")
            plain = image.convert("L" if shape[2] == 1 else "RGB")
        except _FAULTS as error:
            raise UserError(f"{path} is damaged: it is no whole PNG or JPEG image") from error
        if plain.size != (shape[1], shape[0]):
            plain = plain.resize((shape[1], shape[0]), Image.Resampling.BILINEAR)
        return np.asarray(plain).reshape(shape)
