# SPDX-License-Identifier: MIT
"""Energy against accuracy where memories have a supply of their own at which cells fail."""

from dataclasses import dataclass
from pathlib import Path

from sim.cost.configuration import CostConfig
from sim.cost.failing_results import Loss, Which, read_losses
from sim.cost.totals import Total
from sim.learn.cells import CellCurve, load_cells

__all__ = [
    "BEARABLE",
    "COMPONENTS",
    "PHASE",
    "FailingLine",
    "FailingPoint",
    "FailingStudy",
]

#: Accuracy that may be lost: half a point.
BEARABLE = 0.005

#: The phase whose energy is compared: it embeds images, draws from prototypes and trains weights.
PHASE = "learn a task, GBM, integer head"

#: The memories of that phase; those of rows lie in a chip that watches over its prototypes.
COMPONENTS: dict[Which, tuple[str, ...]] = {
    "prototypes": (
        "sampler.prototypes.memory",
        "sampler.prototypes.rows.memory",
        "sampler.prototypes.rows.checks",
    ),
    "weights": ("trainer.weights",),
    "network": ("network.mvu.weights",),
    "maps": ("network.fetch.map",),
}


@dataclass(frozen=True, kw_only=True)
class FailingPoint:
    """Memories at their supplies.

    Attributes
    ----------
    voltages : tuple of float
        V, one of each memory.
    shares : tuple of float
        Cells that fail, of each memory.
    lost : float
        Average incremental accuracy that this costs, in 0..1.
    energy : Total
        J, of the whole phase.
    memory : Total
        J, of the accesses to these memories in it.
    """

    voltages: tuple[float, ...]
    shares: tuple[float, ...]
    lost: float
    energy: Total
    memory: Total


@dataclass(frozen=True, kw_only=True)
class FailingLine:
    """One memory or several, from the supply of the technology downwards.

    Attributes
    ----------
    members : tuple of {"prototypes", "weights", "network", "maps"}
    accuracy : float
        That of sound memories, in 0..1.
    points : tuple of FailingPoint
        The first at the supply of the technology. Then in falling order of supplies, or, where
        these are `apart`, of energies: supplies that no others beat in energy and in loss.
    measured : bool
        Whether runs lost this accuracy, in which all these memories failed; of several, all points
        but the first. Else it is an estimate: the sum of what each loses alone.
    apart : bool
        Whether each memory has its own supply, and not one in common.
    """

    members: tuple[Which, ...]
    accuracy: float
    points: tuple[FailingPoint, ...]
    measured: bool = True
    apart: bool = False

    @property
    def best(self) -> FailingPoint | None:
        """The point of least energy that loses no more than `BEARABLE`; None if none does."""
        bearable = [point for point in self.points if point.lost <= BEARABLE]
        return min(bearable, key=lambda point: point.energy.nominal, default=None)


@dataclass(frozen=True)
class FailingStudy:
    """What failing cells cost in a study, and the cells that fail.

    Attributes
    ----------
    losses : tuple of Loss
        One at least.
    cells : CellCurve
    """

    losses: tuple[Loss, ...]
    cells: CellCurve

    @classmethod
    def read(cls, study: Path, config: CostConfig, cell: str) -> "FailingStudy":
        """Read the losses of the method of a configuration.

        Parameters
        ----------
        study : Path
            ``results.json`` that ``engram run`` wrote.
        config : CostConfig
        cell : str
            Name of a curve, one of `sim.learn.cells.cell_names`.

        Raises
        ------
        ValueError
            If there is no such curve.
        UserError
            As of `read_losses`.
        """
        cells, width = load_cells(cell), config.chip.sampler.prototypes.code_width
        return cls(read_losses(study, config.memory.components, width), cells)
