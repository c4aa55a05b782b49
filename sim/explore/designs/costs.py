# SPDX-License-Identifier: MIT
"""Costs of a design before it learns: energy, area and latency, with their parts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

from sim.cost.bills import Prices
from sim.cost.configuration import CostConfig
from sim.cost.counts import network
from sim.cost.counts.tally import Memory, Tally
from sim.cost.duration import busiest
from sim.cost.heads import Head, head_of
from sim.cost.learning import batches_of, lesson, replays
from sim.cost.phases import Phase, inference
from sim.cost.pricing import MemoryLine, price_memories
from sim.cost.technology.technology import Technology
from sim.cost.totals import Total
from sim.explore.designs.past import Past
from sim.explore.space.objectives import Objective
from sim.explore.space.part import Part

__all__ = ["CostShare", "Costs", "shortened"]

_MOST_PARTS = 8  # named parts of a sum; all others are added up


@dataclass(frozen=True, kw_only=True)
class Costs:
    """The costs of a design on its chip.

    Parameters
    ----------
    config : CostConfig
    past : Past
        Its memory of the past.
    technology : Technology
    supplied : mapping of str to Technology
        The technology at the supply of memories that have their own, by component. All else,
        and the clock, stay as they are.
    """

    config: CostConfig
    past: Past
    technology: Technology
    supplied: Mapping[str, Technology] = field(default_factory=dict)

    def parts(self, objective: Objective) -> dict[str, float]:
        """Return the parts of an objective by name, in its unit. Their sum is its value.

        Raises
        ------
        ValueError
            If the cost model cannot compute it, because the technology lacks a price or the
            design has no such quantity.
        """
        found = self._parts(objective.name, objective.of)
        return {name: objective.in_unit(value) for name, value in found.items()}

    def _parts(self, name: str, of: str | None) -> dict[str, float]:
        if name == "area":
            return self._area(self._memories[str(of)])
        if of == "exemplar" and self.past.exemplar is None:
            raise ValueError(f"there is no {name} of an exemplar: none is drawn or read")
        if name == "energy":
            return self._energy(str(of))
        return {part: float(n) / self.config.clock for part, n in self._cycles(str(of)).items()}

    @cached_property
    def _memories(self) -> dict[str, tuple[Memory, ...]]:
        """Memories that an area counts, by its scope."""
        machine = network.memories(self.config.chip.accelerator)
        kept = () if self._head is None else self._head.kept
        own = (*(m.within("network") for m in machine), *self.past.memories, *kept)
        return {"past": self.past.memories, "chip": own, "learner": (*own, *self.past.working)}

    @cached_property
    def _prices(self) -> Prices:
        own, technology = self._memories["chip"], self.technology
        phases = (self._image, *([] if self.past.exemplar is None else [self._exemplar]))
        return Prices(
            config=self.config,
            technology=technology,
            memories=self._priced(own),
            working=self._priced(self._memories["learner"][len(own) :]),
            naming=phases,
        )

    def _priced(self, memories: Iterable[Memory]) -> tuple[MemoryLine, ...]:
        """Return memories with their prices, each at its own supply."""
        return tuple(
            price_memories([memory], self.supplied.get(memory.component, self.technology))[0]
            for memory in memories
        )

    @cached_property
    def _exemplar(self) -> Phase:
        """The drawing or reading of one exemplar of the past."""
        assert self.past.exemplar is not None
        cycles = self.past.exemplar_cycles
        return Phase(name="exemplar", unit="exemplar", tally=self.past.exemplar, cycles=cycles)

    @cached_property
    def _head(self) -> Head | None:
        """The head that learns from exemplars of the past; None if the memory classifies."""
        return None if self.past.exemplar is None else head_of(self.config)

    @cached_property
    def _answer(self) -> tuple[Tally, Fraction]:
        """Actions and cycles of a classification beside the inference of an image."""
        own = None if self._head is None else self._head.answer
        if own is None:
            return self.past.answer or Tally(), self.past.answer_cycles
        return own.tally, own.cycles or Fraction(0)

    @cached_property
    def _image(self) -> Phase:
        """Inference of one image: the embedding, and the class if there is a head."""
        return inference(self.config)

    def _area(self, memories: Iterable[Memory]) -> dict[str, float]:
        lines = price_memories(memories, self.technology)
        return {
            line.memory.component: self._known(line.area, "area", line.memory.component)
            for line in lines
        }

    def _energy(self, of: str) -> dict[str, float]:
        past, task = self.past, self.config.task
        if of == "exemplar":
            return self._joules(self._exemplar)
        if of == "image":
            tally, cycles = self._image.tally + self._answer[0], self._cycles("image")
            return self._joules(replace(self._image, tally=tally, cycles=sum(cycles.values())))
        replayed = None if past.exemplar is None else replays(self.config) * past.exemplar
        whole = lesson(self.config, "", past.remembered, replayed)
        cycles = task.classes * sum(self._cycles("class").values())
        return self._joules(replace(whole, cycles=Fraction(cycles)), Fraction(1, task.classes))

    def _joules(self, phase: Phase, times: Fraction = Fraction(1)) -> dict[str, float]:
        """Return the energies of a phase. Leakage that the technology lacks is left out."""
        sums = self._prices.bill(phase).by_component()
        return {
            part: self._known(sum_, "energy", part) * float(times)
            for part, sum_ in sums.items()
            if not (part == "leakage" and sum_.missing)
        }

    def _known(self, total: Total, what: str, part: str) -> float:
        if total.missing:
            raise ValueError(f"technology {self.technology.name} has no {what} for {part}")
        return total.nominal

    def _cycles(self, of: str) -> dict[str, Fraction]:
        config, past, task = self.config, self.past, self.config.task
        assert self._image.cycles is not None
        if of == "exemplar":
            return {"exemplar": past.exemplar_cycles}
        if of == "image":
            return {"image": self._image.cycles, "classifier": self._answer[1]}
        again = task.epochs if past.exemplar and task.embeddings == "recompute" else 1
        found = {
            "images": self._image.cycles * task.samples * again,
            "memory of the past": (
                busiest(past.remembered, self._memories["learner"])
                if past.remembered_cycles is None
                else past.remembered_cycles
            )
            / task.classes,
        }
        if past.exemplar is not None:
            assert self._head is not None
            found["exemplars"] = past.exemplar_cycles * replays(config) / task.classes
            batches = self._head.least_cycles * batches_of(config)
            name = "forward passes" if self._head.batch_cycles is None else "training"
            found[name] = batches / task.classes
        return found


class CostShare(Part):
    """The share of a component in a cost, in the unit of the objective."""

    name: str
    value: float


def shortened(parts: Mapping[str, float]) -> list[dict[str, Any]]:
    """Return the largest parts as plain data, largest first, and the sum of the others."""
    ordered = sorted(((v, k) for k, v in parts.items() if v), reverse=True)
    found = [CostShare(name=name, value=value) for value, name in ordered[:_MOST_PARTS]]
    rest = sum(value for value, _ in ordered[_MOST_PARTS:])
    if rest:
        found.append(CostShare(name="other", value=rest))
    return [share.model_dump() for share in found]
