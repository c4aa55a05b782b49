# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""The ways between the blocks: units to their block, features to one or two places."""

from dataclasses import replace

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In
from numpy.typing import NDArray

from golden.bits import pack
from golden.correlated import CorrelatedSampler
from golden.latent_buffer import LatentBuffer
from golden.network import Network
from golden.params import ChipParams, NetworkParams
from golden.sampler import Sampler
from rtl.core import Core
from rtl.headers import Target, unit_layout
from rtl.output import Kind, Output, source_layout
from rtl.packets import seeds_packet
from rtl.program import compile_network
from rtl.requests import Requests, Source
from rtl.sampler import Sampler as SamplerBlock
from sim.cost.counts import correlated
from verification.rtl.chips import make_chip
from verification.rtl.engine import PAUSES, Pauses, Step
from verification.rtl.simulators import cocotb_simulators, payload, run_cocotb, run_pysim, shared

CHIP = make_chip(seed=5)
FACTORS = make_chip(seed=5, rank=2, loading_width=4)  # its units have the widths of CHIP's
BEATS = CHIP.latent.beats
UNIT = unit_layout(CHIP)
NETWORK = {
    "head": {"classes": 5, "hidden": 0},
    "input": {"bits": 7, "channels": 3, "height": 2, "width": 2},
    "layers": [{"kind": "thermometer", "levels": 2}, {"kind": "dense", "outputs": 20}],
}


class Joined(wiring.Component):
    """The core with all its packets through one output, and told apart behind it."""

    def __init__(self, params: ChipParams) -> None:
        self.params = params
        self._core = Core(params)
        super().__init__(dict(self._core.signature.members.items()))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.core = core = self._core
        m.submodules.output = output = Output()
        for name, member in self.signature.members.items():
            inside, outside = getattr(core, name), getattr(self, name)
            if name.upper() in Kind.__members__:
                wiring.connect(m, inside, getattr(output, name))
                word = output.o.payload
                with m.If(word.user.kind == Kind[name.upper()]):
                    m.d.comb += [
                        outside.valid.eq(output.o.valid),
                        outside.payload.data.eq(word.data),
                        outside.payload.label.eq(word.user.label),
                        outside.payload.last.eq(word.last),
                        output.o.ready.eq(outside.ready),
                    ]
            elif not member.is_port:
                wiring.connect(m, wiring.flipped(outside), inside)
            elif member.flow is In:
                m.d.comb += inside.eq(outside)
            else:
                m.d.comb += outside.eq(inside)
        return m


def unit(target: Target, data: int, **fields: int) -> int:
    return payload(UNIT, {"target": target, "data": data, **fields})


def units(target: Target, data: list[int], **fields: int) -> list[int]:
    """Return the units of a packet."""
    marks = [(int(i == 0), int(i == len(data) - 1)) for i in range(len(data))]
    return [
        unit(target, word, first=first, last=last, **fields)
        for word, (first, last) in zip(data, marks, strict=True)
    ]


def packet(words: list[int], label: int) -> list[int]:
    return [
        payload(source_layout(), {
            "data": word, "label": label, "last": int(i == len(words) - 1),
        })
        for i, word in enumerate(words)
    ]  # fmt: skip


def beats_of(bits: int) -> list[int]:
    lanes = CHIP.latent.lanes
    return [bits >> lanes * i & 2**lanes - 1 for i in range(BEATS)]


def network() -> Network:
    return Network.random(NetworkParams.from_description(NETWORK), np.random.default_rng(4))


def load() -> list[int]:
    words = compile_network(network(), CHIP.accelerator).words(CHIP.accelerator)
    return [
        unit(Target(w.target.value), w.data, address=w.address, index=w.lane, last=1) for w in words
    ]


def recall(label: int, wait: int = 30) -> list[Step]:
    """Request the exemplar of a class that has one, some cycles later."""
    pins = {"draw_source_source": Source.LATENT, "draw_source_label": label, "draw_count": 1}
    return [
        Step(cycles=wait),
        Step(pins={**pins, "control_draw": 1}, cycles=1),
        Step(pins={"control_draw": 0}),
    ]


def pictures(send: int, learn: int) -> list[Step]:
    """Show two pictures, and learn an exemplar behind them."""
    golden = network()
    images = np.random.default_rng(1).integers(0, 128, (2, 2, 2, 3))
    embeddings = [
        beats_of(int.from_bytes(row.tobytes(), "little")) for row in pack(golden.forward(images))
    ]
    steps = [
        Step(
            inputs={"units": load()},
            pins={"output_features": send, "output_class": 1, "classes_seen": 3},
        )
    ]
    exemplar, sent, results = beats_of(0x5A5A5), [], []
    offered = []
    for label, (image, x) in enumerate(zip(images, golden.forward(images), strict=True), 1):
        pixels = [int(v) for v in image.ravel()]
        offered += units(Target.PIXELS, pixels, index=label, address=learn)
        sent += packet(embeddings[label - 1], label) * send
        logits = golden.head.logits(x)
        best = int(golden.head.classify(x, 3))
        results += packet([int(logits[-1]) % 2**32 | best << 32], best)
    # An exemplar behind the pictures: it must not mix with theirs.
    offered += units(Target.LEARN, exemplar, index=4)
    steps.append(Step(inputs={"units": offered}, outputs={"features": sent, "result": results}))
    stored = {4: exemplar} | ({1: embeddings[0], 2: embeddings[1]} if learn else {})
    for label, beats in stored.items():
        steps += recall(label)
        steps[-1] = Step(pins=steps[-1].pins, outputs={"latent": packet(beats, label)})
    return [
        *steps,
        Step(reads={"learned": len(stored), "recalled": len(stored), "pictures": 2}),
    ]


@pytest.mark.parametrize("pauses", PAUSES.values(), ids=PAUSES)
@pytest.mark.parametrize("send", [0, 1])
@pytest.mark.parametrize("learn", [0, 1])
def test_features_go_where_they_are_wanted(pauses: Pauses, send: int, learn: int) -> None:
    run_pysim(Core(CHIP), pictures(send, learn), pauses)


@pytest.mark.parametrize("simulator", cocotb_simulators())
@pytest.mark.parametrize("pauses", PAUSES.values(), ids=PAUSES)
def test_features_go_to_both_in_verilog(pauses: Pauses, simulator: str) -> None:
    run_cocotb(shared(Core, CHIP), pictures(1, 1), pauses, simulator=simulator)


def test_a_recall_and_features_to_learn_never_wait_for_each_other() -> None:
    """An exemplar of another class is recalled at all moments before the features come."""
    image = np.random.default_rng(1).integers(0, 128, (2, 2, 3))
    x = pack(network().forward(image))
    features = packet(beats_of(int.from_bytes(x.tobytes(), "little")), 1)
    exemplar = beats_of(0x5A5A5)
    shown = Step(inputs={"units": units(Target.PIXELS, image.ravel().tolist(), index=1, address=1)})
    stored = [
        Step(inputs={"units": load()}, pins={"output_features": 1}),
        Step(inputs={"units": units(Target.LEARN, exemplar, index=4)}),
    ]
    alone = run_pysim(Joined(CHIP), [*stored, shown, Step(outputs={"features": features})])
    arrival = alone.offered["features"][0] - alone.transfers["units"][-1]
    sweep = []
    for wait in range(0, arrival - 2, 2):
        *before, answered = recall(4, wait)
        outputs = {"features": features, "latent": packet(exemplar, 4)}
        sweep += [shown, *before, Step(pins=answered.pins, outputs=outputs)]
    run_pysim(Joined(CHIP), [*stored, *sweep])


def learn_all(pictures: NDArray[np.uint64], order: list[int | None], seed: int) -> LatentBuffer:
    """Return a buffer that has learned pictures as class 1, with new seeds where None is."""
    golden = LatentBuffer(CHIP.latent)
    for number in order:
        if number is None:
            golden.reseed(seed)
        else:
            golden.learn(pictures[number : number + 1], [1])
    return golden


@pytest.mark.parametrize("pauses", PAUSES.values(), ids=PAUSES)
def test_seeds_keep_their_place_between_what_is_learned(pauses: Pauses) -> None:
    """They come while a picture is learned, and change the draw behind it, not its own."""
    images = np.random.default_rng(3).integers(0, 128, (2, 2, 2, 3))
    packets = np.array([[0x5A5A5], [0x33CC3], [0xF0F0F]], np.uint64)
    known = np.concatenate([packets, pack(network().forward(images))])
    orders: tuple[list[int | None], ...]
    orders = [0, 1, 3, None, 2, 4], [0, 1, None, 3, 2, 4], [0, 1, 3, 2, None, 4]
    # With this seed, all three orders leave something else behind.
    seed = next(
        seed
        for seed in range(100)
        if len({str(learn_all(known, order, seed).exemplars_of(1)) for order in orders}) == 3
    )
    golden = learn_all(known, orders[0], seed)
    learned = [units(Target.LEARN, beats_of(int(row[0])), index=1) for row in packets]
    shown = [units(Target.PIXELS, image.ravel().tolist(), index=1, address=1) for image in images]
    words = seeds_packet(seed).words
    seeds = [unit(Target.SEEDS, word, address=number) for number, word in enumerate(words)]
    offered = [*learned[0], *learned[1], *shown[0], *seeds, *learned[2], *shown[1]]
    steps = [Step(inputs={"units": load()}), Step(inputs={"units": offered}), Step(cycles=200)]
    for _ in range(12):
        steps += recall(1)
        beats = [beat.bits for beat in golden.beats(1)]
        steps[-1] = replace(steps[-1], outputs={"latent": packet(beats, 1)})
    run_pysim(Core(CHIP), steps, pauses)


@pytest.mark.parametrize("pauses", PAUSES.values(), ids=PAUSES)
@pytest.mark.parametrize("chip", [CHIP, FACTORS], ids=["independent", "factors"])
def test_seeds_of_all_streams_reach_the_sampler(chip: ChipParams, pauses: Pauses) -> None:
    golden = CorrelatedSampler(chip.factors) if chip.factors else Sampler(chip.sampler)
    golden.prototypes.append(np.random.default_rng(3).integers(0, 16, (1, 20)))
    rows = golden.prototypes.rows()[:BEATS]
    words = seeds_packet(99).words
    seeds = [unit(Target.SEEDS, word, address=number) for number, word in enumerate(words)]
    pins = {"draw_source_source": Source.SELECTOR, "draw_count": 3}
    offered = [unit(Target.APPEND, 0, index=1), *units(Target.ROWS, rows)]
    if isinstance(golden, CorrelatedSampler):
        assert golden.load_basis(np.random.default_rng(5).integers(-7, 8, (20, 2)), 6)
        offered += units(Target.BASIS, golden.basis_rows(), address=6)
    steps = [Step(inputs={"units": offered + seeds}), Step(cycles=5)]
    before = [beat.bits for beat in golden.beats(0)]
    golden.reseed(99)
    drawn = [[beat.bits for beat in golden.beats(0)] for _ in range(3)]
    assert drawn[0] != before
    steps += [
        Step(pins={**pins, "control_draw": 1}, cycles=1),
        Step(
            pins={"control_draw": 0},
            outputs={"exemplar": [word for beats in drawn for word in packet(beats, 0)]},
        ),
    ]
    run_pysim(Core(chip), steps, pauses)


def with_basis() -> tuple[list[Step], list[int]]:
    """Return steps that load two bases after a class and draw, and the units of the latter."""
    golden, rng = CorrelatedSampler(FACTORS.factors), np.random.default_rng(4)
    golden.prototypes.append(rng.integers(0, 16, (1, 20)))
    assert golden.load_basis(rng.integers(-7, 8, (20, 2)), 7)
    before = units(Target.BASIS, golden.basis_rows(), address=7)
    assert golden.load_basis(rng.integers(-7, 8, (20, 2)), 5)
    appended = [
        unit(Target.APPEND, 0, index=1),
        *units(Target.ROWS, golden.prototypes.rows()[:BEATS]),
    ]
    basis = units(Target.BASIS, golden.basis_rows(), address=5)
    drawn = [word for _ in range(3) for word in packet([b.bits for b in golden.beats(0)], 0)]
    start = {"draw_source_source": Source.SAMPLER, "draw_source_label": 0, "draw_count": 3}
    reads = {"errors_basis": 0, "factor_reads": golden.factor_lfsr.ticks}
    return [
        Step(inputs={"units": [*appended, *before, *basis]}),
        Step(pins={**start, "control_draw": 1}, cycles=1),
        Step(pins={"control_draw": 0}, outputs={"exemplar": drawn}),
        Step(reads=reads),
    ], basis


def test_the_last_unit_of_a_basis_stays_until_it_is_loaded() -> None:
    steps, basis = with_basis()
    units = run_pysim(Core(FACTORS), steps).transfers["units"][-len(basis) :]
    # The exponent is taken in the cycle before the first row.
    assert units[-1] - units[0] == correlated.load_cycles(FACTORS.factors, 5) - 1


def test_reset_within_a_basis_leaves_nothing_of_it() -> None:
    steps, _ = with_basis()
    cut = []
    for cycles in range(4, 1200, 166):
        begun = replace(steps[0], cycles=cycles, abandon=True)
        cut += [begun, Step(reset=True, reads={"n_classes": 0, "factor_reads": 0}), *steps]
        cut.append(Step(reset=True))
    left = run_pysim(Core(FACTORS), cut, PAUSES["idle"]).left
    assert left[0] > left[-1] == 0  # some come before the first row, one after the last


EVENTS = ("picture", "learned", "drawn", "appended")


def test_events_are_told_once_each() -> None:
    counted = tuple(f"irq_pending_{event}" for event in EVENTS)
    golden = Sampler(CHIP.sampler)
    golden.prototypes.append(np.random.default_rng(3).integers(0, 16, (1, 20)))
    rows = golden.prototypes.rows()[:BEATS]
    drawn = [word for _ in range(3) for word in packet([b.bits for b in golden.beats(0)], 0)]
    start = {"draw_source_source": Source.SAMPLER, "draw_source_label": 0, "draw_count": 3}
    trace = run_pysim(Core(CHIP), [
        *pictures(1, 1),
        Step(inputs={"units": [unit(Target.APPEND, 0, index=1), *units(Target.ROWS, rows)]}),
        Step(cycles=5),
        Step(pins={**start, "control_draw": 1}, cycles=1),
        Step(pins={"control_draw": 0}, outputs={"exemplar": drawn}),
        Step(pins={"draw_count": 0, "control_draw": 1}, cycles=1),
        Step(pins={"control_draw": 0}, cycles=5),
    ], counted=counted)  # fmt: skip
    # Two pictures and a packet are learned and recalled, one by one; then come three exemplars.
    assert [trace.counts[name] for name in counted] == [2, 3, 4, 1]


@pytest.mark.parametrize("cycles", range(1, 40, 3))
def test_reset_is_no_event(cycles: int) -> None:
    """With a class appended, requests under way and a picture inside."""
    golden = Sampler(CHIP.sampler)
    golden.prototypes.append(np.random.default_rng(3).integers(0, 16, (1, 20)))
    rows = golden.prototypes.rows()[:BEATS]
    drawn = [word for _ in range(99) for word in packet([b.bits for b in golden.beats(0)], 0)]
    offered = [*load(), unit(Target.APPEND, 0, index=1), *units(Target.ROWS, rows)]
    start = {"draw_source_source": Source.SAMPLER, "draw_source_label": 0, "draw_count": 99}
    image = np.random.default_rng(1).integers(0, 128, (2, 2, 3))
    trace = run_pysim(Core(CHIP), [
        Step(inputs={"units": offered}),
        Step(cycles=5),
        Step(pins={**start, "control_draw": 1}, cycles=1),
        Step(
            pins={"control_draw": 0},
            inputs={"units": units(Target.PIXELS, image.ravel().tolist())},
            outputs={"exemplar": drawn},
            cycles=cycles,
            abandon=True,
            reads={"status_drawing": 1, "n_classes": 1},
        ),
        Step(reset=True, reads={"draw_left": 0, "n_classes": 0}, cycles=9),
    ], counted=tuple(f"irq_pending_{event}" for event in EVENTS))  # fmt: skip
    assert trace.counts == dict.fromkeys(trace.counts, 0) | {"irq_pending_appended": 1}


def all_logits(image: NDArray[np.integer], n_classes: int) -> list[int]:
    """Return the packet of the result of a picture."""
    golden = network()
    logits = golden.head.logits(golden.forward(image)).tolist()
    best = [int(np.argmax(logits[: min(c + 1, n_classes)])) for c in range(len(logits))]
    return [
        payload(source_layout(), {
            "data": logit % 2**32 | label << 32, "label": label, "last": int(c == 4),
        })
        for c, (logit, label) in enumerate(zip(logits, best, strict=True))
    ]  # fmt: skip


@pytest.mark.parametrize("seen", [5, 8, 2**8, 2**16, 2**31, 2**32 - 1])
def test_more_classes_than_the_head_has_are_all_of_them(seen: int) -> None:
    image = np.random.default_rng(12).integers(0, 128, (2, 2, 3))
    expected = all_logits(image, 5)
    # Only all classes together answer this.
    assert source_layout().from_bits(expected[-1]).label == 4
    run_pysim(Core(CHIP), [
        Step(
            inputs={"units": load()},
            pins={"output_class": 1, "output_logits": 1, "classes_seen": seen},
        ),
        Step(
            inputs={"units": units(Target.PIXELS, image.ravel().tolist())},
            outputs={"result": expected},
        ),
    ])  # fmt: skip


@pytest.mark.parametrize("seen", [1, 2, 3, 4])
def test_a_class_not_seen_yet_is_no_answer(seen: int) -> None:
    image = np.random.default_rng(12).integers(0, 128, (2, 2, 3))
    logits, expected = all_logits(image, 5), all_logits(image, seen)
    # Without the limit, another class would be the answer.
    assert source_layout().from_bits(expected[-1]).label < seen
    assert source_layout().from_bits(logits[-1]).label == 4
    run_pysim(Core(CHIP), [
        Step(
            inputs={"units": load()},
            pins={"output_class": 1, "output_logits": 1, "classes_seen": seen},
        ),
        Step(
            inputs={"units": units(Target.PIXELS, image.ravel().tolist())},
            outputs={"result": expected},
        ),
    ])  # fmt: skip


def test_settings_are_those_of_the_first_pixel() -> None:
    image = np.random.default_rng(2).integers(0, 128, (2, 2, 3))
    offered = units(Target.PIXELS, [int(v) for v in image.ravel()])
    expected = all_logits(image, 2)
    on = {"output_class": 1, "output_logits": 1, "classes_seen": 2}
    off = {"output_class": 0, "output_logits": 0, "output_features": 1, "classes_seen": 2**32 - 1}
    run_pysim(Core(CHIP), [
        Step(inputs={"units": load()}, pins=on),
        Step(inputs={"units": offered[:1]}),
        Step(inputs={"units": offered[1:]}, outputs={"result": expected}, pins=off),
    ])  # fmt: skip


def test_latency_is_that_of_the_blocks() -> None:
    prototypes = CHIP.sampler.prototypes
    golden = Sampler(CHIP.sampler)
    codes = np.random.default_rng(3).integers(0, 16, (1, prototypes.features))
    golden.prototypes.append(codes)
    rows = golden.prototypes.rows()[:BEATS]
    beats = [(beat.bits, beat.label) for beat in golden.beats(0)]
    pins = {"draw_source_source": Source.SAMPLER, "draw_source_label": 0, "draw_count": 1}
    trace = run_pysim(Core(CHIP), [
        Step(inputs={"units": [unit(Target.APPEND, 0, index=1), *units(Target.ROWS, rows)]}),
        Step(cycles=5),
        Step(pins={**pins, "control_draw": 1}, cycles=1),
        Step(pins={"control_draw": 0}, outputs={"exemplar": packet([b for b, _ in beats], 0)}),
        Step(reads={"exemplars": 1, "row_reads": BEATS, "plane_reads": golden.planes_read}),
    ])  # fmt: skip
    start = trace.transfers["units"][-1] + 1 + 5 + 1
    latency = Requests.latency + SamplerBlock(CHIP.sampler).latency
    assert trace.offered["exemplar"][0] - start == latency


def draws_of_two() -> tuple[Core, list[Step]]:
    """Return a core that draws two exemplars a row, and three requests of its only class."""
    chip = make_chip(draws_per_read=2)
    golden = Sampler(chip.sampler)
    golden.prototypes.append(np.random.default_rng(6).integers(0, 16, (1, 20)))
    rows = golden.prototypes.rows()[:BEATS]
    beats = [list(golden.beats(0)) for _ in range(3)]
    expected = [
        payload(source_layout(), {
            "data": beat.bits, "label": 0, "last": int(beat.last), "more": int(n < 2 * BEATS - 1),
        })
        for request in beats
        for n, beat in enumerate(request)
    ]  # fmt: skip
    pins = {"draw_source_source": Source.SAMPLER, "draw_source_label": 0, "draw_count": 3}
    return Core(chip), [
        Step(inputs={"units": [unit(Target.APPEND, 0, index=1), *units(Target.ROWS, rows)]}),
        Step(cycles=5),
        Step(pins={**pins, "control_draw": 1}, cycles=1),
        Step(pins={"control_draw": 0}, outputs={"exemplar": expected}),
        Step(reads={"exemplars": 6}),
    ]


def test_exemplars_of_one_request_belong_together() -> None:
    """All words of a request but the last say that more will come."""
    run_pysim(*draws_of_two(), PAUSES["stalled"])


def test_reset_within_a_request_forgets_how_many_exemplars_have_ended() -> None:
    core, steps = draws_of_two()
    *begun, drawn, _ = steps
    nothing = Step(reset=True, reads={"exemplars": 0, "draw_left": 0})
    cut = []
    for cycles in range(5, 20):
        cut += [*begun, replace(drawn, cycles=cycles, abandon=True), nothing]
    trace = run_pysim(core, cut + steps)
    words = {len(drawn.outputs["exemplar"]) - left for left in trace.left}
    # Between the exemplars of a request, and within each of them.
    assert words >= set(range(1, 2 * BEATS + 1))


def test_reset_within_a_picture_leaves_nothing_of_it() -> None:
    """The program stays; all that counts, waits or is under way begins anew."""
    loaded, shown, *recalled = pictures(1, 1)
    nothing = dict.fromkeys(("pictures", "learned", "recalled", "status_busy"), 0)
    steps = [loaded]
    for cycles in range(2, 200, 22):
        steps += [
            replace(shown, cycles=cycles, abandon=True),
            Step(reset=True, reads=nothing, cycles=5),
            # All of it, each time: what one reset leaves is gone before the next one.
            shown,
            *recalled,
        ]
    trace = run_pysim(Core(CHIP), steps, PAUSES["stalled"])
    # Some resets come before the first picture has ended, some with the second under way.
    assert trace.left[0] > trace.left[-1]


def test_reset_forgets_that_a_beat_was_learned_before_it_was_sent() -> None:
    """The latent buffer has taken the beat, which waits to be sent in the cycle of the reset."""
    loaded, shown, *recalled = pictures(1, 1)
    pauses = PAUSES["stalled"]
    trace = run_pysim(Core(CHIP), [loaded, shown], pauses)
    begun = trace.transfers["units"][len(loaded.inputs["units"]) - 1] + 1
    beats = zip(trace.offered["features"], trace.transfers["features"], strict=True)
    waiting = [c - begun for offered, taken in beats for c in range(offered + 1, taken)]
    assert len(waiting) > 1
    for cycles in waiting:
        cut = replace(shown, cycles=cycles, abandon=True)
        run_pysim(Core(CHIP), [loaded, cut, Step(reset=True), shown, *recalled], pauses)
