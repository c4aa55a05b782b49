# SPDX-License-Identifier: MIT
"""Energy against accuracy where memories have a supply of their own at which cells fail."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sim.cost.assessment import Assessment
from sim.cost.configuration import CostConfig
from sim.cost.failing_results import Loss, Which, read_losses
from sim.cost.phases import draws, inference
from sim.cost.pricing import MemoryLine, price_memories
from sim.cost.technology.operating import at_voltage
from sim.cost.totals import Total
from sim.learn.cells import CellCurve, load_cells

__all__ = [
    "BEARABLE",
    "COMPONENTS",
    "PHASE",
    "FailingLine",
    "FailingPoint",
    "FailingStudy",
    "failing_lines",
]

#: Accuracy that may be lost: half a point.
BEARABLE = 0.005

#: The phase whose energy is compared: prototypes are drawn from, and weights are trained.
PHASE = "learn a task, GBM, integer head"

#: The memories of that phase; those of rows lie in a chip that watches over its prototypes.
COMPONENTS: dict[Which, tuple[str, ...]] = {
    "prototypes": (
        "sampler.prototypes.memory",
        "sampler.prototypes.rows.memory",
        "sampler.prototypes.rows.checks",
    ),
    "weights": ("trainer.weights",),
}

_STEP = 0.01  # V
_LEAST = 0.4  # V, down to which energies are scaled


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
    """One memory or both, from the supply of the technology downwards.

    Attributes
    ----------
    name : {"prototypes", "weights", "both", "each"}
        "both" have one supply in common, and "each" has its own.
    accuracy : float
        That of sound memories, in 0..1.
    points : tuple of FailingPoint
        The first at the supply of the technology. Then in falling order of supplies, or, of
        "each", of energies: pairs of supplies that no other pair beats in energy and in loss.
    """

    name: str
    accuracy: float
    points: tuple[FailingPoint, ...]

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
    """Return a line for each memory whose losses are known, and for both, alike and apart.

    Both together are taken to lose the sum of what each loses. The first point has the supply of
    the technology. The clock stays, as does the supply of all else.

    Parameters
    ----------
    assessment : Assessment
    losses : sequence of Loss
    cells : CellCurve

    Raises
    ------
    ValueError
        If the technology states no supply to scale from or no energies of these memories, or if
        at its supply nothing is known of the cells or of what their share costs.
    """
    found = _Search(assessment, losses, cells)
    lines = [found.line(loss.which, [loss]) for loss in losses]
    if len(losses) > 1:
        lines += [found.line("both", losses), found.apart(lines)]
    return tuple(lines)


class _Search:
    """The points of some memories of a chip."""

    def __init__(self, assessment: Assessment, losses: Sequence[Loss], cells: CellCurve) -> None:
        technology = assessment.technology
        here = technology.memory_voltage or technology.voltage
        if here is None:
            raise ValueError(f"technology {technology.name} states no supply to scale from")
        if technology.memories is None:
            raise ValueError(f"technology {technology.name} states no energies of memories")
        share = cells.share(here)  # says what is known
        for loss in losses:
            if loss.at(share) is None:
                raise ValueError(
                    f"at {here:g} V, {share:.2g} of the cells fail, but the study must have that "
                    f"share of failing {loss.which}: it ends at {loss.points[-1][0]:.2g}"
                )
        low, high = cells.range
        # A hundredth that is met exactly must not be lost by rounding.
        first = math.ceil(max(low, _LEAST) / _STEP - 1e-9)
        last = math.floor(min(high, here) / _STEP + 1e-9)
        steps = (round(step * _STEP, 2) for step in range(last, first - 1, -1))
        self._assessment, self._losses, self._cells = assessment, losses, cells
        self._phase = assessment.phase(PHASE).phase
        # Other supplies change no action, so that these are counted once.
        config = assessment.config
        self._naming = assessment.prices.naming or (inference(config), *draws(config))
        self._volts = (here, *(volts for volts in steps if volts < here))

    def line(self, name: str, members: Sequence[Loss]) -> FailingLine:
        """Return the line of memories at one supply, down to the last known loss."""
        points = []
        for voltage in self._volts:
            lost = self._lost({loss.which: voltage for loss in members})
            if lost is None:
                break
            points.append(self._priced({loss.which: voltage for loss in members}, lost))
        return FailingLine(name=name, accuracy=members[0].accuracy, points=tuple(points))

    def apart(self, lines: Sequence[FailingLine]) -> FailingLine:
        """Return the line of two memories, each at its own supply, from the line of each.

        What two memories save adds up, so that pairs are compared before they are priced.
        """
        one, other = (line.points for line in lines)
        pairs = [(a, b) for a in one for b in other]
        pairs.sort(key=lambda pair: (_lost(pair), _energy(pair)))
        best, found = math.inf, [(one[0], other[0])]
        for pair in pairs:
            if _energy(pair) < best:
                best = _energy(pair)
                found += [pair] * (pair != found[0])
        names: list[Which] = [loss.which for loss in self._losses]
        points = []
        for pair in found:
            supplies: dict[Which, float] = {
                n: p.voltages[0] for n, p in zip(names, pair, strict=True)
            }
            points.append(self._priced(supplies, _lost(pair)))
        return FailingLine(name="each", accuracy=lines[0].accuracy, points=tuple(points))

    def _lost(self, supplies: Mapping[Which, float]) -> float | None:
        """Return the accuracy lost in all memories; None beyond what the study tried."""
        lost = [
            loss.at(self._cells.share(supplies[loss.which]))
            for loss in self._losses
            if loss.which in supplies
        ]
        known = [value for value in lost if value is not None]
        return sum(known) if len(known) == len(lost) else None

    def _priced(self, supplies: Mapping[Which, float], lost: float) -> FailingPoint:
        """Return the chip some of whose memories have other supplies."""
        technology, prices = self._assessment.technology, self._assessment.prices
        tables = {
            component: at_voltage(technology, voltage) if voltage != self._volts[0] else technology
            for which, voltage in supplies.items()
            for component in COMPONENTS[which]
        }

        def supplied(line: MemoryLine) -> MemoryLine:
            table = tables.get(line.memory.component)
            return line if table is None else price_memories([line.memory], table)[0]

        bill = replace(
            prices,
            memories=tuple(map(supplied, prices.memories)),
            working=tuple(map(supplied, prices.working)),
            naming=self._naming,
        ).bill(self._phase)
        own = [line.total for line in bill.lines
               if line.is_memory and line.action.component in tables]  # fmt: skip
        return FailingPoint(
            voltages=tuple(supplies.values()),
            shares=tuple(map(self._cells.share, supplies.values())),
            lost=lost,
            energy=bill.total,
            memory=sum(own, Total()),
        )


def _lost(pair: tuple[FailingPoint, FailingPoint]) -> float:
    return pair[0].lost + pair[1].lost


def _energy(pair: tuple[FailingPoint, FailingPoint]) -> float:
    return pair[0].energy.nominal + pair[1].energy.nominal
