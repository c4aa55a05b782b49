# SPDX-License-Identifier: MIT
"""A configuration priced in a technology: memories, phases, layers, retention, comparisons."""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path

from sim.cost.bills import Prices
from sim.cost.configuration import CostConfig
from sim.cost.counts import network
from sim.cost.counts.layer import Layer
from sim.cost.counts.mapping import program
from sim.cost.counts.tally import Action, Tally
from sim.cost.drawing import Drawing, Keeping, drawings, equal_points, keepings
from sim.cost.learning import replays
from sim.cost.life import chip_memories, life, memories_beside
from sim.cost.mapped_area import MappedArea
from sim.cost.nonvolatile import PayBack, pay_backs
from sim.cost.phases import Phase
from sim.cost.priced import LayerCost, PricedPhase
from sim.cost.pricing import Bill, MemoryLine, price, price_memories
from sim.cost.replay import BreakEven, Point, break_even
from sim.cost.technology.technology import Technology
from sim.cost.totals import Total, total

__all__ = ["Assessment"]

# Memories that a step of the network can read or write. They hold the weights and thresholds of
# all neurons, and the words of the two maps.
_STREAMED = ("network.mvu.weights", "network.mvu.thresholds", "network.fetch.map")


@dataclass(frozen=True, kw_only=True)
class Assessment:
    """The costs of a configuration.

    Parameters
    ----------
    config : CostConfig
    technology : Technology
    study : Path, optional
        Path of the ``results.json`` of a study.
    points : tuple of Point
        Methods of that study, from `sim.cost.replay.read_points`.
    mapped : MappedArea, optional
        Gates of the chip, if it was mapped to gates.
    """

    config: CostConfig
    technology: Technology
    study: Path | None = None
    points: tuple[Point, ...] = ()
    mapped: MappedArea | None = None

    @cached_property
    def memories(self) -> tuple[MemoryLine, ...]:
        """Memories of the emitted chip."""
        return price_memories(chip_memories(self.config), self.technology)

    @cached_property
    def working(self) -> tuple[MemoryLine, ...]:
        """Additional memories, which learning and classifying by likelihood need."""
        return price_memories(memories_beside(self.config), self.technology)

    @cached_property
    def phases(self) -> tuple[PricedPhase, ...]:
        """All phases, priced."""
        return tuple(
            PricedPhase(phase, self.prices.bill(phase), self.config.clock)
            for phase in life(self.config)
        )

    @cached_property
    def prices(self) -> Prices:
        """The prices of the chip."""
        return Prices(
            config=self.config,
            technology=self.technology,
            memories=self.memories,
            working=self.working,
            mapped=self.mapped,
        )

    @cached_property
    def layers(self) -> tuple[LayerCost, ...]:
        """Costs of one picture, layer by layer."""
        machine = self.config.chip.accelerator
        tallies = network.layer_tallies(self.config.network, machine)
        return tuple(
            LayerCost(
                layer=layer,
                cycles=network.layer_cycles(layer, machine),
                utilisation=float(network.utilisation((layer,), machine)),
                memory_bits=_traffic(tallies[layer.name]),
                bill=self._layer_bill(layer, tallies[layer.name].within("network")),
            )
            for layer in program(self.config.network, machine)
        )

    def _layer_bill(self, layer: Layer, tally: Tally) -> Bill:
        """Return the bill of a layer, without input and output."""
        cycles = network.layer_cycles(layer, self.config.chip.accelerator)
        return self.prices.bill(
            Phase(name=layer.name, unit="image", tally=tally, cycles=Fraction(cycles))
        )

    @property
    def leakage(self) -> Total:
        """Leakage (W) of the chip's memories, and of its gates if it was mapped to gates."""
        return self.prices.leakage

    def memories_of(self, *blocks: str) -> tuple[MemoryLine, ...]:
        """Return the memories of the chip in some blocks, each a path that ends in a dot."""
        return tuple(line for line in self.memories if line.memory.component.startswith(blocks))

    def retention(self, block: str) -> Total:
        """Return the leakage (J) of a block's memories over the retention of the configuration.

        Parameters
        ----------
        block : {"sampler", "latent_buffer"}
            Block whose memories are kept.
        """
        kept = self.memories_of(f"{block}.")
        return total(line.leakage for line in kept) * self.config.retention

    @property
    def area(self) -> Total:
        """Area (m2) of the chip's memories."""
        return total(line.area for line in self.memories)

    @property
    def inference(self) -> PricedPhase:
        """The phase in which the chip classifies one image."""
        return self.phase("inference")

    def phase(self, name: str) -> PricedPhase:
        """Return the phase with a given name."""
        return next(priced for priced in self.phases if priced.phase.name == name)

    @property
    def bandwidth(self) -> int:
        """Bits per cycle that the memories of the network can read and write."""
        lines = (line for line in self.memories if line.memory.component in _STREAMED)
        return sum(line.memory.width * line.memory.copies for line in lines)

    @property
    def peak_operations(self) -> float:
        """Operations per second if every synapse is in use in every cycle."""
        return 2 * self._synapses * self.config.clock

    @cached_property
    def peak_bill(self) -> Bill:
        """Energies (J) of one full step in the datapath alone: XNORs, trees and accumulators."""
        layer = next(layer for layer in self.layers if layer.layer.operation == "neurons")
        tally = network.tally(layer.layer, self.config.chip.accelerator)
        step = Tally({a: n / layer.layer.steps for a, n in tally.items() if _is_datapath(a)})
        assert step.of("xnor") == self._synapses
        return price(step, self.memories, self.technology)

    @property
    def peak_joules_an_operation(self) -> Total:
        """Energy (J) per operation of the datapath alone, with all synapses in use."""
        return self.peak_bill.total * (1 / (2 * self._synapses))

    @property
    def _synapses(self) -> int:
        """Synapses of all matrix-vector units."""
        array = self.config.chip.accelerator.array
        return array.pe * array.simd

    @cached_property
    def break_even(self) -> BreakEven:
        """Draws per read at which drawing is cheaper than latent replay with as many bits."""
        return break_even(self.config, self.technology)

    @cached_property
    def drawings(self) -> tuple[Drawing, ...]:
        """Drawing against latent replay with as many bits, over technologies and gating."""
        return drawings(self.config, self.technology, self.prices.flipflops)

    @cached_property
    def keepings(self) -> tuple[Keeping, ...]:
        """The same at equal accuracy, where the points tell it."""
        points = equal_points(self.config, self.points)
        if points is None:
            return ()
        return keepings(self.config, self.technology, points)

    @property
    def replays(self) -> int:
        """Exemplars of the past that the learning of a task uses."""
        return replays(self.config)

    @cached_property
    def pay_backs(self) -> tuple[PayBack, ...]:
        """The prototype memory in the non-volatile technologies that come with the install."""
        return pay_backs(self.config, self.technology)

    @property
    def gaps(self) -> tuple[str, ...]:
        """Needed values that the technology does not state, each listed once."""
        found = [gap for priced in self.phases for gap in priced.bill.missing]
        found += [gap for line in (*self.memories, *self.working) for gap in line.missing]
        if self.mapped is not None:
            found += [f"{gap} (gates of the chip)" for gap in self.mapped.missing]
        return tuple(dict.fromkeys(found))

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings of missing values, of values that do not match, and of extrapolations."""
        missing = [f"{self.technology.name} does not say: {gap}" for gap in self.gaps]
        guessed = [
            f"{line.memory.component}: {line.plan.warning}"
            for line in (*self.memories, *self.working)
            if line.plan is not None and line.plan.warning
        ]
        return (*missing, *self.technology.warnings, *self.conflicts, *guessed)

    @property
    def conflicts(self) -> tuple[str, ...]:
        """Values of the technology that do not fit each other or the clock."""
        highest, clock = self.technology.highest_clock, self.config.clock
        if highest is None or clock <= highest:
            return self.technology.conflicts
        too_fast = (
            f"the clock is {clock / 1e6:g} MHz, but values of {self.technology.name} hold up to "
            f"{highest / 1e6:g} MHz"
        )
        return (*self.technology.conflicts, too_fast)

    @property
    def extrapolations(self) -> tuple[str, ...]:
        """Warnings of memories whose size is beyond those that the technology states."""
        return tuple(
            f"{line.memory.component}: {line.plan.warning}"
            for line in (*self.memories, *self.working)
            if line.plan is not None and line.plan.extrapolated
        )


def _traffic(tally: Tally) -> int:
    """Return the bits that a tally reads and writes."""
    accesses = ((a.width, n) for a, n in tally.items() if a.kind in ("read", "write"))
    return int(sum(width * n for width, n in accesses))


def _is_datapath(action: Action) -> bool:
    """Whether an action belongs to the synapses of a layer or to their sums."""
    return action.component.startswith("mvu.xnor") or action.component == "mvu.accumulator"
