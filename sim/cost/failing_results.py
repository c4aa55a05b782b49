# SPDX-License-Identifier: MIT
"""What failing cells cost in accuracy: read from the results of a study, and between its points."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from statistics import fmean
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sim.documents.json_file import read_json
from sim.learn.cells import FailingCells
from sim.learn.faults import FaultSettings
from sim.work.errors import UserError

__all__ = ["MEMORIES", "Loss", "Which", "read_losses"]

Which = Literal["prototypes", "weights", "network", "maps"]

#: The memories that fail, by the key of a run that says so: prototypes, weights of the integer
#: head, weights of the network that embeds, and its maps.
MEMORIES: dict[str, Which] = {
    "faults": "prototypes",
    "head_faults": "weights",
    "network_faults": "network",
    "map_faults": "maps",
}


@dataclass(frozen=True)
class Loss:
    """Points of accuracy that failing cells of one memory cost, or of some that fail at once.

    Attributes
    ----------
    members : tuple of {"prototypes", "weights", "network", "maps"}
        The memories. Where there are several, as many cells of each fail in the same runs.
    label : str
        The sound method.
    accuracy : float
        Its mean average incremental accuracy, in 0..1.
    points : tuple of (float, float)
        Shares of cells that fail, rising and above 0, with the accuracy lost, run by run.
    """

    members: tuple[Which, ...]
    label: str
    accuracy: float
    points: tuple[tuple[float, float], ...]

    def at(self, share: float) -> float | None:
        """Return the accuracy lost at a share of failing cells; None beyond the largest.

        A failing cell wins nothing but by chance, so that a loss below 0, or below that of a
        smaller share, counts as that one. It lies on the straight line between two points, over the
        logarithm of the share. Below the smallest it is that of the smallest; where no cell fails
        it is 0.
        """
        if share == 0:
            return 0.0
        _, *rising = accumulate((lost for _, lost in self.points), max, initial=0.0)
        shares = (share for share, _ in self.points)
        (least, lost), *others = zip(shares, rising, strict=True)
        if share <= least:
            return lost
        for there, more in others:
            if share <= there:
                part = math.log(share / least) / math.log(there / least)
                return (1 - part) * lost + part * more
            least, lost = there, more
        return None


class _Run(BaseModel):
    # A study holds more than is read here.
    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)

    method: str
    label: str
    parameters: dict[str, Any]
    seed: int
    average_incremental: Annotated[float, Field(ge=0, le=1)]
    order: int | str = "given"
    bank: int = 0
    network_faults: dict[str, Any] | None = None
    map_faults: dict[str, Any] | None = None

    @property
    def pair(self) -> tuple[int | str, ...]:
        """What a run on a sound memory has in common with one on a failing memory."""
        return self.seed, self.order, self.bank

    @property
    def others(self) -> str:
        """All parameters but the faults, as one text."""
        kept = {key: value for key, value in self.parameters.items() if key not in MEMORIES}
        return json.dumps([self.method, kept], sort_keys=True)

    @property
    def faults(self) -> dict[str, Any]:
        """Settings of the faults by key; empty if all memories are sound."""
        given = {**self.parameters, **self.model_dump(include={"network_faults", "map_faults"})}
        return {key: given[key] for key in MEMORIES if given.get(key)}


class _Results(BaseModel):
    runs: list[_Run]


def read_losses(study: Path, components: int, code_width: int) -> tuple[Loss, ...]:
    """Return what failing memories cost the first method of a study that has a sound twin.

    Parameters
    ----------
    study : Path
        ``results.json`` that ``engram run`` wrote.
    components, code_width : int
        K and q of the GBM memory.

    Returns
    -------
    tuple of Loss
        Of each memory that was tried alone, and then of those that were tried at once, with as many
        failing cells of each.

    Raises
    ------
    UserError
        If the file is not such a result, or has no such memory with failing cells and a sound twin.
    """
    results = read_json(study, _Results, "the results.json of a study")
    wanted = {"components": components, "code_width": code_width}
    runs = [
        run
        for run in results.runs
        if run.method == "gbm" and wanted.items() <= run.parameters.items()
    ]
    sound: dict[str, dict[tuple[int | str, ...], _Run]] = {}
    for run in runs:
        if not run.faults:
            sound.setdefault(run.others, {})[run.pair] = run
    for others, twins in sound.items():
        losses: dict[tuple[Which, ...], dict[float, list[float]]] = {}
        for members, share, run in _failing(study, runs):
            if run.others == others and run.pair in twins:
                lost = twins[run.pair].average_incremental - run.average_incremental
                losses.setdefault(members, {}).setdefault(share, []).append(lost)
        if losses:
            label = next(iter(twins.values())).label
            accuracy = fmean(twin.average_incremental for twin in twins.values())
            places = list(MEMORIES.values())
            ordered = sorted(losses, key=lambda found: (len(found), [*map(places.index, found)]))
            return tuple(
                Loss(
                    members, label, accuracy,
                    tuple((share, fmean(lost)) for share, lost in sorted(losses[members].items())),
                )
                for members in ordered
            )  # fmt: skip
    raise UserError(
        f"{study} must have GBM with K = {components} and q = {code_width} on failing and on "
        "sound memories, as the studies faults and faults_network have"
    )


def _failing(study: Path, runs: list[_Run]) -> Iterator[tuple[tuple[Which, ...], float, _Run]]:
    """Yield runs all of whose cells of some memories can fail for good, by memories and share.

    Runs in which other shares of the memories fail are left out.
    """
    for run in runs:
        settings = [_settings(study, run, key, value) for key, value in run.faults.items()]
        shares = {cells.probability for cells in settings}
        if len(shares) == 1 and 0 not in shares and all(map(_whole, settings)):
            yield tuple(MEMORIES[key] for key in run.faults), shares.pop(), run


def _settings(study: Path, run: _Run, key: str, value: Any) -> FailingCells:
    kind = FaultSettings if key in run.parameters else FailingCells
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]["msg"]
        raise UserError(f"{study}: {run.label}: {key}: {fault}") from error


def _whole(settings: FailingCells) -> bool:
    """Return whether all cells can fail for good, without protection."""
    if not isinstance(settings, FaultSettings):
        return True
    partly = settings.plane is not None or settings.spared or settings.transient
    return not (partly or settings.secded or settings.parity)
