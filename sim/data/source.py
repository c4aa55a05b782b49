# SPDX-License-Identifier: MIT
"""The bank of a study's configuration: its data, loaded and put in the class order."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sim.data.bank import Bank
from sim.data.bank_file import BankFile, read_bank
from sim.data.datasets import ImageSet, load
from sim.data.embed import read_network
from sim.data.embedded_bank import bank_of_file
from sim.data.pixel_bank import build_bank
from sim.data.repeats import find_repeats
from sim.data.sections import BanksConfig, DataConfig, TasksConfig
from sim.data.shipped import shipped_names, shipped_or_path
from sim.data.tasks import class_order, split_tasks
from sim.documents.yaml_lines import Document, KeyPath, dotted
from sim.measure.ledger import network_ledger
from sim.work.cache import NO_CACHE, Cache
from sim.work.errors import UserError

__all__ = ["load_bank", "load_banks", "load_other"]


def load_bank(
    data: DataConfig,
    tasks: TasksConfig,
    document: Document,
    data_dir: Path | None,
    cache: Cache = NO_CACHE,
) -> Bank:
    """Load the data of a study, order the classes and look for test samples in the training.

    Parameters
    ----------
    data : DataConfig
        Data set or bank.
    tasks : TasksConfig
        Class order and tasks.
    document : Document
        Document that both come from; it knows the lines of their values.
    data_dir : Path or None
        Folder of the data archives.
    cache : Cache
        Cache of encoded images, as in `build_bank`.

    Raises
    ------
    UserError
        If data are missing or damaged, or a class has no samples. Also if order, tasks or bits do
        not fit the data, or if later tasks bring classes on which the network was trained; the
        message then names the line of the configuration.
    """
    source = _source(data, data_dir)
    n_classes = len(source.class_names)
    try:
        order = class_order(n_classes, tasks.order)
    except (TypeError, ValueError) as error:
        raise UserError(f"{document.where(('tasks', 'order'))}: tasks.order: {error}") from error
    again = tasks.instances is not None  # every task brings all classes
    base, increment = (0, n_classes) if again else (tasks.base, tasks.increment)
    try:
        split = split_tasks(n_classes, base, increment)
    except ValueError as error:
        raise UserError(f"{document.where_within(('tasks',))}: tasks: {error}") from error
    if isinstance(source, _EmbeddedSet):
        bank = bank_of_file(source.file, order, split, source.network_bits)
        if bank.seen and not (again or tasks.allow_seen):
            raise UserError(_seen_message(bank, document))
    else:
        try:
            bank = build_bank(source, data, order, split, cache)
        except ValueError as error:
            raise UserError(f"{document.where(('data', 'bits'))}: data.bits {error}") from error
    _check_samples(bank)
    if data.features is not None:
        try:
            bank = bank.first(data.features)
        except ValueError as error:
            raise UserError(f"{document.where(('data', 'features'))}: data.{error}") from error
    bank = _looked_through(bank)
    if tasks.instances is None:
        return bank
    try:
        return bank.in_instances(tasks.instances)
    except ValueError as error:
        where = document.where(("tasks", "instances"))
        raise UserError(f"{where}: tasks.instances: {error}") from error


def load_banks(
    data: BanksConfig,
    tasks: TasksConfig,
    document: Document,
    data_dir: Path | None,
    cache: Cache = NO_CACHE,
) -> tuple[Bank, ...]:
    """Load the data of a study, and then the same samples in the embeddings of other networks.

    Parameters
    ----------
    data : BanksConfig
    tasks, document, data_dir, cache
        As in `load_bank`.

    Raises
    ------
    UserError
        As of `load_bank`, or if another bank holds other samples, or embeddings of another length,
        or if `data` asks for more samples of a class than there are.
    """
    bank = load_bank(data, tasks, document, data_dir, cache)
    others = [
        load_other(path, data, tasks, bank, document, ("data", "others", place))
        for place, path in enumerate(data.others or ())
    ]
    return tuple(_of_each(one, data, document) for one in (bank, *others))


def _of_each(bank: Bank, data: BanksConfig, document: Document) -> Bank:
    """Return a bank with the samples that a configuration uses."""
    if data.each is None:
        return bank
    try:
        return _looked_through(bank.of_each(data.each.train, data.each.test))
    except ValueError as error:
        where = document.where(("data", "each"))
        raise UserError(f"{where}: data.each.{error}") from error


def load_other(
    path: str,
    data: DataConfig,
    tasks: TasksConfig,
    bank: Bank,
    document: Document,
    place: KeyPath,
) -> Bank:
    """Load a bank of the samples of another one.

    Parameters
    ----------
    path : str
        Bank file, or the name of a shipped one.
    data : DataConfig
        Data of `bank`; as many first bits are used.
    tasks : TasksConfig
    bank : Bank
        The other one.
    document : Document
    place : tuple of str and int
        Key of `path` in the document.

    Raises
    ------
    UserError
        If `load_bank` refuses the bank, or if it holds other samples, or embeddings of another
        length.
    """
    given = DataConfig(name="bank", path=path, features=data.features)
    other = load_bank(given, tasks, document, None)
    where = document.where(place)
    if other.features != bank.features:
        raise UserError(
            f"{where}: {dotted(place)} must be a bank of D = {bank.features} as the study's, not "
            f"of {other.features}"
        )
    same = (
        other.class_names == bank.class_names
        and bank.data_sha256 in (other.data_sha256, None)
        and np.array_equal(other.train_labels, bank.train_labels)
        and np.array_equal(other.test_labels, bank.test_labels)
    )
    if not same:
        raise UserError(
            f"{where}: {dotted(place)} must be a bank of the study's own samples, in order"
        )
    return other


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
        return load(data.name, data_dir, resize=data.resize)
    network = data.network
    if network is None and data.path in shipped_names():
        network = data.path
    bank = shipped_or_path(data.path, "bank.bin")
    if network is None:
        return _EmbeddedSet(read_bank(bank), None)
    weights, content = read_network(shipped_or_path(network, "network.bin"))
    file = read_bank(bank, hashlib.sha256(content).hexdigest())
    return _EmbeddedSet(file, network_ledger(weights.params).bits_full)


def _seen_message(bank: Bank, document: Document) -> str:
    """Return the message that later tasks bring classes of the network's training, and the fix."""
    shown = ", ".join(bank.seen[:3]) + (", ..." if len(bank.seen) > 3 else "")
    number = f"{len(bank.seen)} class{'es' * (len(bank.seen) > 1)}"
    if bank.network_known:
        wanted = f"network of the bank was not trained on, not {number} of its training ({shown})"
    else:
        wanted = f"binarizer of the bank was not fitted on, not {number} of its fit ({shown})"
    return (
        f"{document.where_within(('tasks',))}: tasks: later tasks must bring classes that the "
        f"{wanted}: take them all into the first task by tasks.base and tasks.order, or set "
        "tasks.allow_seen to true, and the report says so"
    )


def _looked_through(bank: Bank) -> Bank:
    """Return the bank with the count of its test samples among its training samples."""
    repeats = find_repeats(
        bank.train, bank.train_labels, bank.test, bank.test_labels, bank.features
    )
    return replace(bank, repeats=repeats)


def _check_samples(bank: Bank) -> None:
    """Refuse data with a class that has no training samples or no test samples."""
    for part, labels in (("training", bank.train_labels), ("test", bank.test_labels)):
        counts = np.bincount(labels, minlength=bank.n_classes)
        if not counts.all():
            name = bank.class_names[int(counts.argmin())]
            raise UserError(f"Every class must have {part} samples, and class {name} has none")
