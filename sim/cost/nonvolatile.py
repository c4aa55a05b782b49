# SPDX-License-Identifier: MIT
"""When a non-volatile prototype memory pays back what writing it takes, and how long it lasts."""

from dataclasses import dataclass

from sim.cost.configuration import CostConfig
from sim.cost.counts import prototypes
from sim.cost.pricing import Total, price, price_memories, total
from sim.cost.technology import Technology

__all__ = ["PayBack", "pay_back"]

_YEAR = 365.25 * 86_400  # s


@dataclass(frozen=True, kw_only=True)
class PayBack:
    """A prototype memory of a non-volatile technology beside the same in SRAM.

    Attributes
    ----------
    technology : str
    title : str
    write, sram_write : Total
        J to write all prototypes once.
    read : Total
        J of the rows of one exemplar.
    leakage, sram_leakage : Total
        W.
    endurance : tuple of (float, float) or None
        Writes that a cell survives, at least and at most.
    """

    technology: str
    title: str
    write: Total
    sram_write: Total
    read: Total
    leakage: Total
    sram_leakage: Total
    endurance: tuple[float, float] | None

    @property
    def seconds(self) -> float | None:
        """Retention after which it has taken less than SRAM; None if it never does."""
        saved = self.sram_leakage.nominal - self.leakage.nominal
        if self.sram_leakage.missing or self.leakage.missing or saved <= 0:
            return None
        return max(0.0, (self.write.nominal - self.sram_write.nominal) / saved)

    @property
    def off_seconds(self) -> float | None:
        """The same if its supply is off while it only keeps its bits."""
        if self.sram_leakage.missing or not self.sram_leakage.nominal:
            return None
        more = self.write.nominal - self.sram_write.nominal
        return max(0.0, more / self.sram_leakage.nominal)

    def years(self, tasks_a_day: float) -> float | None:
        """Return how long the weakest cell lasts if all prototypes are written anew each task."""
        if self.endurance is None:
            return None
        return self.endurance[0] / tasks_a_day * 86_400 / _YEAR


def pay_back(config: CostConfig, sram: Technology, other: Technology) -> PayBack:
    """Return what the prototypes of all classes take in another technology.

    Parameters
    ----------
    config : CostConfig
    sram, other : Technology
        Of the chip, and of the non-volatile memory; periphery and node are their own.
    """
    params, memory = config.chip.sampler.prototypes, config.memory
    written = memory.classes * prototypes.append(params, memory.components)
    read = params.beats * prototypes.read_row(params)
    ours, theirs = (price_memories(prototypes.memories(params), t) for t in (sram, other))
    return PayBack(
        technology=other.name,
        title=other.title,
        write=price(written, theirs, other).total,
        sram_write=price(written, ours, sram).total,
        read=price(read, theirs, other).total,
        leakage=total(line.leakage for line in theirs),
        sram_leakage=total(line.leakage for line in ours),
        endurance=None if other.endurance is None else (other.endurance.low, other.endurance.high),
    )
