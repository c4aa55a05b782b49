# SPDX-License-Identifier: MIT
"""Image data sets, in a documented split and order: published archives, and a user's own images."""

from collections.abc import Callable
from pathlib import Path

from sim.data.datasets.cifar import load_cifar10, load_cifar100
from sim.data.datasets.digits import load_digits
from sim.data.datasets.idx import load_fashion_mnist, load_mnist
from sim.data.datasets.imageset import ImageSet
from sim.data.datasets.own import (
    check_name,
    check_output,
    check_resize,
    is_own,
    load_own,
)
from sim.data.datasets.tiny_imagenet import load_tiny_imagenet
from sim.work.errors import UserError
from sim.work.files import require_directory

__all__ = ["NAMES", "ImageSet", "check_name", "check_output", "check_resize", "is_own", "load"]

_ARCHIVES: dict[str, Callable[[Path], ImageSet]] = {
    "cifar10": load_cifar10,
    "cifar100": load_cifar100,
    "fashion-mnist": load_fashion_mnist,
    "mnist": load_mnist,
}

# Every data set that `load` knows by its name.
NAMES = tuple(sorted(("digits", "tiny-imagenet", *_ARCHIVES)))


def load(
    name: str,
    data_dir: Path | None = None,
    advance: Callable[[int, int], None] = lambda done, total: None,
    resize: str | None = None,
) -> ImageSet:
    """Load a data set.

    Parameters
    ----------
    name : str
        One of `NAMES`, or the path of images that a user brings (`sim.data.datasets.own`).
    data_dir : Path, optional
        Folder of the archives; every data set of a name but ``digits`` needs it.
    advance : callable, optional
        Called now and then with the number of images read and the number of all, by data sets of
        one file an image.
    resize : str, optional
        Height and width that images of a user are given, such as ``32x32``.

    Returns
    -------
    ImageSet
        Images and labels.

    Raises
    ------
    UserError
        If the name is unknown, the folder is missing or an archive in it is missing or damaged.
    """
    try:
        check_name(name, NAMES)
    except ValueError as error:
        raise UserError(f"Data set {error}") from error
    try:
        size = check_resize(name, resize)
    except ValueError as error:  # of the option; a configuration has checked its key
        raise UserError(f"--{error}") from error
    if is_own(name):
        return load_own(name, size, advance)
    if name == "digits":
        return load_digits()
    if data_dir is None:
        raise UserError(f"Data set {name} needs the folder of its archive: give it with --data-dir")
    if name == "tiny-imagenet":
        return load_tiny_imagenet(require_directory(data_dir), advance)
    return _ARCHIVES[name](require_directory(data_dir))
