# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""Share of cycles in which each register bank and each memory of the chip is at work.

``python -m verification.bench.banks --out DIR [--quick]``

The full chip with a head that learns waits, classifies shipped images by the shipped network, draws
exemplars, counts a class and trains its head. All that it sends is compared with the golden models.
Counters beside it (`verification.rtl.banks`) say in how many cycles a bank of registers changed and
a memory was read or written. ``--quick`` takes the small chip and a random network. ``report.md``
and ``results.json`` are written into DIR.
"""

import argparse
import json
import re
import shlex
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from golden.bits import pack
from golden.params import ChipParams
from rtl.catalogue import BLOCKS
from rtl.chip import Chip
from rtl.class_slots import Operation
from rtl.head_command import HeadOperation
from rtl.requests import Source
from rtl.verilog import convert
from sim.data.embed import read_network
from sim.data.samples import read_samples
from sim.data.shipped import shipped_file
from sim.report.tables import markdown_table
from sim.work.errors import UserError
from sim.work.files import ensure_directory
from sim.work.folder import write_folder
from verification.bench.chip import PATIENCE, SMALL
from verification.rtl.banks import Moving
from verification.rtl.engine import BenchError
from verification.rtl.head_script import HeadScript
from verification.rtl.shipped_life import PLACEHOLDER, full_chip
from verification.rtl.simulators import run_module

__all__ = ["Phase", "main", "report_files", "seen_in"]

_LEARNED = 16  # exemplars of a class that is counted, and of a batch
_DRAWN = 200
_IDLE = 2000
_HOW_TO_READ = (
    "A bank is all registers of a module; the modules of an array are one bank. Its share is that "
    "of the cycles at whose end at least one of its bits has changed: a bank whose clock is gated "
    "by itself needs the clock in no other cycle. *Needed* weighs the banks by their flip-flops: "
    "the share of all clock pins that must be clocked if every bank has a gate of its own. A dash "
    "is a bank that never moves, or a port that is never enabled. The host's accesses at both ends "
    "of a phase are part of it."
)
_MEMORIES = (
    "Share of cycles in which a port of a memory is enabled; a memory of an array stands for all, "
    "and a port that no phase enables is left out. A port is enabled only for a word that is "
    "taken: `verification/rtl/test_counts_*.py` hold reads and writes to those counted, though all "
    "streams pause, and to none while nothing is done."
)


@dataclass(frozen=True)
class Phase:
    """What was counted in a phase: cycles, and in how many of them each counter went on."""

    name: str
    cycles: int
    counts: Mapping[str, int]


def seen_in(chip: ChipParams, quick: bool) -> tuple[list[Phase], dict[str, int]]:
    """Run the phases on a chip; return them, and the flip-flops of each bank by its counter.

    Raises
    ------
    BenchError
        If the chip does what the golden models do not.
    """
    counted = Moving(Chip(chip))
    host = HeadScript(chip, SMALL if quick else PLACEHOLDER)
    names, ports = [], list(counted.counters)
    for name, phase in _phases(host, quick):
        host.settle()
        host.do("see", ports)
        phase()
        host.do("see", ports)
        names.append(name)
    host.do("nothing")
    case = {"script": host.operations, "pauses": 0.0, "seed": 0, "patience": PATIENCE}
    text = convert(counted, "moving")
    result = run_module(text, "moving", "verification.rtl.cocotb_chip", case)
    if "error" in result:
        raise BenchError(result["error"])
    seen = result["seen"]
    phases = []
    for name, before, after in zip(names, seen[::2], seen[1::2], strict=True):
        counts = {port: after[port] - before[port] for port in ports}
        phases.append(Phase(name, counts.pop("cycles"), counts))
    return phases, counted.flipflops


def _phases(host: HeadScript, quick: bool) -> Iterator[tuple[str, Callable[[], None]]]:
    """Load what the phases need, then yield each with its name; it is done before the next."""
    if quick:
        images = host.images(_LEARNED)
    else:
        host.network, _ = read_network(shipped_file("cifar100", "network.bin"))
        samples = read_samples(shipped_file("cifar100", "samples.bin")).images[:_LEARNED]
        images = samples >> np.uint8(8 - host.network.params.bits)
    exemplars = pack(host.network.forward(images))
    host.load()
    for _ in range(2):
        assert host.append(host.chip.sampler.prototypes.class_components)
    for row in exemplars:
        host.learn_vector(row, 0)
    host.latent.learn(exemplars, [0] * len(exemplars))
    host.poll("status_receiving", 0)
    yield "idle", lambda: host.do("cycles", _IDLE)
    yield "inference", lambda: host.pictures(images[:4])
    yield "draws", lambda: host.draw(_DRAWN, 1)
    yield "latent draws", lambda: host.recall(_DRAWN, 0)
    yield "count a class", lambda: _count(host, exemplars)
    yield "train the head", lambda: _train(host, exemplars)


def _count(host: HeadScript, exemplars: Any) -> None:
    host.command(Operation.OPEN, 0, 2)
    host.count(exemplars, [0] * len(exemplars))
    assert host.command(Operation.CLOSE, 0)
    host.settle()


def _train(host: HeadScript, exemplars: Any) -> None:
    """Let the head learn batches, half of them drawn."""
    labels = [2] * len(exemplars)
    for _ in range(4):
        host.source(Source.SELECTOR)
        host.tell(HeadOperation.LEARN, len(exemplars), 3, len(exemplars))
        host.give((exemplars, labels))
        past = host.past(len(exemplars), Source.SELECTOR)
        host.learned([(exemplars, labels), past], 3)
        host.counted()


def report_files(
    phases: Sequence[Phase], flipflops: Mapping[str, int], what: str, command: str
) -> dict[str, str]:
    """Return the page and the numbers of a run, by the names of their files.

    Parameters
    ----------
    phases : sequence of Phase
        With the same counters each.
    flipflops : mapping of str to int
        Bits of each bank, by the name of its counter.
    what : str
        A sentence that says what ran.
    command : str
        Command line that repeats the run.
    """
    head = [phase.name for phase in phases]
    banks = [
        (_name(bank, "moves_"), f"{bits:,}", *(_share(p.counts[bank], p.cycles) for p in phases))
        for bank, bits in flipflops.items()
    ]
    total = sum(flipflops.values())
    needed = [
        sum(bits * p.counts[bank] for bank, bits in flipflops.items()) / total / p.cycles
        for p in phases
    ]
    rows = [*banks, ("**needed**", f"{total:,}", *(f"**{share:.1%}**" for share in needed))]
    sections = [
        "# Registers and memories at work",
        f"    {command}",
        what,
        f"Cycles of the phases: {', '.join(f'{p.name} {p.cycles:,}' for p in phases)}.",
        "## Register banks",
        _HOW_TO_READ,
        markdown_table(("bank", "flip-flops", *head), rows),
        "## Memories",
        _MEMORIES,
        markdown_table(("memory", *head), list(_memories(phases))),
    ]
    numbers = {
        "command": command,
        "chip": what,
        "flipflops": dict(flipflops),
        "needed": dict(zip(head, needed, strict=True)),
        "phases": [{"name": p.name, "cycles": p.cycles, "counts": dict(p.counts)} for p in phases],
    }
    return {
        "report.md": "\n\n".join(sections) + "\n",
        "results.json": json.dumps(numbers, indent=1, allow_nan=False) + "\n",
    }


def _memories(phases: Sequence[Phase]) -> Iterator[tuple[str, ...]]:
    """Yield a row for each kind of memory and verb: the busiest of an array stands for all."""
    ports: dict[str, list[str]] = defaultdict(list)
    for port in phases[0].counts:
        verb, _, place = port.partition("_")
        if verb in ("reads", "writes"):
            ports[f"{_name(re.sub(r'_[0-9]+$', '', place), '')}, {verb}"].append(port)
    for name, alike in ports.items():
        counts = [max(phase.counts[port] for port in alike) for phase in phases]
        if any(counts):
            yield name, *(_share(n, p.cycles) for n, p in zip(counts, phases, strict=True))


def _name(port: str, prefix: str) -> str:
    return port.removeprefix(prefix).removeprefix("core__").replace("__", ".")


def _share(count: int, cycles: int) -> str:
    return f"{count / cycles:.1%}" if count else "-"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the phases and write the report."""
    parser = argparse.ArgumentParser(prog="python -m verification.bench.banks")
    parser.add_argument("--out", type=Path, metavar="DIR", required=True)
    parser.add_argument("--quick", action="store_true", help="the small chip, for a quick check")
    options = parser.parse_args(arguments)
    given = sys.argv[1:] if arguments is None else arguments
    command = shlex.join(["python", "-m", "verification.bench.banks", *given])
    chip = BLOCKS["chip"].arguments("small")["params"] if options.quick else full_chip()
    console = Console()
    what = (
        f"The {'small' if options.quick else 'full'} chip of the catalogue with a head that learns"
        f"; {'a random' if options.quick else 'the shipped'} network."
    )
    try:
        ensure_directory(options.out)
        with console.status("Running the chip ..."):
            phases, flipflops = seen_in(chip, options.quick)
        files = report_files(phases, flipflops, what, command)
        write_folder(options.out, files)
    except (UserError, BenchError) as error:
        parser.exit(2, f"banks: {error}\n")
    for name in files:
        console.print(f"wrote {options.out / name}")


if __name__ == "__main__":
    main()
