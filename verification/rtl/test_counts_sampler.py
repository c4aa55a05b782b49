# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""What the sampler is said to hold and to do, held to the hardware."""

from dataclasses import replace

import numpy as np
import pytest
from amaranth.lib.wiring import Component
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.params import PrototypesParams, SamplerParams, SelectorParams
from golden.selector import cumulative_thresholds
from rtl.catalogue import BLOCKS, SIZES
from sim.cost.counts import prototypes, sampler, selector
from sim.cost.counts.tally import Memory, Tally
from verification.rtl.engine import PAUSES, BenchError, Step
from verification.rtl.simulators import cocotb_simulators, payload, run_cocotb, run_pysim
from verification.rtl.strobes import Counted
from verification.rtl.tallies import built, counters_of, shapes
from verification.rtl.test_sampler import Plan, SelfServed, params, samplers

SETS = {
    "parallel": params(features=16, lanes=8, code_width=8),
    "parallel_M2_K3": params(m=2, class_components=3),
    "parallel_M3_q16": params(m=3, code_width=16, features=7, lanes=3),
    "serial": params("serial", features=16, lanes=8, code_width=8),
    "serial_M3_K3": params("serial", m=3, class_components=3, code_width=5),
    "serial_one_lane": params("serial", features=3, lanes=1, code_width=4, m=2),
    "q1": params("serial", features=5, lanes=8, code_width=1),
}
SELECTIONS = ("round_robin", "uniform", "weighted")


def ends(dut: Counted, tally: Tally, unseen: tuple[str, ...] = ()) -> Step:
    """Return a step that reads all counters."""
    return Step(cycles=5, reads=counters_of(tally, dut.counters, unseen))


def appended(plan: Plan, rng: np.random.Generator, components: int) -> Tally:
    """Append a class to a plan; return what that does."""
    plan.append(rng, components)
    return sampler.append(plan.params, components)


def served(plan: Plan, labels: list[int]) -> Tally:
    """Draw from a plan's classes; return what that does by the planes that it took."""
    rows, planes = plan.golden.rows_read, plan.golden.planes_read
    plan.draw(labels)
    assert plan.golden.rows_read - rows == len(labels) * plan.params.prototypes.beats
    return sampler.draw(plan.params, len(labels), plan.golden.planes_read - planes)


def workload(params: SamplerParams) -> tuple[Plan, Tally]:
    """Two classes and what never becomes one, drawn from and asked for in vain."""
    plan, rng = Plan(params), np.random.default_rng(12)
    most = params.prototypes.class_components
    tally = appended(plan, rng, 1) + served(plan, [0] * 3)
    tally += appended(plan, rng, most) + served(plan, [1, 0, 1, 1, 0])
    plan.append(rng, most + 1)  # refused: nothing is written
    unknown = [plan.golden.prototypes.n_classes] if params.prototypes.classes > 2 else []
    plan.steps.append(Step(inputs={"i": unknown}, reads={"unknown": len(unknown), "overflow": 1}))
    return plan, tally + served(plan, [1, 0])


@pytest.mark.parametrize("pauses", PAUSES)
@pytest.mark.parametrize("name", SETS)
def test_strobes_are_those_counted_whatever_the_pauses(name: str, pauses: str) -> None:
    plan, tally = workload(SETS[name])
    dut = Counted(plan.dut)
    run_pysim(dut, [*plan.steps, ends(dut, tally)], PAUSES[pauses])


@pytest.mark.parametrize("simulator", cocotb_simulators())
def test_strobes_in_verilog(simulator: str) -> None:
    plan, tally = workload(SETS["serial_M3_K3"])
    dut = Counted(plan.dut)
    run_cocotb(dut, [*plan.steps, ends(dut, tally)], PAUSES["idle_stalled"], simulator=simulator)


@given(samplers(), st.sampled_from(sorted(PAUSES)))
@settings(max_examples=15)
def test_strobes_of_any_sampler(drawn: SamplerParams, pauses: str) -> None:
    plan, tally = workload(drawn)
    dut = Counted(plan.dut)
    run_pysim(dut, [*plan.steps, ends(dut, tally)], PAUSES[pauses])


@pytest.mark.parametrize("name", SETS)
def test_golden_counts_alike(name: str) -> None:
    plan, tally = workload(SETS[name])
    golden, p = plan.golden, plan.params.prototypes
    done = {(action.component, action.kind): count for action, count in tally.items()}
    assert done["prototypes.memory", "read"] == golden.rows_read
    assert done["lfsr", "register"] == golden.planes_read
    assert done["lfsr", "lfsr_step"] == golden.planes_read * p.lanes
    assert done["selector.component_lfsr", "register"] == golden.selector.component_lfsr.ticks
    assert done["prototypes.memory", "write"] == golden.prototypes.n_components * p.beats
    assert done["prototypes.table", "write"] == golden.prototypes.n_classes


@pytest.mark.parametrize("pauses", PAUSES)
@pytest.mark.parametrize("selection", SELECTIONS)
def test_strobes_of_named_classes(selection: str, pauses: str) -> None:
    plan, rng = Plan(params("serial", selection=selection, class_components=2)), _rng()
    dut: Component = SelfServed(plan.dut)
    tally = Tally()
    for n in range(1, 5):
        tally += appended(plan, rng, 1 + n % 2)
        plan.steps[-1] = replace(plan.steps[-1], reads={})
        tally += weighted(plan, rng.dirichlet(np.ones(n)))
        labels = plan.golden.selector.request(n, 5).tolist()
        planes = plan.golden.planes_read
        plan.steps.append(Step(inputs={"amount": [5]}, outputs={"o": plan.beats(labels)}))
        tally += sampler.draw(plan.params, 5, plan.golden.planes_read - planes)
        tally += 5 * sampler.name_class(plan.params)
    counted = Counted(dut)
    unseen = ("sampler.selector.thresholds",) if selection == "weighted" else ()
    end = ends(counted, tally.within("sampler"), unseen)
    run_pysim(counted, [*plan.steps, end], PAUSES[pauses])


def weighted(plan: Plan, weights: np.ndarray) -> Tally:
    """Write class thresholds, which only one selection keeps; return what that does."""
    plan.golden.selector.set_class_weights(weights)
    layout = plan.dut.weights.payload.shape()
    plan.steps.append(Step(inputs={"weights": [
        payload(layout, {"index": i, "threshold": int(c)})
        for i, c in enumerate(cumulative_thresholds(weights))
    ]}))  # fmt: skip
    return selector.set_weights(plan.params.selector, len(weights)).within("selector")


@given(samplers(), st.integers(1, 9))
@settings(max_examples=25)
def test_cycles_are_those_simulated(drawn: SamplerParams, requests: int) -> None:
    plan = Plan(drawn)
    plan.append(_rng(), drawn.prototypes.class_components)
    plan.draw([0] * requests)
    passed = run_pysim(plan.dut, plan.steps).transfers
    cycles = passed["o"][-1] - passed["i"][0] + 1
    assert cycles == sampler.draw_cycles(drawn, requests, plan.golden.planes_read, plan.early)


@pytest.mark.parametrize("name", SETS)
def test_a_class_is_appended_in_the_cycles_of_its_header_and_rows(name: str) -> None:
    plan = Plan(SETS[name])
    most = SETS[name].prototypes.class_components
    plan.append(_rng(), most)
    passed = run_pysim(plan.dut, plan.steps).transfers
    cycles = passed["rows"][-1] - passed["append"][0] + 1
    assert cycles == sampler.append_cycles(SETS[name], most)


def test_a_counter_that_disagrees_fails() -> None:
    plan, tally = workload(SETS["serial"])
    dut = Counted(plan.dut)
    wrong = tally + sampler.draw(plan.params, 1, 16)
    with pytest.raises(BenchError, match=r"reads_prototypes__table is 0xa, expected 0xb"):
        run_pysim(dut, [*plan.steps, ends(dut, wrong)])


def test_what_no_counter_counts_is_found() -> None:
    tally = sampler.append(SETS["serial"], 1).within("chip")
    with pytest.raises(AssertionError, match="nothing counts writes of chip.prototypes.memory"):
        counters_of(tally, ("writes_prototypes__memory",))


@pytest.mark.parametrize("size", SIZES)
def test_memories_of_the_catalogue(size: str) -> None:
    drawn = BLOCKS["sampler"].arguments(size)["params"]
    assert shapes(sampler.memories(drawn)) == built("sampler", params=drawn)


@pytest.mark.parametrize("block", ["sampler_serial", "prototypes"])
def test_memories_of_other_blocks(block: str) -> None:
    drawn = BLOCKS[block].arguments("tiny")["params"]
    module = prototypes if block == "prototypes" else sampler
    assert shapes(module.memories(drawn)) == built(block, params=drawn)


@given(
    st.builds(
        PrototypesParams,
        features=st.integers(1, 9),
        code_width=st.integers(1, 4),
        lanes=st.integers(1, 5),
        components=st.integers(1, 40),
        classes=st.integers(1, 70),
        class_components=st.integers(1, 9),
    ),
    st.sampled_from(SELECTIONS),
)
@settings(max_examples=5)
def test_memories_of_any_sampler(memory: PrototypesParams, selection: str) -> None:
    drawn = SamplerParams(prototypes=memory, selection=selection)
    assert shapes(sampler.memories(drawn)) == built("sampler", params=drawn)


@pytest.mark.parametrize("mode", SELECTIONS)
@pytest.mark.parametrize("classes", [1, 64, 65])
def test_memories_of_the_selector(mode: str, classes: int) -> None:
    memory = PrototypesParams(features=1, code_width=1, classes=classes)
    drawn = SelectorParams(mode=mode)
    held: tuple[Memory, ...] = selector.memories(drawn, memory)
    assert shapes(held) == built("selector", params=drawn, prototypes=memory)


def _rng() -> np.random.Generator:
    return np.random.default_rng(3)
