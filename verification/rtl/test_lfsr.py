# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT

from typing import Any, NamedTuple

import pytest
from amaranth.sim import Simulator
from hypothesis import given
from hypothesis import strategies as st

from golden.lfsr import Lfsr as GoldenLfsr
from golden.params import LfsrParams
from golden.polynomials import LATE_TAPS_64, TAPS
from rtl.lfsr import Lfsr
from verification.rtl.coverage import cover
from verification.rtl.engine import Step
from verification.rtl.simulators import cocotb_simulators, run_cocotb, run_pysim

CORNERS = [
    LfsrParams(width=3, taps=TAPS[3], seed=5),
    LfsrParams(width=16, taps=TAPS[16], seed=1, step=16),
    LfsrParams(width=37, taps=TAPS[37], seed=2**36, step=5),
    LfsrParams(width=64, taps=LATE_TAPS_64[0], seed=2**64 - 1, step=64),
]


@st.composite
def lfsrs(draw: st.DrawFn) -> LfsrParams:
    width = draw(st.integers(3, 64))
    seed = draw(st.integers(1, 2**width - 1))
    return LfsrParams(width=width, taps=TAPS[width], seed=seed, step=draw(st.integers(1, width)))


class Cycle(NamedTuple):
    """Whether the word is used, and the seed that is loaded, if one is."""

    en: bool
    seed: int | None = None


def bench(params: LfsrParams, cycles: list[Cycle]) -> list[Step]:
    """Show the word of every cycle, used or not; a seed that is not loaded is all ones."""
    golden, steps = GoldenLfsr(params), []
    for en, seed in cycles:
        load = seed is not None
        pins = {"en": int(en), "load": int(load), "seed": seed if load else 2**params.width - 1}
        meets = {
            "lfsr: held": not en and not load,
            "lfsr: seed loaded while a word is used": en and load,
            "lfsr: seed loaded while none is": not en and load,
            "lfsr: recovery from a loaded zero": en and not golden.state,
        }
        reads = {"word": golden.word()}
        steps.append(Step(pins=pins, reads=reads, meets=meets, cycles=Lfsr.interval))
        if en:
            golden.tick()
        if load:  # in place of the steps
            golden.load(seed)
    return steps


@st.composite
def lives(draw: st.DrawFn) -> tuple[LfsrParams, list[Cycle]]:
    """Draw a register and what is done with it; one seed in a few is 0."""
    params = draw(lfsrs())
    seeds = st.one_of(st.none(), st.none(), st.just(0), st.integers(1, 2**params.width - 1))
    cycles = st.builds(Cycle, st.booleans(), seeds)
    return params, draw(st.lists(cycles, min_size=1, max_size=40))


@given(lives())
def test_word_advance_and_load_equal_golden(life: tuple[LfsrParams, list[Cycle]]) -> None:
    run_pysim(Lfsr(life[0]), bench(*life))


@pytest.mark.parametrize("simulator", cocotb_simulators())
@pytest.mark.parametrize("params", CORNERS, ids=lambda p: f"{p.width}x{p.step}")
def test_corners_in_verilog(params: LfsrParams, simulator: str) -> None:
    last = 2**params.width - 1
    seeds = {20: last, 40: 0, 41: 2, 60: 0, 90: 1, 91: last // 3}
    cycles = [Cycle(i % 3 != 1, seeds.get(i)) for i in range(200)]
    run_cocotb(Lfsr(params), bench(params, cycles), simulator=simulator)


@pytest.mark.parametrize("width", range(3, 10))
def test_whole_period_comes_back_to_the_seed(width: int) -> None:
    params = LfsrParams(width=width, taps=TAPS[width], seed=2, step=width)
    steps = bench(params, [Cycle(True)] * (2**width - 1))
    run_pysim(Lfsr(params), [*steps, Step(pins={"en": 0}, reads={"word": 2})])
    states = {step.reads["word"] for step in steps}
    cover("lfsr: whole period", len(states) == 2**width - 1)


@pytest.mark.parametrize("params", CORNERS, ids=lambda p: f"{p.width}x{p.step}")
def test_zero_shows_a_word_of_zero_and_reloads_the_seed(params: LfsrParams) -> None:
    dut, golden = Lfsr(params), GoldenLfsr(params)
    golden.state = 0
    states = []
    words = []

    async def inject(ctx: Any) -> None:
        ctx.set(dut.state, 0)
        ctx.set(dut.en, 1)
        for _ in range(4):
            words.append(ctx.get(dut.word))
            states.append(ctx.get(dut.state))
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(inject)
    simulator.run()
    assert words == [golden.tick() for _ in range(4)]
    cover("lfsr: recovery from zero", states[:2] == [0, params.seed])


@pytest.mark.parametrize("pins", [{"en": 1}, {"load": 1, "seed": 0x5555}], ids=["en", "load"])
def test_reset_loads_the_built_in_seed(pins: dict[str, int]) -> None:
    params = CORNERS[1]
    golden = GoldenLfsr(params)
    run_pysim(Lfsr(params), [
        Step(pins=pins, cycles=9),
        Step(reset=True, pins={"en": 0, "load": 0}, reads={"word": golden.word()}),
    ])  # fmt: skip
