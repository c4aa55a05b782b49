# SPDX-License-Identifier: MIT
"""What ships of CIFAR-100, class by class: a network, pictures, embeddings."""

import numpy as np
from numpy.typing import NDArray

from sim.data.bank_file import read_bank
from sim.data.embed import read_network
from sim.data.samples import read_samples
from sim.data.shipped import shipped_file
from sim.data.tasks import class_order

__all__ = ["ShippedClasses"]

NETWORK = "cifar100"
ORDER = 1993  # the permutation of the classes, of which the network was trained on the first


class ShippedClasses:
    """Network, pictures and embeddings that ship, with classes numbered as they are learned.

    Attributes
    ----------
    network : Network
    names : list of str
    lessons, questions : ndarray of shape (100, 32, 32, 3), uint8
        A test picture of each class to learn from, and another to name.
    """

    def __init__(self) -> None:
        self.network, _ = read_network(shipped_file(NETWORK, "network.bin"))
        self._bank = read_bank(shipped_file(NETWORK, "bank.bin"))
        samples = read_samples(shipped_file(NETWORK, "samples.bin"))
        self._order = class_order(len(self._bank.class_names), ORDER)
        self.names = [self._bank.class_names[c] for c in self._order]
        firsts = [np.flatnonzero(samples.labels == c) for c in self._order]
        pixels = samples.images >> np.uint8(8 - self.network.params.bits)
        self.lessons = pixels[[found[0] for found in firsts]]
        self.questions = pixels[[found[1] for found in firsts]]
        self._asked = np.ones(len(self._bank.test), np.bool_)
        self._asked[samples.places[[found[0] for found in firsts]]] = False

    def train(self, label: int) -> NDArray[np.uint64]:
        """Return the training embeddings of a class."""
        return self._bank.train[self._bank.train_labels == self._order[label]]

    def test(self, label: int) -> NDArray[np.uint64]:
        """Return the test embeddings of a class, without that of its picture to learn from."""
        return self._bank.test[(self._bank.test_labels == self._order[label]) & self._asked]
