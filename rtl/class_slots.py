# SPDX-License-Identifier: MIT
"""What counters of classes have in common: slots that are opened, and rows of counts divided."""

from typing import Any

from amaranth.hdl import Module, Mux, Signal, Value, unsigned
from amaranth.lib import enum
from amaranth.lib.data import StructLayout
from amaranth.lib.memory import ReadPort, WritePort
from amaranth.utils import bits_for

from golden.params import ClassCounterParams
from golden.params.classes import MAX_COUNT
from rtl.mean_code import MeanCode

__all__ = [
    "COUNT_WIDTH",
    "Operation",
    "SlotUnderWay",
    "command_layout",
    "divide_rows",
    "do_command",
    "take_request",
]

#: Bits of a count.
COUNT_WIDTH = bits_for(MAX_COUNT)


class Operation(enum.IntEnum, shape=unsigned(2)):
    """What a command does with its slot."""

    OPEN = 0
    REOPEN = 1
    CLOSE = 2
    NONE = 3


def command_layout(params: ClassCounterParams) -> StructLayout:
    """Return the layout of a command: what it does, with which slot, and to open it, its class."""
    return StructLayout({
        "operation": Operation,
        "slot": bits_for(params.slots - 1),
        "label": bits_for(params.prototypes.classes - 1),
    })  # fmt: skip


class SlotUnderWay:
    """Registers of the slot of the current exemplar, command or class, and what follows from them.

    Parameters
    ----------
    params : ClassCounterParams
    """

    def __init__(self, params: ClassCounterParams) -> None:
        memory, slots = params.prototypes, params.slots
        self.slot = Signal(bits_for(slots - 1))
        self.opened = Signal(slots)  # slots that are open
        self.begun = Signal(slots)  # slots that were opened since reset
        self.known = Signal()  # the slot is there,
        self.is_open = Signal()  # is open,
        self.is_begun = Signal()  # and was opened since reset
        self.learning = Signal()
        self.operation = Signal(Operation)
        self.label = Signal(bits_for(memory.classes - 1))  # class of the slot
        self.beat = Signal(range(memory.beats))
        self.step = Signal()  # go to the next beat
        self.read = Signal()  # read the counts of this beat
        self.last = Signal()  # it is the last one


def take_request(
    m: Module,
    now: SlotUnderWay,
    ports: Any,
    slots: int,
    kept: ReadPort,
    kept_write: WritePort,
) -> None:
    """Take an exemplar's slot, or else a command, and read what is kept of the slot.

    It is the state ``idle``; the state ``decide`` follows.

    Parameters
    ----------
    m : Module
    now : SlotUnderWay
    ports : wiring.PureInterface
        Those of the block.
    slots : int
        Number of slots.
    kept, kept_write : ReadPort, WritePort
        What is kept of slots, among it their `label`.
    """
    command = ports.commands.payload
    asked = Signal()  # an exemplar or a command waits, and the block is idle
    wanted = Signal.like(now.slot)
    m.d.comb += [
        wanted.eq(Mux(ports.i.valid, ports.i.payload.label, command.slot)),
        kept.en.eq(asked),
        kept.addr.eq(wanted),
        kept_write.addr.eq(now.slot),
        kept_write.data.label.eq(now.label),
        now.known.eq(now.slot < slots),
        now.is_open.eq(now.known & now.opened.bit_select(now.slot, 1)),
        now.is_begun.eq(now.known & now.begun.bit_select(now.slot, 1)),
    ]
    with m.State("idle"):
        m.d.comb += [
            ports.commands.ready.eq(~ports.i.valid),
            asked.eq(ports.i.valid | ports.commands.valid),
        ]
        m.d.sync += [
            now.slot.eq(wanted),
            now.learning.eq(ports.i.valid),
            now.operation.eq(command.operation),
            now.label.eq(command.label),
            now.beat.eq(0),
        ]
        with m.If(asked):
            m.next = "decide"


def do_command(
    m: Module, now: SlotUnderWay, ports: Any, some: Value, kept_write: WritePort
) -> Value:
    """Do what a command says, or refuse it, in a state whose next one is set already.

    Parameters
    ----------
    m : Module
    now : SlotUnderWay
    ports : wiring.PureInterface
        Those of the block.
    some : Value
        Whether the slot has an exemplar.
    kept_write : WritePort
        What is kept of slots. An open writes it.

    Returns
    -------
    Value
        Whether a class is to be closed; its slot is not open any more.
    """
    closes = Signal()
    opened, begun = (bits.bit_select(now.slot, 1) for bits in (now.opened, now.begun))
    with m.Switch(now.operation):
        with m.Case(Operation.OPEN):
            m.d.comb += kept_write.en.eq(now.known)
            m.d.sync += ports.closed.eq(ports.closed | ~now.known)
            with m.If(now.known):
                m.d.sync += [opened.eq(1), begun.eq(1)]
        with m.Case(Operation.REOPEN):
            m.d.sync += ports.closed.eq(ports.closed | ~now.is_begun)
            with m.If(now.is_begun):
                m.d.sync += opened.eq(1)
        with m.Case(Operation.CLOSE):
            m.d.comb += closes.eq(now.is_open & some)
            m.d.sync += [
                ports.closed.eq(ports.closed | ~now.is_open),
                ports.empty.eq(ports.empty | (now.is_open & ~some)),
            ]
            with m.If(closes):
                m.d.sync += opened.eq(0)
    return closes


def divide_rows(
    m: Module,
    params: ClassCounterParams,
    now: SlotUnderWay,
    rows: Any,
    read: ReadPort,
    number: Value,
    final: Signal,
) -> None:
    """Divide the counts of a row by the number of their exemplars, one after another.

    They are the states ``divide`` and ``round``. The state ``read`` reads a row before them, and
    the next one behind each but the last; behind that, the block is idle.

    Parameters
    ----------
    m : Module
    params : ClassCounterParams
    now : SlotUnderWay
    rows : stream.Interface
        Rows of codes.
    read : ReadPort
        Rows of counts.
    number : Value
        Exemplars of the counts of the row.
    final : Signal
        The row in work is the last one.
    """
    p = params.prototypes
    m.submodules.mean_code = mean_code = MeanCode(p.code_width, COUNT_WIDTH)
    lane = Signal(range(p.lanes))  # whose mean is divided
    # The choice of one lane of all is slow. That of the next one is made while a mean is
    # divided; that of lane 0 is no choice.
    following = Signal(range(p.lanes + 1))
    chosen = Signal(COUNT_WIDTH)
    m.d.sync += [
        chosen.eq(read.data.word_select(following, COUNT_WIDTH)),
        following.eq(Mux(now.read, 0, following)),
    ]
    m.d.comb += [
        mean_code.i.payload.count.eq(Mux(following == 0, read.data[:COUNT_WIDTH], chosen)),
        mean_code.i.payload.number.eq(number),
    ]
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
