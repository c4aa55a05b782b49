# SPDX-License-Identifier: MIT
"""The result of one run, as plain data."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.measure import metrics
from sim.study.experiment import Experiment

__all__ = ["summarize"]


def summarize(experiment: Experiment) -> dict[str, Any]:
    """Return what a finished run has to say: parameters, bits, every metric, seconds.

    `bits_full` are those of memory and classifier, `bits_memory` those of the memory alone.
    Accuracies are shares in 0..1; an accuracy that does not exist, such as that of a task not yet
    learnt, is None.
    """
    bank, method = experiment.bank, experiment.method
    matrix, samples = metrics.accuracy_matrix(experiment.predictions, bank.test_labels, bank.tasks)
    groups = metrics.group_accuracy(matrix, samples)
    confusion = metrics.confusion(bank.test_labels, experiment.predictions[-1], bank.n_classes)
    ledger = experiment.ledger()
    return {
        "method": method.replay,
        "label": method.label,
        "parameters": method.params.model_dump(),
        "increment": method.increment,
        "tasks": len(bank.tasks),
        "seed": experiment.seed,
        "bits_paper": ledger.bits_paper,
        "bits_full": ledger.bits_full,
        "bits_memory": experiment.source.ledger().bits_full,
        **experiment.source.facts(),
        "ledger": {entry.name: entry.bits for entry in ledger},
        "accuracy_matrix": _plain(matrix),
        "accuracy_seen": _plain(metrics.seen_accuracy(matrix, samples)),
        "average_incremental": metrics.average_incremental(matrix, samples),
        "final": metrics.final(matrix, samples),
        "task_average": _plain(metrics.task_average(matrix)),
        "class_average": _plain(metrics.class_average(matrix, bank.tasks)),
        "forgetting": {name: metrics.forgetting(matrix, name) for name in metrics.FORGETTING},
        "groups": {name: _plain(values) for name, values in groups.items()},
        "confusion": confusion.tolist(),
        "per_class_accuracy": _plain(metrics.per_class_accuracy(confusion)),
        "epochs": experiment.epochs,
        "seconds": round(experiment.seconds, 3),
    }


def _plain(values: NDArray[np.float64]) -> list[Any]:
    """Return an array as nested lists, NaN as None, which JSON can say."""
    plain = values.astype(object)
    plain[np.isnan(values)] = None
    return plain.tolist()
