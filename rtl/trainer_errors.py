# SPDX-License-Identifier: MIT
"""Errors of the exemplars of a batch, between the softmax and the gradients."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import stream
from amaranth.lib.memory import ReadPort

from golden.params.training import PROBABILITY_BITS
from rtl.affine import rounded
from rtl.memories import Memory
from rtl.trainer_control import UnderWay

__all__ = ["keep_errors"]


def keep_errors(
    m: Module, now: UnderWay, shares: stream.Interface, word: Signal
) -> tuple[ReadPort, Signal]:
    """Keep the errors of exemplars; return where they are read, and the one that was read.

    Parameters
    ----------
    m : Module
    now : UnderWay
    shares : stream.Interface
        Those of the softmax, class by class.
    word : Signal
        Random word, which is used when a share is there.
    """
    p, noted = now.params, Signal.like(now.current, name="noted")
    q_b = int(p.backward_width)
    m.submodules.errors = errors = Memory(
        shape=signed(q_b), depth=now.batch * p.classes, attrs={"no_rw_check": 1}, one_port=True
    )
    read, write = errors.read_port(), errors.write_port()
    excess = Signal(signed(PROBABILITY_BITS + 2))
    error = Signal(signed(q_b))
    m.d.comb += [
        shares.ready.eq(1),
        excess.eq(shares.payload.share - ((noted == now.label) << PROBABILITY_BITS)),
        read.addr.eq(now.error_at),
        read.en.eq(now.asked.valid & now.updating),
    ]
    m.d.sync += [
        write.en.eq(shares.valid),
        write.addr.eq(now.error_base + noted),
        write.data.eq(rounded(excess, p.errors, word)),
        error.eq(read.data),
    ]
    with m.If(shares.valid):
        m.d.sync += noted.eq(Mux(shares.payload.last, 0, noted + 1))
    return read, error
