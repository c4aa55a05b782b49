# SPDX-License-Identifier: MIT
"""The results of a finished study or comparison, read from its ``results.json`` and checked."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from sim.data.embed import read_network
from sim.data.shipped import shipped_names, shipped_or_path
from sim.documents.json_file import read_json
from sim.measure.ledger import network_ledger
from sim.replay import SOURCES
from sim.study.report.groups import MethodGroup, group_runs, plain_or_all
from sim.study.report.series import BOUNDS, Series, family_series, few, series_of
from sim.study.results import WHAT, results_file
from sim.work.errors import UserError

__all__ = ["Results", "read_results"]

_MOST = 16  # methods of a figure that shows each as a curve or a point

_Share = Annotated[float, Field(ge=0, le=1)]
_Distance = Annotated[float, Field(ge=0, le=1e9)]
_Bits = Annotated[int, Field(ge=0, le=2**63 - 1)]
_Classes = Annotated[int, Field(ge=0, le=65_536)]
_Text = Annotated[str, Field(min_length=1)]


class _Part(BaseModel):
    # Results hold more than is read here.
    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False, strict=True)


class _Distances(_Part):
    within_class: _Distance
    pooled: _Distance


class _Run(_Part):
    method: _Text
    label: _Text
    parameters: dict[str, Any]
    increment: int | None
    seed: int
    order: int | str = "given"
    bank: int = 0
    bits_paper: _Bits
    bits_full: _Bits
    ledger: dict[str, _Bits]
    average_incremental: _Share
    accuracy_seen: Annotated[list[_Share], Field(min_length=1)]
    accuracy_matrix: Annotated[list[list[_Share | None]], Field(min_length=1)]
    correlation_distance: _Distances | None = None


class _Tasks(_Part):
    base: _Classes
    increment: _Classes
    instances: int | None = None


class _Source(_Part):
    path: str | None = None


class _Config(_Part):
    title: _Text
    tasks: _Tasks
    data: _Source
    budgets: list[float] | None = None


class _Data(_Part):
    features: Annotated[int, Field(ge=1)]
    provenance: str
    network_bits: _Bits | None = None


class _File(_Part):
    config: _Config
    data: _Data
    runs: Annotated[list[_Run], Field(min_length=1)]


@dataclass(frozen=True)
class Results:
    """The results of one study or comparison.

    Parameters
    ----------
    path : Path
        The file.
    content : _File
        What it holds, its structure checked.
    """

    path: Path
    content: _File

    @property
    def title(self) -> str:
        """Headline of the configuration."""
        return self.content.config.title

    @property
    def features(self) -> int:
        """D, bits of an embedding."""
        return self.content.data.features

    @property
    def compared(self) -> bool:
        """Whether it is a comparison within budgets, whose methods were chosen one by one."""
        return self.content.config.budgets is not None

    @property
    def again(self) -> bool:
        """Whether all tasks bring new samples of the same classes."""
        return self.content.config.tasks.instances is not None

    @cached_property
    def groups(self) -> list[MethodGroup]:
        """Runs gathered by method."""
        return group_runs([run.model_dump() for run in self.content.runs])

    @property
    def bounds(self) -> list[MethodGroup]:
        """Methods that are drawn as levels, in the tasks of the study."""
        return [g for g in self.drawn if g.replay in BOUNDS]

    @property
    def drawn(self) -> list[MethodGroup]:
        """All methods of a comparison; the plain ones of a study (`plain_or_all`)."""
        return self.groups if self.compared else plain_or_all(self.groups)

    @property
    def series(self) -> list[Series]:
        """Methods that figures join by lines."""
        drawn = self.drawn
        return family_series(drawn) if self.compared else series_of(drawn, spelt_out=True)

    @property
    def shown(self) -> list[MethodGroup]:
        """A few methods of each source; the best of each where those would be too many."""
        chosen = few(self.drawn)
        return chosen if len(chosen) <= _MOST and not self.compared else _best_of_each(self.drawn)

    @property
    def places(self) -> list[int]:
        """Classes seen after each task; number of the task where all bring the same classes."""
        tasks, count = self.content.config.tasks, len(self.drawn[0].runs[0]["accuracy_seen"])
        if self.again:
            return list(range(1, count + 1))
        first = tasks.base or tasks.increment
        return [first + task * tasks.increment for task in range(count)]

    @property
    def data(self) -> tuple[str, int, bool]:
        """What two results have in common whose accuracies can share an axis."""
        return (self.content.data.provenance.split(";")[0], self.features, self.again)

    @cached_property
    def network_bits(self) -> int | None:
        """Bits of the network that made the embeddings; None if unknown.

        Results that do not say it may still name a shipped network, and its hash.
        """
        data, name = self.content.data, self.content.config.data.path
        if data.network_bits is not None or name not in shipped_names():
            return data.network_bits
        weights, content = read_network(shipped_or_path(name, "network.bin"))
        if hashlib.sha256(content).hexdigest()[:12] not in data.provenance:
            return None
        return network_ledger(weights.params).bits_full


def read_results(path: Path) -> Results:
    """Read the results of a study or comparison.

    Parameters
    ----------
    path : Path
        The file, or the folder of the report that holds it.

    Raises
    ------
    UserError
        If there is no such file, or it holds no results of ``engram run``.
    """
    path = results_file(path)
    results = Results(path, read_json(path, _File, WHAT))
    _check(results)
    return results


def _check(results: Results) -> None:
    """Refuse what the structure alone does not show."""
    texts = [("config.title", results.title)]
    for number, run in enumerate(results.content.runs):
        where = f"{results.path}: runs.{number}"
        if run.method not in SOURCES:
            raise UserError(
                f"{where}.method must be one of {', '.join(SOURCES)}, not {run.method!r}"
            )
        last, tasks = run.accuracy_matrix[-1], len(run.accuracy_seen)
        if len(last) != tasks or None in last:
            raise UserError(
                f"{where}.accuracy_matrix must end with an accuracy for each of the {tasks} tasks"
            )
        texts.append((f"runs.{number}.label", run.label))
    for key, text in texts:
        if not text.isprintable():  # JSON can spell half a character
            raise UserError(f"{results.path}: {key} must be one line of text, not {text!r}")
    lengths = [len(r.accuracy_seen) for r in results.content.runs if r.increment is None]
    if len(set(lengths)) != 1:
        raise UserError(
            f"{results.path} must have methods that learn the tasks of the study, in as many tasks "
            f"each, not in {sorted(set(lengths))}"
        )
    for group in results.groups:
        _check_group(results.path, group)
    try:
        drawn = [*results.series, *results.shown]
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise UserError(
            f"{results.path} must have methods whose parameters make their label: {error}"
        ) from error
    if not drawn:
        raise UserError(f"{results.path} must have methods that learn the tasks of the study")


def _check_group(path: Path, group: MethodGroup) -> None:
    """Refuse runs of one method that do not fit together."""
    runs = [(run["bank"], run["order"], run["seed"]) for run in group.runs]
    if len(set(runs)) < len(runs):
        raise UserError(
            f"{path} must have one run of {group.label!r} for each network, order and seed"
        )
    if len({len(run["accuracy_seen"]) for run in group.runs}) > 1:
        raise UserError(f"{path} must have runs of {group.label!r} over as many tasks each")


def _best_of_each(groups: Sequence[MethodGroup]) -> list[MethodGroup]:
    """Return the most accurate method of each source."""
    best: dict[str, MethodGroup] = {}
    for group in groups:
        rival = best.setdefault(group.replay, group)
        best[group.replay] = max(rival, group, key=lambda g: g.spread("average_incremental").mean)
    return list(best.values())
