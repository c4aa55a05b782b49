# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""The head behind its commands: batches of given and drawn exemplars equal the golden trainer's."""

import numpy as np
import pytest
from numpy.typing import NDArray

from golden.bits import pack
from golden.params import ChipParams
from golden.trainer import Trainer
from rtl.beat import beat_layout
from rtl.head_command import HeadOperation, head_command_layout
from rtl.head_trainer import HeadTrainer
from rtl.hidden_layer import hidden_row_layout
from rtl.output import source_layout
from rtl.packets import words_of
from rtl.trainer import row_layout
from verification.rtl.chips import make_chip
from verification.rtl.engine import PAUSES, Step
from verification.rtl.head_script import answers_of, codes_of
from verification.rtl.seeds import seeds_of
from verification.rtl.simulators import cocotb_simulators, payload, run_cocotb, run_pysim, shared

Bits = NDArray[np.integer]

CHIPS = {
    "8 bits": make_chip(
        features=10, lanes=4, head={"backward_width": 8, "rounding": "stochastic", "rate": 7},
        batch=6,
    ),
    "16 bits": make_chip(features=16, lanes=8, head={"backward_width": 16, "rate": 9}, batch=9),
    "one": make_chip(
        features=1, lanes=1, classes=1, head={"backward_width": 32, "rounding": "stochastic"},
        batch=1,
    ),
    "hidden": make_chip(
        features=10, lanes=4,
        head={"hidden": 7, "binary_width": 1, "backward_width": 8, "rounding": "stochastic",
              "rate": 6},
        batch=6,
    ),
    # Rows of the layer take two words, and those of the classifier one, of which there are fewer.
    "trained": make_chip(
        features=10, lanes=8, classes=2,
        head={"hidden": 9, "binary_width": 16, "backward_width": 8, "rounding": "stochastic",
              "rate": 6, "binary_rate": 2, "window": 6},
        batch=4,
    ),
    "trained, one lane": make_chip(
        features=2, lanes=1, simd=1, classes=2,
        head={"hidden": 3, "binary_width": 4, "backward_width": 16, "rate": 8, "binary_rate": 3},
        batch=2,
    ),
}  # fmt: skip
SMALL, HIDDEN, TRAINED = CHIPS["8 bits"], CHIPS["hidden"], CHIPS["trained"]
QUIET = {"draws_ended": 1, "drawable": 1}


class Bench:
    """Steps of a bench, with what golden says of them."""

    def __init__(self, chip: ChipParams, seed: int = 0) -> None:
        assert chip.head is not None
        self.chip, self.params = chip, chip.head
        self.rng = np.random.default_rng(seed)
        half = 2 ** (chip.latent_width or 1) // 2
        shape = self.params.hidden, self.params.features
        self.hidden = self.rng.integers(-half, half, shape, np.int32)
        self.restart()
        self.width = int(self.params.backward_width)

    def restart(self) -> None:
        """Forget what was learned; the hidden layer stays."""
        self.golden = Trainer(self.params, self.hidden)

    @property
    def taken(self) -> int:
        """Beats of an exemplar, as it comes."""
        return self.params.without_hidden.beats

    def command(
        self, operation: HeadOperation, given: int = 0, classes: int = 0, draws: int = 0
    ) -> int:
        fields = {"operation": operation, "given": given, "classes": classes, "draws": draws}
        return payload(head_command_layout(), fields)

    def exemplars(self, count: int, classes: int) -> tuple[Bits, Bits]:
        bits = self.rng.integers(0, 2, (count, self.params.features))
        return bits, self.rng.integers(0, classes, count)

    def beats(self, exemplars: Bits, labels: Bits) -> list[int]:
        p, count = self.params, self.taken
        lanes = np.zeros((len(exemplars), count * p.lanes), int)
        lanes[:, : p.features] = exemplars
        return [
            payload(beat_layout(p.lanes, p.classes), {
                "bits": sum(int(bit) << lane for lane, bit in enumerate(row)),
                "label": int(label), "last": int(number == count - 1),
            })
            for label, beats in zip(labels, lanes.reshape(-1, count, p.lanes), strict=True)
            for number, row in enumerate(beats)
        ]  # fmt: skip

    def step(self, operation: HeadOperation, given: int, draws: int, classes: int) -> list[Step]:
        """Return the steps of a command: what is given, and then what is drawn."""
        bits, labels = self.exemplars(given + draws, classes)
        pins = {"draws_ended": int(draws == 0), "drawable": 1}
        command = self.command(operation, given, classes, draws)
        exemplars = {"exemplars": self.beats(bits[:given], labels[:given])}
        answers = []
        if operation == HeadOperation.LEARN:
            self.golden.step(pack(bits.astype(np.uint8)), labels, np.arange(classes))
        else:
            sums = self.golden.sums(pack(bits.astype(np.uint8)))[:, :classes]
            answers = answers_of(sums)
        steps = [
            Step(inputs={"commands": [command]}, pins=pins),
            Step(inputs=exemplars, outputs={"answers": answers[:given]}),
        ]
        if draws:
            # The source draws after the start, and rests when the last exemplar has come.
            steps += [
                Step(cycles=9, reads={"drawing": 1, "taking": 0, "draws": draws}),
                Step(pins={"draws_ended": 1}, cycles=1),
                Step(
                    inputs={"drawn": self.beats(bits[given:], labels[given:])},
                    outputs={"answers": answers[given:]},
                    pins={"draws_ended": 0},
                ),
            ]
        return [*steps, Step(pins={"draws_ended": 1}, cycles=400, reads={"training": 0})]

    def read(self, classes: int) -> Step:
        """Return the step that reads the rows of classes."""
        weights = self.golden.weights[:classes]
        return self._sent(self.command(HeadOperation.READ, 0, classes), weights, self.width)

    def read_hidden(self, neurons: int) -> Step:
        """Return the step that reads the rows of neurons of a layer that learns."""
        command = self.command(HeadOperation.READ_HIDDEN, 0, neurons)
        return self._sent(command, self.golden.latent[:neurons], self.chip.latent_width)

    def _sent(self, command: int, weights: Bits, width: int) -> Step:
        words = words_of(codes_of(weights, self.params.lanes, width), self.params.lanes * width)
        sent = [
            payload(source_layout(), {"data": word, "last": int(n == len(words) - 1)})
            for n, word in enumerate(words)
        ]
        return Step(inputs={"commands": [command]}, outputs={"rows": sent})

    def write(self) -> Step:
        """Return the step that writes weights over all rows, and those of the hidden layer."""
        highest, p = 2 ** (self.width - 1), self.params
        weights = self.rng.integers(-highest, highest, (p.classes, p.concat))
        self.golden.weights[:] = weights
        rows = [
            payload(row_layout(p), {"row": row, "weights": code})
            for row, code in enumerate(codes_of(weights, p.lanes, self.width))
        ]
        latent = self.chip.latent_width
        latents = self.golden.latent if latent else self.hidden >= 0
        layer = [
            payload(hidden_row_layout(p), {"row": row, "bits": bits})
            for row, bits in enumerate(codes_of(latents, p.lanes, latent or 1))
        ]
        return Step(inputs={"writes": rows} | ({"hidden_writes": layer} if layer else {}))


LAST = {"stranger": 0, "refused": 0}


def life(bench: Bench) -> list[Step]:
    """Return steps of batches with and without a past, answers, rows and a clear."""
    classes, batch = bench.params.classes, bench.chip.batch
    steps = [bench.read(classes), bench.write(), bench.read(classes)]
    for given in range(batch + 1):
        few = 1 + given % classes
        for operation in (HeadOperation.LEARN, HeadOperation.CLASSIFY):
            steps += bench.step(operation, given, batch - given, few)
        steps.append(bench.read(few))
        if bench.chip.latent_width:
            steps.append(bench.read_hidden(1 + given % bench.params.hidden))
    steps += bench.step(HeadOperation.LEARN, 1, 0, classes)
    steps += [bench.read(classes), Step(inputs={"commands": [bench.command(HeadOperation.CLEAR)]})]
    bench.golden.weights[:] = 0
    if bench.chip.latent_width:  # a clear leaves these rows
        steps.append(bench.read_hidden(bench.params.hidden))
    return [*steps, bench.read(1), Step(reads=LAST)]


#: Batches of a layer that learns take long. The bench of the trainer has them with all pauses.
MATRIX = [
    pytest.param(
        name,
        pauses,
        marks=pytest.mark.slow if chip.latent_width and pauses != "idle_stalled" else (),
    )
    for name, chip in CHIPS.items()
    for pauses in PAUSES
]


@pytest.mark.parametrize(("name", "pauses"), MATRIX)
def test_batches_answers_and_rows_equal_golden(name: str, pauses: str) -> None:
    run_pysim(HeadTrainer(CHIPS[name]), life(Bench(CHIPS[name])), PAUSES[pauses])


@pytest.mark.parametrize("simulator", cocotb_simulators())
def test_batches_answers_and_rows_equal_golden_in_verilog(simulator: str) -> None:
    dut = shared(HeadTrainer, SMALL)
    run_cocotb(dut, life(Bench(SMALL, 1)), PAUSES["idle_stalled"], simulator=simulator)


def test_strobes_tell_what_was_taken_and_learned() -> None:
    bench = Bench(SMALL)
    trace = run_pysim(
        HeadTrainer(SMALL),
        [
            *bench.step(HeadOperation.LEARN, 2, 4, 5),
            *bench.step(HeadOperation.CLASSIFY, 3, 0, 5),
            *bench.step(HeadOperation.LEARN, 0, 1, 2),
        ],
        counted=("taken", "learned", "start", "row_read", "row_written"),
    )
    beats = bench.params.beats
    assert trace.counts == {
        "taken": 10,
        "learned": 2,
        "start": 2,
        # A forward pass reads the rows of its classes, and an update reads and writes them.
        "row_read": beats * (6 * 5 + 5 + 3 * 5 + 2 + 2),
        "row_written": beats * (5 + 5 + 2),  # all five classes are cleared first
    }


@pytest.mark.parametrize("chip", [SMALL, HIDDEN], ids=["without", "hidden"])
@pytest.mark.parametrize("came", range(4))
@pytest.mark.parametrize("given", [0, 1])
@pytest.mark.parametrize("pauses", ["flowing", "idle_stalled"])
def test_a_command_ends_without_exemplars_whose_requests_were_dropped(
    chip: ChipParams, given: int, came: int, pauses: str
) -> None:
    bench = Bench(chip, came)
    written = bench.write()
    bits, labels = bench.exemplars(given + came, 5)
    if len(bits):
        bench.golden.step(pack(bits.astype(np.uint8)), labels, np.arange(5))
    beats = bench.beats(bits, labels)
    first = given * bench.taken
    run_pysim(HeadTrainer(chip), [
        written,
        Step(
            inputs={"commands": [bench.command(HeadOperation.LEARN, given, 5, 4)]},
            pins={"draws_ended": 0, "drawable": 1},
        ),
        Step(inputs={"exemplars": beats[:first]}),
        Step(cycles=3, reads={"drawing": 1}),
        Step(pins={"draws_ended": 1}, cycles=1),
        Step(pins={"draws_ended": 0}, inputs={"drawn": beats[first:]}),
        Step(cycles=200, reads={"training": 1, "taking": 1}),
        Step(pins={"draws_ended": 1}, cycles=200, reads={"training": 0, **LAST}),
        bench.read(5),
    ], PAUSES[pauses])  # fmt: skip


def refuse(bench: Bench, command: int, drawable: int = 1) -> None:
    """Let a command be refused: no row changes, and the next batch is learned."""
    classes = bench.params.classes
    run_pysim(HeadTrainer(bench.chip), [
        bench.write(),
        Step(inputs={"commands": [command]}, pins={"drawable": drawable, "draws_ended": 1}),
        Step(cycles=40, reads={"refused": 1, "training": 0, "stranger": 0}),
        bench.read(classes),
        *bench.step(HeadOperation.LEARN, 1, 1, classes),
        bench.read(classes),
        Step(reset=True, reads=LAST),
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("operation", "given", "classes", "draws", "drawable"),
    [
        (HeadOperation.LEARN, 0, 5, 0, 1),
        (HeadOperation.CLASSIFY, 7, 5, 0, 1),
        (HeadOperation.LEARN, 0, 5, 7, 1),
        (HeadOperation.LEARN, 4095, 5, 1, 1),  # not 0, as 12 bits would have it
        (HeadOperation.LEARN, 1, 0, 0, 1),
        (HeadOperation.LEARN, 1, 6, 0, 1),
        (HeadOperation.READ, 0, 0, 0, 1),
        (HeadOperation.READ, 0, 6, 0, 1),
        (HeadOperation.LEARN, 1, 5, 1, 0),
        (HeadOperation.CLASSIFY, 0, 5, 1, 0),
    ],
)
def test_a_command_that_cannot_be_is_refused(
    operation: HeadOperation, given: int, classes: int, draws: int, drawable: int
) -> None:
    bench = Bench(SMALL)
    refuse(bench, bench.command(operation, given, classes, draws), drawable)


@pytest.mark.parametrize(
    ("chip", "operation", "neurons"),
    [
        *((chip, operation, 1) for chip in (SMALL, HIDDEN) for operation in (4, 7)),
        (TRAINED, 4, 0), (TRAINED, 4, 10), (TRAINED, 4, 4095), (TRAINED, 5, 1),
    ],
)  # fmt: skip
def test_rows_that_are_not_there_and_what_is_no_command_are_refused(
    chip: ChipParams, operation: int, neurons: int
) -> None:
    """Latent weights are read where there are some, and of neurons that there are."""
    bench = Bench(chip)
    refuse(bench, bench.command(HeadOperation.CLASSIFY, 0, neurons) | operation)


def test_what_no_command_has_room_for_is_dropped() -> None:
    """Exemplars without a command; commands and rows while a command waits for exemplars."""
    bench = Bench(SMALL)
    beats = bench.beats(*bench.exemplars(1, 5))
    command, step, *rest = bench.step(HeadOperation.LEARN, 2, 0, 5)
    first = bench.params.beats
    halves = step.inputs["exemplars"][:first], step.inputs["exemplars"][first:]
    row = payload(row_layout(bench.params), {"row": 0, "weights": 5})
    dropped = {
        "commands": [bench.command(HeadOperation.CLEAR), bench.command(HeadOperation.READ, 0, 5)]
    }
    for late in ({"exemplars": beats}, dropped, {"writes": [row]}):
        before = [Step(inputs=late)] if "exemplars" in late else []
        between = [] if before else [Step(inputs=late, reads={"training": 1})]
        run_pysim(HeadTrainer(SMALL), [
            Step(cycles=40),
            *before,
            command,
            Step(inputs={"exemplars": halves[0]}),
            *between,
            Step(inputs={"exemplars": halves[1]}),
            *rest,
            Step(reads={"refused": 1}),
            bench.read(5),
        ], PAUSES["stalled"])  # fmt: skip


def test_a_seed_is_taken_when_it_is_settled_and_changes_what_comes_after_it() -> None:
    bench = Bench(SMALL)
    steps = []
    for seed in (3, 4):
        steps += bench.step(HeadOperation.LEARN, 3, 2, 5)
        steps.append(Step(inputs={"seeds": seeds_of(seed)}, reads={"settled": 1}))
        bench.golden.reseed(seed)
        steps.append(bench.read(5))
    run_pysim(HeadTrainer(SMALL), steps)


def test_an_exemplar_of_another_class_is_a_stranger() -> None:
    bench = Bench(SMALL)
    bits, _ = bench.exemplars(3, 5)
    labels = np.array([0, 4, 2])
    known = np.array([True, False, True])
    bench.golden.step(pack(bits[known].astype(np.uint8)), labels[known], np.arange(3))
    run_pysim(HeadTrainer(SMALL), [
        Step(inputs={"commands": [bench.command(HeadOperation.LEARN, 3, 3)]}, pins=QUIET),
        Step(inputs={"exemplars": bench.beats(bits, labels)}),
        Step(cycles=200, reads={"stranger": 1, "refused": 0}),
        bench.read(5),
        Step(reset=True, reads=LAST),
    ])  # fmt: skip


@pytest.mark.parametrize("chip", [SMALL, HIDDEN], ids=["without", "hidden"])
@pytest.mark.parametrize("cycles", range(1, 120, 17))
def test_reset_forgets_a_command_and_clears_all_rows(chip: ChipParams, cycles: int) -> None:
    """The rows of a hidden layer stay."""
    bench = Bench(chip)
    steps = [bench.write(), *bench.step(HeadOperation.LEARN, 4, 0, 5)[:2]]
    steps[2] = Step(inputs=steps[2].inputs, pins=QUIET, cycles=cycles, abandon=True)
    bench.restart()
    run_pysim(HeadTrainer(chip), [
        *steps,
        Step(reset=True, reads={"training": 0}),
        bench.read(5),
        *bench.step(HeadOperation.LEARN, 2, 2, 5),
        bench.read(5),
    ])  # fmt: skip


def test_a_chip_without_a_head_is_silent_where_it_would_be() -> None:
    chip, bench = make_chip(features=10, lanes=4), Bench(SMALL)
    dut = HeadTrainer(chip)
    trace = run_pysim(dut, [
        Step(inputs={"seeds": seeds_of(5)}, reads={"settled": 1, "training": 0, "drawing": 0}),
        Step(inputs={"commands": [bench.command(HeadOperation.LEARN, 1, 5)]}, cycles=50,
             abandon=True),
        Step(reset=True, reads={"training": 0, **LAST}),
    ])  # fmt: skip
    assert trace.left == [1]
