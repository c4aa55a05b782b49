# SPDX-License-Identifier: MIT
"""Groups of the runs of one method over seeds, and comparisons of memories at equal bits."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.replay import SOURCES
from sim.report.spread import Spread

__all__ = [
    "EqualBits",
    "Group",
    "MethodGroup",
    "compare_at_equal_bits",
    "group_runs",
    "plain_or_all",
    "verdict",
]

Run = dict[str, Any]


@dataclass(frozen=True)
class Group:
    """All runs of one method.

    Parameters
    ----------
    runs : tuple of dict
        Results, one for each seed, in the order of the seeds.
    """

    runs: tuple[Run, ...]

    @property
    def label(self) -> str:
        """Legend of the method."""
        return self.runs[0]["label"]

    @property
    def replay(self) -> str:
        """Name of the source of replay."""
        return self.runs[0]["method"]

    @property
    def bits_paper(self) -> int:
        """Bits of the replay memory, as the papers count them."""
        return self.runs[0]["bits_paper"]

    @property
    def bits_full(self) -> int:
        """All bits that survive between tasks."""
        return self.runs[0]["bits_full"]

    @property
    def bits_deployed(self) -> int:
        """All bits that survive between tasks, without the real latent weights of a training."""
        return self.bits_full - self.runs[0]["ledger"].get("latent weights", 0)

    def values(self, key: str) -> NDArray[np.float64]:
        """Return a metric: one value or row for each seed."""
        return np.array([run[key] for run in self.runs], np.float64)

    @property
    def forgetting(self) -> Spread:
        """Forgetting after the last task, by PyCIL's definition."""
        return Spread.of([run["forgetting"]["pycil"] for run in self.runs])

    def spread(self, key: str) -> Spread:
        """Return mean and deviation of a metric."""
        return Spread.of(self.values(key).tolist())


class MethodGroup(Group):
    """All runs of one method of a study of embeddings."""

    @property
    def params(self) -> dict[str, Any]:
        """Parameters of the source."""
        return self.runs[0]["parameters"]

    @property
    def variant(self) -> str:
        """The part of the legend after the method's title; empty for a plain method."""
        source = SOURCES[self.replay]
        return self.label.removeprefix(source.title(source.Params.model_construct(**self.params)))

    @property
    def increment(self) -> int | None:
        """Classes in each later task; None if the method takes the study's."""
        return self.runs[0]["increment"]


@dataclass(frozen=True)
class EqualBits:
    """A memory against latent replay that has the same number of bits.

    Parameters
    ----------
    group : MethodGroup
        The memory.
    reference : Spread
        Average incremental accuracy of latent replay at the memory's bits. It is interpolated
        linearly over the logarithm of the bits between the two neighbouring sizes, seed by seed.
    gain : Spread
        The memory's accuracy minus `reference`, seed by seed.
    bits_factor : float or None
        Bits that latent replay needs for the same mean accuracy, divided by the memory's bits;
        None if even the largest latent replay of the study does not reach it.
    """

    group: MethodGroup
    reference: Spread
    gain: Spread
    bits_factor: float | None

    @property
    def outcome(self) -> str:
        """``ahead`` or ``behind`` if the gain is clear (`Spread.clear`), else ``even``."""
        if not self.gain.clear:
            return "even"
        return "ahead" if self.gain.mean > 0 else "behind"


def plain_or_all(groups: Sequence[MethodGroup]) -> list[MethodGroup]:
    """Return the plain methods, and the variants of sources that have no plain method.

    Methods with an increment of their own are variants, and are never returned.
    """
    with_plain = {group.replay for group in groups if not group.variant}
    return [
        g for g in groups if not g.variant or (g.replay not in with_plain and g.increment is None)
    ]


def group_runs(runs: Sequence[Run]) -> list[MethodGroup]:
    """Gather runs by method and parameters, in the order of their first appearance."""
    groups: dict[str, list[Run]] = {}
    for run in runs:
        method = json.dumps([run["method"], run["parameters"], run["increment"]], sort_keys=True)
        groups.setdefault(method, []).append(run)
    return [MethodGroup(tuple(members)) for members in groups.values()]


def compare_at_equal_bits(groups: Sequence[MethodGroup]) -> list[EqualBits]:
    """Compare every memory whose size lies between two sizes of latent replay.

    A memory of exactly one of these sizes is compared, too, even if it is the only size. Only
    methods that learn in the same tasks are compared. If several variants of latent replay have
    the same size, the best one counts.
    """
    return [
        comparison
        for increment in dict.fromkeys(group.increment for group in groups)
        for comparison in _compare([g for g in groups if g.increment == increment])
    ]


def _compare(groups: Sequence[MethodGroup]) -> list[EqualBits]:
    """Compare methods that all learn in the same tasks."""
    best: dict[int, MethodGroup] = {}
    for group in groups:
        if group.replay == "latent":
            rival = best.setdefault(group.bits_paper, group)
            best[group.bits_paper] = max(group, rival, key=_accuracy)
    latent = [best[bits] for bits in sorted(best)]
    if not latent:
        return []
    sizes = np.log([g.bits_paper for g in latent])
    curves = np.array([g.values("average_incremental") for g in latent])
    comparisons = []
    for group in groups:
        # Whole bits are compared, since two logarithms of one number may differ in the last place.
        within = latent[0].bits_paper <= group.bits_paper <= latent[-1].bits_paper
        if group.replay == "latent" or SOURCES[group.replay].bound or not within:
            continue
        size = np.log(group.bits_paper)
        own = group.values("average_incremental")
        there = np.array([np.interp(size, sizes, curve) for curve in curves.T])
        comparisons.append(
            EqualBits(
                group=group,
                reference=Spread.of(there.tolist()),
                gain=Spread.of((own - there).tolist()),
                bits_factor=_bits_factor(size, float(own.mean()), sizes, curves.mean(axis=1)),
            )
        )
    return comparisons


def _accuracy(group: MethodGroup) -> float:
    return group.spread("average_incremental").mean


def _bits_factor(
    size: float, accuracy: float, sizes: NDArray[np.float64], curve: NDArray[np.float64]
) -> float | None:
    """Return the bits that latent replay needs to reach `accuracy`, divided by the memory's bits.

    It is None if no size of latent replay reaches that accuracy.

    Parameters
    ----------
    size : float
        Natural logarithm of the memory's bits.
    accuracy : float
        Mean accuracy of the memory, in 0..1.
    sizes, curve : ndarray of shape (n_sizes,), float64
        Natural logarithms of the bits of latent replay, rising, and its mean accuracies.
    """
    if accuracy > curve.max():
        return None
    # The first size at which the running maximum of the curve reaches the accuracy.
    needed = np.interp(accuracy, np.maximum.accumulate(curve), sizes)
    return float(np.exp(needed - size))


def verdict(comparisons: Sequence[EqualBits]) -> str:
    """Return a sentence for each source on how it does at equal bits; empty without a comparison.

    The sources follow each other as in `comparisons`. The first sentence says what is compared.
    """
    if not comparisons:
        return ""
    alone = comparisons[0].gain.standard_error is None
    sentences = []
    for source in dict.fromkeys(c.group.replay for c in comparisons):
        own = [c for c in comparisons if c.group.replay == source]
        ahead, behind, even = (
            sum(c.outcome == outcome for c in own) for outcome in ("ahead", "behind", "even")
        )
        name = SOURCES[source].called
        if sentences:
            said = (
                f"{name[0].upper()}{name[1:]} is ahead at {ahead} of {len(own)}, "
                f"behind at {behind} and even at {even}"
            )
        else:
            basis = "On a single seed, at equal bits" if alone else "At equal bits"
            said = (
                f"{basis}, as the papers count them, {name} is ahead of latent replay at {ahead} "
                f"of the {len(own)} memories compared, behind at {behind} and even"
                f"{'' if alone else ' (p > 0.05, paired t-test over runs)'} at {even}"
            )
        sentences.append(f"{said}; {_best(own)}.")
    return " ".join(sentences)


def _best(comparisons: Sequence[EqualBits]) -> str:
    """Return the part of a sentence on the most accurate memory of a source."""
    best = max(comparisons, key=lambda c: _accuracy(c.group))
    more = (
        "more than the largest latent replay tried"
        if best.bits_factor is None
        else f"as much as latent replay with {best.bits_factor:.1f} times the bits"
    )
    return (
        f"the best, {best.group.label}, reaches "
        f"{best.group.spread('average_incremental').percent()} % average incremental accuracy in "
        f"{best.group.bits_paper / 1e3:.1f} kb, {best.gain.points()} points on latent replay of "
        f"that size and {more}"
    )
