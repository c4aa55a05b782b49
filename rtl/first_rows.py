# SPDX-License-Identifier: MIT
"""First rows of a class in the trainer, from the codes of its means (contract, 12)."""

import math

from amaranth.hdl import Cat, Module, Mux, Signal, signed, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from golden.params import BernoulliParams, TrainerParams
from rtl.affine import saturated
from rtl.memories import Memory
from rtl.trainer import row_layout

__all__ = ["FirstRows", "codes_layout", "magnitudes"]

SHARE = 20  # a weight begins with this part of the log-odds
FARTHEST = 24 / 25  # of 2P - 1, for chances P between 1/50 and 49/50


def codes_layout(params: TrainerParams, code_width: int) -> StructLayout:
    """Return the layout of a row of codes, lane 0 first, with its class."""
    return StructLayout({
        "label": bits_for(params.classes - 1),
        "codes": unsigned(params.lanes * code_width),
    })  # fmt: skip


def magnitudes(params: TrainerParams, code_width: int) -> list[int]:
    """Return the magnitudes of the weights of the codes ``h + i``, ``h = 2^(q-1)``.

    Their chances are ``P = (h + 1 + i) / 2^q``, so that ``2P - 1 = (i + 1) / h``, and the log-odds
    are ``2 * atanh(2P - 1)``. No magnitude exceeds ``2^(q_b-1)``, that of the lowest weight.

    Parameters
    ----------
    params : TrainerParams
    code_width : int
        q.

    Returns
    -------
    list of 2^(q-1) int
        The codes ``h - 1 - i`` have the same magnitudes.
    """
    half, width = 2 ** (code_width - 1), int(params.backward_width)
    unit = 2.0 ** (width - params.weight_exponent) / SHARE
    means = (min(FARTHEST, (i + 1) / half) for i in range(half))
    return [min(2 ** (width - 1), round(unit * math.atanh(mean))) for mean in means]


class FirstRows(wiring.Component):
    """Table that turns the codes of a class into the rows with which it begins in the trainer.

    A code and its complement have weights of one magnitude, so that the table holds half of them.
    One lane after the other looks its weight up, one a cycle: a class counter takes longer for each
    code, so that one table is enough for it. A row is offered `latency` cycles after its codes were
    taken, and the codes of the next row are taken in the cycle after it has left, so that a row
    takes `interval` cycles. Reset drops the class under way.

    Parameters
    ----------
    params : TrainerParams
        With H = 0.
    code_width : int
        q, bits of a code, 1..16.

    Members
    -------
    i : In(stream.Signature(codes_layout(params, code_width)))
        The B rows of codes of a class, in their order. The label of the first one is the class.
    o : Out(stream.Signature(row_layout(params)))
        Rows to write into a trainer. The weights of lanes past D are 0.
    unknown : Out(1)
        Set until reset when a class was not in ``0..C-1``. Its rows of codes have been dropped, one
        a cycle.

    Raises
    ------
    TypeError, ValueError
        If q is out of its range, or the hardware does not have this form.
    """

    def __init__(self, params: TrainerParams, code_width: int) -> None:
        BernoulliParams(code_width=code_width)
        if params.hidden or params.real:
            raise ValueError(
                "First rows must have H = 0 and integer weights in hardware, "
                f"not {params.hidden} and {params.backward_width}"
            )
        self.params, self.code_width = params, code_width
        #: Cycles from the codes of a row to its weights.
        self.latency = params.lanes + 2
        #: Cycles from one row to the next.
        self.interval = self.latency + 1
        super().__init__({
            "i": In(stream.Signature(codes_layout(params, code_width))),
            "o": Out(stream.Signature(row_layout(params))),
            "unknown": Out(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p, q, width = self.params, self.code_width, int(self.params.backward_width)
        rows = magnitudes(p, q)
        m.submodules.table = table = Memory(
            shape=unsigned(bits_for(max(rows))), depth=len(rows), init=rows
        )
        read = table.read_port()
        left = Signal(p.lanes * q)  # codes of the row that were not looked up yet
        code = left[:q]
        lane = Signal(range(p.lanes + 1))
        beat, label = Signal(range(p.beats)), Signal.like(self.i.payload.label)
        last = beat == p.beats - 1
        upper, used = Signal(), Signal()
        weight, weights = Signal(signed(width)), self.o.payload.weights
        wanted = Mux(beat == 0, self.i.payload.label, label)
        spare = p.beats * p.lanes - p.features
        m.d.comb += [
            read.addr.eq(Mux(code[-1], code[:-1], ~code[:-1])),
            self.o.payload.row.eq(label * p.beats + beat),
            # The highest weight is one less than the magnitude of the lowest.
            weight.eq(Mux(upper, saturated(Cat(read.data, 0).as_signed(), width), -read.data)),
        ]
        with m.FSM() as fsm:
            m.d.comb += read.en.eq(fsm.ongoing("look_up") & (lane != p.lanes))
            with m.State("take"):
                m.d.comb += self.i.ready.eq(1)
                m.d.sync += [left.eq(self.i.payload.codes), label.eq(wanted), lane.eq(0)]
                with m.If(self.i.valid):
                    m.next = "look_up"
                    with m.If(wanted >= p.classes):
                        m.d.sync += [self.unknown.eq(1), beat.eq(Mux(last, 0, beat + 1))]
                        m.next = "take"
            with m.State("look_up"):
                m.d.sync += [
                    left.eq(left >> q),
                    lane.eq(lane + 1),
                    upper.eq(code[-1]),
                    used.eq(~last | (lane < p.lanes - spare)),
                    # Lane 0 comes in the second cycle; what came in the first leaves with the last.
                    weights.eq(Cat(weights[width:], Mux(used, weight, 0))),
                ]
                with m.If(lane == p.lanes):
                    m.next = "offer"
            with m.State("offer"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.d.sync += beat.eq(Mux(last, 0, beat + 1))
                    m.next = "take"
        return m
