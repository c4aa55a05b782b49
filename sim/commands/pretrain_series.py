# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""The command `engram pretrain --series`: recipes side by side, judged on classes new to them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from sim.commands.base import ResumableCommand, tell
from sim.commands.pretrain import TrainingFolder, load_base
from sim.data.datasets import ImageSet
from sim.data.embed import check_input
from sim.documents.read import load
from sim.documents.yaml_lines import Document
from sim.images.device import choose_device, device_name, environment, with_precision
from sim.images.pretrain.judge import JUDGES, judged
from sim.images.pretrain.learnt import check_learnt, without_classes
from sim.images.pretrain.pretraining import Pretraining
from sim.images.pretrain.sections import ClassesConfig
from sim.images.pretrain.series import BUILT_IN, SeriesConfig
from sim.images.pretrain.series_report import series_report
from sim.images.pretrain.settings import Recipe, load_recipe
from sim.images.pretrain.split import base_split
from sim.work.errors import UserError
from sim.work.files import write_whole
from sim.work.folder import write_folder
from sim.work.identity import identity
from sim.work.work_folder import WorkFolder, parse_json

__all__ = ["PretrainSeriesCommand"]

#: What a recipe and a seed reached: accuracies by their headings.
Result = dict[str, float]

_LEARNT = "learnt classes"


class SeriesFolder(WorkFolder):
    """Folder of a series: what each training that has ended reached, and the one under way."""

    what = "series"
    own_names = r"run_\d+\.json"


@dataclass(frozen=True, kw_only=True)
class PretrainSeriesCommand(ResumableCommand):
    """Arguments of ``engram pretrain --series``."""

    device: str
    series: str

    def execute(self, console: Console) -> None:
        """Train every recipe with every seed, judge the networks and write the report.

        Raises
        ------
        UserError
            If an argument, a recipe, the series, the data or the output folder is at fault;
            nothing is then trained.
        """
        device = choose_device(self.device)
        series, document = load(SeriesConfig, self.series, BUILT_IN)
        common = self._load(series, ())
        images, _ = load_base(common, self.data_dir, console)
        first = _first_classes(common, series, document)
        changes = _changes(series, document)
        recipes = [
            [
                self._recipe(
                    series, (*one, f"classes.base={first}", f"seed={seed}"), images, device
                )
                for seed in range(series.seeds)
            ]
            for one in changes
        ]
        decisive = identity(_digest(series, recipes), images.digest(), **environment(device))
        folder = self.open_folder(SeriesFolder, decisive)
        found: list[list[Result]] = []
        for number, one in enumerate(recipes):
            found.append([])
            for seed, recipe in enumerate(one):
                place = number * series.seeds + seed
                name = ", ".join(changes[number]) or "the common recipe"
                tell(console, f"{name}, seed {seed}")
                path = folder.path / f"run_{place}"
                run = _Run(recipe, common.config.classes, series, path, device)
                found[-1].append(run.result(images, console))
        untold = sorted({name for one in recipes for name in without_classes(one[0], images)})
        self._write(series, changes, found, images, first, untold, device)
        folder.close()
        self.tell_report(console)

    def _load(self, series: SeriesConfig, changes: Sequence[str]) -> Recipe:
        return load_recipe(self.config, [*series.shared(), *self.assignments, *changes])

    def _recipe(
        self, series: SeriesConfig, changes: Sequence[str], images: ImageSet, device: torch.device
    ) -> Recipe:
        try:
            recipe = self._load(series, changes)
            check_input(recipe.network, images)
            check_learnt(recipe, images)
        except UserError as error:
            raise UserError(f"{self.series}: {error}") from error
        return replace(recipe, config=with_precision(recipe.config, device))

    def _write(
        self,
        series: SeriesConfig,
        changes: Sequence[tuple[str, ...]],
        found: Sequence[Sequence[Result]],
        images: ImageSet,
        first: int,
        untold: Sequence[str],
        device: torch.device,
    ) -> None:
        """Write the report and its numbers in one step."""
        made = (
            f"Made by `{self.command}` (engram {version('engram')}, torch {torch.__version__}, "
            f"{device_name(device)}). Data: {images.provenance}."
        )
        results = {
            "command": self.command,
            "series": series.model_dump(mode="json"),
            "learnt": first,
            "untold": list(untold),
            "recipes": [
                {"set": list(one), "results": list(reached)}
                for one, reached in zip(changes, found, strict=True)
            ],
        }
        files: dict[str, bytes | str] = {
            "report.md": series_report(series, changes, found, first, untold, made),
            "results.json": json.dumps(results, indent=1, allow_nan=False) + "\n",
        }
        write_folder(self.out, files)


@dataclass(frozen=True)
class _Run:
    """One training of a series.

    Parameters
    ----------
    recipe : Recipe
    judged_on : ClassesConfig
        Its classes, and those that are new to its network after them.
    series : SeriesConfig
    path : Path
        Folder of its checkpoints; its result has the same name with the ending ``.json``.
    device : torch.device
    """

    recipe: Recipe
    judged_on: ClassesConfig
    series: SeriesConfig
    path: Path
    device: torch.device

    def result(self, images: ImageSet, console: Console) -> Result:
        """Return the result that is there, or train and judge the network."""
        done = self.path.with_suffix(".json")
        recipe = self.recipe
        folder = TrainingFolder(self.path, identity(recipe.digest(), images.digest()))
        if done.exists():
            kept = parse_json(done)
            if not _is_result(kept):
                raise UserError(f"{done} is damaged: remove it to train this network again")
            if self.path.is_dir():  # the result was the last that a killed run wrote
                folder.close()
            return kept
        own = base_split(images, recipe.config.classes, recipe.network.bits)
        folder.open(resume=True)
        training = Pretraining(recipe, images, own, folder.path, self.device, console)
        network = training.run()
        whole = base_split(images, self.judged_on, recipe.network.bits)
        result = {
            _LEARNT: training.epochs[-1].test_accuracy,
            **judged(network, whole, self.series.new, self.series.increment),
        }
        write_whole(done, json.dumps(result))
        folder.close()
        return result


def _is_result(kept: Any) -> bool:
    """Return whether the content of a file is what a training reached."""
    return (
        isinstance(kept, dict)
        and list(kept) == [_LEARNT, *JUDGES]
        and all(isinstance(value, float) and 0 <= value <= 1 for value in kept.values())
    )


def _first_classes(common: Recipe, series: SeriesConfig, document: Document) -> int:
    """Return how many base classes the networks learn."""
    base = common.config.classes.base
    if series.new > base - 2:
        where = document.where(("new",))
        raise UserError(
            f"{where}: new must leave two of the {base} base classes to learn, so at most "
            f"{base - 2}, not {series.new}"
        )
    if series.new % series.increment:
        where = document.where(("increment",))
        raise UserError(
            f"{where}: increment must divide the {series.new} new classes, not {series.increment}"
        )
    return base - series.new


def _changes(series: SeriesConfig, document: Document) -> list[tuple[str, ...]]:
    try:
        return series.changes()
    except ValueError as error:
        raise UserError(f"{document.where(('recipes',))}: {error}") from error


def _digest(series: SeriesConfig, recipes: Sequence[Sequence[Recipe]]) -> str:
    """Return the SHA-256 of all that decides the results, except the images."""
    about: dict[str, Any] = {
        "new": series.new,
        "increment": series.increment,
        "recipes": [[recipe.digest() for recipe in one] for one in recipes],
    }
    return sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()
