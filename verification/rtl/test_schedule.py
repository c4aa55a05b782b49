# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT

import pytest

from rtl.network import Network
from rtl.program import compile_network
from rtl.schedule import layer_cycles
from verification.rtl.engine import Step
from verification.rtl.networks import CASES, build, load, machine, picture
from verification.rtl.simulators import run_pysim


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(
    ("pe", "simd", "reuse"), [(4, 8, 1), (3, 5, 1), (4, 8, 2), (3, 5, 4), (16, 64, 8)]
)
def test_cycles_are_those_of_the_machine(name: str, pe: int, simd: int, reuse: int) -> None:
    network, images = build(CASES[name], 2)
    params = machine(pe, simd, network.params, reuse)
    program = compile_network(network, params)
    first, second = (picture(network, params, image, 1) for image in images)
    both = Step(
        pins=first.pins,
        inputs={"pixels": [*first.inputs["pixels"], *second.inputs["pixels"]]},
        outputs={name: [*first.outputs[name], *second.outputs[name]] for name in first.outputs},
    )
    trace = run_pysim(Network(params), [load(program, params), both])
    starts = trace.transfers["pixels"][:: len(first.inputs["pixels"])]
    assert starts[1] - starts[0] == program.cycles(params)
    # The second layer begins two cycles after the last word of the first map that it waits for.
    start = trace.transfers["map_fill"][program.layers[0]["lead"] - 1] + 2
    assert start == starts[0] - 2 + layer_cycles(program.layers[0], params)
    # A layer ends with the last word of its map; the next begins in the cycle after.
    writes = iter(trace.transfers["map_write"])
    for layer in program.layers[1:]:
        start += layer_cycles(layer, params)
        if layer["operation"].name in ("NEURONS", "POOL"):
            last = [next(writes) for _ in range(layer["length"])][-1]
            assert last == start - 1
