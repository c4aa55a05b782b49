# SPDX-License-Identifier: MIT
"""What the ISCAS'24 slides show of native and latent replay, read off their plots (+-0.01)."""

from dataclasses import dataclass

from sim.images.native.settings import Plan

__all__ = ["PUBLISHED", "Published", "published"]


@dataclass(frozen=True, kw_only=True)
class Published:
    """A run of the slides, on the last 50 classes of CIFAR-100, with a binary network of 4.1 Mb.

    Parameters
    ----------
    replay : str
        As in `Plan`; the network of ``float`` has 1/32 of the weights.
    megabits : float or None
    increment : int
        Classes of a task.
    final : float
        Accuracy, in 0..1, on all 50 classes.
    by_task : tuple of float
        After each task; empty where the slides have no curve.
    ideal : bool
    """

    replay: str
    megabits: float | None
    increment: int
    final: float
    by_task: tuple[float, ...] = ()
    ideal: bool = False


def _curve(replay: str, megabits: float, *by_task: float) -> Published:
    return Published(
        replay=replay, megabits=megabits, increment=10, final=by_task[-1], by_task=by_task
    )


def _points(replay: str, ideal: bool, finals: dict[float, float]) -> list[Published]:
    return [
        Published(replay=replay, megabits=megabits, increment=10, final=final, ideal=ideal)
        for megabits, final in finals.items()
    ]


#: Latent replay in floating point is left out, and so is its run in tasks of 2: no method here.
PUBLISHED: tuple[Published, ...] = (
    _curve("native", 500, 0.835, 0.728, 0.668, 0.631, 0.605),
    _curve("native", 25, 0.83, 0.66, 0.54, 0.465, 0.397),
    *_points("native", False, {1: 0.19, 5: 0.26, 100: 0.53}),
    _curve("latent", 25, 0.69, 0.565, 0.50, 0.46, 0.44),
    *_points("latent", False, {0.05: 0.16, 0.5: 0.26, 5: 0.40}),
    *_points("latent", True, {0.05: 0.23, 0.5: 0.41, 5: 0.55, 25: 0.59}),
    _curve("float", 500, 0.80, 0.62, 0.54, 0.44, 0.43),
    _curve("float", 25, 0.785, 0.56, 0.405, 0.327, 0.297),
    Published(replay="joint", megabits=None, increment=10, final=0.60),
    Published(replay="native", megabits=500, increment=2, final=0.635),
    Published(replay="native", megabits=25, increment=2, final=0.375),
    Published(replay="latent", megabits=25, increment=2, final=0.452),
    Published(replay="float", megabits=500, increment=2, final=0.478),
    Published(replay="float", megabits=25, increment=2, final=0.283),
)


def published(plan: Plan, increment: int) -> Published | None:
    """Return the slides' run of a method and budget, None where they show none."""
    for run in PUBLISHED:
        if (run.replay, run.megabits, run.ideal, run.increment) == (
            plan.replay, plan.megabits, plan.ideal, increment,
        ):  # fmt: skip
            return run
    return None
