# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""Classes from counts to answers: the counter appends them, and the classifier names them."""

from dataclasses import replace

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from golden.bernoulli import encode
from golden.bits import pack
from golden.params import ChipParams
from golden.prototype_classifier import PrototypeClassifier as GoldenPrototypeClassifier
from golden.prototype_classifier import (
    hamming_table,
    likelihood_table,
    nearest_mean_table,
)
from golden.sampler import Sampler as GoldenSampler
from rtl.beat import beat_layout
from rtl.class_slots import Operation, command_layout
from rtl.learner import Learner
from rtl.output import source_layout
from rtl.prototype_classifier import table_layout
from rtl.sampler import Sampler
from verification.rtl.chips import make_chip
from verification.rtl.counted_classes import close_class, counter_of
from verification.rtl.engine import PAUSES, Step
from verification.rtl.simulators import payload, run_pysim

CHIP = make_chip(
    features=20,
    code_width=4,
    lanes=8,
    classes=4,
    class_components=1,
    slots=1,
    table_width=18,
    table_fold=4,
)
#: Two components compete for the exemplars of a class.
COMPETING = make_chip(
    features=20,
    code_width=4,
    lanes=8,
    classes=4,
    class_components=2,
    components=8,
    slots=1,
    slot_components=2,
    handicap_shift=1,
    table_width=18,
    table_fold=4,
)
MEMORY = CHIP.sampler.prototypes
TABLES = {
    "hamming": hamming_table,
    "nearest mean": nearest_mean_table,
    "likelihood": likelihood_table,
}


class Pair(wiring.Component):
    """A learner, and the sampler with the memory that both use."""

    def __init__(self, params: ChipParams) -> None:
        self.params = params
        self.learner, self.sampler = Learner(params), Sampler(params.sampler, shared=True)
        outer = ("exemplars", "commands", "pictures", "table", "answer", "answering", "nameless")
        self._outer = {
            **dict.fromkeys(outer, self.learner),
            **dict.fromkeys(("i", "o", "n_classes", "overflow", "unknown"), self.sampler),
        }
        super().__init__({
            name: block.signature.members[name] for name, block in self._outer.items()
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.learner, m.submodules.sampler = learner, sampler = self.learner, self.sampler
        wiring.connect(m, learner.append, sampler.append)
        wiring.connect(m, learner.rows, sampler.rows)
        for name in learner.signature.members:
            if name.startswith("reader_") and name != "reader_go":
                m.d.comb += getattr(sampler, name).eq(getattr(learner, name))
        for name in ("reader_go", "n_classes", "entry", "codes"):
            m.d.comb += getattr(learner, name).eq(getattr(sampler, name))
        for name, block in self._outer.items():
            inner, outer = getattr(block, name), getattr(self, name)
            if not self.signature.members[name].is_port:
                wiring.connect(m, wiring.flipped(outer), inner)
            elif self.signature.members[name].flow is In:
                m.d.comb += inner.eq(outer)
            else:
                m.d.comb += outer.eq(inner)
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
    """Golden twins of the blocks, and the steps that hold the hardware to them."""

    def __init__(self, method: str = "hamming", chip: ChipParams = CHIP) -> None:
        counter = counter_of(chip)
        assert counter is not None
        assert chip.classifier is not None
        self.params, self.counter = chip.classifier, counter
        self.sampler = GoldenSampler(chip.sampler)
        self.memory = self.sampler.prototypes
        self.classifier = GoldenPrototypeClassifier(self.params)
        self.classifier.load(*TABLES[method](MEMORY.code_width))
        assert chip.counter is not None
        self.commands = command_layout(chip.counter)

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
        pairs = zip(labels.tolist(), costs.tolist(), strict=True)
        answers = [
            payload(source_layout(), {"data": cost | label << 52, "label": label, "last": 1})
            for label, cost in pairs
        ]
        return answers, labels

    def drawn(self, labels: list[int]) -> list[int]:
        """Return the beats of exemplars."""
        layout = beat_layout(MEMORY.lanes, MEMORY.classes)
        return [
            payload(layout, {"bits": beat.bits, "label": beat.label, "last": int(beat.last)})
            for label in labels
            for beat in self.sampler.beats(label)
        ]


@pytest.mark.parametrize("method", TABLES)
@pytest.mark.parametrize("pauses", ["flowing", "idle_stalled"])
def test_classes_that_are_counted_are_named(method: str, pauses: str) -> None:
    """Pictures and draws go on while the next class is counted; each sees the classes there are.

    The last class takes the place of the first one.
    """
    rng, bench = np.random.default_rng(4), Bench(method)
    means = rng.random((5, MEMORY.features)).round() * 0.8 + 0.1
    steps, right = [Step(inputs={"table": bench.table()})], 0
    for label, mean in zip([0, 1, 2, 3, 0], means, strict=True):
        exemplars, before, after = (
            (rng.random((n, MEMORY.features)) < mean).astype(int) for n in (12, 6, 6)
        )
        bench.counter.open(0, label)
        bench.counter.learn(pack(exemplars), [0] * 12)
        answers, _ = bench.answered(before)
        requests = [*range(bench.memory.n_classes)] * 5
        together = {
            "exemplars": beats_of(exemplars, 1), "pictures": beats_of(before, 4), "i": requests,
        }  # fmt: skip
        steps += [
            Step(inputs={"commands": bench.command(Operation.OPEN, label)}, cycles=3),
            Step(inputs=together, outputs={"answer": answers, "o": bench.drawn(requests)}),
        ]
        assert close_class(bench.counter, bench.memory, 0)
        np.testing.assert_array_equal(
            bench.memory.codes_of(label), [encode(exemplars.mean(axis=0), MEMORY.code_width)]
        )
        reads = {"n_classes": bench.memory.n_classes, "overflow": 0}
        answers, labels = bench.answered(after)
        right += int((labels == label).sum())
        steps += [
            Step(inputs={"commands": bench.command(Operation.CLOSE)}, cycles=200, reads=reads),
            Step(inputs={"pictures": beats_of(after, 4)}, outputs={"answer": answers}),
        ]
    # All but a few pictures are named aright.
    assert right >= 25
    run_pysim(Pair(CHIP), steps, PAUSES[pauses])


@pytest.mark.parametrize("pauses", ["flowing", "idle_stalled"])
def test_classes_of_two_kinds_are_named_by_competing_components(pauses: str) -> None:
    """A class is two clusters; both are found, and pictures of either are named by them."""
    rng, bench = np.random.default_rng(6), Bench("likelihood", COMPETING)
    means = rng.random((3, 2, MEMORY.features)).round() * 0.8 + 0.1
    steps, right, differing = [Step(inputs={"table": bench.table()})], 0, []
    for label, clusters in zip([0, 1, 0], means, strict=True):
        exemplars, after = (
            (rng.random((2 * n, MEMORY.features)) < np.tile(clusters, (n, 1))).astype(int)
            for n in (10, 4)
        )
        bench.counter.open(0, label)
        bench.counter.learn(pack(exemplars), [0] * 20)
        steps += [
            Step(inputs={"commands": bench.command(Operation.OPEN, label)}, cycles=3),
            Step(inputs={"exemplars": beats_of(exemplars, 1)}),
        ]
        assert close_class(bench.counter, bench.memory, 0)
        first, second = bench.memory.codes_of(label)
        differing.append(int(((first < 8) != (second < 8)).sum()))
        answers, labels = bench.answered(after)
        right += int((labels == label).sum())
        requests = [*range(bench.memory.n_classes)] * 8
        steps += [
            Step(
                inputs={"commands": bench.command(Operation.CLOSE)},
                cycles=400,
                reads={"n_classes": bench.memory.n_classes, "overflow": 0},
            ),
            Step(
                inputs={"pictures": beats_of(after, 4), "i": requests},
                outputs={"answer": answers, "o": bench.drawn(requests)},
            ),
        ]
    assert min(differing) >= 4
    assert right >= 20
    run_pysim(Pair(COMPETING), steps, PAUSES[pauses])


def test_without_a_class_it_says_that_it_knows_no_name() -> None:
    bench, pictures = Bench(), np.zeros((2, MEMORY.features), int)
    answers, _ = bench.answered(pictures)
    run_pysim(Pair(CHIP), [
        Step(inputs={"table": bench.table()}, reads={"nameless": 0}),
        Step(
            inputs={"pictures": beats_of(pictures, 4)},
            outputs={"answer": answers},
            reads={"nameless": 1, "answering": 0},
        ),
    ])  # fmt: skip


@pytest.mark.parametrize(("slots", "width"), [(0, 18), (1, 0)])
def test_a_chip_without_a_block_is_silent_where_it_would_be(slots: int, width: int) -> None:
    chip = replace(CHIP, slots=slots, table_width=width)
    bench, dut = Bench(), Learner(chip)
    shown = beats_of(np.ones((1, MEMORY.features), int), 1 if slots else 4)
    missing = "pictures" if slots else "exemplars"
    waiting = Step(inputs={missing: shown}, cycles=50, abandon=True)
    quiet = {"closing": 0, "answering": 0, "closed": 0, "nameless": 0, "reader_ask": 0}
    trace = run_pysim(dut, [waiting, Step(reset=True, reads=quiet)])
    assert trace.left == [len(shown)]
    if slots:
        run_pysim(Learner(chip), [
            Step(inputs={"commands": bench.command(Operation.CLOSE)}, reads={"closed": 0}),
            Step(cycles=5, reads={"closed": 1}),
        ])  # fmt: skip
    else:
        run_pysim(Learner(chip), [Step(inputs={"table": bench.table()})])
