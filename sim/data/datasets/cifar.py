# SPDX-License-Identifier: MIT
"""CIFAR-10 and CIFAR-100 from the standard python archives."""

import io
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from sim.data.datasets.imageset import ImageSet
from sim.work.errors import UserError
from sim.work.files import find_file, read_bytes

__all__ = ["load_cifar10", "load_cifar100", "read_pickle"]

_PUBLISHED = "https://www.cs.toronto.edu/~kriz/cifar.html"
_SIDE = 32
_COLOURS = 3
_PIXELS = _COLOURS * _SIDE * _SIDE


def load_cifar10(data_dir: Path) -> ImageSet:
    """Load CIFAR-10, in the split and order of the archive (training batches 1 to 5).

    Parameters
    ----------
    data_dir : Path
        The folder ``cifar-10-batches-py``, or the one above it.

    Returns
    -------
    ImageSet
        50000 training and 10000 test images of 32 x 32 x 3 pixels of 8 bits.

    Raises
    ------
    UserError
        If a file is missing, damaged, or holds anything but arrays, lists, numbers and text.
    """
    folder = _folder(data_dir, "cifar-10-batches-py", "batches.meta")
    names = _class_names(folder / "batches.meta", "label_names", 10)
    batches = [_part(folder / f"data_batch_{i}", "labels", 10) for i in range(1, 6)]
    train = (np.concatenate([b[0] for b in batches]), np.concatenate([b[1] for b in batches]))
    return _image_set("cifar10", train, _part(folder / "test_batch", "labels", 10), names)


def load_cifar100(data_dir: Path) -> ImageSet:
    """Load CIFAR-100 with its fine labels, in the split of the archive.

    The images are ordered by class and then, if the archive has them, by the names of their files.
    Copies of the archive in another order are therefore the same data and train the same bits.

    Parameters
    ----------
    data_dir : Path
        The folder ``cifar-100-python``, or the one above it.

    Returns
    -------
    ImageSet
        50000 training and 10000 test images of 32 x 32 x 3 pixels of 8 bits.

    Raises
    ------
    UserError
        In the same cases as `load_cifar10`.
    """
    folder = _folder(data_dir, "cifar-100-python", "meta")
    names = _class_names(folder / "meta", "fine_label_names", 100)
    train, test = (_by_class(folder / part, "fine_labels", 100) for part in ("train", "test"))
    return _image_set("cifar100", train, test, names, "ordered by class and file name")


def read_pickle(path: Path) -> dict[str, Any]:
    """Read a pickled dictionary of an archive without running foreign code.

    A pickle can name any function, and its reader calls it. This reader accepts only the names that
    numpy arrays need. In place of most of these functions it calls stand-ins that accept nothing
    else.

    Parameters
    ----------
    path : Path
        File.

    Returns
    -------
    dict
        The dictionary; keys that were bytes are text.

    Raises
    ------
    UserError
        If the file cannot be read, is damaged, names another function or holds no dictionary.
    """
    content = read_bytes(path)
    try:
        entry = _Unpickler(io.BytesIO(content), encoding="latin1").load()
    except _RefusedError as error:
        raise UserError(f"{path} must hold plain arrays only, not {error}") from error
    except Exception as error:  # a damaged pickle can fail in any way
        raise UserError(f"{path} is damaged: {error or type(error).__name__}") from error
    if not isinstance(entry, dict):
        raise UserError(f"{path} must hold a dictionary, not {type(entry).__name__}")
    return {_text(key): value for key, value in entry.items()}


class _RefusedError(Exception):
    """A pickle names a function or type that these archives do not need."""


class _Unpickler(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str, /) -> Any:
        try:
            return _ALLOWED[module_name, global_name]
        except KeyError:
            raise _RefusedError(f"{module_name}.{global_name}") from None


def _dtype(name: Any, align: Any = False, copy: Any = False) -> np.dtype:
    # Old archives write the flags as 0 and 1, which newer numpy versions no longer accept.
    dtype = np.dtype(_text(name), align=bool(align), copy=bool(copy))
    if dtype.hasobject:
        raise _RefusedError("an array of objects")
    return dtype


def _bytes(text: str, encoding: str) -> bytes:
    if encoding != "latin1":
        raise _RefusedError(f"text in {encoding}")
    return text.encode("latin1")


def _frombuffer(buffer: Any, dtype: Any, shape: Any, order: Any) -> np.ndarray:
    """Rebuild an array from the bytes in which pickles of protocol 5 hold it."""
    if not isinstance(buffer, bytes | bytearray) or not isinstance(dtype, np.dtype):
        raise _RefusedError(f"an array of {type(buffer).__name__}")
    return np.frombuffer(buffer, dtype).reshape(shape, order=order)


# The function that rebuilds an array; its name depends on the version of numpy.
_RECONSTRUCT: Any = np.empty(0).__reduce__()[0]

_ALLOWED: dict[tuple[str, str], type | Callable[..., Any]] = {
    ("numpy", "dtype"): _dtype,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy.core.multiarray", "_reconstruct"): _RECONSTRUCT,
    ("numpy._core.multiarray", "_reconstruct"): _RECONSTRUCT,
    ("numpy.core.numeric", "_frombuffer"): _frombuffer,
    ("numpy._core.numeric", "_frombuffer"): _frombuffer,
    ("_codecs", "encode"): _bytes,  # Python 3 writes bytes for Python 2 with it
}


def _folder(data_dir: Path, name: str, meta: str) -> Path:
    return data_dir if find_file([data_dir / meta]) else data_dir / name


def _read(path: Path) -> dict[str, Any]:
    if find_file([path]) is None:
        raise UserError(f"{path} does not exist; the archive is published at {_PUBLISHED}")
    return read_pickle(path)


def _part(path: Path, key: str, n_classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the images (n, 32, 32, 3) uint8 and labels (n,) int64 of one file."""
    return _labelled(path, _read(path), key, n_classes)


def _labelled(
    path: Path, entry: dict[str, Any], key: str, n_classes: int
) -> tuple[np.ndarray, np.ndarray]:
    data, labels = _entry(path, entry, "data"), _entry(path, entry, key)
    if not (isinstance(data, np.ndarray) and data.dtype == np.uint8 and data.ndim == 2):
        raise UserError(f"{path} must hold data of unsigned bytes, one row an image")
    if data.shape[1] != _PIXELS:
        raise UserError(f"{path} must hold rows of {_PIXELS} pixels, not {data.shape[1]}")
    if not isinstance(labels, list) or len(labels) != len(data):
        raise UserError(
            f"{path} must hold a list {key} with a label for each of {len(data)} images"
        )
    for label in labels:
        if type(label) is not int or not 0 <= label < n_classes:
            raise UserError(f"{path} must hold {key} in 0..{n_classes - 1}, not {label!r}")
    planes = data.reshape(-1, _COLOURS, _SIDE, _SIDE)
    return np.ascontiguousarray(planes.transpose(0, 2, 3, 1)), np.array(labels, np.int64)


def _by_class(path: Path, key: str, n_classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return images and labels of one file, ordered by class and then by file name.

    Without file names the images of a class keep their order.
    """
    entry = _read(path)
    images, labels = _labelled(path, entry, key, n_classes)
    names = entry.get("filenames", [""] * len(labels))
    if not isinstance(names, list) or len(names) != len(labels):
        raise UserError(f"{path} must hold a list filenames with one for each of {len(labels)}")
    order = np.lexsort((np.array([_text(name) for name in names]), labels))
    return images[order], labels[order]


def _class_names(path: Path, key: str, n_classes: int) -> tuple[str, ...]:
    names = _entry(path, _read(path), key)
    if not isinstance(names, list) or len(names) != n_classes:
        raise UserError(f"{path} must hold a list {key} of {n_classes} names")
    return tuple(_text(name) for name in names)


def _entry(path: Path, entry: dict[str, Any], key: str) -> Any:
    if key not in entry:
        raise UserError(f"{path} must hold {key}, not only {', '.join(sorted(entry)) or 'nothing'}")
    return entry[key]


def _image_set(
    name: str,
    train: tuple[np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray],
    class_names: tuple[str, ...],
    order: str = "order of the archive",
) -> ImageSet:
    return ImageSet(
        name=name,
        train_images=train[0],
        train_labels=train[1],
        test_images=test[0],
        test_labels=test[1],
        pixel_bits=8,
        class_names=class_names,
        provenance=f"{name} python archive, split of the archive, {order}",
    )


def _text(value: Any) -> str:
    return value.decode("latin1") if isinstance(value, bytes) else str(value)
