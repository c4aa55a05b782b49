# SPDX-License-Identifier: MIT
"""What the training of the head does, and the fit of a prototype; no hardware here does either yet.

So these are counts of the arithmetic, on rows of PE numbers side by side. The head has D inputs, H
hidden neurons and two planes of C neurons over both (contract, 8); the sign of a real number is the
weight (straight through). Forward, every input of a neuron is an agreement and an addition. Back
come the gradients of the logits, q_b bits each: they are added up, with the signs of the weights,
for the hidden neurons, and with the signs of the inputs for every weight. A batch ends with one
step of plain descent, whose rate is a power of two. Exponentials of the loss are left out: C a
sample beside 2 C (D + H) additions.
"""

from fractions import Fraction

from golden.params import HeadParams, PrototypesParams
from golden.params.checks import check_integer
from sim.cost.counts.tally import Action, Memory, Tally

__all__ = [
    "fit_class",
    "fit_memories",
    "head_memories",
    "train_batch",
    "train_sample",
]


def head_memories(
    params: HeadParams, *, pe: int, backward_bits: int, weight_bits: int
) -> tuple[Memory, ...]:
    """Return the working memories: a gradient and a real number for every weight."""
    rows = -(-params.weight_count // pe)
    return (
        Memory("gradients", rows, pe * backward_bits),
        Memory("weights", rows, pe * weight_bits),
    )


def train_sample(params: HeadParams, *, pe: int, backward_bits: int) -> Tally:
    """Return what a sample takes, forward and back.

    Parameters
    ----------
    params : HeadParams
        D, H and C.
    pe : int
        Numbers of a row.
    backward_bits : int
        q_b.
    """
    weights = params.weight_count
    rows = -(-weights // pe)
    to_hidden = 2 * params.classes * params.hidden
    return Tally({
        Action("forward", "xnor"): weights,
        Action("forward", "full_add"): weights,
        Action("backward", "accumulate", backward_bits): to_hidden + weights,
        Action("gradients", "read", pe * backward_bits): rows,
        Action("gradients", "write", pe * backward_bits): rows,
    })  # fmt: skip


def train_batch(params: HeadParams, *, pe: int, backward_bits: int, weight_bits: int) -> Tally:
    """Return what the step at the end of a batch takes: every weight is moved by its gradient."""
    weights = params.weight_count
    rows = -(-weights // pe)
    return Tally({
        Action("gradients", "read", pe * backward_bits): rows,
        Action("gradients", "write", pe * backward_bits): rows,  # back to zero
        Action("step", "accumulate", weight_bits): weights,
        Action("weights", "read", pe * weight_bits): rows,
        Action("weights", "write", pe * weight_bits): rows,
    })  # fmt: skip


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
