# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""A whole pre-training with checkpoints: an optional teacher, then the binary network."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console

from golden.network import Network
from sim.data.datasets import ImageSet
from sim.images.pretrain.curves import log_table
from sim.images.pretrain.dropped import Dropped
from sim.images.pretrain.ensemble import Ensemble
from sim.images.pretrain.epochs import EpochBar
from sim.images.pretrain.export import accuracy, to_golden
from sim.images.pretrain.losses import Loss, classification_loss
from sim.images.pretrain.model import BinaryNetwork
from sim.images.pretrain.objective import Objective
from sim.images.pretrain.sections import ScheduleConfig
from sim.images.pretrain.settings import Recipe
from sim.images.pretrain.split import BaseSplit
from sim.images.pretrain.start import start_from
from sim.images.pretrain.teacher import Teacher
from sim.images.pretrain.train import Epoch, ImageTrainer
from sim.work.files import write_whole

__all__ = ["Pretraining"]

# Purpose of the generator that draws the first weights; see also `sim.images.pretrain.train`.
_WEIGHTS = 0


class Pretraining:
    """Training of an optional teacher, and then of the binary network, with checkpoints.

    Parameters
    ----------
    recipe : Recipe
    images : ImageSet
    split : BaseSplit
    folder : Path
        Folder of the checkpoints; training goes on from those it holds.
    device : torch.device
    console : rich.console.Console

    Attributes
    ----------
    model : BinaryNetwork
    epochs : list of Epoch
        Epochs of the binary network.
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
        if recipe.start is not None:
            start_from(self.model, recipe.start.network, split.train_images)

    def run(self) -> Network:
        """Train to the end and return the integer network."""
        config, head = self.recipe.config, self.recipe.network.head
        assert head is not None
        generator = torch.Generator().manual_seed(config.seed)
        rotated = config.rotations is not None
        dropped = Dropped(head.features, head.classes, config.projector, rotated, generator)
        loss = Objective(config, self._teacher(), dropped)
        trainer = self._trainer(
            "network", self.model, config.training, loss, dropped=dropped, two_step=config.two_step
        )
        self._train("network", trainer)
        self.epochs = trainer.epochs
        return to_golden(self.model)

    def _teacher(self) -> Teacher | Ensemble | None:
        """Return the teacher, if there is one; a float one is trained first."""
        config, params = self.recipe.config, self.recipe.network
        if config.distillation is None:
            return None
        if self.recipe.teachers:
            networks = [named.network for named in self.recipe.teachers]
            return Ensemble(networks, self.split.train_images, self.split.train_labels)
        generator = torch.Generator().manual_seed(config.seed)
        width, channels = config.distillation.width, params.input.channels
        teacher = Teacher(params.bits, channels, config.classes.base, width, generator)
        schedule = config.distillation.training
        loss = classification_loss(schedule.label_smoothing)
        self._train("teacher", self._trainer("teacher", teacher, schedule, loss))
        teacher.precision = getattr(torch, schedule.precision)
        return teacher

    def _trainer(
        self,
        name: str,
        model: BinaryNetwork | Teacher,
        schedule: ScheduleConfig,
        loss: Loss,
        **more: Any,
    ) -> ImageTrainer:
        return ImageTrainer(
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
            pixel_bits=self.recipe.network.bits,
            **more,
        )

    def _test(self, model: BinaryNetwork | Teacher) -> float:
        """Return the test accuracy; a binary network is tested as its integer network."""
        images, labels = self.split.test_images, self.split.test_labels
        if isinstance(model, BinaryNetwork):
            return accuracy(to_golden(model), images, labels)
        return model.accuracy(images, labels)

    def _set_stage(self, epoch: int, first: int) -> None:
        """Set what changes from epoch to epoch: real numbers and the surrogate.

        Parameters
        ----------
        epoch : int
            Counted from 0.
        first : int
            Epochs with real weights.
        """
        config = self.recipe.config
        self.model.real = epoch < config.real_epochs
        self.model.weigh(real=epoch < first)
        share = epoch / max(config.training.epochs - 1, 1)
        self.model.steepen(1 + share * (config.model.power - 1))

    def _train(self, name: str, trainer: ImageTrainer) -> None:
        """Do the remaining epochs; write a checkpoint and the log after each."""
        path = self.folder / f"{name}.pt"
        if path.exists():
            trainer.load(path)
            self.console.print(f"Going on: {len(trainer.epochs)} epochs of the {name} are done.")
        with EpochBar(self.console, name, trainer) as bar:
            while not trainer.done:
                if trainer.model is self.model:
                    self._set_stage(len(trainer.epochs), trainer.first)
                trainer.step(bar.show)
                trainer.save(path)
                write_whole(self.folder / f"{name}.csv", log_table(trainer.epochs))
