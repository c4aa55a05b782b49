# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.params import AcceleratorParams, MvuParams
from rtl.strip import Strip, first_layout, step_layout
from verification.rtl.engine import PAUSES, Pauses, Step
from verification.rtl.simulators import cocotb_simulators, payload, run_cocotb, run_pysim, shared


def machine(simd: int, map_depth: int, reuse: int) -> AcceleratorParams:
    mvu = MvuParams(pe=3, simd=simd, weight_depth=9, tile_depth=5, weight_reuse=reuse)
    return AcceleratorParams(mvu=mvu, map_depth=map_depth, channels=9, classes=9)


def noise(layout: Any, rng: random.Random) -> dict[str, Any]:
    """Return a payload whose fields are random, but for the tag's."""
    return {name: rng.getrandbits(field.width) for name, field in layout if name != "tag"}


def bench(params: AcceleratorParams, seed: int, firsts: int = 12) -> Step:
    """Send steps for first pixels in and around a map; expect one for every pixel."""
    rng, reuse = random.Random(seed), params.mvu.weight_reuse
    layout, out = first_layout(params), step_layout(params)
    columns, stride, pitch = rng.randint(1, params.map_depth), rng.randint(1, 3), rng.randint(0, 9)
    first_column, last_column = -(columns // 2), columns - 1 + columns // 2  # with the margins
    pins = {"columns": columns, "stride": stride, "x_pitch": pitch % 2 ** out["address"].width}
    offered, expected = [], []
    for _ in range(firsts):
        column = rng.randint(first_column, last_column)
        pixels = min(rng.randint(1, reuse), (last_column - column) // stride + 1)
        end, address = rng.randrange(2), rng.randrange(params.map_depth)
        tag = {"place": rng.randrange(9), "lanes": rng.randrange(4), "last": rng.randrange(2)}
        first = noise(layout, rng) | {
            "address": address, "column": column % 2 ** layout["column"].width, "pixels": pixels,
        }  # fmt: skip
        offered.append(payload(layout, {**first, "tag": {**tag, "end": end}}))
        for slot in range(pixels):
            kept = {name: first[name] for name in ("low", "high", "weight", "tile", "last")}
            expected.append(payload(out, {
                **kept, "slot": slot,
                "address": (address + slot * pitch) % 2 ** out["address"].width,
                "inside": first["inside"] and 0 <= column + slot * stride < columns,
                "tag": {
                    **tag, "end": end and slot == pixels - 1, "strip_end": slot == pixels - 1,
                },
            }))  # fmt: skip
    return Step(pins=pins, inputs={"i": offered}, outputs={"o": expected})


@given(
    st.integers(1, 9), st.integers(1, 40), st.sampled_from([2, 4, 8]), st.integers(0),
    st.sampled_from(sorted(PAUSES)),
)  # fmt: skip
@settings(max_examples=25)
def test_pixels_take_turns(simd: int, depth: int, reuse: int, seed: int, pauses: str) -> None:
    params = machine(simd, depth, reuse)
    run_pysim(Strip(params), [bench(params, seed), bench(params, seed + 1)], PAUSES[pauses])


@pytest.mark.parametrize("simulator", cocotb_simulators())
@pytest.mark.parametrize("pauses", PAUSES.values(), ids=PAUSES)
def test_pixels_in_verilog(pauses: Pauses, simulator: str) -> None:
    params = machine(64, 40, 4)
    run_cocotb(shared(Strip, params), [bench(params, 0)], pauses, simulator=simulator)


def test_one_step_a_cycle_without_delay() -> None:
    params = machine(8, 16, 4)
    dut = Strip(params)
    step = bench(params, 1)
    trace = run_pysim(dut, [step])
    found = trace.offered["o"]
    assert found[0] == 1 + dut.latency  # after the cycle of reset
    assert trace.gaps("o") == {dut.interval}
    assert trace.transfers["i"][-1] == found[-1]


@pytest.mark.parametrize("cycles", range(1, 9))
def test_reset_begins_with_a_first_pixel(cycles: int) -> None:
    params = machine(8, 16, 8)
    broken, again = bench(params, 2), bench(params, 3)
    held = Step(
        pins=broken.pins, inputs=broken.inputs, outputs=broken.outputs, cycles=cycles, abandon=True
    )
    trace = run_pysim(Strip(params), [
        held, Step(reset=True, pins=again.pins, inputs=again.inputs, outputs=again.outputs),
    ])  # fmt: skip
    assert trace.left[0] > 0
