# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""Both phases of the training, with checkpoints: the network alone, then with a binarizer."""

import copy
from functools import partial
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from sim.data.binarizers import ThermometerBinarizer
from sim.data.datasets import ImageSet
from sim.images.pretrain.epochs import EpochBar
from sim.images.pretrain.losses import classification_loss
from sim.images.pretrain.split import BaseSplit
from sim.images.pretrain.train import ImageTrainer
from sim.images.resnet.model import BinarizedResNet, ResNet
from sim.images.resnet.settings import ResnetConfig, StepsConfig
from sim.images.resnet.through import Binarizer, Heaviside, Thermometer
from sim.work.parallel import worker_processes

__all__ = ["StepTrainer", "TwoPhaseTraining"]


class StepTrainer(ImageTrainer):
    """A training by SGD with momentum and a learning rate that falls in steps.

    Parameters
    ----------
    model : BinarizedResNet
    config : StepsConfig
    *args, **named
        Further arguments of `ImageTrainer`.
    """

    def __init__(self, model: BinarizedResNet, config: StepsConfig, *args, **named) -> None:
        super().__init__(model, config, *args, **named)
        self.steps = config
        self.optimizer = torch.optim.SGD(
            model.parameters(),
            lr=config.learning_rate,
            momentum=config.momentum,
            weight_decay=config.weight_decay,
        )

    def _rate(self, progress: float) -> float:
        """Return the learning rate of the current epoch."""
        return self.steps.learning_rate * self.steps.decay ** (len(self.epochs) // self.steps.every)


class TwoPhaseTraining:
    """Training of networks with and without binarizers on the base classes.

    Parameters
    ----------
    config : ResnetConfig
    images : ImageSet
    split : BaseSplit
        Images of the base classes.
    folder : Path
        Folder of the checkpoints; training goes on from those it holds.
    device : torch.device
    console : rich.console.Console
    """

    def __init__(
        self,
        config: ResnetConfig,
        images: ImageSet,
        split: BaseSplit,
        folder: Path,
        device: torch.device,
        console: Console,
    ) -> None:
        self.config = config
        self.images = images
        self.split = split
        self.folder = folder
        self.device = device
        self.console = console
        self._identity = f"{config.digest()} {images.digest()} {torch.__version__}"

    def __getstate__(self) -> dict[str, Any]:
        """Return the state for another process, which prints nothing."""
        return {**vars(self), "console": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, console=Console(quiet=True))

    def train_all(self, jobs: int) -> None:
        """Train all networks in `jobs` processes; each network leaves its checkpoint.

        Thermometers come last, because their training starts from the network without binarizer.
        """
        train = partial(_leave, self)
        firsts = [("plain", 0), *(("heaviside", f) for f in self.config.heaviside)]
        with worker_processes(jobs) as pool:
            for stage in (firsts, [("thermometer", p) for p in self.config.thermometer]):
                for name in pool.map(train, stage):
                    self.console.print(f"{name} is trained.")

    def plain(self) -> BinarizedResNet:
        """Return the network trained without a binarizer, which is phase 1 of all thermometers."""
        return self._train("plain", self._network(None), self.config.training)

    def clipped(self, plain: BinarizedResNet, bits: int) -> BinarizedResNet:
        """Return a copy of a trained network with a thermometer after its embedding."""
        code = ThermometerBinarizer(bits, self.config.rounding)
        network = copy.deepcopy(plain)
        network.binarizer = Thermometer(code, plain.features.features)
        return network

    def through(self, clipped: BinarizedResNet, bits: int) -> BinarizedResNet:
        """Return the network after phase 2, with gradients straight through its thermometer."""
        return self._train(f"thermometer_{bits}", clipped, self.config.through)

    def projected(self, factor: int) -> BinarizedResNet:
        """Return a network trained with a Heaviside binarizer from the start."""
        name = f"heaviside_{factor}"
        return self._train(name, self._network(factor), self.config.training)

    def accuracy(self, network: BinarizedResNet) -> float:
        """Return the accuracy on the test images of the base classes."""
        return network.eval().accuracy(self.split.test_images, self.split.test_labels)

    def _network(self, factor: int | None) -> BinarizedResNet:
        # Layers draw their first weights from PyTorch's global generator; its state is restored.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.config.seed)
            channels = self.images.image_shape[2]
            features = ResNet(channels, self.config.width, self.config.blocks)
            binarizer: Binarizer | None = None
            if factor is not None:
                binarizer = Heaviside(features.features, factor)
            full_scale = 2**self.images.pixel_bits - 1
            return BinarizedResNet(features, binarizer, self.config.classes.base, full_scale)

    def _train(self, name: str, network: BinarizedResNet, steps: StepsConfig) -> BinarizedResNet:
        """Do the remaining epochs, and write a checkpoint after each."""
        trainer = StepTrainer(
            network,
            steps,
            self.config.augment,
            self.split.train_images,
            self.split.train_labels,
            loss=classification_loss(steps.label_smoothing),
            test=lambda: self.accuracy(network),
            seed=self.config.seed,
            identity=f"{name} {self._identity}",
            device=self.device,
            pixel_bits=self.images.pixel_bits,
        )
        path = self.folder / f"{name}.pt"
        if path.exists():
            trainer.load(path)
            self.console.print(f"Going on: {len(trainer.epochs)} epochs of {name} are done.")
        with EpochBar(self.console, name, trainer) as bar:
            while not trainer.done:
                trainer.step(bar.show)
                trainer.save(path)
        return network.eval()


def _leave(training: TwoPhaseTraining, network: tuple[str, int]) -> str:
    """Train a network in a process of its own, so that it leaves its checkpoint; return its name.

    Parameters
    ----------
    training : TwoPhaseTraining
    network : tuple of (str, int)
        ``plain``, ``thermometer`` or ``heaviside``, with 0, p or f.
    """
    binarizer, size = network
    if binarizer == "heaviside":
        training.projected(size)
    elif binarizer == "thermometer":
        training.through(training.clipped(training.plain(), size), size)
    else:
        training.plain()
    return f"{binarizer}_{size}" if size else binarizer
