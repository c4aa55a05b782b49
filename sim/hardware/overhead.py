# SPDX-License-Identifier: MIT
"""What learning adds to the chip that only infers: cells, and bits of memory, as percentages."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sim.hardware.synthesis import Costs
from sim.report.tables import markdown_table

__all__ = ["INFERENCE", "LEARNERS", "READING", "Learner", "Overhead", "overheads", "table"]

#: The block that infers alone: a network with its head, as it was loaded.
INFERENCE = "network"

READING = f"""\
The chip that only infers is the block `{INFERENCE}`. Each row adds the blocks that it names, each \
synthesised alone, and gives them as percentages of it. The packets and registers that bind blocks \
into a chip are left out, of the chip that infers as well. Blocks in one row share no cells."""

_MEASURES = ("LUT4", "FF", "block RAM", "memory (kb)")
_SHORT = ("LUT4", "FF", "block RAM", "memory")


@dataclass(frozen=True)
class Learner:
    """A way to learn, and the blocks that it needs beside inference.

    Parameters
    ----------
    name : str
        What it does, in words.
    blocks : tuple of str
        Names in the catalogue.
    """

    name: str
    blocks: tuple[str, ...]


#: The counter and the trainer apart; the sampler has the memory of prototypes within.
LEARNERS = (
    Learner("the counter alone", ("class_counter",)),
    Learner("the counter of K prototypes alone", ("online_mixture",)),
    Learner(
        "classes counted, and named by prototypes",
        ("class_counter", "prototypes", "prototype_classifier"),
    ),
    Learner(
        "classes of K prototypes counted, and named by them",
        ("online_mixture", "prototypes", "prototype_classifier"),
    ),
    Learner(
        "classes counted, and named in a low-rank metric",
        ("class_counter", "prototypes", "low_rank"),
    ),
    Learner("the trainer alone", ("trainer",)),
    Learner("head trained on classes counted and drawn", ("trainer", "class_counter", "sampler")),
    Learner(
        "head trained on draws with factors", ("trainer", "class_counter", "correlated_sampler")
    ),
    Learner("head trained on stored exemplars", ("trainer", "latent_buffer")),
    Learner("rows begun from means, and CWR*", ("first_rows", "cwr")),
)


@dataclass(frozen=True)
class Overhead:
    """What a way to learn adds at one size.

    Parameters
    ----------
    learner : Learner
    size : str
        Size of the catalogue.
    added : tuple of float
        LUT4, flip-flops, block RAMs and kb of memory of its blocks.
    inference : tuple of float
        The same of the chip that only infers.
    """

    learner: Learner
    size: str
    added: tuple[float, ...]
    inference: tuple[float, ...]

    @property
    def percent(self) -> tuple[float | None, ...]:
        """What is added as percentages; None where the chip that infers has none."""
        pairs = zip(self.added, self.inference, strict=True)
        return tuple(100 * added / has if has else None for added, has in pairs)

    def as_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "learner": self.learner.name,
            "blocks": list(self.learner.blocks),
            "size": self.size,
            "added": dict(zip(_MEASURES, self.added, strict=True)),
            "percent": dict(zip(_SHORT, self.percent, strict=True)),
        }


def overheads(rows: Iterable[tuple[str, str, Costs, int]]) -> list[Overhead]:
    """Return what every way to learn adds, at every size of which all blocks are there.

    Parameters
    ----------
    rows : iterable of (block, size, costs, memory_bits)
        Synthesised designs. Of several of a name and a size, the last one counts.
    """
    found: dict[str, dict[str, tuple[float, ...]]] = {}
    for block, size, costs, bits in rows:
        sums = (costs.lut4, costs.ff, costs.bram, bits / 1e3)
        found.setdefault(size, {})[block] = sums
    return [
        Overhead(learner, size, _sum(of[block] for block in learner.blocks), of[INFERENCE])
        for learner in LEARNERS
        for size, of in found.items()
        if {INFERENCE, *learner.blocks} <= of.keys()
    ]


def table(found: Sequence[Overhead]) -> str:
    """Return the table in Markdown."""
    columns = ("what learns", "size", *_MEASURES, *(f"{m} %" for m in _SHORT))
    return markdown_table(columns, [_cells(overhead) for overhead in found])


def _cells(overhead: Overhead) -> list[str]:
    *cells, memory = overhead.added
    blocks = ", ".join(f"`{block}`" for block in overhead.learner.blocks)
    percent = ["-" if p is None else f"{p:.1f}" for p in overhead.percent]
    added = [*(f"{n:.0f}" for n in cells), f"{memory:.1f}"]
    return [f"{overhead.learner.name} ({blocks})", overhead.size, *added, *percent]


def _sum(parts: Iterable[tuple[float, ...]]) -> tuple[float, ...]:
    return tuple(map(sum, zip(*parts, strict=True)))
