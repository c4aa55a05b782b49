# SPDX-License-Identifier: MIT
"""The class order, and its split into a base and increments.

After ordering, a label is the position of a class in the order. Tasks are therefore ranges, and
the classes seen so far are always ``0..n-1``.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from golden.params.checks import check_integer

__all__ = ["class_order", "notation", "split_instances", "split_tasks"]

_LARGEST_SEED = 2**32 - 1


def class_order(
    n_classes: int, order: str | int | Sequence[int] | NDArray[np.integer] = "identity"
) -> NDArray[np.int64]:
    """Return the class at each position.

    Parameters
    ----------
    n_classes : int
        Number of classes of the data set.
    order : "identity", int or sequence of int
        ``"identity"``: the order of the data set; int: the permutation of this seed, by custom
        1993; sequence: the classes themselves, each once.

    Returns
    -------
    ndarray of shape (n_classes,), int64
        A permutation of ``0..n_classes - 1``. Its `argsort` turns classes into positions.

    Raises
    ------
    TypeError
        If `order` has none of these types.
    ValueError
        If a seed is out of range, or a list does not name each class once.
    """
    check_integer("Classes", n_classes, 1)
    if isinstance(order, str):
        if order != "identity":
            raise ValueError(f"Class order must be identity, a seed or a list, not {order!r}")
        return np.arange(n_classes)
    if isinstance(order, Sequence | np.ndarray):
        return _listed_order(n_classes, [_as_int(label) for label in order])
    check_integer("Class order seed", order, 0, _LARGEST_SEED)
    # Papers and their code name class orders by the seed of numpy's legacy generator. No other
    # generator gives these permutations, so it is used here, and only here.
    generator = np.random.RandomState(order)
    return generator.permutation(n_classes).astype(np.int64)


def split_tasks(n_classes: int, base: int, increment: int) -> tuple[range, ...]:
    """Split ordered classes into tasks, in the Base-x/Inc-y notation.

    Parameters
    ----------
    n_classes : int
        Number of classes of all tasks.
    base : int
        Classes of the first task. With 0, as in "B0-Inc10", the first task is an increment, too.
    increment : int
        Classes of each later task.

    Returns
    -------
    tuple of range
        Positions of each task's classes; they follow one another from 0 to `n_classes`.

    Raises
    ------
    TypeError
        If an argument is not an integer.
    ValueError
        If one is out of range, or the increments do not end at `n_classes`.
    """
    check_integer("Classes", n_classes, 1)
    check_integer("Base classes", base, 0, n_classes)
    check_integer("Increment", increment, 1)
    if (n_classes - base) % increment:
        raise ValueError(
            f"Increment must divide the {n_classes - base} classes after the base, not {increment}"
        )
    edges = [*([0] if base else []), *range(base, n_classes + 1, increment)]
    return tuple(range(low, high) for low, high in zip(edges, edges[1:], strict=False))


def split_instances(labels: NDArray[np.integer], experiences: int) -> NDArray[np.int64]:
    """Return the experience of each sample where each experience brings samples of every class.

    This is the NI protocol, "new instances", of binary latent replay. It splits the samples of a
    class, in the order of the data set, into one run of equal length for each experience.

    Parameters
    ----------
    labels : ndarray of shape (n_samples,), integers
        Class of each sample.
    experiences : int
        Number of experiences.

    Returns
    -------
    ndarray of shape (n_samples,), int64
        Experience, in ``0..experiences - 1``. A class's numbers of samples differ by one at most.

    Raises
    ------
    TypeError, ValueError
        If a class has fewer samples than there are experiences.
    """
    check_integer("Instances", experiences, 1)
    found = np.empty(len(labels), np.int64)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        if len(members) < experiences:
            raise ValueError(
                f"Instances must be at most the {len(members)} training samples of class {label}, "
                f"not {experiences}"
            )
        found[members] = np.arange(len(members)) * experiences // len(members)
    return found


def notation(tasks: Sequence[range]) -> str:
    """Return the Base-x/Inc-y name of a split, such as ``B50-Inc5``; ``B100`` is a single task."""
    base, *later = (len(task) for task in tasks)
    if not later:
        return f"B{base}"
    return f"B{0 if base == later[0] else base}-Inc{later[0]}"


def _as_int(label: object) -> int:
    if isinstance(label, bool | np.bool_) or not isinstance(label, int | np.integer):
        raise TypeError(f"Class order must be a list of integers, not of {label!r}")
    return int(label)


def _listed_order(n_classes: int, labels: list[int]) -> NDArray[np.int64]:
    for place, label in enumerate(labels):
        if not 0 <= label < n_classes:
            raise ValueError(f"Class order must name classes in 0..{n_classes - 1}, not {label}")
        if label in labels[:place]:
            raise ValueError(f"Class order must name each class once, not class {label} again")
    missing = sorted(set(range(n_classes)) - set(labels))
    if missing:
        raise ValueError(f"Class order must name each class once, not leave out class {missing[0]}")
    return np.array(labels, np.int64)
