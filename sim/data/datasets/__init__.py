# SPDX-License-Identifier: MIT
"""Image data sets, read from local archives in a documented split and order."""

from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from sim.data.datasets.cifar import load_cifar10, load_cifar100
from sim.data.datasets.digits import load_digits
from sim.data.datasets.idx import load_fashion_mnist, load_mnist
from sim.data.datasets.imageset import ImageSet
from sim.data.datasets.tiny_imagenet import load_tiny_imagenet
from sim.work.errors import UserError
from sim.work.files import require_directory
from sim.work.progress import Bars

__all__ = ["NAMES", "ImageSet", "load"]

_ARCHIVES: dict[str, Callable[[Path], ImageSet]] = {
    "cifar10": load_cifar10,
    "cifar100": load_cifar100,
    "fashion-mnist": load_fashion_mnist,
    "mnist": load_mnist,
}

# Images between two lines of progress, where there is no terminal for a bar.
_TOLD = 10_000

# Every data set that `load` knows.
NAMES = tuple(sorted(("digits", "tiny-imagenet", *_ARCHIVES)))


def load(name: str, data_dir: Path | None = None, console: Console | None = None) -> ImageSet:
    """Load a data set.

    Parameters
    ----------
    name : str
        One of `NAMES`.
    data_dir : Path, optional
        Folder of the archives; every data set but ``digits`` needs it.
    console : rich.console.Console, optional
        Where reading that takes seconds shows its progress.

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
        return _load_single_images(require_directory(data_dir), console or Console(quiet=True))
    return _ARCHIVES[name](require_directory(data_dir))


def _load_single_images(data_dir: Path, console: Console) -> ImageSet:
    """Load a data set of one file an image, which takes seconds."""
    with Bars(console, "reading images", 1) as bars:

        def advance(done: int, total: int) -> None:
            bars.update(done / total)
            if done % _TOLD == 0:
                bars.tell(f"reading images: {done}/{total}")

        return load_tiny_imagenet(data_dir, advance)
