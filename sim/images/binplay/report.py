# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""The report of a run of BinPlay."""

import numpy as np

from sim.data.datasets import ImageSet
from sim.data.published import load_paper
from sim.images.binplay.continual import BinPlayRun
from sim.images.binplay.networks import parameter_count
from sim.images.binplay.settings import BinPlayConfig, load_binplay
from sim.measure.ledger import Entry, Ledger, index_bits
from sim.report.changed import changed_settings
from sim.report.tables import markdown_table

__all__ = ["binplay_ledger", "published_accuracy", "report_text"]

_FLOAT_BITS = 32


def binplay_ledger(run: BinPlayRun, classes: int) -> Ledger:
    """Return all bits of the past that survive between tasks; the paper counts only the decoder."""
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


def published_accuracy(data: str) -> str:
    """Return the paper's mean accuracy (%) on a data set and its deviation, or "none".

    Parameters
    ----------
    data : str
        Name of the data set, as in `sim.data.datasets.NAMES`.
    """
    value = load_paper("binplay").values.get(f"accuracy_{data}")
    return "none" if value is None else f"{value.number:.1f} +- {value.deviation:.1f}"


def report_text(
    config: BinPlayConfig, images: ImageSet, results: dict, ledger: Ledger, seconds: float
) -> str:
    """Return the report, in Markdown.

    Parameters
    ----------
    config : BinPlayConfig
    images : ImageSet
    results : dict
        Content of `results.json`.
    ledger : Ledger
        Every bit of the past that survives between tasks.
    seconds : float
        Duration of the last start.
    """
    accuracy = results["accuracy"]
    tasks = [f"task {t}" for t in range(1, len(accuracy) + 1)]
    rows = [
        [f"after {name}", *(f"{100 * a:.1f}" for a in found)]
        + [""] * (len(tasks) - len(found))
        + [f"{100 * np.mean(found):.1f}"]
        for name, found in zip(tasks, accuracy, strict=True)
    ]
    sizes = [[e.name, f"{e.bits / 1e6:.3f}", e.note] for e in ledger]
    published = published_accuracy(config.data)
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
    """Return the settings that differ from the configuration ``mnist``, as a list."""
    own, paper = (c.model_dump(mode="json") for c in (config, load_binplay("mnist")))
    changed = changed_settings(own, paper, ("title", "data", "seed"))
    return "\n".join(f"- {line}" for line in changed) or "All are as in the configuration `mnist`."
