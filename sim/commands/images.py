# SPDX-License-Identifier: MIT
"""Images of a data set for a command, with the progress of reading them."""

from pathlib import Path

from rich.console import Console

from sim.data.datasets import ImageSet, load
from sim.work.progress import Bars

__all__ = ["load_images"]

#: Images between two lines of progress, where there is no terminal for a bar.
_TOLD = 10_000


def load_images(
    name: str, data_dir: Path | None, console: Console, resize: str | None = None
) -> ImageSet:
    """Load a data set as `sim.data.datasets.load` does, and show how far that is.

    Parameters
    ----------
    name : str
    data_dir : Path or None
    console : rich.console.Console
    resize : str or None

    Raises
    ------
    UserError
        In the same cases.
    """
    with Bars(console, "reading images", 1) as bars:

        def advance(done: int, total: int) -> None:
            bars.update(done / total)
            if done % _TOLD == 0:
                bars.tell(f"reading images: {done}/{total}")

        return load(name, data_dir, advance, resize)
