# SPDX-License-Identifier: MIT
"""The samples that parameters are chosen on: training samples of the base classes, no others."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sim.bank import Bank
from sim.config import ChoiceConfig
from sim.tasks import split_tasks

__all__ = ["held_out_bank"]


def held_out_bank(bank: Bank, choice: ChoiceConfig) -> Bank:
    """Return the base classes as a bank of their own, tested on a share of its training samples.

    Neither test samples nor samples of later classes are in it.

    Parameters
    ----------
    bank : Bank
        Its first task brings the base classes.
    choice : ChoiceConfig

    Returns
    -------
    Bank
        Training samples of the base classes, in their order, of which `choice.share` of each class
        (rounded, halves up) are its test samples; its tasks are those of `choice`.

    Raises
    ------
    ValueError
        If the base classes do not divide into such tasks, at least two, or a class has too few
        samples to be tested on some and trained on others.
    """
    classes = len(bank.tasks[0])
    tasks = _tasks(classes, choice)
    base = bank.train_labels < classes
    held_out = _held_out(bank, choice)
    kept = base & ~held_out
    return replace(
        bank,
        train=bank.train[kept],
        train_labels=bank.train_labels[kept],
        test=bank.train[held_out],
        test_labels=bank.train_labels[held_out],
        tasks=tasks,
        class_names=bank.class_names[:classes],
    )


def _tasks(classes: int, choice: ChoiceConfig) -> tuple[range, ...]:
    if choice.base >= classes:
        raise ValueError(
            f"choice.base must be less than the {classes} classes of the first task, "
            f"not {choice.base}"
        )
    tasks = split_tasks(classes, choice.base, choice.increment)
    if len(tasks) < 2:
        raise ValueError(
            f"choice must make at least 2 tasks of the {classes} classes of the first task, not 1"
        )
    return tasks


def _held_out(bank: Bank, choice: ChoiceConfig) -> NDArray[np.bool_]:
    """Return which training samples are tested on, drawn class by class."""
    rng = np.random.default_rng(choice.split_seed)
    held_out = np.zeros(len(bank.train), np.bool_)
    for label in bank.tasks[0]:
        members = np.flatnonzero(bank.train_labels == label)
        count = int(choice.share * len(members) + 0.5)
        if not 0 < count < len(members):
            raise ValueError(
                f"choice.share must leave samples to train and to test on, and {choice.share:g} "
                f"of the {len(members)} of class {bank.class_names[label]} are {count}"
            )
        held_out[rng.choice(members, count, replace=False)] = True
    return held_out
