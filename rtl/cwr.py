# SPDX-License-Identifier: MIT
"""CWR*: it consolidates the weights of the classifier after every experience (contract, 12)."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from golden.params import CwrParams
from golden.params.checks import check_integer
from golden.params.training import MAX_LANES, SEEN_BITS, SHARE_BITS
from rtl.affine import saturated
from rtl.cwr_control import Operation, UnderWay, command, command_layout, next_row, take
from rtl.memories import Memory
from rtl.quotient import Quotient
from rtl.root import Root

__all__ = ["Cwr"]

SHARE_DIGITS = SEEN_BITS + 2 * SHARE_BITS  # of the quotient whose root is the weight of the past


class Cwr(wiring.Component):
    """Unit that mixes trained rows into the consolidated ones, and counts samples of every class.

    A command to sum takes the B = ceil(F/L) rows tw of a class and adds their weights up, a lane a
    cycle. A command to mix takes the rows tw and cw of a class and gives the new cw. The mean a is
    that of all rows that were summed between two commands to mix, and it stays for the commands to
    mix that follow. So sums of all classes before the first mix make the average "scalar", and one
    sum before each mix makes the average "row".

    Nothing is multiplied: ``cw * t + (tw - a) * 2^8`` is ``cw * s + (tw - a - cw) * 2^8`` with
    ``s = t + 2^8``, so that a weight moves by ``(tw - a - cw) * 2^8 / s``. One divider serves the
    mean, the weight of the past and all lanes, one after another. A quotient is rounded in the
    cycle after it is there, so that a lane takes q + 4 cycles.

    A row to sum takes `adding` cycles. A mix takes its first rows `weighing` cycles after its
    command, and `centring` more if it is the first after a sum. A new row is offered `latency`
    cycles after its rows were taken, and the next ones are taken in the cycle after it, so that a
    row takes `interval` cycles.

    After a reset, the count of one class a cycle is cleared, and nothing is taken. Reset drops the
    command under way and forgets what was summed.

    Parameters
    ----------
    params : CwrParams
        With an integer width q. Commands make the average, whichever it names.
    lanes : int
        L, weights of a row, 1..64.

    Members
    -------
    commands : In(stream.Signature(command_layout(params)))
        What to do. A sum needs neither class nor samples.
    tw : In(stream.Signature(L * q))
        Rows after training, lane 0 in the lowest bits. What is in lanes past F does not matter.
    cw : In(stream.Signature(L * q))
        Consolidated rows to mix; a row is taken together with that of `tw`.
    o : Out(stream.Signature(L * q))
        New rows. Lanes past F are 0.
    refused : Out(1)
        Set until reset when a command was one too many of C to sum, or when one to mix named a
        class that is not there, no sample, or came before any sum. It takes no row.

    Raises
    ------
    TypeError, ValueError
        If the lanes are out of their range, or the weights are no integers.
    """

    def __init__(self, params: CwrParams, lanes: int) -> None:
        check_integer("Lanes L", lanes, 1, MAX_LANES)
        if params.width == "float":
            raise ValueError("CWR* must have weights of 8, 16 or 32 bits in hardware, not float")
        self.params, self.lanes = params, lanes
        width = int(params.width)
        #: Cycles from a row to sum to the next.
        self.adding = 1 + lanes
        #: Cycles from a command to mix to its rows.
        self.weighing = 2 + SHARE_DIGITS + Quotient.latency + SHARE_DIGITS // 2 + 1
        #: Cycles that the first mix after a sum takes in addition.
        self.centring = 2 + width + Quotient.latency
        #: Cycles from the rows tw and cw to the new row.
        self.latency = 1 + lanes * (width + 2 + Quotient.interval)
        #: Cycles from one row to mix to the next.
        self.interval = self.latency + 1
        row = unsigned(lanes * width)
        super().__init__({
            "commands": In(stream.Signature(command_layout(params))),
            "tw": In(stream.Signature(row)),
            "cw": In(stream.Signature(row)),
            "o": Out(stream.Signature(row)),
            "refused": Out(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        now = UnderWay(self.params, self.lanes)
        m.submodules.quotient = quotient = Quotient(SHARE_DIGITS, now.divisor.shape().width)
        m.d.comb += [
            now.last.eq(now.beat == now.beats - 1),
            now.end.eq(now.lane == self.lanes - 1),
            now.used.eq(~now.last | (now.lane < now.in_last)),
        ]
        with m.FSM(init="clear") as fsm:
            self._weigh(m, now, quotient, clearing=fsm.ongoing("clear"), idle=fsm.ongoing("idle"))
            command(m, now, self)
            take(m, now, self)
            self._centre(m, now, quotient)
            self._mix(m, now, quotient)
        return m

    def _weigh(
        self, m: Module, now: UnderWay, quotient: Quotient, clearing: Value, idle: Value
    ) -> None:
        """Count the samples of the class, and find the divisor of its weights from their number."""
        p = self.params
        m.submodules.past = past = Memory(
            shape=unsigned(SEEN_BITS), depth=p.classes, init=[], attrs={"no_rw_check": 1}
        )
        m.submodules.root = root = Root(SHARE_DIGITS // 2)
        read, write = past.read_port(), past.write_port()
        # A register, because a block RAM answers too late to add to what it says.
        before = Signal(SEEN_BITS)
        counted = before + now.present
        asked = self.commands.payload
        m.d.comb += [
            read.addr.eq(asked.label),
            read.en.eq(idle & self.commands.valid & (asked.operation == Operation.MIX)),
            write.addr.eq(now.label),
            write.en.eq(clearing),
            write.data.eq(Mux(clearing, 0, Mux(counted[-1], 2**SEEN_BITS - 1, counted))),
            root.i.payload.eq(quotient.o.payload.quotient),
        ]
        with m.State("clear"):
            m.d.sync += now.label.eq(now.label + 1)
            with m.If(now.label == p.classes - 1):
                m.next = "idle"
        with m.State("weigh"):
            m.d.sync += before.eq(read.data)
            m.d.comb += [
                quotient.i.valid.eq(1),
                quotient.i.payload.number.eq(read.data << 2 * SHARE_BITS),
                quotient.i.payload.divisor.eq(now.present),
                quotient.i.payload.digits.eq(SHARE_DIGITS),
            ]
            m.next = "share"
        with m.State("share"):
            m.d.comb += [
                root.i.valid.eq(quotient.o.valid),
                quotient.o.ready.eq(root.i.ready),
                root.o.ready.eq(1),
                write.en.eq(root.o.valid),
            ]
            m.d.sync += now.divisor.eq(root.o.payload + 2**SHARE_BITS)
            with m.If(root.o.valid):
                m.next = "take"
                with m.If(~now.centred):
                    m.next = "centre"

    def _centre(self, m: Module, now: UnderWay, quotient: Quotient) -> None:
        """Divide the sum of all weights by their number."""
        width, o = int(self.params.width), quotient.o.payload
        size = Signal(len(now.total))
        below = now.total < 0
        m.d.comb += size.eq(Mux(below, -now.total, now.total))
        with m.State("centre"):
            # No mean is above 2^(q-1), so that the upper bits of the sum are below the divisor.
            m.d.comb += [
                quotient.i.valid.eq(1),
                quotient.i.payload.number.eq(size << SHARE_DIGITS - width),
                quotient.i.payload.rest.eq(size >> width),
                quotient.i.payload.divisor.eq(now.terms),
                quotient.i.payload.digits.eq(width),
            ]
            m.next = "centred"
        with m.State("centred"):
            m.d.sync += now.more.eq(o.above | (o.half & o.quotient[0]))
            with m.If(quotient.o.valid):
                m.next = "mean"
        with m.State("mean"):
            m.d.comb += quotient.o.ready.eq(1)
            mean = _moved(Const(0, 1), o.quotient[:width], now.more, below)
            m.d.sync += [now.mean.eq(mean), now.centred.eq(1)]
            m.next = "take"

    def _mix(self, m: Module, now: UnderWay, quotient: Quotient) -> None:
        """Move the weights of a row, one after another."""
        width, o = int(self.params.width), quotient.o.payload
        size = Signal(width + 1)
        below = now.way < 0
        fresh = saturated(_moved(now.cw, o.quotient[: width + 1], now.more, below), width)
        m.d.comb += size.eq(Mux(below, -now.way, now.way))
        with m.State("mix"):
            # A move is no longer than the way, for the divisor is 2^8 or more.
            m.d.comb += [
                quotient.i.valid.eq(1),
                quotient.i.payload.number.eq(size << SHARE_DIGITS + SHARE_BITS - 1 - width),
                quotient.i.payload.rest.eq(size >> width + 1 - SHARE_BITS),
                quotient.i.payload.divisor.eq(now.divisor),
                quotient.i.payload.digits.eq(width + 1),
            ]
            m.next = "round"
        with m.State("round"):
            # A tie goes to the even one of the weights, not of the moves.
            m.d.sync += now.more.eq(o.above | (o.half & (o.quotient[0] ^ now.cw[0])))
            with m.If(quotient.o.valid):
                m.next = "move"
        with m.State("move"):
            m.d.comb += quotient.o.ready.eq(1)
            m.d.sync += [
                self.o.payload.eq(Cat(self.o.payload[width:], Mux(now.used, fresh, 0)[:width])),
                *now.next_lane(),
            ]
            m.next = "mix"
            with m.If(now.end):
                m.next = "offer"
            with m.Else():
                m.d.sync += now.way_of(now.trained >> width, now.kept >> width)
        with m.State("offer"):
            m.d.comb += self.o.valid.eq(1)
            with m.If(self.o.ready):
                next_row(m, now)


def _moved(start: Value, size: Value, more: Value, below: Value) -> Value:
    """Return a signed start and a size, rounded up if there is more, added or subtracted.

    One adder does it: ``-(s + more)`` is ``~s + 1 - more``.
    """
    carry = more ^ below
    step = Cat(size ^ below.replicate(len(size)), below).as_signed()
    kept, added = (Cat(carry, number).as_signed() for number in (start, step))
    return (kept + added) >> 1
