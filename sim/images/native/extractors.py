# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""Pre-trained networks; each is trained once, and all runs of a seed share it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from sim.data.datasets import ImageSet
from sim.images.native.learners import real_network, widest, with_outputs
from sim.images.native.settings import NativeConfig
from sim.images.pretrain.epochs import EpochBar
from sim.images.pretrain.losses import classification_loss
from sim.images.pretrain.model import BinaryNetwork
from sim.images.pretrain.pretraining import Pretraining
from sim.images.pretrain.settings import Recipe
from sim.images.pretrain.split import BaseSplit, base_split
from sim.images.pretrain.teacher import Teacher
from sim.images.pretrain.train import Epoch, ImageTrainer
from sim.work.identity import identity
from sim.work.work_folder import WorkFolder

__all__ = ["Extractors"]


class _PretrainingFolder(WorkFolder):
    """Folder of checkpoints and logs of the pre-trainings with one seed on one set of classes."""

    what = "pre-training"
    own_names = r"(network|teacher|float)\.(pt|csv)"


@dataclass(frozen=True, kw_only=True)
class _Kind:
    """One pre-training: the binary or the float network, with a seed, on base or all classes."""

    real: bool
    seed: int
    ideal: bool

    @property
    def name(self) -> str:
        what = "floating-point network" if self.real else "binary network"
        return f"{what}, seed {self.seed}, {'all' if self.ideal else 'base'} classes"


class Extractors:
    """Pre-trained networks of a study.

    Parameters
    ----------
    config : NativeConfig
    recipe : Recipe
        Recipe of the configuration.
    images : ImageSet
    path : Path
        Folder of the checkpoints; training goes on from those it holds.
    device : torch.device
    console : rich.console.Console
    """

    def __init__(
        self,
        config: NativeConfig,
        recipe: Recipe,
        images: ImageSet,
        path: Path,
        device: torch.device,
        console: Console,
    ) -> None:
        self.config = config
        self.recipe = recipe
        self.images = images
        self.path = path
        self.device = device
        self.console = console
        self.epochs: dict[str, Epoch] = {}
        self._networks: dict[_Kind, BinaryNetwork | Teacher] = {}
        self._folders: dict[tuple[int, bool], _PretrainingFolder] = {}

    def binary(self, seed: int, ideal: bool) -> BinaryNetwork:
        """Return the binary network of a seed, trained on the base classes or, if `ideal`, all."""
        kind = _Kind(real=False, seed=seed, ideal=ideal)
        if kind not in self._networks:
            recipe, split, folder = self._prepare(kind)
            training = Pretraining(
                recipe, self.images, split, folder.path, self.device, self.console
            )
            training.run()
            self._networks[kind] = training.model
            self.epochs[kind.name] = training.epochs[-1]
        network = self._networks[kind]
        assert isinstance(network, BinaryNetwork)
        return network

    def real(self, seed: int, ideal: bool) -> Teacher:
        """Return the network of real numbers of a seed, trained on the same classes as `binary`."""
        kind = _Kind(real=True, seed=seed, ideal=ideal)
        if kind not in self._networks:
            recipe, split, folder = self._prepare(kind)
            self._networks[kind] = self._train_real(kind, recipe, split, folder.path / "float.pt")
        network = self._networks[kind]
        assert isinstance(network, Teacher)
        return network

    def __getstate__(self) -> dict[str, Any]:
        """Return the state for another process, which reads the networks from their checkpoints."""
        return {**vars(self), "console": None, "epochs": {}, "_networks": {}, "_folders": {}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, console=Console(quiet=True))

    def close(self) -> None:
        """Remove the checkpoints."""
        for folder in self._folders.values():
            folder.close()

    def _prepare(self, kind: _Kind) -> tuple[Recipe, BaseSplit, _PretrainingFolder]:
        """Return the recipe, the images and the opened folder of a pre-training."""
        classes = self.images.n_classes if kind.ideal else self.config.classes.base
        recipe = replace(
            self.recipe,
            config=self.config.pretraining(kind.seed, classes),
            network=with_outputs(self.recipe.network, classes),
        )
        path = self.path / f"seed-{kind.seed}{'-ideal' if kind.ideal else ''}"
        folder = _PretrainingFolder(path, identity(recipe.digest(), self.images.digest()))
        folder.open(resume=True)  # the folder of the study has already checked --resume
        self._folders[kind.seed, kind.ideal] = folder
        split = base_split(self.images, recipe.config.classes, recipe.network.bits)
        return recipe, split, folder

    def _train_real(self, kind: _Kind, recipe: Recipe, split: BaseSplit, path: Path) -> Teacher:
        config = recipe.config
        later = self.images.n_classes - self.config.classes.base
        width = widest(with_outputs(self.recipe.network, later))
        network = real_network(recipe.network, width, kind.seed)
        trainer = ImageTrainer(
            network,
            config.training,
            config.augment,
            split.train_images,
            split.train_labels,
            loss=classification_loss(config.training.label_smoothing),
            test=lambda: network.accuracy(split.test_images, split.test_labels),
            seed=kind.seed,
            identity=f"float {recipe.digest()} {self.images.digest()} {torch.__version__}",
            device=self.device,
            pixel_bits=recipe.network.bits,
        )
        if path.exists():
            trainer.load(path)
        with EpochBar(self.console, "floating-point network", trainer) as bar:
            while not trainer.done:
                trainer.step(bar.show)
                trainer.save(path)
        self.epochs[kind.name] = trainer.epochs[-1]
        return network
