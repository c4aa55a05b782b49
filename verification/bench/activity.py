# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""Energy of gates that switch, compared with the energy that counts predict for the same work.

``python -m verification.bench.activity --out DIR [--liberty FILE] [--quick]``

The sampler and the matrix-vector unit are mapped to gates, without their memories. They then draw
from trained classes, and compute a layer of a trained network on pictures. The same is done at
random. Every change of every gate is counted, without delays and with them. With ``--liberty``, the
gates are the cells of that file with their delays. Without it, they are Yosys's own gates, priced
as the cells of IHP SG13G2 with the same functions, and each takes one step. The counts of
`sim.cost.counts` for the same work are priced with the same cells. ``report.md`` and
``results.json`` are written into DIR. Gates are kept under ``build/``. The first run takes minutes.
"""

import argparse
import shlex
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

from rich.console import Console

from rtl.catalogue import BLOCKS
from rtl.emit import Design
from sim.cost.cells.cells import CellLibrary
from sim.cost.cells.delays import read_delays
from sim.cost.cells.liberty_cells import read_cells
from sim.cost.cells.table import read_table
from sim.cost.counts.tally import Action, Tally
from sim.cost.pricing import price, price_memories
from sim.cost.quantity import Range
from sim.cost.technology.files import BUILT_IN
from sim.cost.technology.loading import DEFAULT, load_technology
from sim.cost.technology.technology import Technology
from sim.hardware.mapping import map_block, map_cells
from sim.hardware.tools import CACHE
from sim.work.errors import UserError
from sim.work.files import ensure_directory
from sim.work.folder import write_folder
from verification.bench.activity_report import Comparison, report_files
from verification.bench.activity_works import (
    Work,
    drawn_work,
    mvu_work,
    pictures_work,
    sampler_work,
)
from verification.bench.circuit import read_circuit
from verification.bench.gate_kernels import LONGEST
from verification.bench.gate_run import GateRun, run_gates
from verification.bench.switching import Energy, changes, clock_tree, energy_by_part
from verification.rtl.simulators import streams_of

__all__ = ["compare", "delays_of", "main", "steps_of"]

_TABLE = "sg13g2_stdcell.csv"
_STEP = 10e-12  # s, in which delays of cells are counted
_ACCESSES = ("read", "write")


def compare(work: Work, liberty: Path | None = None, *, cache: Path = CACHE) -> Comparison:
    """Do a work in gates, and compare its energy with that of its counts.

    Parameters
    ----------
    work : Work
    liberty : Path, optional
        Liberty file of the cells, instead of the shipped table.
    cache : Path
        Folder of netlists that are mapped already.

    Raises
    ------
    UserError
        If a tool is missing or finds a fault, or if the Liberty file is missing, has a fault, or
        lacks the delay of a cell in use.
    BenchError
        If the gates give other results than golden.
    ValueError
        If a cell or a memory is of another kind than those of `verification.bench.circuit`.
    """
    design = Design.of(work.block, work.arguments)
    technology, library = _technology(liberty)
    files = () if liberty is None else (liberty,)
    mapped = map_block(design, technology, files, cache=cache)
    netlist = map_cells(design, files, cache=cache)
    circuit = read_circuit(design.name, netlist, None if liberty is None else library)
    kinds = [group.kind for group in circuit.gates.groups]
    steps = None if liberty is None else steps_of(delays_of(liberty, kinds))
    run = run_gates(circuit, streams_of(work.component), work.before, work.steps)
    activities = {"none": run.settled, "one step a gate": run.delayed()}
    if steps is not None:
        activities["of the cells"] = run.delayed(steps)
    energies = {name: energy_by_part(activity, library) for name, activity in activities.items()}
    *_, gates = energies.values()
    memories = price_memories(work.memories, technology)
    counted = Tally({a: n for a, n in work.tally.items() if a.kind in _ACCESSES})
    assert mapped.area is not None, "the technology has cells"
    return Comparison(
        work=work.name,
        cells=sum(mapped.cells.values()),
        flipflops=mapped.flipflops,
        area=mapped.area.nominal,
        activities=activities,
        gate_changes={n: changes(a, library, "gate") for n, a in activities.items()},
        flipflop_changes=changes(run.settled, library, "flipflop"),
        energies=energies,
        clock_tree=run.cycles * clock_tree(mapped.flipflops, library),
        memories=(
            price(_strobes(run, work), memories, technology).memories.nominal,
            price(counted, memories, technology).memories.nominal,
        ),
        counts=_foretold(work.tally, technology, gates),
        beside=_beside(technology),
    )


def delays_of(liberty: Path, cells: Iterable[str]) -> dict[str, float]:
    """Return the delays (s) of some cells of a Liberty file.

    Raises
    ------
    UserError
        If the file has a fault, or states no delay of one of the cells.
    """
    stated = read_delays(liberty)
    lacking = sorted({*cells} - stated.keys())
    if lacking:
        raise UserError(
            f"{liberty} must state the delay of {', '.join(lacking)}: cell_rise and cell_fall "
            "of an output, with a mean above 0"
        )
    return {name: stated[name] for name in cells}


def steps_of(delays: Mapping[str, float]) -> dict[str, int]:
    """Return delays (s) of cells in steps of 10 ps, at least one step.

    Raises
    ------
    UserError
        If a delay has more than 63 steps.
    """
    steps = {name: max(1, round(delay / _STEP)) for name, delay in delays.items()}
    slow = [name for name, step in steps.items() if step > LONGEST]
    if slow:
        raise UserError(
            f"Delays of cells must be at most {LONGEST * _STEP * 1e12:.0f} ps, not "
            f"{delays[slow[0]] * 1e12:.0f} ps as that of {slow[0]}"
        )
    return steps


def _strobes(run: GateRun, work: Work) -> Tally:
    """Return the accesses to memories in gates, with the widths of the memories."""
    widths = {memory.component: memory.width for memory in work.memories}
    found = {}
    for (name, kind), number in run.accesses.items():
        if number:
            found[Action(name, kind, widths[name])] = number
    return Tally(found)


def _beside(technology: Technology) -> float:
    """Return the factor by which the model adds wires, clock and control to logic."""
    factors = (technology.overheads.get(name) for name in ("wires", "control"))
    found = 1.0
    for factor in factors:
        found *= 1.0 if factor is None else factor.nominal
    return found


def _technology(liberty: Path | None) -> tuple[Technology, CellLibrary]:
    technology = load_technology(DEFAULT)
    if liberty is None:
        return technology, read_table(BUILT_IN / _TABLE)
    return technology.with_liberty(liberty), read_cells(liberty)


def _foretold(tally: Tally, technology: Technology, parts: dict[str, Energy]) -> dict[str, Range]:
    energies: dict[str, list[Range]] = defaultdict(list)
    for action, count in tally.items():
        if action.kind not in ("read", "write"):
            each = technology.energy(action)
            assert each is not None, "the technology has cells for all that is done"
            part = action.component.partition(".")[0]
            energies[part if part in parts else ""].append(each * float(count))
    return {part: sum(ranges[1:], ranges[0]) for part, ranges in energies.items()}


def main(arguments: Sequence[str] | None = None) -> None:
    """Compare the works and write the report."""
    parser = argparse.ArgumentParser(prog="python -m verification.bench.activity")
    parser.add_argument("--out", type=Path, metavar="DIR", required=True)
    parser.add_argument("--liberty", type=Path, metavar="FILE", help="cells to map to")
    parser.add_argument("--quick", action="store_true", help="small sizes, for a quick check")
    options = parser.parse_args(arguments)
    given = sys.argv[1:] if arguments is None else arguments
    console = Console()
    try:
        ensure_directory(options.out)
        comparisons = []
        for make in _works(options.quick):
            work = make()
            with console.status(work.name):
                comparisons.append(compare(work, options.liberty))
        command = shlex.join(["python", "-m", "verification.bench.activity", *given])
        files = report_files(comparisons, command, options.liberty)
        write_folder(options.out, files)
    except UserError as error:
        sys.exit(f"activity: {error}")
    for it in comparisons:
        line = f"{it.work}: gates / counts = {it.ratio:.2f}"
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _works(quick: bool) -> list[Callable[[], Work]]:
    """Return what makes each work: trained ones and random ones, on the same hardware."""
    size = "tiny" if quick else "full"
    drawn, unit = (BLOCKS[name].arguments(size)["params"] for name in ("sampler", "mvu"))
    if quick:
        return [partial(sampler_work, drawn, 10, 2), partial(mvu_work, unit, 16, 8, 4)]
    return [
        partial(drawn_work, drawn, 500, 100),
        partial(sampler_work, drawn, 500, 100),
        partial(pictures_work, unit, 200, 1),
        partial(mvu_work, unit, 576, 128, 200),
    ]


if __name__ == "__main__":
    main()
