# SPDX-License-Identifier: MIT
"""One run: a head that learns task after task, with one source of replay under one seed."""

import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.kernels import head_logits
from golden.params import HeadParams
from sim.arrays_file import load_arrays, save_arrays
from sim.bank import Bank
from sim.batches import split_batch
from sim.config import HeadConfig
from sim.errors import UserError
from sim.head import HeadTrainer, bipolar
from sim.ledger import Ledger, head_ledger
from sim.methods import Method
from sim.optim import Adam, Optimizer, Plateau, Sgd
from sim.replay import Classifier, ReplayContext, ReplayParams

__all__ = ["Experiment", "Progress"]

# Purposes of the generators that a run derives from its seed; the task number follows.
_INIT, _SHUFFLE, _DRAW, _LEARN = range(4)


@dataclass(frozen=True)
class Progress:
    """Where a run stands.

    Parameters
    ----------
    task, n_tasks : int
        Present task, from 0, and their number; equal when the run has ended.
    epoch, epochs : int
        Epochs done of this task, and the most there may be.
    accuracy : float
        Share of the last epoch's training samples, past and present, classified right.
    """

    task: int
    n_tasks: int
    epoch: int
    epochs: int
    accuracy: float


class Experiment:
    """A run that can stop after any task and go on later with the same bits.

    A task first trains the head, on its own samples and on samples replayed from the past, then
    hands its samples to the source. After it, the integer golden head is tested on every class
    seen so far; a source that classifies by itself is tested instead, and no head is trained. Each
    task derives its generators from (seed, purpose, task) alone, so that a checkpoint need hold no
    generator.

    Parameters
    ----------
    bank : Bank
    head : HeadConfig
    method : Method
    seed : int

    Attributes
    ----------
    task : int
        Tasks done.
    predictions : list of ndarray
        After each task, the class given to every test sample of the classes seen, in bank order.
    """

    def __init__(self, bank: Bank, head: HeadConfig, method: Method, seed: int) -> None:
        self.bank = bank
        self.head = head
        self.method = method
        self.seed = seed
        self.task = 0
        self.seconds = 0.0
        self.epochs: list[int] = []
        self.predictions: list[NDArray[np.int64]] = []
        self.source = method.source(
            ReplayContext(features=bank.features, classes=bank.n_classes, seed=seed)
        )
        params = HeadParams(features=bank.features, classes=bank.n_classes, hidden=head.hidden)
        own_gain = method.params.logit_gain if isinstance(method.params, ReplayParams) else None
        self.trainer = HeadTrainer(
            params, self._rng(_INIT), head.init_scale, own_gain or head.logit_gain
        )

    @property
    def done(self) -> bool:
        """Whether all tasks are done."""
        return self.task == len(self.bank.tasks)

    def step(self, report: Callable[[Progress], None]) -> None:
        """Do the next task, telling `report` after every epoch."""
        start = perf_counter()
        if isinstance(self.source, Classifier):
            self._learn()
            self.epochs.append(0)
            self.predictions.append(self.source.classify(self._seen_test()))
        else:
            self.epochs.append(self._train(report))
            self.predictions.append(self._predict())
            self._learn()
        self.task += 1
        self.seconds += perf_counter() - start

    def ended(self) -> Progress:
        """Return the progress of a run with nothing left to do."""
        n_tasks = len(self.bank.tasks)
        return Progress(n_tasks, n_tasks, 0, self.head.epochs, 1.0)

    def ledger(self) -> Ledger:
        """Return every bit that survives between tasks: the source's and the classifier's."""
        if isinstance(self.source, Classifier):
            return self.source.ledger() + self.source.head_ledger()
        return self.source.ledger() + head_ledger(
            self.trainer.params, latent=self.head.start == "warm"
        )

    def save(self, path: Path) -> None:
        """Write a checkpoint, whole or not at all."""
        about = {"identity": self._identity(), "task": self.task, "seconds": self.seconds}
        arrays: dict[str, NDArray[Any]] = {
            "about": np.frombuffer(json.dumps(about).encode(), np.uint8),
            "epochs": np.array(self.epochs, np.int64),
            **{f"predictions_{i}": p for i, p in enumerate(self.predictions)},
            **{f"head_{k}": v for k, v in self.trainer.state().items()},
            **{f"source_{k}": v for k, v in self.source.state().items()},
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
        if about.get("identity") != self._identity():
            raise UserError(f"{path} must be a checkpoint of {self.method.label} on these data")
        self.task, self.seconds = about["task"], about["seconds"]
        self.epochs = arrays["epochs"].tolist()
        self.predictions = [arrays[f"predictions_{i}"] for i in range(self.task)]
        self.trainer.load_state(_strip(arrays, "head_"))
        self.source.load_state(_strip(arrays, "source_"))

    def _train(self, report: Callable[[Progress], None]) -> int:
        """Train the head on the present task and the replayed past; return the epochs it took."""
        exemplars, labels = self.bank.task_of_train(self.task)
        x = bipolar(exemplars, self.bank.features)
        self.source.begin(exemplars, labels)
        seen = self.bank.tasks[self.task].stop
        shuffle, replay = self._rng(_SHUFFLE), self._rng(_DRAW)
        if self.head.start == "reset" and self.task:
            self.trainer.reset(self._rng(_INIT))
        n_past, n_new = self._split()
        steps = math.ceil(len(x) / n_new)
        optimizer, schedule = self._optimizer(), self._schedule()
        for epoch in range(1, self.head.epochs + 1):
            # The last batch is filled up from the first: every batch is shared as section 8 says.
            order = np.resize(shuffle.permutation(len(x)), steps * n_new)
            past, past_labels = self.source.draw(n_past * steps, replay) if n_past else (None, None)
            loss = hits = 0
            for i in range(steps):
                chosen = order[i * n_new : (i + 1) * n_new]
                batch, targets = x[chosen], labels[chosen]
                if past is not None and past_labels is not None:
                    replayed = slice(i * n_past, (i + 1) * n_past)
                    batch = np.concatenate([batch, bipolar(past[replayed], self.bank.features)])
                    targets = np.concatenate([targets, past_labels[replayed]])
                batch_loss, batch_hits, gradients = self.trainer.gradients(batch, targets, seen)
                optimizer.step(self.trainer.weights, gradients, schedule.rate)
                self.trainer.clip()
                loss += batch_loss / steps
                hits += batch_hits
            if not (np.isfinite(loss) and self.trainer.finite):
                raise UserError(
                    f"Training of {self.method.label} diverged in task {self.task + 1}, epoch "
                    f"{epoch}: lower head.learning_rate, which is {self.head.learning_rate:g}"
                )
            accuracy = hits / (steps * self.head.batch)
            report(Progress(self.task, len(self.bank.tasks), epoch, self.head.epochs, accuracy))
            if not schedule.update(loss):
                return epoch
        return self.head.epochs

    def _learn(self) -> None:
        """Hand the present task's samples to the source."""
        self.source.learn(*self.bank.task_of_train(self.task), self._rng(_LEARN))

    def _seen_test(self) -> NDArray[np.uint64]:
        """Return the test samples of the classes seen so far, this task's included."""
        return self.bank.test[self.bank.test_labels < self.bank.tasks[self.task].stop]

    def _split(self) -> tuple[int, int]:
        """Return how many past and present samples a batch holds (contract, 8)."""
        if not self.source.n_classes:
            return 0, self.head.batch
        return split_batch(self.head.batch, self.source.n_classes, len(self.bank.tasks[self.task]))

    def _predict(self) -> NDArray[np.int64]:
        """Return the golden head's class for every test sample of the classes seen so far."""
        seen = self.bank.tasks[self.task].stop
        logits = head_logits(self.trainer.golden(), self._seen_test(), threads=1)
        return logits[:, :seen].argmax(axis=1)

    def _optimizer(self) -> Optimizer:
        return Adam() if self.head.optimizer == "adam" else Sgd(self.head.momentum)

    def _schedule(self) -> Plateau:
        return Plateau(rate=self.head.learning_rate, **self.head.plateau.model_dump())

    def _rng(self, purpose: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, purpose, self.task])

    def _identity(self) -> str:
        """Return a hash of all that decides this run's bits."""
        about = {
            "head": self.head.model_dump(),
            "replay": self.method.replay,
            "params": self.method.params.model_dump(),
            "seed": self.seed,
            "bank": self.bank.digest,
        }
        return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()


def _strip(arrays: dict[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    """Return the arrays whose names begin with `prefix`, without it."""
    return {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}
