# SPDX-License-Identifier: MIT
"""The command `engram samples`: write labelled raw images of a data set to a file."""

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from sim.commands.base import WritingCommand, tell
from sim.commands.images import load_images
from sim.data.datasets import check_output
from sim.data.samples import choose_samples
from sim.work.arrays_file import save_arrays
from sim.work.files import ensure_directory

__all__ = ["SamplesCommand"]


@dataclass(frozen=True, kw_only=True)
class SamplesCommand(WritingCommand):
    """Arguments of ``engram samples``."""

    data: str
    data_dir: Path | None
    resize: str | None
    per_class: int

    def execute(self, console: Console) -> None:
        """Choose the images and write their file.

        Raises
        ------
        UserError
            If the data or the output is at fault; nothing is then written.
        """
        check_output(self.data, self.out)
        images = load_images(self.data, self.data_dir, console, self.resize)
        samples = choose_samples(images, self.per_class)
        ensure_directory(self.out.parent)
        save_arrays(
            self.out, {"images": samples.images, "labels": samples.labels, "places": samples.places}
        )
        tell(console, f"Samples: {self.out}, {len(samples.labels)} test images of {self.data}")
