# SPDX-License-Identifier: MIT
"""Embedding bank: a data set as packed binary embeddings, its classes in the order of learning."""

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from golden.bits import word_count
from golden.params import ThermometerParams
from sim.data.repeats import Repeats
from sim.data.sections import Order
from sim.data.tasks import class_order, split_instances
from sim.work.cache import digest_of

__all__ = ["Bank", "first_of_each"]

Packed = NDArray[np.uint64]
Labels = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Bank:
    """Packed embeddings of a data set, and the tasks that bring them.

    Parameters
    ----------
    features : int
        D, bits of an embedding.
    train, test : ndarray of shape (n_samples, ceil(D/64)), uint64
        Packed embeddings, in the order of the data set.
    train_labels, test_labels : ndarray of shape (n_samples,), int64
        Positions of the classes in the class order.
    tasks : tuple of range
        Class positions that each task brings.
    class_names : tuple of str
        Names in the class order.
    thermometer : ThermometerParams or None
        Code of a pixel, to turn embeddings back into images; None where they are not images.
    provenance : str
        Origin, split and order of the data set.
    network_bits : int or None
        Bits of the network that made the embeddings; None if there is none, or if it is unknown.
    experiences : ndarray of shape (n_samples,), int64, or None
        Task that brings each training sample; None where a task brings all samples of its classes.
    seen : tuple of str
        Names of the classes of later tasks on which the network was trained, or the binarizer of
        real features fitted, so that they are not new to it.
    says_trained : bool
        False if a network made the embeddings, and nobody says on which classes it was trained.
    network_known : bool
        False if the embeddings are real features of no known network that a binarizer coded.
    data_sha256 : str or None
        Hash of the images in a bank file; None of other data.
    repeats : Repeats or None
        Test embeddings that are also training embeddings; None if nobody has looked.
    """

    features: int
    train: Packed
    train_labels: Labels
    test: Packed
    test_labels: Labels
    tasks: tuple[range, ...]
    class_names: tuple[str, ...]
    thermometer: ThermometerParams | None
    provenance: str
    network_bits: int | None = None
    experiences: Labels | None = None
    seen: tuple[str, ...] = ()
    says_trained: bool = True
    network_known: bool = True
    data_sha256: str | None = None
    repeats: Repeats | None = None

    @property
    def n_classes(self) -> int:
        """Number of classes of all tasks."""
        return self.tasks[-1].stop

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all embeddings, labels and tasks."""
        sha = hashlib.sha256(repr((self.features, self.tasks)).encode())
        arrays = [self.train, self.train_labels, self.test, self.test_labels]
        for array in arrays if self.experiences is None else [*arrays, self.experiences]:
            sha.update(np.ascontiguousarray(array).data)
        return sha.hexdigest()

    @cached_property
    def histories(self) -> tuple[str, ...]:
        """SHA-256, for each task, of all embeddings that a run has used by the end of that task.

        Banks with the same first tasks share the first values, whatever their later tasks bring.
        """
        classes = (self.features, self.n_classes)
        sha = hashlib.sha256(repr((classes, digest_of(self.test, self.test_labels))).encode())
        histories = []
        for task, positions in enumerate(self.tasks):
            sha.update(repr((positions, digest_of(*self.task_of_train(task)))).encode())
            histories.append(sha.hexdigest())
        return tuple(histories)

    @property
    def smallest_class(self) -> int:
        """Number of training samples of the smallest class."""
        return int(np.bincount(self.train_labels, minlength=self.n_classes).min())

    def first(self, features: int) -> "Bank":
        """Return the same samples with only the first bits of their embeddings.

        The shorter embeddings are not images any more. `network_bits` stays that of the whole
        network.

        Parameters
        ----------
        features : int
            D, number of bits to keep.

        Raises
        ------
        ValueError
            If an embedding has fewer bits.
        """
        if not 1 <= features <= self.features:
            raise ValueError(
                f"features must be in 1..{self.features}, the bits of an embedding, not {features}"
            )
        if features == self.features:
            return self
        return replace(
            self,
            features=features,
            train=_first_bits(self.train, features),
            test=_first_bits(self.test, features),
            thermometer=None,
            repeats=None,
        )

    def of_each(self, train: int, test: int) -> "Bank":
        """Return the first samples of each class alone.

        Parameters
        ----------
        train, test : int
            Training and test samples of each class.

        Raises
        ------
        ValueError
            If a class has fewer.
        """
        kept = first_of_each(self.train_labels, train, "train")
        tested = first_of_each(self.test_labels, test, "test")
        return replace(
            self,
            train=self.train[kept],
            train_labels=self.train_labels[kept],
            test=self.test[tested],
            test_labels=self.test_labels[tested],
            experiences=None if self.experiences is None else self.experiences[kept],
            provenance=f"{self.provenance}; the first {train} training and {test} test samples "
            "of each class alone",
            repeats=None,
        )

    def in_tasks(self, tasks: tuple[range, ...]) -> "Bank":
        """Return the same embeddings, split into other tasks."""
        return replace(self, tasks=tasks)

    def in_order(self, order: Order) -> "Bank":
        """Return the same embeddings with the classes after the first task in another order.

        Parameters
        ----------
        order : "given" or int
            Seed of their permutation; ``given`` leaves them as they are.
        """
        if order == "given":
            return self
        base = len(self.tasks[0])
        later = base + class_order(self.n_classes - base, order) if base < self.n_classes else []
        chosen = np.concatenate([np.arange(base), later]).astype(np.int64)
        position = np.argsort(chosen)
        return replace(
            self,
            train_labels=position[self.train_labels],
            test_labels=position[self.test_labels],
            class_names=tuple(self.class_names[label] for label in chosen),
        )

    def in_instances(self, experiences: int) -> "Bank":
        """Return the same embeddings in tasks that each bring new samples of every class."""
        return replace(
            self,
            tasks=(range(self.n_classes),) * experiences,
            experiences=split_instances(self.train_labels, experiences),
        )

    def task_of_train(self, task: int) -> tuple[Packed, Labels]:
        """Return the training samples of one task."""
        classes = self.tasks[task]
        chosen = (self.train_labels >= classes.start) & (self.train_labels < classes.stop)
        if self.experiences is not None:
            chosen &= self.experiences == task
        return self.train[chosen], self.train_labels[chosen]


def first_of_each(labels: Labels, count: int, part: str) -> Labels:
    """Return the places of the first samples of each class, in their order.

    Parameters
    ----------
    labels : ndarray of shape (n_samples,), int64
        Classes, whatever their numbers.
    count : int
        Samples of each class.
    part : {"train", "test"}
        What the samples are, for the message.

    Raises
    ------
    ValueError
        If a class has fewer samples.
    """
    least = int(np.bincount(labels)[np.unique(labels)].min())
    if count > least:
        raise ValueError(f"{part} must be at most the {least} samples of the smallest class, "
                         f"not {count}")  # fmt: skip
    places = [np.flatnonzero(labels == label)[:count] for label in np.unique(labels)]
    return np.sort(np.concatenate(places))


def _first_bits(packed: Packed, features: int) -> Packed:
    """Return the first `features` bits of each row; the unused bits of the last word are 0."""
    words = packed[:, : word_count(features)].copy()
    words[:, -1] &= np.uint64(2 ** (features - 64 * (words.shape[1] - 1)) - 1)
    return words
