# SPDX-License-Identifier: MIT
"""The samples that choose the parameters: training samples of the base classes, no others."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sim.data.bank import Bank
from sim.data.held_out import held_out_samples
from sim.data.source import load_other
from sim.data.tasks import split_tasks
from sim.documents.yaml_lines import Document
from sim.study.chosen import ChoiceConfig
from sim.study.config import StudyConfig

__all__ = ["held_out_bank", "load_choice_bank"]


def held_out_bank(bank: Bank, choice: ChoiceConfig) -> Bank:
    """Return a bank of the base classes that is tested on a share of their training samples.

    It contains no test samples and no samples of later classes.

    Parameters
    ----------
    bank : Bank
        Its first task brings the base classes.
    choice : ChoiceConfig

    Returns
    -------
    Bank
        Training samples of the base classes, in their order. `choice.share` of each class
        (rounded, halves up) are the test samples. The tasks are those of `choice`.

    Raises
    ------
    ValueError
        If the base classes do not divide into such tasks, if there is only one task, or if a class
        has too few samples for both training and test.
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
        seen=(),
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
    names = bank.class_names[: len(bank.tasks[0])]
    try:
        return held_out_samples(bank.train_labels, names, choice.share, choice.split_seed)
    except ValueError as error:
        raise ValueError(f"choice.{error}") from error


def load_choice_bank(config: StudyConfig, bank: Bank, document: Document) -> Bank:
    """Load the bank for the choice of parameters: the study's own, or another network's bank.

    Parameters
    ----------
    config : StudyConfig
    bank : Bank
        The study's own.
    document : Document
        Place of every value of the configuration.

    Raises
    ------
    UserError
        If `load_other` refuses the bank.
    """
    if config.validation.path is None:
        return bank
    # Only the base classes of this bank are used, and they get tasks of their own.
    tasks = config.tasks.model_copy(update={"allow_seen": True})
    path = config.validation.path
    return load_other(path, config.data, tasks, bank, document, ("choice", "path"))
