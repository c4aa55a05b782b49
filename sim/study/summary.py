# SPDX-License-Identifier: MIT
"""The result of one run as plain data, with every measure of its predictions."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.measure import metrics
from sim.study.experiment import Experiment
from sim.study.run import Run

__all__ = ["measures", "summarize"]


def summarize(experiment: Experiment) -> dict[str, Any]:
    """Return the result of a finished run: parameters, bits, `measures`.

    `bits_full` counts memory and classifier, `bits_memory` the memory alone.
    """
    bank, method = experiment.bank, experiment.method
    ledger = experiment.ledger()
    return {
        "method": method.replay,
        "label": method.label,
        "parameters": method.params.model_dump(),
        "increment": method.increment,
        **({"tuned": dict(method.tuned)} if method.tuned else {}),
        **{key: faults.model_dump() for key, faults in method.failing_network.items()},
        "tasks": len(bank.tasks),
        "seed": experiment.seed,
        "bits_paper": ledger.bits_paper,
        "bits_full": ledger.bits_full,
        "bits_memory": experiment.source.ledger().bits_full,
        **experiment.source.facts(),
        "ledger": {entry.name: entry.bits for entry in ledger},
        **measures(experiment, bank.test_labels),
    }


def measures(run: Run[Any], labels: NDArray[np.int64]) -> dict[str, Any]:
    """Return every metric of a finished run, and its length in epochs and seconds.

    Accuracies are in 0..1. An accuracy that does not exist is None, such as the accuracy of a task
    that is not yet learnt.

    Parameters
    ----------
    run : Run
    labels : ndarray of shape (n_samples,), int64
        Classes of all test samples.
    """
    matrix, samples = metrics.accuracy_matrix(run.predictions, labels, run.tasks)
    groups = metrics.group_accuracy(matrix, samples)
    confusion = metrics.confusion(labels, run.predictions[-1], run.tasks[-1].stop)
    return {
        "accuracy_matrix": _plain(matrix),
        "accuracy_seen": _plain(metrics.seen_accuracy(matrix, samples)),
        "average_incremental": metrics.average_incremental(matrix, samples),
        "final": metrics.final(matrix, samples),
        "task_average": _plain(metrics.task_average(matrix)),
        "class_average": _plain(metrics.class_average(matrix, run.tasks)),
        "forgetting": {name: metrics.forgetting(matrix, name) for name in metrics.FORGETTING},
        "groups": {name: _plain(values) for name, values in groups.items()},
        "confusion": confusion.tolist(),
        "per_class_accuracy": _plain(metrics.per_class_accuracy(confusion)),
        "epochs": run.epochs,
        "seconds": round(run.seconds, 3),
    }


def _plain(values: NDArray[np.float64]) -> list[Any]:
    """Return an array as nested lists, with None for NaN, which JSON lacks."""
    plain = values.astype(object)
    plain[np.isnan(values)] = None
    return plain.tolist()
