# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""Networks that Brevitas trained and exported, on our hardware: equal bits, cycles and price.

``python -m verification.foreign --data-dir DIR --out reports/foreign`` imports the models beside
the tests of `sim.exchange`, holds each to its model on all test images, emits the program of a
machine that fits it, simulates the machine on two images word by word, and prices the chip.
"""

import argparse
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from rich.console import Console

from golden.network import Network
from golden.params import ChipParams
from rtl.network import Network as Hardware
from rtl.program import compile_network
from sim.cost.assessment import Assessment
from sim.cost.configuration import REFERENCE, CostConfig
from sim.cost.formatting import si
from sim.cost.sections import MemorySection, TaskSection
from sim.cost.technology.loading import DEFAULT, load_technology
from sim.data.datasets import load
from sim.data.embed import pixels_of
from sim.exchange.check import compare
from sim.exchange.graph import Graph
from sim.exchange.pixels import PixelFormat
from sim.exchange.walk import import_graph
from sim.hardware.fitting import fitted
from sim.report.files import json_text
from sim.report.tables import markdown_table
from sim.work.folder import write_folder
from verification.rtl.networks import bench
from verification.rtl.simulators import run_pysim

__all__ = ["MODELS", "Row", "main", "page", "row_of"]

COMMAND = "python -m verification.foreign --data-dir DIR --out reports/foreign"

MODELS = Path(__file__).parent / "sim" / "exchange" / "brevitas"

#: Data set of each model, bits of its pixels, and what it is.
DATA = {
    "tfc": ("digits", 4, "perceptron of three layers, as TFC-1W1A"),
    "mnist": ("mnist", 8, "the same on MNIST"),
    "cnv": ("digits", 4, "convolutions over inputs of 8 bits, as CNV-1W1A"),
}

_CLOCK = 50e6  # Hz
_SIMULATED = 2  # images that the simulated machine takes

_PAGE = """\
# Networks from elsewhere

    {command}

Brevitas trained these networks and exported them
(`verification/sim/exchange/brevitas_models.py`). `engram import` makes thresholds of their
normalisations. *Equal* counts the test images on which every feature and the class are those of the
model, as onnxruntime and qonnx execute it. *Hardware* counts the images on which the simulated
machine gave every word of every map, all features and all logits of golden.

{table}

The machine is that of the reference chip, {pe} neurons of {simd} inputs, with more memory where the
network needs it. Cycles are those of one picture, and time is at {clock:.0f} MHz. Energy is that of
one picture with leakage, and area that of the chip's memories, in technology {technology}; both are
nominal values of `engram cost`.
"""


@dataclass(frozen=True, kw_only=True)
class Row:
    """What was found of one network.

    Attributes
    ----------
    name, data, what : str
    images, equal : int
        Test images, and those on which all features and the class are equal.
    accuracy : float
        Share of test images that are classified correctly.
    layers, weights, features : int
    hardware : int
        Images on which the simulated machine was golden's equal.
    cycles : int
        From one picture to the next.
    energy : float
        J of a picture.
    area : float
        m2 of the chip's memories.
    """

    name: str
    data: str
    what: str
    images: int
    equal: int
    accuracy: float
    layers: int
    weights: int
    features: int
    hardware: int
    cycles: int
    energy: float
    area: float


def main(arguments: Sequence[str] | None = None) -> None:
    """Import, compare, simulate and price all models, and write the report."""
    parser = argparse.ArgumentParser(prog="python -m verification.foreign")
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="folder of MNIST")
    parser.add_argument("--out", type=Path, metavar="DIR", required=True)
    options = parser.parse_args(arguments)
    console = Console()
    rows = []
    for name in DATA:
        rows.append(row_of(name, options.data_dir))
        console.print(f"{name}: {rows[-1].equal} of {rows[-1].images} equal", highlight=False)
    results = {"command": COMMAND, "networks": [asdict(row) for row in rows]}
    files = {"report.md": page(rows), "results.json": json_text(results)}
    write_folder(options.out, files)
    console.print(f"Report: {options.out / 'report.md'}", highlight=False)


def row_of(name: str, data_dir: Path | None = None) -> Row:
    """Import a model, and return what is found of it.

    Parameters
    ----------
    name : str
        One of `DATA`.
    data_dir : Path, optional
        Folder of MNIST.

    Raises
    ------
    UserError
        If the data or the model cannot be read.
    BenchError
        If the simulated machine differs from golden.
    """
    data, bits, what = DATA[name]
    pixels, source = PixelFormat(bits=bits), load(data, data_dir)
    images = pixels_of(source, "test", bits)
    graph = Graph(MODELS / f"{name}.onnx")
    found = import_graph(graph, pixels)
    agreement = compare(graph, found, pixels, images)
    network = found.network
    chip = fitted(REFERENCE, network.params, {})
    simulated = images[:_SIMULATED]
    run_pysim(Hardware(chip.accelerator), bench(network, chip.accelerator, simulated))
    priced = _assessed(name, network, chip)
    spent = priced.inference.bill.total
    assert not spent.missing + priced.area.missing, "the technology knows all of it"
    return Row(
        name=name,
        data=data,
        what=what,
        images=len(images),
        equal=int(np.count_nonzero(agreement.features & agreement.classes)),
        accuracy=float(np.mean(agreement.answers == source.test_labels)),
        layers=len(network.params.layers),
        weights=network.params.weight_count,
        features=network.params.output.size,
        hardware=len(simulated),
        cycles=compile_network(network, chip.accelerator).cycles(chip.accelerator),  # pyright: ignore[reportArgumentType]
        energy=spent.nominal,
        area=priced.area.nominal,
    )


def _assessed(name: str, network: Network, chip: ChipParams) -> Assessment:
    """Return the price of the chip that runs a network."""
    head = network.params.head
    assert head is not None
    config = CostConfig(
        title=name,
        chip=replace(chip, head=None),
        network_name=name,
        network=network.params,
        clock=_CLOCK,
        retention=86_400,
        memory=MemorySection(classes=head.classes),
        task=TaskSection(classes=1, hidden=0),
    )
    return Assessment(config=config, technology=load_technology(DEFAULT))


def page(rows: Sequence[Row]) -> str:
    """Return the report of some rows."""
    columns = (
        "network", "data", "layers", "weights", "D", "equal", "accuracy (%)", "hardware", "cycles",
        "time", "energy", "area (mm2)",
    )  # fmt: skip
    table = [
        [
            f"{row.name}: {row.what}",
            row.data,
            str(row.layers),
            f"{row.weights:,}",
            str(row.features),
            f"{row.equal} of {row.images}",
            f"{100 * row.accuracy:.1f}",
            f"{row.hardware} of {row.hardware}",
            f"{row.cycles:,}",
            si(row.cycles / _CLOCK, "s"),
            si(row.energy, "J"),
            f"{row.area * 1e6:.3f}",
        ]
        for row in rows
    ]
    mvu = REFERENCE.accelerator.mvu
    return _PAGE.format(
        command=COMMAND,
        table=markdown_table(columns, table),
        pe=mvu.pe,
        simd=mvu.simd,
        clock=_CLOCK / 1e6,
        technology=DEFAULT,
    )


if __name__ == "__main__":
    main()
