# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""The drivers in C and in Python on the chip in Verilog: all that they return equals golden."""

import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from golden.bits import pack, unpack
from golden.correlated import CorrelatedSampler
from golden.latent_buffer import LatentBuffer
from golden.network import Network
from golden.params import NetworkParams, WatchParams
from golden.prototype_classifier import PrototypeClassifier, hamming_table, likelihood_table
from golden.sampler import Sampler
from golden.trainer import Trainer
from rtl.driver.driver import Driver
from rtl.driver.fault import DriverError, Fault
from rtl.driver.load_file import load_file
from rtl.headers import Target
from rtl.packets import Packet, load_packets
from rtl.program import compile_network
from rtl.registers import EVENTS
from rtl.requests import Source
from sim.cost.counts import head_trainer
from sim.cost.counts.tally import Action
from verification.rtl.chip_run import NETWORK
from verification.rtl.chip_script import FIELDS, OFFSETS
from verification.rtl.chips import make_chip
from verification.rtl.counted_classes import close_class, counter_of
from verification.rtl.driver.in_c import DriverInC
from verification.rtl.driver.library import Model, library
from verification.rtl.driver.trained import TRAINED

#: Rows of codes of 80 bits, thresholds of two words, and two exemplars a request.
CHIP = make_chip(
    simd=16, lanes=16, code_width=5, class_components=6, mode="serial", selection="weighted",
    draws_per_read=2, seed=12, slots=2, table_width=12,
)  # fmt: skip
#: Pixels of two bytes, one class after the other, and one exemplar a request.
OTHER = make_chip(pixel_bits=12, code_width=8, seed=5)
#: Rows of loadings of two words, whose sums can be out of bounds.
FACTORS = make_chip(
    lanes=16, simd=16, code_width=6, class_components=2, draws_per_read=2, rank=17,
    loading_width=8, factor_width=16, seed=6,
)  # fmt: skip
#: A head that learns, whose rows take two words, and a scrubber; the others have none.
LEARNS = replace(make_chip(lanes=16, simd=16, seed=6, head={"backward_width": 8, "rate": 6,
                 "rounding": "stochastic"}, batch=20),
                 watch=WatchParams(secded=2, scrub=True))  # fmt: skip
WIDE = make_chip(seed=6, lanes=4, head={"backward_width": 32, "rate": 9}, batch=3)
#: A hidden layer of seven neurons, so that a class has a row more than an exemplar has beats.
HIDDEN = make_chip(seed=6, head={"hidden": 7, "binary_width": 1, "backward_width": 16, "rate": 9},
                   batch=3)  # fmt: skip
#: Latent weights of 4 bits in more rows than the classifier has, and of 16 in four words a row.
NIBBLES = make_chip(seed=6, classes=2, batch=3, head={
    "hidden": 9, "binary_width": 4, "backward_width": 8, "rounding": "stochastic", "rate": 3,
    "binary_rate": 0, "window": 20,
})  # fmt: skip
BROAD = make_chip(seed=6, lanes=16, simd=16, batch=3, head={
    "hidden": 5, "binary_width": 16, "backward_width": 16, "rate": 9, "binary_rate": 5,
})  # fmt: skip
#: Three components compete in the only slot.
COMPETES = make_chip(
    lanes=16, simd=16, code_width=6, class_components=4, components=12, slots=1,
    slot_components=3, handicap_shift=3, table_width=12, seed=8,
)  # fmt: skip
HEADLESS = {**NETWORK, "head": None}


class Golden:
    """The models of a chip, and a network for it."""

    def __init__(self, chip: Any = CHIP, description: dict[str, Any] = NETWORK) -> None:
        bits = chip.accelerator.pixel_bits
        description = {**description, "input": {**description["input"], "bits": bits}}
        self.chip, self.rng = chip, np.random.default_rng(7)
        self.network = Network.random(NetworkParams.from_description(description), self.rng)
        self.restart()

    def restart(self) -> None:
        chip = self.chip
        self.sampler = CorrelatedSampler(chip.factors) if chip.factors else Sampler(chip.sampler)
        self.latent = LatentBuffer(chip.latent)
        self.counter = counter_of(chip)
        self.classifier = PrototypeClassifier(chip.classifier) if chip.classifier else None

    @cached_property
    def file(self) -> bytes:
        return load_file(
            load_packets(compile_network(self.network, self.chip.accelerator), self.chip),
            self.network.params,
            self.chip,
        )

    def pictures(self, count: int) -> NDArray[np.integer]:
        shape, bits = self.network.params.input, self.network.params.bits
        return self.rng.integers(0, 2**bits, (count, *shape.array_shape))

    def mixture(self, components: int) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
        p = self.chip.sampler.prototypes
        codes = self.rng.integers(0, 2**p.code_width, (components, p.features))
        return codes, np.sort(self.rng.integers(0, 65536, components - 1))

    def drawn(self, labels: list[int]) -> NDArray[np.uint8]:
        """Return the exemplars that the sampler draws for requests of classes."""
        return unpacked(self.sampler.draw(labels)[0])

    def recalled(self, label: int, count: int) -> NDArray[np.uint8]:
        return unpacked(self.latent.draw([label] * count)[0])


def unpacked(rows: NDArray[np.uint64]) -> NDArray[np.uint8]:
    return unpack(rows, CHIP.latent.features)


Start = Callable[..., tuple[Any, Model]]


@pytest.fixture(params=["c", "python"])
def start(request: pytest.FixtureRequest) -> Start:
    """Return a function that opens a driver of a language on a chip that was just reset."""

    def opened(chip: Any = CHIP) -> tuple[Any, Model]:
        found = library(chip)
        model = Model(found)
        return (DriverInC(found, model) if request.param == "c" else Driver(model)), model

    return opened


def refused(fault: Fault) -> Any:
    return pytest.raises(DriverError, match=f"^{fault.text}$")


@pytest.mark.parametrize("chip", [CHIP, pytest.param(OTHER, marks=pytest.mark.slow)])
def test_a_life_of_the_chip(start: Start, chip: Any) -> None:
    golden, (driver, _) = Golden(chip), start(chip)
    driver.load(golden.file)
    for _ in range(2):
        live(driver, golden)
        driver.reset()
        golden.restart()


def live(driver: Any, golden: Golden) -> None:
    """Classify, learn, append, draw and recall."""
    head, pictures = golden.network.head, golden.pictures(5)
    assert head is not None
    for seen, picture in enumerate(pictures, 1):
        driver.see(seen)
        x = golden.network.forward(picture)
        label, logits = driver.classify(picture)
        assert label == head.classify(x, seen)
        assert logits.tolist() == head.logits(x).tolist()
        assert driver.embed(picture).tolist() == x.tolist()
    labels = [0, 3, 0, 1, 0]
    for label, picture in zip(labels, pictures, strict=True):
        driver.learn_picture(label, picture)
    golden.latent.learn(pack(golden.network.forward(pictures)), labels)
    vectors = golden.rng.integers(0, 2, (3, driver.features), np.uint8)
    for vector in vectors:
        driver.learn(4, vector)
    golden.latent.learn(pack(vectors), [4] * 3)
    for label in (0, 1, 3, 4):
        exemplars, named = driver.draw(Source.LATENT, label, 5)
        assert exemplars.tolist() == golden.recalled(label, 5).tolist()
        assert named.tolist() == [label] * 5
    for components in (3, 1, 2):
        mixture = golden.mixture(components)
        driver.append(*mixture)
        assert golden.sampler.prototypes.append(*mixture)
    golden.sampler.selector.set_class_weights([0.5, 0.2, 0.3])
    driver.weigh(golden.sampler.selector.class_thresholds)
    for seed in (None, 2**64 - 1):
        if seed is not None:
            driver.seed(seed)
            golden.sampler.reseed(seed)
            golden.latent.reseed(seed)
        for label in range(3):
            exemplars, named = driver.draw(Source.SAMPLER, label, 4)
            assert exemplars.tolist() == golden.drawn([label] * 4).tolist()
            assert named.tolist() == [label] * 4 * driver.draws
        labels = golden.sampler.selector.request(3, 30).tolist()
        exemplars, named = driver.draw(Source.SELECTOR, 0, 30)
        assert exemplars.tolist() == golden.drawn(labels).tolist()
        assert named.tolist() == np.repeat(labels, driver.draws).tolist()
        assert driver.draw(Source.LATENT, 0, 1)[0].tolist() == golden.recalled(0, 1).tolist()


def close(driver: Any, golden: Golden, slot: int) -> None:
    """Close a slot in both, and write its class in golden."""
    assert golden.counter is not None
    driver.close_slot(slot)
    assert close_class(golden.counter, golden.sampler.prototypes, slot)


def look(driver: Any, golden: Golden) -> None:
    """Answer pictures, and draw from all classes that are there."""
    memory, pictures = golden.sampler.prototypes, golden.pictures(4)
    assert golden.classifier is not None
    labels, costs = golden.classifier.classify(memory, pack(golden.network.forward(pictures)))
    for picture, label, cost in zip(pictures, labels, costs, strict=True):
        assert driver.answer(picture) == (label, cost)
    golden.sampler.selector.set_class_weights(np.full(memory.n_classes, 1 / memory.n_classes))
    driver.weigh(golden.sampler.selector.class_thresholds)
    named = golden.sampler.selector.request(memory.n_classes, 9, memory.removed).tolist()
    exemplars, drawn = driver.draw(Source.SELECTOR, 0, 9)
    assert exemplars.tolist() == golden.drawn(named).tolist()
    assert drawn.tolist() == np.repeat(named, driver.draws).tolist()


def test_classes_are_counted_named_replaced_and_removed(start: Start) -> None:
    golden, (driver, model) = Golden(), start()
    counter, memory = golden.counter, golden.sampler.prototypes
    assert counter is not None
    assert golden.classifier is not None
    driver.load(golden.file)
    for table in (likelihood_table(5), hamming_table(5)):
        driver.costs(*table)
        golden.classifier.load(*table)
        driver.reset()
        golden.restart()
        counter, memory = golden.counter, golden.sampler.prototypes
        assert counter is not None
        assert golden.classifier is not None
        golden.classifier.load(*table)
        for label, slot in ((0, 0), (1, 1)):
            driver.open_slot(slot, label)
            counter.open(slot, label)
        for _ in range(3):
            for slot, picture in enumerate(golden.pictures(2)):
                driver.count_picture(slot, picture)
                counter.learn(pack(golden.network.forward(picture))[None], [slot])
        for slot in (0, 1):
            close(driver, golden, slot)
        look(driver, golden)
        driver.reopen_slot(1)
        counter.reopen(1)
        for vector in golden.rng.integers(0, 2, (4, driver.features), np.uint8):
            driver.count(1, vector)
            counter.learn(pack(vector)[None], [1])
        close(driver, golden, 1)
        mixture = golden.mixture(2)
        driver.append(*mixture)
        assert memory.append(*mixture)
        look(driver, golden)
        driver.remove(0)
        assert memory.remove(0)
        look(driver, golden)
        with refused(Fault.UNKNOWN):
            driver.draw(Source.SAMPLER, 0, 1)
        mixture = golden.mixture(2)
        driver.replace(2, *mixture)
        assert memory.write(2, *mixture)
        mixture = golden.mixture(1)
        driver.replace(0, *mixture)
        assert memory.write(0, *mixture)
        look(driver, golden)
        exemplars, _ = driver.draw(Source.SAMPLER, 0, 2)
        assert exemplars.tolist() == golden.drawn([0, 0]).tolist()
    assert model.read(OFFSETS["errors"]) == 0


def test_components_compete_for_the_exemplars_of_a_class(start: Start) -> None:
    golden, (driver, model) = Golden(COMPETES), start(COMPETES)
    counter, memory, table = golden.counter, golden.sampler.prototypes, likelihood_table(6)
    assert counter is not None
    assert golden.classifier is not None
    assert (driver.slots, driver.slot_components) == (1, 3)
    driver.load(golden.file)
    driver.costs(*table)
    golden.classifier.load(*table)

    def show(count: int) -> None:
        for vector in golden.rng.integers(0, 2, (count, driver.features), np.uint8):
            driver.count(0, vector)
            counter.learn(pack(vector)[None], [0])

    for label in (0, 1):
        driver.open_slot(0, label)
        counter.open(0, label)
        for picture in golden.pictures(2):
            driver.count_picture(0, picture)
            counter.learn(pack(golden.network.forward(picture))[None], [0])
        show(4)
        close(driver, golden, 0)
        look(driver, golden)
    driver.reopen_slot(0)
    counter.reopen(0)
    show(5)
    close(driver, golden, 0)
    look(driver, golden)
    driver.remove(0)
    assert memory.remove(0)
    look(driver, golden)
    # Two exemplars are two components: they are a class of their own, and take no place of three.
    driver.open_slot(0, 0)
    counter.open(0, 0)
    show(2)
    with refused(Fault.OVERFLOW):
        driver.close_slot(0)
    show(1)
    close(driver, golden, 0)
    driver.open_slot(0, 2)
    counter.open(0, 2)
    show(2)
    close(driver, golden, 0)
    assert len(memory.codes_of(2)) == 2
    look(driver, golden)
    driver.reopen_slot(0)
    counter.reopen(0)
    show(1)
    with refused(Fault.OVERFLOW):
        driver.close_slot(0)
    with refused(Fault.OVERFLOW):
        driver.replace(2, *golden.mixture(3))
    for label in (0, 1, 2):
        exemplars, _ = driver.draw(Source.SAMPLER, label, 6)
        assert exemplars.tolist() == golden.drawn([label] * 6).tolist()
    assert model.read(OFFSETS["errors"]) == 0


def test_exemplars_of_a_class_are_drawn_with_the_basis_that_was_loaded(start: Start) -> None:
    golden, (driver, model) = Golden(FACTORS), start(FACTORS)
    assert (driver.rank, driver.loading_width) == (17, 8)
    loadings = golden.rng.integers(-127, 128, (20, 17))
    highest = np.full((20, 17), 127)
    for _ in range(2):
        sampler = golden.sampler
        assert isinstance(sampler, CorrelatedSampler)
        for label, components in enumerate((1, 2)):
            mixture = golden.mixture(components)
            driver.append(*mixture)
            assert sampler.prototypes.append(*mixture)
            exemplars, _ = driver.draw(Source.SAMPLER, label, 3)
            assert exemplars.tolist() == golden.drawn([label] * 3).tolist()
        for exponent, basis in ((0, loadings), (3, -loadings), (9, loadings)):
            driver.load_basis(basis, exponent)
            assert sampler.load_basis(basis, exponent)
            exemplars, _ = driver.draw(Source.SAMPLER, 1, 4)
            assert exemplars.tolist() == golden.drawn([1] * 4).tolist()
        driver.seed(77)
        sampler.reseed(77)
        exemplars, _ = driver.draw(Source.SAMPLER, 0, 4)
        assert exemplars.tolist() == golden.drawn([0] * 4).tolist()
        assert not sampler.load_basis(highest, 15)
        with refused(Fault.BASIS):
            driver.load_basis(highest, 15)
        exemplars, _ = driver.draw(Source.SAMPLER, 0, 4)
        assert exemplars.tolist() == golden.drawn([0] * 4).tolist()
        assert model.read(OFFSETS["errors"]) == FIELDS["errors_basis"][1].mask
        # One that fits is taken, though another was refused.
        driver.load_basis(highest, 14)
        assert sampler.load_basis(highest, 14)
        exemplars, _ = driver.draw(Source.SAMPLER, 0, 4)
        assert exemplars.tolist() == golden.drawn([0] * 4).tolist()
        driver.reset()
        golden.restart()
    for call in (
        lambda: driver.load_basis(loadings, 16), lambda: driver.load_basis(highest - 255, 3),
    ):  # fmt: skip
        with refused(Fault.ARGUMENT):
            call()
    assert model.read(OFFSETS["status"]) == 0


def test_what_cannot_be_counted_or_written_never_reaches_the_chip(start: Start) -> None:
    golden, (driver, model) = Golden(), start()
    driver.load(golden.file)
    picture, vector = golden.pictures(1)[0], np.ones(20, np.uint8)
    with refused(Fault.UNKNOWN):
        driver.answer(picture)
    for call in (
        lambda: driver.open_slot(2, 0), lambda: driver.open_slot(0, 5),
        lambda: driver.reopen_slot(2), lambda: driver.close_slot(2),
        lambda: driver.count(2, vector), lambda: driver.count_picture(2, picture),
        lambda: driver.costs([2**12] * 16, [0] * 16), lambda: driver.costs([0] * 16, [2**12] * 16),
    ):  # fmt: skip
        with refused(Fault.ARGUMENT):
            call()
    for call in (
        lambda: driver.reopen_slot(1), lambda: driver.close_slot(1),
        lambda: driver.count(1, vector), lambda: driver.count_picture(1, picture),
    ):  # fmt: skip
        with refused(Fault.SLOT):
            call()
    driver.open_slot(1, 1)
    with refused(Fault.SLOT):
        driver.close_slot(1)
    driver.count(1, vector)
    with refused(Fault.OVERFLOW):
        driver.close_slot(1)  # class 0 is the next one
    for call in (lambda: driver.remove(0), lambda: driver.replace(0, *golden.mixture(1))):
        with refused(Fault.UNKNOWN):
            call()
    driver.append(*golden.mixture(3))
    with refused(Fault.OVERFLOW):
        driver.replace(0, *golden.mixture(2))
    driver.close_slot(1)
    with refused(Fault.SLOT):
        driver.close_slot(1)
    driver.open_slot(0, 0)
    driver.count(0, vector)
    with refused(Fault.OVERFLOW):
        driver.close_slot(0)  # class 0 has three components
    driver.remove(0)
    driver.remove(1)
    with refused(Fault.UNKNOWN):
        driver.answer(picture)
    with refused(Fault.UNKNOWN):
        driver.draw(Source.SELECTOR, 0, 1)
    driver.reset()
    with refused(Fault.SLOT):
        driver.reopen_slot(1)
    with refused(Fault.UNKNOWN):
        driver.remove(0)
    assert model.read(OFFSETS["errors"]) == 0


@pytest.mark.slow
def test_chip_without_slots_or_costs_has_no_such_calls(start: Start) -> None:
    golden, (driver, model) = Golden(OTHER), start(OTHER)
    driver.load(golden.file)
    driver.append(*golden.mixture(1))
    picture, vector = golden.pictures(1)[0], np.ones(20, np.uint8)
    for call in (
        lambda: driver.open_slot(0, 0), lambda: driver.count(0, vector), lambda: driver.remove(0),
        lambda: driver.replace(0, *golden.mixture(1)), lambda: driver.answer(picture),
        lambda: driver.costs([0] * 128, [0] * 128), lambda: driver.load_basis([[]] * 20, 0),
    ):  # fmt: skip
        with refused(Fault.ARGUMENT):
            call()
    assert model.read(OFFSETS["errors"]) == 0


@pytest.mark.parametrize("chip", [LEARNS, HIDDEN, pytest.param(WIDE, marks=pytest.mark.slow)])
def test_the_head_learns_beside_a_past_that_the_chip_draws(start: Start, chip: Any) -> None:
    golden, (driver, model) = Golden(chip), start(chip)
    hidden = golden.rng.integers(-1, 1, (chip.head.hidden, 20), np.int32)
    trainer = Trainer(chip.head, hidden)
    assert (driver.head_width, driver.head_batch) == (chip.head.backward_width, chip.batch)
    assert driver.head_hidden == chip.head.hidden
    if chip.head.hidden:
        driver.head_load_hidden(hidden[2:] >= 0, 2)
        driver.head_load_hidden(hidden[:2] >= 0)
        for first, rows in ((0, np.zeros((8, 20), int)), (7, [[1] * 20]), (1, np.ones((7, 20)))):
            with refused(Fault.ARGUMENT):
                driver.head_load_hidden(np.asarray(rows, np.uint8), first)
        with refused(Fault.ARGUMENT):  # it is frozen
            driver.head_load_latent(hidden)
    driver.reset()
    highest = 2 ** (driver.head_width - 1)
    trainer.weights[1:4] = golden.rng.integers(-highest, highest, (3, chip.head.concat))
    trainer.weights[1, :2] = -highest, highest - 1
    driver.head_load(trainer.weights[1:4], 1)
    for count in (2, 2):
        mixture = golden.mixture(count)
        driver.append(*mixture)
        assert golden.sampler.prototypes.append(*mixture)
    for past in (0, 1, 2):
        for source in (Source.SELECTOR, Source.SAMPLER):
            vectors = golden.rng.integers(0, 2, (3 - past, 20), np.uint8)
            labels, drawn = [1, 4, 3][past:], [1] * past
            if source is Source.SELECTOR:
                drawn = golden.sampler.selector.request(2, past).tolist()
            rows = [vectors, golden.drawn(drawn)] if past else [vectors]
            hits = trainer.step(pack(np.concatenate(rows)), np.array(labels + drawn), np.arange(5))
            assert driver.head_learn(5, vectors, labels, (source, 1, past)) == hits
            assert driver.head_read(5).tolist() == trainer.weights.tolist()
    driver.head_learn(5, np.zeros((0, 20), np.uint8), [], (Source.SAMPLER, 0, 3))
    trainer.step(pack(golden.drawn([0] * 3)), np.zeros(3, np.int64), np.arange(5))
    for vector in golden.rng.integers(0, 2, (6, 20), np.uint8):
        sums = trainer.sums(pack(vector)[None])[0, :4]
        assert driver.head_classify(4, vector) == (sums.argmax(), sums.max())
    driver.head_clear()
    assert not driver.head_read(5).any()
    assert model.read(OFFSETS["errors"]) == 0


@pytest.mark.parametrize(
    "chip", [TRAINED, *(pytest.param(chip, marks=pytest.mark.slow) for chip in (NIBBLES, BROAD))]
)
def test_a_hidden_layer_that_learned_is_saved_and_loaded_back(start: Start, chip: Any) -> None:
    golden, (driver, model) = Golden(chip), start(chip)
    neurons, classes, half = chip.hidden, chip.latent.classes, 2 ** (chip.latent_width - 1)
    latent = golden.rng.integers(-half, half, (neurons, 20), np.int32)
    latent[0, :2], latent[-1, 18:] = (-half, half - 1), (half - 1, -half)
    trainer = Trainer(chip.head, latent)
    assert (driver.head_hidden, driver.head_latent) == (neurons, chip.latent_width)
    driver.head_load_latent(latent[2:], 2)
    driver.head_load_latent(latent[:2])
    assert driver.head_read_latent(3).tolist() == latent[:3].tolist()
    for first, rows in (
        (0, np.zeros((neurons + 1, 20), int)), (1, latent), (neurons, [[0] * 20]),
        (0, [[half] + [0] * 19]), (0, [[0] * 19 + [-half - 1]]),
    ):  # fmt: skip
        with refused(Fault.ARGUMENT):
            driver.head_load_latent(rows, first)
    for call in (
        lambda: driver.head_read_latent(0), lambda: driver.head_read_latent(neurons + 1),
        lambda: driver.head_load_hidden(np.zeros((1, 20), np.uint8)),
    ):  # fmt: skip
        with refused(Fault.ARGUMENT):
            call()

    def learn(count: int) -> None:
        for _ in range(count):
            vectors, labels = golden.rng.integers(0, 2, (3, 20), np.uint8), [0, 1, classes - 1]
            hits = trainer.step(pack(vectors), np.array(labels), np.arange(classes))
            assert driver.head_learn(classes, vectors, labels) == hits

    learn(4)
    weights, moved = driver.head_read(classes), driver.head_read_latent(neurons)
    assert weights.tolist() == trainer.weights.tolist()
    assert moved.tolist() == trainer.latent.tolist()
    assert (moved != latent).any()
    # A reset leaves the layer and restarts stream 21; then others are loaded, and these again.
    driver.reset()
    assert driver.head_read_latent(neurons).tolist() == moved.tolist()
    driver.head_load_latent(latent)
    driver.head_load(weights)
    driver.head_load_latent(moved)
    trainer = Trainer(chip.head, moved)
    trainer.weights[:] = weights
    counters = ("head_reads", "head_writes")
    before = [model.read(OFFSETS[name]) for name in counters]
    learn(2)
    # Rows of the classifier count as they are priced; those of the layer do not.
    row = chip.latent.lanes * driver.head_width
    done = 2 * head_trainer.learn(chip, 3, classes)
    for name, kind, known in zip(counters, ("read", "write"), before, strict=True):
        rows = done[Action("trainer.weights", kind, row)]
        assert model.read(OFFSETS[name]) - known == rows
    assert driver.head_read_latent(neurons).tolist() == trainer.latent.tolist()
    for vector in golden.rng.integers(0, 2, (3, 20), np.uint8):
        sums = trainer.sums(pack(vector)[None])[0]
        assert driver.head_classify(classes, vector) == (sums.argmax(), sums.max())
    assert model.read(OFFSETS["errors"]) == 0


def test_what_the_head_cannot_do_never_reaches_it(start: Start) -> None:
    driver, model = start(LEARNS)
    vector, nothing = np.zeros(20, np.uint8), np.zeros((0, 20), np.uint8)
    for call in (
        lambda: driver.head_load(np.full((1, 20), 128)), lambda: driver.head_load([[-129] * 20]),
        lambda: driver.head_load(np.zeros((6, 20), int)),
        lambda: driver.head_load(np.zeros((1, 20), int), 5),
        lambda: driver.head_read(0), lambda: driver.head_read(6),
        lambda: driver.head_classify(6, vector), lambda: driver.head_classify(0, vector),
        lambda: driver.head_learn(5, nothing, []), lambda: driver.head_learn(5, [vector], [5]),
        lambda: driver.head_learn(4, [vector], [4]), lambda: driver.head_learn(6, [vector], [0]),
        lambda: driver.head_learn(5, [vector] * 21, [0] * 21),
        lambda: driver.head_learn(5, [vector] * 18, [0] * 18, (Source.SELECTOR, 0, 3)),
        lambda: driver.head_learn(5, [vector], [0], (Source.NONE, 0, 3)),
    ):  # fmt: skip
        with refused(Fault.ARGUMENT):
            call()
    for source in (Source.SAMPLER, Source.SELECTOR, Source.LATENT):
        with refused(Fault.UNKNOWN):
            driver.head_learn(5, [vector], [0], (source, 1, 3))
    assert not driver.head_read(5).any()
    assert model.read(OFFSETS["errors"]) == 0


def test_a_chip_without_a_head_that_learns_has_no_such_calls(start: Start) -> None:
    driver, model = start()
    vector = np.zeros(20, np.uint8)
    for call in (
        lambda: driver.head_load(np.zeros((1, 20), int)), lambda: driver.head_read(1),
        driver.head_clear, lambda: driver.head_learn(5, [vector], [0]),
        lambda: driver.head_load_hidden([vector]),
        lambda: driver.head_load_latent([vector]), lambda: driver.head_read_latent(1),
        lambda: driver.head_classify(5, vector),
    ):  # fmt: skip
        with refused(Fault.ARGUMENT):
            call()
    assert model.read(OFFSETS["errors"]) == 0


def test_sizes_are_those_of_the_chip(start: Start) -> None:
    driver, _ = start()
    prototypes = CHIP.sampler.prototypes
    assert (driver.features, driver.lanes, driver.beats) == (20, 16, 2)
    assert (driver.code_width, driver.draws) == (5, 2)
    assert (driver.classes, driver.components, driver.class_components) == (
        prototypes.classes, prototypes.components, prototypes.class_components,
    )  # fmt: skip
    assert driver.latent_classes == CHIP.latent.classes
    assert (driver.slots, driver.table_width) == (CHIP.slots, CHIP.table_width)
    assert driver.slot_components == 1
    assert (driver.pixels, driver.head_classes) == (0, 0)
    driver.load(Golden().file)
    assert (driver.pixels, driver.head_classes) == (6 * 6 * 3, 5)


def test_arguments_beyond_the_chip_never_reach_it(start: Start) -> None:
    golden, (driver, model) = Golden(), start()
    picture, vector = golden.pictures(1)[0], np.zeros(20, np.uint8)
    for call in (driver.classify, driver.embed, lambda x: driver.learn_picture(0, x)):
        with refused(Fault.NETWORK):
            call(picture)
    driver.load(golden.file)
    with refused(Fault.ARGUMENT):
        driver.learn(5, vector)
    with refused(Fault.ARGUMENT):
        driver.learn_picture(5, picture)
    with refused(Fault.ARGUMENT):
        driver.append(np.zeros((0, 20), np.int64))
    with refused(Fault.ARGUMENT):
        driver.append(np.full((1, 20), 32))
    with refused(Fault.ARGUMENT):
        driver.weigh([0] * 5)
    with refused(Fault.ARGUMENT):
        driver.draw(Source.LATENT, 0, 0)
    with refused(Fault.UNKNOWN):
        driver.draw(Source.SAMPLER, 0, 1)
    with refused(Fault.UNKNOWN):
        driver.draw(Source.SELECTOR, 0, 1)
    with refused(Fault.UNKNOWN):
        driver.draw(Source.LATENT, 0, 1)
    driver.append(*golden.mixture(3))
    driver.append(*golden.mixture(3))
    with refused(Fault.OVERFLOW):
        driver.append(*golden.mixture(2))
    with refused(Fault.OVERFLOW):
        driver.append(*golden.mixture(7))
    driver.append(*golden.mixture(1))
    with refused(Fault.DRAW):
        driver.draw(Source.SELECTOR, 0, 1)
    driver.weigh([0])
    with refused(Fault.DRAW):
        driver.draw(Source.SELECTOR, 0, 1)
    with refused(Fault.ARGUMENT):
        driver.draw(Source.NONE, 0, 1)
    assert model.read(OFFSETS["errors"]) == 0
    assert model.read(OFFSETS["n_classes"]) == 3


def test_what_is_no_array_of_integers_never_reaches_the_chip() -> None:
    """The driver in Python neither rounds floats nor guesses at shapes."""
    golden, model = Golden(), Model(library(CHIP))
    driver = Driver(model)
    driver.load(golden.file)
    picture, codes = golden.pictures(1)[0], golden.mixture(2)[0]
    ragged: Any = [[1] * 20, [1] * 19]
    driver.open_slot(0, 0)
    calls: list[Callable[[], Any]] = [
        lambda: driver.append(codes / 1, [9]), lambda: driver.append(codes, [9.5]),
        lambda: driver.append(ragged, [9]), lambda: driver.append(codes[0]),
        lambda: driver.append(codes, []), lambda: driver.append(codes, [[9]]),
        lambda: driver.append(codes, [2**64]), lambda: driver.append(-codes - 1, [9]),
        lambda: driver.classify(picture / 1), lambda: driver.embed(picture - 1.5),
        lambda: driver.learn_picture(0, picture + 0.5), lambda: driver.embed(picture[:-1]),
        lambda: driver.embed([["a"] * 108]), lambda: driver.learn(0, np.full(20, 0.5)),
        lambda: driver.learn(0, np.full(20, 2)), lambda: driver.count(0, [[1] * 20]),
        lambda: driver.weigh([0.5]), lambda: driver.weigh([[1, 2]]), lambda: driver.weigh(1),
        lambda: driver.costs(ragged, ragged), lambda: driver.costs([0.5] * 16, [0] * 16),
        lambda: driver.costs([0] * 16, [0] * 15), lambda: driver.costs([[0] * 16], [[0] * 16]),
        lambda: driver.enable("drawn", "typo"),
    ]  # fmt: skip
    sent: list[object] = []
    model.send = sent.append
    for call in calls:
        with refused(Fault.ARGUMENT):
            call()
    assert sent == []


def test_loadings_that_are_no_array_of_integers_never_reach_the_chip() -> None:
    model = Model(library(FACTORS))
    driver = Driver(model)
    sent: list[object] = []
    model.send = sent.append
    ragged: Any = [[1] * 17] * 19 + [[1] * 16]
    for loadings in (
        ragged, np.zeros((20, 17)), np.zeros((17, 20), int), np.zeros(340, int),
        np.full((20, 17), 128), np.full((20, 17), -128),
    ):  # fmt: skip
        with refused(Fault.ARGUMENT):
            driver.load_basis(loadings, 0)
    assert sent == []


def test_a_class_too_many_is_refused(start: Start) -> None:
    golden, (driver, _) = Golden(), start()
    for _ in range(5):
        driver.append(*golden.mixture(1))
    with refused(Fault.OVERFLOW):
        driver.append(*golden.mixture(1))


def sealed(file: bytes, place: int, value: bytes) -> bytes:
    """Return a load file with some bytes changed, and with the CRC that it has then."""
    body = file[16:place] + value + file[place + len(value) :]
    return file[:12] + struct.pack("<I", zlib.crc32(body)) + body


def test_only_a_whole_file_for_this_chip_is_loaded(start: Start) -> None:
    golden, (driver, model) = Golden(), start()
    file = golden.file
    last, packets = 64, 1  # place of the last packet
    while (after := last + 8 + 8 * struct.unpack_from("<Q", file, last)[0]) < len(file):
        last, packets = after, packets + 1
    (whole,) = struct.unpack_from("<Q", file, last)
    for damaged in (
        b"", file[:63], file[:-8], file + b"\0" * 8, file[:-1], b"E" + file[1:],
        file[:8] + b"\2" + file[9:], file[:100] + bytes([file[100] ^ 1]) + file[101:],
        sealed(file, 64, struct.pack("<Q", 2**61)), sealed(file, 64, bytes(8)),
        sealed(file, last, struct.pack("<Q", whole + 1)),
        sealed(file, last, struct.pack("<Q", whole - 1)), sealed(file, 56, bytes(4)),
        sealed(file, 56, struct.pack("<I", packets + 1)),
    ):  # fmt: skip
        model.fail(1)  # a bus that is used fails
        with refused(Fault.FILE):
            driver.load(damaged)
    model.fail(0)
    for place in range(16, 48, 4):
        value = int.from_bytes(file[place : place + 4], "little") ^ 1
        with refused(Fault.SIZES):
            driver.load(sealed(file, place, struct.pack("<I", value)))
    assert model.read(OFFSETS["errors"]) == 0
    wrong = load_file([Packet(Target.WEIGHTS, 99, 0, 1, [5])], golden.network.params, CHIP)
    with refused(Fault.PACKET):
        driver.load(wrong)
    with refused(Fault.NETWORK):
        driver.embed(golden.pictures(1)[0])
    driver.load(file)
    picture = golden.pictures(1)[0]
    assert driver.embed(picture).tolist() == golden.network.forward(picture).tolist()


def test_a_draw_among_classes_without_weight_is_refused(start: Start) -> None:
    """Classes of weight 0 are never named, so a draw among them alone would wait for ever."""
    golden, (driver, model) = Golden(), start()
    for _ in range(3):
        driver.append(*golden.mixture(1))
    with refused(Fault.ARGUMENT):
        driver.weigh([9, 8])
    for thresholds, weighed in (([0, 0], {2}), ([0, 60000], {1, 2}), ([30000, 30000], {0, 2})):
        driver.weigh(thresholds)
        for label in sorted({0, 1, 2} - weighed) + sorted(weighed)[:-1]:
            driver.remove(label)
            driver.draw(Source.SELECTOR, 0, 1)
        driver.remove(max(weighed))
        for label in {0, 1, 2} - weighed:
            driver.replace(label, *golden.mixture(1))
            with refused(Fault.DRAW):
                driver.draw(Source.SELECTOR, 0, 1)
        for label in weighed:
            driver.replace(label, *golden.mixture(1))
            _, labels = driver.draw(Source.SELECTOR, 0, 9)
            assert set(labels.tolist()) <= weighed
    driver.reset()
    for _ in range(3):
        driver.append(*golden.mixture(1))
    driver.remove(2)
    driver.draw(Source.SELECTOR, 0, 1)  # the thresholds stay: class 0 has a weight
    driver.remove(0)
    with refused(Fault.DRAW):
        driver.draw(Source.SELECTOR, 0, 1)
    assert model.read(OFFSETS["errors"]) == 0


def test_network_without_a_head_embeds_alone(start: Start) -> None:
    golden, (driver, _) = Golden(CHIP, HEADLESS), start()
    driver.load(golden.file)
    picture = golden.pictures(1)[0]
    assert (driver.pixels, driver.head_classes) == (108, 0)
    assert driver.embed(picture).tolist() == golden.network.forward(picture).tolist()
    with refused(Fault.NETWORK):
        driver.classify(picture)


@pytest.mark.parametrize(
    ("register", "value", "fault"),
    [
        ("id", 0, Fault.ID), ("version", 1 << 16 | 1, Fault.VERSION),
        ("version", 3 << 16 | 1, Fault.VERSION), ("version", 2 << 16, Fault.VERSION),
    ],
)  # fmt: skip
def test_another_chip_is_no_chip(
    start: Start, register: str, value: int, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(Model.answers, OFFSETS[register], value)
    with refused(fault):
        start()


@pytest.mark.parametrize(
    ("register", "value"), [("table", 257 | 6 << 16), ("latent", 2 | 257 << 16), ("learner", 17)]
)
def test_chip_too_large_for_the_driver_in_c(
    register: str, value: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(Model.answers, OFFSETS[register], value)
    found = library(CHIP)
    with refused(Fault.ROOM):
        DriverInC(found, Model(found))


def test_a_packet_that_was_cut_off_is_ended(start: Start) -> None:
    golden, (driver, model) = Golden(), start()
    driver.load(golden.file)
    model.begin(Packet(Target.LEARN, 1).stream)
    driver.reset()
    driver.learn(2, np.ones(20, np.uint8))
    assert driver.draw(Source.LATENT, 2, 1)[0].tolist() == [[1] * 20]
    with refused(Fault.UNKNOWN):
        driver.draw(Source.LATENT, 1, 1)


def begin_to_draw(model: Model) -> None:
    for register, value in (("draw_source", 0), ("draw_count", 50), ("control", 2)):
        model.write(OFFSETS[register], value)


def test_packets_that_nobody_asked_for_are_told_and_reset_forgets_them(start: Start) -> None:
    golden, (driver, model) = Golden(), start()
    driver.load(golden.file)
    driver.append(*golden.mixture(1))
    begin_to_draw(model)
    with refused(Fault.DRAW):
        driver.draw(Source.SAMPLER, 0, 1)
    with refused(Fault.ANSWER):
        driver.classify(golden.pictures(1)[0])
    driver.reset()
    driver.append(*golden.mixture(1))
    begin_to_draw(model)
    while not model.words:
        model.pass_cycles(1)
    model.write(OFFSETS["control"], 1)
    model.pass_cycles(9)
    while model.words > 1:
        model.receive_word()
    with refused(Fault.RESET):
        driver.embed(golden.pictures(1)[0])
    driver.reset()
    picture = golden.pictures(1)[0]
    assert driver.embed(picture).tolist() == golden.network.forward(picture).tolist()


def test_the_bus_of_the_page_waits_and_forgets() -> None:
    """The bus that the page shows, behind FIFOs: words come late, and what came stays."""
    golden, found = Golden(), library(CHIP)
    model = Model(found, page=True)
    driver = DriverInC(found, model)
    wrong = load_file([Packet(Target.WEIGHTS, 99, 0, 1, [5])], golden.network.params, CHIP)
    with refused(Fault.PACKET):
        driver.load(wrong)
    driver.load(golden.file)
    driver.append(*golden.mixture(1))
    begin_to_draw(model)
    with refused(Fault.ANSWER):
        driver.classify(golden.pictures(1)[0])
    driver.reset()
    assert model.words == 0
    picture = golden.pictures(1)[0]
    assert driver.embed(picture).tolist() == golden.network.forward(picture).tolist()
    golden.restart()
    live(driver, golden)


def test_events_pull_the_line(start: Start) -> None:
    golden, (driver, model) = Golden(), start()
    driver.load(golden.file)
    driver.see(5)
    assert (model.irq, driver.events()) == (0, set())
    driver.open_slot(0, 1)
    driver.enable("picture", "learned", "counted", "appended", "closed")
    happenings = {
        "picture": lambda: driver.classify(golden.pictures(1)[0]),
        "learned": lambda: driver.learn(1, np.zeros(20, np.uint8)),
        "counted": lambda: driver.count(0, np.zeros(20, np.uint8)),
        "appended": lambda: driver.append(*golden.mixture(1)),
        "closed": lambda: driver.close_slot(0),
    }
    for event, happen in happenings.items():
        happen()
        model.pass_cycles(5)
        assert model.irq == 1
        assert event in driver.events()
        assert (model.irq, driver.events()) == (0, set())
    driver.draw(Source.SAMPLER, 0, 1)
    model.pass_cycles(5)
    assert (model.irq, driver.events()) == (0, {"sent", "drawn"})
    driver.enable(*EVENTS)
    model.write(OFFSETS["draw_source"], 3)
    model.write(OFFSETS["control"], 2)
    model.pass_cycles(5)
    assert (model.irq, driver.events()) == (1, {"error"})
    driver.enable()
    driver.learn(1, np.zeros(20, np.uint8))
    model.pass_cycles(5)
    assert model.irq == 0
    driver.reset()
    assert driver.events() == set()


def test_a_bus_that_gives_up_ends_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """The driver in Python asks the bus between two looks, and tells that it gave up."""
    monkeypatch.setitem(Model.answers, OFFSETS["n_classes"], 0)  # no class is ever there
    golden, model = Golden(), Model(library(CHIP))
    patience = [True, True, False]
    model.wait = lambda: patience.pop(0)
    with refused(Fault.WAIT):
        Driver(model).append(*golden.mixture(1))
    assert patience == []


def test_every_failure_of_the_bus_is_told_and_survived() -> None:
    """Whichever call of the bus fails: the driver in C says so, and needs no more than a reset."""
    golden, found = Golden(), library(CHIP)
    model = Model(found)
    driver = DriverInC(found, model)
    picture, mixture, vector = golden.pictures(1)[0], golden.mixture(3), np.ones(20, np.uint8)
    calls: dict[str, Callable[[], Any]] = {
        "reset": driver.reset,
        "load": lambda: driver.load(golden.file),
        "classify": lambda: driver.classify(picture),
        "embed": lambda: driver.embed(picture),
        "learn": lambda: driver.learn(1, vector),
        "learn_picture": lambda: driver.learn_picture(1, picture),
        "append": lambda: driver.append(*mixture),
        "replace": lambda: driver.replace(0, *mixture),
        "remove": lambda: driver.remove(0),
        "open_slot": lambda: driver.open_slot(0, 1),
        "reopen_slot": lambda: driver.reopen_slot(1),
        "count": lambda: driver.count(1, vector),
        "count_picture": lambda: driver.count_picture(1, picture),
        "close_slot": lambda: driver.close_slot(1),
        "costs": lambda: driver.costs(*hamming_table(5)),
        "answer": lambda: driver.answer(picture),
        "weigh": lambda: driver.weigh([]),
        "seed": lambda: driver.seed(3),
        "draw": lambda: driver.draw(Source.SAMPLER, 0, 2),
        "enable": lambda: driver.enable("drawn"),
        "events": driver.events,
    }
    for name, call in calls.items():
        told: list[Fault] = []
        while True:
            # Those of `load` are many and alike.
            number = len(told) + 1 if name != "load" else 3 ** len(told)
            driver.reset()
            driver.load(golden.file)
            driver.append(*mixture)
            driver.open_slot(1, 1)
            driver.count(1, vector)
            model.fail(number)
            try:
                call()
            except DriverError as error:
                told.append(error.fault)
            else:
                model.fail(0)
                break
        assert told, name
        assert set(told) <= {Fault.BUS, Fault.WAIT}, name
    assert driver.embed(picture).tolist() == golden.network.forward(picture).tolist()
