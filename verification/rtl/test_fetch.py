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
from rtl.fetch import Fetch, fill_layout, write_layout
from verification.rtl.engine import PAUSES, Pauses, Step
from verification.rtl.simulators import cocotb_simulators, payload, run_cocotb, run_pysim, shared
from verification.rtl.strobes import Counted

MAPS = ("map_0", "map_1")
ALONE = {f"both_{path}": 0 for path in MAPS}


def machine(simd: int, map_depth: int, reuse: int = 1) -> AcceleratorParams:
    sizes = MvuParams(pe=3, simd=simd, weight_depth=9, tile_depth=5, weight_reuse=reuse)
    return AcceleratorParams(mvu=sizes, map_depth=map_depth, channels=9, classes=9)


def bench(params: AcceleratorParams, seed: int, reads: int = 40) -> list[Step]:
    """Fill both memories, then read each while the other one is written anew.

    At last memory 0 is filled: all of it while the other one is read, and, if the machine gathers
    windows, the upper half while the lower one is read.
    """
    rng, depth = random.Random(seed), params.map_depth
    maps = [[0] * depth, [0] * depth]

    def words(bank: int, addresses: range) -> list[dict[str, int]]:
        for address in addresses:
            maps[bank][address] = rng.getrandbits(params.mvu.simd)
        return [{"address": address, "data": maps[bank][address]} for address in addresses]

    def write(bank: int) -> list[int]:
        layout, every = write_layout(params), words(bank, range(depth))
        return [payload(layout, {"bank": bank, **word}) for word in every]

    def fill(addresses: range) -> list[int]:
        return [payload(fill_layout(params), word) for word in words(0, addresses)]

    def step(source: int, addresses: range, **streams: list[int]) -> Step:
        offered, expected = steps_of(params, maps[source], addresses, reads, rng)
        return Step(
            pins={"source": source}, inputs={"i": offered, **streams}, outputs={"o": expected}
        )

    every = range(depth)
    steps = [Step(inputs={"write": write(0)}), Step(inputs={"write": write(1)})]
    steps += [step(source, every, write=write(1 - source)) for source in (0, 1, 0)]
    steps += [step(1, every, fill=fill(every)), step(0, every)]
    if params.gathers:
        steps += [step(0, every[: depth // 2], fill=fill(every[depth // 2 :])), step(0, every)]
    return steps


def steps_of(
    params: AcceleratorParams, words: list[int], addresses: range, count: int, rng: random.Random
) -> tuple[list[int], list[int]]:
    """Return steps that read some of the words of a memory, and what they are to find."""
    simd, offered, expected = params.mvu.simd, [], []
    for _ in range(count):
        common: dict[str, Any] = {
            "weight": rng.randrange(9),
            "tile": rng.randrange(5),
            "last": rng.randrange(2),
            "tag": random_tag(params, rng),
        }
        if params.mvu.weight_reuse > 1:
            common["slot"] = rng.randrange(params.mvu.weight_reuse)
        inside = rng.random() < 0.8 and len(addresses) > 0
        address = rng.choice(addresses) if inside else rng.randrange(len(words))
        low, high = sorted((rng.randrange(simd), rng.randrange(simd + 1)))
        step = {"address": address, "inside": inside, "low": low, "high": high, **common}
        offered.append(payload(strip.step_layout(params), step))
        mask = sum(1 << lane for lane in range(low, high))
        found = {"x": words[address] if inside else 0, "mask": mask, **common}
        expected.append(payload(mvu.step_layout(params.mvu, tag_layout(params)), found))
    return offered, expected


def random_tag(params: AcceleratorParams, rng: random.Random) -> dict[str, Any]:
    return {name: rng.getrandbits(field.width) for name, field in tag_layout(params)}


@given(
    st.integers(1, 9), st.integers(1, 12), st.sampled_from([1, 2, 4, 8]), st.integers(0),
    st.sampled_from(sorted(PAUSES)),
)  # fmt: skip
@settings(max_examples=25)
def test_words_are_those_written(simd: int, depth: int, reuse: int, seed: int, pauses: str) -> None:
    params = machine(simd, depth, reuse)
    dut = Counted(Fetch(params), MAPS)
    run_pysim(dut, [*bench(params, seed), Step(cycles=2, reads=ALONE)], PAUSES[pauses])


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


def test_a_word_of_the_first_map_waits_for_reads_of_its_memory_alone() -> None:
    """Every other step reads memory 0; the last eight read none, for they are outside the map."""
    params = machine(8, 16)
    write, *_ = bench(params, 3)
    layout, plan = strip.step_layout(params), [True, False] * 8 + [False] * 8
    steps = [payload(layout, {"address": n % 8, "inside": inside}) for n, inside in enumerate(plan)]
    fill = [payload(fill_layout(params), {"address": 8 + n, "data": n}) for n in range(8)]
    layout, words = mvu.step_layout(params.mvu, tag_layout(params)), words_written(params, write)
    found = [payload(layout, {"x": words[n % 8] if inside else 0}) for n, inside in enumerate(plan)]
    trace = run_pysim(Fetch(params), [
        write,
        Step(inputs={"i": steps, "fill": fill}, outputs={"o": found}, pins={"source": 0}),
    ])  # fmt: skip
    taken = trace.transfers["i"]
    reading = {cycle for cycle, inside in zip(taken, plan, strict=True) if inside}
    free = [cycle for cycle in range(taken[0], taken[-1] + 1) if cycle not in reading]
    assert trace.transfers["fill"] == free[:8]


def test_a_map_that_is_read_and_written_in_one_cycle_is_counted() -> None:
    """A machine that gathers no windows leaves it to others that it does not happen."""
    params = machine(8, 16, reuse=2)
    dut, (write, *_) = Counted(Fetch(params), MAPS), bench(params, 5)
    layout, out = strip.step_layout(params), mvu.step_layout(params.mvu, tag_layout(params))
    run_pysim(dut, [write, Step(
        pins={"source": 0},
        inputs={
            "i": [payload(layout, {"address": n, "inside": 1}) for n in range(4)],
            "fill": [payload(fill_layout(params), {"address": 9 + n, "data": n}) for n in range(4)],
        },
        outputs={"o": [payload(out, {"x": word}) for word in words_written(params, write)[:4]]},
    ), Step(cycles=2, reads=ALONE | {"both_map_0": 4})])  # fmt: skip


def test_reset_keeps_the_words_of_the_first_map_that_were_taken() -> None:
    params = machine(8, 16)
    write, *_ = bench(params, 4)
    fill = [payload(fill_layout(params), {"address": n, "data": 200 + n}) for n in range(16)]
    filled = Step(inputs={"fill": fill}, pins={"source": 0}, cycles=5, abandon=True)
    layout, out = strip.step_layout(params), mvu.step_layout(params.mvu, tag_layout(params))
    trace = run_pysim(Fetch(params), [write, filled])
    taken = len(trace.transfers["fill"])
    assert 0 < taken < 16
    words = [200 + n if n < taken else word for n, word in enumerate(words_written(params, write))]
    run_pysim(Fetch(params), [write, filled, Step(
        reset=True, inputs={"i": [payload(layout, {"address": n, "inside": 1}) for n in range(16)]},
        outputs={"o": [payload(out, {"x": word}) for word in words]},
    )])  # fmt: skip


def words_written(params: AcceleratorParams, write: Step) -> list[Any]:
    """Return the words that a step writes, in order."""
    layout = write_layout(params)
    return [layout.from_bits(value).data for value in write.inputs["write"]]
