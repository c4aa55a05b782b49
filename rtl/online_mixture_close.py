# SPDX-License-Identifier: MIT
"""The close of a class of competing components: thresholds, header, and codes row by row."""

from typing import Any

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.memory import ReadPort

from rtl.mean_code import MeanCode
from rtl.online_mixture_control import THRESHOLD_WIDTH, UnderWay
from rtl.quotient import Quotient

__all__ = ["close_class"]


def close_class(m: Module, now: UnderWay, ports: Any, number: ReadPort, read: ReadPort) -> None:
    """Append a class: its header, and row by row the codes of its counts.

    Parameters
    ----------
    m : Module
    now : UnderWay
    ports : wiring.PureInterface
        Those of the block.
    number : ReadPort
        Numbers of exemplars of components.
    read : ReadPort
        Rows of counts.
    """
    header = ports.append.payload
    m.d.comb += [header.count.eq(now.used), header.label.eq(now.label)]
    if now.params.components > 1:
        m.d.comb += header.thresholds.as_value().eq(now.thresholds.as_value())
        _weigh(m, now, number)
    with m.State("append"):
        m.d.comb += ports.append.valid.eq(1)
        with m.If(ports.append.ready):
            m.next = "read"
    _write_rows(m, now, ports.rows, number, read)


def _weigh(m: Module, now: UnderWay, number: ReadPort) -> None:
    """Divide what all components up to one have seen by what the slot has, one after another."""
    width = len(now.total)
    m.submodules.quotient = quotient = Quotient(THRESHOLD_WIDTH, width)
    found = quotient.o.payload
    up = found.above | found.half
    m.d.comb += [
        quotient.i.payload.rest.eq(now.ends),
        quotient.i.payload.divisor.eq(now.total),
        quotient.i.payload.digits.eq(THRESHOLD_WIDTH),
    ]
    with m.State("weigh"):
        m.d.comb += now.look.eq(1)
        m.next = "add"
    with m.State("add"):
        m.d.sync += now.ends.eq(now.ends + number.data)
        m.next = "share"
    with m.State("share"):
        m.d.comb += quotient.i.valid.eq(1)
        with m.If(quotient.i.ready):
            m.next = "bound"
    with m.State("bound"):
        m.d.comb += quotient.o.ready.eq(1)
        with m.If(quotient.o.valid):
            whole = found.quotient.all()
            m.d.sync += [
                now.thresholds[now.component].eq(found.quotient + (up & ~whole)),
                now.component.eq(now.component + 1),
            ]
            m.next = "weigh"
            with m.If(now.component + 2 == now.used):
                m.d.sync += now.component.eq(0)
                m.next = "append"


def _write_rows(m: Module, now: UnderWay, rows: Any, number: ReadPort, read: ReadPort) -> None:
    """Read row after row, and divide its counts by the number of their component, one by one."""
    p = now.counter.prototypes
    m.submodules.mean_code = mean_code = MeanCode(p.code_width, now.count_width)
    lane = Signal(range(p.lanes))  # whose mean is divided
    # The choice of one lane of all is slow. That of the next one is made while a mean is
    # divided; that of lane 0 is no choice.
    following = Signal(range(p.lanes + 1))
    chosen = Signal(now.count_width)
    final = Signal()  # the row in work is the last one
    means = mean_code.i.payload
    m.d.sync += chosen.eq(read.data.word_select(following, now.count_width))
    m.d.comb += [
        means.count.eq(Mux(following == 0, read.data[: now.count_width], chosen)),
        means.number.eq(number.data),
    ]
    with m.State("read"):
        m.d.comb += [now.step.eq(1), now.read.eq(1), now.look.eq(now.beat == 0)]
        ends = now.component + 1 == now.used
        m.d.sync += [final.eq(now.last & ends), following.eq(0)]
        with m.If(now.last):
            m.d.sync += now.component.eq(now.component + 1)
        m.next = "divide"
    with m.State("divide"):
        m.d.comb += mean_code.i.valid.eq(1)
        with m.If(mean_code.i.ready):
            m.d.sync += [lane.eq(following), following.eq(following + 1)]
            m.next = "round"
    with m.State("round"):
        m.d.comb += mean_code.o.ready.eq(~rows.valid | rows.ready)
        with m.If(mean_code.o.valid & mean_code.o.ready):
            code = rows.payload.word_select(lane, p.code_width)
            m.d.sync += code.eq(mean_code.o.payload)
            m.next = "divide"
            with m.If(lane == p.lanes - 1):
                m.d.sync += rows.valid.eq(1)
                m.next = "read"
                with m.If(final):
                    m.next = "idle"
