# SPDX-License-Identifier: MIT
"""The result of one run in image space, as plain data."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.images.native.settings import Plan
from sim.measure.ledger import Ledger
from sim.study.run import Run
from sim.study.summary import measures
from sim.work.progress import Progress

__all__ = ["outcome"]

# Measures in the report; the others need a study with groups of tasks.
_TOLD = (
    "accuracy_matrix",
    "accuracy_seen",
    "average_incremental",
    "final",
    "forgetting",
    "epochs",
    "seconds",
)


def outcome(
    plan: Plan,
    seed: int,
    run: Run[Progress],
    *,
    labels: NDArray[np.int64],
    ledger: Ledger,
    exemplars: int,
    bits_training: int,
) -> dict[str, Any]:
    """Return the method, the bits, every accuracy and the length of a finished run.

    Parameters
    ----------
    plan : Plan
    seed : int
    run : Run
    labels : ndarray of shape (n_images,), int64
        Classes of all test images.
    ledger : Ledger
        Every bit that survives between tasks.
    exemplars : int
        Samples of each past class in the last task.
    bits_training : int
        Further bits that the optimiser needs while a task is trained.
    """
    measured = measures(run, labels)
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
        **{name: measured[name] for name in _TOLD},
    }
