# SPDX-License-Identifier: MIT
"""Lanes of the trainer: they add up the weights of rows, or the gradients of a batch."""

from dataclasses import replace

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib.data import StructLayout
from amaranth.utils import bits_for

from golden.params import TrainerParams
from rtl.adder_tree import add_up, levels_of
from rtl.affine import draws, rounded, saturated
from rtl.lanes import used_lanes

__all__ = [
    "LOADED",
    "UPDATED",
    "codes",
    "next_weights",
    "stage_layout",
    "sum_of_weights",
    "sum_width",
]

LOADED = 2  # stage in which the bits and the weights or errors of a row are in registers
UPDATED = 4  # stage in which the new weights of a row are there


def stage_layout(rows: int) -> StructLayout:
    """Return the layout of what goes beside the numbers of one of some rows on its way.

    Returns
    -------
    StructLayout
        ``valid``: there is a row. ``first`` and ``last`` of the rows of a class to sum, or of the
        exemplars of a batch for one row. ``end``: it is the last row of its class. ``final``:
        nothing comes behind it. ``row``: its number.
    """
    flags = dict.fromkeys(("valid", "first", "last", "end", "final"), 1)
    return StructLayout({**flags, "row": bits_for(rows - 1)})


def sum_width(params: TrainerParams) -> int:
    """Return the bits of a sum of the classifier."""
    return int(params.forward_width) + bits_for(params.concat)


def sum_of_weights(
    m: Module, params: TrainerParams, stages: list[Signal], weights: Value, bits: Value
) -> Signal:
    """Return the sum of a class, complete in the last stage of the last of its rows.

    Parameters
    ----------
    m : Module
    params : TrainerParams
    stages : list of Signal
        What goes beside the numbers, from the cycle on in which a row is asked for.
    weights, bits : Value
        L codes and L bits of the row in the stage `LOADED`.
    """
    terms, used = [], _used(params, stages[LOADED].end)
    q_b = int(params.backward_width)
    for lane, code in enumerate(codes(weights, params.lanes, q_b)):
        term = Signal(signed(int(params.forward_width) + 1), name=f"term_{lane}")
        forward = rounded(code, params.forward)
        m.d.sync += term.eq(
            Mux(used.bit_select(lane, 1), Mux(bits[lane], forward, -forward), 0),
        )
        terms.append(term)
    total, stage = add_up(m, terms), stages[LOADED + 1 + levels_of(params.lanes)]
    summed = Signal(signed(sum_width(params)))
    with m.If(stage.valid):
        m.d.sync += summed.eq(Mux(stage.first, 0, summed) + total)
    return summed


def next_weights(
    m: Module,
    params: TrainerParams,
    stages: list[Signal],
    weights: Value,
    bits: Value,
    error: Value,
    word: Value,
    batch: int,
    *,
    hidden: bool = False,
) -> list[Value]:
    """Return the new codes of a row, in the stage `UPDATED` of the last exemplar of the batch.

    Parameters
    ----------
    m : Module
    params : TrainerParams
    stages : list of Signal
        What goes beside the numbers.
    weights : Value
        L codes of the row, in the stage `UPDATED`.
    bits : Value
        L bits of an exemplar, in the stage `LOADED`.
    error : Value
        Its error for the row's class, in the stage `LOADED`.
    word : Value
        Random word, which is used in the stage before `UPDATED`.
    batch : int
        Most exemplars of a batch.
    hidden : bool
        The row is one of latent weights, and the error that of its neuron.
    """
    q_b, loaded, last = int(params.backward_width), stages[LOADED], stages[UPDATED - 1].end
    own = int(params.binary_width) if hidden else q_b
    rounding = params.binary_update if hidden else params.update
    used = used_lanes(params.without_hidden, last) if hidden else _used(params, last)
    fresh = []
    drawn = draws(word, params.lanes)
    for lane, code in enumerate(codes(weights, params.lanes, own)):
        gradient = Signal(signed(q_b + bits_for(batch)), name=f"gradient_{lane}")
        step = rounded(gradient, rounding, drawn[lane])
        moved = Signal(step.shape(), name=f"step_{lane}")
        # -x is ~x + 1, and the 1 is added with it: the error comes late from its memory.
        negated, kept = ~bits[lane], Signal.like(gradient, name=f"kept_{lane}")
        with m.If(~loaded.first):
            m.d.comb += kept.eq(gradient)
        signed_error = (error ^ negated.replicate(q_b))[:q_b].as_signed()
        with m.If(loaded.valid):
            both = (Cat(negated, number).as_signed() for number in (kept, signed_error))
            m.d.sync += gradient.eq(sum(both) >> 1)
        m.d.sync += moved.eq(Mux(used.bit_select(lane, 1), step, 0))
        fresh.append(saturated(code - moved, own))
    return fresh


def codes(row: Value, lanes: int, width: int) -> list[Value]:
    """Return the codes of a row.

    Parameters
    ----------
    row : Value
    lanes : int
        L, codes in the row.
    width : int
        Bits of a code.
    """
    return [row.word_select(lane, width).as_signed() for lane in range(lanes)]


def _used(params: TrainerParams, last: Value) -> Value:
    """Return a mask of the lanes that hold inputs of the classifier: hidden bits are among them."""
    return used_lanes(replace(params, hidden=0, features=params.concat), last)
