# SPDX-License-Identifier: MIT
"""Estimated counts of training the binary head, which no block of the chip does.

They are those of the arithmetic of plain gradient descent. The head has D inputs, H hidden
neurons and two planes of C neurons over both (contract, 8). Each weight is the sign of a real
number, trained with the straight-through estimator. The forward pass is the machine's usual pass
over an embedding in its feature memory. In the backward pass each logit has an error of q_b bits.
The errors of the hidden neurons are sums of these, each with the sign of its weight. The gradient
of a weight is the sum, over the samples of a batch, of the errors of its neuron, each with the sign
of the weight's input. The gradients are summed in one of two places:

- "registers": the gradients of PE x SIMD weights at a time are summed over the whole batch. The
  inputs and errors of the batch are kept for this;
- "memory": all gradients are summed sample by sample, in rows of PE numbers. No batch is kept, but
  every sample reads and writes all gradients.

A batch ends with a step, whose rate is a power of two. The step writes the new signs to the weights
of the machine. The exponentials of the loss are left out: there are C a sample, next to
2 C (D + H) additions.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from golden.params import HeadParams, MvuParams
from sim.cost.counts.tally import Action, Memory, Tally

__all__ = ["Gradients", "TrainedHead"]

Gradients = Literal["registers", "memory"]


class _Matrix(NamedTuple):
    """Weights of a layer of the head."""

    neurons: int
    inputs: int


@dataclass(frozen=True, kw_only=True)
class TrainedHead:
    """A head that is trained.

    Parameters
    ----------
    head : HeadParams
        Gives D, H and C.
    mvu : MvuParams
        Unit whose weights are the signs. Only its PE and SIMD are used.
    backward_bits, weight_bits : int
        q_b, the bits of an error and of a gradient, and the bits of a real weight.
    gradients : {"registers", "memory"}
        Where the gradients of a batch are summed.
    """

    head: HeadParams
    mvu: MvuParams
    backward_bits: int
    weight_bits: int
    gradients: Gradients

    def memories(self, batch: int) -> tuple[Memory, ...]:
        """Return the working memories for batches of a given number of samples."""
        weights = Memory("training.weights", self._rows, self.mvu.pe * self.weight_bits)
        if self.gradients == "memory":
            return (weights, Memory("training.gradients", self._rows, self._errors))
        return (
            weights,
            Memory("training.inputs", batch * self._input_words, self.mvu.simd),
            Memory("training.errors", batch * self._error_rows, self._errors),
        )

    def sample(self) -> Tally:
        """Return the actions of a sample before and after its forward pass."""
        count, simd, q_b = self.head.weight_count, self.mvu.simd, self.backward_bits
        to_hidden = 2 * self.head.classes * self.head.hidden
        return self._gradient_traffic() + Tally({
            Action("network.fetch.map", "write", simd): -(-self.head.features // simd),
            Action("network.mvu.weights", "read", simd): -(-to_hidden // simd),
            Action("training.backward", "accumulate", q_b): to_hidden,
            Action("training.gradient", "accumulate", q_b): count,
        })  # fmt: skip

    def step(self) -> Tally:
        """Return the actions at the end of a batch: every weight is moved by its gradient."""
        rows, simd, bits = self._rows, self.mvu.simd, self.weight_bits
        count = self.head.weight_count
        moved = Tally({
            Action("training.weights", "read", self.mvu.pe * bits): rows,
            Action("training.weights", "write", self.mvu.pe * bits): rows,
            Action("training.step", "accumulate", bits): count,
            Action("network.mvu.weights", "write", simd): -(-count // simd),
        })  # fmt: skip
        # The gradients are read and reset to zero.
        return moved + self._all_gradients() if self.gradients == "memory" else moved

    def _gradient_traffic(self) -> Tally:
        """Return the memory accesses that a sample makes for the gradients."""
        if self.gradients == "memory":
            return self._all_gradients()
        simd, tiles = self.mvu.simd, self._tiles
        return Tally({
            Action("training.inputs", "write", simd): self._input_words,
            Action("training.inputs", "read", simd): tiles,
            Action("training.errors", "write", self._errors): self._error_rows,
            Action("training.errors", "read", self._errors): tiles,
        })  # fmt: skip

    def _all_gradients(self) -> Tally:
        return Tally({
            Action("training.gradients", "read", self._errors): self._rows,
            Action("training.gradients", "write", self._errors): self._rows,
        })  # fmt: skip

    @property
    def _rows(self) -> int:
        """Number of rows of PE numbers, with one number for each weight."""
        return -(-self.head.weight_count // self.mvu.pe)

    @property
    def _errors(self) -> int:
        """Bits of PE errors side by side."""
        return self.mvu.pe * self.backward_bits

    @property
    def _input_words(self) -> int:
        """Number of words of SIMD bits for an embedding and its hidden neurons."""
        return sum(-(-bits // self.mvu.simd) for bits in (self.head.features, self.head.hidden))

    @property
    def _error_rows(self) -> int:
        return sum(-(-matrix.neurons // self.mvu.pe) for matrix in self._matrices())

    @property
    def _tiles(self) -> int:
        """Number of tiles of PE x SIMD weights."""
        pe, simd = self.mvu.pe, self.mvu.simd
        return sum(-(-m.neurons // pe) * -(-m.inputs // simd) for m in self._matrices())

    def _matrices(self) -> Iterator[_Matrix]:
        if self.head.hidden:
            yield _Matrix(self.head.hidden, self.head.features)
        yield _Matrix(2 * self.head.classes, self.head.concat)
