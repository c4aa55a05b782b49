# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""What the latent buffer is said to hold and to do, held to the hardware."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray

from golden.latent_buffer import LatentBuffer as GoldenLatentBuffer
from golden.params import LatentBufferParams
from golden.sampler import Beat
from rtl.catalogue import BLOCKS, SIZES
from rtl.latent_buffer import LatentBuffer
from sim.cost.counts import latent_buffer
from sim.cost.counts.tally import Tally
from verification.rtl.engine import PAUSES, Step
from verification.rtl.simulators import cocotb_simulators, run_cocotb, run_pysim
from verification.rtl.strobes import Counted
from verification.rtl.tallies import built, counters_of, shapes
from verification.rtl.test_latent_buffer import Bench, Event, buffers

SETS = {
    "three_rows": LatentBufferParams(features=10, lanes=4, classes=3, exemplars=2, seed=7),
    "one_of_all": LatentBufferParams(features=1, lanes=1, classes=1, exemplars=1),
    "64_lanes": LatentBufferParams(features=130, lanes=64, classes=5, exemplars=4),
}


class Tallied(GoldenLatentBuffer):
    """The golden buffer, and a tally of what its exemplars and requests do."""

    def __init__(self, params: LatentBufferParams) -> None:
        super().__init__(params)
        self.tally = Tally()
        self.exemplars = {"filled": 0, "replaced": 0, "dropped": 0}

    def learn(self, exemplars: NDArray[np.uint64], labels: ArrayLike) -> NDArray[np.int64]:
        held, words = self.n_exemplars, self.reservoir_lfsr.ticks
        slots = super().learn(exemplars, labels)
        filled, drawn = self.n_exemplars - held, self.reservoir_lfsr.ticks - words
        replaced = int(np.count_nonzero(slots >= 0)) - filled
        done = {"filled": filled, "replaced": replaced, "dropped": drawn - replaced}
        self.exemplars = {name: self.exemplars[name] + done[name] for name in done}
        self.tally += latent_buffer.learn(self.params, **done)
        self.tally += latent_buffer.refuse(len(slots) - filled - drawn)
        return slots

    def beats(self, label: int) -> Iterator[Beat]:
        words = self.exemplar_lfsr.ticks
        beats = list(super().beats(label))
        answered = self.exemplar_lfsr.ticks - words
        self.tally += latent_buffer.answer(self.params, answered)
        self.tally += latent_buffer.refuse(1 - answered)
        return iter(beats)


def bench(params: LatentBufferParams, seed: int = 0) -> tuple[Bench, Tallied]:
    made, golden = Bench(params, seed), Tallied(params)
    made.golden = golden
    return made, golden


def counted(params: LatentBufferParams, seed: int, events: int) -> tuple[Counted, list[Step]]:
    """Return a buffer and a bench of random exemplars and requests that ends with its counters."""
    made, golden = bench(params, seed)
    dut, steps = Counted(LatentBuffer(params)), made.steps(made.events(events))
    return dut, [*steps, Step(cycles=20, reads=counters_of(golden.tally, dut.counters))]


@pytest.mark.parametrize("pauses", PAUSES)
@pytest.mark.parametrize("name", SETS)
def test_strobes_are_those_counted_whatever_the_pauses(name: str, pauses: str) -> None:
    dut, steps = counted(SETS[name], 0, 40)
    assert all(steps[-1].reads.values())
    run_pysim(dut, steps, PAUSES[pauses])


@given(buffers(), st.integers(0, 2**32), st.sampled_from(sorted(PAUSES)))
@settings(max_examples=12)
def test_strobes_of_any_buffer(drawn: LatentBufferParams, seed: int, pauses: str) -> None:
    run_pysim(*counted(drawn, seed, 25), PAUSES[pauses])


@pytest.mark.parametrize("simulator", cocotb_simulators())
def test_strobes_in_verilog(simulator: str) -> None:
    run_cocotb(*counted(SETS["three_rows"], 1, 150), PAUSES["idle_stalled"], simulator=simulator)


def test_golden_counts_alike() -> None:
    made, golden = bench(SETS["three_rows"])
    made.steps(made.events(60))
    done = {(action.component, action.kind): count for action, count in golden.tally.items()}
    assert all(golden.exemplars.values())
    assert done["reservoir", "register"] == golden.reservoir_lfsr.ticks
    assert done["exemplar", "register"] == golden.exemplar_lfsr.ticks
    assert done["exemplar", "lfsr_step"] == 32 * golden.exemplar_lfsr.ticks
    assert done["counts", "write"] == golden.seen.sum()
    assert done["rows", "read"] == golden.exemplar_lfsr.ticks * golden.params.beats


@given(buffers(), st.integers(1, 9), st.integers(1, 6))
@settings(max_examples=12)
def test_cycles_are_those_simulated(
    drawn: LatentBufferParams, exemplars: int, requests: int
) -> None:
    made, golden = bench(drawn)
    learned = made.learn([Event(0, bits % 2**drawn.features) for bits in range(exemplars)])
    asked = [0] * requests
    answers = Step(inputs={"requests": asked}, outputs={"o": made.answer(asked)})
    passed = run_pysim(LatentBuffer(drawn), [Step(inputs={"i": learned}), answers]).transfers
    # The first exemplar is offered in the cycle after reset.
    assert passed["i"][-1] == latent_buffer.learn_cycles(drawn, **golden.exemplars)
    answered = passed["o"][-1] - passed["requests"][0] + 1
    assert answered == latent_buffer.answer_cycles(drawn, requests)


def test_an_idle_buffer_reads_nothing() -> None:
    dut = Counted(LatentBuffer(SETS["three_rows"]))
    run_pysim(dut, [Step(cycles=30, reads=dict.fromkeys(dut.counters, 0))])


@pytest.mark.parametrize("size", SIZES)
def test_memories_of_the_catalogue(size: str) -> None:
    drawn = BLOCKS["latent_buffer"].arguments(size)["params"]
    assert shapes(latent_buffer.memories(drawn)) == built("latent_buffer", params=drawn)


@given(buffers())
@settings(max_examples=4)
def test_memories_of_any_buffer(drawn: LatentBufferParams) -> None:
    assert shapes(latent_buffer.memories(drawn)) == built("latent_buffer", params=drawn)
