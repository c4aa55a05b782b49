# SPDX-License-Identifier: MIT
"""A configuration priced in a technology: memories, phases, layers, retention, comparisons."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sim.cost.configuration import CostConfig
from sim.cost.counts import network
from sim.cost.counts.mapping import Layer, program
from sim.cost.counts.tally import Action, Tally
from sim.cost.nonvolatile import PayBack, pay_back
from sim.cost.phases import Phase, chip_memories, classifier_memories, life, working_memories
from sim.cost.pricing import (
    Bill,
    MemoryLine,
    Total,
    price,
    price_memories,
    total,
)
from sim.cost.replay import BreakEven, Point, break_even, points
from sim.cost.technology import Technology, load_technology

__all__ = ["Assessment", "LayerCost", "PricedPhase"]

NON_VOLATILE = ("rram22", "mram22", "emram14")


@dataclass(frozen=True)
class PricedPhase:
    """A phase and its bill.

    Attributes
    ----------
    phase : Phase
    bill : Bill
    clock : float
        Hz.
    """

    phase: Phase
    bill: Bill
    clock: float

    @property
    def seconds(self) -> float | None:
        """How long it takes; None where no hardware says."""
        return None if self.phase.cycles is None else float(self.phase.cycles) / self.clock

    @property
    def joules_an_operation(self) -> float | None:
        """Effective energy, everything counted, an operation of the network; None without any."""
        operations = self.phase.operations
        return self.bill.total.nominal / operations if operations else None


@dataclass(frozen=True, kw_only=True)
class LayerCost:
    """A layer of the machine's program.

    Attributes
    ----------
    layer : Layer
    cycles : int
    utilisation : float
        Of the PE x SIMD synapses of every cycle, those of the network.
    memory_bits : int
        Bits read from and written to memories.
    bill : Bill
    """

    layer: Layer
    cycles: int
    utilisation: float
    memory_bits: int
    bill: Bill

    @property
    def stalls(self) -> int:
        """Cycles without a step: descriptor, filling the pipeline, waiting for a tile's store."""
        return self.cycles - self.layer.steps

    @property
    def intensity(self) -> float:
        """Operations a bit of memory traffic."""
        return 2 * self.layer.synapses / self.memory_bits


@dataclass(frozen=True, kw_only=True)
class Assessment:
    """What a configuration costs.

    Parameters
    ----------
    config : CostConfig
    technology : Technology
    study : Path, optional
        ``results.json`` of a study, for accuracies.
    """

    config: CostConfig
    technology: Technology
    study: Path | None = None

    @cached_property
    def memories(self) -> tuple[MemoryLine, ...]:
        """Memories of the emitted chip."""
        return price_memories(chip_memories(self.config), self.technology)

    @cached_property
    def working(self) -> tuple[MemoryLine, ...]:
        """Memories that learning and classifying by likelihood need besides."""
        beside = (*working_memories(self.config), *classifier_memories(self.config))
        return price_memories(beside, self.technology)

    @cached_property
    def phases(self) -> tuple[PricedPhase, ...]:
        """All phases, priced."""
        memories = (*self.memories, *self.working)
        return tuple(
            PricedPhase(phase, price(phase.tally, memories, self.technology), self.config.clock)
            for phase in life(self.config)
        )

    @cached_property
    def layers(self) -> tuple[LayerCost, ...]:
        """Layers of a picture."""
        machine = self.config.chip.accelerator
        tallies = network.layer_tallies(self.config.network, machine)
        return tuple(
            LayerCost(
                layer=layer,
                cycles=network.layer_cycles(layer, machine),
                utilisation=float(network.utilisation((layer,), machine)),
                memory_bits=_traffic(tallies[layer.name]),
                bill=price(tallies[layer.name].within("network"), self.memories, self.technology),
            )
            for layer in program(self.config.network, machine.mvu)
        )

    @property
    def leakage(self) -> Total:
        """W of the chip's memories; that of its gates needs a netlist."""
        return total(line.leakage for line in self.memories)

    @property
    def retention(self) -> Total:
        """J of keeping the prototypes for the time of the configuration."""
        kept = [line for line in self.memories if "prototypes" in line.memory.component]
        power, seconds = total(line.leakage for line in kept), self.config.retention
        return Total(
            low=power.low * seconds, nominal=power.nominal * seconds, high=power.high * seconds,
            missing=power.missing,
        )  # fmt: skip

    @property
    def peak_operations(self) -> float:
        """Operations a second if every synapse of every cycle is in use."""
        mvu = self.config.chip.accelerator.mvu
        return 2 * mvu.pe * mvu.simd * self.config.clock

    @cached_property
    def peak_bill(self) -> Bill:
        """What PE x SIMD synapses take in the datapath alone: XNORs, trees, accumulators."""
        mvu = self.config.chip.accelerator.mvu
        layer = next(layer for layer in self.layers if layer.layer.operation == "neurons")
        tally = network.tally(layer.layer, self.config.chip.accelerator)
        step = Tally({a: n / layer.layer.steps for a, n in tally.items() if _is_datapath(a)})
        assert step.of("xnor") == mvu.pe * mvu.simd
        return price(step, self.memories, self.technology)

    @property
    def peak_joules_an_operation(self) -> float:
        """Energy of the datapath alone an operation, all synapses in use."""
        mvu = self.config.chip.accelerator.mvu
        return self.peak_bill.total.nominal / (2 * mvu.pe * mvu.simd)

    @cached_property
    def break_even(self) -> BreakEven:
        """Draws a read at which drawing is cheaper than latent replay of as many bits."""
        return break_even(self.config, self.technology)

    @cached_property
    def points(self) -> tuple[Point, ...]:
        """Methods of the study."""
        if self.study is None:
            return ()
        return tuple(points(self.config, self.technology, self.study))

    @cached_property
    def pay_backs(self) -> tuple[PayBack, ...]:
        """The prototype memory in the non-volatile technologies that come with the install."""
        return tuple(
            pay_back(self.config, self.technology, load_technology(name)) for name in NON_VOLATILE
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is missing, and what is an extrapolation; each once."""
        lines = [*self.memories, *self.working]
        found = [gap for priced in self.phases for gap in priced.bill.missing]
        for line in lines:
            if line.plan is None:
                found.append(f"memory {line.memory.component}")
            elif line.plan.area is None:
                found.append(f"area of {line.memory.component}")
            if line.plan is not None and line.plan.leakage is None:
                found.append(f"leakage of {line.memory.component}")
        missing = [f"{self.technology.name} does not say: {gap}" for gap in dict.fromkeys(found)]
        guessed = [
            f"{line.memory.component}: {line.plan.warning}"
            for line in lines
            if line.plan is not None and line.plan.warning
        ]
        return (*missing, *guessed)

    @property
    def missing(self) -> tuple[str, ...]:
        """Those of `warnings` that are gaps."""
        return tuple(text for text in self.warnings if " does not say: " in text)


def _traffic(tally: Tally) -> int:
    """Return the bits that a tally reads and writes."""
    accesses = ((a.width, n) for a, n in tally.items() if a.kind in ("read", "write"))
    return int(sum(width * n for width, n in accesses))


def _is_datapath(action: Action) -> bool:
    """Whether an action of a layer is that of a synapse or of its sum."""
    return action.component.startswith("mvu.xnor") or action.component == "mvu.accumulator"
