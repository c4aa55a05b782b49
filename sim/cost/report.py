# SPDX-License-Identifier: MIT
"""The files of a cost report: ``report.md``, figures, ``cost.json``, ``cost.csv`` and actions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.table import Table

from golden.params import AcceleratorParams, ChipParams
from sim.cost import figures
from sim.cost.assessment import Assessment, PricedPhase
from sim.cost.exports import action_counts, as_csv, as_json
from sim.cost.formatting import bounds, number, si
from sim.cost.pricing import MemoryLine, total
from sim.report.document import figure_bytes
from sim.report.tables import markdown_table

__all__ = ["CostReport", "terminal_tables"]

_SCOPE = (
    "**Scope.** *Logic* is the datapath and control that the counts name; *memories* are the SRAM "
    "macros; input, output, clock tree, idle flip-flops and the leakage of gates are left out "
    "here (a netlist has them: `engram cost --map`). Low and high are the bounds of every figure "
    "at once. An operation is an XNOR or an addition: two a synapse."
)
_TRAINING = (
    "No hardware trains a head or fits prototypes yet: those rows price the arithmetic that it "
    "needs, by plain descent with numbers of q_f and q_b bits, and the working memories for it. "
    "They take no account of cycles."
)
_BREAK_EVEN = (
    "K prototypes of q bits take as many bits as E = K q exemplars, but an exemplar drawn from "
    "them reads q D bits where a stored one reads D. M exemplars drawn from a row that is read "
    "once share that; they leave beat by beat in turn, so the gain is real only where the consumer "
    "takes them so (M accumulators), not where they are put together in a buffer first."
)
_PHASE_COLUMNS = ("phase", "unit", "cycles", "time", "energy, low", "energy", "energy, high",
                  "logic", "memories", "mean power", "note")  # fmt: skip


@dataclass(frozen=True)
class CostReport:
    """A report on an assessment.

    Parameters
    ----------
    assessment : Assessment
    command : str
        What made it.
    sections : tuple of str
        Further sections, in Markdown, before the warnings.
    """

    assessment: Assessment
    command: str
    sections: tuple[str, ...] = ()

    def files(self) -> dict[str, str | bytes]:
        """Return the files by their names."""
        a = self.assessment
        pictures = {
            "breakdown.png": figures.breakdown(a.phases),
            "roofline.png": figures.roofline(a),
            "energy_by_draws.png": figures.energy_by_draws(a),
        }
        if a.points:
            pictures["energy_by_bits.png"] = figures.energy_by_bits(a.points)
            pictures["accuracy_by_energy.png"] = figures.accuracy_by_energy(a.points)
        return {
            "report.md": self.markdown(),
            "cost.json": as_json(a, self.command),
            "cost.csv": as_csv(a),
            "action_counts.yaml": action_counts(a),
            **{name: figure_bytes(figure) for name, figure in pictures.items()},
        }

    def markdown(self) -> str:
        """Return the report."""
        parts = (
            *self._head(), *self._phases(), *self._memories(), *self._efficiency(),
            *self._layers(), *self._replay(), *self._non_volatile(), *self.sections,
            *self._actions(), *self._warnings(), *self._sources(),
        )  # fmt: skip
        return "\n\n".join(parts) + "\n"

    def _head(self) -> Iterator[str]:
        a, tech = self.assessment, self.assessment.technology
        yield f"# What it costs: {a.config.title}"
        yield f"    {self.command}"
        yield (
            f"Technology {tech.name}: {tech.title}; {tech.node:g} nm, {tech.voltage:g} V. Clock "
            f"{si(a.config.clock, 'Hz')}. Network {a.config.network_name}; "
            f"{_machine(a.config.chip)}; {a.config.memory.classes} classes of "
            f"K = {a.config.memory.components}."
        )
        yield _SCOPE

    def _phases(self) -> Iterator[str]:
        yield "## Phases"
        rows = [_phase_row(priced) for priced in self.assessment.phases]
        yield markdown_table(_PHASE_COLUMNS, rows)
        yield _TRAINING
        yield "![Where the energy of every phase goes](breakdown.png)"

    def _memories(self) -> Iterator[str]:
        a = self.assessment
        columns = ("memory", "rows x bits", "copies", "ports", "bits", "physical bits", "overhead",
                   "each of", "area (mm2)", "leakage")  # fmt: skip
        yield "## Memories"
        rows = [_memory_row(line) for line in a.memories]
        yield markdown_table(columns, [*rows, _memory_sum("**chip**", a.memories)])
        yield "What learning a task and classifying by likelihood need besides:"
        rows = [_memory_row(line) for line in a.working]
        yield markdown_table(columns, [*rows, _memory_sum("**besides**", a.working)])
        days = a.config.retention / 86_400
        low, nominal, high = bounds(a.retention, "J")
        yield (
            f"Keeping the prototypes for {days:g} days takes {nominal} ({low} to {high}) of "
            f"leakage; all memories of the chip leak {bounds(a.leakage, 'W')[1]}."
        )

    def _efficiency(self) -> Iterator[str]:
        a = self.assessment
        inference = a.phases[0]
        effective = inference.joules_an_operation
        operations = inference.phase.operations
        rate = operations / inference.seconds if inference.seconds else None
        logic = inference.bill.logic.nominal / operations
        yield "## Peak and effective"
        peak = a.peak_joules_an_operation
        rows = [
            ["peak, datapath alone", si(a.peak_operations, "op/s"), *_per(peak)],
            ["inference, logic", si(rate, "op/s"), *_per(logic)],
            ["inference, logic and memories", si(rate, "op/s"), *_per(effective)],
        ]  # fmt: skip
        yield markdown_table(("scope", "rate", "energy an operation", "TOp/s/W"), rows)

    def _layers(self) -> Iterator[str]:
        yield "## Layers of a picture"
        columns = ("layer", "steps", "cycles", "stalls", "synapses in use", "memory (kb)",
                   "operations a bit", "energy")  # fmt: skip
        rows = [
            [
                cost.layer.name, number(cost.layer.steps), number(cost.cycles), number(cost.stalls),
                f"{cost.utilisation:.1%}" if cost.layer.synapses else "-",
                f"{cost.memory_bits / 1e3:,.1f}",
                f"{cost.intensity:.2f}" if cost.layer.synapses else "-",
                si(cost.bill.total.nominal, "J"),
            ]
            for cost in self.assessment.layers
        ]  # fmt: skip
        yield markdown_table(columns, rows)
        yield (
            "A stall is a cycle without a step: reading the descriptor, filling the pipeline, or "
            "a tile that waits until the one before it is stored, which a shuffle does bit by bit."
        )
        yield "![Operations a cycle against operations a bit](roofline.png)"

    def _replay(self) -> Iterator[str]:
        a, found = self.assessment, self.assessment.break_even
        least, buffered = found.least_draws, found.least_buffered
        yield "## Drawing or reading the past"
        yield _BREAK_EVEN
        columns = ("M", "drawn", "drawn and buffered", f"latent replay, E = {found.exemplars}")
        rows = [
            [str(m), *(si(e.nominal, "J") for e in (drawn, kept, found.latent))]
            for (m, drawn), (_, kept) in zip(found.draws, found.buffered, strict=True)
        ]
        yield markdown_table(columns, rows)
        yield (
            f"Drawing takes no more than reading {_from(least)}; with a buffer {_from(buffered)}."
        )
        yield "![Energy of an exemplar against M](energy_by_draws.png)"
        if a.points:
            yield from self._points()

    def _points(self) -> Iterator[str]:
        columns = ("method", "memory (kb, paper)", "average incremental (%)", "learn a task",
                   "of it exemplars", "classify an embedding")  # fmt: skip
        rows = [
            [
                point.label, f"{point.bits / 1e3:.1f}",
                f"{100 * point.accuracy:.1f} ± {100 * point.spread:.1f}",
                si(point.learn.nominal, "J"), si(point.replay.nominal, "J"),
                si(point.answer.nominal, "J"),
            ]
            for point in self.assessment.points
        ]  # fmt: skip
        yield (
            f"Accuracies of `{self.assessment.study}`, mean and spread over seeds, beside what the "
            "method would take on this chip, its memory just large enough. Fits of more than one "
            "component are the host's and not counted."
        )
        yield markdown_table(columns, rows)
        yield "![Energy of the exemplars of a task against bits](energy_by_bits.png)"
        yield "![Accuracy against the energy of learning a task](accuracy_by_energy.png)"

    def _non_volatile(self) -> Iterator[str]:
        yield "## Prototypes in a non-volatile memory"
        columns = ("memory", "write all", "in SRAM", "an exemplar's rows", "leakage", "pays back",
                   "pays back, supply off", "cells last, a task a day")  # fmt: skip
        rows = [
            [
                pay.title, si(pay.write.nominal, "J"), si(pay.sram_write.nominal, "J"),
                si(pay.read.nominal, "J"), bounds(pay.leakage, "W")[1],
                _after(pay.seconds), _after(pay.off_seconds), _lasts(pay.years(1.0)),
            ]
            for pay in self.assessment.pay_backs
        ]  # fmt: skip
        yield markdown_table(columns, rows)
        yield (
            "*Pays back* is the retention after which writing has cost less than the leakage of "
            "the chip's SRAM; the weakest cells reported set how long they last. Figures of array "
            "models are 25 to 60 times below those of silicon."
        )

    def _actions(self) -> Iterator[str]:
        yield "## Actions"
        yield "Every row is in `cost.csv`; sums of the rows are the totals above."
        columns = ("component", "action", "bits", "count", "energy each", "energy")
        for priced in self.assessment.phases:
            yield f"### {priced.phase.name}, one {priced.phase.unit}"
            rows = [
                [
                    line.action.component, line.action.kind, str(line.action.width),
                    number(float(line.count)),
                    si(line.each.nominal if line.each else None, "J"),
                    si(line.total.nominal if line.each else None, "J"),
                ]
                for line in priced.bill.lines
            ]  # fmt: skip
            sums = ["**sum**", "", "", "", "", si(priced.bill.total.nominal, "J")]
            yield markdown_table(columns, [*rows, sums])

    def _warnings(self) -> Iterator[str]:
        if self.assessment.warnings:
            yield "## Warnings"
            yield "\n".join(f"- {text}" for text in self.assessment.warnings)

    def _sources(self) -> Iterator[str]:
        yield "## Sources"
        yield "\n".join(
            f"- {key}: {source.citation}" + (f", {source.url}" if source.url else "")
            for key, source in self.assessment.technology.sources.items()
        )


def terminal_tables(assessment: Assessment) -> Iterator[Table]:
    """Yield what people look at first: the phases, and where the energy of a picture goes."""
    yield _table(
        "Phases",
        ("phase", "cycles", "energy", "logic", "memories"),
        [[row[0], row[2], row[5], row[7], row[8]] for row in map(_phase_row, assessment.phases)],
    )
    memories = [
        [
            line.memory.component, number(line.memory.bits), _macros(line),
            _square_millimetres(line.area.nominal, line.area.missing),
            bounds(line.leakage, "W")[1],
        ]
        for line in assessment.memories
    ]  # fmt: skip
    yield _table("Memories", ("memory", "bits", "each of", "mm2", "leakage"), memories)


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(title=title, title_justify="left", header_style="bold")
    for index, name in enumerate(columns):
        table.add_column(name, justify="right" if index else "left")
    for row in rows:
        table.add_row(*row)
    return table


def _phase_row(priced: PricedPhase) -> list[str]:
    phase, bill = priced.phase, priced.bill
    power = bill.total.nominal / priced.seconds if priced.seconds else None
    return [
        phase.name, phase.unit, "-" if phase.cycles is None else number(float(phase.cycles)),
        si(priced.seconds, "s"), *bounds(bill.total, "J"), bounds(bill.logic, "J")[1],
        bounds(bill.memories, "J")[1], si(power, "W"), phase.note,
    ]  # fmt: skip


def _memory_row(line: MemoryLine) -> list[str]:
    memory, physical = line.memory, line.physical_bits
    return [
        memory.component, f"{memory.depth} x {memory.width}", str(memory.copies),
        str(memory.ports), number(memory.bits), "-" if physical is None else number(physical),
        "-" if physical is None else f"{physical / memory.bits - 1:+.0%}",
        _macros(line),
        _square_millimetres(line.area.nominal, line.area.missing), bounds(line.leakage, "W")[1],
    ]  # fmt: skip


def _macros(line: MemoryLine) -> str:
    return (line.plan.text or "formula") if line.plan else "-"


def _memory_sum(name: str, lines: Sequence[MemoryLine]) -> list[str]:
    bits = sum(line.memory.bits for line in lines)
    physical = sum(line.physical_bits or 0 for line in lines)
    area, leakage = total(line.area for line in lines), total(line.leakage for line in lines)
    return [
        name, "", "", "", number(bits), number(physical), f"{physical / bits - 1:+.0%}", "",
        _square_millimetres(area.nominal, area.missing), bounds(leakage, "W")[1],
    ]  # fmt: skip


def _square_millimetres(area: float, missing: int) -> str:
    return "-" if missing and not area else f"{area * 1e6:.3f}{'*' if missing else ''}"


def _per(joules: float | None) -> list[str]:
    return [si(joules, "J"), "-" if not joules else f"{1e-12 / joules:.3g}"]


def _from(draws: int | None) -> str:
    return "for no M tried" if draws is None else f"from M = {draws} on"


def _after(seconds: float | None) -> str:
    if seconds is None:
        return "never, or unknown"
    return "at once" if seconds == 0 else f"after {si(seconds, 's')}"


def _lasts(years: float | None) -> str:
    return "-" if years is None else f"{years:,.0f} years"


def _machine(chip: ChipParams) -> str:
    """Return the sizes of a chip in words."""
    machine: AcceleratorParams = chip.accelerator
    p, own = chip.sampler.prototypes, chip.sampler
    return (
        f"{machine.mvu.pe} x {machine.mvu.simd} synapses; sampler L = {p.lanes}, "
        f"q = {p.code_width}, D = {p.features}, M = {own.draws_per_read}, {own.mode}; latent "
        f"buffer E = {chip.latent.exemplars}"
    )
