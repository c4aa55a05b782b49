# SPDX-License-Identifier: MIT
"""What a memory that fails costs: accuracy against the share of cells, one line a memory."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from sim.learn.cells import FailingCells
from sim.learn.faults import FaultSettings, upper_planes
from sim.report.spread import Spread
from sim.report.wording import listed
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
    def bracket(self) -> tuple[float, float]:
        """Two of the shares between which every die loses one point, in the mean over its runs.

        No die loses one point at the first share or below, and every die loses one at the second
        and above. The first is 0 where a die loses one at the smallest share, and the second is
        infinite where a die does not at the largest.
        """
        low, high = 0.0, math.inf
        lost = [(share, self._lost(group)) for share, group in self.failing]
        for share, dice in lost:
            if max(dice) >= POINT:
                break
            low = share
        for share, dice in reversed(lost):
            if min(dice) < POINT:
                break
            high = share
        return low, high

    @property
    def said(self) -> str:
        """`bracket` as text, after `bearable` in one digit where that lies inside it."""
        (low, high), share = self.bracket, self.bearable
        where = _between(low, high)
        if share is None or share == self.failing[0][0]:
            return where
        if not low < float(f"{share:.1g}") < high:
            return where
        return f"about {share:.1g} ({where})"

    def _lost(self, group: MethodGroup) -> list[float]:
        """Return the accuracy that each die loses, in the mean over its runs."""
        own, sound = (g.values("average_incremental") for g in (group, self.sound))
        lost: dict[tuple[int, ...], list[float]] = {}
        for run, value in zip(group.runs, sound - own, strict=True):
            die = tuple(cells.die_of(run["seed"]) for cells in group.faults.values())
            lost.setdefault(die, []).append(float(value))
        return [fmean(values) for values in lost.values()]


def fault_lines(groups: Sequence[MethodGroup]) -> list[FaultLine]:
    """Return a line for every memory of a study whose cells fail, in the order of the study.

    Memories that fail at once have one line if as many cells of each fail. A memory without a sound
    method of the same parameters beside it has no line.

    Parameters
    ----------
    groups : sequence of MethodGroup
    """
    sound = {_others(group): group for group in groups if not group.faults}
    lines: dict[tuple[str, tuple[str, ...]], list[tuple[float, MethodGroup]]] = {}
    for group in groups:
        shares = {cells.probability for cells in group.faults.values()}
        if len(shares) != 1 or _others(group) not in sound:
            continue
        (share,) = shares
        if all(cells.threshold for cells in group.faults.values()):  # else no cell can fail
            name = sound[_others(group)].label + _what(group.faults)
            lines.setdefault((name, tuple(group.faults)), []).append((share, group))
    return [
        FaultLine(
            name, sound[_others(failing[0][1])], tuple(sorted(failing, key=lambda pair: pair[0]))
        )
        for (name, _), failing in lines.items()
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
    at = "at a share of failing cells of"
    if first is last:
        return f"One point is lost {at} {first.said}: {first.name}."
    if spared := sum(line.bearable is None for line in lines):
        return (
            f"One point is first lost {at} {first.said} for {_or_others(first, lines)}; {spared} "
            f"of the {len(lines)} lose less than one point at every share tried."
        )
    if first.bracket[1] > last.bracket[0]:
        lows, highs = zip(*(line.bracket for line in lines), strict=True)
        return (
            f"Each of {len(lines)} memories loses one point {at} {_between(min(lows), max(highs))};"
            " the dice do not tell which of them loses it first."
        )
    return (
        f"One point is first lost {at} {first.said} for {_or_others(first, lines)}, and last at "
        f"{last.said} for {_or_others(last, lines)}."
    )


def _or_others(line: FaultLine, lines: Sequence[FaultLine]) -> str:
    """Return the name of a line, and how many others the dice do not tell from it."""
    low, high = line.bracket
    alike = sum(
        other.bracket[0] < high and low < other.bracket[1]
        for other in lines
        if other is not line and other.bearable is not None
    )
    if not alike:
        return line.name
    others = "another" if alike == 1 else f"{alike} others"
    return f"{line.name}, which the dice do not tell from {others}"


def _between(low: float, high: float) -> str:
    """Return a bracket of shares as text."""
    if math.isinf(high):
        return f"over {low:g}" if low else "any that was tried, by the die"
    return f"{low:g} to {high:g}" if low else f"at most {high:g}"


def _shares(lines: Sequence[FaultLine]) -> list[float]:
    return sorted({share for line in lines for share, _ in line.failing})


def _others(group: MethodGroup) -> str:
    """Return all parameters of a method but its faults, as one text."""
    params: dict[str, Any] = {
        key: value for key, value in group.params.items() if key not in ("faults", "head_faults")
    }
    return repr((group.replay, sorted(params.items()), group.increment))


def _what(faults: Mapping[str, FailingCells]) -> str:
    """Return which cells fail, as the end of the name of a line."""
    if len(faults) == 1:
        ((key, cells),) = faults.items()
        return _WHERE[key] + _which(cells)
    parts = [(_WHERE[key].strip(", ") or "the past") + _which(c) for key, c in faults.items()]
    return f", {listed(parts)} at once"


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
