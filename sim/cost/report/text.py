# SPDX-License-Identifier: MIT
"""Texts of a cost report."""

from golden.params import ChipParams
from sim.cost.sections import TaskSection
from sim.cost.technology.rows import Source

__all__ = [
    "BESIDE",
    "BREAK_EVEN",
    "LEARNERS",
    "PAY_BACK",
    "SCOPE",
    "STALLS",
    "citation",
    "machine",
    "training",
]

SCOPE = (
    "**Scope.** *Logic* is the gates and registers that the counts name, *memories* are accesses "
    "to the SRAM with the wires to its banks. To these come wires, clock tree and control, the "
    "clocks of flip-flops that keep their bit, pads, and leakage while the phase lasts; where no "
    "hardware defines the cycles, it lasts as long as its busiest memory. The leakage of gates is "
    "known with `--map` only. Values of one technology are at their bounds at once, and the rest "
    "is independent of them; a star marks a sum that lacks figures. An operation is an XNOR or an "
    "addition: two a synapse."
)
STALLS = (
    "A stall is a cycle without a step: reading the descriptor, filling the pipeline, or "
    "a tile that waits until the one before it is stored, bit by bit where a shuffle comes before "
    "groups or the output."
)
BESIDE = (
    "A chip that learns has these memories as well. They leak, and the registers of their blocks "
    "are clocked, as long as the phase lasts: both are in the energies above."
)
BREAK_EVEN = (
    "K prototypes of q bits take as many bits as E = K q exemplars, but an exemplar drawn from "
    "them reads q D bits where a stored one reads D. M exemplars drawn from a row that is read "
    "once share that; they leave beat by beat in turn, so the gain is real only where the consumer "
    "takes them so (M accumulators), not where they are put together in a buffer first. Steps "
    "between sizes are those of the macros that memories are made of."
)
PAY_BACK = (
    "*Pays back* is the retention after which writing has cost less than the leakage of the SRAM "
    "beside it; the weakest cells reported set how long they last. Figures of array models (NVSim) "
    "are 25 to 60 times below those of silicon, and leak as of fast cells at 350 K: compare them "
    "with an SRAM of the same model, not with another node's."
)
LEARNERS = (
    "Energies as the works state them, of other networks, images and numbers of samples: orders of "
    "magnitude, not a ranking. *Image / inference* is free of network and node: it says what "
    "learning from an image takes more than classifying it. Works that learn locally lie between "
    "1.01 and 1.15. Of this chip, *likelihood* learns by counting; *GBM* also trains the integer "
    "head on replayed exemplars, which takes more. *This chip at its node* is learning with GBM "
    "and the integer head in `cmos28`, scaled to the node of the work and its usual supply; a star "
    "marks a sum without leakage, which is known at the node of `cmos28` only. *Work / this chip "
    "there* divides the work's energy by that, where it states its node and an energy a class or "
    "an image. *Area for learning* is, of this chip, the memories that learning needs beside the "
    "chip over those of the chip; a work states the area of logic and memories. No work states the "
    "operations of a training image, so that the model cannot be held to one; a processor that "
    "trains is among the published chips below, by its energy an operation."
)


def training(task: TaskSection) -> str:
    """Return the explanation of the rows on learning."""
    place = {
        "registers": "added up in registers, of PE x SIMD weights at a time over a batch whose "
        "inputs and errors are kept",
        "memory": "added up in a memory, which every sample reads and writes whole",
    }[task.gradients]
    return (
        "No hardware trains the binary head, holds the counters of the ternary one, or fits "
        "prototypes by expectation maximisation: those rows price the arithmetic and working "
        "memories that it would need, and take no account of cycles. How the binary head trains is "
        f"a choice: plain descent, errors and gradients of {task.backward_bits} bits, real weights "
        f"of {task.weight_bits}, gradients {place} (`task.gradients`)."
    )


def citation(source: Source) -> str:
    """Return the citation of a source, with its address and licence where known."""
    parts = (source.citation, source.url, source.licence)
    return ", ".join(part for part in parts if part)


def machine(chip: ChipParams) -> str:
    """Return a text with the sizes of a chip."""
    mvu, own = chip.accelerator.mvu, chip.sampler
    p = own.prototypes
    reuse = f", P = {mvu.weight_reuse}" if mvu.weight_reuse > 1 else ""
    units = f"{chip.accelerator.units} units of " if chip.accelerator.units > 1 else ""
    return (
        f"{units}{mvu.pe} x {mvu.simd} synapses{reuse}; sampler L = {p.lanes}, q = {p.code_width}, "
        f"D = {p.features}, M = {own.draws_per_read}, {own.mode}; latent buffer "
        f"E = {chip.latent.exemplars}"
    )
