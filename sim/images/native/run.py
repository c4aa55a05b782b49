# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""One run of native replay: a whole network learns task after task from images."""

import math
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from sim.images.native.learners import Learner
from sim.images.native.memory import ImageMemory
from sim.images.native.settings import NativeConfig
from sim.images.pretrain.losses import classification_loss
from sim.images.pretrain.split import BaseSplit
from sim.images.pretrain.train import ImageTrainer
from sim.images.weights import load_weights, weights_of
from sim.study.run import Arrays, Run, prefixed, unprefixed
from sim.work.progress import Progress

__all__ = ["NativeRun"]

# A run seeds each generator with (seed, purpose, task); these are the purposes.
_TRAIN, _KEEP = 1, 2


class NativeRun(Run[Progress]):
    """A run on images that can stop after any task and go on later with the same bits.

    Each task trains network and classifier on its own images and on images from the memory; every
    class has the same number of images. Then the network is tested on every class seen so far, and
    the memory stores its share of the new images.

    Parameters
    ----------
    split : BaseSplit
        Images of the classes to come; labels begin at 0.
    tasks : tuple of range
    learner : Learner
    memory : ImageMemory
    config : NativeConfig
    seed : int
    label : str
        Name of the run; a checkpoint with another name is refused.
    device : torch.device
    pixel_bits : int
        b, bits of a pixel.
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
        pixel_bits: int,
    ) -> None:
        super().__init__(tasks)
        self.pixel_bits = pixel_bits
        self.split = split
        self.learner = learner
        self.memory = memory
        self.config = config
        self.seed = seed
        self.label = label
        self.device = device

    def _do_task(self, report: Callable[[Progress], None]) -> tuple[int, NDArray[np.int64]]:
        epochs = self._train(report)
        predictions = self._predict()
        if self.task + 1 < len(self.tasks):  # the last task is never replayed
            self.memory.learn(*self._new(), np.random.default_rng([self.seed, _KEEP, self.task]))
        return epochs, predictions

    def _state(self) -> Arrays:
        return {
            **prefixed("weights_", weights_of(self.learner.model)),
            **prefixed("memory_", self.memory.state()),
        }

    def _load_state(self, arrays: Arrays) -> None:
        load_weights(self.learner.model, unprefixed("weights_", arrays))
        self.memory.load_state(unprefixed("memory_", arrays))

    def _identity(self) -> str:
        return self.label

    def _described(self) -> str:
        return self.label

    def _train(self, report: Callable[[Progress], None]) -> int:
        """Train on the current task and the replayed past; return the number of epochs."""
        images, labels = self._new()
        new = self.tasks[self.task]
        if self.memory.kept:
            past, past_labels = self.memory.rehearsal(math.ceil(len(labels) / len(new)))
            images = np.concatenate([images, past])
            labels = np.concatenate([labels, past_labels])
        schedule = self.config.learning
        trainer = ImageTrainer(
            self.learner.model,
            schedule,
            self.config.augment,
            images,
            labels,
            loss=classification_loss(schedule.label_smoothing, new.stop),
            test=lambda: math.nan,  # the test follows the task, not each epoch
            seed=int(np.random.default_rng([self.seed, _TRAIN, self.task]).integers(2**32)),
            identity=self.label,
            device=self.device,
            pixel_bits=self.pixel_bits,
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
