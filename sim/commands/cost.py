# SPDX-License-Identifier: MIT
"""The command `engram cost`, from arguments to report."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from sim.commands.base import Command, tell
from sim.cost.assessment import Assessment
from sim.cost.configuration import load_cost
from sim.cost.replay import read_points
from sim.cost.report.document import PICTURES, CostReport
from sim.cost.report.gate_level import gate_section
from sim.cost.report.terminal import terminal_tables
from sim.cost.report.world import world_section
from sim.cost.technology.technology import load_technology
from sim.hardware.mapping import map_chip
from sim.work.errors import UserError
from sim.work.folder import write_folder
from sim.work.progress import Bars

__all__ = ["FORMATS", "CostCommand"]

#: Formats that can be printed, each with its file of the report.
FORMATS = {"md": "report.md", "json": "cost.json", "csv": "cost.csv"}


@dataclass(frozen=True, kw_only=True)
class CostCommand(Command):
    """Arguments of ``engram cost``."""

    config: str
    tech: str
    liberty: Sequence[Path]
    study: Path | None
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
        assessment = self._mapped(self._assess())
        report = CostReport(assessment, self.command, _sections(assessment))
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
        points = () if self.study is None else read_points(config, technology, self.study)
        assessment = Assessment(
            config=config, technology=technology, study=self.study, points=tuple(points)
        )
        self._check_strictly(assessment)
        return assessment

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


def _sections(assessment: Assessment) -> tuple[str, ...]:
    """Return further sections: the gates if mapped, and the comparison with published chips."""
    if assessment.mapped is None:
        return (world_section(),)
    return gate_section(assessment, assessment.mapped), world_section()


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
