# SPDX-License-Identifier: MIT
"""What a memory that fails costs: accuracy against the share of cells, one line a memory."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sim.learn.cells import FailingCells
from sim.learn.faults import FaultSettings, upper_planes
from sim.report.spread import Spread
from sim.study.report.groups import MethodGroup

__all__ = ["POINT", "FaultLine", "columns", "conclusion", "fault_lines", "fault_rows"]

#: Accuracy whose loss is asked for: one point.
POINT = 0.01

_WHERE = {
    "faults": "",
    "head_faults": ", weights of the head",
    "network_faults": ", weights of the network",
    "map_faults": ", maps of the network",
}


@dataclass(frozen=True)
class FaultLine:
    """Methods that differ in the share of their cells that fail alone, and the sound one.

    Parameters
    ----------
    name : str
        The sound method, and which cells fail.
    sound : MethodGroup
        The method none of whose cells fail.
    failing : tuple of (float, MethodGroup)
        Shares of the cells that fail, rising and above 0, with their methods.
    """

    name: str
    sound: MethodGroup
    failing: tuple[tuple[float, MethodGroup], ...]

    def lead(self, group: MethodGroup) -> Spread:
        """Return the accuracy of a method minus that of the sound one, run by run."""
        own, sound = (g.values("average_incremental") for g in (group, self.sound))
        return group.independent((own - sound).tolist())

    @property
    def bearable(self) -> float | None:
        """Share of failing cells that costs one point, in the mean; None where none here does.

        It lies on the straight line, over the logarithm of the share, between the last share
        before which nothing costs as much and the next one. Where the smallest share costs more
        already, it is that share.
        """
        before: tuple[float, float] | None = None
        for share, group in self.failing:
            loss = -self.lead(group).mean
            if loss >= POINT:
                if before is None:
                    return share
                part = (POINT - before[1]) / (loss - before[1])
                low, high = math.log(before[0]), math.log(share)
                return math.exp(low + part * (high - low))
            before = share, loss
        return None

    @property
    def said(self) -> str:
        """`bearable` as text."""
        if (share := self.bearable) is None:
            return f"over {self.failing[-1][0]:g}"
        return f"at most {share:g}" if share == self.failing[0][0] else f"{share:.2g}"


def fault_lines(groups: Sequence[MethodGroup]) -> list[FaultLine]:
    """Return a line for every memory of a study whose cells fail, in the order of the study.

    A memory without a sound method of the same parameters beside it has no line.

    Parameters
    ----------
    groups : sequence of MethodGroup
    """
    sound = {_others(group): group for group in groups if not group.faults}
    lines: dict[tuple[str, str], list[tuple[float, MethodGroup]]] = {}
    beside: dict[tuple[str, str], MethodGroup] = {}
    for group in groups:
        if len(group.faults) != 1 or _others(group) not in sound:
            continue
        ((key, settings),) = group.faults.items()
        base = sound[_others(group)]
        name = base.label + _WHERE[key] + _which(settings)
        beside[name, key] = base
        if settings.threshold:  # else no cell can fail
            lines.setdefault((name, key), []).append((settings.probability, group))
    return [
        FaultLine(name, beside[name, key], tuple(sorted(failing, key=lambda pair: pair[0])))
        for (name, key), failing in lines.items()
    ]


def columns(lines: Sequence[FaultLine]) -> list[str]:
    """Return the columns of `fault_rows`."""
    shares = [f"{share:g} fail" for share in _shares(lines)]
    return ["memory", "sound (%)", *shares, "one point is lost at"]


def fault_rows(lines: Sequence[FaultLine]) -> list[list[str]]:
    """Return one row of text for each memory: points lost or won at each share.

    Parameters
    ----------
    lines : sequence of FaultLine
    """
    rows = []
    for line in lines:
        leads = {share: line.lead(group).points() for share, group in line.failing}
        cells = [leads.get(share, "") for share in _shares(lines)]
        accuracy = line.sound.spread("average_incremental").percent()
        rows.append([line.name, accuracy, *cells, line.said])
    return rows


def conclusion(lines: Sequence[FaultLine]) -> str:
    """Return one sentence on the memories that lose one point first and last.

    Parameters
    ----------
    lines : sequence of FaultLine
        Not empty.
    """
    ordered = sorted(lines, key=lambda line: (line.bearable or math.inf, line.failing[0][0]))
    first, last = ordered[0], ordered[-1]
    if first is last:
        return f"One point is lost at a share of failing cells of {first.said}: {first.name}."
    spared = sum(line.bearable is None for line in lines)
    least = f"{first.said} for {first.name}"
    if spared:
        return (
            f"One point is first lost at a share of failing cells of {least}; {spared} of the "
            f"{len(lines)} lose less than one point at every share tried."
        )
    return (
        f"One point is lost at a share of failing cells between {least} and {last.said} for "
        f"{last.name}."
    )


def _shares(lines: Sequence[FaultLine]) -> list[float]:
    return sorted({share for line in lines for share, _ in line.failing})


def _others(group: MethodGroup) -> str:
    """Return all parameters of a method but its faults, as one text."""
    params: dict[str, Any] = {
        key: value for key, value in group.params.items() if key not in ("faults", "head_faults")
    }
    return repr((group.replay, sorted(params.items()), group.increment))


def _which(settings: FailingCells) -> str:
    """Return which planes fail, if not all, what protects them, and the die if not the run's."""
    die = "" if settings.die is None else f", die {settings.die}"
    cell = "" if settings.cells is None else f", {settings.cells.legend}"
    if not isinstance(settings, FaultSettings):
        return die + cell
    plane = "" if settings.plane is None else f", plane {settings.plane} alone"
    spared = f", {upper_planes(settings.spared)} spared" if settings.spared else ""
    secded = f", SECDED of {upper_planes(settings.secded)}" if settings.secded else ""
    parity = f", parity of {upper_planes(settings.parity)}" if settings.parity else ""
    reads = ", in every read" if settings.transient else ""
    return plane + spared + secded + parity + reads + die + cell
