# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""The command `engram pretrain`, from configuration to network, embedding bank and curves."""

import hashlib
import json
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from rich.console import Console

from golden.network import Network
from sim.commands.base import ResumableCommand, tell
from sim.commands.images import load_images
from sim.data.bank_file import encode_bank
from sim.data.datasets import ImageSet
from sim.data.embed import card_path, check_input, embed, pixels_of
from sim.data.tasks import class_order
from sim.images.device import choose_device, device_name, environment, with_precision
from sim.images.pretrain.curves import curves, log_table
from sim.images.pretrain.export import check_equal
from sim.images.pretrain.learnt import check_learnt
from sim.images.pretrain.pretraining import Pretraining
from sim.images.pretrain.settings import Recipe, load_recipe
from sim.images.pretrain.split import BaseSplit, base_split
from sim.work.errors import UserError
from sim.work.folder import write_folder
from sim.work.identity import identity
from sim.work.work_folder import WorkFolder

__all__ = ["PretrainCommand", "TrainingFolder", "load_base"]


class TrainingFolder(WorkFolder):
    """Folder of a training: a checkpoint and a log for the network, and both for its teacher."""

    what = "training"
    own_names = r"(network|teacher)\.(pt|csv)"


@dataclass(frozen=True, kw_only=True)
class PretrainCommand(ResumableCommand):
    """Arguments of ``engram pretrain``."""

    device: str
    series: None = None

    def execute(self, console: Console) -> None:
        """Train, check the integer network against its twin and write all files.

        Raises
        ------
        UserError
            If an argument, the configuration, the data or the output folder is at fault; nothing
            is then written into the output folder.
        """
        device = choose_device(self.device)
        recipe = load_recipe(self.config, self.assignments)
        recipe = replace(recipe, config=with_precision(recipe.config, device))
        images, split = load_base(recipe, self.data_dir, console)
        decisive = identity(recipe.digest(), images.digest(), **environment(device))
        folder = self.open_folder(TrainingFolder, decisive)
        training = Pretraining(recipe, images, split, folder.path, device, console)
        network = training.run()
        all_test = pixels_of(images, "test", network.params.bits)
        check_equal(training.model, network, all_test)
        console.print(f"Golden and trained network agree on all {len(all_test)} test images.")
        self._write(recipe, images, network, training, console)
        folder.close()

    def _write(
        self,
        recipe: Recipe,
        images: ImageSet,
        network: Network,
        training: Pretraining,
        console: Console,
    ) -> None:
        """Write the network, card, bank, log and curves in one step."""
        last = training.epochs[-1]
        content = network.to_bytes()
        about = {
            "classes": recipe.config.classes.about(images),
            "config_sha256": recipe.digest(),
            "seed": recipe.config.seed,
        }
        card = {
            "network_sha256": hashlib.sha256(content).hexdigest(),
            "pretraining": about,
            "command": self.command,
            "config": recipe.about(),
            "data_sha256": images.digest(),
            "environment": {
                **{name: version(name) for name in ("engram", "numpy", "torch")},
                "device": device_name(training.device),
            },
            "test_accuracy": last.test_accuracy,
            "seconds": sum(epoch.seconds for epoch in training.epochs),
        }
        bank = embed(network, content, images, about, lambda _: None)
        path = self.out / "network.bin"
        files: dict[str, bytes | str] = {
            "log.csv": log_table(training.epochs),
            "curves.png": curves(training.epochs, recipe.config.title),
            "bank.bin": encode_bank(bank),
            path.name: content,
            card_path(path).name: json.dumps(card, indent=1, allow_nan=False) + "\n",
        }
        write_folder(self.out, files)
        tell(
            console,
            f"{path}: {len(content)} bytes, {100 * last.test_accuracy:.2f} % of the test images "
            f"of {recipe.config.classes.base} classes",
        )


def load_base(
    recipe: Recipe, data_dir: Path | None, console: Console
) -> tuple[ImageSet, BaseSplit]:
    """Return the data set of a recipe, and the images of its base classes.

    Parameters
    ----------
    recipe : Recipe
    data_dir : Path or None
        Folder of the data archives.
    console : rich.console.Console

    Raises
    ------
    UserError
        If the data do not fit the network or the section `classes`, or a network that the recipe
        names has learnt other classes; the message names the line.
    """
    classes = recipe.config.classes
    images = load_images(classes.data, data_dir, console, classes.resize)
    check_input(recipe.network, images)
    try:
        class_order(images.n_classes, classes.order)
    except (TypeError, ValueError) as error:
        where = recipe.document.where(("classes", "order"))
        raise UserError(f"{where}: classes.order: {error}") from error
    try:
        split = base_split(images, classes, recipe.network.bits)
    except ValueError as error:
        where = recipe.document.where_within(("classes",))
        raise UserError(f"{where}: classes.{error}") from error
    check_learnt(recipe, images)
    return images, split
