# SPDX-License-Identifier: MIT
"""Results of native and latent replay on the ISCAS'24 slides, read off their plots (+-0.01)."""

from dataclasses import dataclass
from functools import cache

from sim.data.published import PrintedValue, load_paper
from sim.images.native.settings import Plan

__all__ = ["Published", "published", "published_runs"]


@dataclass(frozen=True, kw_only=True)
class Published:
    """A run of the slides, on the last 50 classes of CIFAR-100, with a binary network of 4.1 Mb.

    Parameters
    ----------
    replay : str
        As in `Plan`; the network of ``float`` has 1/32 of the weights.
    megabits : float or None
        Memory of the past, None for joint training.
    increment : int
        Classes of a task.
    final : float
        Accuracy, in 0..1, on all 50 classes.
    by_task : tuple of float
        Accuracy after each task, in 0..1; empty if the slides have no curve.
    ideal : bool
        As in `Plan`.
    """

    replay: str
    megabits: float | None
    increment: int
    final: float
    by_task: tuple[float, ...] = ()
    ideal: bool = False


@cache
def published_runs() -> tuple[Published, ...]:
    """Return every run of the slides whose method `Plan` has."""
    return tuple(_run(value) for value in load_paper("iscas24").having("replay").values())


def published(plan: Plan, increment: int) -> Published | None:
    """Return the slides' run of a method and budget; None if the slides do not show it."""
    for run in published_runs():
        if (run.replay, run.megabits, run.ideal, run.increment) == (
            plan.replay, plan.megabits, plan.ideal, increment,
        ):  # fmt: skip
            return run
    return None


def _run(value: PrintedValue) -> Published:
    condition = value.condition
    return Published(
        replay=str(condition["replay"]),
        megabits=float(condition["megabits"]) if "megabits" in condition else None,
        increment=value.count("increment"),
        final=value.number,
        by_task=value.curve,
        ideal=bool(condition.get("ideal", False)),
    )
