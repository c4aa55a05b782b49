# SPDX-License-Identifier: MIT
"""Non-volatile prototype memories: when they repay the energy of writing, and their lifetime."""

from dataclasses import dataclass, replace

from sim.cost.configuration import CostConfig
from sim.cost.counts import prototypes
from sim.cost.counts.prototype_rows import watched, watched_memories
from sim.cost.pricing import price, price_memories
from sim.cost.technology.loading import load_technology
from sim.cost.technology.technology import Technology
from sim.cost.totals import Total, total

__all__ = ["PayBack", "pay_back", "pay_backs"]

# Technologies that are compared with the SRAM of the chip's technology.
_NON_VOLATILE = ("rram22", "mram22", "emram14")
# An SRAM, and non-volatile memories of the same node from the same array model.
_OF_ONE_MODEL = ("sram22", ("rram22", "mram22"))
_YEAR = 365.25 * 86_400  # s


@dataclass(frozen=True, kw_only=True)
class PayBack:
    """A non-volatile prototype memory, compared with the same memory in SRAM.

    Attributes
    ----------
    sram, other : Technology
        Technologies of the SRAM and of the non-volatile memory.
    write, sram_write : Total
        J to write all prototypes once.
    read : Total
        J to read the rows of one exemplar from the non-volatile memory.
    leakage, sram_leakage : Total
        W.
    """

    sram: Technology
    other: Technology
    write: Total
    sram_write: Total
    read: Total
    leakage: Total
    sram_leakage: Total

    @property
    def seconds(self) -> float | None:
        """Retention (s) after which it has used less energy than SRAM; None if it never does."""
        saved = self.sram_leakage.nominal - self.leakage.nominal
        if self.leakage.missing or saved <= 0:
            return None
        return self._after(saved)

    @property
    def off_seconds(self) -> float | None:
        """The same time (s) if its supply is off during retention."""
        return self._after(self.sram_leakage.nominal)

    def years(self, tasks_a_day: float) -> float | None:
        """Return the life (years) of the weakest cell if each task writes all prototypes again."""
        endurance = self.other.endurance
        return None if endurance is None else endurance.low / tasks_a_day * 86_400 / _YEAR

    def _after(self, saved: float) -> float | None:
        """Return the time (s) after which a saving of so many W has repaid the writing."""
        if (self.sram_leakage + self.sram_write + self.write).missing:
            return None
        return max(0.0, (self.write.nominal - self.sram_write.nominal) / saved)


def pay_backs(config: CostConfig, technology: Technology) -> tuple[PayBack, ...]:
    """Return the prototypes in the non-volatile technologies that come with the install.

    Each is compared with the chip's SRAM, which may be of another node. Where the same array model
    also has an SRAM of the same node, it is compared with that SRAM, too.
    """
    name, others = _OF_ONE_MODEL
    pairs = [(technology, other) for other in map(load_technology, _NON_VOLATILE)]
    pairs += [(load_technology(name), load_technology(other)) for other in others]
    return tuple(pay_back(config, sram, other) for sram, other in pairs)


def pay_back(config: CostConfig, sram: Technology, other: Technology) -> PayBack:
    """Return the cost of the prototypes of all classes in SRAM and in another technology.

    Parameters
    ----------
    config : CostConfig
    sram, other : Technology
        Technologies of the SRAM and of the non-volatile memory. Each keeps its own periphery and
        node.
    """
    params, memory = config.chip.sampler.prototypes, config.memory
    # Check bits lie beside the rows. What a self-test finds stays in SRAM.
    watch = replace(config.chip.watch, self_test=False)
    written, read = (
        watched(tally.within("prototypes"), params, watch)
        for tally in (
            memory.classes * prototypes.append(params, memory.components),
            params.beats * prototypes.read_row(params),
        )
    )
    plain = [each.within("prototypes") for each in prototypes.memories(params)]
    kept = watched_memories(plain, params, watch)
    ours, theirs = (price_memories(kept, t) for t in (sram, other))
    return PayBack(
        sram=sram,
        other=other,
        write=price(written, theirs, other).total,
        sram_write=price(written, ours, sram).total,
        read=price(read, theirs, other).total,
        leakage=total(line.leakage for line in theirs),
        sram_leakage=total(line.leakage for line in ours),
    )
