# SPDX-License-Identifier: MIT
"""Sums of the low-rank discriminant: entries where a vector has ones, and costs (contract, 18)."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import enum
from amaranth.lib.data import StructLayout
from amaranth.utils import bits_for

from golden.params import LowRankParams
from rtl.adder_tree import add_up, levels_of
from rtl.lanes import used_lanes
from rtl.memories import Memory

__all__ = ["COST_BITS", "Sums", "Task", "mark_layout", "stages_of"]

COST_BITS = 53  # of a cost without its sign
COMPARED = 3  # stages from the sums of a component to its comparison
WEIGHED = 5  # stages from the projections of a direction to the sum of their products


class Task(enum.IntEnum, shape=unsigned(2)):
    """What a row is added up for."""

    PICTURE = 0  # projection of the bits of a picture
    COMPONENT = 1  # projection of the planes of a component
    COST = 2  # product of both


def mark_layout(params: LowRankParams) -> StructLayout:
    """Return the layout of what goes beside the numbers of a row on its way.

    Returns
    -------
    StructLayout
        ``adds``: there is a row to add. ``weighs``: there is a direction to weigh. ``first`` and
        ``last`` of a sum. ``end``: it is the last row of its vector. ``final``: nothing comes
        behind it. ``task``. ``direction``: R stands for the vector itself. ``plane``: the weight
        ``2^plane`` of the bits. ``component``, ``label``: of whom it is.
    """
    p = params.prototypes
    flags = dict.fromkeys(("adds", "weighs", "first", "last", "end", "final"), 1)
    return StructLayout({
        **flags,
        "task": Task,
        "direction": bits_for(params.rank),
        "plane": bits_for(p.code_width),
        "component": bits_for(p.components - 1),
        "label": bits_for(p.classes - 1),
    })  # fmt: skip


def stages_of(params: LowRankParams) -> int:
    """Return how many cycles it takes a row from the first stage to the last."""
    return max(_summed(params), WEIGHED) + COMPARED


def _summed(params: LowRankParams) -> int:
    """Return the stage in which a sum is complete."""
    return 3 + levels_of(params.prototypes.lanes)


class Sums:
    """The stages that a row goes through, and the memories of what it is added up to.

    One tree adds, in each cycle, the entries of those lanes whose bits are 1. The entries are those
    of a direction, or the levels u of the codes of a row; the bits are those of the picture, or a
    plane of u. Of ``|d|^2 = |u|^2 + 4^q * |x|^2 - 2^(q+1) * (x . u)`` it makes all three.

    Parameters
    ----------
    m : Module
    params : LowRankParams
    basis, picture, codes : Value
        Rows of entries, of bits and of codes, a cycle after they were asked for.

    Attributes
    ----------
    asked : Signal
        Mark of the row that is asked for.
    stages : list of Signal
        Marks of all stages, that one first. In the last one a `cost` is compared.
    cost : Signal
        Cost of a component.
    """

    def __init__(
        self, m: Module, params: LowRankParams, basis: Value, picture: Value, codes: Value
    ) -> None:
        self.params = params
        self.summed = _summed(params)  # the stage in which a sum is complete
        self.whole = stages_of(params) - COMPARED  # that in which both sums are
        self.asked = Signal(mark_layout(params), name="asked")
        self.stages = [self.asked]
        for number in range(1, stages_of(params) + 1):
            self.stages.append(Signal(mark_layout(params), name=f"stage_{number}"))
            m.d.sync += self.stages[-1].eq(self.stages[-2])
        terms = self._terms(m, basis, picture, codes)
        p = params.prototypes
        largest = max(params.highest_entry * 2**p.code_width, 4**p.code_width) * p.features
        self.total = Signal(signed(bits_for(largest) + 1))
        adding, tree = self.stages[self.summed - 1], add_up(m, terms)
        with m.If(adding.adds):
            m.d.sync += self.total.eq(Mux(adding.first, 0, self.total) + (tree << adding.plane))
        self.cost = Signal(signed(COST_BITS + 1))
        self._keep(m)

    def weigh(self, m: Module, factors: Memory, exponent: Value) -> None:
        """Weigh the squares of all directions of a component, and make its cost.

        Parameters
        ----------
        m : Module
        factors : Memory
            Factor of each direction.
        exponent : Value
            s.
        """
        p, width = self.params.prototypes, self.params.projection_width
        r = self.whole - WEIGHED
        asked, weighing = self.stages[r], self.stages[r + WEIGHED - 1]
        own, other = self.projections.read_port(), self.measured.read_port()
        factor = factors.read_port()
        difference = Signal(signed(width))
        square = Signal(2 * width - 1)
        weighted = Signal(len(square) + self.params.factor_width)
        late_factors = [Signal(self.params.factor_width, name=f"factor_{n}") for n in (2, 3)]
        penalties = [Signal(COST_BITS, name=f"penalty_{n}") for n in range(COMPARED)]
        m.d.comb += [
            own.addr.eq(asked.component * self.params.rank + asked.direction),
            other.addr.eq(asked.direction),
            factor.addr.eq(asked.direction),
            *(port.en.eq(asked.weighs) for port in (own, other, factor)),
        ]
        m.d.sync += [
            difference.eq((other.data << p.code_width) - own.data),
            Cat(late_factors).eq(Cat(factor.data, late_factors)),
            square.eq(difference * difference),
            weighted.eq(square * late_factors[-1]),
            *(late.eq(penalty) for penalty, late in zip(penalties, penalties[1:], strict=False)),
        ]
        with m.If(weighing.weighs):
            m.d.sync += penalties[0].eq(Mux(weighing.first, 0, penalties[0]) + weighted)
        norm, product = self.norms.read_port(), self.total
        for number in range(self.summed, self.whole):
            late = Signal.like(product, name=f"product_{number}")
            m.d.sync += late.eq(product)
            product = late
        before = self.stages[self.whole - 1]
        m.d.comb += [
            norm.addr.eq(before.component),
            norm.en.eq(before.last & (before.task == Task.COST)),
        ]
        distance = Signal(2 * p.code_width + bits_for(p.features) + 1)
        scaled = Signal(COST_BITS)
        m.d.sync += [
            distance.eq(
                norm.data + (self.ones << 2 * p.code_width) - (product << p.code_width + 1)
            ),
            scaled.eq(distance << exponent),
            self.cost.eq(scaled - penalties[-1]),
        ]

    def _terms(self, m: Module, basis: Value, picture: Value, codes: Value) -> list[Signal]:
        """Return what each lane adds, in the second stage."""
        params, p, mark = self.params, self.params.prototypes, self.stages[1]
        q, b = p.code_width, params.basis_width
        used, itself = used_lanes(p, mark.end), mark.direction == params.rank
        terms = []
        for lane in range(p.lanes):
            code, given = codes[lane], basis.word_select(lane, b)
            level = Signal(q + 1, name=f"level_{lane}")
            entry = Signal(signed(max(b, q + 2)), name=f"entry_{lane}")
            term = Signal.like(entry, name=f"term_{lane}")
            direction = Mux(given, 1, -1) if b == 1 else given.as_signed()
            bit = Mux(mark.task == Task.COMPONENT, level.bit_select(mark.plane, 1), picture[lane])
            m.d.comb += [level.eq(code + code[-1]), entry.eq(direction)]
            with m.If((mark.task == Task.PICTURE) & itself):
                m.d.comb += entry.eq(1)
            with m.Elif((mark.task == Task.COST) | itself):
                m.d.comb += entry.eq(level)
            m.d.sync += term.eq(Mux(bit & used.bit_select(lane, 1), entry, 0))
            terms.append(term)
        return terms

    def _keep(self, m: Module) -> None:
        """Keep the sums of pictures and components."""
        params, p, mark = self.params, self.params.prototypes, self.stages[self.summed]
        once = {"no_rw_check": 1}  # what is written is read in a later cycle
        seen = bits_for(params.highest_entry * p.features) + 1
        self.ones = Signal(bits_for(p.features))  # |x|^2
        m.submodules.measured = self.measured = Memory(
            shape=signed(seen), depth=params.rank, init=[], attrs=once
        )
        m.submodules.projections = self.projections = Memory(
            shape=signed(params.projection_width),
            depth=params.rank * p.components,
            init=[],
            attrs=once,
        )
        m.submodules.norms = self.norms = Memory(
            shape=unsigned(bits_for(p.features * 4**p.code_width)),
            depth=p.components,
            init=[],
            attrs=once,
        )
        complete, itself = mark.adds & mark.last, mark.direction == params.rank
        of_picture = complete & (mark.task == Task.PICTURE)
        of_component = complete & (mark.task == Task.COMPONENT)
        places = (
            (self.measured, of_picture & ~itself, mark.direction),
            (self.projections, of_component & ~itself,
             mark.component * params.rank + mark.direction),
            (self.norms, of_component & itself, mark.component),
        )  # fmt: skip
        for memory, en, place in places:
            write = memory.write_port()
            m.d.comb += [write.en.eq(en), write.addr.eq(place), write.data.eq(self.total)]
        with m.If(of_picture & itself):
            m.d.sync += self.ones.eq(self.total)
