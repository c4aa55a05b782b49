# SPDX-License-Identifier: MIT
"""Comparisons of memories with exemplars at equal bits, and the sentences on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sim.replay import SOURCES
from sim.report.spread import Spread
from sim.report.wording import listed
from sim.study.report.groups import MethodGroup

__all__ = ["Bits", "EqualBits", "Verdict", "compare_at_equal_bits"]

#: Bits that are compared: all state that survives between tasks, or the memory as papers count it.
Bits = Literal["bits_full", "bits_paper"]


@dataclass(frozen=True)
class EqualBits:
    """A memory against the best memory of exemplars that has the same number of bits.

    Parameters
    ----------
    group : MethodGroup
        The memory.
    bits : int
        Its bits, of the kind that is compared.
    rival : str
        Source of the exemplars, the best of several at these bits.
    reference : Spread
        Average incremental accuracy of the rival at the memory's bits. It is interpolated linearly
        over the logarithm of the bits between the two neighbouring sizes, run by run.
    gain : Spread
        The memory's accuracy minus `reference`, run by run.
    bits_factor : float or None
        Bits that the rival needs for the same mean accuracy, divided by the memory's bits; None if
        even the largest size in the study does not reach it.
    """

    group: MethodGroup
    bits: int
    rival: str
    reference: Spread
    gain: Spread
    bits_factor: float | None

    @property
    def outcome(self) -> str:
        """``ahead`` or ``behind`` if the gain is clear (`Spread.clear`), else ``even``."""
        if not self.gain.clear:
            return "even"
        return "ahead" if self.gain.mean > 0 else "behind"


@dataclass(frozen=True)
class _Rival:
    """The sizes of one source of exemplars, by bits, and their accuracies.

    Parameters
    ----------
    source : str
    bits : list of int
        Rising.
    curves : ndarray of shape (n_sizes, n_runs), float64
    """

    source: str
    bits: list[int]
    curves: NDArray[np.float64]

    @classmethod
    def of(cls, source: str, groups: Sequence[MethodGroup], kind: Bits) -> "_Rival":
        """Return the best method of a source at each size."""
        best: dict[int, MethodGroup] = {}
        for group in groups:
            if group.replay == source:
                other = best.setdefault(getattr(group, kind), group)
                best[getattr(group, kind)] = max(group, other, key=_accuracy)
        bits = sorted(best)
        return cls(source, bits, np.array([best[b].values("average_incremental") for b in bits]))

    def compared(self, group: MethodGroup, bits: int) -> EqualBits | None:
        """Return the comparison with a memory; None if it is smaller or larger than all sizes."""
        # Whole bits are compared, since two logarithms of one number may differ in the last place.
        if not self.bits[0] <= bits <= self.bits[-1]:
            return None
        size, sizes = np.log(bits), np.log(self.bits)
        own = group.values("average_incremental")
        there = np.array([np.interp(size, sizes, curve) for curve in self.curves.T])
        return EqualBits(
            group=group,
            bits=bits,
            rival=self.source,
            reference=Spread.of(there.tolist()),
            gain=group.independent((own - there).tolist()),
            bits_factor=_bits_factor(
                float(size), float(own.mean()), sizes, self.curves.mean(axis=1)
            ),
        )


def compare_at_equal_bits(
    groups: Sequence[MethodGroup],
    kind: Bits = "bits_full",
    rivals: Sequence[str] | None = None,
) -> list[EqualBits]:
    """Compare every memory with the best exemplars of its bits.

    A memory has to lie between two sizes of the rival, or have exactly one of its sizes. Only
    methods that learn in the same tasks are compared. Bounds and exemplars are not.

    Parameters
    ----------
    groups : sequence of MethodGroup
    kind : {"bits_full", "bits_paper"}
        Bits that are equal.
    rivals : sequence of str, optional
        Sources of exemplars; all that there are by default.
    """
    named = rivals if rivals is not None else [s for s in SOURCES if SOURCES[s].stores_exemplars]
    comparisons = []
    for increment in dict.fromkeys(group.increment for group in groups):
        alike = [group for group in groups if group.increment == increment]
        curves = [
            _Rival.of(source, alike, kind)
            for source in named
            if any(group.replay == source for group in alike)
        ]
        for group in alike:
            source = SOURCES[group.replay]
            if source.bound or source.stores_exemplars:
                continue
            found = [c for rival in curves if (c := rival.compared(group, getattr(group, kind)))]
            if found:
                comparisons.append(max(found, key=lambda c: c.reference.mean))
    return comparisons


def _accuracy(group: MethodGroup) -> float:
    return group.spread("average_incremental").mean


def _bits_factor(
    size: float, accuracy: float, sizes: NDArray[np.float64], curve: NDArray[np.float64]
) -> float | None:
    """Return the bits that a rival needs to reach `accuracy`, divided by the memory's bits.

    It is None if no size of the rival reaches that accuracy.

    Parameters
    ----------
    size : float
        Natural logarithm of the memory's bits.
    accuracy : float
        Mean accuracy of the memory, in 0..1.
    sizes, curve : ndarray of shape (n_sizes,), float64
        Natural logarithms of the bits of the rival, rising, and its mean accuracies.
    """
    if accuracy > curve.max():
        return None
    last = int(np.argmax(curve >= accuracy))  # the first size that reaches the accuracy
    if last == 0:
        return float(np.exp(sizes[0] - size))
    low, high = curve[last - 1], curve[last]
    share = (accuracy - low) / (high - low)
    return float(np.exp(sizes[last - 1] + share * (sizes[last] - sizes[last - 1]) - size))


@dataclass(frozen=True)
class Verdict:
    """The sentences on how every source does against exemplars of as many bits of all state.

    Parameters
    ----------
    groups : sequence of MethodGroup
        Methods of a study.
    """

    groups: Sequence[MethodGroup]

    @property
    def sentences(self) -> list[str]:
        """Sentences on each source; none if the study has no exemplars to compare with.

        One is on its memories that have a rival of as many bits, one on those that are smaller than
        every rival.
        """
        comparisons = compare_at_equal_bits(self.groups)
        smallest = min((g.bits_full for g in self._exemplars), default=0)
        sentences = []
        for source in dict.fromkeys(group.replay for group in self.groups):
            own = [c for c in comparisons if c.group.replay == source]
            below = [g for g in self.groups if g.replay == source and g.bits_full < smallest]
            if SOURCES[source].bound:
                continue
            if own:
                sentences.append(self._sentence(own, first=not sentences))
            if below:
                sentences.append(_smaller(below, smallest))
        return sentences

    @property
    def _exemplars(self) -> list[MethodGroup]:
        return [g for g in self.groups if SOURCES[g.replay].stores_exemplars]

    def _sentence(self, own: Sequence[EqualBits], *, first: bool) -> str:
        ahead, behind, even = (
            sum(c.outcome == outcome for c in own) for outcome in ("ahead", "behind", "even")
        )
        name = SOURCES[own[0].group.replay].called
        if not first:
            said = (
                f"{_capital(name)} is ahead at {ahead} of {len(own)}, behind at {behind} and even "
                f"at {even}"
            )
        else:
            alone = own[0].gain.standard_error is None
            basis = "On a single run of each, at equal bits" if alone else "At equal bits"
            test = "" if alone else " (p > 0.05, paired t-test over runs)"
            said = (
                f"{basis} of all state that survives between tasks, {name} is ahead of "
                f"{self._named_rivals} at {ahead} of the {len(own)} memories compared, behind at "
                f"{behind} and even{test} at {even}"
            )
        return f"{said}; {_best(own)}."

    @property
    def _named_rivals(self) -> str:
        names = [SOURCES[s].called for s in dict.fromkeys(g.replay for g in self._exemplars)]
        return names[0] if len(names) == 1 else f"the best of {listed(names)}"


def _best(comparisons: Sequence[EqualBits]) -> str:
    """Return the part of a sentence on the most accurate memory of a source."""
    best = max(comparisons, key=lambda c: _accuracy(c.group))
    rival = SOURCES[best.rival].called
    more = (
        f"more than the most {rival} tried"
        if best.bits_factor is None
        else f"as much as {rival} with {best.bits_factor:.1f} times the bits"
    )
    return (
        f"the best, {best.group.label}, reaches "
        f"{best.group.spread('average_incremental').percent()} % average incremental accuracy in "
        f"{best.bits / 1e3:.1f} kb, {best.gain.points()} points on {rival} of as many bits and "
        f"{more}"
    )


def _smaller(groups: Sequence[MethodGroup], smallest: int) -> str:
    """Return the sentence on the memories of a source that are smaller than any with exemplars."""
    best = max(groups, key=_accuracy)
    number = f"{len(groups)} memor{'y' if len(groups) == 1 else 'ies'}"
    return (
        f"With fewer bits than any exemplars and their head, {smallest / 1e3:.1f} kb: {number} of "
        f"{SOURCES[best.replay].called}; the best, {best.label}, reaches "
        f"{best.spread('average_incremental').percent()} % in {best.bits_full / 1e3:.1f} kb."
    )


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
