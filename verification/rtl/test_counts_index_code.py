# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""What a generator of index codes is said to do, held to the hardware and to additions done."""

import pytest
from amaranth.sim import Simulator
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.index_code import IndexCode as GoldenIndexCode
from golden.params import IndexCodeParams
from rtl.index_code import IndexCode
from sim.cost.counts import index_code
from sim.cost.counts.tally import Action
from verification.rtl.tallies import built, shapes
from verification.rtl.test_index_code import SMALL, WIDE, index_codes


def cycles_of(params: IndexCodeParams, start: int, count: int) -> int:
    """Return the cycles from the one after a request to the last code of it, in simulation."""
    dut, cycles = IndexCode(params), []

    async def ask(ctx) -> None:
        ctx.set(dut.i.payload.index, start)
        ctx.set(dut.i.payload.count, count)
        ctx.set(dut.i.valid, 1)
        ctx.set(dut.o.ready, 1)
        await ctx.tick()
        ctx.set(dut.i.valid, 0)
        taken = 0
        while taken < count:
            cycles.append(1)
            taken += ctx.get(dut.o.valid)
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(ask)
    simulator.run()
    return len(cycles)


def adders(width: int, powers: tuple[int, ...], number: int, digits: int) -> tuple[list[int], int]:
    """Return the multiples of `powers` by double and add, and the bits that were added."""
    multiples, added = [0] * len(powers), 0
    for place in reversed(range(digits)):
        for k, power in enumerate(powers):
            multiples[k] = (2 * multiples[k] + power * (number >> place & 1)) % 2**width
            added += width
    return multiples, added


@settings(max_examples=15)
@given(index_codes(), st.data())
def test_cycles_are_those_of_the_hardware(params: IndexCodeParams, data: st.DataObject) -> None:
    count = data.draw(st.integers(1, min(6, params.samples)))
    start = params.first + data.draw(st.integers(0, params.samples - count))
    cycles = cycles_of(params, start % 2**params.width, count)
    assert cycles == index_code.request_cycles(params, count)
    assert cycles == IndexCode(params).latency - 1 + count


@pytest.mark.parametrize("params", [SMALL, WIDE], ids=["small", "wide"])
@pytest.mark.parametrize("count", [1, 5])
def test_additions_are_those_that_make_the_codes(params: IndexCodeParams, count: int) -> None:
    digits = max(params.width, params.task_width)
    index, task = 19, 3
    multiples, added = adders(params.width, params.powers, index, digits)
    for _ in range(count - 1):
        multiples = [
            (m + p) % 2**params.width for m, p in zip(multiples, params.powers, strict=True)
        ]
        added += params.width * len(multiples)
    tasks, task_added = adders(params.task_width, params.task_powers, task, digits)

    parts = [(multiples, params.width), (tasks, params.task_width)]
    if params.task == "prefix":
        parts.reverse()
    bits = [m >> j & 1 for numbers, width in parts for m in numbers for j in range(width)]
    golden = GoldenIndexCode(params).codes(range(index, index + count), task)
    assert bits == golden[-1].tolist()

    tally = index_code.request(params, count)
    assert tally[Action("index", "full_add")] == added
    assert tally[Action("task", "full_add")] == task_added
    assert tally[Action("index", "register", params.index_bits)] == digits + count
    assert tally[Action("task", "register", params.task_bits)] == 1 + digits


def test_without_a_task_nothing_is_done_for_it() -> None:
    params = IndexCodeParams.fitting(40, 500)
    assert {action.component for action in index_code.request(params, 2)} == {"index"}
    with pytest.raises(ValueError, match=r"Codes of a request must be .*1, not 0"):
        index_code.request(params, 0)


def test_there_are_no_memories() -> None:
    assert built("index_code", params=SMALL) == shapes(index_code.memories(SMALL)) == []
