# SPDX-License-Identifier: MIT
"""One run: a head that learns task after task, with one source of replay under one seed."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.data.bank import Bank
from sim.learn.batches import split_batch
from sim.learn.binary_learner import BinaryHeadLearner
from sim.learn.integer_learner import IntegerHeadLearner
from sim.learn.learner import HeadLearner
from sim.learn.sections import AnyHead, IntegerHeadConfig, TernaryHeadConfig
from sim.learn.ternary_learner import TernaryHeadLearner
from sim.measure.ledger import Ledger
from sim.replay import Classifier, ReplayContext
from sim.study.methods import Method
from sim.study.run import Arrays, Run, prefixed, unprefixed
from sim.work.cache import NO_CACHE, Cache
from sim.work.errors import UserError
from sim.work.progress import Progress

__all__ = ["Experiment", "new_learner"]

# A run seeds each generator with (seed, purpose, task); these are the purposes.
_INIT, _SHUFFLE, _DRAW, _LEARN = range(4)


class Experiment(Run[Progress]):
    """A run on embeddings that can stop after any task and go on later with the same bits.

    Each task first trains the head on the task's samples and on samples replayed from the past.
    Then the source learns the task's samples. After the task, the head is tested in golden integers
    on every class seen so far. If the source classifies by itself, the source is tested instead,
    and no head is trained. Each task derives its generators from (seed, purpose, task) alone, so
    that a checkpoint holds no generator.

    Parameters
    ----------
    bank : Bank
    head : AnyHead
    method : Method
    seed : int
    cache : Cache
        Cache of the state after every task. Its key is all that has decided the run up to that
        task, so that another run with the same beginning takes the state from the cache.
    """

    def __init__(
        self,
        bank: Bank,
        head: AnyHead,
        method: Method,
        seed: int,
        cache: Cache = NO_CACHE,
    ) -> None:
        super().__init__(bank.tasks)
        self.cache = cache
        self.bank = bank
        self.head = method.settled(head)
        self.method = method
        self.seed = seed
        self.source = method.source(
            ReplayContext(features=bank.features, classes=bank.n_classes, seed=seed, cache=cache)
        )
        self.learner = new_learner(
            self.head,
            features=bank.features,
            classes=bank.n_classes,
            seed=seed,
            rng=self._rng(_INIT),
        )

    def ledger(self) -> Ledger:
        """Return every bit of the source and the classifier that survives between tasks."""
        if isinstance(self.source, Classifier):
            return self.source.ledger() + self.source.head_ledger()
        return self.source.ledger() + self.learner.ledger()

    def _do_task(self, report: Callable[[Progress], None]) -> tuple[int, NDArray[np.int64]]:
        done = self._take_over(report) if self.cache.keeps else self._do(report)
        return int(done["epochs"]), done["predictions"]

    def _do(self, report: Callable[[Progress], None]) -> Arrays:
        """Do the current task; return its number of epochs and the predictions after it."""
        if isinstance(self.source, Classifier):
            self._learn()
            return {"epochs": np.array(0), "predictions": self.source.classify(self._seen_test())}
        epochs, predictions = self._train(report), self._predict()
        self._learn()
        return {"epochs": np.array(epochs), "predictions": predictions}

    def _take_over(self, report: Callable[[Progress], None]) -> Arrays:
        """Return the same as `_do`, and load the state of the run that did this task first."""
        done = self.cache.get_or_make(
            "task",
            self._about(self.bank.histories[self.task]),
            lambda: {**self._do(report), **self._state()},
        )
        self._load_state(done)
        return done

    def _state(self) -> Arrays:
        return {
            **prefixed("head_", self.learner.state()),
            **prefixed("source_", self.source.state()),
        }

    def _load_state(self, arrays: Arrays) -> None:
        self.learner.load_state(unprefixed("head_", arrays))
        self.source.load_state(unprefixed("source_", arrays))

    def _train(self, report: Callable[[Progress], None]) -> int:
        """Train the head on the present task and the replayed past; return the epochs it took."""
        present = self.bank.task_of_train(self.task)
        self.source.begin(*present)
        if self.source.n_classes or not self.cache.keeps:
            return self._train_head(present, report)
        # Without a past to replay, all methods train the same head.
        about = {
            "head": self.head.model_dump(),
            "seed": self.seed,
            "bank": self.bank.histories[self.task],
        }
        trained = self.cache.get_or_make(
            "head",
            about,
            lambda: {
                "epochs": np.array(self._train_head(present, report)),
                **self.learner.state(),
            },
        )
        self.learner.load_state(trained)
        return int(trained["epochs"])

    def _train_head(
        self,
        present: tuple[NDArray[np.uint64], NDArray[np.int64]],
        report: Callable[[Progress], None],
    ) -> int:
        task, n_tasks = self.task, len(self.tasks)
        if self.head.start == "reset" and task:
            self.learner.reset(self._rng(_INIT))
        replay = self._rng(_DRAW)
        try:
            return self.learner.train(
                present,
                draw=lambda count: self.source.draw(count, replay),
                n_past=self._n_past(),
                seen=self.tasks[task].stop,
                shuffle=self._rng(_SHUFFLE),
                report=lambda epoch, accuracy: report(
                    Progress(task, n_tasks, epoch, self.head.epochs, accuracy)
                ),
            )
        except FloatingPointError as error:
            raise UserError(
                f"Training of {self.method.label} diverged in task {task + 1}, {error}"
            ) from error

    def _learn(self) -> None:
        """Hand the present task's samples to the source."""
        self.source.learn(*self.bank.task_of_train(self.task), self._rng(_LEARN))

    def _seen_test(self) -> NDArray[np.uint64]:
        """Return the test samples of the classes seen so far, this task's included."""
        return self.bank.test[self.bank.test_labels < self.tasks[self.task].stop]

    def _n_past(self) -> int:
        """Return how many samples of a batch come from the past (contract, 8)."""
        past, present = self.source.n_classes, len(self.tasks[self.task])
        return split_batch(self.head.batch, past, present, self.head.balance)[0] if past else 0

    def _predict(self) -> NDArray[np.int64]:
        """Return the head's class for every test sample of the classes seen so far."""
        return self.learner.predict(self._seen_test(), self.tasks[self.task].stop)

    def _rng(self, purpose: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, purpose, self.task])

    def _about(self, bank: str) -> dict[str, Any]:
        """Return all that decides the bits of this run on a bank with the digest `bank`."""
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

    def _described(self) -> str:
        return f"{self.method.label} on these data"


def new_learner(
    head: AnyHead,
    *,
    features: int,
    classes: int,
    seed: int,
    rng: np.random.Generator,
) -> HeadLearner:
    """Return a head of this kind that has learnt nothing.

    Parameters
    ----------
    head : AnyHead
    features, classes : int
        D and C.
    seed : int
        User seed of the stream that rounds, if there is one.
    rng : numpy.random.Generator
        Draws the first latent weights.
    """
    if isinstance(head, IntegerHeadConfig):
        return IntegerHeadLearner(head, features=features, classes=classes, seed=seed, rng=rng)
    if isinstance(head, TernaryHeadConfig):
        return TernaryHeadLearner(head, features=features, classes=classes)
    return BinaryHeadLearner(head, features=features, classes=classes, rng=rng)
