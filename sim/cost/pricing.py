# SPDX-License-Identifier: MIT
"""Bills: counts times the values of a technology, for actions and for memories, line by line.

A value that the technology does not state becomes a line without a value and a warning. It never
becomes a zero.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from sim.cost.counts.tally import Action, Memory, Tally
from sim.cost.overheads import Circumstances, Overhead, combined, overheads
from sim.cost.quantity import Range
from sim.cost.technology.technology import Technology
from sim.cost.technology.tiling import MemoryPlan
from sim.cost.totals import Total, total

__all__ = ["Bill", "EnergyLine", "MemoryLine", "price", "price_memories"]

_NOTHING = Circumstances()

# Kinds of actions that access a memory.
_ACCESSES = ("read", "write")


@dataclass(frozen=True, kw_only=True)
class EnergyLine:
    """An action of a component, its number and its energy.

    Attributes
    ----------
    action : Action
    count : Fraction
        How often the action is done.
    each : Range or None
        Energy (J) of one action. None where the technology does not state it.
    """

    action: Action
    count: Fraction
    each: Range | None

    @property
    def total(self) -> Total:
        """Energy (J) of all these actions."""
        return Total.of(self.each, float(self.count))

    @property
    def is_memory(self) -> bool:
        """Whether the action accesses a memory."""
        return self.action.kind in _ACCESSES


@dataclass(frozen=True, kw_only=True)
class MemoryLine:
    """A memory and the macros that implement it.

    Attributes
    ----------
    memory : Memory
    plan : MemoryPlan or None
        Plan of one copy. None where the technology has no memories.
    """

    memory: Memory
    plan: MemoryPlan | None

    @property
    def physical_bits(self) -> int | None:
        """Bits of all macros."""
        return None if self.plan is None else self.plan.physical_bits * self.memory.copies

    @property
    def macros(self) -> str:
        """The macros of one copy in words; a dash where the technology has no memories."""
        return (self.plan.text or "formula") if self.plan else "-"

    @property
    def area(self) -> Total:
        """Area (m2) of all copies."""
        return Total.of(None if self.plan is None else self.plan.area, self.memory.copies)

    @property
    def leakage(self) -> Total:
        """Leakage (W) of all copies."""
        return Total.of(None if self.plan is None else self.plan.leakage, self.memory.copies)

    @property
    def missing(self) -> tuple[str, ...]:
        """Values that the technology does not state, in words."""
        if self.plan is None:
            return (f"memory {self.memory.component}",)
        values = {"area": self.plan.area, "leakage": self.plan.leakage}
        return tuple(
            f"{name} of {self.memory.component}" for name, value in values.items() if value is None
        )


@dataclass(frozen=True)
class Bill:
    """The energies of a tally, one line for each action, and what the chip takes beside them.

    Attributes
    ----------
    lines : tuple of EnergyLine
    overheads : tuple of Overhead
        `total` is the sum of both.
    """

    lines: tuple[EnergyLine, ...]
    overheads: tuple[Overhead, ...] = ()

    @property
    def total(self) -> Total:
        """Energy (J) of all actions and overheads; see `sim.cost.overheads.combined`."""
        return combined(self.actions, self.overheads)

    @property
    def actions(self) -> Total:
        """Energy (J) of all actions."""
        return total(line.total for line in self.lines)

    @property
    def memories(self) -> Total:
        """Energy (J) of the accesses to memories."""
        return total(line.total for line in self.lines if line.is_memory)

    @property
    def logic(self) -> Total:
        """Energy (J) of all actions that do not access a memory."""
        return total(line.total for line in self.lines if not line.is_memory)

    def beside(self, *names: str) -> Total:
        """Return the energy (J) of some overheads together."""
        return combined(Total(), (o for o in self.overheads if o.name in names))

    def by_component(self) -> dict[str, Total]:
        """Return the energy (J) of each memory, and of the logic of each component.

        The logic is named by the two outermost levels of its component. Overheads follow under
        their names.
        """
        sums: dict[str, Total] = {}
        for line in self.lines:
            component = line.action.component
            name = component if line.is_memory else ".".join(component.split(".")[:2])
            sums[name] = sums.get(name, Total()) + line.total
        return sums | {overhead.name: overhead.total for overhead in self.overheads}

    @property
    def missing(self) -> tuple[str, ...]:
        """Values that the technology does not state, in words."""
        actions = tuple(
            f"energy of {line.action.kind} ({line.action.component})"
            for line in self.lines
            if line.each is None
        )
        # Leakage that is missing is told with the memories.
        idle = [o for o in self.overheads if o.name == "idle clocks" and o.total.missing]
        return (*actions, *("clock" for _ in idle))


def price_memories(memories: Iterable[Memory], technology: Technology) -> tuple[MemoryLine, ...]:
    """Return each memory with its macros in a technology."""
    return tuple(
        MemoryLine(memory=m, plan=technology.macro(m.depth, m.width, m.ports)) for m in memories
    )


def price(
    tally: Tally,
    memories: Iterable[MemoryLine],
    technology: Technology,
    of: Circumstances = _NOTHING,
) -> Bill:
    """Return the bill of a tally.

    Parameters
    ----------
    tally : Tally
    memories : iterable of MemoryLine
        All memories that the tally reads or writes. An access finds its memory by name.
    technology : Technology
        Source of the energies of logic and of the overheads.
    of : Circumstances
        What decides the overheads beside the actions.

    Raises
    ------
    ValueError
        If the tally accesses a memory that is not given, or with another width.
    """
    plans = {line.memory.component: line for line in memories}

    def each(action: Action) -> Range | None:
        if action.kind in _ACCESSES:
            return _access(action, plans)
        return technology.energy(action)

    bill = Bill(
        tuple(EnergyLine(action=a, count=count, each=each(a)) for a, count in tally.items())
    )
    return Bill(bill.lines, overheads(bill.logic, technology, of))


def _access(action: Action, plans: Mapping[str, MemoryLine]) -> Range | None:
    line = plans.get(action.component)
    if line is None:
        raise ValueError(f"{action.component} must be a memory of the chip to be accessed")
    if action.width != line.memory.width:
        raise ValueError(
            f"Rows of {action.component} must have {line.memory.width} bits, not {action.width}"
        )
    if line.plan is None:
        return None
    return line.plan.read if action.kind == "read" else line.plan.write
