# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""Classes from counts to answers: the counter appends them, and the classifier names them."""

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring

from golden.bernoulli import encode
from golden.bits import pack
from golden.class_counter import ClassCounter as GoldenClassCounter
from golden.params import ClassCounterParams, PrototypeClassifierParams, PrototypesParams
from golden.prototype_classifier import PrototypeClassifier as GoldenPrototypeClassifier
from golden.prototype_classifier import (
    hamming_table,
    likelihood_table,
    nearest_mean_table,
)
from golden.prototypes import Prototypes as GoldenPrototypes
from rtl.beat import beat_layout
from rtl.class_counter import ClassCounter, Operation, command_layout
from rtl.prototype_classifier import PrototypeClassifier, answer_layout, table_layout
from rtl.prototypes import Prototypes
from verification.rtl.engine import PAUSES, Step
from verification.rtl.simulators import payload, run_pysim

MEMORY = PrototypesParams(features=20, code_width=4, lanes=8, components=4, classes=4)
TABLES = {
    "hamming": hamming_table,
    "nearest mean": nearest_mean_table,
    "likelihood": likelihood_table,
}


class Learner(wiring.Component):
    """A class counter, the memory to which it appends, and the classifier that reads it."""

    def __init__(self) -> None:
        self.params = MEMORY
        self.counter = ClassCounter(ClassCounterParams(prototypes=MEMORY))
        self.memory = Prototypes(MEMORY, editable=True)
        self.classifier = PrototypeClassifier(PrototypeClassifierParams(prototypes=MEMORY))
        self._outer = {
            "exemplars": (self.counter, "i"),
            "commands": (self.counter, "commands"),
            "pictures": (self.classifier, "i"),
            "table": (self.classifier, "table"),
            "answers": (self.classifier, "o"),
            "n_classes": (self.memory, "n_classes"),
            "overflow": (self.memory, "overflow"),
        }
        super().__init__({
            name: block.signature.members[port] for name, (block, port) in self._outer.items()
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        counter, memory, reader = self.counter, self.memory, self.classifier
        m.submodules.counter, m.submodules.memory = counter, memory
        m.submodules.classifier = reader
        wiring.connect(m, counter.append, memory.append)
        wiring.connect(m, counter.rows, memory.rows)
        for name in ("label_en", "label", "row_en", "component", "beat"):
            m.d.comb += getattr(memory, name).eq(getattr(reader, name))
        for name in ("n_classes", "entry", "codes"):
            m.d.comb += getattr(reader, name).eq(getattr(memory, name))
        m.d.comb += [reader.go.eq(reader.ask & ~memory.editing), memory.quiet.eq(~reader.ask)]
        for name, (block, port) in self._outer.items():
            inner, outer = getattr(block, port), getattr(self, name)
            if self.signature.members[name].is_port:
                m.d.comb += outer.eq(inner)
            else:
                wiring.connect(m, wiring.flipped(outer), inner)
        return m


def beats_of(vectors: np.ndarray, classes: int) -> list[int]:
    """Return the beats of vectors of shape (n, D)."""
    lanes = np.zeros((len(vectors), MEMORY.beats * MEMORY.lanes), int)
    lanes[:, : MEMORY.features] = vectors
    layout = beat_layout(MEMORY.lanes, classes)
    return [
        payload(layout, {"bits": sum(int(bit) << n for n, bit in enumerate(row))})
        for row in lanes.reshape(-1, MEMORY.lanes)
    ]


class Bench:
    """Golden twins of the three blocks, and the steps that hold the hardware to them."""

    def __init__(self, dut: Learner, method: str) -> None:
        self.params = dut.classifier.params
        self.counter = GoldenClassCounter(dut.counter.params)
        self.memory = GoldenPrototypes(MEMORY)
        self.classifier = GoldenPrototypeClassifier(self.params)
        self.classifier.load(*TABLES[method](MEMORY.code_width))
        self.commands = command_layout(dut.counter.params)

    def table(self) -> list[int]:
        rows = zip(self.classifier.weights, self.classifier.bases, strict=True)
        return [
            payload(table_layout(self.params), {"row": i, "weight": int(w), "base": int(b)})
            for i, (w, b) in enumerate(rows)
        ]

    def command(self, what: Operation, label: int = 0) -> list[int]:
        return [payload(self.commands, {"operation": what, "slot": 0, "label": label})]

    def answered(self, pictures: np.ndarray) -> tuple[list[int], np.ndarray]:
        """Return the answers to pictures, and the classes in them."""
        labels, costs = self.classifier.classify(self.memory, pack(pictures))
        pairs = zip(labels, costs, strict=True)
        layout = answer_layout(self.params)
        answers = [payload(layout, {"label": int(a), "cost": int(b)}) for a, b in pairs]
        return answers, labels


@pytest.mark.parametrize("method", TABLES)
@pytest.mark.parametrize("pauses", ["flowing", "idle_stalled"])
def test_classes_that_are_counted_are_named(method: str, pauses: str) -> None:
    """Pictures go on while the next class is counted; each sees the classes that are there.

    The last class takes the place of the first one.
    """
    rng, dut = np.random.default_rng(4), Learner()
    bench = Bench(dut, method)
    means = rng.random((5, MEMORY.features)).round() * 0.8 + 0.1
    steps, right = [Step(inputs={"table": bench.table()})], 0
    for label, mean in zip([0, 1, 2, 3, 0], means, strict=True):
        exemplars, before, after = (
            (rng.random((n, MEMORY.features)) < mean).astype(int) for n in (12, 6, 6)
        )
        bench.counter.open(0, label)
        bench.counter.learn(pack(exemplars), [0] * 12)
        answers, _ = bench.answered(before)
        both = {"exemplars": beats_of(exemplars, 1), "pictures": beats_of(before, 4)}
        steps += [
            Step(inputs={"commands": bench.command(Operation.OPEN, label)}, cycles=3),
            Step(inputs=both, outputs={"answers": answers}),
        ]
        codes = bench.counter.close(0)
        np.testing.assert_array_equal(codes, encode(exemplars.mean(axis=0), MEMORY.code_width))
        assert bench.memory.write(label, [codes])
        reads = {"n_classes": bench.memory.n_classes, "overflow": 0}
        answers, labels = bench.answered(after)
        right += int((labels == label).sum())
        steps += [
            Step(inputs={"commands": bench.command(Operation.CLOSE)}, cycles=200, reads=reads),
            Step(inputs={"pictures": beats_of(after, 4)}, outputs={"answers": answers}),
        ]
    # All but a few pictures are named aright.
    assert right >= 25
    run_pysim(dut, steps, PAUSES[pauses])
