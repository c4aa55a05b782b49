# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""Exemplars that the core draws, for packets and for its head: each goes to the one that asked."""

import numpy as np
import pytest
from numpy.typing import NDArray

from golden.bits import pack
from golden.latent_buffer import LatentBuffer
from golden.network import Network
from golden.params import NetworkParams
from golden.sampler import Beat, Sampler
from golden.trainer import Trainer
from rtl.core import Core
from rtl.head_command import HeadOperation
from rtl.headers import Target, unit_layout
from rtl.output import source_layout
from rtl.packets import seeds_packet
from rtl.program import compile_network
from rtl.requests import Source
from verification.rtl.chips import make_chip
from verification.rtl.engine import PAUSES, Step
from verification.rtl.head_script import answers_of, codes_of
from verification.rtl.simulators import cocotb_simulators, payload, run_cocotb, run_pysim, shared
from verification.rtl.test_core import NETWORK

CHIP = make_chip(
    seed=5,
    slots=1,
    exemplars=3,
    head={"backward_width": 8, "rounding": "stochastic", "rate": 6},
    batch=8,
)
LANES, BEATS = CHIP.latent.lanes, CHIP.latent.beats
FEATURES = CHIP.latent.features
UNIT = unit_layout(CHIP)
HIDDEN = make_chip(
    head={"hidden": 5, "binary_width": 1, "backward_width": 8, "rate": 6}, batch=4
)  # fmt: skip

Exemplars = NDArray[np.uint64]


def units(target: Target, data: list[int], **fields: int) -> list[int]:
    """Return the units of a packet."""
    last = len(data) - 1
    return [
        payload(UNIT, {
            "target": target, "data": word, "first": int(i == 0), "last": int(i == last), **fields,
        })
        for i, word in enumerate(data)
    ]  # fmt: skip


def beats_of(row: NDArray[np.uint64]) -> list[int]:
    return [int(row[0]) >> LANES * beat & 2**LANES - 1 for beat in range(BEATS)]


class Bench:
    """Steps of a core with a head, and what the golden models answer."""

    def __init__(self, seed: int = 0) -> None:
        assert CHIP.head is not None
        self.rng = np.random.default_rng(seed)
        self.sampler, self.latent = Sampler(CHIP.sampler), LatentBuffer(CHIP.latent)
        self.trainer = Trainer(CHIP.head, np.zeros((0, FEATURES), np.int32))
        self.network = Network.random(NetworkParams.from_description(NETWORK), self.rng)
        self.hits = self.batches = 0

    def load(self) -> Step:
        words = compile_network(self.network, CHIP.accelerator).words(CHIP.accelerator)
        offered = [
            unit
            for w in words
            for unit in units(Target(w.target.value), [w.data], address=w.address, index=w.lane)
        ]
        return Step(inputs={"units": offered}, pins={"classes_seen": 1, "output_class": 0})

    def append(self) -> list[int]:
        """Return the units of a random class."""
        memory = self.sampler.prototypes
        first = memory.n_classes * BEATS  # all have one component
        assert memory.append(self.rng.integers(0, 16, (1, FEATURES)))
        rows = memory.rows()[first : first + BEATS]
        return [*units(Target.APPEND, [0], index=1), *units(Target.ROWS, rows)]

    def learn(self, label: int) -> list[int]:
        """Return the units of a random exemplar for the latent buffer."""
        row = self.exemplars(1)
        self.latent.learn(row, [label])
        return units(Target.LEARN, beats_of(row[0]), index=label)

    def exemplars(self, count: int) -> Exemplars:
        return pack(self.rng.integers(0, 2, (count, FEATURES), np.uint8))

    def command(
        self, operation: HeadOperation, given: int = 0, classes: int = 0, draws: int = 0
    ) -> list[int]:
        address = classes | draws << 12
        return units(Target.HEAD_COMMAND, [operation.value], index=given, address=address)

    def batch(
        self, given: int, draws: int, source: Source, label: int = 0, *, shown: bool = False
    ) -> list[int]:
        """Return the units of a batch; its last given exemplar may be that of a picture."""
        rows, labels = self.exemplars(given), self.rng.integers(0, 5, given).tolist()
        offered = self.command(HeadOperation.LEARN, given, 5, draws)
        image = self.rng.integers(0, 128, (2, 2, 3))
        if shown:
            rows[-1] = pack(self.network.forward(image))
        for number, (row, name) in enumerate(zip(rows, labels, strict=True)):
            if shown and number == given - 1:
                pixels = image.ravel().tolist()
                offered += units(Target.PIXELS, pixels, index=name, address=4)
            else:
                offered += units(Target.HEAD_EXEMPLAR, beats_of(row), index=name)
        past, named = self.past(draws, source, label)
        exemplars, classes = np.concatenate([rows, past]), np.array(labels + named, np.int64)
        self.hits += self.trainer.step(exemplars, classes, np.arange(5))
        self.batches += 1
        return offered

    def past(self, count: int, source: Source, label: int) -> tuple[Exemplars, list[int]]:
        named = [label] * count
        if source == Source.SELECTOR:
            named = self.sampler.selector.request(self.sampler.prototypes.n_classes, count).tolist()
        drawn = self.latent if source == Source.LATENT else self.sampler
        rows = [self._row(list(drawn.beats(name))) for name in named]
        return np.array(rows, np.uint64).reshape(count, 1), named

    def drawn(self, count: int, label: int) -> list[int]:
        """Return the packets of exemplars that a start draws."""
        beats = [beat for _ in range(count) for beat in self.sampler.beats(label)]
        return [
            payload(source_layout(), {"data": b.bits, "label": b.label, "last": int(b.last)})
            for b in beats
        ]

    def read(self) -> Step:
        """Return the step that reads all weights."""
        codes = codes_of(self.trainer.weights, LANES, 8)
        sent = [
            payload(source_layout(), {"data": word, "last": int(n == len(codes) - 1)})
            for n, word in enumerate(codes)
        ]
        command = self.command(HeadOperation.READ, 0, 5)
        return Step(inputs={"units": command}, outputs={"head_rows": sent})

    def ended(self, cycles: int = 1500) -> Step:
        """Return the step in which the head ends."""
        reads = {"status_training": 0, "hits": self.hits, "batches": self.batches}
        return Step(cycles=cycles, reads=reads)

    def _row(self, beats: list[Beat]) -> int:
        return sum(beat.bits << LANES * i for i, beat in enumerate(beats))


def source(where: Source, label: int = 0) -> dict[str, int]:
    return {"draw_source_source": where, "draw_source_label": label}


# Thousands of cycles are those of a model in Verilog; the tests of single moments are Amaranth's.
@pytest.mark.parametrize("simulator", cocotb_simulators())
@pytest.mark.parametrize("shown", [False, True])
@pytest.mark.parametrize("pauses", ["flowing", "idle_stalled"])
def test_a_batch_has_its_past_from_where_it_was_told(
    pauses: str, shown: bool, simulator: str
) -> None:
    bench = Bench(1)
    steps = [bench.load()]
    offered = bench.append() + bench.append() + [u for _ in range(5) for u in bench.learn(3)]
    steps.append(Step(inputs={"units": offered}))
    for where, label in ((Source.SELECTOR, 0), (Source.SAMPLER, 1), (Source.LATENT, 3)):
        for given, draws in ((2, 3), (1, 0), (0 if not shown else 1, 4)):
            units_ = bench.batch(given, draws, where, label, shown=shown)
            steps += [
                Step(inputs={"units": units_}, pins=source(where, label)),
                bench.ended(),
            ]
        steps.append(bench.read())
    steps.append(Step(reads={"errors_command": 0, "errors_draw": 0, "trained": 3 * (10 + shown)}))
    run_cocotb(shared(Core, CHIP), steps, PAUSES[pauses], simulator=simulator)


@pytest.mark.parametrize("simulator", cocotb_simulators())
@pytest.mark.parametrize("shown", [False, True])
def test_what_comes_behind_a_batch_changes_nothing_of_it(shown: bool, simulator: str) -> None:
    """Classes, seeds and exemplars for the latent buffer follow without a pause."""
    bench = Bench(2)
    offered = bench.append() + [u for _ in range(3) for u in bench.learn(0)]
    steps = [bench.load(), Step(inputs={"units": offered})]
    for seed, where in enumerate((Source.SELECTOR, Source.LATENT, Source.SELECTOR), 40):
        offered = bench.batch(1, 5, where, shown=shown) + bench.append() + bench.learn(0)
        words = seeds_packet(seed).words
        for number, word in enumerate(words):
            offered += units(Target.SEEDS, [word], address=number)
        for block in (bench.sampler, bench.latent, bench.trainer):
            block.reseed(seed)
        offered += bench.batch(2, 2, where) + bench.learn(0)
        steps += [Step(inputs={"units": offered}, pins=source(where)), bench.ended(4000)]
    steps += [bench.read(), Step(reads={"errors_command": 0, "n_classes": 4})]
    run_cocotb(shared(Core, CHIP), steps, PAUSES["idle"], simulator=simulator)


@pytest.mark.parametrize("wait", [0, 1, 3])
def test_a_start_before_a_batch_is_served_before_it(wait: int) -> None:
    bench = Bench(3)
    appended = Step(inputs={"units": bench.append() + bench.append()})
    sent = bench.drawn(9, 1)
    batch = bench.batch(1, 5, Source.SAMPLER, 1)
    trace = run_pysim(
        Core(CHIP),
        [
            Step(cycles=30),
            appended,
            Step(cycles=5),
            Step(pins={**source(Source.SAMPLER, 1), "draw_count": 9, "control_draw": 1}, cycles=1),
            Step(pins={"control_draw": 0}, cycles=wait),
            Step(inputs={"units": batch}, outputs={"exemplar": sent}),
            bench.ended(500),
            bench.read(),
            Step(reads={"exemplars": 9, "trained": 6, "errors_draw": 0}),
        ],
        PAUSES["stalled"],
        ("irq_pending_drawn", "irq_pending_batch"),
    )
    # Requests of the head are no draw that somebody started.
    assert trace.counts == {"irq_pending_drawn": 1, "irq_pending_batch": 1}


def test_a_start_while_the_head_draws_is_ignored() -> None:
    """At all moments: it is refused, or all of its exemplars leave, before those of the head."""
    met = set()
    for wait in range(0, 60, 7):
        bench = Bench(4)
        appended = Step(inputs={"units": bench.append()})
        batch = bench.batch(0, 8, Source.SAMPLER)
        trace = run_pysim(Core(CHIP), [
            Step(cycles=30),
            appended,
            Step(cycles=5),
            Step(inputs={"units": batch}, pins={**source(Source.SAMPLER), "draw_count": 3}),
            Step(cycles=wait),
            Step(pins={"control_draw": 1}, cycles=1),
            Step(pins={"control_draw": 0}),
            bench.ended(900),
            bench.read(),
            Step(reads={"exemplars": 0, "trained": 8}),
        ], counted=("errors_draw",))  # fmt: skip
        met.add(trace.counts["errors_draw"])
    assert met == {1}


def test_a_command_without_anything_to_draw_from_is_refused() -> None:
    bench = Bench(5)
    for where, label in (
        (Source.SAMPLER, 1), (Source.SELECTOR, 0), (Source.LATENT, 5), (Source.NONE, 0),
    ):  # fmt: skip
        first = bench.append() if where == Source.SAMPLER else []
        bench = Bench(5) if where == Source.SAMPLER else bench
        run_pysim(Core(CHIP), [
            Step(cycles=30),
            Step(inputs={"units": first}),
            Step(cycles=5),
            Step(
                inputs={"units": bench.command(HeadOperation.LEARN, 0, 5, 2)},
                pins=source(where, label),
            ),
            Step(cycles=20, reads={"errors_command": 1, "status_training": 0}),
        ])  # fmt: skip


@pytest.mark.parametrize("cycles", [3, 20, 45, 80, 150])
def test_reset_forgets_what_was_drawn_for_the_head(cycles: int) -> None:
    bench = Bench(6)
    first = bench.append() + bench.batch(1, 7, Source.SELECTOR)
    again = Bench(7)
    run_pysim(Core(CHIP), [
        Step(cycles=30),
        Step(inputs={"units": first}, pins=source(Source.SELECTOR)),
        Step(cycles=cycles),
        Step(reset=True, reads={"status_training": 0, "draw_left": 0, "trained": 0}),
        Step(cycles=30),
        Step(inputs={"units": again.append() + again.batch(2, 4, Source.SELECTOR)}),
        again.ended(500),
        again.read(),
        Step(reads={"exemplars": 0, "trained": 6}),
    ])  # fmt: skip


@pytest.mark.parametrize("pauses", ["flowing", "idle"])
def test_a_neuron_goes_to_the_hidden_layer_and_an_exemplar_to_the_classifier(pauses: str) -> None:
    """Neurons in any order, and once more between two commands."""
    rng, head = np.random.default_rng(9), HIDDEN.head
    assert head is not None

    def offered(target: Target, data: list[int], address: int = 0, index: int = 0) -> list[int]:
        fields = {"target": target, "index": index}
        return [
            payload(unit_layout(HIDDEN), {
                **fields, "data": word, "first": int(i == 0), "last": int(i == len(data) - 1),
                "address": address + i * (target is not Target.HEAD_COMMAND),
            })
            for i, word in enumerate(data)
        ]  # fmt: skip

    def given(rows: Exemplars, labels: list[int]) -> list[int]:
        pairs = zip(rows, labels, strict=True)
        named = [(beats_of(row), label) for row, label in pairs]
        return [
            unit for beats, label in named
            for unit in offered(Target.HEAD_EXEMPLAR, beats, index=label)
        ]  # fmt: skip

    def told(operation: HeadOperation, count: int) -> list[int]:
        return offered(Target.HEAD_COMMAND, [operation.value], 5, count)

    steps = [Step(cycles=60)]
    trainer = Trainer(head, rng.integers(-1, 1, (5, FEATURES), np.int32))
    for number in range(2):
        trainer.latent = rng.integers(-1, 1, (5, FEATURES), np.int32)
        signs = pack(trainer.latent >= 0)
        for neuron in rng.permutation(5).tolist():
            address = 1 << 23 | neuron * BEATS
            written = offered(Target.HIDDEN_ROWS, beats_of(signs[neuron]), address, neuron)
            steps.append(Step(inputs={"units": written}))
        rows, labels = pack(rng.integers(0, 2, (4, FEATURES), np.uint8)), [4, 0, 2, 0]
        trainer.step(rows, np.array(labels), np.arange(5))
        learned = told(HeadOperation.LEARN, 4) + given(rows, labels)
        asked = pack(rng.integers(0, 2, (3, FEATURES), np.uint8))
        sums = trainer.sums(asked)
        answers = answers_of(sums)
        named = told(HeadOperation.CLASSIFY, 3) + given(asked, [0, 0, 0])
        steps.append(Step(inputs={"units": learned + named}, outputs={"head_answer": answers}))
        steps.append(Step(cycles=60, reads={"trained": 7 * (number + 1), "errors_command": 0}))
    run_pysim(Core(HIDDEN), steps, PAUSES[pauses])
