# SPDX-License-Identifier: MIT
"""What failing cells cost in accuracy: read from the results of a study, and between its points."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sim.documents.json_file import read_json
from sim.learn.faults import FaultSettings
from sim.work.errors import UserError

__all__ = ["MEMORIES", "Loss", "Which", "read_losses"]

Which = Literal["prototypes", "weights"]

#: The memories that fail, by the parameter of a method that says so.
MEMORIES: dict[str, Which] = {"faults": "prototypes", "head_faults": "weights"}


@dataclass(frozen=True)
class Loss:
    """Points of accuracy that failing cells of one memory cost.

    Attributes
    ----------
    which : {"prototypes", "weights"}
    label : str
        The sound method.
    accuracy : float
        Its mean average incremental accuracy, in 0..1.
    points : tuple of (float, float)
        Shares of cells that fail, rising and above 0, with the accuracy lost, run by run.
    """

    which: Which
    label: str
    accuracy: float
    points: tuple[tuple[float, float], ...]

    def at(self, share: float) -> float | None:
        """Return the accuracy lost at a share of failing cells; None beyond the largest.

        It lies on the straight line between two points, over the logarithm of the share. Below the
        smallest it is that of the smallest; where no cell fails it is 0.
        """
        if share == 0:
            return 0.0
        (least, lost), *others = self.points
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


class _Results(BaseModel):
    runs: list[_Run]


def read_losses(study: Path, components: int, code_width: int) -> tuple[Loss, ...]:
    """Return what failing prototypes and failing weights of the head cost, each if it was tried.

    Parameters
    ----------
    study : Path
        ``results.json`` that ``engram run`` wrote.
    components, code_width : int
        K and q of the GBM memory.

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
        if run.method == "gbm"
        and wanted.items() <= run.parameters.items()
        and run.network_faults is None
        and run.map_faults is None
    ]
    sound: dict[str, dict[tuple[int | str, ...], _Run]] = {}
    for run in runs:
        if not any(run.parameters.get(key) for key in MEMORIES):
            sound.setdefault(run.others, {})[run.pair] = run
    found = []
    for key, which in MEMORIES.items():
        for others, twins in sound.items():
            losses: dict[float, list[float]] = {}
            for share, run in _failing(study, runs, key):
                if run.others == others and run.pair in twins:
                    lost = twins[run.pair].average_incremental - run.average_incremental
                    losses.setdefault(share, []).append(lost)
            if losses:
                points = tuple((share, fmean(losses[share])) for share in sorted(losses))
                first = next(iter(twins.values())).label
                accuracy = fmean(twin.average_incremental for twin in twins.values())
                found.append(Loss(which, first, accuracy, points))
                break  # the first method of the study
    if not found:
        raise UserError(
            f"{study} must have GBM with K = {components} and q = {code_width} on failing and on "
            "sound memories, as the study faults has"
        )
    return tuple(found)


def _failing(study: Path, runs: list[_Run], key: str) -> Iterator[tuple[float, _Run]]:
    """Yield runs all of whose cells of one memory can fail for good, and no others, by share."""
    for run in runs:
        if [name for name in MEMORIES if run.parameters.get(name)] == [key]:
            try:
                settings = FaultSettings.model_validate(run.parameters[key])
            except ValidationError as error:
                fault = error.errors(include_url=False, include_input=False)[0]["msg"]
                raise UserError(f"{study}: {run.label}: {key}: {fault}") from error
            partly = settings.plane is not None or settings.spared or settings.transient
            if not partly and not settings.secded and not settings.parity and settings.probability:
                yield settings.probability, run
