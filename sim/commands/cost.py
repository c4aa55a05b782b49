# SPDX-License-Identifier: MIT
"""The command `engram cost`, from arguments to report."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from rich.console import Console

from sim.commands.base import Command, tell
from sim.cost.assessment import Assessment
from sim.cost.configuration import CostConfig, load_cost
from sim.cost.failing import FailingStudy
from sim.cost.failing_search import failing_lines
from sim.cost.operation import duty
from sim.cost.published.chips import Chip, load_chip
from sim.cost.replay import read_points
from sim.cost.report.document import PICTURES, CostReport
from sim.cost.report.failing import PICTURE, accuracy_by_supply, failing_section
from sim.cost.report.gate_level import gate_section
from sim.cost.report.operation import rate_section
from sim.cost.report.spared import spared_section
from sim.cost.report.terminal import terminal_tables
from sim.cost.report.world import world_section
from sim.cost.technology.loading import load_technology
from sim.cost.technology.operating import at_temperature, at_voltage
from sim.cost.technology.speed import speed
from sim.cost.technology.technology import Technology
from sim.hardware.mapping import map_chip
from sim.work.errors import UserError
from sim.work.folder import write_folder
from sim.work.progress import Bars

__all__ = ["FORMATS", "CostCommand"]

Found = TypeVar("Found")

#: Formats that can be printed, each with its file of the report.
FORMATS = {"md": "report.md", "json": "cost.json", "csv": "cost.csv"}


@dataclass(frozen=True, kw_only=True)
class CostCommand(Command):
    """Arguments of ``engram cost``."""

    config: str
    tech: str
    liberty: Sequence[Path]
    chip: Sequence[Path]
    voltage: float | None
    temperature: float | None
    frame_rate: float | None
    study: Path | None
    cell: str | None
    strict: bool
    map: bool
    jobs: int
    format: str | None
    out: Path | None

    @property
    def output(self) -> Path | None:
        """The folder of `out`, if there is one."""
        return self.out

    def execute(self, console: Console) -> None:
        """Price a configuration; print tables or the report in one format, and write all files.

        Raises
        ------
        UserError
            If an argument, a file or the output is at fault; with `strict`, also if the technology
            lacks a value, has values that do not fit each other or the clock, or does not know
            memories of a size. Nothing is then written.
        """
        if self.format not in (None, *FORMATS):
            raise UserError(f"--format must be one of {', '.join(FORMATS)}, not {self.format!r}")
        own = {str(path): load_chip(path) for path in self.chip}
        failing = self._failing()
        assessment = self._mapped(self._assess())
        sections, more = self._sections(assessment, own), {}
        if failing is not None:
            losses, cells = failing.losses, failing.cells
            lines = _stated("--cell", lambda: failing_lines(assessment, losses, cells))
            node = assessment.technology.node
            width = assessment.config.chip.sampler.prototypes.code_width
            planes = [line for line in lines if line.members == ("prototypes",) and width > 1]
            spared = [spared_section(line, width) for line in planes]
            section = failing_section(lines, losses, cells, node)
            sections = (section, *spared, *sections)
            more[PICTURE] = accuracy_by_supply(lines)
        report = CostReport(assessment, self.command, sections, more)
        if self.out is not None:
            # Figures of an earlier report that this one lacks go.
            write_folder(self.out, report.files(), drop=PICTURES)
        if self.format is not None:
            console.file.write(report.texts()[FORMATS[self.format]])
            if self.format != "md":  # the Markdown holds the warnings itself
                _warn(assessment, Console(stderr=True))
            return
        _show(assessment, console)
        if self.out is not None:
            tell(console, f"Report: {self.out / 'report.md'}")

    def _failing(self) -> FailingStudy | None:
        """Read what failing cells cost in the study, and which cells they are, if asked for."""
        cell, study = self.cell, self.study
        if cell is None:
            return None
        if study is None:
            raise UserError("--cell needs --study: the results of a study on failing memories")
        config = load_cost(self.config)
        return _stated("--cell", lambda: FailingStudy.read(study, config, cell))

    def _mapped(self, assessment: Assessment) -> Assessment:
        """Return the assessment, with the gates of the chip if --map asks for them."""
        if not self.map:
            return assessment
        with Bars(Console(stderr=True), "mapping to gates", 1) as bars:

            def advance(begun: int, runs: int, label: str) -> None:
                bars.update(begun / runs, label)
                bars.tell(f"mapping to gates: {label}")

            chip = assessment.config.chip
            mapped = map_chip(
                chip, assessment.technology, self.liberty, jobs=self.jobs, advance=advance
            )
        whole = replace(assessment, mapped=mapped)
        self._check_strictly(whole)
        return whole

    def _assess(self) -> Assessment:
        """Read and check every input of the user, and return the assessment."""
        config, technology = load_cost(self.config), load_technology(self.tech)
        if self.liberty:
            technology = technology.with_liberty(*self.liberty)
        config, technology = self._operated(config, technology)
        points = () if self.study is None else read_points(config, technology, self.study)
        assessment = Assessment(
            config=config, technology=technology, study=self.study, points=tuple(points)
        )
        self._check_strictly(assessment)
        if self.frame_rate is not None:
            _stated("--frame-rate", lambda: duty(assessment, self.frame_rate or 0))
        return assessment

    def _operated(
        self, config: CostConfig, technology: Technology
    ) -> tuple[CostConfig, Technology]:
        """Return configuration and technology at the temperature and supply that are asked for."""
        celsius, volts = self.temperature, self.voltage
        if celsius is not None:
            technology = _stated("--temperature", lambda: at_temperature(technology, celsius))
        if volts is None:
            return config, technology
        if technology.faster is None:
            unknown = (
                f"{technology.name} does not state how fast it is at {volts:g} V: whether timing "
                f"closes at {config.clock / 1e6:g} MHz is not known"
            )
            found = _stated("--voltage", lambda: at_voltage(technology, volts))
            return config, replace(found, conflicts=(*found.conflicts, unknown))
        factor = _stated("--voltage", lambda: speed(technology, volts)).nominal
        found = _stated("--voltage", lambda: at_voltage(technology, volts))
        return replace(config, clock=config.clock * factor), found

    def _sections(self, assessment: Assessment, own: Mapping[str, Chip]) -> tuple[str, ...]:
        """Return further sections: frame rate, gates, and published chips, if there are any."""
        rate, mapped = self.frame_rate, assessment.mapped
        return (
            *([] if rate is None else [rate_section(assessment, rate)]),
            *([] if mapped is None else [gate_section(assessment, mapped)]),
            world_section(own),
        )

    def _check_strictly(self, assessment: Assessment) -> None:
        """With --strict, refuse a technology that lacks a value, or whose values do not fit."""
        faults = {
            "say": ", ".join(assessment.gaps),
            "fit": "; ".join(assessment.conflicts),
            "know memories of these sizes": ", ".join(assessment.extrapolations),
        }
        told = [f"must {what}, and does not: {which}" for what, which in faults.items() if which]
        if self.strict and told:
            raise UserError(f"Technology {assessment.technology.name} {'; it '.join(told)}")


def _stated(option: str, found: Callable[[], Found]) -> Found:
    """Return what a function does; a ValueError becomes one message that names the option."""
    try:
        return found()
    except ValueError as error:
        raise UserError(f"{option}: {error}") from error


def _show(assessment: Assessment, console: Console) -> None:
    """Print the tables, and warn of every gap in them."""
    console.print(f"{assessment.config.title}; {assessment.technology.title}", highlight=False)
    for table in terminal_tables(assessment):
        console.print(table)
    _warn(assessment, console)


def _warn(assessment: Assessment, console: Console) -> None:
    for text in assessment.warnings:
        console.print(
            f"Warning: {text}", markup=False, highlight=False, style="bold red", soft_wrap=True
        )
