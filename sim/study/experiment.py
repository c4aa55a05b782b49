# SPDX-License-Identifier: MIT
"""One run: a head that learns task after task, with one source of replay under one seed."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.kernels import head_logits
from golden.params import HeadParams
from sim.data.bank import Bank
from sim.learn.batches import split_batch
from sim.learn.head import HeadTrainer
from sim.learn.head_training import train_head
from sim.learn.sections import HeadConfig
from sim.measure.ledger import Ledger, head_ledger
from sim.replay import Classifier, ReplayContext, ReplayParams
from sim.study.methods import Method
from sim.work.arrays_file import load_arrays, save_arrays
from sim.work.cache import NO_CACHE, Cache
from sim.work.errors import UserError
from sim.work.progress import Progress

__all__ = ["Experiment"]

# Purposes of the generators that a run derives from its seed; the task number follows.
_INIT, _SHUFFLE, _DRAW, _LEARN = range(4)


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
    cache : Cache
        Where the state after every task is kept, under what a run has met by then: another run
        that begins in the same way takes it from there.

    Attributes
    ----------
    task : int
        Tasks done.
    predictions : list of ndarray
        After each task, the class given to every test sample of the classes seen, in bank order.
    """

    def __init__(
        self,
        bank: Bank,
        head: HeadConfig,
        method: Method,
        seed: int,
        cache: Cache = NO_CACHE,
    ) -> None:
        self.cache = cache
        self.bank = bank
        self.head = head
        self.method = method
        self.seed = seed
        self.task = 0
        self.seconds = 0.0
        self.epochs: list[int] = []
        self.predictions: list[NDArray[np.int64]] = []
        self.source = method.source(
            ReplayContext(features=bank.features, classes=bank.n_classes, seed=seed, cache=cache)
        )
        params = HeadParams(features=bank.features, classes=bank.n_classes, hidden=head.hidden)
        own_gain = method.params.logit_gain if isinstance(method.params, ReplayParams) else None
        self._logit_gain = own_gain or head.logit_gain
        self.trainer = HeadTrainer(params, self._rng(_INIT), head.init_scale, self._logit_gain)

    @property
    def done(self) -> bool:
        """Whether all tasks are done."""
        return self.task == len(self.bank.tasks)

    def step(self, report: Callable[[Progress], None]) -> None:
        """Do the next task, telling `report` after every epoch."""
        start = perf_counter()
        done = self._take_over(report) if self.cache.keeps else self._do(report)
        self.epochs.append(int(done["epochs"]))
        self.predictions.append(done["predictions"])
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
            **self._state(),
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
        self._load_state(arrays)

    def _do(self, report: Callable[[Progress], None]) -> dict[str, NDArray[Any]]:
        """Do the present task; return the epochs it took and the predictions after it."""
        if isinstance(self.source, Classifier):
            self._learn()
            return {"epochs": np.array(0), "predictions": self.source.classify(self._seen_test())}
        epochs, predictions = self._train(report), self._predict()
        self._learn()
        return {"epochs": np.array(epochs), "predictions": predictions}

    def _take_over(self, report: Callable[[Progress], None]) -> dict[str, NDArray[Any]]:
        """Return what `_do` does, and go on from the state of whatever run did it first."""
        done = self.cache.get_or_make(
            "task",
            self._about(self.bank.histories[self.task]),
            lambda: {**self._do(report), **self._state()},
        )
        self._load_state(done)
        return done

    def _state(self) -> dict[str, NDArray[Any]]:
        """Return head and source as arrays."""
        return {
            **{f"head_{k}": v for k, v in self.trainer.state().items()},
            **{f"source_{k}": v for k, v in self.source.state().items()},
        }

    def _load_state(self, arrays: dict[str, NDArray[Any]]) -> None:
        self.trainer.load_state(_strip(arrays, "head_"))
        self.source.load_state(_strip(arrays, "source_"))

    def _train(self, report: Callable[[Progress], None]) -> int:
        """Train the head on the present task and the replayed past; return the epochs it took."""
        present = self.bank.task_of_train(self.task)
        self.source.begin(*present)
        if self.source.n_classes or not self.cache.keeps:
            return self._train_head(present, report)
        # Without a past to replay, methods of all kinds train one and the same head.
        about = {
            "head": {**self.head.model_dump(), "logit_gain": self._logit_gain},
            "seed": self.seed,
            "bank": self.bank.histories[self.task],
        }
        trained = self.cache.get_or_make(
            "head",
            about,
            lambda: {
                "epochs": np.array(self._train_head(present, report)),
                **self.trainer.state(),
            },
        )
        self.trainer.load_state(trained)
        return int(trained["epochs"])

    def _train_head(
        self,
        present: tuple[NDArray[np.uint64], NDArray[np.int64]],
        report: Callable[[Progress], None],
    ) -> int:
        task, n_tasks = self.task, len(self.bank.tasks)
        if self.head.start == "reset" and task:
            self.trainer.reset(self._rng(_INIT))
        replay = self._rng(_DRAW)
        try:
            return train_head(
                self.trainer,
                self.head,
                present,
                draw=lambda count: self.source.draw(count, replay),
                n_past=self._n_past(),
                seen=self.bank.tasks[task].stop,
                shuffle=self._rng(_SHUFFLE),
                report=lambda epoch, accuracy: report(
                    Progress(task, n_tasks, epoch, self.head.epochs, accuracy)
                ),
            )
        except FloatingPointError as error:
            raise UserError(
                f"Training of {self.method.label} diverged in task {task + 1}, {error}: "
                f"lower head.learning_rate, which is {self.head.learning_rate:g}"
            ) from error

    def _learn(self) -> None:
        """Hand the present task's samples to the source."""
        self.source.learn(*self.bank.task_of_train(self.task), self._rng(_LEARN))

    def _seen_test(self) -> NDArray[np.uint64]:
        """Return the test samples of the classes seen so far, this task's included."""
        return self.bank.test[self.bank.test_labels < self.bank.tasks[self.task].stop]

    def _n_past(self) -> int:
        """Return how many samples of a batch are of the past (contract, 8)."""
        past, present = self.source.n_classes, len(self.bank.tasks[self.task])
        return split_batch(self.head.batch, past, present)[0] if past else 0

    def _predict(self) -> NDArray[np.int64]:
        """Return the golden head's class for every test sample of the classes seen so far."""
        seen = self.bank.tasks[self.task].stop
        logits = head_logits(self.trainer.golden(), self._seen_test(), threads=1)
        return logits[:, :seen].argmax(axis=1)

    def _rng(self, purpose: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, purpose, self.task])

    def _about(self, bank: str) -> dict[str, Any]:
        """Return all that decides the bits of this run on a bank of that digest."""
        return {
            "head": self.head.model_dump(),
            "replay": self.method.replay,
            "params": self.method.params.model_dump(),
            "seed": self.seed,
            "bank": bank,
        }

    def _identity(self) -> str:
        """Return a hash of all that decides this run's bits."""
        about = self._about(self.bank.digest)
        return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()


def _strip(arrays: dict[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    """Return the arrays whose names begin with `prefix`, without it."""
    return {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}
