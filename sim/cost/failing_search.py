# SPDX-License-Identifier: MIT
"""The supplies at which some memories of a chip fail, with their energies and losses."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from sim.cost.assessment import Assessment
from sim.cost.failing import COMPONENTS, PHASE, FailingLine, FailingPoint
from sim.cost.failing_results import Loss, Which
from sim.cost.life import naming_phases
from sim.cost.pricing import MemoryLine, price_memories
from sim.cost.technology.operating import at_voltage
from sim.cost.totals import Total
from sim.learn.cells import CellCurve

__all__ = ["failing_lines"]

_STEP = 0.01  # V
_LEAST = 0.4  # V, down to which energies are scaled

# A point of each of some memories.
_Choice = tuple[FailingPoint, ...]


def failing_lines(
    assessment: Assessment, losses: Sequence[Loss], cells: CellCurve
) -> tuple[FailingLine, ...]:
    """Return a line for each memory whose losses are known, and for several, alike and apart.

    Memories that failed at once in a study have a line of what was lost there, from the supply at
    which the least share tried fails. All memories that were tried alone have a line of the sum of
    what each loses, at one supply, and another where each has its own. The first point has the
    supply of the technology. The clock stays, as does the supply of all else.

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
    alone = [loss for loss in losses if len(loss.members) == 1]
    each = [found.line([loss]) for loss in alone]
    at_once = [found.at_once(loss, alone) for loss in losses if len(loss.members) > 1]
    lines = [*each, *(line for line in at_once if line is not None)]
    if len(alone) > 1:
        lines += [found.line(alone), found.apart(each)]
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
            if len(loss.members) == 1 and loss.at(share) is None:
                raise ValueError(
                    f"at {here:g} V, {share:.2g} of the cells fail, but the study must have that "
                    f"share of failing {' and '.join(loss.members)}: it ends at "
                    f"{loss.points[-1][0]:.2g}"
                )
        low, high = cells.range
        # A hundredth that is met exactly must not be lost by rounding.
        first = math.ceil(max(low, _LEAST) / _STEP - 1e-9)
        last = math.floor(min(high, here) / _STEP + 1e-9)
        steps = (round(step * _STEP, 2) for step in range(last, first - 1, -1))
        self._assessment, self._cells = assessment, cells
        self._phase = assessment.phase(PHASE).phase
        # Other supplies change no action, so that these are counted once.
        self._naming = assessment.prices.naming or naming_phases(assessment.config)
        self._volts = (here, *(volts for volts in steps if volts < here))

    def line(self, losses: Sequence[Loss]) -> FailingLine:
        """Return the line of memories at one supply, down to the last known sum of losses."""
        members: tuple[Which, ...] = tuple(which for loss in losses for which in loss.members)
        points = []
        for voltage in self._volts:
            share = self._cells.share(voltage)
            lost = [known for loss in losses if (known := loss.at(share)) is not None]
            if len(lost) < len(losses):
                break
            points.append(self._priced(dict.fromkeys(members, voltage), sum(lost)))
        return FailingLine(
            members=members,
            accuracy=losses[0].accuracy,
            points=tuple(points),
            measured=len(losses) == 1,
        )

    def at_once(self, loss: Loss, alone: Sequence[Loss]) -> FailingLine | None:
        """Return the line of memories that failed at once, at the shares between those tried.

        Only its first point, at the supply of the technology, is the sum of what each loses alone.
        None if there is no supply at such a share, or if one of the memories was not tried alone.
        """
        full, *lower = self._volts
        each = [own.at(self._cells.share(full)) for own in alone if own.members[0] in loss.members]
        known = [lost for lost in each if lost is not None]
        found = [(full, sum(known))]
        for voltage in lower:
            share = self._cells.share(voltage)
            if share >= loss.points[0][0] and (lost := loss.at(share)) is not None:
                found.append((voltage, lost))
        if len(known) < len(loss.members) or len(found) == 1:
            return None
        return FailingLine(
            members=loss.members,
            accuracy=loss.accuracy,
            points=tuple(self._priced(dict.fromkeys(loss.members, v), lost) for v, lost in found),
        )

    def apart(self, lines: Sequence[FailingLine]) -> FailingLine:
        """Return the line of memories each at its own supply, from the line of each.

        What they save adds up, as is taken of what they lose, so that choices are compared before
        they are priced. A choice that another beats in both is beaten with any further memory, too.
        """
        first = tuple(line.points[0] for line in lines)
        found: list[_Choice] = [()]
        for line in lines:
            found = _front([(*choice, point) for choice in found for point in line.points])
        members: tuple[Which, ...] = tuple(which for line in lines for which in line.members)
        points = []
        for choice in [first, *(choice for choice in found if choice != first)]:
            volts = (point.voltages[0] for point in choice)
            supplies: dict[Which, float] = dict(zip(members, volts, strict=True))
            points.append(self._priced(supplies, _lost(choice)))
        return FailingLine(
            members=members,
            accuracy=lines[0].accuracy,
            points=tuple(points),
            measured=False,
            apart=True,
        )

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


def _front(choices: list[_Choice]) -> list[_Choice]:
    """Return the choices that no other beats in energy and in loss, by rising loss."""
    best, found = math.inf, []
    for choice in sorted(choices, key=lambda choice: (_lost(choice), _energy(choice))):
        if _energy(choice) < best:
            best = _energy(choice)
            found.append(choice)
    return found


def _lost(choice: _Choice) -> float:
    return sum(point.lost for point in choice)


def _energy(choice: _Choice) -> float:
    return sum(point.energy.nominal for point in choice)
