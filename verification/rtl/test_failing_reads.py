# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""Hardware whose single reads give wrong bits, other ones in each, draws the bits of golden."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Value

import rtl.core_blocks
import rtl.latent_buffer
import rtl.prototypes
from golden.bits import pack
from golden.correlated import CorrelatedSampler as GoldenCorrelatedSampler
from golden.faults import Faults, ReadErrors
from golden.latent_buffer import LatentBuffer as GoldenLatentBuffer
from golden.params import (
    FaultParams,
    FaultyMemory,
    LatentBufferParams,
    PrototypesParams,
    WatchParams,
)
from golden.prototype_classifier import PrototypeClassifier, hamming_table
from golden.sampler import Sampler as GoldenSampler
from rtl.core import Core
from rtl.headers import Target
from rtl.sampler import Sampler
from verification.rtl import test_correlated, test_latent_buffer, test_sampler
from verification.rtl.chips import make_chip
from verification.rtl.dies import packed
from verification.rtl.engine import PAUSES, BenchError, Step
from verification.rtl.failing import ALWAYS, fail, fail_reads, rows_of
from verification.rtl.simulators import cocotb_simulators, run_cocotb, run_pysim
from verification.rtl.test_core import load, network, packet, unit, units
from verification.rtl.test_core_scrub import CHIP, CLASSES, appended, drawn

DIE = 2027
#: Requests whose rows have errors; no plan draws as many between two resets.
REQUESTS = 64


def cells_of(kind: Any, memory: FaultyMemory, lanes: int, width: int = 1) -> Any:
    return kind(FaultParams(die=DIE, memory=memory, threshold=2**30, lanes=lanes, width=width))


@dataclass
class ReadingPlan(test_sampler.Plan):
    """The steps of a sampler's bench, held to golden with the same errors of reads."""

    faults: Faults | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        p = self.params.prototypes
        self.errors = cells_of(ReadErrors, FaultyMemory.PROTOTYPES, p.lanes, p.code_width)
        self.restart()

    def restart(self) -> None:
        """Let golden be as after a reset."""
        self.golden = GoldenSampler(self.params, self.faults, self.errors)


def install(
    monkeypatch: pytest.MonkeyPatch,
    errors: ReadErrors,
    p: PrototypesParams,
    served: Value = ALWAYS,
) -> Any:
    reads = rows_of(errors, REQUESTS, p.features)
    return fail_reads(monkeypatch, rtl.prototypes, (p.rows, p.row_width), reads, served)


def filled(plan: Any, rng: np.random.Generator) -> None:
    for count in (1, plan.params.prototypes.class_components):
        plan.append(rng, count)
    plan.draw([0, 1] * 10)


@pytest.mark.parametrize("pauses", PAUSES)
@pytest.mark.parametrize("name", ["parallel", "serial", "q16_K4_M3"])
def test_a_sampler_draws_what_golden_draws(
    name: str, pauses: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also after a reset, which lets reads count from 0 again."""
    plan, rng = ReadingPlan(test_sampler.CORNERS[name]), np.random.default_rng(5)
    made = install(monkeypatch, plan.errors, plan.params.prototypes)
    filled(plan, rng)
    plan.restart()
    plan.steps.append(Step(reset=True))
    filled(plan, rng)
    run_pysim(plan.dut, plan.steps, PAUSES[pauses])
    assert made() == 1


def test_cells_that_fail_for_good_fail_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    p = test_sampler.CORNERS["parallel"].prototypes
    faults = cells_of(Faults, FaultyMemory.PROTOTYPES, p.lanes, p.code_width)
    plan = ReadingPlan(test_sampler.CORNERS["parallel"], faults)
    counts = [
        fail(monkeypatch, rtl.prototypes, rows_of(faults, p.components, p.features), p.row_width),
        install(monkeypatch, plan.errors, p),
    ]
    filled(plan, np.random.default_rng(5))
    run_pysim(plan.dut, plan.steps, PAUSES["idle_stalled"])
    assert [made() for made in counts] == [1, 1]


@dataclass
class SharedReadingPlan(test_sampler.SharedPlan):
    """The same of a sampler whose memory another block reads, too."""

    def __post_init__(self) -> None:
        super().__post_init__()
        p = self.params.prototypes
        self.errors = cells_of(ReadErrors, FaultyMemory.PROTOTYPES, p.lanes, p.code_width)
        self.golden = GoldenSampler(self.params, read_errors=self.errors)


@pytest.mark.parametrize("name", test_sampler.SHARED)
def test_reads_of_others_have_no_errors_and_do_not_count(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = SharedReadingPlan(test_sampler.SHARED[name])
    install(monkeypatch, plan.errors, plan.params.prototypes, plan.dut.row_read)
    test_sampler.fill(plan, np.random.default_rng(2))
    test_sampler.edit(plan, np.random.default_rng(3), (1, 3, 1, 2, 0))
    run_pysim(test_sampler.Shared(plan.dut), plan.steps, PAUSES["idle_stalled"])


def test_a_sampler_with_factors_draws_what_golden_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    params, rng = test_correlated.params(m=2, class_components=2), np.random.default_rng(5)
    plan, p = test_correlated.Plan(params), params.prototypes
    errors = cells_of(ReadErrors, FaultyMemory.PROTOTYPES, p.lanes, p.code_width)
    plan.golden = GoldenCorrelatedSampler(params, read_errors=errors)
    made = install(monkeypatch, errors, p)
    filled(plan, rng)
    plan.load(plan.basis(rng, 6))
    plan.draw([0, 1] * 5)
    run_pysim(plan.dut, plan.steps, PAUSES["idle_stalled"])
    assert made() == 1


def test_a_core_draws_what_golden_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before a reset and after it."""
    chip, rng = replace(CHIP, watch=WatchParams()), np.random.default_rng(9)
    p, steps = chip.sampler.prototypes, list[Step]()
    errors = cells_of(ReadErrors, FaultyMemory.PROTOTYPES, p.lanes, p.code_width)
    made = install(monkeypatch, errors, p)
    for _ in range(2):
        codes = rng.integers(0, 2**p.code_width, (CLASSES, p.features)).astype(np.uint16)
        golden = GoldenSampler(chip.sampler, read_errors=errors)
        for of_class in codes:
            golden.prototypes.append(of_class[None])
        steps.append(appended(packed(p, codes)))
        for label in (0, 3, 1, 2, 3):
            steps += drawn(golden, label, 4)
        steps.append(Step(reset=True))
    run_pysim(Core(chip), steps, PAUSES["idle_stalled"])
    assert made() == 1


@pytest.mark.parametrize("others_count", [False, True])
def test_a_picture_is_named_between_draws_and_during_one(
    others_count: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows it reads have no errors and do not count; if they did, its name would differ."""
    chip, rng = make_chip(seed=5, class_components=1, table_width=8), np.random.default_rng(9)
    p, made = chip.sampler.prototypes, list[Any]()
    errors = cells_of(ReadErrors, FaultyMemory.PROTOTYPES, p.lanes, p.code_width)

    class Failing(Sampler):
        def __init__(self, *given: Any, **more: Any) -> None:
            super().__init__(*given, **more)
            served = ALWAYS if others_count else self.row_read
            made.append(install(monkeypatch, errors, p, served))

    monkeypatch.setattr(rtl.core_blocks, "Sampler", Failing)
    codes = rng.integers(0, 2**p.code_width, (CLASSES, p.features)).astype(np.uint16)
    golden = GoldenSampler(chip.sampler, read_errors=errors)
    for of_class in codes:
        golden.prototypes.append(of_class[None])
    assert chip.classifier is not None
    classifier = PrototypeClassifier(chip.classifier)
    classifier.load(*hamming_table(p.code_width))
    table = [
        unit(Target.TABLE, int(weight) | int(base) << chip.table_width, address=row)
        for row, (weight, base) in enumerate(zip(*hamming_table(p.code_width), strict=True))
    ]
    picture = rng.integers(0, 128, (1, 2, 2, 3))
    (label,), (cost,) = classifier.classify(golden.prototypes, pack(network().forward(picture)))
    named = Step(
        inputs={"units": units(Target.PIXELS, picture.ravel().tolist())},
        outputs={"answer": packet([int(cost) | int(label) << 52], int(label))},
    )
    steps = [
        Step(inputs={"units": [*load(), *table]}, pins={"output_answer": 1}),
        appended(packed(p, codes)), *drawn(golden, 0, 4), named, *drawn(golden, 3, 4),
    ]  # fmt: skip
    start, drawing, counters = drawn(golden, 1, 30)
    both = replace(drawing, inputs=named.inputs, outputs={**drawing.outputs, **named.outputs})
    steps += [start, both, counters, named, *drawn(golden, 2, 4)]
    if others_count:
        with pytest.raises(BenchError, match=r"^step 5, answer\[0\]"):
            run_pysim(Core(chip), steps)
    else:
        sent = run_pysim(Core(chip), steps, PAUSES["idle_stalled"]).transfers
        first, last = sent["exemplar"][8 * p.beats], sent["exemplar"][38 * p.beats - 1]
        assert first < sent["answer"][1] < last  # of the 30 exemplars
        assert [count() for count in made] == [1]


def test_reads_that_are_counted_wrongly_do_not_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if those of another block counted, too."""
    plan = SharedReadingPlan(test_sampler.SHARED["parallel"])
    install(monkeypatch, plan.errors, plan.params.prototypes)
    test_sampler.fill(plan, np.random.default_rng(2))
    test_sampler.edit(plan, np.random.default_rng(3), (1, 3, 1, 2, 0))
    with pytest.raises(BenchError):
        run_pysim(test_sampler.Shared(plan.dut), plan.steps)


def test_a_sound_sampler_does_not_pass_for_one_with_errors() -> None:
    plan = ReadingPlan(test_sampler.CORNERS["parallel"])
    filled(plan, np.random.default_rng(5))
    with pytest.raises(BenchError):
        run_pysim(plan.dut, plan.steps)


@pytest.mark.slow
@pytest.mark.parametrize("simulator", cocotb_simulators())
def test_a_sampler_in_verilog(simulator: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = ReadingPlan(test_sampler.CORNERS["q16_K4_M3"])
    install(monkeypatch, plan.errors, plan.params.prototypes)
    filled(plan, np.random.default_rng(5))
    run_cocotb(plan.dut, plan.steps, PAUSES["idle_stalled"], simulator=simulator)


@pytest.mark.parametrize("lanes", [4, 10])
def test_a_latent_buffer_answers_what_golden_answers(
    lanes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = LatentBufferParams(features=10, lanes=lanes, classes=3, exemplars=2, seed=7)
    bench = test_latent_buffer.Bench(params, 4)
    errors = cells_of(ReadErrors, FaultyMemory.EXEMPLARS, lanes)
    bench.golden = GoldenLatentBuffer(params, read_errors=errors)
    size = params.classes * params.exemplars * params.beats, lanes
    made = fail_reads(monkeypatch, rtl.latent_buffer, size, rows_of(errors, 150, 10))
    steps = bench.steps(bench.events(150))
    run_pysim(rtl.latent_buffer.LatentBuffer(params), steps, PAUSES["idle_stalled"])
    assert made() == 1
