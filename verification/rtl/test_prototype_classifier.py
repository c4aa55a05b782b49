# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT

import random
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from golden.bits import pack
from golden.params import PrototypeClassifierParams, PrototypesParams
from golden.prototype_classifier import PrototypeClassifier as GoldenPrototypeClassifier
from golden.prototype_classifier import (
    Table,
    hamming_table,
    likelihood_table,
    nearest_mean_table,
)
from golden.prototypes import Prototypes as GoldenPrototypes
from rtl.beat import beat_layout
from rtl.prototype_classifier import PrototypeClassifier, answer_layout, table_layout
from rtl.prototypes import Prototypes
from verification.rtl.banks import Moving
from verification.rtl.engine import PAUSES, BenchError, Step
from verification.rtl.simulators import cocotb_simulators, payload, run_cocotb, run_pysim
from verification.rtl.test_prototypes import class_inputs

Codes = NDArray[np.integer]


def params(width: int = 12, fold: int = 1, **changes: int) -> PrototypeClassifierParams:
    sizes = {
        "features": 10, "code_width": 3, "lanes": 4, "components": 9, "classes": 5,
        "class_components": 3, **changes,
    }  # fmt: skip
    memory = PrototypesParams(**sizes)
    return PrototypeClassifierParams(prototypes=memory, table_width=width, fold=fold)


SMALL = params()
CORNERS = {
    "64_lanes": params(18, features=130, code_width=8, lanes=64),
    "one_of_all": params(
        1, features=1, code_width=1, lanes=1, components=1, classes=1, class_components=1
    ),
    "40_bits": params(40, features=5, code_width=6, lanes=3),
    "64_lanes_on_8_tables": params(18, 8, features=130, code_width=8, lanes=64),
    "one_table": params(40, 3, features=5, code_width=6, lanes=3),
}
TABLES = {"hamming": hamming_table, "mean": nearest_mean_table, "likelihood": likelihood_table}


class Reader(wiring.Component):
    """A classifier and the memory that it reads."""

    Block: Any = PrototypeClassifier
    ports = ("i", "table", "o", "empty")

    def __init__(self, params: Any) -> None:
        self.params = params
        self.classifier = self.Block(params)
        self.memory = Prototypes(params.prototypes, editable=True)
        self._outer = {
            **dict.fromkeys(self.ports, self.classifier),
            **dict.fromkeys(("append", "rows", "n_classes"), self.memory),
        }
        members = {name: block.signature.members[name] for name, block in self._outer.items()}
        super().__init__({**members, "busy": In(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.classifier = reader = self.classifier
        m.submodules.memory = memory = self.memory
        for name in ("label_en", "label", "row_en", "component", "beat"):
            m.d.comb += getattr(memory, name).eq(getattr(reader, name))
        for name in ("n_classes", "entry", "codes"):
            m.d.comb += getattr(reader, name).eq(getattr(memory, name))
        m.d.comb += [reader.go.eq(reader.ask & ~self.busy), memory.quiet.eq(1)]
        for name, block in self._outer.items():
            inner, outer = getattr(block, name), getattr(self, name)
            member = self.signature.members[name]
            if member.is_port:
                m.d.comb += outer.eq(inner) if member.flow is Out else inner.eq(outer)
            else:
                wiring.connect(m, wiring.flipped(outer), inner)
        return m


class Bench:
    """Steps of a bench, with what golden says of them.

    Whatever a block must not look at is random: bits of lanes past D, labels and end marks.
    """

    Golden: Any = GoldenPrototypeClassifier
    answers: Any = staticmethod(answer_layout)
    name = "prototype_classifier"

    def __init__(self, params: Any, seed: int = 0) -> None:
        self.params = params
        self.golden = self.Golden(params)
        self.memory = GoldenPrototypes(params.prototypes)
        self.random, self.rng = random.Random(seed), np.random.default_rng(seed)
        self._memory = Prototypes(params.prototypes, editable=True)  # for the layout of its header

    def load(self, table: Table) -> Step:
        self.golden.load(*table)
        layout = table_layout(self.params)
        rows = [
            payload(layout, {"row": row, "weight": int(weight), "base": int(base)})
            for row, (weight, base) in enumerate(zip(*table, strict=True))
        ]
        self.random.shuffle(rows)
        return Step(inputs={"table": rows})

    def remove(self, label: int) -> Step:
        """Remove a class, whose codes are kept for a look."""
        self.codes_before = self.memory.codes_of(label)
        assert self.memory.remove(label)
        header = {"count": 0, "label": label}
        append = [payload(self._memory.append.payload.shape(), header)]
        return Step(inputs={"append": append}, cycles=4)

    def append(self, codes: Codes) -> Step:
        assert self.memory.append(codes, [0] * (len(codes) - 1))
        label = self.memory.n_classes - 1
        inputs = class_inputs(self._memory, codes, [0] * (len(codes) - 1), label=label)
        return Step(inputs=inputs, reads={"n_classes": self.memory.n_classes})

    def classify(self, pictures: NDArray[np.integer]) -> Step:
        """Return the step of pictures, of shape (n, D), with their answers."""
        p = self.params.prototypes
        layout = beat_layout(p.lanes, p.classes)
        labels, costs = self.golden.classify(self.memory, pack(pictures))
        answers = [
            payload(self.answers(self.params), {"label": int(label), "cost": int(cost)})
            for label, cost in zip(labels, costs, strict=True)
        ]
        beats = []
        for picture in pictures:
            lanes = self.rng.integers(0, 2, p.beats * p.lanes)
            lanes[: p.features] = picture
            beats += [
                payload(layout, {
                    "bits": sum(int(bit) << lane for lane, bit in enumerate(row)),
                    "label": self.random.randrange(p.classes),
                    "last": self.random.randrange(2),
                })
                for row in lanes.reshape(p.beats, p.lanes)
            ]  # fmt: skip
        reads = {"empty": int(self.golden.empty)}
        meets = {f"{self.name}: {k}": n for k, n in self.met(pictures, costs).items()}
        return Step(inputs={"i": beats}, outputs={"o": answers}, reads=reads, meets=meets)

    def met(self, pictures: NDArray[np.integer], costs: NDArray[np.int64]) -> dict[str, int]:
        """Return how often pictures meet which situations."""
        p, n = self.params.prototypes, self.memory.n_classes
        there = [label for label in range(n) if label not in self.memory.removed]
        all_codes = [self.memory.codes_of(label) for label in there]
        ties = within = 0
        for picture, cost in zip(pictures.astype(np.uint8), costs, strict=True):
            won = [
                sum(self.golden.costs(c, picture[None])[0] == cost for c in codes)
                for codes in all_codes
            ]
            ties, within = ties + (np.count_nonzero(won) > 1), within + (max(won, default=0) > 1)
        return {
            "tie won by the lower class": int(ties),
            "tie within a class": int(within),
            "no class": len(pictures) * (n == 0),
            "removed class passed over": len(pictures) * (0 < len(there) < n),
            "all classes removed": len(pictures) * (n > 0 == len(there)),
            "lanes past D": len(pictures) * (p.features % p.lanes > 0),
            "several components": int(any(len(codes) > 1 for codes in all_codes)),
            **self.met_costs(costs, len(there)),
        }

    def met_costs(self, costs: NDArray[np.int64], there: int) -> dict[str, int]:
        """Return the same of what costs are made from, with so many classes there."""
        p, tables = self.params.prototypes, self.params.tables
        last = p.features % p.lanes
        return {
            "highest cost": int((costs == 2 * p.features * self.params.highest_entry).sum()),
            "tables in turn": len(costs) * (there > 0 and self.params.fold > 1),
            "turn past D": len(costs) * (0 < last <= p.lanes - tables),
        }

    def random_table(self) -> Table:
        size, most = self.params.table_rows, self.params.highest_entry
        return self.rng.integers(0, most + 1, size), self.rng.integers(0, most + 1, size)

    def codes(self, components: int) -> Codes:
        p = self.params.prototypes
        return self.rng.integers(0, 2**p.code_width, (components, p.features))

    def pictures(self, count: int) -> NDArray[np.integer]:
        return self.rng.integers(0, 2, (count, self.params.prototypes.features))

    def grown(self, most: int = 4) -> list[Step]:
        """Return steps in which classes come one by one, with pictures between them."""
        p, steps = self.params.prototypes, [self.classify(self.pictures(2))]
        while self.memory.n_classes < p.classes and self.memory.n_components < p.components:
            room = min(most, p.class_components, p.components - self.memory.n_components)
            steps.append(self.append(self.codes(self.random.randint(1, room))))
            steps.append(self.classify(self.pictures(3)))
        return steps


@st.composite
def readers(draw: st.DrawFn) -> PrototypeClassifierParams:
    lanes = draw(st.integers(1, 9))
    return params(
        draw(st.integers(1, 20)),
        draw(st.sampled_from([fold for fold in range(1, lanes + 1) if lanes % fold == 0])),
        features=draw(st.integers(1, 3 * lanes)),
        lanes=lanes,
        code_width=draw(st.integers(1, 7)),
        components=draw(st.integers(1, 8)),
        classes=draw(st.integers(1, 5)),
        class_components=draw(st.integers(1, 4)),
    )


@settings(max_examples=15)
@given(readers(), st.integers(0, 2**32), st.sampled_from(sorted(PAUSES)))
def test_answers_equal_golden(drawn, seed, pauses) -> None:
    bench = Bench(drawn, seed)
    steps = [bench.load(bench.random_table()), *bench.grown()]
    run_pysim(Reader(drawn), steps, PAUSES[pauses])


@pytest.mark.parametrize("method", TABLES)
@pytest.mark.parametrize("pauses", PAUSES)
def test_methods_are_tables(method, pauses) -> None:
    bench = Bench(SMALL)
    steps = [bench.load(TABLES[method](3)), *bench.grown()]
    # A tie of two classes, and one within a class.
    again, twice = Bench(SMALL, 3), bench.codes(1)
    steps += [Step(reset=True), again.load(TABLES[method](3)), again.append(twice)]
    steps += [again.append(np.concatenate([twice, twice])), again.classify(again.pictures(4))]
    run_pysim(Reader(SMALL), steps, PAUSES[pauses])


@pytest.mark.parametrize("pauses", ["flowing", "idle_stalled"])
@pytest.mark.parametrize(("features", "fold"), [(3, 1), (3, 4), (10, 1), (10, 2)])
def test_classes_that_were_removed_are_passed_over(features: int, fold: int, pauses: str) -> None:
    """All sets of removed classes of three, the last and all of them included."""
    drawn = params(fold=fold, features=features, classes=3)
    steps: list[Step] = []
    for gone in range(8):
        bench = Bench(drawn, gone)
        steps += [Step(reset=gone > 0), bench.load(nearest_mean_table(3))]
        steps += [bench.append(bench.codes(1 + label)) for label in range(3)]
        steps += [bench.remove(label) for label in range(3) if gone >> label & 1]
        steps.append(bench.classify(bench.pictures(3)))
    run_pysim(Reader(drawn), steps, PAUSES[pauses])


@pytest.mark.parametrize("wait", [1, 5, 20])
def test_it_reads_when_it_may(wait: int) -> None:
    bench = Bench(SMALL)
    steps = [bench.load(bench.random_table()), bench.append(bench.codes(2))]
    asked = bench.classify(bench.pictures(1))
    held = Step(pins={"busy": 1}, inputs=asked.inputs, cycles=40, reads={"o__valid": 0})
    freed = Step(pins={"busy": 0}, outputs=asked.outputs, reads={"empty": 0})
    trace = run_pysim(Reader(SMALL), [*steps, held, Step(cycles=wait), freed])
    assert trace.offered["o"][0] > trace.transfers["i"][-1] + 40 + wait


@pytest.mark.parametrize("simulator", cocotb_simulators())
@pytest.mark.parametrize("drawn", CORNERS.values(), ids=CORNERS)
def test_corners_in_verilog(drawn, simulator) -> None:
    bench = Bench(drawn)
    steps = [bench.load(bench.random_table()), *bench.grown()]
    steps += [bench.load(bench.random_table()), bench.classify(bench.pictures(9))]
    run_cocotb(Reader(drawn), steps, PAUSES["idle_stalled"], simulator=simulator)


@pytest.mark.parametrize("features", [1, 3, 8])
def test_the_highest_cost_is_less_than_none(features) -> None:
    drawn = params(5, features=features, code_width=2)
    bench = Bench(drawn)
    ones = np.full(2, 31)
    codes = np.full((1, features), 3)
    steps = [bench.load((ones, ones)), bench.append(codes)]
    steps.append(bench.classify(np.zeros((1, features), int)))
    assert bench.golden.empty is False
    run_pysim(Reader(drawn), steps)


@pytest.mark.parametrize("name", ["64_lanes", "one_of_all", "64_lanes_on_8_tables", "one_table"])
def test_a_picture_takes_as_long_as_it_says(name) -> None:
    drawn = CORNERS[name]
    bench, dut, p = Bench(drawn), Reader(drawn), drawn.prototypes
    steps = [bench.load(bench.random_table())]
    while bench.memory.n_components < p.components - 1 or not bench.memory.n_classes:
        steps.append(bench.append(bench.codes(min(2, p.class_components))))
    trace = run_pysim(dut, [*steps, bench.classify(bench.pictures(3))])
    scan = bench.memory.n_components * p.beats * drawn.fold
    last = trace.transfers["i"][p.beats - 1 :: p.beats]
    for taken, offered in zip(last, trace.offered["o"], strict=True):
        assert offered - taken == dut.classifier.latency + scan
    assert {b - a for a, b in zip(last, last[1:], strict=False)} == (
        {dut.classifier.interval + scan}
    )


def test_a_picture_without_a_class_is_answered_at_once() -> None:
    bench = Bench(SMALL)
    trace = run_pysim(Reader(SMALL), [bench.classify(bench.pictures(1))])
    assert trace.offered["o"][0] == trace.transfers["i"][-1] + 1


@pytest.mark.parametrize("fold", [1, 4])
@pytest.mark.parametrize("cycles", [1, 2, 3, 4, 5, 8, 12, 15, 20, 25])
def test_reset_in_the_middle_drops_the_picture_and_leaves_the_table(cycles, fold) -> None:
    drawn = params(fold=fold)
    bench, table = Bench(drawn), Bench(drawn).random_table()
    begun = [bench.classify(bench.pictures(1)), bench.load(table)]
    begun += [bench.append(bench.codes(3)) for _ in range(3)]
    broken = bench.classify(bench.pictures(1))
    cut = Step(broken.inputs, broken.outputs, cycles=cycles, abandon=True)
    fresh = Bench(drawn, cycles)
    fresh.load(table)
    after = [Step(reset=True, reads={"n_classes": 0, "empty": 0}), *fresh.grown()]
    trace = run_pysim(Reader(drawn), [*begun, cut, *after])
    assert trace.left[0] > 0


def test_a_bench_with_a_wrong_cost_fails() -> None:
    bench = Bench(SMALL)
    steps = [bench.load(hamming_table(3)), bench.append(bench.codes(1))]
    right = bench.classify(bench.pictures(1))
    wrong = {"o": [right.outputs["o"][0] ^ 8]}
    with pytest.raises(BenchError, match=r"o\[0\]: .* came, and .* was expected"):
        run_pysim(Reader(SMALL), [*steps, Step(right.inputs, wrong)])


@pytest.mark.parametrize("fold", [1, 2])
def test_nothing_moves_while_another_block_reads_the_prototypes(fold: int) -> None:
    """Codes of rows that others read go by: no register follows them."""
    block, rng = PrototypeClassifier(params(fold=fold)), random.Random(fold)
    width = len(block.codes.as_value())
    # What goes beside the numbers settles first, stage after stage.
    settled = {"moves_top": block.latency - 2}
    run_pysim(Moving(block), [
        Step(pins={"codes": 0}, cycles=2 * block.latency, reads=settled),
        *(Step(pins={"codes": rng.getrandbits(width)}, cycles=2) for _ in range(20)),
        Step(reads=settled),
    ])  # fmt: skip
