# SPDX-License-Identifier: MIT
"""Image data sets, read from local archives in a documented split and order."""

from collections.abc import Callable
from pathlib import Path

from sim.data.datasets.cifar import load_cifar10, load_cifar100
from sim.data.datasets.digits import load_digits
from sim.data.datasets.idx import load_fashion_mnist, load_mnist
from sim.data.datasets.imageset import ImageSet
from sim.data.datasets.tiny_imagenet import load_tiny_imagenet
from sim.work.errors import UserError
from sim.work.files import require_directory

__all__ = ["NAMES", "ImageSet", "load"]

_ARCHIVES: dict[str, Callable[[Path], ImageSet]] = {
    "cifar10": load_cifar10,
    "cifar100": load_cifar100,
    "fashion-mnist": load_fashion_mnist,
    "mnist": load_mnist,
}

# Every data set that `load` knows.
NAMES = tuple(sorted(("digits", "tiny-imagenet", *_ARCHIVES)))


def load(
    name: str,
    data_dir: Path | None = None,
    advance: Callable[[int, int], None] = lambda done, total: None,
) -> ImageSet:
    """Load a data set.

    Parameters
    ----------
    name : str
        One of `NAMES`.
    data_dir : Path, optional
        Folder of the archives; every data set but ``digits`` needs it.
    advance : callable, optional
        Called now and then with the number of images read and the number of all, by data sets of
        one file an image.

    Returns
    -------
    ImageSet
        Images and labels.

    Raises
    ------
    UserError
        If the name is unknown, the folder is missing or an archive in it is missing or damaged.
    """
    if name == "digits":
        return load_digits()
    if name not in NAMES:
        raise UserError(f"Data set must be one of {', '.join(NAMES)}, not {name!r}")
    if data_dir is None:
        raise UserError(f"Data set {name} needs the folder of its archive: give it with --data-dir")
    if name == "tiny-imagenet":
        return load_tiny_imagenet(require_directory(data_dir), advance)
    return _ARCHIVES[name](require_directory(data_dir))
