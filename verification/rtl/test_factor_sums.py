# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT

from collections.abc import Iterator

import numpy as np
import pytest
from amaranth.hdl import Module, Value
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.lfsr import Lfsr
from golden.params import CorrelatedSamplerParams, PrototypesParams, Stream, stream_seed
from rtl.factor_sums import FactorSums, request_layout, sums_layout
from rtl.lfsr import seed_layout
from verification.rtl.engine import PAUSES, Pauses, Step
from verification.rtl.seeds import seeds_of
from verification.rtl.simulators import cocotb_simulators, payload, run_cocotb, run_pysim


def params(*, features=10, lanes=4, rank=3, width=4, n_f=1, m=1) -> CorrelatedSamplerParams:
    memory = PrototypesParams(features=features, code_width=3, lanes=lanes, components=9, classes=5)
    return CorrelatedSamplerParams(
        prototypes=memory,
        draws_per_read=m,
        seed=7,
        rank=rank,
        loading_width=width,
        factor_width=n_f,
    )


class Fed(wiring.Component):
    """The block with a memory of loadings; pin `loaded` says whether they count."""

    def __init__(self, params: CorrelatedSamplerParams) -> None:
        self.params, p = params, params.prototypes
        rng, high = np.random.default_rng(1), params.highest_loading
        shape = (p.beats, params.rank, p.lanes)
        self.loadings = rng.integers(-high, high + 1, shape)
        super().__init__({
            "i": In(stream.Signature(request_layout(params))),
            "seeds": In(stream.Signature(seed_layout())),
            "o": Out(stream.Signature(sums_layout(params))),
            "loaded": In(1),
            "factor_used": Out(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m, width = Module(), self.params.loading_width
        rows = [
            sum(int(a) % 2**width << lane * width for lane, a in enumerate(row))
            for row in self.loadings.reshape(-1, self.params.prototypes.lanes)
        ]
        m.submodules.sums = sums = FactorSums(self.params)
        m.submodules.memory = memory = Memory(
            shape=sums.loadings.shape().size, depth=len(rows), init=rows
        )
        read = memory.read_port()
        wiring.connect(m, wiring.flipped(self.i), sums.i)
        wiring.connect(m, wiring.flipped(self.seeds), sums.seeds)
        wiring.connect(m, sums.o, wiring.flipped(self.o))
        m.d.comb += [
            read.en.eq(sums.row_en),
            read.addr.eq(sums.row),
            Value.cast(sums.loadings).eq(read.data),
            sums.loaded.eq(self.loaded),
            self.factor_used.eq(sums.factor_used),
        ]
        return m


class Plan:
    """Requests, and the sums that section 13 makes of them."""

    def __init__(self, params: CorrelatedSamplerParams) -> None:
        self.params, self.dut = params, Fed(params)
        self.lfsr = Lfsr(params.factor_lfsr)
        self.steps: list[Step] = []

    def request(self, *labels: int, loaded: int = 1) -> None:
        layout = self.dut.i.payload.shape()
        asked = [payload(layout, {"label": n, "component": 8 - n}) for n in labels]
        sums = [beat for n in labels for beat in self._beats(n, loaded)]
        pins = {"loaded": loaded}
        self.steps.append(Step(inputs={"i": asked}, outputs={"o": sums}, pins=pins))

    def _beats(self, label: int, loaded: int) -> Iterator[int]:
        p, draws = self.params, self.params.draws_per_read
        factors = [
            [2 * self.lfsr.tick().bit_count() - p.factor_width for _ in range(p.rank)]
            for _ in range(draws)
        ]
        layout = self.dut.o.payload.shape()
        beats = p.prototypes.beats
        for beat in range(beats):
            for exemplar in range(draws):
                sums = loaded * np.array(factors[exemplar]) @ self.dut.loadings[beat]
                last = beat == beats - 1
                place = {
                    "request": {"label": label, "component": 8 - label},
                    "beat": beat,
                    "first": int(exemplar == 0),
                    "last": int(last),
                    "final": int(last and exemplar == draws - 1),
                }
                yield payload(layout, {"lanes": sums.tolist(), "place": place})


SETS = {
    "signs": params(),
    "M3": params(m=3, n_f=4, width=3),
    "R1": params(rank=1, features=4),
    "R1_M3": params(rank=1, m=3, features=7),
    "R1_B2": params(rank=1, features=7, n_f=2),
    "wide": params(features=3, lanes=2, rank=5, width=8, n_f=16, m=2),
}


@pytest.mark.parametrize("pauses", PAUSES.values(), ids=PAUSES)
@pytest.mark.parametrize("name", SETS)
def test_sums_are_those_of_the_contract(name: str, pauses: Pauses) -> None:
    plan = Plan(SETS[name])
    plan.request(1, 2)
    plan.request(3, loaded=0)
    plan.request(0, 4, 1)
    trace = run_pysim(plan.dut, plan.steps, pauses, ("factor_used",))
    assert trace.counts == {"factor_used": plan.lfsr.ticks}


@given(st.integers(1, 9), st.integers(1, 7), st.integers(1, 16), st.integers(2, 8))
@settings(max_examples=6)
def test_sums_of_any_factors(features: int, rank: int, n_f: int, width: int) -> None:
    plan = Plan(params(features=features, rank=rank, n_f=n_f, width=width, m=2))
    plan.request(1, 2)
    run_pysim(plan.dut, plan.steps, PAUSES["idle_stalled"])


@pytest.mark.parametrize("simulator", cocotb_simulators())
@pytest.mark.parametrize("name", ["signs", "wide"])
def test_sums_in_verilog(name: str, simulator: str) -> None:
    plan = Plan(SETS[name])
    plan.request(*range(5))
    run_cocotb(plan.dut, plan.steps, PAUSES["idle_stalled"], simulator=simulator)


@pytest.mark.parametrize("name", SETS)
def test_a_beat_takes_as_many_cycles_as_there_are_factors(name: str) -> None:
    plan, rank = Plan(SETS[name]), SETS[name].rank
    plan.request(1, 2, 3)
    trace = run_pysim(plan.dut, plan.steps)
    dut = FactorSums(SETS[name])
    beats = SETS[name].prototypes.beats * SETS[name].draws_per_read
    assert trace.gaps("o") == {dut.interval} == {rank}
    # The first request is offered in the first cycle after the reset.
    offered = trace.transfers["i"][0] - (beats * rank - 1)
    assert trace.offered["o"][0] - offered == dut.latency + rank


def test_a_seed_of_stream_22_alone_counts() -> None:
    plan = Plan(params(n_f=3))
    plan.request(1)
    streams = [0, 16, 20, Stream.FACTOR, 21]
    plan.lfsr.load(stream_seed(5, Stream.FACTOR))
    plan.steps.append(Step(inputs={"seeds": seeds_of(5, streams)}))
    plan.request(2, 3)
    run_pysim(plan.dut, plan.steps)


@pytest.mark.parametrize("pauses", ["flowing", "idle_stalled"])
@pytest.mark.parametrize(
    ("name", "cycles"), [*(("M3", n) for n in range(2, 32)), *(("R1_M3", n) for n in range(2, 9))]
)
def test_reset_drops_requests_and_restarts_the_stream(name: str, cycles: int, pauses: str) -> None:
    """It comes in every cycle of a request of 3 exemplars, and while nothing moves."""
    cut, again = Plan(SETS[name]), Plan(SETS[name])
    cut.request(1, 2)
    (step,) = cut.steps
    cut.steps = [Step(step.inputs, step.outputs, step.pins, cycles=cycles, abandon=True)]
    again.request(3, 4)
    (step,) = again.steps
    steps = [*cut.steps, Step(step.inputs, step.outputs, step.pins, reset=True)]
    assert run_pysim(cut.dut, steps, PAUSES[pauses]).left[0] > 0


def test_sums_of_no_factors_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^Factors R of a sum must be 1 or more, not 0$"):
        FactorSums(params(rank=0))
