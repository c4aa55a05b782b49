# SPDX-License-Identifier: MIT
"""Metrics of class-incremental learning.

All metrics start from the accuracy matrix A. ``A[t, i]`` is the accuracy after task t on the test
samples of task i, where the head may answer any class seen so far; it is NaN where ``i > t``.

Forgetting has four different definitions in the field. Each has a name here, and a sign: positive
forgetting is a loss, positive backward transfer (``gem``) is a gain.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "FORGETTING",
    "accuracy_matrix",
    "average_incremental",
    "class_average",
    "confusion",
    "final",
    "forgetting",
    "forgetting_matrix",
    "forward_transfer",
    "group_accuracy",
    "per_class_accuracy",
    "seen_accuracy",
    "task_average",
]

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

# Forgetting of one task, from its accuracies since it was learnt; the last one is the present.
FORGETTING: dict[str, Callable[[Floats], float]] = {
    "avalanche": lambda a: a[0] - a[-1],  # first minus last
    "facil": lambda a: a[:-1].max() - a[-1],  # best of the past minus last; may be negative
    "gem": lambda a: a[-1] - a[0],  # backward transfer: last minus own
    "pycil": lambda a: a.max() - a[-1],  # best ever minus last; never negative
}


def accuracy_matrix(
    predictions: Sequence[Labels], labels: Labels, tasks: Sequence[range]
) -> tuple[Floats, NDArray[np.int64]]:
    """Return the accuracy matrix and the number of test samples of each task.

    Parameters
    ----------
    predictions : sequence of T ndarrays of int64
        After each task, the class given to every test sample of the classes seen so far, in the
        order of `labels`.
    labels : ndarray of shape (n_samples,), int64
        True class of every test sample.
    tasks : sequence of at least T ranges
        Classes of each task.

    Returns
    -------
    matrix : ndarray of shape (T, T), float64
        Accuracies in 0..1; NaN above the diagonal, and for a task without test samples.
    samples : ndarray of shape (T,), int64
        Test samples of each task.

    Raises
    ------
    ValueError
        If a prediction is missing or one too many.
    """
    length = len(predictions)
    # Tasks that bring new instances of the same classes share their test samples.
    members = [(labels >= task.start) & (labels < task.stop) for task in tasks[:length]]
    matrix = np.full((length, length), np.nan)
    for t, predicted in enumerate(predictions):
        seen = labels < tasks[t].stop
        if len(predicted) != seen.sum():
            raise ValueError(
                f"Predictions after task {t} must be {seen.sum()}, one for every test sample of "
                f"the classes seen, not {len(predicted)}"
            )
        right = predicted == labels[seen]
        for i, member in enumerate(members[: t + 1]):
            if member.any():
                matrix[t, i] = right[member[seen]].mean()
    return matrix, np.array([member.sum() for member in members], np.int64)


def seen_accuracy(matrix: Floats, samples: NDArray[np.int64]) -> Floats:
    """Return, after each task, the accuracy on the test samples of all classes seen so far.

    Parameters
    ----------
    matrix : ndarray of shape (T, T), float64
        Accuracy matrix.
    samples : ndarray of shape (T,), int64
        Test samples of each task.

    Returns
    -------
    ndarray of shape (T,), float64
        Accuracies in 0..1.
    """
    return np.array([_weighted(row, samples, slice(0, t + 1)) for t, row in _rows(matrix)])


def average_incremental(matrix: Floats, samples: NDArray[np.int64]) -> float:
    """Return the average incremental accuracy: the mean of `seen_accuracy` over all evaluations.

    It includes the evaluation after the first task (gbm, section 4; iCaRL).
    """
    return float(seen_accuracy(matrix, samples).mean())


def final(matrix: Floats, samples: NDArray[np.int64]) -> float:
    """Return the accuracy on all classes after the last task."""
    return float(seen_accuracy(matrix, samples)[-1])


def task_average(matrix: Floats) -> Floats:
    """Return, after each task, the unweighted mean over the tasks seen (FACIL's ``avg``)."""
    return np.array([row[: t + 1].mean() for t, row in _rows(matrix)])


def class_average(matrix: Floats, tasks: Sequence[range]) -> Floats:
    """Return, after each task, the mean weighted by each task's classes (FACIL's ``wavg``)."""
    sizes = np.array([len(task) for task in tasks])
    return np.array([_weighted(row, sizes, slice(0, t + 1)) for t, row in _rows(matrix)])


def forgetting_matrix(
    matrix: Floats, definition: str, learnt_at: Sequence[int] | None = None
) -> Floats:
    """Return the forgetting of each task after each evaluation.

    Parameters
    ----------
    matrix : ndarray of shape (n_evaluations, n_tasks), float64
        Accuracies; those above the diagonal are ignored.
    definition : {"avalanche", "facil", "gem", "pycil"}
        Definition of forgetting, one of `FORGETTING`.
    learnt_at : sequence of int, optional
        Number of the evaluation after each task was learnt; by default the number of the task.

    Returns
    -------
    ndarray of the shape of `matrix`, float64
        Forgetting; 0 up to and at the evaluation after the task was learnt.

    Raises
    ------
    ValueError
        If the definition is unknown.
    """
    if definition not in FORGETTING:
        raise ValueError(f"Forgetting must be one of {', '.join(FORGETTING)}, not {definition!r}")
    values = np.asarray(matrix, np.float64)
    own = range(values.shape[1]) if learnt_at is None else learnt_at
    result = np.zeros_like(values)
    for i, first in enumerate(own):
        for t in range(first + 1, len(values)):
            result[t, i] = FORGETTING[definition](values[first : t + 1, i])
    return result


def forgetting(matrix: Floats, definition: str) -> float:
    """Return the mean forgetting of all tasks but the last, after the last task.

    Parameters
    ----------
    matrix : ndarray of shape (T, T), float64
        Accuracy matrix.
    definition : {"avalanche", "facil", "gem", "pycil"}
        Definition of forgetting; ``gem`` is backward transfer.

    Returns
    -------
    float
        Mean forgetting; 0 if there is only one task.
    """
    earlier = forgetting_matrix(matrix, definition)[-1, :-1]
    return float(earlier.mean()) if earlier.size else 0.0


def forward_transfer(matrix: Floats, untrained: Floats) -> float:
    """Return GEM's forward transfer: the gain in accuracy on a task before it was learnt.

    Parameters
    ----------
    matrix : ndarray of shape (T, T), float64
        Accuracies. They include ``A[i - 1, i]``, the accuracy on the next task before it is learnt.
    untrained : ndarray of shape (T,), float64
        Accuracy of an untrained model on each task.

    Raises
    ------
    ValueError
        If ``A[i - 1, i]`` is NaN. It is NaN where the head answers only classes that it has seen,
        so plain class-incremental learning has no forward transfer.
    """
    if len(matrix) < 2:
        raise ValueError(f"Forward transfer must have at least 2 tasks, not {len(matrix)}")
    ahead = np.diagonal(matrix, offset=1)
    if np.isnan(ahead).any():
        raise ValueError("Forward transfer must have accuracies on tasks not yet learnt, not NaN")
    return float((ahead - untrained[1:]).mean())


def group_accuracy(matrix: Floats, samples: NDArray[np.int64]) -> dict[str, Floats]:
    """Return, after each task, the accuracy on groups of tasks (gbm, Fig. 4c).

    Returns
    -------
    dict of str to ndarray of shape (T,), float64
        ``initial``: the first task; ``past``: the tasks between it and the present one; ``new``:
        the present task, if it is not the first; ``all``: all tasks seen. NaN where a group is
        empty.
    """
    groups: dict[str, Callable[[int], slice]] = {
        "initial": lambda _: slice(0, 1),
        "past": lambda t: slice(1, t),
        "new": lambda t: slice(max(t, 1), t + 1),
        "all": lambda t: slice(0, t + 1),
    }
    return {
        name: np.array([_weighted(row, samples, members(t)) for t, row in _rows(matrix)])
        for name, members in groups.items()
    }


def confusion(labels: Labels, predictions: Labels, n_classes: int) -> NDArray[np.int64]:
    """Return how often each class was predicted for each true class.

    Parameters
    ----------
    labels : ndarray of shape (n_samples,), int64
        True classes.
    predictions : ndarray of shape (n_samples,), int64
        Predicted classes.
    n_classes : int
        Number of classes.

    Returns
    -------
    ndarray of shape (n_classes, n_classes), int64
        Row: true class; column: predicted class.

    Raises
    ------
    ValueError
        If the two differ in length or name a class out of ``0..n_classes - 1``.
    """
    if len(labels) != len(predictions):
        raise ValueError(
            f"Predictions must be {len(labels)}, one for every label, not {len(predictions)}"
        )
    for name, values in (("Labels", labels), ("Predictions", predictions)):
        outside = values[(values < 0) | (values >= n_classes)]
        if outside.size:
            raise ValueError(f"{name} must be in 0..{n_classes - 1}, not {outside[0]}")
    counts = np.bincount(labels * n_classes + predictions, minlength=n_classes**2)
    return counts.reshape(n_classes, n_classes)


def per_class_accuracy(counts: NDArray[np.int64]) -> Floats:
    """Return the accuracy on each class, from `confusion`; NaN for a class without samples."""
    totals = counts.sum(axis=1)
    right = np.diagonal(counts).astype(np.float64)
    return np.divide(right, totals, out=np.full(len(counts), np.nan), where=totals > 0)


def _rows(matrix: Floats) -> enumerate[Floats]:
    values = np.asarray(matrix, np.float64)
    if values.ndim != 2 or values.shape[0] != values.shape[1]:
        raise ValueError(f"Accuracy matrix must be square, not of shape {values.shape}")
    return enumerate(values)


def _weighted(row: Floats, weights: NDArray[np.int64], members: slice) -> float:
    """Return the weighted mean of some tasks' accuracies; NaN if all their weights are 0."""
    chosen = np.asarray(weights)[members]
    present = chosen > 0
    if not present.any():
        return float("nan")
    return float(np.average(row[members][present], weights=chosen[present]))
