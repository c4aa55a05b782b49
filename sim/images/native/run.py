# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""One run of native replay: a whole network that learns task after task from images."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sim.images.native.learners import Learner, load_weights, weights_of
from sim.images.native.memory import ImageMemory
from sim.images.native.settings import NativeConfig
from sim.images.pretrain.split import BaseSplit
from sim.images.pretrain.train import Loss, Trainer, classification_loss
from sim.work.arrays_file import load_arrays, save_arrays
from sim.work.errors import UserError
from sim.work.progress import Progress

__all__ = ["NativeRun"]

# Purposes of the generators that a run derives from its seed; the task number follows.
_TRAIN, _KEEP = 1, 2


class NativeRun:
    """A run that can stop after any task and go on later with the same bits.

    A task trains network and classifier on its own images and, for every past class, on as many of
    the memory's; the network is then tested on every class seen so far, and the memory takes its
    share of the new images. What `sim.study.experiment.Experiment` is for embeddings.

    Parameters
    ----------
    split : BaseSplit
        Images of the classes to come, labels from 0.
    tasks : tuple of range
    learner : Learner
    memory : ImageMemory
    config : NativeConfig
    seed : int
    label : str
        Which run it is; no checkpoint of another one is taken.
    device : torch.device

    Attributes
    ----------
    task : int
        Tasks done.
    predictions : list of ndarray
        After each task, the class given to every test image of the classes seen.
    epochs : list of int
        Epochs that each task took.
    """

    def __init__(
        self,
        split: BaseSplit,
        tasks: tuple[range, ...],
        learner: Learner,
        memory: ImageMemory,
        config: NativeConfig,
        *,
        seed: int,
        label: str,
        device: torch.device,
    ) -> None:
        self.split = split
        self.tasks = tasks
        self.learner = learner
        self.memory = memory
        self.config = config
        self.seed = seed
        self.label = label
        self.device = device
        self.task = 0
        self.seconds = 0.0
        self.epochs: list[int] = []
        self.predictions: list[NDArray[np.int64]] = []

    @property
    def done(self) -> bool:
        """Whether all tasks are done."""
        return self.task == len(self.tasks)

    def step(self, report: Callable[[Progress], None]) -> None:
        """Do the next task, telling `report` after every epoch."""
        start = perf_counter()
        self.epochs.append(self._train(report))
        self.predictions.append(self._predict())
        if self.task + 1 < len(self.tasks):  # nothing replays the last
            self.memory.learn(*self._new(), np.random.default_rng([self.seed, _KEEP, self.task]))
        self.task += 1
        self.seconds += perf_counter() - start

    def ended(self) -> Progress:
        """Return the progress of a run with nothing left to do."""
        return Progress(len(self.tasks), len(self.tasks), 0, self.config.learning.epochs, 1.0)

    def save(self, path: Path) -> None:
        """Write a checkpoint, whole or not at all."""
        about = {"run": self.label, "task": self.task, "seconds": self.seconds}
        arrays: dict[str, NDArray[Any]] = {
            "about": np.frombuffer(json.dumps(about).encode(), np.uint8),
            "epochs": np.array(self.epochs, np.int64),
            **{f"predictions_{i}": p for i, p in enumerate(self.predictions)},
            **{f"weights_{k}": v for k, v in weights_of(self.learner.model).items()},
            **{f"memory_{k}": v for k, v in self.memory.state().items()},
        }
        save_arrays(path, arrays)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint.

        Raises
        ------
        UserError
            If the file is damaged or belongs to another run.
        """
        arrays = load_arrays(path)
        about = json.loads(arrays["about"].tobytes()) if "about" in arrays else {}
        if about.get("run") != self.label:
            raise UserError(f"{path} must be a checkpoint of {self.label}")
        self.task, self.seconds = about["task"], about["seconds"]
        self.epochs = arrays["epochs"].tolist()
        self.predictions = [arrays[f"predictions_{i}"] for i in range(self.task)]
        load_weights(self.learner.model, _strip(arrays, "weights_"))
        self.memory.load_state(_strip(arrays, "memory_"))

    def _train(self, report: Callable[[Progress], None]) -> int:
        """Train on the present task and the replayed past; return the epochs it took."""
        images, labels = self._new()
        new = self.tasks[self.task]
        if self.memory.kept:
            past, past_labels = self.memory.rehearsal(math.ceil(len(labels) / len(new)))
            images = np.concatenate([images, past])
            labels = np.concatenate([labels, past_labels])
        schedule = self.config.learning
        trainer = Trainer(
            self.learner.model,
            schedule,
            self.config.augment,
            images,
            labels,
            loss=_loss_of_seen(schedule.label_smoothing, new.stop),
            test=lambda: math.nan,  # after the task alone
            seed=int(np.random.default_rng([self.seed, _TRAIN, self.task]).integers(2**32)),
            identity=self.label,
            device=self.device,
        )
        while not trainer.done:
            epoch = trainer.step(lambda step, steps: None)
            report(
                Progress(
                    self.task, len(self.tasks), epoch.epoch, schedule.epochs, epoch.train_accuracy
                )
            )
        return len(trainer.epochs)

    def _predict(self) -> NDArray[np.int64]:
        seen = self.tasks[self.task].stop
        images = self.split.test_images[self.split.test_labels < seen]
        return self.learner.classify(images, seen)

    def _new(self) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Return the training images of the present task and their labels."""
        classes = self.tasks[self.task]
        labels = self.split.train_labels
        chosen = (labels >= classes.start) & (labels < classes.stop)
        return self.split.train_images[chosen], labels[chosen]


def _loss_of_seen(smoothing: float, seen: int) -> Loss:
    """Return the cross-entropy over the outputs of the classes seen; the others learn nothing."""
    alone = classification_loss(smoothing)

    def loss(pixels: Tensor, logits: Tensor, labels: Tensor) -> Tensor:
        return alone(pixels, logits[:, :seen], labels)

    return loss


def _strip(arrays: dict[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    """Return the arrays whose names begin with `prefix`, without it."""
    return {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}
