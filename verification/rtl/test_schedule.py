# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT

from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

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
    first = program.layers[0]
    start = trace.transfers["map_fill"][first.get("lead", first["length"]) - 1] + 2
    assert start == starts[0] - 2 + layer_cycles(program.layers[0], params)
    # A layer ends with the last word of its map; the next begins in the cycle after.
    writes = iter(trace.transfers["map_write"])
    for layer in program.layers[1:]:
        start += layer_cycles(layer, params)
        if layer["operation"].name in ("NEURONS", "POOL"):
            last = [next(writes) for _ in range(layer["length"])][-1]
            assert last == start - 1


@st.composite
def first_convolutions(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a network of a thermometer and a convolution."""
    kernel = draw(st.sampled_from([1, 2, 3, 5]))
    padding = "same" if kernel % 2 and draw(st.booleans()) else "valid"
    sides = st.integers(1 if padding == "same" else kernel, 8)
    shape = {"height": draw(sides), "width": draw(sides)}
    layers = [
        {"kind": "thermometer", "levels": draw(st.integers(1, 6))},
        {"kind": "conv", "outputs": draw(st.integers(1, 20)), "kernel": kernel, "padding": padding},
    ]
    return {"input": {"bits": 3, "channels": draw(st.integers(1, 3)), **shape}, "layers": layers}


@given(first_convolutions(), st.integers(1, 4), st.integers(3, 12))
@settings(max_examples=15)
def test_no_step_waits_for_a_picture_that_comes_without_pauses(
    description: dict[str, Any], pe: int, simd: int
) -> None:
    network, images = build(description, 0)
    params = machine(pe, simd, network.params, gather_words=30)
    program = compile_network(network, params)
    assume(program.layers[0]["lead"] < program.layers[0]["length"])
    steps = [picture(network, params, image) for image in images]
    both = Step(
        inputs={"pixels": [v for step in steps for v in step.inputs["pixels"]]},
        outputs={n: [v for step in steps for v in step.outputs[n]] for n in steps[0].outputs},
    )
    trace = run_pysim(Network(params), [load(program, params), both])
    starts = trace.transfers["pixels"][:: len(steps[0].inputs["pixels"])]
    assert starts[1] - starts[0] == program.cycles(params)
