# SPDX-License-Identifier: MIT
"""Commands to the head that learns, as the chip's packets bring them."""

from amaranth.hdl import unsigned
from amaranth.lib import enum
from amaranth.lib.data import StructLayout

from golden.params import ChipParams, TrainerParams
from golden.params.chip import LABEL_WIDTH
from rtl.trainer_control import Operation

__all__ = ["HeadOperation", "head_command_layout", "trainer_of"]


class HeadOperation(enum.IntEnum, shape=unsigned(3)):
    """What a command to the head does. The trainer does nothing for the last two."""

    CLASSIFY = Operation.CLASSIFY.value
    LEARN = Operation.LEARN.value
    CLEAR = Operation.CLEAR.value
    READ = Operation.NONE.value
    READ_HIDDEN = 4


def head_command_layout() -> StructLayout:
    """Return the layout of a command: exemplars that are given and drawn, and the classes.

    To read the hidden layer, `classes` is the number of its neurons.
    """
    return StructLayout({
        "operation": HeadOperation, "given": LABEL_WIDTH, "classes": LABEL_WIDTH,
        "draws": LABEL_WIDTH,
    })  # fmt: skip


def trainer_of(params: ChipParams) -> TrainerParams:
    """Return the parameters of the head's trainer, or of one of its shape where there is none."""
    prototypes = params.sampler.prototypes
    return params.head or TrainerParams(
        features=prototypes.features,
        classes=prototypes.classes,
        lanes=prototypes.lanes,
        backward_width=8,
    )
