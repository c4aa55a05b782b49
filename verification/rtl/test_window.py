# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.params import AcceleratorParams, MvuParams
from rtl.descriptor import Operation, descriptor_layout
from rtl.strip import step_layout
from rtl.window import Window
from verification.rtl.engine import PAUSES, Pauses, Step
from verification.rtl.simulators import cocotb_simulators, payload, run_cocotb, run_pysim, shared


@dataclass(frozen=True, kw_only=True)
class Nest:
    """A layer as the contract has it: a map, its kernel, its groups."""

    rows: int = 1
    columns: int = 1
    kernel_rows: int = 1
    kernel_columns: int = 1
    pad: int = 0
    stride: int = 1
    groups: int = 1
    group_inputs: int = 1
    group_outputs: int = 1
    base: int = 0
    weight: int = 0
    tile: int = 0
    tile_step: int = 0
    group_step: int = 0
    operation: Operation = Operation.NEURONS

    @property
    def out_rows(self) -> int:
        return (self.rows + 2 * self.pad - self.kernel_rows) // self.stride + 1

    @property
    def out_columns(self) -> int:
        return (self.columns + 2 * self.pad - self.kernel_columns) // self.stride + 1

    def pixel_words(self, simd: int) -> int:
        return -(-self.groups * self.group_inputs // simd)

    def descriptor(self, params: AcceleratorParams) -> int:
        words, simd = self.pixel_words(params.mvu.simd), params.mvu.simd
        layout = descriptor_layout(params)
        row = words * self.columns
        fields = {
            "operation": self.operation.value, "rows": self.rows, "columns": self.columns,
            "pad": self.pad, "stride": self.stride,
            "kernel_rows": self.kernel_rows, "kernel_columns": self.kernel_columns,
            "out_rows": self.out_rows, "out_columns": self.out_columns,
            "origin": self.base - self.pad * (row + words),
            "column_pitch": words, "row_pitch": row,
            "x_pitch": self.stride * words, "y_pitch": self.stride * row,
            "groups": self.groups, "group_inputs": self.group_inputs,
            "group_words": self.group_inputs // simd, "group_lanes": self.group_inputs % simd,
            "group_outputs": self.group_outputs, "weight": self.weight, "tile": self.tile,
            "tile_step": self.tile_step, "group_step": self.group_step,
        }  # fmt: skip
        return payload(layout, {k: v % 2 ** layout[k].width for k, v in fields.items()})

    def strips(self, params: AcceleratorParams) -> list[range]:
        """Return the columns of each strip of a row."""
        reuse = params.mvu.weight_reuse if self.operation is Operation.NEURONS else 1
        columns = range(self.out_columns)
        return [columns[n : n + reuse] for n in range(0, self.out_columns, reuse)]

    def steps(self, params: AcceleratorParams) -> Iterator[int]:
        layout, tag = step_layout(params), step_layout(params)["tag"].shape
        for step in self.plain_steps(params):
            # Without weight reuse, steps have no slot and tags no mark of a strip.
            fields = {k: step[k] % 2**field.width for k, field in layout if k != "tag"}
            marks = {k: step["tag"][k] % 2**field.width for k, field in tag}
            yield payload(layout, {**fields, "tag": marks})

    def plain_steps(self, params: AcceleratorParams) -> Iterator[dict]:
        simd, units, neurons = params.mvu.simd, params.units, params.units * params.mvu.pe
        words = self.pixel_words(simd)
        tiles = -(-self.group_outputs // neurons)
        for y in range(self.out_rows):
            for strip in self.strips(params):
                weight, tile = self.weight, self.tile
                for group in range(self.groups):
                    first = group * self.group_inputs
                    last = first + self.group_inputs - 1
                    for t in range(tiles):
                        steps = [
                            (kr, kc, word)
                            for kr in range(self.kernel_rows)
                            for kc in range(self.kernel_columns)
                            for word in range(first // simd, last // simd + 1)
                        ]
                        pixel_last = group == self.groups - 1 and t == tiles - 1
                        for n, (kr, kc, word) in enumerate(steps):
                            for slot, x in enumerate(strip):
                                row = y * self.stride - self.pad + kr
                                column = x * self.stride - self.pad + kc
                                address = (row * self.columns + column) * words + word
                                end = (y, x) == (self.out_rows - 1, self.out_columns - 1)
                                yield {
                                    "address": self.base + address,
                                    "inside": 0 <= row < self.rows and 0 <= column < self.columns,
                                    "low": max(0, first - word * simd),
                                    "high": min(simd, last + 1 - word * simd),
                                    "weight": weight + n,
                                    "tile": tile,
                                    "last": n == len(steps) - 1,
                                    "slot": slot,
                                    "tag": {
                                        "place": group * self.group_step
                                        + t * units * self.tile_step,
                                        "lanes": min(neurons, self.group_outputs - t * neurons),
                                        "last": pixel_last,
                                        "end": pixel_last and end,
                                        "strip_end": x == strip[-1],
                                    },
                                }
                        weight += len(steps)
                        tile += 1

    def situations(self, params: AcceleratorParams) -> dict[str, int]:
        steps, reuse = list(self.plain_steps(params)), params.mvu.weight_reuse
        neurons, widths = self.operation is Operation.NEURONS, map(len, self.strips(params))
        return {
            "window: strip of several pixels": sum(step["slot"] > 0 for step in steps),
            "window: strip not full": neurons and any(width < reuse for width in widths),
            "window: words that need no weights": reuse > 1 and not neurons,
            "window: padding": sum(not step["inside"] for step in steps),
            "window: group begins within a word": sum(step["low"] > 0 for step in steps),
            "window: depthwise": len(steps) if self.group_inputs == 1 < self.groups else 0,
        }


def machine(
    pe: int, simd: int, map_depth: int = 256, reuse: int = 1, units: int = 1
) -> AcceleratorParams:
    mvu = MvuParams(pe=pe, simd=simd, weight_depth=4096, tile_depth=256, weight_reuse=reuse)
    return AcceleratorParams(mvu=mvu, units=units, map_depth=map_depth, channels=64)


@st.composite
def nests(draw: st.DrawFn, params: AcceleratorParams) -> Nest:
    stride = draw(st.integers(1, 3))
    pad = draw(st.integers(0, 2)) if stride == 1 else 0
    columns, rows = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    groups = draw(st.integers(1, 4))
    return Nest(
        rows=rows,
        columns=columns,
        pad=pad,
        stride=stride,
        kernel_rows=draw(st.integers(1, min(4, rows + 2 * pad))),
        kernel_columns=draw(st.integers(1, min(4, columns + 2 * pad))),
        groups=groups,
        group_inputs=draw(st.integers(1, 20)),
        group_outputs=draw(st.integers(1, 12)),
        base=draw(st.integers(0, 20)),
        weight=draw(st.integers(0, 900)),
        tile=draw(st.integers(0, 100)),
        tile_step=draw(st.integers(0, 40)),
        group_step=draw(st.integers(0, 40)),
        operation=draw(st.sampled_from([Operation.NEURONS, Operation.POOL])),
    )


def bench(params: AcceleratorParams, layers: list[Nest]) -> list[Step]:
    return [
        Step(
            inputs={"i": [layer.descriptor(params)]},
            outputs={"o": list(layer.steps(params))},
            meets=layer.situations(params),
        )
        for layer in layers
    ]


@given(st.data())
@settings(max_examples=40)
def test_steps_equal_plain_loops(data: st.DataObject) -> None:
    reuse = data.draw(st.sampled_from([1, 2, 4, 8]))
    pe, simd, units = (data.draw(st.integers(1, most)) for most in (5, 9, 2))
    params = machine(pe, simd, reuse=reuse, units=units)
    layers = data.draw(st.lists(nests(params), min_size=1, max_size=2))
    pauses = PAUSES[data.draw(st.sampled_from(sorted(PAUSES)))]
    layers = [layer for layer in layers if sum(1 for _ in layer.plain_steps(params)) < 1500]
    run_pysim(Window(params), bench(params, layers), pauses)


CORNERS = [
    Nest(rows=5, columns=4, kernel_rows=3, kernel_columns=3, pad=1, group_inputs=11,
         group_outputs=7, groups=2, tile_step=1, group_step=4),
    Nest(columns=9, kernel_columns=9, group_inputs=8, group_outputs=5),
    Nest(rows=4, columns=4, kernel_rows=2, kernel_columns=2, stride=2, group_inputs=8, groups=3,
         operation=Operation.POOL),
    Nest(rows=2, columns=3, groups=17),
    Nest(),
]  # fmt: skip


@pytest.mark.parametrize("simulator", cocotb_simulators())
@pytest.mark.parametrize("pauses", PAUSES.values(), ids=PAUSES)
@pytest.mark.parametrize(("reuse", "units"), [(1, 1), (2, 1), (8, 1), (1, 2)])
def test_corners_in_verilog(reuse: int, units: int, pauses: Pauses, simulator: str) -> None:
    params = machine(4 // units, 8, reuse=reuse, units=units)
    run_cocotb(shared(Window, params), bench(params, CORNERS), pauses, simulator=simulator)


@pytest.mark.parametrize("reuse", [1, 2])
def test_one_word_of_memory(reuse: int) -> None:
    params = machine(1, 1, map_depth=1, reuse=reuse)
    run_pysim(Window(params), bench(params, [Nest(), Nest(group_outputs=3, weight=7)]))


@pytest.mark.parametrize("reuse", [1, 4])
@pytest.mark.parametrize(("map_depth", "pad"), [(3, 1), (4, 2), (4, 3), (7, 3), (8, 3)])
def test_padding_around_a_map_that_fills_the_memory(map_depth: int, pad: int, reuse: int) -> None:
    """Rows and columns before and after the map need a bit more than those of the map."""
    params, kernel = machine(1, 1, map_depth=map_depth, reuse=reuse), 2 * pad + 1
    kernels = {"kernel_rows": kernel, "kernel_columns": kernel, "pad": pad}
    layers = [Nest(rows=map_depth, **kernels), Nest(columns=map_depth, **kernels)]
    run_pysim(Window(params), bench(params, layers))


@pytest.mark.parametrize("simd", [1, 2, 4, 5])
@pytest.mark.parametrize("map_depth", [2, 3, 4, 8])
def test_group_as_large_as_the_memory(map_depth: int, simd: int) -> None:
    params, lanes = machine(1, simd, map_depth=map_depth), map_depth * simd
    layers = [Nest(group_inputs=lanes), Nest(groups=2, group_inputs=lanes // 2)]
    run_pysim(Window(params), bench(params, layers))


@pytest.mark.parametrize("reuse", [1, 2])
def test_first_step_after_latency_then_one_a_cycle(reuse: int) -> None:
    params = machine(4, 8, reuse=reuse)
    dut = Window(params)
    trace = run_pysim(dut, bench(params, CORNERS[:1]))
    cycles = trace.offered["o"]
    assert trace.gaps("o") == {dut.interval}
    assert cycles[0] == 1 + dut.latency  # after the cycle of reset
    assert trace.transfers["i"] == cycles[-1:]


@pytest.mark.parametrize("reuse", [1, 4])
@pytest.mark.parametrize("cycles", range(28, 33))
def test_reset_in_the_middle_drops_the_layer(cycles: int, reuse: int) -> None:
    params = machine(4, 8, reuse=reuse)
    first, second = CORNERS[0], CORNERS[2]
    steps = list(first.steps(params))
    trace = run_pysim(Window(params), [
        Step(inputs={"i": [first.descriptor(params)]}, outputs={"o": steps}, cycles=cycles,
             abandon=True),
        Step(reset=True, inputs={"i": [second.descriptor(params)]},
             outputs={"o": list(second.steps(params))}),
    ])  # fmt: skip
    assert 0 < trace.left[0] < len(steps)
