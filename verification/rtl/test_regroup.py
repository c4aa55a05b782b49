# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""Words of a map against the beats of a vector."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.params import ChipParams
from rtl.regroup import Regroup, vector_layout
from rtl.thermometer import word_layout
from verification.rtl.chips import make_chip
from verification.rtl.engine import PAUSES, Pauses, Step
from verification.rtl.simulators import cocotb_simulators, payload, run_cocotb, run_pysim


def vector(chip: ChipParams, bits: int, size: int) -> tuple[list[int], list[int]]:
    """Return the words of a map of `size` bits, and the beats of the vector made of them."""
    prototypes, simd = chip.sampler.prototypes, chip.accelerator.mvu.simd
    bits &= 2**size - 1
    words, kept = -(-size // simd), bits & 2**prototypes.features - 1
    return (
        [
            payload(word_layout(simd), {
                "x": bits >> simd * i & 2**simd - 1, "last": int(i == words - 1),
            })
            for i in range(words)
        ],
        [
            payload(vector_layout(prototypes.lanes), {
                "bits": kept >> prototypes.lanes * i & 2**prototypes.lanes - 1,
                "last": int(i == prototypes.beats - 1),
            })
            for i in range(prototypes.beats)
        ],
    )  # fmt: skip


def bench(chip: ChipParams, vectors: list[tuple[int, int]]) -> list[Step]:
    pairs = [vector(chip, *pair) for pair in vectors]
    return [Step(inputs={"i": sum((a for a, _ in pairs), [])},
                 outputs={"o": sum((b for _, b in pairs), [])})]  # fmt: skip


@st.composite
def cases(draw: st.DrawFn) -> tuple[ChipParams, list[tuple[int, int]]]:
    lanes = draw(st.sampled_from([1, 2, 8, 24, 64]))
    factor = draw(st.integers(1, 4))
    simd = draw(st.sampled_from([lanes * factor, lanes // factor or 1]))
    if max(simd, lanes) % min(simd, lanes):
        simd = lanes
    features = draw(st.integers(1, 5 * max(simd, lanes)))
    chip = make_chip(lanes=lanes, simd=simd, features=features)
    # As a rule a map is the vector; one too small or too large must not hurt the next.
    sizes = st.sampled_from([features, features, max(1, features // 2), features + 3 * simd])
    pairs = st.tuples(st.integers(0, 2 ** (features + 3 * simd) - 1), sizes)
    return chip, draw(st.lists(pairs, min_size=1, max_size=4))


@settings(max_examples=60)
@given(cases(), st.sampled_from(list(PAUSES)))
def test_beats_hold_the_vector(case: tuple[ChipParams, list[tuple[int, int]]], name: str) -> None:
    run_pysim(Regroup(case[0]), bench(*case), PAUSES[name])


@pytest.mark.parametrize("simulator", cocotb_simulators())
@pytest.mark.parametrize(("simd", "lanes"), [(64, 16), (16, 64)])
def test_both_directions_in_verilog(simd: int, lanes: int, simulator: str) -> None:
    chip = make_chip(simd=simd, lanes=lanes, features=200)
    vectors = [(0xA5C3F00D123456789 ** (i + 3), size) for i, size in enumerate((200, 200, 70, 300))]
    run_cocotb(Regroup(chip), bench(chip, vectors), PAUSES["idle_stalled"], simulator=simulator)


@pytest.mark.parametrize("pauses", PAUSES.values(), ids=PAUSES)
def test_widths_that_agree(pauses: Pauses) -> None:
    chip = make_chip()
    run_pysim(Regroup(chip), bench(chip, [(0xABCDE, 20), (0x12345, 20)]), pauses)


@pytest.mark.parametrize(("simd", "lanes"), [(8, 8), (8, 32), (32, 8)])
def test_latency_and_throughput(simd: int, lanes: int) -> None:
    chip = make_chip(simd=simd, lanes=lanes, features=192)
    dut = Regroup(chip)
    trace = run_pysim(dut, bench(chip, [(2**192 // 7, 192)]))
    taken = trace.transfers["i"]
    assert trace.offered["o"][0] - taken[max(1, lanes // simd) - 1] == dut.latency
    assert trace.gaps("o" if lanes >= simd else "i") == {dut.interval}


def test_reset_drops_the_vector_under_way() -> None:
    chip = make_chip(features=60, simd=8, lanes=16)
    words, beats = vector(chip, 2**60 - 1, 60)
    run_pysim(Regroup(chip), [
        Step(inputs={"i": words[:3]}, outputs={"o": beats[:1]}),
        Step(reset=True),
        *bench(chip, [(0x123456789, 60)]),
    ])  # fmt: skip


@pytest.mark.parametrize(("simd", "lanes"), [(8, 32), (32, 8)])
@pytest.mark.parametrize("cycles", range(2, 6))
def test_nothing_of_a_vector_is_left_after_a_reset(simd: int, lanes: int, cycles: int) -> None:
    chip = make_chip(features=64, simd=simd, lanes=lanes)
    words, beats = vector(chip, 2**64 - 1, 64)
    run_pysim(Regroup(chip), [
        Step(inputs={"i": words}, outputs={"o": beats}, cycles=cycles, abandon=True),
        Step(reset=True),
        *bench(chip, [(0x5A, 8), (0x123456789ABCDEF, 64)]),  # the first is one word, the rest is 0
    ])  # fmt: skip


def test_it_is_idle_between_vectors_alone() -> None:
    chip = make_chip(lanes=64, simd=8, features=128)  # two beats of eight words
    words, beats = vector(chip, 2**127 | 1, 128)
    idle = [Step(reads={"idle": 1})]
    steps = [*idle]
    for place, word in enumerate(words):
        taken = {"i": [word]}
        passed = beats[place // 8 : place // 8 + 1] if place % 8 == 7 else []
        steps.append(Step(inputs=taken, outputs={"o": passed}, reads={"idle": int(place == 15)}))
    run_pysim(Regroup(chip), [*steps, *idle])
