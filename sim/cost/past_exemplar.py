# SPDX-License-Identifier: MIT
"""The price of one exemplar of the past, drawn or kept, with the memories that it reads."""

from dataclasses import dataclass, replace

from golden.params import LatentBufferParams, SamplerParams, WatchParams
from sim.cost.counts import latent_buffer
from sim.cost.counts.draws import memories
from sim.cost.counts.prototype_rows import watched, watched_memories
from sim.cost.counts.tally import Memory
from sim.cost.overheads import Circumstances, idle_clocks
from sim.cost.phases import Phase, drawn_exemplar, latent_exemplar
from sim.cost.pricing import MemoryLine, price, price_memories
from sim.cost.technology.technology import Technology
from sim.cost.totals import Total, total

__all__ = ["PastExemplar", "drawn", "kept"]


@dataclass(frozen=True)
class PastExemplar:
    """An exemplar of the past.

    Attributes
    ----------
    phase : Phase
        What is done for it in a long series.
    memories : tuple of Memory
        Those that it reads, with its block's name.
    """

    phase: Phase
    memories: tuple[Memory, ...]

    def energy(self, technology: Technology, flipflops: Total | None = None) -> Total:
        """Return its energy (J) without leakage; `flipflops`, if any, are clocked meanwhile."""
        of = Circumstances(idle=idle_clocks(flipflops or Total(), self.phase))
        return price(self.phase.tally, self._priced(technology), technology, of).total

    def leakage(self, technology: Technology) -> Total:
        """Return the leakage (W) of the memories."""
        return total(line.leakage for line in self._priced(technology))

    def _priced(self, technology: Technology) -> tuple[MemoryLine, ...]:
        return price_memories(self.memories, technology)


def drawn(params: SamplerParams, watch: WatchParams) -> PastExemplar:
    """Return what a sampler draws, one of M from rows that may have check bits."""
    phase, rows = drawn_exemplar(params), params.prototypes
    of = watched_memories(memories(params), rows, watch)
    return PastExemplar(
        replace(phase, tally=watched(phase.tally, rows, watch)),
        tuple(memory.within("sampler") for memory in of),
    )


def kept(params: LatentBufferParams) -> PastExemplar:
    """Return what a latent buffer gives."""
    of = latent_buffer.memories(params)
    return PastExemplar(
        latent_exemplar(params), tuple(memory.within("latent_buffer") for memory in of)
    )
