# SPDX-License-Identifier: MIT
"""One convolution on 16 x 64 synapses, counted by us and by SCALE-Sim.

``python -m verification.peers.scalesim --out DIR`` runs where SCALE-Sim is installed (extra
``peers``, best in an environment of its own) and writes ``scalesim.json`` and ``scalesim.md``.
"""

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from golden.params import AcceleratorParams, ConvParams, MvuParams
from sim.cost.counts import network
from sim.cost.counts.mapping import program
from sim.cost.counts.tally import Action
from sim.data.networks import load_network
from sim.work.files import write_all

__all__ = ["COMMAND", "DATAFLOWS", "Counts", "main", "ours", "page"]

COMMAND = "python -m verification.peers.scalesim --out reports/cost/peer"

#: What SCALE-Sim's array keeps: weights, with the window along its 64 rows and 16 filters side by
#: side, as our unit has them; or sums, with 64 pixels along its rows.
DATAFLOWS = {"ws": "SCALE-Sim, weights stay", "os": "SCALE-Sim, sums stay"}

_MACHINE = AcceleratorParams(mvu=MvuParams(pe=16, simd=64))
_NETWORK, _LAYER = "fbnn-1M", 2

_CONFIGURATION = """\
[general]
run_name = {dataflow}
[architecture_presets]
ArrayHeight = {simd}
ArrayWidth = {pe}
IfmapSramSzkB = 128
FilterSramSzkB = 128
OfmapSramSzkB = 128
IfmapOffset = 0
FilterOffset = 10000000
OfmapOffset = 20000000
Dataflow = {dataflow}
ReadRequestBuffer = 64
WriteRequestBuffer = 64
[layout]
IfmapCustomLayout = False
IfmapSRAMBankBandwidth = 64
IfmapSRAMBankNum = 1
IfmapSRAMBankPort = 2
FilterCustomLayout = False
FilterSRAMBankBandwidth = 64
FilterSRAMBankNum = 1
FilterSRAMBankPort = 2
[sparsity]
SparsitySupport = false
[run_presets]
InterfaceBandwidth = CALC
UseRamulatorTrace = False
"""

_PAGE = """\
# One convolution, two simulators

3 x 3, 64 to 64 channels, 32 x 32 pixels ({layer}) on 16 neurons of 64 inputs, by the counts of
engram and by SCALE-Sim {version}. Made by `{command}`.

| | cycles | utilisation | inputs read | weights read | outputs written |
|---|---|---|---|---|---|
{rows}

All three do the same {synapses:,} multiply-accumulates on 1,024 synapses, which take {ideal:,}
cycles at least.

- **Cycles.** Our unit begins a tile while the one before is compared: {lost} cycles are lost in
  the whole layer. An array whose operands travel from cell to cell fills and drains for every
  fold: 2 x 64 + 16 - 2 = 142 cycles in each of the 9 x 4 folds of 1,024 pixels where weights stay,
  64 + 16 - 2 = 78 in each of the 16 x 4 folds of 576 inputs where sums stay.
- **Inputs.** 64 a cycle in all; ours are fewer by the steps that lie outside the map, which read
  nothing, while SCALE-Sim is given a map with its margin.
- **Weights.** Ours are read in every step, SCALE-Sim's once, or once for 64 pixels. That is the
  price of an array without registers for weights; at 1 bit each, a cycle's 16 x 64 weights are as
  many bits as 32 words of 32 bits. With a weight reuse of P, which is 1 here, ours are read once
  for P pixels of a row.
- **Outputs.** Our sums stay in accumulators beside the neurons and leave as 1 bit each. Where
  weights stay, 9 partial sums of 7 bits leave for each output and are added up elsewhere. Where
  sums stay, SCALE-Sim lists {written:,} writes for {outputs:,} outputs.
"""


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What a layer takes.

    Attributes
    ----------
    cycles : int
        From the first to the last, loading from outside not included.
    inputs, weights, outputs : int
        Operands read or written beside the array: bits, but for outputs that are partial sums.
    """

    cycles: int
    inputs: int
    weights: int
    outputs: int


def main(arguments: Sequence[str] | None = None) -> None:
    """Run SCALE-Sim in both dataflows and write both files."""
    parser = argparse.ArgumentParser(prog="python -m verification.peers.scalesim")
    parser.add_argument("--out", type=Path, metavar="DIR", required=True)
    out: Path = parser.parse_args(arguments).out
    results = {
        "scalesim": metadata.version("scalesim"),
        "layer": f"{_NETWORK}, layer {_LAYER}",
        "ours": asdict(ours()),
        **{dataflow: asdict(_peer(dataflow)) for dataflow in DATAFLOWS},
    }
    out.mkdir(parents=True, exist_ok=True)
    write_all({
        out / "scalesim.json": json.dumps(results, indent=2) + "\n",
        out / "scalesim.md": page(results),
    })  # fmt: skip


def ours() -> Counts:
    """Return what our counts say of the layer."""
    layer = program(load_network(_NETWORK), _MACHINE)[_LAYER]
    actions = network.tally(layer, _MACHINE)
    simd = _MACHINE.mvu.simd
    rows = {
        "inputs": Action("fetch.map", "read", simd),
        "weights": Action("mvu.weights", "read", simd),
        "outputs": Action("fetch.map", "write", simd),
    }
    return Counts(
        cycles=network.layer_cycles(layer, _MACHINE),
        **{name: int(actions[action]) * simd for name, action in rows.items()},
    )


def page(results: dict[str, Any]) -> str:
    """Return the page of some results."""
    layer = program(load_network(_NETWORK), _MACHINE)[_LAYER]
    ideal = layer.synapses // (_MACHINE.mvu.pe * _MACHINE.mvu.simd)
    rows = [
        f"| {name} | {c.cycles:,} | {ideal / c.cycles:.1%} | {c.inputs:,} | {c.weights:,} "
        f"| {c.outputs:,} |"
        for key, name in {"ours": "engram", **DATAFLOWS}.items()
        for c in [Counts(**results[key])]
    ]
    return _PAGE.format(
        layer=results["layer"],
        version=results["scalesim"],
        command=COMMAND,
        rows="\n".join(rows),
        synapses=layer.synapses,
        ideal=ideal,
        lost=results["ours"]["cycles"] - ideal,
        written=results["os"]["outputs"],
        outputs=layer.pixels * layer.outputs,
    )


def _peer(dataflow: str) -> Counts:
    """Return what SCALE-Sim says of the layer, its map with a margin around it."""
    layer = load_network(_NETWORK).layers[_LAYER]
    assert isinstance(layer, ConvParams)
    shape = (
        layer.input.height + 2 * layer.pad, layer.input.width + 2 * layer.pad,
        layer.kernel, layer.kernel, layer.input.channels, layer.outputs, 1,
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        configuration = folder / "array.cfg"
        configuration.write_text(
            _CONFIGURATION.format(dataflow=dataflow, pe=_MACHINE.mvu.pe, simd=_MACHINE.mvu.simd)
        )
        topology = folder / "layer.csv"
        topology.write_text(f"name, shape,\nlayer, {', '.join(map(str, shape))},\n")
        # It wants a layout even where none is used.
        files = ["-c", configuration, "-t", topology, "-l", topology, "-p", folder, "-s", "N"]
        subprocess.run(
            [sys.executable, "-m", "scalesim.scale", *files], check=True, capture_output=True
        )
        compute = _report(folder / dataflow / "COMPUTE_REPORT.csv")
        access = _report(folder / dataflow / "DETAILED_ACCESS_REPORT.csv")
    return Counts(
        cycles=int(compute["Total Cycles"]),
        inputs=int(access["SRAM IFMAP Reads"]),
        weights=int(access["SRAM Filter Reads"]),
        outputs=int(access["SRAM OFMAP Writes"]),
    )


def _report(path: Path) -> dict[str, str]:
    """Return the row of a report by its columns."""
    with path.open(encoding="utf-8", newline="") as file:
        return next(csv.DictReader(file, skipinitialspace=True))


if __name__ == "__main__":
    main()
