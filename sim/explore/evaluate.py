# SPDX-License-Identifier: MIT
"""What a design is worth: its costs before anything is learnt, its accuracy rung by rung."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sim.bank import Bank
from sim.explore.point import Point
from sim.explore.settings import ExploreConfig
from sim.yaml_lines import Document

__all__ = ["Evaluator", "Rung"]


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


class Evaluator:
    """Values of designs of one space.

    Parameters
    ----------
    config : ExploreConfig
    bank : Bank
        Its data, all bits of every embedding.
    """

    def __init__(self, config: ExploreConfig, bank: Bank) -> None:
        self.config = config
        self.bank = bank

    @classmethod
    def of(cls, config: ExploreConfig, document: Document, data_dir: Path | None) -> "Evaluator":
        """Return the evaluator of a configuration, its data loaded and found to be enough.

        Raises
        ------
        UserError
            If data are missing or damaged, or the space asks of them or of the cost model what
            they cannot give.
        """
        raise NotImplementedError

    def static(self, point: Point) -> dict[str, float]:
        """Return the objectives that are known before anything is learnt, in their units.

        Those that are sought or bounded, but the accuracy: milliseconds.

        Raises
        ------
        UserError
            If the design cannot be.
        """
        raise NotImplementedError

    def violations(self, values: Mapping[str, float]) -> dict[str, float]:
        """Return by how much values break each constraint, over its bound; at most 0 if not.

        By the text of the constraint; those on values that are not known yet are left out.
        """
        raise NotImplementedError

    def costs(self, point: Point) -> dict[str, list[dict[str, float | str]]]:
        """Return what every static objective is made of: ``name`` and ``value`` of each part."""
        raise NotImplementedError

    def rungs(self, point: Point) -> Iterator[Rung]:
        """Learn rung by rung and yield what is reached; what runs on uses what ran before.

        A caller that stops asking has nothing more done.
        """
        raise NotImplementedError
