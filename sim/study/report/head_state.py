# SPDX-License-Identifier: MIT
"""How little of a head has to survive between tasks: one memory beside heads of several states."""

from collections.abc import Sequence
from dataclasses import dataclass

from sim.report.spread import Spread
from sim.study.report.groups import MethodGroup

__all__ = ["COLUMNS", "TOLERANCE", "HeadStates", "head_states"]

#: Accuracy that a smaller state may lose, of the best of its memory: half a point.
TOLERANCE = 0.005

#: Parameters of a method that change what survives of its head, and nothing else.
_STATE_KEYS = ("latent_width", "q_b_non_binary", "head_start")

COLUMNS = (
    "method",
    "all state (kb)",
    "average incremental (%)",
    "against the best (points)",
)


@dataclass(frozen=True)
class HeadStates:
    """The methods that differ in the state of their head alone.

    Parameters
    ----------
    groups : tuple of MethodGroup
        By falling bits of all state; at least two.
    """

    groups: tuple[MethodGroup, ...]

    @property
    def best(self) -> MethodGroup:
        """The most accurate; of equal ones, that of fewer bits."""
        return max(reversed(self.groups), key=_accuracy)

    @property
    def smallest(self) -> MethodGroup:
        """The one of the fewest bits that loses no more than `TOLERANCE` of the best, in the mean.

        States that are between it and the best may lose more.
        """
        least = _accuracy(self.best) - TOLERANCE
        return next(group for group in reversed(self.groups) if _accuracy(group) >= least)

    def lead(self, group: MethodGroup) -> Spread:
        """Return the accuracy of a method minus that of the best, run by run."""
        own, best = (g.values("average_incremental") for g in (group, self.best))
        return group.independent((own - best).tolist())

    @property
    def rows(self) -> list[list[str]]:
        """One row of text for each method, in the columns `COLUMNS`."""
        return [
            [
                group.label,
                f"{group.bits_full / 1e3:.1f}",
                group.spread("average_incremental").percent(),
                "" if group is self.best else self.lead(group).points(),
            ]
            for group in self.groups
        ]

    @property
    def sentence(self) -> str:
        """Which state is the smallest that is enough, and what the next smaller one loses."""
        most, kept = self.groups[0], self.smallest
        said = (
            f"Within half a point of the best, the smallest state is that of {kept.label}: "
            f"{kept.bits_full / 1e3:.1f} kb, of {most.bits_full / 1e3:.1f} kb at most"
        )
        below = self.groups[self.groups.index(kept) + 1 :]
        if not below:
            return f"{said}. It is the smallest here."
        return f"{said}. {below[0].label} is {self.lead(below[0]).points()} points from the best."


def head_states(groups: Sequence[MethodGroup]) -> list[HeadStates]:
    """Return the memories that were tried beside heads of several states.

    Parameters
    ----------
    groups : sequence of MethodGroup
        Methods of a study.
    """
    families: dict[str, list[MethodGroup]] = {}
    for group in groups:
        shared = {key: value for key, value in group.params.items() if key not in _STATE_KEYS}
        families.setdefault(
            repr((group.replay, sorted(shared.items()), group.increment)), []
        ).append(group)
    return [
        HeadStates(tuple(sorted(own, key=lambda group: group.bits_full, reverse=True)))
        for own in families.values()
        if len({group.bits_full for group in own}) > 1
    ]


def _accuracy(group: MethodGroup) -> float:
    return group.spread("average_incremental").mean
