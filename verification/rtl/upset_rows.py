# SPDX-License-Identifier: MIT
"""Rows of prototypes whose cells are upset in simulation, and a script that golden follows."""

from typing import Any

import numpy as np
from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator

from golden.params import PrototypesParams, WatchParams
from golden.scrubber import Scrubbed, ScrubbedRows
from rtl.prototype_rows import SCRUB_COUNTS, PrototypeRows
from verification.proofs.prover import opened
from verification.rtl.asked_rows import serve, told_layout
from verification.rtl.engine import Step
from verification.rtl.simulators import payload

__all__ = ["WATCH", "P", "Script", "Upset", "simulate"]

P = PrototypesParams(features=10, code_width=3, lanes=5, components=4, classes=3)
WATCH = WatchParams(secded=2, scrub=True)


class Upset(wiring.Component):
    """Rows whose cells can be inverted, and whose accesses come as a stream.

    Cells are inverted through ports that are added to the memories, for simulation alone.
    """

    def __init__(self, watch: WatchParams = WATCH) -> None:
        self.params, self.rows = P, PrototypeRows(P, watch)
        self.inner = opened(self.rows)
        self._ports = [(memory.read_port(domain="comb"), memory.write_port())
                       for memory in self.memories]  # fmt: skip
        width = P.row_width + watch.check_bits(P.lanes)
        self.asked = StructLayout({
            "write": 1, "read": 1, "upset": 1, "row": 8, "codes": P.row_width, "cells": width,
        })  # fmt: skip
        self.told = told_layout(P)
        super().__init__({
            "i": In(stream.Signature(self.asked)),
            "o": Out(wiring.Signature({"valid": Out(1), "payload": Out(self.told)})),
            "scrub_interval": In(32),
            "used": In(8),
            **dict.fromkeys(SCRUB_COUNTS, Out(1)),
        })  # fmt: skip

    @property
    def memories(self) -> tuple[Any, Any]:
        """The memories of the codes and of their check bits."""
        return self.inner.submodules.memory, self.inner.submodules.checks

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.rows = rows = self.rows
        asked = self.i.p
        parts = (asked.cells[: P.row_width], asked.cells[P.row_width :])
        for (now, then), cells in zip(self._ports, parts, strict=True):
            m.d.comb += [
                now.addr.eq(asked.row),
                then.addr.eq(asked.row),
                then.data.eq(now.data ^ cells),
                then.en.eq(self.i.valid & asked.upset),
            ]
        serve(m, rows, self.i, self.o)
        m.d.comb += [
            rows.scrub_interval.eq(self.scrub_interval),
            rows.used.eq(self.used),
            *(getattr(self, name).eq(getattr(rows, name)) for name in SCRUB_COUNTS),
        ]
        return m


def upsets(rng: np.random.Generator, width: int) -> int:
    """Return cells of a row that are hit: none, one, two or three."""
    places = rng.choice(width, int(rng.integers(0, 4)), replace=False)
    return sum(1 << int(place) for place in places)


class Script:
    """Steps of a bench, and golden beside them."""

    def __init__(self, dut: Upset, seed: int) -> None:
        self.dut, self.golden = dut, ScrubbedRows(P, WATCH)
        self.rng, self.done = np.random.default_rng(seed), Scrubbed(0, 0, 0)
        self.steps = [Step(pins={"scrub_interval": 0, "used": P.rows})]

    def ask(self, told: list[int] | None = None, **asked: int) -> int:
        """Return what is asked of the block; `told` gets what is to be read."""
        all_zero = dict.fromkeys((name for name, _ in self.dut.asked), 0)
        if told is not None:
            codes, corrected, uncorrected = self.golden.read(asked["row"])
            counted = {"corrected": corrected, "uncorrected": uncorrected}
            told.append(payload(self.dut.told, {"codes": codes, **counted}))
        return payload(self.dut.asked, {**all_zero, **asked})

    def fill(self) -> None:
        words = self.rng.integers(0, 2**P.row_width, P.rows).tolist()
        for row, word in enumerate(words):
            self.golden.write(row, word)
        asked = [self.ask(write=1, row=row, codes=word) for row, word in enumerate(words)]
        self.steps.append(Step(inputs={"i": asked}))

    def upset(self) -> None:
        cells = [upsets(self.rng, self.golden.width) for _ in range(P.rows)]
        for row, hit in enumerate(cells):
            self.golden.upset(row, hit)
        asked = [self.ask(upset=1, row=row, cells=hit) for row, hit in enumerate(cells)]
        self.steps.append(Step(inputs={"i": asked}))

    def scrub(self, period: int) -> None:
        """Let the scrubber read each row once, and stop before it reads one again."""
        cycles = P.rows * period + 2
        self.steps += [
            Step(pins={"scrub_interval": period}, cycles=cycles),
            Step(pins={"scrub_interval": 0}, cycles=6),
        ]
        done = self.golden.scrub_all(P.rows)
        self.done = Scrubbed(*(a + b for a, b in zip(self.done, done, strict=True)))

    def read(self) -> None:
        told: list[int] = []
        asked = [self.ask(told, read=1, row=row) for row in range(P.rows)]
        self.steps.append(Step(inputs={"i": asked}, outputs={"o": told}))


def simulate(dut: Any, bench: Any) -> None:
    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
