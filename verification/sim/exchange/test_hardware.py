# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""A network from elsewhere on the hardware that fits it: every bit and logit is golden's."""

from pathlib import Path

import pytest

from verification.extras import skip_without_onnx

skip_without_onnx()

from rtl.network import Network
from sim.data.datasets import load
from sim.exchange.graph import Graph
from sim.exchange.pixels import PixelFormat
from sim.exchange.walk import import_graph
from sim.hardware.settings import load_block
from verification.rtl.networks import bench
from verification.rtl.simulators import run_pysim

SHIPPED = Path(__file__).parent / "brevitas"


@pytest.mark.parametrize("name", ["tfc", "cnv"])
def test_imported_network_runs_on_the_machine_that_fits_it(name: str) -> None:
    network = import_graph(Graph(SHIPPED / f"{name}.onnx"), PixelFormat(bits=4)).network
    _, arguments = load_block("network", "small", None, network.params)
    params = arguments["params"]
    run_pysim(Network(params), bench(network, params, load("digits").test_images[:1]))
