# SPDX-License-Identifier: MIT
"""The accuracies of a design at one rung of the fidelity."""

from dataclasses import dataclass

import numpy as np

__all__ = ["Rung"]


@dataclass(frozen=True)
class Rung:
    """The accuracies of a design at one rung.

    Parameters
    ----------
    rung : int
        Number of the rung, from 0.
    accuracies : tuple of float
        Average incremental accuracy (%) of each seed.
    by_task : tuple of float
        Accuracy (%) on all classes seen after each task, averaged over the seeds.
    """

    rung: int
    accuracies: tuple[float, ...]
    by_task: tuple[float, ...]

    @property
    def accuracy(self) -> float:
        """Mean accuracy over the seeds (%)."""
        return float(np.mean(self.accuracies))

    @property
    def spread(self) -> float | None:
        """Standard deviation over the seeds (points); None for a single seed."""
        return float(np.std(self.accuracies, ddof=1)) if len(self.accuracies) > 1 else None

    @property
    def seeds(self) -> int:
        """Number of seeds."""
        return len(self.accuracies)
