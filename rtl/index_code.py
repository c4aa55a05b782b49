# SPDX-License-Identifier: MIT
"""Codes computed from the index of a sample, with additions only (contract, 11)."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from golden.params import IndexCodeParams

__all__ = ["IndexCode", "code_layout", "request_layout"]


def request_layout(params: IndexCodeParams) -> StructLayout:
    """Return the layout of a request: low bits of the first index, task, and number of codes."""
    task = {} if params.task == "none" else {"task": params.task_width}
    return StructLayout({"index": params.width, **task, "count": bits_for(params.samples)})


def code_layout(params: IndexCodeParams) -> StructLayout:
    """Return the layout of a code, with `last` on the final one of its request."""
    return StructLayout({"code": params.bits, "last": 1})


class IndexCode(wiring.Component):
    """Generator of the codes of consecutive indices.

    A sub-vector has one register of m bits and one adder, whose addend is the constant P or 0. For
    a request, the register goes through the bits of the index, the highest first and one a cycle.
    It is doubled, and P is added if the bit is 1. So it reaches any index in as many cycles as the
    index has bits, or the task, if that has more. The first code is offered `latency` cycles after
    the request. From then on, an addition of P gives the next code, one a cycle while codes are
    taken. The next request is taken in the cycle in which the last code is taken, so a request
    takes ``latency - 1 + count`` cycles.

    Reset drops the current request.

    Parameters
    ----------
    params : IndexCodeParams
        Parameters of the paper's code. The released code needs a division and is refused.

    Members
    -------
    i : In(stream.Signature(request_layout(params)))
        Requests. Each asks for at least one code.
    o : Out(stream.Signature(code_layout(params)))
        Codes.

    Raises
    ------
    ValueError
        If the code is the released one.
    """

    #: Cycles from one code to the next.
    interval = 1

    def __init__(self, params: IndexCodeParams) -> None:
        if params.code != "paper":
            raise ValueError(f"Index code in hardware must be paper, not {params.code!r}")
        self.params = params
        self._digits = max(params.width, 0 if params.task == "none" else params.task_width)
        #: Cycles from a request to its first code.
        self.latency = self._digits + 1
        super().__init__({
            "i": In(stream.Signature(request_layout(params))),
            "o": Out(stream.Signature(code_layout(params))),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p, i, o = self.params, self.i, self.o
        left = Signal.like(i.payload.count)  # remaining codes, including the offered one
        digits_left = Signal(range(self._digits + 1))
        seeking, load, following = Signal(), Signal(), Signal()
        m.d.comb += [
            seeking.eq(digits_left != 0),
            o.valid.eq((left != 0) & ~seeking),
            o.payload.last.eq(left == 1),
            following.eq(o.valid & o.ready),
            i.ready.eq((left == 0) | (following & o.payload.last)),
            load.eq(i.valid & i.ready),
        ]
        with m.If(load):
            m.d.sync += [left.eq(i.payload.count), digits_left.eq(self._digits)]
        with m.Elif(seeking):
            m.d.sync += digits_left.eq(digits_left - 1)
        with m.Elif(following):
            m.d.sync += left.eq(left - 1)

        parts = [self._part(m, "index", load, seeking, seeking | following)]
        if p.task != "none":
            parts.insert(p.task == "suffix", self._part(m, "task", load, seeking, seeking))
        m.d.comb += o.payload.code.eq(Cat(parts))
        return m

    def _part(self, m: Module, name: str, load: Value, seeking: Value, step: Value) -> Value:
        """Return the sub-vectors of the index or of the task, each a register with one adder."""
        p = self.params
        width, powers = {
            "index": (p.width, p.powers),
            "task": (p.task_width, p.task_powers),
        }[name]
        digits = Signal(self._digits, name=name)  # unused digits, the next one at the top
        m.d.sync += digits.eq(Mux(load, self.i.payload[name], digits << 1))
        multiples = [Signal(width, name=f"{name}_multiple_{k}") for k in range(len(powers))]
        for multiple, power in zip(multiples, powers, strict=True):
            with m.If(load):
                m.d.sync += multiple.eq(0)
            with m.Elif(step):
                doubled = Mux(seeking, multiple << 1, multiple)
                m.d.sync += multiple.eq(doubled + Mux(seeking & ~digits[-1], 0, power))
        return Value.cast(Cat(multiples))
