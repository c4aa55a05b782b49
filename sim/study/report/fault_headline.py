# SPDX-License-Identifier: MIT
"""The sentence at the top of a study on memories that fail, with what it holds for."""

from collections.abc import Sequence
from dataclasses import dataclass

from sim.learn.faults import FaultSettings
from sim.study.methods import NETWORK_KEYS
from sim.study.report.faults import FaultLine, conclusion

__all__ = ["headline"]

_SINGLE = "as many cells that fail in single reads"


@dataclass(frozen=True)
class _Contest:
    """Ways to keep one memory, at one share of failing cells.

    Attributes
    ----------
    share : float
        The largest that all cells alike, without protection, and other ways were tried at.
    plain : FaultLine
        All cells alike, without protection.
    others : tuple of FaultLine
        The other ways at that share.
    """

    share: float
    plain: FaultLine
    others: tuple[FaultLine, ...]

    @property
    def text(self) -> str:
        """The contest in a clause: what is lost without protection, and in the best way."""
        best = min(self.others, key=self._lost)
        way = best.name.removeprefix(self.plain.name).removeprefix(", ")
        of = f", the least of {len(self.others)} other ways" if len(self.others) > 1 else ""
        return (
            f"where {self.share:g} of its cells fail for good, {self.plain.name} "
            f"{_said(self._lost(self.plain))}, and {_said(self._lost(best))} with "
            f"{_SINGLE if _settings(best).transient else way}{of}"
        )

    def _lost(self, line: FaultLine) -> float:
        """Return the points that are lost at the share."""
        group = next(group for share, group in line.failing if share == self.share)
        return -100 * line.lead(group).mean


def headline(lines: Sequence[FaultLine], over: str) -> str:
    """Return the conclusion of a study on memories that fail in one sentence.

    Where at least half of the lines are other ways to keep a memory (check bits, spared planes,
    errors of single reads), it compares them; else it says where one point is lost.

    Parameters
    ----------
    lines : sequence of FaultLine
        Not empty.
    over : str
        What the runs differ in, as of `sim.study.report.origin.varied`.
    """
    ways = sum(_is_a_way(line) for line in lines)
    contests = _contests(lines) if 2 * ways >= len(lines) else []
    said = "; ".join(contest.text for contest in contests) or conclusion(lines).rstrip(".")
    seeds = {run["seed"] for run in lines[0].sound.runs}
    dice = "every seed is another die" if len(seeds) > 1 else "one die"
    return f"{said[0].upper()}{said[1:]} (means {over}; {dice})."


def _contests(lines: Sequence[FaultLine]) -> list[_Contest]:
    """Return the contests of the memories that were tried in several ways."""
    found = []
    for plain in (line for line in lines if not _is_a_way(line)):
        rivals = [
            line
            for line in lines
            if line.sound is plain.sound
            and _is_a_way(line)
            and _memory(line) == _memory(plain)
            and line.name.startswith(plain.name)
        ]
        own = {share for share, _ in plain.failing}
        share = max((s for line in rivals for s, _ in line.failing if s in own), default=None)
        if share is not None:
            there = (line for line in rivals if share in [s for s, _ in line.failing])
            found.append(_Contest(share, plain, tuple(there)))
    return found


def _memory(line: FaultLine) -> str:
    """Return the key of the memory whose cells fail."""
    return next(iter(line.failing[0][1].faults))


def _settings(line: FaultLine) -> FaultSettings:
    """Return the faults of a way."""
    settings = line.failing[0][1].faults[_memory(line)]
    assert isinstance(settings, FaultSettings)
    return settings


def _is_a_way(line: FaultLine) -> bool:
    """Return whether cells of a line are protected, spared, or fail in single reads alone."""
    if _memory(line) in NETWORK_KEYS or len(line.failing[0][1].faults) > 1:
        return False
    own = _settings(line)
    return bool(own.spared or own.secded or own.parity or own.transient)


def _said(lost: float) -> str:
    """Return points that are lost, with a verb; a fault cannot win any but by chance."""
    return f"loses {lost:.1f} points" if lost >= 0.05 else "loses nothing"
