# SPDX-License-Identifier: MIT
"""The close of a class of competing components: thresholds, header, and codes row by row."""

from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib.memory import ReadPort

from rtl.class_slots import divide_rows
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
    final = Signal()  # the row in work is the last one
    with m.State("read"):
        m.d.comb += [now.step.eq(1), now.read.eq(1), now.look.eq(now.beat == 0)]
        ends = now.component + 1 == now.used
        m.d.sync += final.eq(now.last & ends)
        with m.If(now.last):
            m.d.sync += now.component.eq(now.component + 1)
        m.next = "divide"
    divide_rows(m, now.counter, now, rows, read, number.data, final)
