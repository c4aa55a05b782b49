# SPDX-License-Identifier: MIT
"""What the training of the head does, and the fit of a prototype; no hardware here does either yet.

So these are counts of the arithmetic, by plain descent. The head has D inputs, H hidden neurons and
two planes of C neurons over both (contract, 8); the sign of a real number is the weight (straight
through). The forward pass is what the machine does for any embedding, once that is in its feature
memory. Back come the errors of the logits, q_b bits each, which are added up, with the signs of the
weights, for the hidden neurons. The gradient of a weight is the sum of its neuron's errors, with
the signs of its input, over the samples of a batch. It is added up in one of two places:

- "registers": of PE x SIMD weights at a time, over the whole batch, whose inputs and errors are
  kept for that;
- "memory": of all weights, sample by sample, PE numbers a row: no batch is kept, but every sample
  reads and writes all gradients.

A batch ends with a step, whose rate is a power of two, and with the new signs in the machine's
weights. Exponentials of the loss are left out: C a sample beside 2 C (D + H) additions.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, NamedTuple

from golden.params import HeadParams, MvuParams, PrototypesParams
from golden.params.checks import check_integer
from sim.cost.counts.tally import Action, Memory, Tally

__all__ = ["Gradients", "TrainedHead", "fit_class", "fit_memories"]

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
        D, H and C.
    mvu : MvuParams
        Whose weights are the signs, and of which PE and SIMD alone matter.
    backward_bits, weight_bits : int
        q_b, bits of an error and of a gradient; bits of a real weight.
    gradients : {"registers", "memory"}
        Where the gradients of a batch are added up.
    """

    head: HeadParams
    mvu: MvuParams
    backward_bits: int
    weight_bits: int
    gradients: Gradients

    def memories(self, batch: int) -> tuple[Memory, ...]:
        """Return the working memories for batches of so many samples."""
        weights = Memory("training.weights", self._rows, self.mvu.pe * self.weight_bits)
        if self.gradients == "memory":
            return (weights, Memory("training.gradients", self._rows, self._errors))
        return (
            weights,
            Memory("training.inputs", batch * self._input_words, self.mvu.simd),
            Memory("training.errors", batch * self._error_rows, self._errors),
        )

    def sample(self) -> Tally:
        """Return what a sample takes before and after its forward pass."""
        count, simd, q_b = self.head.weight_count, self.mvu.simd, self.backward_bits
        to_hidden = 2 * self.head.classes * self.head.hidden
        return self._gradient_traffic() + Tally({
            Action("network.fetch.map", "write", simd): -(-self.head.features // simd),
            Action("network.mvu.weights", "read", simd): -(-to_hidden // simd),
            Action("training.backward", "accumulate", q_b): to_hidden,
            Action("training.gradient", "accumulate", q_b): count,
        })  # fmt: skip

    def step(self) -> Tally:
        """Return what the end of a batch takes: every weight is moved by its gradient."""
        rows, simd, bits = self._rows, self.mvu.simd, self.weight_bits
        count = self.head.weight_count
        moved = Tally({
            Action("training.weights", "read", self.mvu.pe * bits): rows,
            Action("training.weights", "write", self.mvu.pe * bits): rows,
            Action("training.step", "accumulate", bits): count,
            Action("network.mvu.weights", "write", simd): -(-count // simd),
        })  # fmt: skip
        # Read, and set back to zero.
        return moved + self._all_gradients() if self.gradients == "memory" else moved

    def _gradient_traffic(self) -> Tally:
        """Return the accesses of a sample on behalf of the gradients."""
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
        """Rows of PE numbers that hold one for every weight."""
        return -(-self.head.weight_count // self.mvu.pe)

    @property
    def _errors(self) -> int:
        """Bits of PE errors side by side."""
        return self.mvu.pe * self.backward_bits

    @property
    def _input_words(self) -> int:
        """Words of SIMD bits of an embedding and of its hidden neurons."""
        return sum(-(-bits // self.mvu.simd) for bits in (self.head.features, self.head.hidden))

    @property
    def _error_rows(self) -> int:
        return sum(-(-matrix.neurons // self.mvu.pe) for matrix in self._matrices())

    @property
    def _tiles(self) -> int:
        """Tiles of PE x SIMD weights."""
        pe, simd = self.mvu.pe, self.mvu.simd
        return sum(-(-m.neurons // pe) * -(-m.inputs // simd) for m in self._matrices())

    def _matrices(self) -> Iterator[_Matrix]:
        if self.head.hidden:
            yield _Matrix(self.head.hidden, self.head.features)
        yield _Matrix(2 * self.head.classes, self.head.concat)


def fit_memories(params: PrototypesParams, samples: int) -> tuple[Memory, ...]:
    """Return the working memory of a fit: how often each feature was 1."""
    return (Memory("ones", params.beats, params.lanes * samples.bit_length()),)


def fit_class(params: PrototypesParams, samples: int) -> Tally:
    """Return what fitting one component to the embeddings of a class takes.

    The mean of a feature is how often it is 1, over the samples; a division, bit by bit, makes it a
    code.

    Parameters
    ----------
    params : PrototypesParams
    samples : int
        N, samples of the class.
    """
    check_integer("Samples of a class", samples, 1)
    width = samples.bit_length()
    row = params.lanes * width
    return Tally({
        Action("ones", "read", row): params.beats * (samples + 1),
        Action("ones", "write", row): params.beats * (samples + 1),  # cleared first
        Action("count", "accumulate", width): params.features * samples,
        Action("divide", "accumulate", width + 1): Fraction(params.features * params.code_width),
    })  # fmt: skip
