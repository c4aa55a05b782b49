# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""The command `engram binplay`, from configuration to report."""

from dataclasses import dataclass
from importlib.metadata import version
from time import perf_counter

from rich.console import Console

from sim.commands.base import ResumableCommand, tell
from sim.commands.images import load_images
from sim.data.datasets import ImageSet
from sim.images.binplay.continual import BinPlayRun
from sim.images.binplay.networks import decoder_macs, parameter_count
from sim.images.binplay.report import binplay_ledger, report_text
from sim.images.binplay.settings import BinPlayConfig, load_binplay
from sim.images.device import choose_device, environment
from sim.report.files import json_text
from sim.work.errors import UserError
from sim.work.folder import write_folder
from sim.work.identity import identity
from sim.work.work_folder import WorkFolder

__all__ = ["BinPlayCommand"]


class BinPlayFolder(WorkFolder):
    """Checkpoint of a run until its report is written."""

    what = "binplay"
    own_names = r"run\.arrays"


@dataclass(frozen=True, kw_only=True)
class BinPlayCommand(ResumableCommand):
    """Arguments of ``engram binplay``."""

    device: str

    def execute(self, console: Console) -> None:
        """Learn all tasks, with a checkpoint after each, and write the report.

        Raises
        ------
        UserError
            If an argument, the configuration, the data or the output folder is at fault.
        """
        config = load_binplay(self.config, self.assignments)
        device = choose_device(self.device)
        images = load_images(config.data, self.data_dir, console)
        _check_tasks(config, images)
        decisive = identity(config.digest(), images.digest(), **environment(device))
        folder = self.open_folder(BinPlayFolder, decisive)
        checkpoint = folder.path / "run.arrays"
        run = BinPlayRun(config, images, device)
        if checkpoint.exists():
            run.load(checkpoint)
            console.print(f"Going on: {run.task} of {len(run.tasks)} tasks are done.")
        start = perf_counter()
        while not run.done:
            run.step(lambda line: tell(console, line))
            run.save(checkpoint)
        seconds = perf_counter() - start
        write_folder(self.out, self._files(config, images, run, seconds))
        folder.close()
        self.tell_report(console)

    def _files(
        self, config: BinPlayConfig, images: ImageSet, run: BinPlayRun, seconds: float
    ) -> dict[str, str]:
        """Return the report and the results by name."""
        ledger = binplay_ledger(run, images.n_classes)
        results = {
            "version": version("engram"),
            "command": self.command,
            "config": config.model_dump(mode="json"),
            "data": images.provenance,
            "environment": environment(run.device),
            "accuracy": run.accuracy,
            "classifier_parameters": parameter_count(run.classifier),
            "decoder_parameters": parameter_count(run.decoder),
            "decoder_macs": decoder_macs(run.decoder.cpu(), run.coder.params.bits),
            "ledger": {entry.name: entry.bits for entry in ledger},
        }
        report = report_text(config, images, results, ledger, seconds)
        return {"results.json": json_text(results), "report.md": report}


def _check_tasks(config: BinPlayConfig, images: ImageSet) -> None:
    """Refuse images of another size, and an increment that does not divide the classes."""
    height, width, _ = images.image_shape
    if (height, width) not in ((28, 28), (32, 32)):
        raise UserError(f"data must have 28 x 28 or 32 x 32 pixels, not {height} x {width}")
    if images.n_classes % config.increment:
        raise UserError(
            f"increment must divide the {images.n_classes} classes of {config.data}, "
            f"not {config.increment}"
        )
