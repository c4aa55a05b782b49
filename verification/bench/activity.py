# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""Energy of switching gates, compared with the energy that counts predict for the same work.

``python -m verification.bench.activity --out DIR [--liberty FILE] [--quick]``

The sampler and the matrix-vector unit are mapped to gates, without their memories. They then do a
given work in Verilator, which counts the changes of every gate. With ``--liberty``, the gates are
the cells of that file. Without it, they are Yosys's own gates, priced as the cells of IHP SG13G2
with the same functions. The counts of `sim.cost.counts` for the same work are priced with the same
cells. ``report.md`` and ``results.json`` are written into DIR. Gates and compiled models are kept
under ``build/``. The first run takes minutes.
"""

import argparse
import shlex
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from amaranth.lib import wiring
from rich.console import Console

from golden.dense import Dense
from golden.params import DenseParams, MvuParams, SamplerParams
from rtl.catalogue import BLOCKS
from rtl.emit import Design
from rtl.mvu import Mvu
from sim.cost.cells.cells import CellLibrary
from sim.cost.cells.liberty_cells import read_cells
from sim.cost.cells.table import read_table
from sim.cost.counts import mvu, sampler
from sim.cost.counts.mapping import Layer, Tile
from sim.cost.counts.tally import Tally
from sim.cost.quantity import Range
from sim.cost.technology.files import BUILT_IN
from sim.cost.technology.loading import DEFAULT, load_technology
from sim.cost.technology.technology import Technology
from sim.hardware.mapping import map_block, map_netlist
from sim.hardware.tools import CACHE
from sim.work.errors import UserError
from sim.work.files import ensure_directory
from sim.work.folder import write_folder
from verification.bench.activity_report import Comparison, report_files
from verification.bench.switching import Energy, changes, energy_by_part
from verification.rtl.engine import Step
from verification.rtl.test_mvu import TAG, Folded
from verification.rtl.test_sampler import Plan
from verification.rtl.toggles import measure

__all__ = ["Work", "compare", "main", "mvu_work", "sampler_work"]

_TABLE = "sg13g2_stdcell.csv"


@dataclass(frozen=True, kw_only=True)
class Work:
    """A work that a block does.

    Attributes
    ----------
    name : str
    block : str
        Name of the block in the catalogue.
    arguments : dict
        Arguments of its constructor.
    component : wiring.Component
        The block itself. Its streams carry the steps.
    before, steps : list of Step
        Steps of the preparation, and steps of the work.
    tally : Tally
        Predicted actions of the work.
    """

    name: str
    block: str
    arguments: dict[str, Any]
    component: wiring.Component
    before: list[Step]
    steps: list[Step]
    tally: Tally


def sampler_work(params: SamplerParams, exemplars: int, prototypes: int) -> Work:
    """Return a draw of exemplars from random prototypes, one prototype per class.

    Parameters
    ----------
    params : SamplerParams
    exemplars : int
        Number of requests for random classes.
    prototypes : int
        Number of classes, which are appended before.
    """
    plan, rng = Plan(params), np.random.default_rng(0)
    for _ in range(prototypes):
        plan.append(rng, 1)
    plan.draw(rng.integers(0, prototypes, exemplars).tolist())
    p = params.prototypes
    return Work(
        name=f"sampler L = {p.lanes}, q = {p.code_width} {params.mode} draws {exemplars} "
        f"exemplars of {prototypes} random prototypes, D = {p.features}",
        block="sampler",
        arguments={"params": params},
        component=plan.dut,
        before=plan.steps[:-1],
        steps=plan.steps[-1:],
        tally=sampler.draw(params, exemplars),
    )


def mvu_work(params: MvuParams, inputs: int, outputs: int, vectors: int) -> Work:
    """Return the run of a dense layer with random weights on random vectors.

    Parameters
    ----------
    params : MvuParams
    inputs, outputs : int
        Sizes of the layer.
    vectors : int
        Number of input vectors.
    """
    rng, sizes = np.random.default_rng(0), DenseParams(inputs=inputs, outputs=outputs)
    fold = Folded(params, Dense(sizes, rng.integers(0, 2, sizes.weight_shape, np.uint8)), rng)
    runs = [fold.run(x) for x in rng.integers(0, 2, (vectors, inputs), np.uint8)]
    tiles = tuple(
        Tile(fold.words, min(params.pe, outputs - first)) for first in range(0, outputs, params.pe)
    )
    layer = Layer(
        name="dense", operation="neurons", pixels=vectors, inside=vectors, tiles=tiles, words=0,
        inputs=inputs,
    )  # fmt: skip
    return Work(
        name=f"MVU {params.pe} x {params.simd}, a layer of {outputs} random neurons on {vectors} "
        f"vectors of {inputs} random inputs",
        block="mvu",
        arguments={"params": params, "tag": TAG},
        component=Mvu(params, TAG),
        before=[fold.load()],
        steps=[_joined(runs)],
        tally=mvu.tally(layer, params, TAG),
    )


def _joined(steps: Sequence[Step]) -> Step:
    """Return steps joined into one, without pauses between them."""
    return Step(
        inputs={"i": [x for step in steps for x in step.inputs["i"]]},
        outputs={"o": [x for step in steps for x in step.outputs["o"]]},
    )


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
        If a tool is missing or finds a fault, or if the Liberty file is missing or has a fault.
    BenchError
        If the gates give other results than golden.
    """
    design = Design.of(work.block, work.arguments)
    technology, library = _technology(liberty)
    files = () if liberty is None else (liberty,)
    mapped = map_block(design, technology, files, cache=cache)
    netlist = map_netlist(design, files, cache=cache)
    activity = measure(netlist, design.ports, work.component, work.before, work.steps)
    gates = energy_by_part(activity, library)
    assert mapped.area is not None, "the technology has cells"
    return Comparison(
        work=work.name,
        cells=sum(mapped.cells.values()),
        flipflops=mapped.flipflops,
        area=mapped.area.nominal,
        activity=activity,
        gate_changes=changes(activity, library, "gate"),
        flipflop_changes=changes(activity, library, "flipflop"),
        gates=gates,
        counts=_foretold(work.tally, technology, gates),
    )


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
    size = "tiny" if quick else "full"
    drawn = BLOCKS["sampler"].arguments(size)["params"]
    # All neurons are equal, so four of them represent sixteen, and they compile in minutes.
    unit = replace(BLOCKS["mvu"].arguments(size)["params"], pe=4)
    counts, layer = ((10, 2), (16, 8, 4)) if quick else ((100, 20), (512, 64, 20))
    return [lambda: sampler_work(drawn, *counts), lambda: mvu_work(unit, *layer)]


if __name__ == "__main__":
    main()
