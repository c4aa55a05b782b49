# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""BinPlay on images: a self-rehearsing autoencoder, and a classifier that learns from it."""

import copy
import json
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from golden.index_code import IndexCode
from sim.data.datasets import ImageSet
from sim.data.tasks import split_tasks
from sim.images.binplay.networks import FrameShape, classifier, decoder, encoder
from sim.images.binplay.settings import BinPlayConfig
from sim.images.weights import load_weights, weights_of
from sim.learn.assignment import assign_codes
from sim.measure.metrics import accuracy_matrix
from sim.study.run import Arrays, Run, prefixed, unprefixed

__all__ = ["BinPlayRun"]

_CHUNK = 500  # images in one pass of decoding or classification


class BinPlayRun(Run[str]):
    """A run that knows the past only by its codes; it reports its progress as text.

    Each task first trains the autoencoder in three phases: encoder and decoder without the loss of
    the codes; both with it; the decoder alone, with the last code that each sample chose. In all
    phases the decoder also rehearses past codes; its targets are the images that it made of them
    before the task. Then the classifier learns from decoded images: new ones with their labels,
    past ones with its own earlier answers as targets. Indices count all samples from 1.

    Parameters
    ----------
    config : BinPlayConfig
    images : ImageSet
    device : torch.device

    Attributes
    ----------
    labels : ndarray of shape (n_indices,), int64
        Class of every index so far.
    """

    def __init__(self, config: BinPlayConfig, images: ImageSet, device: torch.device) -> None:
        super().__init__(split_tasks(images.n_classes, 0, config.increment))
        self.config, self.device = config, device
        self._train = _chosen(images.train_images, images.train_labels, config.samples)
        self._test = images.test_images, images.test_labels
        self._pixel = 2**images.pixel_bits - 1
        self._shape = FrameShape(images.train_images.shape[1], images.train_images.shape[3])
        self.coder = IndexCode(config.codes(len(self._train[1]), len(self.tasks)))
        self.labels = np.zeros(0, np.int64)
        torch.manual_seed(config.seed)
        p = self.coder.params
        width, dropout = config.autoencoder.width, config.classifier.dropout
        self.decoder = decoder(self._shape, p.index_bits, p.task_bits, width).to(device)
        self.classifier = classifier(self._shape, images.n_classes, dropout).to(device)

    @property
    def accuracy(self) -> list[list[float]]:
        """After each task, the accuracy (0..1) on the test images of each task so far."""
        matrix, _ = accuracy_matrix(self.predictions, self._test[1], self.tasks)
        return [row[: done + 1].tolist() for done, row in enumerate(matrix)]

    def step(self, report: Callable[[str], None]) -> None:
        """Do the next task, and call `report` with lines of text about it."""
        super().step(report)
        report(f"task {self.task}: accuracy {100 * np.mean(self.accuracy[-1]):.1f} %")

    def _do_task(self, report: Callable[[str], None]) -> tuple[int, NDArray[np.int64]]:
        rng = np.random.default_rng([self.config.seed, self.task])
        torch.manual_seed(int(rng.integers(2**31)))
        pixels, labels = self._of_task(*self._train)
        past = self._past_codes()
        remembered = self._decode(past)  # with the decoder from before the task
        codes, loss = self._train_autoencoder(pixels, past, remembered, rng)
        report(f"task {self.task + 1}: squared error of a pixel {loss:.4f}")
        self._train_classifier(pixels, labels, codes, past, rng)
        c = self.config.autoencoder
        epochs = c.warmup + c.coded + c.frozen + self.config.classifier.epochs
        return epochs, self._predict()

    def _state(self) -> Arrays:
        return {
            "labels": self.labels,
            **prefixed("decoder_", weights_of(self.decoder)),
            **prefixed("classifier_", weights_of(self.classifier)),
        }

    def _load_state(self, arrays: Arrays) -> None:
        self.labels = arrays["labels"]
        load_weights(self.decoder, unprefixed("decoder_", arrays))
        load_weights(self.classifier, unprefixed("classifier_", arrays))

    def _identity(self) -> str:
        return json.dumps(self.config.model_dump(mode="json"), sort_keys=True)

    def _described(self) -> str:
        return "this configuration"

    def _train_autoencoder(
        self, pixels: Tensor, past: Tensor, remembered: Tensor, rng: np.random.Generator
    ) -> tuple[Tensor, float]:
        """Train encoder and decoder; return the samples' codes and the last loss of a pixel."""
        c, new = self.config.autoencoder, len(pixels)
        first = len(self.labels) + 1
        codes = self._codes(first, new, self.task)
        task, index = codes[:, : self.coder.params.task_bits], codes[:, -self._index_bits :]
        labels = self._of_task(*self._train)[1]
        chosen = np.arange(new)
        coding = encoder(self._shape, self._index_bits).to(self.device)
        both = [*coding.parameters(), *self.decoder.parameters()]
        optimizer = torch.optim.Adam(both, lr=c.learning_rate)
        n_past, loss = round(c.batch * len(past) / new), 0.0
        for epoch in range(c.warmup + c.coded + c.frozen):
            encoding = epoch < c.warmup + c.coded
            if c.warmup <= epoch and encoding:
                latents = _applied(coding, pixels).cpu().numpy()
                chosen, _ = assign_codes(latents, index.cpu().numpy(), rng.permutation(new))
            coding.train()
            self.decoder.train()
            total = 0.0
            for batch in _batches(new, c.batch, rng):
                wanted = index[chosen[batch]]
                latent = coding(pixels[batch]) if encoding else wanted
                error = _squared_error(
                    self.decoder(torch.cat([task[batch], latent], 1)), pixels[batch]
                )
                objective = error
                if encoding and epoch >= c.warmup:
                    objective = objective + c.code_loss * _squared_error(latent, wanted)
                if n_past:
                    again = rng.integers(len(past), size=n_past)
                    rehearsed = _squared_error(self.decoder(past[again]), remembered[again])
                    objective = objective + rehearsed * n_past / len(batch)
                optimizer.zero_grad()
                objective.backward()
                optimizer.step()
                total += float(error.detach()) * len(batch)
            loss = total / pixels.numel()
        owner = np.empty(new, np.int64)
        owner[chosen] = labels
        self.labels = np.concatenate([self.labels, owner])
        return codes[chosen], loss

    def _train_classifier(
        self,
        pixels: Tensor,
        labels: NDArray[np.int64],
        codes: Tensor,
        past: Tensor,
        rng: np.random.Generator,
    ) -> None:
        """Train the classifier on new samples and on past samples from the current decoder."""
        c, seen = self.config.classifier, self.tasks[self.task].stop
        hot = torch.eye(seen, device=self.device)
        inputs = self._decode(codes) if c.reconstructed else pixels
        targets = hot[labels]
        if len(past):
            old = self._decode(past)
            said = hot[self.labels[: len(past)]]
            if c.soft_targets:
                frozen = copy.deepcopy(self.classifier)
                before = self.tasks[self.task].start
                said = _applied(frozen, old)[:, :before].softmax(dim=1)
                said = nn.functional.pad(said, (0, seen - before))
            inputs, targets = torch.cat([old, inputs]), torch.cat([said, targets])
        optimizer = torch.optim.Adam(self.classifier.parameters(), lr=c.learning_rate)
        self.classifier.train()
        for _ in range(c.epochs):
            for batch in _batches(len(inputs), c.batch, rng):
                outputs = self.classifier(inputs[batch])[:, :seen].softmax(dim=1)
                optimizer.zero_grad()
                _squared_error(outputs, targets[batch]).backward()
                optimizer.step()

    def _predict(self) -> NDArray[np.int64]:
        """Return the predicted class of every test image of the classes seen, this task's too."""
        images, labels = self._test
        seen = self.tasks[self.task].stop
        shown = labels < seen
        images, labels = images[shown], labels[shown]
        classes = np.empty(len(labels), np.int64)
        for task in self.tasks[: self.task + 1]:
            own = (labels >= task.start) & (labels < task.stop)
            outputs = _applied(self.classifier, self._tensor(images[own]))
            classes[own] = outputs[:, :seen].argmax(dim=1).cpu().numpy()
        return classes

    @property
    def _index_bits(self) -> int:
        return self.coder.params.index_bits

    def _of_task(
        self, images: NDArray[np.uint8], labels: NDArray[np.int64]
    ) -> tuple[Tensor, NDArray[np.int64]]:
        """Return pixels and labels of the current task."""
        task = self.tasks[self.task]
        own = (labels >= task.start) & (labels < task.stop)
        return self._tensor(images[own]), labels[own]

    def _tensor(self, images: NDArray[np.uint8]) -> Tensor:
        """Return images as numbers in 0..1, channels first."""
        scaled = images.transpose(0, 3, 1, 2).astype(np.float32) / self._pixel
        return torch.from_numpy(scaled).to(self.device)

    def _codes(self, first: int, count: int, task: int) -> Tensor:
        """Return the codes of consecutive indices of a task as -1 and +1."""
        bits = self.coder.codes(np.arange(first, first + count), task + 1)
        return torch.from_numpy(bits.astype(np.float32) * 2 - 1).to(self.device)

    def _past_codes(self) -> Tensor:
        """Compute and return the codes of all indices of past tasks."""
        parts, first = [torch.zeros(0, self.coder.params.bits, device=self.device)], 1
        for number, task in enumerate(self.tasks[: self.task]):
            count = int(((self.labels >= task.start) & (self.labels < task.stop)).sum())
            parts.append(self._codes(first, count, number))
            first += count
        return torch.cat(parts)

    def _decode(self, codes: Tensor) -> Tensor:
        if not len(codes):
            size = (0, self._shape.channels, self._shape.side, self._shape.side)
            return torch.zeros(size, device=self.device)
        return _applied(self.decoder, codes)


def _chosen(
    images: NDArray[np.uint8], labels: NDArray[np.int64], samples: int | None
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the first `samples` of every class, in the order of the data set."""
    if samples is None:
        return images, labels
    kept = [np.flatnonzero(labels == label)[:samples] for label in np.unique(labels)]
    order = np.sort(np.concatenate(kept))
    return images[order], labels[order]


def _applied(model: nn.Module, x: Tensor) -> Tensor:
    """Return the outputs of a network in evaluation mode, computed in chunks."""
    model.eval()
    with torch.no_grad():
        return torch.cat([model(part) for part in x.split(_CHUNK)])


def _batches(count: int, size: int, rng: np.random.Generator) -> list[NDArray[np.int64]]:
    """Return all numbers below `count` in random batches; batches of one are left out."""
    parts = np.array_split(rng.permutation(count), max(1, count // size))
    return [part for part in parts if len(part) > 1]


def _squared_error(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return the squared error of a sample, averaged over the batch."""
    return (outputs - targets).square().sum() / len(targets)
