# SPDX-License-Identifier: MIT
"""Bridge from the bytes of a serial port to the buses of the chip (docs/board.md)."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, unsigned
from amaranth.lib import enum, stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out

from rtl.axi_lite import read_layout, write_layout
from rtl.axi_lite_master import access_registers
from rtl.dispatch import WORD, word_layout
from rtl.output import packet_layout
from rtl.registers import ADDRESS_WIDTH

__all__ = ["LONGEST", "LOST", "MOST_WORDS", "ROOM", "Answer", "Request", "SerialBridge"]

#: Most words of a request to send.
MOST_WORDS = 31
#: Bytes of the longest request.
LONGEST = 2 + 8 * MOST_WORDS
#: Bytes that the bridge takes while a request waits for the chip: that many zeros and an echo, too.
ROOM = 512
#: Bit of the status of an answer that tells of lost bytes; the two bits below are the response.
LOST = 4


class Request(enum.IntEnum, shape=unsigned(8)):
    """First byte of a request."""

    NOTHING = 0
    READ = 1  # address of 2 bytes
    WRITE = 2  # address of 2 bytes, data of 4
    SEND = 3  # number of words, at most 31; words of 8 bytes
    SEND_LAST = 4  # the same; the last word ends a packet
    ECHO = 5  # 8 bytes, which come back


class Answer(enum.IntEnum, shape=unsigned(8)):
    """First byte of what the bridge sends besides answers, which begin as their request does."""

    WORD = 16  # side information of 2 bytes, word of 8
    WORD_LAST = 17  # the same; it ends a packet


class SerialBridge(wiring.Component):
    """Bridge that does one request after another, and sends on the chip's words in between.

    A request is answered when it is done: its first byte, a status, then 4 bytes of data for a
    read, and the 8 bytes of an echo. All numbers have their lowest byte first. A word of the chip
    is sent as soon as no answer waits. `Request` and `Answer` tell what follows which byte. A byte
    that begins no request, or names too many words, is dropped and counts as lost. Who has at
    most one request under way loses no byte. Reset drops everything.

    Members
    -------
    i : In(stream.Signature(8))
        Bytes of requests.
    lost : In(1)
        A byte before `i` was lost. The next answer tells of it.
    o : Out(stream.Signature(8))
        Bytes of answers and words.
    aw, w, b, ar, r : streams
        AXI4-Lite, as of `rtl.axi_lite.AxiLite`, from the side of the master.
    packets : Out(stream.Signature(word_layout()))
        Words to the chip.
    words : In(stream.Signature(packet_layout()))
        Words of the chip.
    """

    #: Cycles from the last byte of a word to the word.
    latency = 3
    #: Cycles from one word to the chip to the next.
    interval = 9

    def __init__(self) -> None:
        super().__init__({
            "i": In(stream.Signature(8)),
            "lost": In(1),
            "o": Out(stream.Signature(8)),
            "aw": Out(stream.Signature(ADDRESS_WIDTH)),
            "w": Out(stream.Signature(write_layout())),
            "b": In(stream.Signature(2)),
            "ar": Out(stream.Signature(ADDRESS_WIDTH)),
            "r": In(stream.Signature(read_layout())),
            "packets": Out(stream.Signature(word_layout())),
            "words": In(stream.Signature(packet_layout())),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.fifo = fifo = SyncFIFOBuffered(width=8, depth=ROOM)
        wiring.connect(m, wiring.flipped(self.i), fifo.w_stream)
        now = _UnderWay()
        with m.FSM():
            self._begin(m, fifo.r_stream, now)
            self._gather(m, fifo.r_stream, now)
            was_read, was_written = self._access(m, now)
            with m.State("word"):
                last = now.words == 1
                m.d.comb += [
                    self.packets.valid.eq(1),
                    self.packets.payload.data.eq(now.bytes),
                    self.packets.payload.keep.eq(~Const(0, WORD // 8)),
                    self.packets.payload.last.eq(last & (now.request == Request.SEND_LAST)),
                ]
                with m.If(self.packets.ready):
                    m.d.sync += [now.words.eq(now.words - 1), now.left.eq(8)]
                    m.next = "gather"
                    with m.If(last):
                        m.next = "answer"
            with m.State("answer"):
                m.d.comb += now.answers.eq(1)
                with m.If(now.answered):
                    m.next = "begin"
        with m.If(was_read):
            m.d.sync += [now.bytes.eq(self.r.payload.data), now.response.eq(self.r.payload.resp)]
        with m.If(was_written):
            m.d.sync += now.response.eq(self.b.payload)
        self._send(m, now)
        return m

    def _begin(self, m: Module, i: stream.Interface, now: "_UnderWay") -> None:
        """Take the first byte of a request, and the number of its words."""
        with m.State("begin"):
            m.d.comb += i.ready.eq(1)
            m.d.sync += [now.request.eq(i.payload), now.response.eq(0)]
            with m.If(i.valid), m.Switch(i.payload):
                for request, size in ((Request.READ, 2), (Request.WRITE, 6), (Request.ECHO, 8)):
                    with m.Case(request):
                        m.d.sync += now.left.eq(size)
                        m.next = "gather"
                with m.Case(Request.SEND, Request.SEND_LAST):
                    m.next = "count"
                with m.Case(Request.NOTHING):
                    pass
                with m.Default():
                    m.d.comb += now.strange.eq(1)
        with m.State("count"):
            m.d.comb += i.ready.eq(1)
            m.d.sync += [now.words.eq(i.payload), now.left.eq(8)]
            with m.If(i.valid):
                m.next = "gather"
                with m.If(i.payload == 0):
                    m.next = "answer"
                with m.Elif(i.payload > MOST_WORDS):
                    m.d.comb += now.strange.eq(1)
                    m.next = "begin"

    def _gather(self, m: Module, i: stream.Interface, now: "_UnderWay") -> None:
        """Take the bytes that the request still needs; the last one comes to lie highest."""
        with m.State("gather"):
            m.d.comb += i.ready.eq(1)
            with m.If(i.valid):
                m.d.sync += [
                    now.bytes.eq(Cat(now.bytes[8:], i.payload)),
                    now.left.eq(now.left - 1),
                ]
                with m.If(now.left == 1), m.Switch(now.request):
                    with m.Case(Request.READ):
                        m.next = "read"
                    with m.Case(Request.WRITE):
                        m.next = "write"
                    with m.Case(Request.ECHO):
                        m.next = "answer"
                    with m.Default():
                        m.next = "word"

    def _access(self, m: Module, now: "_UnderWay") -> tuple[Signal, Signal]:
        """Read or write a register; return whether it was read or written in this cycle."""
        m.d.comb += [self.w.payload.data.eq(now.bytes[-32:]), self.w.payload.strb.eq(0b1111)]
        return access_registers(m, self, now.bytes[-16:], now.bytes[16:32])

    def _send(self, m: Module, now: "_UnderWay") -> None:
        """Send answers and words, each whole."""
        word = self.words.payload
        frame = Signal(8 + 16 + WORD)  # the bytes that are left of it, the next one lowest
        left = Signal(range(len(frame) // 8 + 1))
        lost, losing = Signal(), self.lost | now.strange
        m.d.comb += [self.o.valid.eq(left != 0), self.o.payload.eq(frame)]
        m.d.sync += lost.eq(lost | losing)
        with m.If(left != 0):
            goes = self.o.ready
            m.d.sync += [frame.eq(Mux(goes, frame >> 8, frame)), left.eq(left - goes)]
        with m.Elif(now.answers):
            m.d.comb += now.answered.eq(1)
            status = Cat(now.response, lost, Const(0, 5))
            m.d.sync += [frame.eq(Cat(now.request, status, now.bytes)), lost.eq(losing), left.eq(2)]
            with m.If(now.request == Request.READ):
                m.d.sync += left.eq(6)
            with m.If(now.request == Request.ECHO):
                m.d.sync += left.eq(10)
        with m.Else():
            m.d.comb += self.words.ready.eq(1)
            kind = Mux(word.last, Answer.WORD_LAST, Answer.WORD)
            user = word.user.as_value()
            with m.If(self.words.valid):
                m.d.sync += [
                    frame.eq(Cat(kind, user, Const(0, 16 - len(user)), word.data)),
                    left.eq(11),
                ]


class _UnderWay:
    """The request under way."""

    def __init__(self) -> None:
        self.request = Signal(8)
        self.bytes = Signal(WORD)  # its bytes, then those of the answer
        self.left = Signal(range(9))  # bytes until it can go on
        self.words = Signal(8)  # words to send
        self.response = Signal(2)  # of AXI4-Lite
        self.answers = Signal()  # it is done, and waits until it may answer
        self.answered = Signal()  # the answer is taken
        self.strange = Signal()  # a byte begins no request
