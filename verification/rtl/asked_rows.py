# SPDX-License-Identifier: MIT
"""Rows of prototypes whose accesses and tests come as streams, and steps held to golden."""

from typing import Any

import numpy as np
from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from golden.march import March
from golden.params import PrototypesParams, WatchParams
from rtl.prototype_rows import PrototypeRows, march_params
from verification.rtl.dies import Die, packed
from verification.rtl.engine import Step
from verification.rtl.simulators import payload
from verification.rtl.test_march import marched

__all__ = ["Asked", "marching", "serve", "told_layout", "written_and_read"]


def told_layout(params: PrototypesParams) -> StructLayout:
    """Return what is told of a row that was read."""
    return StructLayout({"codes": params.row_width, "corrected": 4, "uncorrected": 4})


def serve(m: Module, rows: PrototypeRows, i: Any, o: Any) -> None:
    """Let rows be written and read as a stream asks, and tell of those that are read."""
    asked, told = i.p, o.payload
    m.d.sync += o.valid.eq(rows.read.en)
    m.d.comb += [
        i.ready.eq(1),
        rows.write.en.eq(i.valid & asked.write),
        rows.write.addr.eq(asked.row),
        rows.write.data.eq(asked.codes),
        rows.read.en.eq(i.valid & asked.read),
        rows.read.addr.eq(asked.row),
        told.codes.eq(rows.read.data),
    ]
    if rows.watch.secded:
        m.d.comb += told.corrected.eq(rows.corrected)
        m.d.comb += told.uncorrected.eq(rows.uncorrected)


class Asked(wiring.Component):
    """Rows whose writes, reads and tests come as streams, and whose codes leave as one."""

    def __init__(self, params: PrototypesParams, watch: WatchParams) -> None:
        self.params, self.rows = params, PrototypeRows(params, watch)
        members = self.rows.signature.members
        self.asked = StructLayout({
            "write": 1, "read": 1, "row": 8, "codes": params.row_width,
        })  # fmt: skip
        self.told = told_layout(params)
        super().__init__({
            "i": In(stream.Signature(self.asked)),
            "o": Out(wiring.Signature({"valid": Out(1), "payload": Out(self.told)})),
            "starts": In(stream.Signature(1)),
            **(dict.fromkeys(("corrects", "sees"), Out(1)) if watch.secded else {}),
            **({
                "failures": members["failures"], "busy": Out(1), "words": Out(32),
                "bits": Out(32), "first": Out(8),
            } if watch.self_test else {}),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.rows = rows = self.rows
        serve(m, rows, self.i, self.o)
        m.d.comb += self.starts.ready.eq(1)
        if rows.watch.secded:
            m.d.comb += [
                self.corrects.eq(rows.corrected.any()),
                self.sees.eq(rows.uncorrected.any()),
            ]
        if rows.watch.self_test:
            wiring.connect(m, rows.failures, wiring.flipped(self.failures))
            m.d.comb += [
                rows.test.eq(self.starts.valid),
                self.busy.eq(rows.testing),
                self.words.eq(rows.failing_words),
                self.bits.eq(rows.failing_bits),
                self.first.eq(rows.failing_first),
            ]
        return m


def written_and_read(dut: Asked, die: Die, seed: int) -> Step:
    """Return a step that writes all rows, and then reads each three times, in any order."""
    p, rng = dut.params, np.random.default_rng(seed)
    codes = rng.integers(0, 2**p.code_width, (p.components, p.features)).astype(np.uint16)
    rows, right = packed(p, codes), packed(p, die.read(codes))
    asked = [{"write": 1, "read": 0, "row": row, "codes": word} for row, word in enumerate(rows)]
    told, meets = [], {"corrected": 0, "uncorrected": 0}
    for row in rng.permutation([*range(p.rows)] * 3).tolist():
        asked.append({"write": 0, "read": 1, "row": row, "codes": 0})
        corrected, uncorrected = die.wrong(row, rows[row])
        told.append({"codes": right[row], "corrected": corrected, "uncorrected": uncorrected})
        meets["corrected"] += corrected
        meets["uncorrected"] += uncorrected
    return Step(
        inputs={"i": [payload(dut.asked, a) for a in asked]},
        outputs={"o": [payload(dut.told, t) for t in told]},
        meets={f"prototype_rows: word {name}": count for name, count in meets.items()},
    )


def marching(dut: Asked, die: Die) -> list[Step]:
    """Return the steps of a self-test."""
    p = march_params(dut.params, die.watch)
    under_way, ended = marched(p, March(p).run(*die.map))
    outputs = {"failures": under_way.outputs["o"]}
    return [
        Step(inputs=under_way.inputs, outputs=outputs, cycles=under_way.cycles),
        Step(cycles=ended.cycles, reads=ended.reads),
    ]
