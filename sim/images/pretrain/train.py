# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""Training in epochs; it can stop after any epoch and go on later with the same bits."""

import io
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sim.images.pretrain.augment import augment
from sim.images.pretrain.losses import Loss
from sim.images.pretrain.sections import AugmentConfig, ScheduleConfig
from sim.images.pretrain.terms import TwoStepConfig
from sim.learn.optim import Plateau
from sim.work.errors import UserError
from sim.work.files import read_bytes, write_whole

__all__ = [
    "THREADS",
    "Epoch",
    "ImageTrainer",
    "Trainable",
]

#: Number of PyTorch's threads; the bits of a training depend on it. Numba and PyTorch share one
#: OpenMP, and Numba sets this number to its own whenever a golden kernel runs.
THREADS = torch.get_num_threads()

#: A training seeds each generator with (seed, purpose, epoch); these are the purposes.
_ORDER, _CHANGES = 1, 2

Report = Callable[[int, int], None]  # called with the steps done and the steps of the epoch


class Trainable(Protocol):
    """Interface that a trainer needs in addition to that of a PyTorch module."""

    precision: torch.dtype

    def clip(self) -> None:
        """Bring the weights back into their range after a step."""
        ...


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """The result of an epoch: one row of the log.

    Parameters
    ----------
    epoch : int
        Counted from 1.
    learning_rate : float
        Learning rate at the end of the epoch.
    loss, train_accuracy : float
        Means over the training samples, each taken at its own step.
    test_accuracy : float
    seconds : float
    """

    epoch: int
    learning_rate: float
    loss: float
    train_accuracy: float
    test_accuracy: float
    seconds: float


class ImageTrainer:
    """A training that can stop after any epoch and go on later with the same bits.

    Every epoch derives its generators from (seed, purpose, epoch) alone, so that a checkpoint
    need hold no generator. On a CPU the bits repeat for an equal number of threads.

    Parameters
    ----------
    model : torch.nn.Module and Trainable
    config : ScheduleConfig
    augmentation : AugmentConfig
    images : ndarray of shape (n_images, H, W, C), uint8
    labels : ndarray of shape (n_images,), int64
    loss : Loss
    test : callable
        Returns the test accuracy of the model.
    seed : int
    identity : str
        Text that contains all that decides the bits; a checkpoint with another one is refused.
    device : torch.device
    pixel_bits : int
        b, bits of a pixel.
    dropped : torch.nn.Module or None
        What the loss learns beside the model, and what is dropped with the trainer.
    two_step : TwoStepConfig or None
        First step, with weight decay, of a training in two; cosine only.

    Attributes
    ----------
    epochs : list of Epoch
        Epochs done.
    first : int
        Epochs of the first of two steps; 0 if there is one.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        config: ScheduleConfig,
        augmentation: AugmentConfig,
        images: NDArray[np.uint8],
        labels: NDArray[np.int64],
        *,
        loss: Loss,
        test: Callable[[], float],
        seed: int,
        identity: str,
        device: torch.device,
        pixel_bits: int,
        dropped: torch.nn.Module | None = None,
        two_step: TwoStepConfig | None = None,
    ) -> None:
        self.model = model.to(device)
        self.dropped = (dropped or torch.nn.Module()).to(device)
        self.config = config
        self.augmentation = augmentation
        self.two_step = two_step
        self.first = two_step.first(config.epochs) if two_step else 0
        self.full_scale = 2**pixel_bits - 1
        self.images = torch.from_numpy(images).to(device)
        self.labels = torch.from_numpy(labels).to(device)
        self.loss = loss
        self.test = test
        self.seed = seed
        self.identity = identity
        self.device = device
        self.optimizer = self._adam()
        self.epochs: list[Epoch] = []

    @property
    def done(self) -> bool:
        """Whether no epoch is left."""
        return len(self.epochs) == self.config.epochs or not self._plateau()[1]

    def step(self, report: Report) -> Epoch:
        """Do the next epoch, and call `report` after every step."""
        start = perf_counter()
        torch.set_num_threads(THREADS)
        number = len(self.epochs)
        steps = math.ceil(len(self.labels) / self.config.batch)
        # Samples of the first batch fill up the last one: batch normalisation needs at least two.
        order = np.resize(
            self._rng(_ORDER, number).permutation(len(self.labels)), steps * self.config.batch
        )
        changes = self._rng(_CHANGES, number)
        totals = torch.zeros(2, dtype=torch.float64, device=self.device)
        rate = 0.0
        if number and number == self.first:
            self.optimizer = self._adam()
        for group in self.optimizer.param_groups:
            group["weight_decay"] = self._decay(number, group["weight_decay"])
        augmentation = self.augmentation.at(number / self.config.epochs)
        self.model.train()
        self.model.precision = getattr(torch, self.config.precision)  # type: ignore[assignment]
        for i in range(steps):
            rate = self._rate(number + (i + 1) / steps)
            chosen = torch.from_numpy(order[i * self.config.batch : (i + 1) * self.config.batch])
            chosen = chosen.to(self.device)
            pixels = augment(self.images[chosen], augmentation, changes, self.full_scale)
            totals += self._learn(pixels, self.labels[chosen], rate)
            report(i + 1, steps)
        self.model.eval()
        self.model.precision = torch.float32  # type: ignore[assignment]
        loss, hits = (totals / len(order)).tolist()
        if not math.isfinite(loss):
            raise UserError(f"Epoch {number + 1} ended in loss {loss}: lower the learning rate")
        self.epochs.append(
            Epoch(
                epoch=number + 1,
                learning_rate=rate,
                loss=loss,
                train_accuracy=hits,
                test_accuracy=self.test(),
                seconds=perf_counter() - start,
            )
        )
        return self.epochs[-1]

    def save(self, path: Path) -> None:
        """Write a checkpoint, whole or not at all."""
        buffer = io.BytesIO()
        torch.save(
            {
                "identity": self.identity,
                "epochs": [asdict(epoch) for epoch in self.epochs],
                "model": self.model.state_dict(),
                "dropped": self.dropped.state_dict(),
                "optimizer": self.optimizer.state_dict(),
            },
            buffer,
        )
        write_whole(path, buffer.getvalue())

    def load(self, path: Path) -> None:
        """Go on from a checkpoint.

        Raises
        ------
        UserError
            If the file is damaged or belongs to another training.
        """
        content = io.BytesIO(read_bytes(path))
        try:
            state = torch.load(content, map_location=self.device, weights_only=True)
            identity, epochs = state["identity"], [Epoch(**row) for row in state["epochs"]]
        except Exception as error:  # a damaged pickle can fail in any way
            raise UserError(f"{path} must be a checkpoint, and it is damaged") from error
        if identity != self.identity:
            raise UserError(
                f"{path} must be a checkpoint of this configuration on these data: give those, "
                "or remove it to start again"
            )
        self.model.load_state_dict(state["model"])
        self.dropped.load_state_dict(state.get("dropped", {}))  # older ones had none
        self.optimizer.load_state_dict(state["optimizer"])
        self.epochs = epochs
        self.model.eval()

    def _learn(self, pixels: Tensor, labels: Tensor, rate: float) -> Tensor:
        """Do one step; return the loss and the hits, summed over the samples."""
        loss, logits = self.loss(self.model, pixels, labels)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        self.model.clip()  # type: ignore[operator]
        hits = (logits.detach().argmax(1) == labels).sum()
        return torch.stack([loss.detach() * len(labels), hits]).double()

    def _adam(self) -> torch.optim.Optimizer:
        """Return an optimiser of all weights that remembers no step."""
        weights = [*self.model.parameters(), *self.dropped.parameters()]
        return torch.optim.Adam(weights, lr=self.config.learning_rate, fused=True)

    def _rate(self, progress: float) -> float:
        """Return the learning rate after `progress` epochs, which can be a fraction."""
        if self.config.schedule == "plateau":
            return self._plateau()[0]
        done, length = progress - self.first, self.config.epochs - self.first
        if done <= 0 < self.first:  # the end of the first step belongs to it
            done, length = progress, self.first
        warm = min(1.0, done / self.config.warmup) if self.config.warmup else 1.0
        half = math.pi * done / length
        return self.config.learning_rate * warm * (1 + math.cos(half)) / 2

    def _decay(self, number: int, usual: float) -> float:
        """Return the weight decay in an epoch, counted from 0."""
        if self.two_step is None:
            return usual
        return self.two_step.weight_decay if number < self.first else 0.0

    def _plateau(self) -> tuple[float, bool]:
        """Return the rate of a plateau schedule after the epochs so far, and whether to go on."""
        schedule = Plateau(rate=self.config.learning_rate, **self.config.plateau.model_dump())
        going_on = True
        if self.config.schedule == "plateau":
            for epoch in self.epochs:
                going_on = schedule.update(epoch.loss)
        return schedule.rate, going_on

    def _rng(self, purpose: int, epoch: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, purpose, epoch])
