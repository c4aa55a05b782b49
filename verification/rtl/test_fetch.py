# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.params import AcceleratorParams, MvuParams
from rtl import mvu, strip
from rtl.descriptor import tag_layout
from rtl.fetch import Fetch, write_layout
from verification.rtl.engine import PAUSES, Pauses, Step
from verification.rtl.simulators import cocotb_simulators, payload, run_cocotb, run_pysim, shared


def machine(simd: int, map_depth: int, reuse: int = 1) -> AcceleratorParams:
    sizes = MvuParams(pe=3, simd=simd, weight_depth=9, tile_depth=5, weight_reuse=reuse)
    return AcceleratorParams(mvu=sizes, map_depth=map_depth, channels=9, classes=9)


def bench(params: AcceleratorParams, seed: int, reads: int = 40) -> list[Step]:
    """Fill both memories, then read each while the other one is written anew."""
    rng, simd, depth = random.Random(seed), params.mvu.simd, params.map_depth
    maps = [[0] * depth, [0] * depth]

    def write(bank: int) -> list[int]:
        words = [(address, rng.getrandbits(simd)) for address in range(depth)]
        for address, word in words:
            maps[bank][address] = word
        layout = write_layout(params)
        return [payload(layout, {"bank": bank, "address": a, "data": w}) for a, w in words]

    steps = [Step(inputs={"write": write(0)}), Step(inputs={"write": write(1)})]
    for source in (0, 1, 0):
        offered, expected = [], []
        for _ in range(reads):
            common = {
                "weight": rng.randrange(9),
                "tile": rng.randrange(5),
                "last": rng.randrange(2),
            }
            common["tag"] = random_tag(params, rng)
            if params.mvu.weight_reuse > 1:
                common["slot"] = rng.randrange(params.mvu.weight_reuse)
            address, inside = rng.randrange(depth), rng.random() < 0.8
            low, high = sorted((rng.randrange(simd), rng.randrange(simd + 1)))
            step = {"address": address, "inside": inside, "low": low, "high": high, **common}
            offered.append(payload(strip.step_layout(params), step))
            mask = sum(1 << lane for lane in range(low, high))
            found = {"x": maps[source][address] if inside else 0, "mask": mask, **common}
            layout = mvu.step_layout(params.mvu, tag_layout(params))
            expected.append(payload(layout, found))
        streams = {"i": offered, "write": write(1 - source)}
        steps.append(Step(pins={"source": source}, inputs=streams, outputs={"o": expected}))
    return steps


def random_tag(params: AcceleratorParams, rng: random.Random) -> dict[str, Any]:
    return {name: rng.getrandbits(field.width) for name, field in tag_layout(params)}


@given(
    st.integers(1, 9), st.integers(1, 12), st.sampled_from([1, 2, 4, 8]), st.integers(0),
    st.sampled_from(sorted(PAUSES)),
)  # fmt: skip
@settings(max_examples=25)
def test_words_are_those_written(simd: int, depth: int, reuse: int, seed: int, pauses: str) -> None:
    params = machine(simd, depth, reuse)
    run_pysim(Fetch(params), bench(params, seed), PAUSES[pauses])


@pytest.mark.parametrize("simulator", cocotb_simulators())
@pytest.mark.parametrize("pauses", PAUSES.values(), ids=PAUSES)
def test_wide_words_in_verilog(pauses: Pauses, simulator: str) -> None:
    params = machine(64, 40)
    run_cocotb(shared(Fetch, params), bench(params, 0), pauses, simulator=simulator)


def test_one_step_a_cycle_after_latency() -> None:
    params = machine(8, 16)
    dut = Fetch(params)
    trace = run_pysim(dut, bench(params, 1, reads=20))
    given, found = trace.transfers["i"], trace.transfers["o"]
    assert found == [cycle + dut.latency for cycle in given]
    assert given[:20] == list(range(given[0], given[0] + 20 * dut.interval, dut.interval))


def test_reset_drops_the_step_and_keeps_the_words() -> None:
    params = machine(8, 16)
    first, second, third, *_ = bench(params, 2)
    held = Step(
        pins={"source": 0}, inputs={"i": third.inputs["i"]}, outputs={"o": third.outputs["o"]},
        cycles=5, abandon=True,
    )  # fmt: skip
    again = Step(reset=True, pins=third.pins, inputs=third.inputs, outputs=third.outputs)
    trace = run_pysim(Fetch(params), [first, second, held, again])
    assert trace.left[0] > 0
