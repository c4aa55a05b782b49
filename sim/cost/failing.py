# SPDX-License-Identifier: MIT
"""Energy against accuracy where memories have a supply of their own at which cells fail."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sim.cost.assessment import Assessment
from sim.cost.bills import Prices
from sim.cost.configuration import CostConfig
from sim.cost.failing_results import Loss, Which, read_losses
from sim.cost.pricing import MemoryLine, price_memories
from sim.cost.technology.operating import at_voltage
from sim.cost.totals import Total
from sim.learn.cells import CellCurve, load_cells

__all__ = ["BEARABLE", "PHASE", "FailingLine", "FailingPoint", "FailingStudy", "failing_lines"]

#: Accuracy that may be lost: half a point.
BEARABLE = 0.005

#: The phase whose energy is compared: prototypes are drawn from, and weights are trained.
PHASE = "learn a task, GBM, integer head"

#: The memories of that phase.
COMPONENTS: dict[Which, str] = {
    "prototypes": "sampler.prototypes.memory",
    "weights": "trainer.weights",
}

_STEP = 0.01  # V
_LEAST = 0.4  # V, down to which energies are scaled


@dataclass(frozen=True, kw_only=True)
class FailingPoint:
    """Memories at one supply.

    Attributes
    ----------
    voltage : float
        V.
    share : float
        Cells that fail.
    lost : float
        Average incremental accuracy that this costs, in 0..1.
    energy : Total
        J, of the whole phase.
    memory : Total
        J, of the accesses to these memories in it.
    """

    voltage: float
    share: float
    lost: float
    energy: Total
    memory: Total


@dataclass(frozen=True, kw_only=True)
class FailingLine:
    """One memory or both, from the supply of the technology downwards.

    Attributes
    ----------
    name : str
    accuracy : float
        That of sound memories, in 0..1.
    points : tuple of FailingPoint
        In falling order of supplies.
    """

    name: str
    accuracy: float
    points: tuple[FailingPoint, ...]

    @property
    def best(self) -> FailingPoint:
        """The point of least energy that loses no more than `BEARABLE`."""
        bearable = [point for point in self.points if point.lost <= BEARABLE]
        return min(bearable, key=lambda point: point.energy.nominal)


@dataclass(frozen=True)
class FailingStudy:
    """What failing cells cost in a study, and the cells that fail.

    Attributes
    ----------
    losses : tuple of Loss
        One or two.
    cells : CellCurve
    """

    losses: tuple[Loss, ...]
    cells: CellCurve

    @classmethod
    def read(cls, study: Path, config: CostConfig, cell: str) -> "FailingStudy":
        """Read the losses of the memory of a configuration.

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


def failing_lines(
    assessment: Assessment, losses: Sequence[Loss], cells: CellCurve
) -> tuple[FailingLine, ...]:
    """Return a line for each memory whose losses are known, and one for both at one supply.

    Both together are taken to lose the sum of what each loses. The first point has the supply of
    the technology, and no cell fails there. The clock stays, as does the supply of all else.

    Parameters
    ----------
    assessment : Assessment
    losses : sequence of Loss
    cells : CellCurve

    Raises
    ------
    ValueError
        If the technology states no supply to scale from.
    """
    technology = assessment.technology
    here = technology.memory_voltage or technology.voltage
    if here is None:
        raise ValueError(f"technology {technology.name} states no supply to scale from")
    low, high = cells.range
    first, last = round(max(low, _LEAST) / _STEP), round(min(high, here) / _STEP)
    volts = [round(step * _STEP, 2) for step in range(last, first - 1, -1)]
    groups: list[tuple[str, tuple[Loss, ...]]] = [(loss.which, (loss,)) for loss in losses]
    if len(losses) > 1:
        groups.append(("both", tuple(losses)))
    return tuple(
        FailingLine(
            name=name,
            accuracy=members[0].accuracy,
            points=tuple(_points(assessment, members, cells, here, volts)),
        )
        for name, members in groups
    )


def _points(
    assessment: Assessment,
    losses: Sequence[Loss],
    cells: CellCurve,
    here: float,
    volts: Sequence[float],
) -> list[FailingPoint]:
    """Return the points of some memories at one supply, down to the last known loss."""
    components = {COMPONENTS[loss.which] for loss in losses}
    points = [_priced(assessment.prices, assessment, components, here, 0.0, 0.0)]
    for voltage in volts:
        share = cells.share(voltage)
        lost = [loss.at(share) for loss in losses]
        if None in lost:
            break
        prices = _supplied(assessment, components, voltage)
        total = sum(value for value in lost if value is not None)
        points.append(_priced(prices, assessment, components, voltage, share, total))
    return points


def _priced(
    prices: Prices,
    assessment: Assessment,
    components: Collection[str],
    voltage: float,
    share: float,
    lost: float,
) -> FailingPoint:
    bill = prices.bill(assessment.phase(PHASE).phase)
    own = [line.total for line in bill.lines
           if line.is_memory and line.action.component in components]  # fmt: skip
    return FailingPoint(
        voltage=voltage, share=share, lost=lost, energy=bill.total, memory=sum(own, Total())
    )


def _supplied(assessment: Assessment, components: Collection[str], voltage: float) -> Prices:
    """Return the prices of a chip some of whose memories have another supply."""
    low = at_voltage(assessment.technology, voltage)

    def supplied(line: MemoryLine) -> MemoryLine:
        if line.memory.component not in components:
            return line
        return price_memories([line.memory], low)[0]

    prices = assessment.prices
    return replace(
        prices,
        memories=tuple(map(supplied, prices.memories)),
        working=tuple(map(supplied, prices.working)),
    )
