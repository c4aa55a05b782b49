# SPDX-License-Identifier: MIT
"""Bills of the phases of a chip, with all that the chip takes meanwhile."""

from dataclasses import dataclass
from functools import cached_property

from sim.cost.configuration import CostConfig
from sim.cost.counting import counting_memories
from sim.cost.duration import busiest
from sim.cost.life import naming_phases
from sim.cost.mapped_area import MappedArea
from sim.cost.overheads import Circumstances, clocked_bits, idle_beside, idle_clocks
from sim.cost.phases import Phase
from sim.cost.pricing import Bill, MemoryLine, price
from sim.cost.technology.technology import Technology
from sim.cost.totals import Total, total

__all__ = ["Prices"]

# Most flip-flops of a chip divided by those that actions name. Of the reference chip, mapped to
# gates, it is 1.26.
_UNNAMED = 1.5


@dataclass(frozen=True, kw_only=True)
class Prices:
    """The prices of a chip in a technology.

    Parameters
    ----------
    config : CostConfig
    technology : Technology
    memories : tuple of MemoryLine
        Memories of the chip. They leak in every phase.
    working : tuple of MemoryLine
        Further memories that phases access. They leak in a phase that accesses them.
    mapped : MappedArea, optional
        Gates of the chip, if it was mapped to gates.
    naming : tuple of Phase, optional
        Phases whose actions name the registers of the chip. By default those of
        `sim.cost.life.naming_phases`.
    """

    config: CostConfig
    technology: Technology
    memories: tuple[MemoryLine, ...]
    working: tuple[MemoryLine, ...] = ()
    mapped: MappedArea | None = None
    naming: tuple[Phase, ...] = ()

    def bill(self, phase: Phase) -> Bill:
        """Return the bill of a phase.

        A phase without cycles lasts as long as its busiest memory. Blocks beside the chip that the
        phase uses are clocked and leak as long as it lasts.
        """
        memories = (*self.memories, *self.working)
        cycles = phase.cycles
        if cycles is None:
            cycles = busiest(phase.tally, (line.memory for line in memories))
        of = Circumstances(
            seconds=float(cycles) / self.config.clock,
            leakage=self.leakage + total(line.leakage for line in self.used_beside(phase)),
            idle=self.idle(phase),
            bits=phase.bits,
        )
        return price(phase.tally, memories, self.technology, of)

    def used_beside(self, phase: Phase) -> tuple[MemoryLine, ...]:
        """Return the further memories that a phase accesses."""
        accessed = {a.component for a, _ in phase.tally.items() if a.kind in ("read", "write")}
        return tuple(line for line in self.working if line.memory.component in accessed)

    def idle(self, phase: Phase) -> Total:
        """Return the idle clock cycles of a phase, those of the chip and of blocks beside it."""
        return idle_clocks(self.flipflops, phase) + self._idle_beside(phase)

    def _idle_beside(self, phase: Phase) -> Total:
        """Return the idle clock cycles of blocks that learn and are not among the mapped gates."""
        chip, mapped = self.config.chip, self.mapped is not None
        # What counts is beside the chip unless the chip has that very block, K and all.
        counts = not counting_memories(self.config)
        inside = {
            "learner.class_counter": counts,
            "learner.online_mixture": counts,
            "learner.prototype_classifier": chip.classifier is not None,
            "trainer": chip.head is not None,
        }
        without = tuple(name for name, there in inside.items() if mapped and there)
        return idle_beside(phase, _UNNAMED, without)

    @cached_property
    def leakage(self) -> Total:
        """Leakage (W) of the chip's memories, and of its gates if it was mapped to gates."""
        memories = total(line.leakage for line in self.memories)
        return memories if self.mapped is None else memories + Total.of(self.mapped.leakage)

    @cached_property
    def flipflops(self) -> Total:
        """Flip-flops of the chip that are clocked in every cycle.

        Their number is that of the gates, if the chip was mapped. Without, it is that of the bits
        that actions name, or up to 1.5 times as many, or none if all clocks are gated.
        """
        if self.mapped is not None:
            return Total.exactly(self.mapped.flipflops)
        named = clocked_bits(self.naming or naming_phases(self.config))
        return Total(nominal=named, high=_UNNAMED * named)
