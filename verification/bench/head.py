# SPDX-License-Identifier: MIT
"""Steps of the head that learns in integers, beside its plain definition in NumPy."""

from typing import Any

import numpy as np

from golden.bits import pack
from golden.kernels.trainer import train_step
from golden.params import TrainerParams
from golden.trainer import Trainer
from verification.bench.harness import Table, best_of

__all__ = ["HEADS", "run"]

FEATURES, CLASSES, BATCH = 512, 100, 128  # those of the shipped studies on CIFAR-100
LEARNED = 100  # steps before the clock starts, so that most errors are as small as in a study

HEADS: dict[str, dict[str, Any]] = {
    "8 bits": {},
    "8 bits, 64 lanes": {"lanes": 64},
    "16 bits": {"backward_width": 16},
    "8 bits, 64 hidden neurons": {"hidden": 64},
}


def run(quick: bool = False) -> list[Table]:
    """Return the table of milliseconds a step."""
    rows, classes = [], 5 if quick else CLASSES
    for name, about in HEADS.items():
        kernel, plain = (_steps(about, compiled, classes, quick) for compiled in (True, False))
        rows.append((name, 1e3 * kernel, 1e3 * plain, plain / kernel))
    return [
        Table(
            "A step of the integer head",
            ("head", "ms a step", "ms in NumPy", "x NumPy"),
            tuple(rows),
            f"Batches of {BATCH} embeddings of {FEATURES} bits, {classes} classes, stochastic "
            "rounding, one thread. Both have learned as many batches before, with the same bits.",
        )
    ]


def _steps(about: dict[str, Any], compiled: bool, n_classes: int, quick: bool) -> float:
    """Return the seconds of a step of a head, after it has learned batches."""
    given = {"backward_width": 8, "rounding": "stochastic", "rate": 13, **about}
    params = TrainerParams(features=FEATURES, classes=n_classes, **given)
    rng = np.random.default_rng(0)
    latent = rng.integers(-8, 8, (params.hidden, FEATURES)).astype(np.int32)
    trainer, classes = Trainer(params, latent), np.arange(n_classes)
    means = rng.uniform(0.15, 0.85, (n_classes, FEATURES))

    def batch() -> tuple[Any, Any]:
        labels = rng.integers(0, n_classes, BATCH)
        return pack(rng.random((BATCH, FEATURES)) < means[labels]), labels

    for _ in range(2 if quick else LEARNED):
        train_step(trainer, *batch(), classes)  # both with the kernel: it has the same bits
    exemplars, labels = batch()
    if compiled:
        return best_of(lambda: train_step(trainer, exemplars, labels, classes), 3 if quick else 20)
    return best_of(lambda: trainer.step(exemplars, labels, classes), 1 if quick else 3)
