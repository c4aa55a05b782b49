# SPDX-License-Identifier: MIT
"""Sections of the configuration of `engram cost` beside its chip: what is kept, what is learned."""

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import Field

from golden.params.chip import HIDDEN_WIDTH
from sim.cost.counts.training import Gradients
from sim.documents.section import Section

__all__ = ["MemorySection", "TaskSection"]


class MemorySection(Section):
    """The memory of the past.

    Attributes
    ----------
    classes : int
        n_c, the number of classes learned.
    components : int
        K, the number of prototypes of each class.
    """

    classes: int = Field(ge=1, le=1_000_000)
    components: int = Field(default=1, ge=1, le=1_000_000)


class TaskSection(Section):
    """The learning of a task.

    Attributes
    ----------
    classes : int
        Number of new classes.
    samples : int
        Training samples of each new class.
    epochs : int
        Number of passes over the samples.
    batch : int
        B, samples of a batch, old and new together.
    hidden : int
        H, hidden neurons of the head.
    backward_bits : int
        q_b, bits of errors and gradients. The forward pass is binary.
    weight_bits : int
        Bits of each real weight. Its sign is the binary weight.
    gradients : {"registers", "memory"}
        Where the gradients are summed; see `sim.cost.counts.training`.
    embeddings : {"buffer", "recompute"}
        "buffer" keeps the embeddings of the new samples until the task is learned. "recompute"
        runs the network on every sample in every epoch.
    fit : {"host", "chip"}
        Where the prototypes are fitted. On the chip one is learned by the class counter, several by
        components that compete.
    trainer_bits : {8, 16, 32}
        q_b, bits of a weight of the integer head.
    trainer_hidden : int
        H, neurons of a hidden layer in front of the integer head.
    trainer_latent_bits : {1, 4, 8, 16}
        q_v, bits of a weight of that layer; 1 freezes it.
    counter_bits : int
        Bits of a counter of the ternary head.
    """

    classes: int = Field(default=5, ge=1, le=1_000_000)
    samples: int = Field(default=500, ge=1, le=1_000_000_000)
    epochs: int = Field(default=4, ge=1, le=100_000)
    batch: int = Field(default=128, ge=2, le=65_536)
    hidden: int = Field(default=128, ge=0, le=65_536)
    backward_bits: int = Field(default=16, ge=1, le=32)
    weight_bits: int = Field(default=16, ge=1, le=32)
    gradients: Gradients = "registers"
    embeddings: Literal["buffer", "recompute"] = "buffer"
    fit: Literal["host", "chip"] = "chip"
    trainer_bits: Literal[8, 16, 32] = 8
    trainer_hidden: int = Field(default=0, ge=0, le=2**HIDDEN_WIDTH - 1)
    trainer_latent_bits: Literal[1, 4, 8, 16] = 1
    counter_bits: int = Field(default=8, ge=4, le=8)

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """Leave out a hidden layer that is not there, or does not learn, as older digests do."""
        absent = {("trainer_hidden", 0), ("trainer_latent_bits", 1)}
        return [pair for pair in super().__repr_args__() if pair not in absent]
