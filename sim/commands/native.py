# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""The command `engram native`, from configuration to report."""

from dataclasses import dataclass, replace

from rich.console import Console

from sim.commands.base import ResumableCommand, tell
from sim.commands.images import load_images
from sim.data.datasets import ImageSet
from sim.data.embed import check_input
from sim.data.tasks import class_order, split_tasks
from sim.images.device import choose_device, environment, with_precision
from sim.images.native.budgets import check_sizes
from sim.images.native.extractors import Extractors
from sim.images.native.learners import with_outputs
from sim.images.native.report import NativeReport
from sim.images.native.settings import NativeConfig, load_native
from sim.images.native.study import NativeFolder, NativeStudy
from sim.images.pretrain.learnt import check_learnt
from sim.images.pretrain.settings import Recipe
from sim.images.pretrain.split import BaseSplit, base_split, later_split
from sim.images.pretrain.train import THREADS
from sim.work.errors import UserError
from sim.work.identity import identity
from sim.work.progress import RunBars

__all__ = ["NativeCommand"]


@dataclass(frozen=True, kw_only=True)
class NativeCommand(ResumableCommand):
    """Arguments of ``engram native``."""

    jobs: int
    device: str

    def execute(self, console: Console) -> None:
        """Do the pre-trainings and all runs, and write the report.

        Raises
        ------
        UserError
            If an argument, the configuration, the data or the output folder is at fault; no file
            of the report is then written.
        """
        device = choose_device(self.device)
        config, recipe = load_native(self.config, self.assignments)
        config = with_precision(config, device)
        recipe = replace(recipe, config=config)
        images = load_images(config.classes.data, self.data_dir, console, config.classes.resize)
        check_input(recipe.network, images)
        split, tasks = _later_classes(config, recipe, images)
        check_learnt(recipe, images)
        check_sizes(config, recipe.document, with_outputs(recipe.network, tasks[-1].stop), tasks)
        computed = environment(device)
        decisive = identity(recipe.digest(), images.digest(), **computed)
        folder = self.open_folder(NativeFolder, decisive)
        extractors = Extractors(config, recipe, images, folder.path, device, console)
        study = NativeStudy(config, split, tasks, extractors, folder)
        ended = study.ended
        if ended:
            console.print(f"Going on: {ended} of {len(study.runs)} runs have ended.")
        study.pretrain()
        with RunBars(study, ended, console) as bars:
            runs = study.run(self.jobs, bars.show)
        report = NativeReport(
            config=config,
            recipe=recipe,
            tasks=tasks,
            provenance=images.provenance,
            command=self.command,
            runs=runs,
            pretraining={name: e.test_accuracy for name, e in extractors.epochs.items()},
            environment={**computed, "threads": str(THREADS)},
        )
        report.write(self.out)
        extractors.close()
        folder.close()
        tell(console, report.verdict)
        self.tell_report(console)


def _later_classes(
    config: NativeConfig, recipe: Recipe, images: ImageSet
) -> tuple[BaseSplit, tuple[range, ...]]:
    """Return the images of the classes after the base classes, and their tasks."""
    classes, where = config.classes, recipe.document.where
    try:
        class_order(images.n_classes, classes.order)
    except (TypeError, ValueError) as error:
        raise UserError(f"{where(('classes', 'order'))}: classes.order: {error}") from error
    try:
        base_split(images, classes, recipe.network.bits)
    except ValueError as error:
        raise UserError(f"{recipe.document.where_within(('classes',))}: classes.{error}") from error
    try:
        split = later_split(images, classes.order, classes.base, recipe.network.bits)
    except ValueError as error:
        raise UserError(f"{where(('classes', 'base'))}: classes.base {error}") from error
    try:
        return split, split_tasks(images.n_classes - classes.base, 0, config.increment)
    except ValueError as error:
        raise UserError(f"{where(('increment',))}: increment: {error}") from error
