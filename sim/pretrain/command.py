# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""What `engram pretrain` does, from configuration to network, embedding bank and curves."""

import hashlib
import json
import shutil
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import TracebackType

import numpy as np
import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from golden.network import Network
from golden.params import NetworkParams
from sim.bank_file import encode_bank
from sim.datasets import ImageSet, load
from sim.embed import card_path, check_input, embed, pixels_of
from sim.errors import UserError
from sim.files import ensure_directory, write_whole
from sim.pretrain.curves import curves, log_table
from sim.pretrain.export import accuracy, check_equal, to_golden
from sim.pretrain.model import BinaryNetwork
from sim.pretrain.settings import PretrainConfig, Recipe, ScheduleConfig, load_recipe
from sim.pretrain.split import BaseSplit, base_split
from sim.pretrain.teacher import Teacher
from sim.pretrain.train import (
    Epoch,
    Loss,
    Trainer,
    classification_loss,
    distillation_loss,
)

__all__ = ["PretrainCommand", "choose_device"]

# Purpose of the generator of the first weights; `sim.pretrain.train` has the others.
_WEIGHTS = 0


@dataclass(frozen=True, kw_only=True)
class PretrainCommand:
    """Arguments of ``engram pretrain``."""

    config: str
    assignments: list[str]
    out: Path
    data_dir: Path | None
    resume: bool
    device: str
    command: str

    def execute(self, console: Console) -> None:
        """Train, check the integer network against its twin and write what came out.

        Raises
        ------
        UserError
            If an argument, the configuration, the data or the output folder is at fault; nothing
            is then written into the output folder.
        """
        recipe = load_recipe(self.config, self.assignments)
        device = choose_device(self.device)
        images, split = _load(recipe, self.data_dir)
        ensure_directory(self.out)
        training = Pretraining(recipe, images, split, self._checkpoints(), device, console)
        network = training.run()
        all_test = pixels_of(images, "test", network.params.bits)
        check_equal(training.model, network, all_test)
        console.print(f"Golden and trained network agree on all {len(all_test)} test images.")
        self._write(recipe, images, network, training, console)
        shutil.rmtree(training.folder)

    def _checkpoints(self) -> Path:
        """Return the folder of the checkpoints, ready."""
        folder = self.out.with_name(self.out.name + ".partial")
        if folder.exists() and not self.resume:
            raise UserError(
                f"{folder} holds an unfinished training: go on with --resume, "
                "or remove that folder to start again"
            )
        return ensure_directory(folder)

    def _write(
        self,
        recipe: Recipe,
        images: ImageSet,
        network: Network,
        training: "Pretraining",
        console: Console,
    ) -> None:
        """Write network, card, bank, log and curves, each whole or not at all."""
        last = training.epochs[-1]
        content = network.to_bytes()
        about = {
            "classes": recipe.config.classes.model_dump(),
            "config_sha256": recipe.digest(),
            "seed": recipe.config.seed,
        }
        card = {
            "network_sha256": hashlib.sha256(content).hexdigest(),
            "pretraining": about,
            "command": self.command,
            "config": recipe.about(),
            "data_sha256": images.digest(),
            "environment": {name: version(name) for name in ("engram", "numpy", "torch")},
            "test_accuracy": last.test_accuracy,
            "seconds": sum(epoch.seconds for epoch in training.epochs),
        }
        bank = embed(network, content, images, about, lambda _: None)
        path = self.out / "network.bin"
        write_whole(self.out / "log.csv", log_table(training.epochs))
        write_whole(self.out / "curves.png", curves(training.epochs, recipe.config.title))
        write_whole(self.out / "bank.bin", encode_bank(bank))
        write_whole(path, content)
        write_whole(card_path(path), json.dumps(card, indent=1) + "\n")
        console.print(
            f"{path}: {len(content)} bytes, {100 * last.test_accuracy:.2f} % of the test images "
            f"of {recipe.config.classes.base} classes"
        )


class Pretraining:
    """A teacher, if one is wanted, and then the binary network, trained with checkpoints.

    Parameters
    ----------
    recipe : Recipe
    images : ImageSet
    split : BaseSplit
    folder : Path
        Of the checkpoints; those in it are gone on from.
    device : torch.device
    console : rich.console.Console

    Attributes
    ----------
    model : BinaryNetwork
    epochs : list of Epoch
        Of the binary network.
    """

    def __init__(
        self,
        recipe: Recipe,
        images: ImageSet,
        split: BaseSplit,
        folder: Path,
        device: torch.device,
        console: Console,
    ) -> None:
        self.recipe = recipe
        self.split = split
        self.folder = folder
        self.device = device
        self.console = console
        self.epochs: list[Epoch] = []
        self._identity = f"{recipe.digest()} {images.digest()} {torch.__version__}"
        config = recipe.config
        rng = np.random.default_rng([config.seed, _WEIGHTS])
        self.model = BinaryNetwork(recipe.network, config.model, rng)

    def run(self) -> Network:
        """Train to the end and return the integer network."""
        trainer = self._trainer("network", self.model, self.recipe.config.training, self._loss())
        self._train("network", trainer)
        self.epochs = trainer.epochs
        return to_golden(self.model)

    def _loss(self) -> Loss:
        """Return the loss of the binary network, the teacher being trained first."""
        config = self.recipe.config
        smoothing = config.training.label_smoothing
        if config.distillation is None:
            return classification_loss(smoothing)
        teacher = self._teacher(self.recipe.network, config)
        return distillation_loss(
            teacher, config.distillation.weight, config.distillation.temperature, smoothing
        )

    def _teacher(self, params: NetworkParams, config: PretrainConfig) -> Teacher:
        assert config.distillation is not None
        generator = torch.Generator().manual_seed(config.seed)
        width, channels = config.distillation.width, params.input.channels
        teacher = Teacher(params.bits, channels, config.classes.base, width, generator)
        schedule = config.distillation.training
        loss = classification_loss(schedule.label_smoothing)
        self._train("teacher", self._trainer("teacher", teacher, schedule, loss))
        teacher.precision = getattr(torch, schedule.precision)
        return teacher

    def _trainer(
        self, name: str, model: BinaryNetwork | Teacher, schedule: ScheduleConfig, loss: Loss
    ) -> Trainer:
        return Trainer(
            model,
            schedule,
            self.recipe.config.augment,
            self.split.train_images,
            self.split.train_labels,
            loss=loss,
            test=lambda: self._test(model),
            seed=self.recipe.config.seed,
            identity=f"{name} {self._identity}",
            device=self.device,
        )

    def _test(self, model: BinaryNetwork | Teacher) -> float:
        """Return the test accuracy, of a binary network in integers."""
        images, labels = self.split.test_images, self.split.test_labels
        if isinstance(model, BinaryNetwork):
            return accuracy(to_golden(model), images, labels)
        return model.accuracy(images, labels)

    def _train(self, name: str, trainer: Trainer) -> None:
        """Do the epochs that are left, each followed by a checkpoint and the log."""
        path = self.folder / f"{name}.pt"
        if path.exists():
            trainer.load(path)
            self.console.print(f"Going on: {len(trainer.epochs)} epochs of the {name} are done.")
        with _EpochBar(self.console, name, trainer) as bar:
            while not trainer.done:
                if trainer.model is self.model:
                    self.model.real = len(trainer.epochs) < self.recipe.config.real_epochs
                trainer.step(bar.show)
                trainer.save(path)
                write_whole(self.folder / f"{name}.csv", log_table(trainer.epochs))


class _EpochBar:
    """Context that shows the progress of a training and leaves nothing behind."""

    def __init__(self, console: Console, name: str, trainer: Trainer) -> None:
        self._name = name
        self._trainer = trainer
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self._bar = self._bars.add_task(name, total=trainer.config.epochs)

    def __enter__(self) -> "_EpochBar":
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def show(self, step: int, steps: int) -> None:
        """Take in how much of the present epoch is done."""
        epochs = self._trainer.epochs
        text = f"{self._name}: epoch {len(epochs) + 1}/{self._trainer.config.epochs}"
        if epochs:
            text += f", loss {epochs[-1].loss:.3f}, test {100 * epochs[-1].test_accuracy:.1f} %"
        self._bars.update(self._bar, completed=len(epochs) + step / steps, description=text)


def choose_device(name: str) -> torch.device:
    """Return the device of that name, ``cpu`` or ``cuda``.

    Raises
    ------
    UserError
        If PyTorch finds no such device.
    """
    if name not in ("cpu", "cuda"):
        raise UserError(f"--device must be cpu or cuda, not {name!r}")
    if name == "cuda" and not torch.cuda.is_available():
        raise UserError("--device cuda needs a GPU that PyTorch can use, and it finds none")
    return torch.device(name)


def _load(recipe: Recipe, data_dir: Path | None) -> tuple[ImageSet, BaseSplit]:
    """Load the data and choose the base classes; a fault is told with its line."""
    classes = recipe.config.classes
    images = load(classes.data, data_dir)
    check_input(recipe.network, images)
    try:
        return images, base_split(images, classes.order, classes.base, recipe.network.bits)
    except ValueError as error:
        where = recipe.document.where(("classes", "base"))
        raise UserError(f"{where}: classes.base {error}") from error
