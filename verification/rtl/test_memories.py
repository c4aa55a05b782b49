# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""Memories as modules of their own: a chip of them is the chip, and each is what it says."""

import random
import re
from collections import Counter
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from amaranth.hdl import Module, Value, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.memory import Memory as AmaranthMemory
from amaranth.lib.wiring import In, Out

from golden.params import ChipParams
from rtl.catalogue import BLOCKS
from rtl.chip import Chip
from rtl.memories import Macro, Macros, Memory
from rtl.verilog import netlist_of, written
from sim.cost.counts import chip as counts
from verification.rtl import chip_run, simulators, test_chip
from verification.rtl.driver import library, test_driver
from verification.rtl.driver.in_c import DriverInC
from verification.rtl.engine import PAUSES, Pauses, Step
from verification.rtl.simulators import payload, run_cocotb, run_pysim

ROWS, WIDTH = 6, 8


def with_models(component: wiring.Component, name: str) -> str:
    """Return the Verilog of a block whose memories are modules, with their models."""
    macros = Macros(1)
    text = written(netlist_of(component, name, macros))
    return text + macros.models


@cache
def chip_text(chip: ChipParams) -> str:
    return with_models(Chip(chip), "chip")


@pytest.fixture(params=[pytest.param("parallel", marks=pytest.mark.slow), "serial", "factors"])
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs of a chip whose memories are modules."""
    monkeypatch.setattr(chip_run, "_text", chip_text)
    return lambda *given, **more: chip_run.run_script("verilator", *given, **more)


def test_a_chip_of_macros_lives_as_golden_says(name: str, run: Any) -> None:
    test_chip.test_a_life_of_the_chip(name, 0.6, run)


def test_a_chip_of_macros_does_everything_at_once(name: str, run: Any) -> None:
    test_chip.test_everything_at_once(name, run)


@pytest.mark.parametrize("kind", ["LEARNS", "HIDDEN"])
def test_a_head_of_macros_learns_as_golden_says(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "convert", with_models)
    chip = getattr(test_driver, kind)
    found = library.library.__wrapped__(chip)  # none that another test has made

    def start(_: ChipParams) -> tuple[DriverInC, library.Model]:
        model = library.Model(found)
        return DriverInC(found, model), model

    test_driver.test_the_head_learns_beside_a_past_that_the_chip_draws(start, chip)


def chips() -> dict[str, ChipParams]:
    built = {size: BLOCKS["chip"].arguments(size)["params"] for size in ("tiny", "small")}
    heads = {name: getattr(test_driver, name) for name in ("LEARNS", "HIDDEN", "FACTORS")}
    return {**built, **test_chip.CHIPS, **heads}


@pytest.mark.parametrize("kind", [*chips(), pytest.param("full", marks=pytest.mark.slow)])
def test_one_port_where_the_cost_model_has_one(kind: str) -> None:
    chip = {**chips(), "full": BLOCKS["chip"].arguments("full")["params"]}[kind]
    macros = Macros(1)
    netlist_of(Chip(chip), "chip", macros)
    found: Counter[tuple[int, ...]] = Counter()
    for macro, number in macros.used.items():
        found[macro.depth, macro.width, 1 if macro.one_port else 2] += number
    priced: Counter[tuple[int, ...]] = Counter()
    for memory in counts.memories(chip):
        priced[memory.depth, memory.width, memory.ports] += memory.copies
    left = priced - found
    assert found - priced == Counter()
    # What is priced and is no macro stays in the design.
    assert Counter({k[:2]: n for k, n in left.items()}) == Counter(
        {(depth, width): n for (depth, width, _), n in macros.stay.items()}
    )


class Served(wiring.Component):
    """A memory that is read and written by what comes; what was read waits while rows are written.

    Parameters
    ----------
    part : int
        Bits that a bit of the mask writes.
    more : mapping
        Arguments of the memory.
    """

    def __init__(self, part: int = WIDTH, **more: Any) -> None:
        self.part, self.more = part, more
        layout = {"read": 1, "from": range(ROWS), "mask": WIDTH // part, "to": range(ROWS)}
        self.layout = StructLayout({**layout, "data": WIDTH})
        super().__init__({
            "i": In(stream.Signature(self.layout)), "o": Out(stream.Signature(WIDTH)),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.rows = rows = Memory(shape=unsigned(WIDTH), depth=ROWS, **self.more)
        read = rows.read_port()
        write = rows.write_port(granularity=None if self.part == WIDTH else self.part)
        i, now = self.i, self.i.payload
        go = i.valid & i.ready
        m.d.comb += [
            i.ready.eq(~now.read | ~self.o.valid | self.o.ready),
            read.en.eq(go & now.read),
            read.addr.eq(now["from"]),
            write.en.eq(now.mask & go.replicate(WIDTH // self.part)),
            write.addr.eq(now.to),
            write.data.eq(now.data),
            self.o.payload.eq(read.data),
        ]
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(read.en):
            m.d.sync += self.o.valid.eq(1)
        return m


def accesses(block: Served, *, both: bool, same: bool) -> list[Step]:
    """Return random accesses, at once if `both`, also of one row if `same`, and what is read."""
    rng, rows = random.Random(5), [0] * ROWS
    masks = 2 ** (WIDTH // block.part)
    given, read = [], []
    for row in range(ROWS):
        rows[row] = rng.getrandbits(WIDTH)
        word = {"read": 0, "from": 0, "mask": masks - 1, "to": row, "data": rows[row]}
        given.append(payload(block.layout, word))
    for _ in range(300):
        reads, mask = rng.randrange(2), rng.randrange(masks)
        begin, end, data = rng.randrange(ROWS), rng.randrange(ROWS), rng.getrandbits(WIDTH)
        if reads and not both or begin == end and not same:
            mask = mask if not reads else 0
        word = {"read": reads, "from": begin, "mask": mask, "to": end, "data": data}
        given.append(payload(block.layout, word))
        if reads:
            read.append(rows[begin])
        for part in range(WIDTH // block.part):
            if mask >> part & 1:
                bits = ((1 << block.part) - 1) << part * block.part
                rows[end] = rows[end] & ~bits | data & bits
    return [Step(inputs={"i": given}, outputs={"o": read})]


KINDS = {
    "old": ({}, True, True),
    "old_by_2": ({"part": 2}, True, True),
    "any": ({"attrs": {"no_rw_check": 1}}, True, False),
    "one_port": ({"one_port": True}, False, False),
    "one_port_by_4": ({"one_port": True, "part": 4}, False, False),
}


@pytest.mark.parametrize("pauses", [PAUSES["flowing"], PAUSES["stalled"]], ids=["flow", "stall"])
@pytest.mark.parametrize(("given", "both", "same"), KINDS.values(), ids=KINDS)
def test_a_model_is_the_memory(
    given: Any, both: bool, same: bool, pauses: Pauses, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = accesses(Served(**given), both=both, same=same)
    run_pysim(Served(**given), steps, pauses)
    monkeypatch.setattr(simulators, "convert", with_models)
    run_cocotb(Served(**given), steps, pauses)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"attrs": {"no_rw_check": 1}}, "0x42 came, and 0xbd was expected"),
        ({"one_port": True}, "Command failed"),  # the model ends the simulation
    ],
    ids=["any", "one_port"],
)
def test_what_a_macro_cannot_do_is_found(
    given: Any, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulators, "convert", with_models)
    steps = accesses(Served(**given), both=True, same=True)
    with pytest.raises(Exception, match=told):
        run_cocotb(Served(**given), steps)


def test_memories_that_behave_alike_are_one_module() -> None:
    # Of these rows and bits it has two memories whose attributes are not the same.
    macros = Macros(1)
    params = BLOCKS["chip"].arguments("small")["params"]
    netlist_of(
        Chip(replace(params, accelerator=replace(params.accelerator, map_depth=800))),
        "chip",
        macros,
    )
    assert macros.used[Macro(depth=800, width=16, part=16, one_port=True, old=False)] > 1
    names = re.findall(r"^module (\w+)", macros.models, re.M)
    assert names == sorted({macro.name for macro in macros.used})


class Odd(wiring.Component):
    """Memories that stay in the design, each for a reason of its own."""

    def __init__(self) -> None:
        super().__init__({"o": Out(7 * 4)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        table = Memory(shape=4, depth=4, init=[1, 2, 3, 4])
        foreign = AmaranthMemory(shape=4, depth=7, init=[0, 5])
        fields = AmaranthMemory(
            shape=StructLayout({"low": 1, "high": 3}), depth=8, init=[{"high": 2}]
        )
        comb, twice, small, new = (Memory(shape=4, depth=rows) for rows in (5, 6, 3, 9))
        domains = {"table": (table, ["sync"]), "comb": (comb, ["comb"]),
                   "twice": (twice, ["sync"] * 2), "small": (small, ["sync"]),
                   "foreign": (foreign, ["sync"]), "fields": (fields, ["sync"]),
                   "new": (new, ["sync"])}  # fmt: skip
        for place, (name, (memory, reads)) in enumerate(domains.items()):
            m.submodules[name] = memory
            write = memory.write_port()
            over = [write] if name == "new" else []
            ports = [memory.read_port(domain=domain, transparent_for=over) for domain in reads]
            m.d.comb += self.o.word_select(place, 4).eq(Value.cast(ports[-1].data))
        return m


def test_what_is_no_macro_stays_and_says_why() -> None:
    macros = Macros(13)
    netlist_of(Odd(), "odd", macros)
    assert macros.manifest == {
        "macros": [],
        "stay": [
            {"depth": 3, "width": 4, "memories": 1, "why": "it is small"},
            {"depth": 4, "width": 4, "memories": 1, "why": "it has contents of its own"},
            {"depth": 5, "width": 4, "memories": 1, "why": "it is read without a clock"},
            {"depth": 6, "width": 4, "memories": 1, "why": "it has 2 ports to read and 1 to write"},
            {"depth": 7, "width": 4, "memories": 1, "why": "it has contents of its own"},
            {"depth": 8, "width": 4, "memories": 1, "why": "it has contents of its own"},
            {
                "depth": 9,
                "width": 4,
                "memories": 1,
                "why": "a row that is written while it is read must give what it becomes",
            },
        ],
    }


def test_a_macro_of_no_bits_is_refused() -> None:
    with pytest.raises(ValueError, match="least_bits must be at least 1, not 0"):
        Macros(0)
