# SPDX-License-Identifier: MIT
"""Made-up embeddings, of which it is known what any method must reach on them."""

from functools import cache
from typing import Literal

import numpy as np
from scipy.stats import binom

from golden.bits import pack
from sim.data.bank import Bank
from sim.learn.sections import AnyHead
from sim.study.experiment import Experiment
from sim.study.methods import Method
from sim.study.summary import summarize

__all__ = ["CLASSES", "FEATURES", "TASKS", "TEST", "TRAIN", "Kind", "chance", "correct", "made_up"]

Kind = Literal["honest", "shuffled", "random", "leaking"]

FEATURES, CLASSES = 64, 6
TRAIN, TEST = 60, 200  # samples a class
TASKS = (range(2), range(2, 4), range(4, 6))

#: Two-sided level of a test. The tests of engram make some 300 of them. If the code is right, a new
#: choice of all seeds would give a false alarm in 3 of 100 cases.
LEVEL = 1e-4


@cache
def made_up(kind: Kind, features: int = FEATURES) -> Bank:
    """Return a bank: noisy prototypes of the classes; with shuffled labels; or random bits.

    Parameters
    ----------
    kind : {"honest", "shuffled", "random", "leaking"}
        Of the leaking bank, whose bits are random, all training samples are among the test samples.
    features : int
        D.
    """
    rng = np.random.default_rng(1)
    prototypes = rng.integers(2, size=(CLASSES, features), dtype=np.uint8)
    bits, labels = {}, {}
    for part, each in (("train", TRAIN), ("test", TEST)):
        labels[part] = np.repeat(np.arange(CLASSES), each)
        shape = (len(labels[part]), features)
        if kind in ("random", "leaking"):
            bits[part] = rng.integers(2, size=shape, dtype=np.uint8)
        else:
            bits[part] = prototypes[labels[part]] ^ (rng.random(shape) < 0.1)
    if kind == "shuffled":
        labels = {part: rng.permutation(of_part) for part, of_part in labels.items()}
    if kind == "leaking":
        for c in range(CLASSES):
            bits["test"][c * TEST : c * TEST + TRAIN] = bits["train"][c * TRAIN : (c + 1) * TRAIN]
    return Bank(
        features=features,
        train=pack(bits["train"]),
        train_labels=labels["train"],
        test=pack(bits["test"]),
        test_labels=labels["test"],
        tasks=TASKS,
        class_names=tuple("abcdef"),
        thermometer=None,
        provenance=f"made up, {kind}",
    )


def correct(kind: Kind, head: AnyHead, method: Method) -> list[int]:
    """Return how many test samples of the classes seen a run gets right after every task.

    Parameters
    ----------
    kind : {"honest", "shuffled", "random", "leaking"}
        What the run learns; see `made_up`.
    head : AnyHead
    method : Method
    """
    run = Experiment(made_up(kind), head, method, seed=0)
    while not run.done:
        run.step(lambda _: None)
    seen = summarize(run)["accuracy_seen"]
    return [round(a * TEST * task.stop) for a, task in zip(seen, TASKS, strict=True)]


def chance(classes: int) -> tuple[int, int]:
    """Return the smallest and the largest count of right answers that chance explains.

    The count is binomial, or narrower: it is a sum over test samples of which each has its own
    chance to be right, and these chances have the mean 1/c. For shuffled labels the samples hang
    together, but with equally many of each class the variance grows by n / (n - 1) at most.
    """
    low, high = binom.interval(1 - LEVEL, TEST * classes, 1 / classes)
    return int(low), int(high)
