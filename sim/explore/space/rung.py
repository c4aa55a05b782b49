# SPDX-License-Identifier: MIT
"""What a design reaches at a rung of the fidelity."""

from dataclasses import dataclass

import numpy as np

__all__ = ["Rung"]


@dataclass(frozen=True)
class Rung:
    """What a design reaches at a rung.

    Parameters
    ----------
    rung : int
        From 0.
    accuracies : tuple of float
        Average incremental accuracy (%), one a seed.
    by_task : tuple of float
        Accuracy (%) on all classes seen, after every task; mean over the seeds.
    """

    rung: int
    accuracies: tuple[float, ...]
    by_task: tuple[float, ...]

    @property
    def accuracy(self) -> float:
        """Mean over the seeds (%)."""
        return float(np.mean(self.accuracies))

    @property
    def spread(self) -> float | None:
        """Standard deviation over the seeds (points); None of a single one."""
        return float(np.std(self.accuracies, ddof=1)) if len(self.accuracies) > 1 else None

    @property
    def seeds(self) -> int:
        """How many."""
        return len(self.accuracies)
