# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""Units side by side, which must do what one unit with the neurons of all does."""

from dataclasses import replace
from typing import Any

import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.params import AcceleratorParams, MvuParams
from rtl.mvu import Mvu, mvu_signature
from rtl.unit_join import UnitJoin
from verification.rtl.engine import PAUSES, Pauses, Step
from verification.rtl.simulators import cocotb_simulators, run_cocotb, run_pysim, shared
from verification.rtl.test_mvu import TAG, bench, folded


class Joined(wiring.Component):
    """Two units with the join before them: to those around it, one of all their neurons."""

    def __init__(self, params: MvuParams, tag: Any) -> None:
        self.params, self.tag = params, tag
        super().__init__(mvu_signature(params, tag))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        unit = replace(self.params, pe=self.params.pe // 2)
        m.submodules.join = join = UnitJoin(AcceleratorParams(mvu=unit, units=2), self.tag)
        for n in range(2):
            m.submodules[f"mvu_{n}"] = mvu = Mvu(unit, self.tag)
            wiring.connect(m, join.units[n], mvu)
        for name in self.signature.members:
            way, inner = wiring.flipped(getattr(self, name)), getattr(join, name)
            wiring.connect(m, way, inner)
        return m


@settings(max_examples=40)
@given(
    pe=st.integers(1, 3),
    simd=st.integers(1, 9),
    inputs=st.integers(1, 24),
    outputs=st.integers(1, 13),
    seed=st.integers(0, 1000),
    reuse=st.sampled_from([1, 2, 4]),
    pauses=st.sampled_from(sorted(PAUSES)),
)
def test_two_units_equal_golden(
    pe: int, simd: int, inputs: int, outputs: int, seed: int, reuse: int, pauses: str
) -> None:
    fold = folded(2 * pe, simd, inputs, outputs, seed, reuse=reuse)
    steps = bench(fold, vectors=2 * reuse - (reuse > 1))
    run_pysim(Joined(fold.unit, TAG), steps, PAUSES[pauses])


@pytest.mark.parametrize("pauses", PAUSES.values(), ids=PAUSES)
@pytest.mark.parametrize("simulator", cocotb_simulators())
def test_two_units_in_verilog(pauses: Pauses, simulator: str) -> None:
    fold = folded(pe=6, simd=64, inputs=200, outputs=16, reuse=2)
    dut = shared(Joined, fold.unit, TAG)
    run_cocotb(dut, bench(fold, vectors=5), pauses, simulator=simulator)


@pytest.mark.parametrize(("inputs", "reuse"), [(8, 1), (20, 1), (20, 4)])
def test_cycles_are_those_of_one_unit(inputs: int, reuse: int) -> None:
    """A step a cycle, and every tile in the cycle in which one unit would offer it."""
    fold = folded(pe=4, simd=8, inputs=inputs, outputs=12, reuse=reuse)
    steps = bench(fold, vectors=reuse)
    one, two = (run_pysim(dut(fold.unit, TAG), steps) for dut in (Mvu, Joined))
    assert two.gaps("i") == {UnitJoin.interval}
    assert UnitJoin.latency == 0
    assert two.transfers == one.transfers
    assert two.offered == one.offered


@pytest.mark.parametrize("pauses", PAUSES)
def test_writes_to_one_unit_hold_all_steps_and_lose_none(pauses: str) -> None:
    """The other unit may take a step that the first one has yet to take, and tiles still match."""
    fold = folded(pe=4, simd=8, inputs=20, outputs=24)
    load, run = bench(fold, vectors=1)
    both = Step(inputs={**load.inputs, **run.inputs}, outputs=run.outputs)
    trace = run_pysim(Joined(fold.unit, TAG), [load, both, run], PAUSES[pauses])
    writes = set(trace.transfers["weights"]) | set(trace.transfers["thresholds"])
    # Then a step is taken during a write, which the unit that is written had taken before. Where
    # steps come seldom, both take them at once.
    assert pauses == "idle" or writes & set(trace.transfers["i"])
    assert trace.stalls["weights"] == trace.stalls["thresholds"] == 0


def test_after_a_reset_at_any_cycle_it_is_as_new() -> None:
    fold = folded(pe=4, simd=8, inputs=20, outputs=12)
    load, run = bench(fold, vectors=1)
    again = replace(run, reset=True)
    new = run_pysim(Joined(fold.unit, TAG), [load, again])
    steps = len(run.inputs["i"])
    for cycles in range(1, steps + 4):
        broken = replace(run, cycles=cycles, abandon=True)
        trace = run_pysim(Joined(fold.unit, TAG), [load, broken, again])
        assert trace.left[0] > 0
        for name in ("i", "o"):
            whole = new.transfers[name]
            ours = trace.transfers[name][-len(whole) :]
            assert [at - ours[0] for at in ours] == [at - whole[0] for at in whole]
