# SPDX-License-Identifier: MIT
"""The files of an exploration: ``exploration.json``, ``report.md``, figures, designs to run."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sim.data.bank import Bank
from sim.explore.found.figures import front_figure, sensitivity_figure
from sim.explore.found.outcome import Outcome
from sim.explore.found.recommend import NEAR, Recommendation
from sim.explore.found.sensitivity import Share
from sim.explore.found.supply import supply_section, supply_sentence
from sim.explore.found.text import reference_section, sensitivity_section
from sim.explore.search.trials import TrialRecord
from sim.explore.space.objectives import Goal
from sim.explore.space.parameter import Dimension
from sim.explore.space.part import Part
from sim.explore.space.settings import ExploreConfig
from sim.explore.space.space import Space
from sim.report.figure import figure_bytes
from sim.report.files import json_text
from sim.report.tables import markdown_table
from sim.report.terminal import TerminalTable
from sim.study.report.origin import data_line
from sim.work.folder import write_folder

__all__ = ["ExplorationReport"]

_FRONT, _SENSITIVITY = "front.png", "sensitivity.png"

_READING = """\
A design is on the *front* if no other that was tried is as good in every objective and better in \
one. Accuracy is the mean over the seeds of the last rung; all other values are known before \
anything is learnt, from the counts of `engram cost`, without leakage. Energy \
and time to learn a class are those of its samples embedded, its memory fitted and written, \
exemplars of the past drawn or read, and of the head trained on both. Cycles are those of the \
blocks in RTL for classes that are counted or kept in the latent buffer, for draws, and for the \
integer head. What no hardware does (expectation maximisation, herding, the translation of FeTrIL) \
takes a cycle for every row of the memory that is busiest, and backward passes of other heads \
have energies but no time. Area is that of memories alone. All designs are tested on the \
same test samples, and the best of many is a little less good than it seems."""

_RULE = f"""\
Of all designs within a budget, those within {NEAR:g} points of the most accurate count, and of \
these the one whose energy, area and time have the least product."""

_TERMINAL_ROWS = 20


@dataclass(frozen=True)
class ExplorationReport:
    """The report of an exploration.

    Parameters
    ----------
    config : ExploreConfig
    records : sequence of TrialRecord
        Its trials. Those that have not ended are left out.
    command : str
        Command line that makes the report.
    bank : Bank
        Its data, with all bits of every embedding.
    data_dir : Path or None
        Folder of the data archives, if the data need one.
    """

    config: ExploreConfig
    records: Sequence[TrialRecord]
    command: str
    bank: Bank
    data_dir: Path | None = None

    @cached_property
    def outcome(self) -> Outcome:
        """Results derived from the trials."""
        return Outcome(self.config, [record for record in self.records if record.ended])

    @property
    def verdict(self) -> str:
        """The recommendation in one sentence."""
        return self.outcome.verdict

    @property
    def supply(self) -> str:
        """The supply of least energy that loses little, in a sentence; empty without supplies."""
        return supply_sentence(self.config, self.outcome.designs)

    @property
    def terminal_table(self) -> TerminalTable:
        """Table of the front of accuracy and bits, for the terminal."""
        objectives = self.outcome.objectives
        rows = [
            [record.label, *(f"{record.values[o.name]:.3g}" for o in objectives)]
            for record in self.outcome.skyline[:_TERMINAL_ROWS]
        ]
        columns = ("design, by accuracy and bits", *(o.unit for o in objectives))
        return TerminalTable(self.config.title, columns, rows)

    def write(self, folder: Path) -> None:
        """Write all files into a folder in one step."""
        content: dict[str, bytes | str] = {
            f"{_budget_name(r.size)}.yaml": r.chosen.yaml
            for r in self.outcome.recommended
            if isinstance(r.chosen, TrialRecord)
        }
        content[_FRONT] = figure_bytes(front_figure(self.outcome))
        if self.outcome.sensitivity:
            content[_SENSITIVITY] = figure_bytes(sensitivity_figure(self.outcome))
        content["report.md"] = self._markdown()
        content["exploration.json"] = json_text(self._document())
        write_folder(folder, content)

    def _document(self) -> dict[str, Any]:
        outcome = self.outcome
        front = {record.number for record in outcome.front}
        return {
            "title": self.config.title,
            "command": self.command,
            "engram": version("engram"),
            "made": datetime.now(UTC).isoformat(timespec="seconds"),
            "data": data_line([self.bank]),
            "verdict": self.verdict,
            "objectives": _plain(Goal, outcome.objectives),
            "constraints": [bound.text for bound in self.config.bounds],
            "parameters": _plain(Dimension, Space(self.config).parameters),
            "space": self.config.document(),
            "space_sha256": self.config.digest(),
            "trials": [
                {
                    **_trial(record, record.number in front),
                    "command": self._command(record),
                    "note": self._note(record),
                }
                for record in outcome.records
            ],
            "recommended": _plain(Recommendation, outcome.recommended),
            "reference_gaps": outcome.reference_gaps,
            "sensitivity": _plain(Share, outcome.sensitivity),
            **({"supply": self.supply} if self.supply else {}),
        }

    def _markdown(self) -> str:
        outcome = self.outcome
        parts = [
            f"# {self.config.title}",
            self._made(),
            f"**{self.verdict}**",
            data_line([self.bank]),
            "## What to build",
            *(f"- {r.sentence}{_file(r.size) if r.chosen else ''}" for r in outcome.recommended),
            _RULE,
            *supply_section(self.config, outcome.designs),
            *reference_section(outcome),
            "## The front",
            f"{_READING} {self._priced()}",
            f"![accuracy against costs]({_FRONT})",
            "Of accuracy and bits alone:",
            self._table(outcome.skyline),
            f"Of all objectives, {len(outcome.front)} designs:",
            self._table(outcome.front),
        ]
        if outcome.sensitivity:
            parts += [*sensitivity_section(outcome), f"![main effects]({_SENSITIVITY})"]
        return "\n\n".join(parts) + "\n"

    def _made(self) -> str:
        counts, records = self.outcome.counts, self.outcome.records
        listed = ", ".join(f"{n} {state}" for state, n in counts.items() if n)
        seconds = sum(record.seconds for record in records)
        hits = sum(record.cache_hits for record in records)
        return (
            f"Made by `{self.command}` (engram {version('engram')}, space "
            f"{self.config.digest()[:12]}); {len(records)} trials: {listed or 'none'}. They took "
            f"{seconds:.0f} s, added up, and found {hits} results in the cache."
        )

    def _priced(self) -> str:
        hardware = self.config.hardware
        network = f", network {hardware.network}" if hardware.network else ""
        return f"Technology {hardware.technology}{network}."

    def _table(self, records: Sequence[TrialRecord]) -> str:
        objectives = self.outcome.objectives
        columns = ["design", *(f"{o.name} ({o.unit})" for o in objectives), "trial"]
        rows = [[r.label, *self._cells(r), str(r.number)] for r in records]
        return markdown_table(columns, rows)

    def _cells(self, record: TrialRecord) -> list[str]:
        return [_cell(record, o.name) for o in self.outcome.objectives]

    def _command(self, record: TrialRecord) -> str:
        """Return the command that runs the study of a trial."""
        seeds = ["--seeds", str(record.rungs[-1].seeds)] if record.rungs else []
        data = [] if self.data_dir is None else ["--data-dir", str(self.data_dir)]
        return shlex.join(["engram", "run", f"trial-{record.number}.yaml", *seeds, *data])

    def _note(self, record: TrialRecord) -> str:
        """Say how a trial differs from the study of its command."""
        tasks, all_tasks = len(record.rungs[-1].by_task) if record.rungs else 0, self.bank.tasks
        if not tasks or tasks == len(all_tasks):
            return ""
        return (
            f"The command runs all {len(all_tasks)} tasks; this accuracy is of the first {tasks}."
        )


def _cell(record: TrialRecord, name: str) -> str:
    if name != "accuracy":
        return f"{record.values[name]:.4g}"
    rung = record.rungs[-1]
    return f"{rung.accuracy:.2f}" + ("" if rung.spread is None else f" ± {rung.spread:.2f}")


def _plain(kind: type[Part], parts: Sequence[Part]) -> list[dict[str, Any]]:
    """Return parts as plain data, with only the keys that `kind` has in a file."""
    keys = set(kind.model_fields)
    return [part.model_dump(mode="json", include=keys) for part in parts]


def _trial(record: TrialRecord, front: bool) -> dict[str, Any]:
    """Return a trial as plain data."""
    rung = record.rungs[-1] if record.rungs else None
    spread = None if rung is None else rung.spread
    return {
        "number": record.number,
        "state": record.state,
        "label": record.label,
        "parameters": dict(record.parameters),
        "values": dict(record.values),
        "spread": {} if spread is None else {"accuracy": spread},
        "seeds": None if rung is None else rung.seeds,
        "rung": None if rung is None else rung.rung,
        "front": front,
        "reference": record.reference,
        "accuracy_by_task": [] if rung is None else list(rung.by_task),
        "cost": dict(record.cost),
        "violations": dict(record.violations),
        "seconds": record.seconds,
        "cache_hits": record.cache_hits,
        "message": record.message,
        "yaml": record.yaml,
    }


def _budget_name(budget: float | None) -> str:
    return "recommended" if budget is None else f"recommended-{budget:g}Mb"


def _file(budget: float | None) -> str:
    return f" It is [{_budget_name(budget)}.yaml]({_budget_name(budget)}.yaml)."
