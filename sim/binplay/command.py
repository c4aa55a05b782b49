# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""What `engram binplay` does, from configuration to report."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from rich.console import Console

from sim.binplay.continual import BinPlayRun
from sim.binplay.networks import decoder_macs, parameter_count
from sim.binplay.settings import BUILT_IN, BinPlayConfig
from sim.data.datasets import ImageSet, load
from sim.documents.read import read_document
from sim.documents.validation import validate
from sim.measure.ledger import Entry, Ledger, index_bits
from sim.pretrain.command import choose_device, device_name
from sim.report.changed import changed_settings
from sim.report.files import json_text
from sim.report.tables import markdown_table
from sim.work.errors import UserError
from sim.work.files import ensure_directory, write_all
from sim.work.work_folder import WorkFolder, work_path

__all__ = ["BinPlayCommand", "binplay_ledger", "load_binplay"]

_FLOAT_BITS = 32
_PUBLISHED = {"mnist": "97.2 +- 0.6", "fashion-mnist": "81.4 +- 0.9", "cifar10": "63.3 +- 1.4"}


class BinPlayFolder(WorkFolder):
    """Checkpoint of a run until its report is written."""

    what = "binplay"
    own_names = r"run\.arrays"


@dataclass(frozen=True, kw_only=True)
class BinPlayCommand:
    """Arguments of ``engram binplay``."""

    config: str
    assignments: list[str]
    out: Path
    data_dir: Path | None
    resume: bool
    device: str
    command: str

    def execute(self, console: Console) -> None:
        """Learn all tasks, with a checkpoint after each, and write the report.

        Raises
        ------
        UserError
            If an argument, the configuration, the data or the output folder is at fault.
        """
        config = load_binplay(self.config, self.assignments)
        device = choose_device(self.device)
        images = load(config.data, self.data_dir)
        _check_tasks(config, images)
        ensure_directory(self.out)
        folder = BinPlayFolder(work_path(self.out), _identity(config, images, self.device))
        folder.open(self.resume)
        checkpoint = folder.path / "run.arrays"
        run = BinPlayRun(config, images, device)
        if checkpoint.exists():
            run.load(checkpoint)
            console.print(f"Going on: {run.task} of {len(run.tasks)} tasks are done.")
        start = perf_counter()
        while not run.done:
            run.step(lambda line: console.print(line, markup=False, highlight=False))
            run.save(checkpoint)
        seconds = perf_counter() - start
        write_all(self._files(config, images, run, seconds))
        folder.close()
        console.print(f"Report: {self.out / 'report.md'}", markup=False, highlight=False)

    def _files(
        self, config: BinPlayConfig, images: ImageSet, run: BinPlayRun, seconds: float
    ) -> dict[Path, str]:
        """Return report and results, by path."""
        ledger = binplay_ledger(run, images.n_classes)
        results = {
            "version": version("engram"),
            "command": self.command,
            "config": config.model_dump(mode="json"),
            "data": images.provenance,
            "environment": {"torch": torch.__version__, "device": device_name(run.device)},
            "accuracy": run.accuracy,
            "classifier_parameters": parameter_count(run.classifier),
            "decoder_parameters": parameter_count(run.decoder),
            "decoder_macs": decoder_macs(run.decoder.cpu(), run.coder.params.bits),
            "ledger": {entry.name: entry.bits for entry in ledger},
        }
        report = _report(config, images, results, ledger, seconds)
        return {self.out / "results.json": json_text(results), self.out / "report.md": report}


def load_binplay(name: str, overrides: Sequence[str] = ()) -> BinPlayConfig:
    """Read a configuration: a YAML file or a built-in name, then ``key.path=value`` assignments.

    Raises
    ------
    UserError
        If the file cannot be read or a value does not fit; the message names key and line.
    """
    return validate(BinPlayConfig, read_document(name, BUILT_IN, overrides))


def binplay_ledger(run: BinPlayRun, classes: int) -> Ledger:
    """Return every bit of the past that survives between tasks; the paper counts the decoder."""
    weights = parameter_count(run.decoder) * _FLOAT_BITS
    statistics = sum(buffer.numel() for buffer in run.decoder.buffers()) * _FLOAT_BITS
    entries = [
        Entry.paper("decoder", weights, "4 bytes a parameter"),
        Entry.extra("batch statistics", statistics, "of the decoder"),
        Entry.extra("indices a task", len(run.tasks) * _FLOAT_BITS, "32 bits each"),
    ]
    if not run.config.classifier.soft_targets:
        bits = len(run.labels) * index_bits(classes)
        entries.append(Entry.extra("classes", bits, "ceil(log2 n_c) an index"))
    return Ledger(tuple(entries))


def _check_tasks(config: BinPlayConfig, images: ImageSet) -> None:
    """Refuse images and tasks that do not fit."""
    height, width, _ = images.image_shape
    if (height, width) not in ((28, 28), (32, 32)):
        raise UserError(f"data must have 28 x 28 or 32 x 32 pixels, not {height} x {width}")
    if images.n_classes % config.increment:
        raise UserError(
            f"increment must divide the {images.n_classes} classes of {config.data}, "
            f"not {config.increment}"
        )


def _identity(config: BinPlayConfig, images: ImageSet, device: str) -> dict[str, str]:
    """Return what decides the results."""
    document = json.dumps(config.model_dump(mode="json"), sort_keys=True)
    return {
        "version": version("engram"),
        "configuration": hashlib.sha256(document.encode()).hexdigest(),
        "data": images.digest(),
        "torch": torch.__version__,
        "device": device,
    }


def _report(
    config: BinPlayConfig, images: ImageSet, results: dict, ledger: Ledger, seconds: float
) -> str:
    """Return the report, in Markdown."""
    accuracy = results["accuracy"]
    tasks = [f"task {t}" for t in range(1, len(accuracy) + 1)]
    rows = [
        [f"after {name}", *(f"{100 * a:.1f}" for a in found)]
        + [""] * (len(tasks) - len(found))
        + [f"{100 * np.mean(found):.1f}"]
        for name, found in zip(tasks, accuracy, strict=True)
    ]
    sizes = [[e.name, f"{e.bits / 1e6:.3f}", e.note] for e in ledger]
    published = _PUBLISHED.get(config.data, "none")
    mean, memory = 100 * np.mean(accuracy[-1]), 4 * results["decoder_parameters"] / 2**20
    made = f"Made by `{results['command']}` (engram {results['version']}); the last start took"
    size = f"The decoder has {results['decoder_parameters']:,} parameters, {memory:.2f} MiB as"
    work = f"{results['decoder_macs'] / 1e6:.1f} million multiplications an image."
    environment = ", ".join(f"{k} {v}" for k, v in results["environment"].items())
    apart = f"{results['classifier_parameters']:,} parameters"
    return f"""\
# {config.title}

{made} {seconds:.0f} s ({environment}). Data: {images.provenance}.

**{mean:.1f} % after the last task; the paper has {published} (Table 2), in settings of its own.**

Accuracy (%) on the test images of each task, and their mean:

{markdown_table(["", *tasks, "mean"], rows)}

{size} the paper counts (Table 3), and takes {work} The classifier, {apart}, is apart. What is kept
of the past:

{markdown_table(["what", "Mb", "how"], sizes)}

## Settings that are not the paper's

{_changed(config)}
"""


def _changed(config: BinPlayConfig) -> str:
    """Return the settings that are not those of the configuration ``mnist``, as a list."""
    own, paper = (c.model_dump(mode="json") for c in (config, load_binplay("mnist")))
    changed = changed_settings(own, paper, ("title", "data", "seed"))
    return "\n".join(f"- {line}" for line in changed) or "All are as in the configuration `mnist`."
