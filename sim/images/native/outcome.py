# SPDX-License-Identifier: MIT
"""The result of one run in image space, as plain data."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sim.images.native.settings import Plan
from sim.measure import metrics
from sim.measure.ledger import Ledger

__all__ = ["Ended", "outcome"]


class Ended(Protocol):
    """What a run says when it has ended; see `sim.study.experiment.Experiment`."""

    predictions: list[NDArray[np.int64]]
    epochs: list[int]
    seconds: float


def outcome(
    plan: Plan,
    seed: int,
    run: Ended,
    *,
    labels: NDArray[np.int64],
    tasks: Sequence[range],
    ledger: Ledger,
    exemplars: int,
    bits_training: int,
) -> dict[str, Any]:
    """Return method, bits, every accuracy and the length of a run that has ended.

    Parameters
    ----------
    plan : Plan
    seed : int
    run : Ended
    labels : ndarray of shape (n_images,), int64
        Of all test images.
    tasks : sequence of range
    ledger : Ledger
        Every bit that survives between tasks.
    exemplars : int
        Samples of each past class in the last task.
    bits_training : int
        Bits that the optimiser needs beside those while a task is trained.
    """
    matrix, samples = metrics.accuracy_matrix(run.predictions, labels, tasks)
    return {
        "method": plan.replay,
        "label": plan.label,
        "megabits": plan.megabits,
        "ideal": plan.ideal,
        "seed": seed,
        "exemplars": exemplars,
        "bits_paper": ledger.bits_paper,
        "bits_full": ledger.bits_full,
        "bits_training": bits_training,
        "ledger": {entry.name: entry.bits for entry in ledger},
        "accuracy_matrix": [[None if np.isnan(a) else a for a in row] for row in matrix.tolist()],
        "accuracy_seen": metrics.seen_accuracy(matrix, samples).tolist(),
        "average_incremental": metrics.average_incremental(matrix, samples),
        "final": metrics.final(matrix, samples),
        "forgetting": {name: metrics.forgetting(matrix, name) for name in metrics.FORGETTING},
        "epochs": run.epochs,
        "seconds": round(run.seconds, 3),
    }
