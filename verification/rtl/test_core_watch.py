# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""What the core tells of its memory of prototypes: counts of wrong words, and single failures."""

from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In
from amaranth.sim import Simulator

from golden.march import Failure, March
from golden.params import WatchParams
from rtl.core_watch import show_watch, watch_ports
from rtl.prototype_rows import SCRUB_COUNTS, PrototypeRows, march_params, watch_members
from verification.rtl.chips import make_chip
from verification.rtl.dies import Die
from verification.rtl.engine import Step
from verification.rtl.simulators import run_pysim

WATCH = WatchParams(secded=2, self_test=True)
SCRUBBED = WatchParams(secded=2, scrub=True)
CHIP: Any = SimpleNamespace(sampler=make_chip(code_width=3).sampler, watch=WATCH)
P = CHIP.sampler.prototypes
COUNTERS = ("corrected", "uncorrected")


class Watched(wiring.Component):
    """Ports of the core, and behind them nothing but rows, or words that a bench says are wrong."""

    def __init__(self) -> None:
        self.rows = PrototypeRows(P, WATCH)
        members = watch_members(P, WATCH)
        more = {f"more_{name}": In(members[name].shape) for name in COUNTERS}
        super().__init__(watch_ports(CHIP) | more)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.rows = self.rows
        seen: Any = SimpleNamespace(**{
            name: getattr(self, f"more_{name}") if name in COUNTERS else getattr(self.rows, name)
            for name in watch_members(P, WATCH)
        })  # fmt: skip
        show_watch(m, CHIP, self, seen)
        return m


def simulate(dut: Watched, bench: Any) -> None:
    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()


def test_wrong_words_are_counted_until_they_are_cleared() -> None:
    counted, steps = Counter[str](), []
    for cycle in range(200):
        pins = {}
        reads = {name: counted[name] for name in COUNTERS}
        for name, step in zip(COUNTERS, (3, 5), strict=True):
            more, clear = cycle * step % 7 % 3, int(cycle % (step * 7) == 6)
            pins |= {f"more_{name}": more, f"{name}_clear": clear}
            counted[name] = more + (0 if clear else counted[name])
        steps.append(Step(pins=pins, reads=reads, cycles=1))
    still = dict.fromkeys(steps[0].pins, 0)
    steps += [Step(reset=True, pins=still, reads=dict.fromkeys(COUNTERS, 0), cycles=1)]
    run_pysim(Watched(), steps)


@pytest.mark.parametrize("name", COUNTERS)
def test_a_counter_stops_at_its_highest_number(name: str) -> None:
    dut = Watched()
    counter = Signal(32, init=2**32 - 4)  # to count so far would take days
    setattr(dut, name, counter)

    async def bench(ctx: Any) -> None:
        ctx.set(getattr(dut, f"more_{name}"), 2)
        for expected in (2**32 - 4, 2**32 - 2, 2**32 - 1, 2**32 - 1):
            assert ctx.get(counter) == expected
            await ctx.tick()

    simulate(dut, bench)


@pytest.mark.parametrize("listed", [0, 1])
def test_failures_wait_if_they_are_listed(listed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    die = Die(P, WATCH, share=0.05)
    die.install(monkeypatch)
    dut, found = Watched(), March(march_params(P, WATCH)).run(*die.map)
    told: list[Failure] = []

    async def bench(ctx: Any) -> None:
        ctx.set(dut.memory_test_listed, listed)
        ctx.set(dut.begin_test, 1)
        await ctx.tick()
        ctx.set(dut.begin_test, 0)
        cycles = 0
        while ctx.get(dut.memory_test_running):
            cycles += 1
            if ctx.get(dut.memory_test_waiting):
                await ctx.tick().repeat(3)  # it waits for as long as nobody takes it
                assert ctx.get(dut.memory_test_waiting)
                fields = ("row", "part", "element", "bits")
                told.append(Failure(*(ctx.get(getattr(dut, f"failure_{n}")) for n in fields)))
                ctx.set(dut.memory_test_next, 1)
                await ctx.tick()
                ctx.set(dut.memory_test_next, 0)
            else:
                await ctx.tick()
        assert listed or cycles == found.cycles
        results = (dut.failing_words, dut.failing_bits, dut.failing_first)
        assert tuple(map(ctx.get, results)) == (found.words, found.bits, found.first)

    simulate(dut, bench)
    assert told == (found.failures if listed else [])
    assert found.failures


def test_a_chip_without_a_watch_has_no_ports_for_one() -> None:
    plain: Any = SimpleNamespace(watch=WatchParams())
    assert watch_ports(plain) == {}
    both = {*watch_ports(CHIP)}
    secded: Any = SimpleNamespace(watch=WatchParams(secded=1))
    tested: Any = SimpleNamespace(watch=WatchParams(self_test=True))
    assert {*watch_ports(secded)} | {*watch_ports(tested)} == both
    assert not {*watch_ports(secded)} & {*watch_ports(tested)}


def test_rows_of_a_scrubber_are_counted_and_its_interval_reaches_it() -> None:
    params: Any = SimpleNamespace(sampler=CHIP.sampler, watch=SCRUBBED)
    ports = wiring.Signature(watch_ports(params)).create()
    sampler: Any = SimpleNamespace(**{
        name: Signal(member.shape, name=name) for name, member in watch_members(P, SCRUBBED).items()
    })  # fmt: skip
    m, told = Module(), []
    show_watch(m, params, ports, sampler)

    async def bench(ctx: Any) -> None:
        ctx.set(ports.scrub_interval, 77)
        for cycle in range(6):
            ctx.set(sampler.scrub_reads, cycle < 5)
            ctx.set(sampler.scrub_writes, cycle in (1, 2))
            ctx.set(sampler.scrub_failures, cycle == 3)
            ctx.set(ports.scrub_writes_clear, cycle == 2)
            await ctx.tick()
        told.extend(ctx.get(getattr(ports, name)) for name in SCRUB_COUNTS)
        told.append(ctx.get(sampler.scrub_interval))

    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert told == [5, 1, 1, 77]
