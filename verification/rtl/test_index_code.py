# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from golden.index_code import IndexCode as GoldenIndexCode
from golden.params import IndexCodeParams
from golden.params.index_code import odd_primes
from rtl.index_code import IndexCode, code_layout, request_layout
from verification.rtl.coverage import cover
from verification.rtl.engine import PAUSES, Pauses, Step
from verification.rtl.simulators import cocotb_simulators, payload, run_cocotb, run_pysim, shared

SMALL = IndexCodeParams(samples=32, width=5, primes=(3, 7, 29), task="prefix", tasks=4)
WIDE = IndexCodeParams.fitting(200, 60_000, task="suffix", tasks=10)


@st.composite
def index_codes(draw: st.DrawFn) -> IndexCodeParams:
    width = draw(st.integers(3, 20))
    choice = draw(st.permutations([p for p in odd_primes(12) if p < 2**width]))
    return IndexCodeParams(
        samples=draw(st.integers(1, 2**width)),
        width=width,
        primes=tuple(choice[: draw(st.integers(1, 4))]),
        task=draw(st.sampled_from(["none", "prefix", "suffix"])),
        tasks=8,
        task_width=draw(st.integers(3, 12)),
        task_primes=draw(st.sampled_from([(3,), (5, 3)])),
        first=draw(st.integers(0, 1)),
    )


def random_requests(params: IndexCodeParams, n: int, seed: int) -> list[tuple[int, int, int]]:
    """Return requests (first index, codes, task); the first and the last index are among them."""
    rng = np.random.default_rng(seed)
    low, high = params.first, params.first + params.samples
    starts = [low, high - 1, *rng.integers(low, high, n)]
    tasks = rng.integers(params.first, params.first + params.tasks, n + 2)
    return [
        (int(start), int(rng.integers(1, min(8, high - start) + 1)), int(task))
        for start, task in zip(starts, tasks, strict=True)
    ]


def golden_codes(params: IndexCodeParams, start: int, count: int, task: int) -> NDArray[np.uint8]:
    named = None if params.task == "none" else task
    return GoldenIndexCode(params).codes(range(start, start + count), named)


def situations(params: IndexCodeParams, start: int, count: int) -> dict[str, int]:
    end = start + count - 1
    return {
        "index_code: one code": count == 1,
        "index_code: first index of zeros": start % 2**params.width == 0,
        "index_code: indices wrap around": start < 2**params.width <= end,
        "index_code: task before": params.task == "prefix",
        "index_code: task behind": params.task == "suffix",
        "index_code: task of more bits than the index": (
            params.task != "none" and params.task_width > params.width
        ),
    }


def bench(params: IndexCodeParams, requests: list[tuple[int, int, int]]) -> list[Step]:
    """Ask for all at once; a step for each request notes what it meets."""
    asked, expected, steps = [], [], []
    for start, count, task in requests:
        task_field = {} if params.task == "none" else {"task": task}
        request = {"index": start % 2**params.width, **task_field, "count": count}
        asked.append(payload(request_layout(params), request))
        for place, code in enumerate(golden_codes(params, start, count, task), 1):
            bits = sum(int(bit) << j for j, bit in enumerate(code))
            layout = code_layout(params)
            expected.append(payload(layout, {"code": bits, "last": int(place == count)}))
        steps.append(Step(meets=situations(params, start, count), cycles=1))
    return [Step(inputs={"i": asked}, outputs={"o": expected}), *steps]


@settings(max_examples=40)
@given(index_codes(), st.integers(0, 2**32), st.sampled_from(sorted(PAUSES)))
def test_codes_equal_golden(params: IndexCodeParams, seed: int, pauses: str) -> None:
    run_pysim(IndexCode(params), bench(params, random_requests(params, 4, seed)), PAUSES[pauses])


@pytest.mark.parametrize("pauses", PAUSES.values(), ids=PAUSES)
@pytest.mark.parametrize("simulator", cocotb_simulators())
def test_any_pauses_in_verilog(pauses: Pauses, simulator: str) -> None:
    steps = bench(WIDE, random_requests(WIDE, 30, 1))
    run_cocotb(shared(IndexCode, WIDE), steps, pauses, simulator=simulator)


def test_every_index_of_a_small_code() -> None:
    requests = [(start, 33 - start, 1 + start % 4) for start in range(1, 33)]
    run_pysim(IndexCode(SMALL), bench(SMALL, requests))


@pytest.mark.parametrize("task", ["none", "prefix", "suffix"])
@pytest.mark.parametrize("task_width", [3, 12])
def test_latency_and_interval(task: str, task_width: int) -> None:
    params = replace(SMALL, task=task, task_width=task_width, task_primes=(3,))
    dut = IndexCode(params)
    counts = [5, 1, 3]
    trace = run_pysim(dut, bench(params, [(7, count, 2) for count in counts]))
    asked, offered, left = trace.transfers["i"], trace.offered["o"], trace.transfers["o"]
    firsts = np.cumsum([0, *counts[:-1]])
    assert dut.latency == 1 + max(5, 0 if task == "none" else task_width)
    assert [offered[k] for k in firsts] == [cycle + dut.latency for cycle in asked]
    assert offered[:5] == list(range(offered[0], offered[0] + 5 * dut.interval, dut.interval))
    # The next request is taken with the last code: latency - 1 + count cycles a request.
    assert np.diff(asked).tolist() == [dut.latency - 1 + count for count in counts[:-1]]
    taken_together = len(set(asked) & set(left))
    assert taken_together == 2
    cover("index_code: request taken with the last code", taken_together)


@pytest.mark.parametrize("under_way", [2, 9], ids=["seeking", "counting"])
def test_reset_drops_the_request_under_way(under_way: int) -> None:
    whole = bench(SMALL, [(20, 12, 4), (1, 2, 1)])
    cut = replace(whole[0], cycles=under_way, abandon=True)
    trace = run_pysim(IndexCode(SMALL), [cut, Step(reset=True), *whole])
    assert trace.left[0] > 0


def test_an_idle_generator_offers_nothing() -> None:
    run_pysim(IndexCode(SMALL), [Step(cycles=20, reads={"o__valid": 0, "i__ready": 1})])


def test_refusal() -> None:
    with pytest.raises(ValueError, match=r"^Index code in hardware must be paper, not 'released'$"):
        IndexCode(replace(SMALL, code="released"))
