# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT

import numpy as np
import pytest
from numpy.typing import NDArray

from golden.correlated import CorrelatedSampler as Golden
from golden.params import CorrelatedSamplerParams, PrototypesParams
from rtl.basis import Basis, compared_rows
from verification.rtl.engine import PAUSES, Pauses, Step
from verification.rtl.simulators import cocotb_simulators, run_cocotb, run_pysim


def params(*, features=10, lanes=4, rank=3, width=4, n_f=1, q=3) -> CorrelatedSamplerParams:
    memory = PrototypesParams(features=features, code_width=q, lanes=lanes, components=1, classes=1)
    return CorrelatedSamplerParams(
        prototypes=memory, rank=rank, loading_width=width, factor_width=n_f
    )


SETS = {
    "groups": params(),
    "one_lane": params(features=3, lanes=1, rank=5, width=2),
    "odd": params(features=13, lanes=7, rank=2, width=8, n_f=16, q=9),
    "all_lanes": params(features=5, lanes=5, rank=1, width=5, n_f=3),
}


class Plan:
    """Bases to load, and what golden then holds."""

    def __init__(self, params: CorrelatedSamplerParams) -> None:
        self.params, self.golden, self.dut = params, Golden(params), Basis(params)
        self.steps: list[Step] = [Step(pins={"idle": 1})]

    def loadings(self, seed: int) -> NDArray[np.integer]:
        p, rng = self.params, np.random.default_rng(seed)
        shape = (p.prototypes.features, p.rank)
        return rng.integers(-p.highest_loading, p.highest_loading + 1, shape)

    def inputs(self, loadings: NDArray[np.integer], e: int) -> dict[str, list[int]]:
        """Return exponent and rows; lanes past D hold what must not be stored."""
        p, width = self.params.prototypes, self.params.loading_width
        lanes = np.full((p.beats * p.lanes, self.params.rank), -(2 ** (width - 1)))
        lanes[: p.features] = loadings
        rows = lanes.reshape(p.beats, p.lanes, -1).transpose(0, 2, 1).reshape(-1, p.lanes)
        words = [sum(int(a) % 2**width << n * width for n, a in enumerate(row)) for row in rows]
        return {"shift": [e], "rows": words}

    def load(self, loadings: NDArray[np.integer], e: int) -> None:
        """Load a basis, and read all of it back."""
        p, golden = self.params, self.golden
        taken = golden.load_basis(loadings, e)
        self.steps.append(Step(inputs=self.inputs(loadings, e), reads={"busy": 1, "loaded": 0}))
        after = {"busy": 0, "loaded": int(taken), "refused": int(golden.refused)}
        cycles = p.prototypes.lanes * (self.dut.scale_cycles + 17)
        self.steps.append(Step(cycles=cycles, reads={**after, "exponent": golden.shift}))
        if taken:
            self._read("row", "loadings", golden.basis_rows())
        scales = golden.scales.reshape(p.prototypes.beats, -1).tolist()
        step = p.lanes_compared
        groups = [row[n : n + step] for row in scales for n in range(0, len(row), step)]
        # What a last group has beyond the lanes is never written.
        whole = [group if len(group) == step else None for group in groups]
        words = [None if g is None else sum(s << 8 * n for n, s in enumerate(g)) for g in whole]
        assert len(words) == p.prototypes.beats * compared_rows(p)
        self._read("scale", "scales", words)

    def _read(self, port: str, data: str, words: list[int | None]) -> None:
        place = "row" if port == "row" else "scale_row"
        for n, word in enumerate(words):
            self.steps.append(Step(pins={f"{port}_en": 1, place: n}))
            reads = {} if word is None else {data: word}
            self.steps.append(Step(pins={f"{port}_en": 0, place: 0}, reads=reads))


@pytest.mark.parametrize("pauses", [PAUSES["flowing"], PAUSES["idle"]])
@pytest.mark.parametrize("name", SETS)
def test_loadings_and_scales_are_those_of_golden(name: str, pauses: Pauses) -> None:
    plan = Plan(SETS[name])
    for e in (5, 0):
        plan.load(plan.loadings(e), e)
    run_pysim(plan.dut, plan.steps, pauses)


@pytest.mark.parametrize("simulator", cocotb_simulators())
def test_a_basis_in_verilog(simulator: str) -> None:
    plan = Plan(SETS["odd"])
    for e in (4, 7):
        plan.load(plan.loadings(e), e)
    run_cocotb(plan.dut, plan.steps, PAUSES["idle"], simulator=simulator)


@pytest.mark.parametrize("feature", [0, 6, 12])
def test_a_refused_basis_leaves_none_and_the_next_one_counts(feature: int) -> None:
    plan = Plan(SETS["odd"])
    lowest = plan.loadings(1)
    lowest[feature, 1] = -128
    plan.load(plan.loadings(2), 3)
    plan.load(lowest, 3)
    plan.load(plan.loadings(3), 2)
    assert plan.golden.refused
    plan.steps.append(Step(reset=True, reads={"refused": 0, "loaded": 0, "exponent": 0}))
    run_pysim(plan.dut, plan.steps)


@pytest.mark.parametrize("at", [0, 256])
def test_the_largest_sum_is_loaded_and_one_more_is_refused(at: int) -> None:
    # 16 * 2^15 * 2047 is below 2^30, and 2048 in place of 2047 is 2^30.
    plan = Plan(params(features=1, lanes=1, rank=17, width=8, n_f=16))
    loadings = np.full((1, 17), 127)
    loadings[0, 16] = 2048 - 16 * 127 - (at == 0)
    plan.load(loadings, 15)
    assert plan.golden.refused == (at > 0)
    run_pysim(plan.dut, plan.steps)


def test_an_exponent_waits_until_no_draw_is_under_way() -> None:
    plan = Plan(SETS["groups"])
    plan.steps = [Step(inputs={"shift": [3]}, cycles=20, abandon=True, reads={"busy": 0})]
    trace = run_pysim(plan.dut, plan.steps)
    assert trace.left == [1]


def test_a_load_takes_as_long_as_it_says() -> None:
    for e in (0, 4):
        plan = Plan(SETS["groups"])
        inputs = [plan.inputs(plan.loadings(n), e) for n in range(2)]
        both = {name: inputs[0][name] + inputs[1][name] for name in inputs[0]}
        trace = run_pysim(plan.dut, [*plan.steps, Step(inputs=both)])
        first, second = trace.transfers["shift"]
        lanes = 4 * (plan.dut.scale_cycles + e)
        assert second - first == 1 + 3 * (3 * (1 + 4) + lanes)


@pytest.mark.parametrize("cycles", [2, 11, 33, 60, 150])
def test_reset_ends_a_load(cycles: int) -> None:
    plan = Plan(SETS["groups"])
    plan.load(plan.loadings(1), 3)
    cut = Step(inputs=plan.inputs(plan.loadings(2), 5), cycles=cycles, abandon=True)
    begun = [Step(reset=True, reads={"busy": 0, "loaded": 0, "exponent": 0})]
    again = Plan(SETS["groups"])
    again.load(again.loadings(3), 4)
    run_pysim(plan.dut, [*plan.steps, cut, *begun, *again.steps[1:]])


def test_a_basis_of_no_factors_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^Factors R of a basis must be 1 or more, not 0$"):
        Basis(params(rank=0))
