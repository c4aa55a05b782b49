# SPDX-License-Identifier: MIT
"""What `engram run` does, from arguments to report."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console

from sim.bank import Bank, bank_of_file, build_bank
from sim.bank_file import BankFile, read_bank
from sim.config import DataConfig, StudyConfig, load_config
from sim.datasets import ImageSet, load
from sim.embed import read_network
from sim.errors import UserError
from sim.fidelity import Exemplars
from sim.files import ensure_directory
from sim.ledger import network_ledger
from sim.progress import RunBars
from sim.replay import SOURCES
from sim.report.document import StudyReport
from sim.report.tables import terminal_table
from sim.shipped import shipped_file, shipped_names
from sim.study import Study
from sim.tasks import class_order, split_tasks
from sim.work_folder import work_path
from sim.yaml_lines import Document, dotted

__all__ = ["RunCommand"]

#: Generative methods whose exemplars the report shows beside the real ones.
SHOWN_METHODS = 3


@dataclass(frozen=True, kw_only=True)
class RunCommand:
    """Arguments of ``engram run``."""

    config: str
    assignments: list[str]
    seeds: int | None
    out: Path
    jobs: int
    data_dir: Path | None
    resume: bool
    command: str

    def execute(self, console: Console) -> None:
        """Run the study, print its table and write its report.

        Raises
        ------
        UserError
            If an argument, the configuration, the data or the output folder is at fault; no file
            of the report is then written.
        """
        config, document = load_config(self.config, self.assignments, self.seeds)
        bank = _bank(config, document, self.data_dir)
        _check_samples(bank)
        study = Study.of(config, bank, work_path(self.out))
        _check_sample_bounds(study, document)
        _check_increments(study, document)
        ensure_directory(self.out)
        study.folder.open(self.resume)
        ended = study.ended
        if ended:
            console.print(f"Going on: {ended} of {len(study.runs)} runs have ended.")
        with RunBars(study, ended, console) as bars:
            runs = study.run(self.jobs, bars.show)
        report = StudyReport(config, bank, self.command, runs, _shown_exemplars(study))
        report.write(self.out)
        study.folder.close()
        console.print(terminal_table(config.title, report.rows))
        console.print(report.verdict, markup=False, highlight=False)
        console.print(f"Report: {self.out / 'report.md'}", markup=False, highlight=False)


def _bank(config: StudyConfig, document: Document, data_dir: Path | None) -> Bank:
    """Load the data and order the classes; a fault of the configuration is told with its line."""
    source = _source(config.data, data_dir)
    n_classes = len(source.class_names)
    try:
        order = class_order(n_classes, config.tasks.order)
    except (TypeError, ValueError) as error:
        raise UserError(f"{document.where(('tasks', 'order'))}: tasks.order: {error}") from error
    try:
        tasks = split_tasks(n_classes, config.tasks.base, config.tasks.increment)
    except ValueError as error:
        raise UserError(f"{document.where_within(('tasks',))}: tasks: {error}") from error
    if isinstance(source, _EmbeddedSet):
        return bank_of_file(source.file, order, tasks, source.network_bits)
    try:
        return build_bank(source, config.data, order, tasks)
    except ValueError as error:
        raise UserError(f"{document.where(('data', 'bits'))}: data.bits {error}") from error


@dataclass(frozen=True)
class _EmbeddedSet:
    """A bank file with the bits of the network that made it, None if unknown."""

    file: BankFile
    network_bits: int | None

    @property
    def class_names(self) -> tuple[str, ...]:
        return self.file.class_names


def _source(data: DataConfig, data_dir: Path | None) -> ImageSet | _EmbeddedSet:
    """Load images, or a bank of embeddings."""
    if data.path is None:
        return load(data.name, data_dir)
    network = data.network
    if network is None and data.path in shipped_names():
        network = data.path
    bank = _file(data.path, "bank.bin")
    if network is None:
        return _EmbeddedSet(read_bank(bank), None)
    weights, content = read_network(_file(network, "network.bin"))
    file = read_bank(bank, hashlib.sha256(content).hexdigest())
    return _EmbeddedSet(file, network_ledger(weights.params).bits_full)


def _file(name: str, shipped: str) -> Path:
    """Return the file of a shipped name, or the path that a user gives."""
    return shipped_file(name, shipped) if name in shipped_names() else Path(name)


def _check_samples(bank: Bank) -> None:
    """Refuse data with a class that nothing can be learnt of, or that nothing is tested on."""
    for part, labels in (("training", bank.train_labels), ("test", bank.test_labels)):
        counts = np.bincount(labels, minlength=bank.n_classes)
        if not counts.all():
            name = bank.class_names[int(counts.argmin())]
            raise UserError(f"Every class must have {part} samples, and class {name} has none")


def _check_sample_bounds(study: Study, document: Document) -> None:
    """Refuse to keep more of a class than it has training samples."""
    most = study.bank.smallest_class
    for method, _ in study.runs:
        for key in SOURCES[method.replay].bounded_by_samples:
            value = getattr(method.params, key)
            if value > most:
                path = ("methods", method.entry, key)
                raise UserError(
                    f"{document.where(path)}: {dotted(path)} must be at most the {most} training "
                    f"samples of the smallest class, not {value}"
                )


def _check_increments(study: Study, document: Document) -> None:
    """Refuse tasks of a method's own that the classes do not divide into."""
    for method, _ in study.runs:
        try:
            study.bank_of(method)
        except ValueError as error:
            path = ("methods", method.entry, "increment")
            raise UserError(f"{document.where(path)}: {dotted(path)}: {error}") from error


def _shown_exemplars(study: Study) -> list[tuple[str, Exemplars]]:
    """Return exemplars of the smallest, the middle and the largest generative memory, by bits.

    Variants are shown where there is nothing else.
    """
    made = [i for i in range(len(study.runs)) if study.folder.exemplars(i).exists()]
    made = [i for i in made if study.runs[i][0].plain] or made
    made.sort(key=lambda i: study.folder.result(i)["bits_paper"])
    if len(made) > SHOWN_METHODS:
        made = [made[0], made[len(made) // 2], made[-1]]
    return [(study.runs[i][0].label, Exemplars.load(study.folder.exemplars(i))) for i in made]
