# SPDX-License-Identifier: MIT
"""Files of a cost report: ``report.md``, figures, ``cost.json``, ``cost.csv``, and Accelergy's."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version

from matplotlib.figure import Figure

from sim.cost.assessment import Assessment
from sim.cost.formatting import bounds, days, nominal, si, star
from sim.cost.published.learning_chips import at_node, published_learners, this_chip
from sim.cost.replay import MOST_DRAWS
from sim.cost.report import drawing, failing, figures, rows, study_figures, text
from sim.cost.report.drawing import drawing_or_reading, drawing_parts
from sim.cost.report.exports import action_counts, as_csv, as_json, energy_table
from sim.cost.report.operation import energy_by_supply, known_supplies, supply_section
from sim.cost.sensitivity import swings
from sim.report.figure import figure_bytes
from sim.report.tables import markdown_table

__all__ = ["PICTURES", "CostReport"]

#: File names of all figures that a report may have.
PICTURES = ("breakdown.png", "roofline.png", "tornado.png", "energy_by_draws.png",
            "energy_by_supply.png", "energy_by_bits.png", "accuracy_by_energy.png",
            drawing.PICTURE, failing.PICTURE)  # fmt: skip

#: Phases with a table of the values that move their energy most.
_TAKEN_APART = ("inference", "pseudo-exemplar, parallel", "learn a task, GBM, integer head")
_VALUES_SHOWN = 6


@dataclass(frozen=True)
class CostReport:
    """A report on an assessment.

    Parameters
    ----------
    assessment : Assessment
    command : str
        Command line that made the report.
    sections : tuple of str
        Additional sections in Markdown. They stand before the section on actions.
    more : mapping of str to Figure
        Pictures of these sections, by file name.
    """

    assessment: Assessment
    command: str
    sections: tuple[str, ...] = ()
    more: Mapping[str, Figure] = field(default_factory=dict)

    def files(self) -> dict[str, str | bytes]:
        """Return the contents of all files by name."""
        pictures = {name: figure_bytes(figure) for name, figure in self.pictures().items()}
        return self.texts() | pictures

    def texts(self) -> dict[str, str]:
        """Return the contents of the text files by name."""
        return {
            "report.md": self.markdown(),
            "cost.json": as_json(self.assessment, self.command),
            "cost.csv": as_csv(self.assessment),
            "action_counts.yaml": action_counts(self.assessment),
            "energy_table.yaml": energy_table(self.assessment),
        }

    def pictures(self) -> dict[str, Figure]:
        """Return the figures by file name. The names are some of `PICTURES`."""
        a = self.assessment
        pictures = {
            "breakdown.png": figures.breakdown(a.phases),
            "roofline.png": figures.roofline(a),
            "tornado.png": figures.tornado([a.phase(name) for name in _TAKEN_APART]),
            "energy_by_draws.png": figures.energy_by_draws(a.break_even),
        }
        supplies = known_supplies(a)
        if supplies:
            pictures["energy_by_supply.png"] = energy_by_supply(supplies)
        if a.drawings:
            pictures[drawing.PICTURE] = drawing_or_reading(a.drawings)
        if a.points:
            pictures["energy_by_bits.png"] = study_figures.energy_by_bits(a.points)
            pictures["accuracy_by_energy.png"] = study_figures.accuracy_by_energy(a.points)
        return {**pictures, **self.more}

    def markdown(self) -> str:
        """Return the text of ``report.md``."""
        parts = (
            *self._head(), *self._phases(), *self._memories(), *self._efficiency(),
            supply_section(self.assessment), *self._layers(), *self._replay(),
            *self._learners(), *self._non_volatile(), *self._swings(), *self.sections,
            *self._actions(), *self._warnings(), *self._sources(),
        )  # fmt: skip
        return "\n\n".join(parts) + "\n"

    def _head(self) -> Iterator[str]:
        a, tech = self.assessment, self.assessment.technology
        volts = "" if tech.voltage is None else f", {tech.voltage:g} V"
        yield f"# What it costs: {a.config.title}"
        yield (
            f"Made by `{self.command}` (engram {version('engram')}, configuration "
            f"{a.config.digest[:12]})."
        )
        yield (
            f"Technology {tech.name}: {tech.title}; {tech.node:g} nm{volts}. Clock "
            f"{si(a.config.clock, 'Hz')}. Network {a.config.network_name}; "
            f"{text.machine(a.config.chip)}; {a.config.memory.classes} classes of "
            f"K = {a.config.memory.components}."
        )
        yield text.SCOPE

    def _phases(self) -> Iterator[str]:
        yield "## Phases"
        a = self.assessment
        table = [rows.phase_row(priced) for priced in a.phases]
        yield markdown_table(rows.PHASES, table)
        yield text.training(a.config.task)
        yield "![Where the energy of every phase goes](breakdown.png)"

    def _memories(self) -> Iterator[str]:
        a = self.assessment
        yield "## Memories"
        lines = [rows.memory_row(line) for line in a.memories]
        yield markdown_table(rows.MEMORIES, [*lines, rows.memory_sum("**chip**", a.memories)])
        if a.technology.note is not None:
            yield a.technology.note
        yield "What learning a task and classifying by likelihood need besides:"
        lines = [rows.memory_row(line) for line in a.working]
        yield markdown_table(rows.MEMORIES, [*lines, rows.memory_sum("**besides**", a.working)])
        yield text.BESIDE
        yield markdown_table(
            rows.WITH_LEARNING,
            [rows.with_learning_row(a, way) for way in a.phases if a.prices.used_beside(way.phase)],
        )
        kept = {"the prototypes": a.retention("sampler"), "exemplars": a.retention("latent_buffer")}
        for name, energy in kept.items():
            least, likely, most = bounds(energy, "J")
            yield (
                f"Keeping {name} for {days(a.config.retention)} takes {likely} of leakage "
                f"({least} to {most})."
            )
        yield f"All memories of the chip leak {nominal(a.leakage, 'W')}."

    def _efficiency(self) -> Iterator[str]:
        a, inference = self.assessment, self.assessment.inference
        operations = inference.phase.operations
        rate = operations / inference.seconds if inference.seconds else None
        scopes = {
            "inference, logic": inference.bill.logic,
            "inference, logic and memories": inference.bill.actions,
            "inference, all": inference.bill.total,
        }
        peak = rows.efficiency_row(
            "peak, datapath alone", a.peak_operations, a.peak_joules_an_operation
        )
        effective = [
            rows.efficiency_row(scope, rate, energy * (1 / operations))
            for scope, energy in scopes.items()
        ]
        yield "## Peak and effective"
        yield markdown_table(rows.EFFICIENCY, [peak, *effective])
        if a.area.nominal:
            density = a.peak_operations / (a.area.nominal * 1e6)
            yield f"At the peak, {si(density, 'op/s')}{star(a.area)} a mm2 of memories."

    def _layers(self) -> Iterator[str]:
        yield "## Layers of a picture"
        yield markdown_table(rows.LAYERS, [rows.layer_row(c) for c in self.assessment.layers])
        yield text.STALLS
        yield "![Operations a cycle against operations a bit](roofline.png)"

    def _replay(self) -> Iterator[str]:
        found = self.assessment.break_even
        yield "## Drawing or reading the past"
        yield text.BREAK_EVEN
        columns = ("M", "drawn", "drawn and buffered", f"latent replay, E = {found.exemplars}")
        table = [
            [str(m), *(nominal(energy, "J") for energy in (drawn, kept, found.latent))]
            for (m, drawn), (_, kept) in zip(found.draws, found.buffered, strict=True)
            if m in drawing.SHOWN
        ]
        yield markdown_table(columns, table)
        mark = star(found.compared)
        yield (
            f"Of every M from 1 to {MOST_DRAWS}, drawing takes no more than reading "
            f"{_from(found.least_draws)}{mark}; with a buffer {_from(found.least_buffered)}{mark}."
        )
        yield "![Energy of an exemplar against M](energy_by_draws.png)"
        if self.assessment.points:
            yield from self._points()
        yield from drawing_parts(self.assessment)

    def _points(self) -> Iterator[str]:
        yield (
            f"Accuracies of `{self.assessment.study}`, mean and spread over seeds, beside what the "
            "method would take on this chip, its memory just large enough. Fits of more than one "
            "component are the host's and not counted."
        )
        yield markdown_table(rows.POINTS, [rows.point_row(p) for p in self.assessment.points])
        yield "![Energy of the exemplars of a task against bits](energy_by_bits.png)"
        yield "![Accuracy against the energy of the exemplars of a task](accuracy_by_energy.png)"

    def _learners(self) -> Iterator[str]:
        yield "## Beside published learners"
        nodes = {learner.node for learner in published_learners() if learner.node is not None}
        there = {node: at_node(self.assessment, node) for node in nodes}
        table = [rows.learner_row(learner) for learner in this_chip(self.assessment)]
        table += [
            rows.learner_row(learner, None if learner.node is None else there[learner.node])
            for learner in published_learners()
        ]
        yield markdown_table(rows.LEARNERS, table)
        yield text.LEARNERS

    def _non_volatile(self) -> Iterator[str]:
        yield "## Prototypes in a non-volatile memory"
        table = [rows.pay_back_row(pay) for pay in self.assessment.pay_backs]
        yield markdown_table(rows.PAY_BACKS, table)
        yield text.PAY_BACK

    def _swings(self) -> Iterator[str]:
        yield "## What moves the sums"
        yield (
            "Every figure at its bounds, all others nominal, in percent of the sum. Figures that "
            "their source gives without bounds move nothing."
        )
        for priced in map(self.assessment.phase, _TAKEN_APART):
            whole = priced.bill.total.nominal
            widest = swings(priced.bill)[:_VALUES_SHOWN]
            yield f"{priced.phase.name}:"
            yield markdown_table(rows.SWINGS, [rows.swing_row(swing, whole) for swing in widest])
        yield "![How far the sums move with each figure](tornado.png)"

    def _actions(self) -> Iterator[str]:
        yield "## Actions"
        yield "Every row is in `cost.csv`; sums of the rows are the totals above."
        for priced in self.assessment.phases:
            yield f"### {priced.phase.name}, one {priced.phase.unit}"
            lines = [rows.action_row(line) for line in priced.bill.lines]
            lines += [
                [overhead.name, "", "", "", "", nominal(overhead.total, "J")]
                for overhead in priced.bill.overheads
            ]
            sums = ["**sum**", "", "", "", "", nominal(priced.bill.total, "J")]
            yield markdown_table(rows.ACTIONS, [*lines, sums])

    def _warnings(self) -> Iterator[str]:
        if self.assessment.warnings:
            yield "## Warnings"
            yield "\n".join(f"- {text}" for text in self.assessment.warnings)

    def _sources(self) -> Iterator[str]:
        a = self.assessment
        used = [a.technology, *(t for pay in a.pay_backs for t in (pay.sram, pay.other))]
        lines = [text.citation(s) for technology in used for s in technology.sources.values()]
        lines += [learner.citation for learner in published_learners()]
        yield "## Sources"
        yield "\n".join(f"- {line}" for line in dict.fromkeys(lines))


def _from(draws: int | None) -> str:
    return "for none" if draws is None else f"from M = {draws} on"
