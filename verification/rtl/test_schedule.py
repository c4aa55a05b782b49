# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtl.network import Network
from rtl.packing import gather_cycles
from rtl.program import compile_network
from rtl.schedule import layer_cycles
from rtl.thermometer import pixel_cycles
from verification.rtl.engine import Step
from verification.rtl.networks import CASES, build, load, machine, picture
from verification.rtl.simulators import run_pysim

MORE = (3, 5, 1, 1), (4, 8, 2, 1), (2, 8, 1, 2)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(
    ("pe", "simd", "reuse", "units"),
    [
        (4, 8, 1, 1), (3, 5, 4, 1), (16, 64, 8, 1), (3, 5, 1, 2), (2, 8, 4, 2),
        *(pytest.param(*sizes, marks=pytest.mark.slow) for sizes in MORE),
    ],
)  # fmt: skip
def test_cycles_are_those_of_the_machine(
    name: str, pe: int, simd: int, reuse: int, units: int
) -> None:
    network, images = build(CASES[name], 2)
    params = machine(pe, simd, network.params, reuse, units=units)
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
def first_convolutions(draw: st.DrawFn) -> tuple[dict[str, Any], int, int]:
    """Draw a convolution that begins before the picture is in, with PE and SIMD of a machine.

    Its windows take fewer words if they are gathered. It has neurons enough that a pixel's steps
    leave two cycles beside its words, and time for a pixel, often not one tile more.
    """
    kernel = draw(st.sampled_from([2, 3, 5]))
    taps, same = kernel**2, bool(kernel % 2) and draw(st.booleans())
    shape = {
        "height": draw(st.integers(kernel + 3 if same else kernel + 2, kernel + 4)),
        "width": draw(st.integers(1 if same else kernel + 2, kernel + 4)),
    }
    colours, levels = draw(st.integers(1, 12)), draw(st.integers(1, 3))
    channels = colours * levels
    least = -(-channels * taps // (taps - 1))  # of which a window takes a word less
    simd, pe = draw(st.integers(least, least + 4)), draw(st.integers(1, 8))
    words = -(-taps * channels // simd)
    cycles = max(pixel_cycles(colours, levels, simd), gather_cycles(taps, channels, simd) + 2)
    tiles = -(-cycles // words) + draw(st.integers(0, 1))
    layers = [
        {"kind": "thermometer", "levels": levels},
        {
            "kind": "conv", "kernel": kernel, "padding": "same" if same else "valid",
            "outputs": pe * tiles - draw(st.integers(0, pe - 1)),
        },
    ]  # fmt: skip
    return {"input": {"bits": 3, "channels": colours, **shape}, "layers": layers}, pe, simd


@given(first_convolutions())
@settings(max_examples=6)
def test_no_step_waits_for_a_picture_that_comes_without_pauses(
    drawn: tuple[dict[str, Any], int, int],
) -> None:
    description, pe, simd = drawn
    network, images = build(description, 0)
    params = machine(pe, simd, network.params, gather_words=30, channels=400, map_depth=2**14)
    program = compile_network(network, params)
    assert program.layers[0]["lead"] < program.layers[0]["length"]
    steps = [picture(network, params, image) for image in images]
    both = Step(
        inputs={"pixels": [v for step in steps for v in step.inputs["pixels"]]},
        outputs={n: [v for step in steps for v in step.outputs[n]] for n in steps[0].outputs},
    )
    trace = run_pysim(Network(params), [load(program, params), both])
    starts = trace.transfers["pixels"][:: len(steps[0].inputs["pixels"])]
    assert starts[1] - starts[0] == program.cycles(params)
