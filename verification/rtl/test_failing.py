# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""Hardware whose memories lose the bits that the contract names gives the bits of golden."""

from typing import Any

import numpy as np
import pytest

import rtl.latent_buffer
import rtl.prototypes
import rtl.trainer
from golden.faults import Faults, ProtectedFaults
from golden.latent_buffer import LatentBuffer as GoldenLatentBuffer
from golden.params import FaultParams, FaultyMemory, LatentBufferParams, WatchParams
from golden.sampler import Sampler as GoldenSampler
from rtl.sampler import Sampler
from verification.rtl import test_latent_buffer, test_sampler, test_trainer
from verification.rtl.dies import Die
from verification.rtl.engine import PAUSES, BenchError, Step
from verification.rtl.failing import fail, rows_of
from verification.rtl.simulators import cocotb_simulators, run_cocotb, run_pysim

DIE = 2026


def faults(memory: FaultyMemory, lanes: int, width: int = 1, share: float = 0.3) -> Faults:
    return Faults(
        FaultParams(
            die=DIE, memory=memory, threshold=round(share * 2**32), lanes=lanes, width=width
        )
    )


class FailingPlan(test_sampler.Plan):
    """The steps of a sampler's bench, held to golden with the same faults."""

    def __post_init__(self) -> None:
        super().__post_init__()
        p = self.params.prototypes
        self.faults = faults(FaultyMemory.PROTOTYPES, p.lanes, p.code_width)
        self.golden = GoldenSampler(self.params, self.faults)


def sampler_plan(name: str, kind: Any = FailingPlan) -> Any:
    plan, rng = kind(test_sampler.CORNERS[name]), np.random.default_rng(5)
    for count in (1, plan.params.prototypes.class_components):
        plan.append(rng, count)
    plan.draw([0, 1] * 10)
    return plan


def fail_prototypes(monkeypatch: pytest.MonkeyPatch, plan: FailingPlan) -> Any:
    p = plan.params.prototypes
    rows = rows_of(plan.faults, p.components, p.features)
    return fail(monkeypatch, rtl.prototypes, rows, p.row_width)


@pytest.mark.parametrize("pauses", PAUSES)
@pytest.mark.parametrize("name", ["parallel", "serial", "q16_K4_M3"])
def test_a_sampler_draws_what_golden_draws(
    name: str, pauses: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = sampler_plan(name)
    made = fail_prototypes(monkeypatch, plan)
    run_pysim(plan.dut, plan.steps, PAUSES[pauses])
    assert made() == 1


class ProtectedPlan(test_sampler.Plan):
    """The steps of a sampler whose rows have check bits, held to golden with the same faults."""

    watch = WatchParams(secded=2)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.die = Die(self.params.prototypes, self.watch, share=0.1)
        kept = ProtectedFaults(self.die.plain, self.watch.secded)
        self.golden = GoldenSampler(self.params, kept)
        self.dut = Sampler(self.params, watch=self.watch)


@pytest.mark.parametrize(
    "name",
    [*(pytest.param(name, marks=pytest.mark.slow) for name in ("parallel", "serial")), "q16_K4_M3"],
)
def test_a_sampler_with_check_bits_draws_what_golden_draws(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = sampler_plan(name, ProtectedPlan)
    plan.die.install(monkeypatch)
    run_pysim(plan.dut, plan.steps, PAUSES["idle_stalled"])


@pytest.mark.slow
@pytest.mark.parametrize("simulator", cocotb_simulators())
def test_a_sampler_in_verilog(simulator: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = sampler_plan("parallel")
    fail_prototypes(monkeypatch, plan)
    run_cocotb(plan.dut, plan.steps, simulator=simulator)


def test_a_sound_sampler_does_not_pass_for_a_failing_one() -> None:
    plan = sampler_plan("parallel")
    with pytest.raises(BenchError):
        run_pysim(plan.dut, plan.steps)


@pytest.mark.parametrize("lanes", [4, 10])
def test_a_latent_buffer_answers_what_golden_answers(
    lanes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = LatentBufferParams(features=10, lanes=lanes, classes=3, exemplars=2, seed=7)
    bench = test_latent_buffer.Bench(params, 4)
    cells = faults(FaultyMemory.EXEMPLARS, lanes)
    bench.golden = GoldenLatentBuffer(params, cells)
    made = fail(monkeypatch, rtl.latent_buffer, rows_of(cells, 6, 10), lanes)
    steps = bench.steps(bench.events(150))
    run_pysim(rtl.latent_buffer.LatentBuffer(params), steps)
    assert made() == 1


class FailingTrainer(test_trainer.Bench):
    """The steps of a trainer's bench; weights are what their cells read as after every write."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        p = self.params
        self.faults = faults(FaultyMemory.CLASSIFIER, p.lanes, self.width)
        self.cells = self.faults.cells(0, p.classes, p.features)
        self._read()

    def learn(self, exemplars: Any, labels: Any, classes: int) -> Step:
        step = super().learn(exemplars, labels, classes)
        self._read()
        return step

    def write(self, weights: Any) -> Step:
        super().write(self.cells.read(weights.astype(f"i{self.width // 8}")))
        step = super().write(weights)
        self._read()
        return step

    def _read(self) -> None:
        codes = self.golden.weights.astype(f"i{self.width // 8}")
        self.golden.weights[:] = self.cells.read(codes)


@pytest.mark.parametrize("width", [8, 16])
def test_a_trainer_learns_on_what_its_cells_read(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = test_trainer.params(
        features=12, classes=3, lanes=4, backward_width=width, rounding="stochastic"
    )
    bench = FailingTrainer(drawn, 4, 9)
    rows = rows_of(bench.faults, drawn.classes, drawn.features)
    made = fail(monkeypatch, rtl.trainer, rows, drawn.lanes * width)
    steps = [*bench.steps(3), bench.write(bench.weights()), *bench.steps(3)]
    run_pysim(rtl.trainer.Trainer(drawn, 4), steps)
    assert made() == 1
