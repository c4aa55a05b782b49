# SPDX-License-Identifier: MIT
"""Calls of the driver for the head that learns (contract, 12)."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from golden.params.chip import ANSWER_WIDTH
from rtl.driver.fault import Fault, integers_of, require
from rtl.driver.link import Link
from rtl.head_command import HeadOperation
from rtl.headers import Target, head_address_layout, hidden_address_layout
from rtl.output import Kind
from rtl.packets import Packet, beside, vector_packet, words_of
from rtl.requests import Source

__all__ = ["HeadCalls"]


class HeadCalls(Link):
    """A chip whose head may learn."""

    def head_load(self, weights: ArrayLike, first: int = 0) -> None:
        """Write the weights of some classes.

        Parameters
        ----------
        weights : array-like of shape (n, H + D), integers of q_b bits with a sign
        first : int, optional
            The first of these classes.
        """
        require(self.head_width > 0, Fault.ARGUMENT)
        codes = self._codes(weights, self._head_inputs, self.head_width)
        require(0 <= first <= self.classes - len(codes), Fault.ARGUMENT)
        words = [word for row in codes for word in self._words(row, self.head_width)]
        count = len(codes) * self._head_beats
        self._send(Packet(Target.HEAD_ROWS, 0, first * self._head_beats, count, words))

    def head_load_hidden(self, weights: ArrayLike, first: int = 0) -> None:
        """Write the weights of some neurons of a frozen hidden layer. They stay in a reset.

        Parameters
        ----------
        weights : array-like of shape (n, D), in {0, 1}
            1 stands for +1, and 0 for -1.
        first : int, optional
            The first of these neurons.
        """
        require(self.head_latent == 0, Fault.ARGUMENT)
        rows = integers_of(weights, 1)
        require(rows.ndim == 2 and rows.shape[1] == self.features, Fault.ARGUMENT)
        self._send_neurons(rows.tolist(), first, 1)

    def head_load_latent(self, weights: ArrayLike, first: int = 0) -> None:
        """Write the latent weights of some neurons of a hidden layer that learns.

        A reset keeps them. One in the midst of a batch keeps some rows as they were, and some as
        the batch makes them.

        Parameters
        ----------
        weights : array-like of shape (n, D), integers of q_v bits with a sign
        first : int, optional
            The first of these neurons.
        """
        require(self.head_latent > 0, Fault.ARGUMENT)
        codes = self._codes(weights, self.features, self.head_latent)
        self._send_neurons(codes, first, self.head_latent)

    def head_read(self, classes: int) -> NDArray[np.int32]:
        """Return the weights of the classes ``0 .. classes - 1``, shape (classes, H + D)."""
        require(self.head_width > 0 and 0 < classes <= self.classes, Fault.ARGUMENT)
        self._tell_head(HeadOperation.READ, 0, classes, 0)
        return self._take_rows(classes, self._head_inputs, self.head_width)

    def head_read_latent(self, neurons: int) -> NDArray[np.int32]:
        """Return the latent weights of the neurons ``0 .. neurons - 1``, shape (neurons, D)."""
        require(self.head_latent > 0 and 0 < neurons <= self.head_hidden, Fault.ARGUMENT)
        self._tell_head(HeadOperation.READ_HIDDEN, 0, neurons, 0)
        return self._take_rows(neurons, self.features, self.head_latent)

    def head_clear(self) -> None:
        """Make all weights 0."""
        require(self.head_width > 0, Fault.ARGUMENT)
        self._tell_head(HeadOperation.CLEAR, 0, 0, 0)

    def head_learn(
        self,
        classes: int,
        vectors: ArrayLike,
        labels: ArrayLike,
        past: tuple[Source, int, int] = (Source.NONE, 0, 0),
    ) -> int:
        """Learn a batch; return how many of it had the largest sum in their own class.

        Parameters
        ----------
        classes : int
            The softmax is over ``0 .. classes - 1``.
        vectors : array-like of shape (n, D), in {0, 1}
        labels : array-like of shape (n,), integers
        past : tuple of Source, int and int, optional
            What the chip draws beside them: where from, of which class, and how many.
        """
        source, label, draws = past
        named = integers_of(labels, 16)
        rows = integers_of(vectors, 1).reshape(len(named), -1) if np.size(vectors) else named[:0]
        require(len(rows) == len(named) and named.ndim == 1, Fault.ARGUMENT)
        require(not len(rows) or rows.shape[1:] == (self.features,), Fault.ARGUMENT)
        require(self.head_width > 0 and 0 < classes <= self.classes, Fault.ARGUMENT)
        require((named < classes).all() and draws >= 0, Fault.ARGUMENT)
        require(0 < len(named) + draws <= self.head_batch, Fault.ARGUMENT)
        if draws:
            self._check_draw(source, label, draws)
            self._registers.set("draw_source", source=source, label=label)
        before = self._registers.get("hits")
        self._tell_head(HeadOperation.LEARN, len(named), classes, draws)
        for row, name in zip(rows.tolist(), named.tolist(), strict=True):
            self._send(vector_packet(Target.HEAD_EXEMPLAR, name, beside(row, 1), self._packing))
        self._registers.wait("status", training=0)
        return (self._registers.get("hits") - before) % 2**32

    def head_classify(self, classes: int, vector: ArrayLike) -> tuple[int, int]:
        """Return the class of a vector among ``0 .. classes - 1``, and its sum."""
        bits = integers_of(vector, 1)
        require(bits.shape == (self.features,), Fault.ARGUMENT)
        require(self.head_width > 0 and 0 < classes <= self.classes, Fault.ARGUMENT)
        self._tell_head(HeadOperation.CLASSIFY, 1, classes, 0)
        packed = beside(bits.tolist(), 1)
        self._send(vector_packet(Target.HEAD_EXEMPLAR, 0, packed, self._packing))
        (word,), _ = self._take(Kind.HEAD_ANSWER, 1)
        total, sign = word & 2**ANSWER_WIDTH - 1, 2 ** (ANSWER_WIDTH - 1)
        return word >> ANSWER_WIDTH, total - 2 * (total & sign)

    @property
    def _head_inputs(self) -> int:
        """Inputs of the classifier, H + D."""
        return self.head_hidden + self.features

    @property
    def _head_beats(self) -> int:
        """Rows of a class."""
        return -(-self._head_inputs // self.lanes)

    def _codes(self, weights: ArrayLike, inputs: int, width: int) -> list[list[int]]:
        """Return the codes of weights in two's complement, a list for each class or neuron."""
        values = integers_of(weights, width, signed=True)
        require(values.ndim == 2 and values.shape[1] == inputs, Fault.ARGUMENT)
        return (values.astype(np.int64) % 2**width).tolist()

    def _words(self, codes: list[int], width: int) -> list[int]:
        """Return the words of the rows of a class or of a neuron."""
        places = range(0, len(codes), self.lanes)
        rows = [beside(codes[place : place + self.lanes], width) for place in places]
        return words_of(rows, self.lanes * width)

    def _send_neurons(self, rows: list[list[int]], first: int, width: int) -> None:
        """Send a packet for each neuron."""
        require(0 <= first <= self.head_hidden - len(rows), Fault.ARGUMENT)
        for neuron, row in enumerate(rows, first):
            named = hidden_address_layout().const({"row": neuron * self.beats, "hidden": 1})
            address = int(named.as_value().value)
            self._send(Packet(Target.HEAD_EXEMPLAR, 0, address, 0, self._words(row, width)))

    def _take_rows(self, count: int, inputs: int, width: int) -> NDArray[np.int32]:
        """Take the rows of classes or neurons, and return their weights."""
        rows = count * -(-inputs // self.lanes)
        words, _ = self._take(Kind.HEAD_ROWS, rows * len(words_of([0], self.lanes * width)))
        octets = np.array(words, np.uint64).astype("<u8").view(np.uint8).reshape(rows, -1)
        bits = np.unpackbits(octets, axis=1, bitorder="little")[:, : self.lanes * width]
        places = 1 << np.arange(width)
        places[-1] *= -1  # the sign
        weights = bits.reshape(count, -1, width).astype(np.int64) @ places
        return weights[:, :inputs].astype(np.int32)

    def _tell_head(self, operation: HeadOperation, given: int, classes: int, draws: int) -> None:
        address = head_address_layout().const({"classes": classes, "draws": draws})
        word = int(address.as_value().value)
        self._send(Packet(Target.HEAD_COMMAND, given, word, 1, [int(operation)]))

    def _check_draw(self, source: Source, label: int, requests: int) -> None:
        """Refuse a draw that the chip would refuse."""
        raise NotImplementedError
