# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT

from typing import Any

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


def bench(params: LfsrParams, enables: list[bool]) -> list[Step]:
    """Show the word of every cycle, used or not."""
    golden, steps = GoldenLfsr(params), []
    for en in enables:
        reads = {"word": golden.word()}
        held = {"lfsr: held": not en}
        steps.append(Step(pins={"en": int(en)}, reads=reads, meets=held, cycles=Lfsr.interval))
        if en:
            golden.tick()
    return steps


@given(lfsrs(), st.lists(st.booleans(), min_size=1, max_size=40))
def test_word_and_advance_equal_golden(params: LfsrParams, enables: list[bool]) -> None:
    run_pysim(Lfsr(params), bench(params, enables))


@pytest.mark.parametrize("simulator", cocotb_simulators())
@pytest.mark.parametrize("params", CORNERS, ids=lambda p: f"{p.width}x{p.step}")
def test_corners_in_verilog(params: LfsrParams, simulator: str) -> None:
    enables = [i % 3 != 1 for i in range(200)]
    run_cocotb(Lfsr(params), bench(params, enables), simulator=simulator)


@pytest.mark.parametrize("width", range(3, 10))
def test_whole_period_comes_back_to_the_seed(width: int) -> None:
    params = LfsrParams(width=width, taps=TAPS[width], seed=2, step=width)
    steps = bench(params, [True] * (2**width - 1))
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


def test_reset_loads_the_seed() -> None:
    params = CORNERS[1]
    golden = GoldenLfsr(params)
    run_pysim(Lfsr(params), [
        Step(pins={"en": 1}, cycles=9),
        Step(reset=True, pins={"en": 0}, reads={"word": golden.word()}),
    ])  # fmt: skip
