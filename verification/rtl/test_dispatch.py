# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""Packets, whole and broken, against the units that their headers name."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.params import ChipParams
from rtl.dispatch import WORD, Dispatch, word_layout
from rtl.headers import INTERNAL, Target, unit_layout, unit_widths
from rtl.packets import Packet
from verification.rtl.chips import make_chip
from verification.rtl.engine import PAUSES, Pauses, Step
from verification.rtl.simulators import cocotb_simulators, payload, run_cocotb, run_pysim, shared

CHIP = make_chip(
    lanes=16,
    simd=16,
    features=40,
    code_width=9,
    class_components=6,
    slots=3,
    table_width=40,
    rank=5,
    loading_width=7,
    head={"backward_width": 8},
)  # rows of 3 words, costs, loadings and rows of the head of 2
CHIPS = [
    CHIP,
    make_chip(pixel_bits=12, lanes=64, simd=64, features=130, code_width=2),
    make_chip(simd=128, lanes=64, features=64, code_width=8, class_components=1, slots=1),
    make_chip(features=8, lanes=8, code_width=1, classes=1),
    make_chip(head={"hidden": 3, "binary_width": 1, "backward_width": 8}),
    make_chip(lanes=16, simd=16, features=40,
              head={"hidden": 3, "binary_width": 8, "backward_width": 8}),
]  # fmt: skip
#: Chip with one word a row, so that a class of many components is a short packet.
SINGLE = CHIPS[3]
#: Chips with nine rows of a hidden layer, three a neuron, of one word and of two.
HIDDEN, TRAINED = CHIPS[4:]
#: Targets whose packets have units whatever the header's count.
UNCOUNTED = (Target.APPEND, Target.LEARN, Target.COUNT, Target.HEAD_EXEMPLAR, Target.BASIS)
PACKET_TARGETS = [target for target in Target if target not in INTERNAL]
#: Targets whose packets have one address for all units.
STILL = (Target.PIXELS, Target.COMMAND, Target.HEAD_COMMAND, Target.BASIS)
OF_HEAD = {Target.HEAD_COMMAND, Target.HEAD_ROWS, Target.HEAD_EXEMPLAR}


def targets_of(chip: ChipParams) -> list[Target]:
    """Return the targets that a chip has."""
    missing = {Target.COUNT, Target.COMMAND} if not chip.slots else set()
    missing |= {Target.TABLE} if not chip.table_width else set()
    missing |= OF_HEAD if not chip.head else set()
    missing |= {Target.BASIS} if chip.factors is None else set()
    return [target for target in PACKET_TARGETS if target not in missing]


def address_of(chip: ChipParams, target: Target, address: int) -> int:
    """Return an address like the given one that a header may have."""
    label = address % 2**12 % chip.latent.classes
    if target is Target.PIXELS:
        counted = address & 2 if chip.slots else 0
        trained = address & 4 if chip.head else 0
        return address & 0xFF9 | counted | trained | (address >> 12) % max(1, chip.slots) << 12
    if target is Target.APPEND:
        numbered = chip.shared and address >> 12 & 1
        return label | 1 << 12 if numbered else address & ~(1 << 12)
    if target is Target.HEAD_EXEMPLAR and chip.head and chip.head.hidden:
        rows = (chip.head.hidden - 1) * chip.sampler.prototypes.beats + 1
        return 1 << 23 | address % rows if address >> 23 else 0
    return label if target is Target.COMMAND else address


def depth_of(chip: ChipParams, target: Target) -> int:
    """Return the rows that a target has."""
    mvu = chip.accelerator.mvu
    return {
        Target.PROGRAM: chip.accelerator.program_depth,
        Target.WEIGHTS: mvu.weight_depth,
        Target.THRESHOLDS: mvu.tile_depth,
        Target.CLASS_THRESHOLDS: chip.latent.classes,
        Target.SEEDS: 23,
        Target.BASIS: 16,
        Target.TABLE: 2 ** (chip.sampler.prototypes.code_width - 1),
        Target.HEAD_ROWS: chip.head.rows if chip.head else 0,
    }.get(target, 2**24)


def kinds_of(chip: ChipParams, packet: Packet) -> list[Target]:
    """Return the targets of the units that a packet yields."""
    beats = chip.sampler.prototypes.beats
    neuron = chip.hidden and packet.address >> 23
    exemplar = Target.HIDDEN_ROWS if neuron else Target.HEAD_EXEMPLAR
    return {
        Target.APPEND: [Target.APPEND] + [Target.ROWS] * (packet.index * beats),
        Target.LEARN: [Target.LEARN] * beats,
        Target.COUNT: [Target.COUNT] * beats,
        Target.HEAD_EXEMPLAR: [exemplar] * beats,
        Target.BASIS: [Target.BASIS] * (beats * (chip.factors.rank if chip.factors else 0)),
    }.get(packet.target, [packet.target] * packet.count)


def units_of(chip: ChipParams, packet: Packet) -> list[int]:
    """Return the units that a packet yields: what a header says, word by word."""
    widths, kinds = unit_widths(chip), kinds_of(chip, packet)
    bits = sum(word << WORD * i for i, word in enumerate(packet.words))
    units = []
    for number, kind in enumerate(kinds):
        width = widths[kind] if kind is Target.PIXELS else -(-widths[kind] // WORD) * WORD
        whole = unit_layout(chip)["data"].width
        units.append(
            payload(unit_layout(chip), {
                "target": kind, "index": packet.index,
                "address": packet.address + (0 if kind in STILL else number),
                "first": int(number == 0), "last": int(number == len(kinds) - 1),
                "data": bits & 2**width - 1 & 2**whole - 1,
            })
        )  # fmt: skip
        bits >>= width
    return units


def size_of(chip: ChipParams, packet: Packet) -> int:
    """Return how many words ought to follow the header."""
    widths, beats = unit_widths(chip), chip.sampler.prototypes.beats
    words = {target: -(-width // WORD) for target, width in widths.items()}
    if packet.target is Target.PIXELS:
        return -(-packet.count // (WORD // widths[Target.PIXELS]))
    if packet.target is Target.APPEND:
        return words[Target.APPEND] + packet.index * beats * words[Target.ROWS]
    return sum(words[kind] for kind in kinds_of(chip, packet))


def errors_of(chip: ChipParams, packet: Packet) -> int:
    """Return the cycles of `error`: one for surplus words, or one for each that is missing."""
    surplus = len(packet.words) - size_of(chip, packet)
    if surplus >= 0:
        return int(surplus > 0)
    if packet.target is Target.PIXELS:
        # A word that is missing is as many pixels.
        return packet.count - len(packet.words) * (WORD // unit_widths(chip)[Target.PIXELS])
    return -surplus


def offered(packets: list[Packet]) -> list[int]:
    """Return the payloads of the input stream."""
    return [
        payload(word_layout(), {"data": word, "keep": 255, "last": int(last)})
        for packet in packets
        for word, last in zip(packet.stream, [False] * len(packet.words) + [True], strict=True)
    ]


def bench(chip: ChipParams, packets: list[Packet]) -> list[Step]:
    expected = [unit for packet in packets for unit in units_of(chip, packet)]
    return [Step(inputs={"i": offered(packets)}, outputs={"o": expected}, reads={"receiving": 0})]


@st.composite
def cases(draw: st.DrawFn) -> tuple[ChipParams, list[Packet]]:
    """Draw a chip and packets of all targets, some too short or too long."""
    chip, packets = draw(st.sampled_from(CHIPS)), []
    for target in draw(st.lists(st.sampled_from(targets_of(chip)), min_size=1, max_size=6)):
        limits = {Target.APPEND: 3, Target.WEIGHTS: 3, Target.THRESHOLDS: 3}
        limits |= {Target.COUNT: chip.slots - 1, Target.COMMAND: chip.slots - 1}
        index = draw(st.integers(0, limits.get(target, chip.latent.classes - 1)))
        depth = depth_of(chip, target)
        count = draw(st.integers(0, min(11, depth)))
        address = address_of(chip, target, draw(st.integers(0, depth - max(1, count))))
        packet = Packet(target, index, address, count)
        size = max(0, size_of(chip, packet) + draw(st.sampled_from([0, 0, 0, -1, 1, 3, -3])))
        packet.words.extend(draw(st.integers(0, 2**WORD - 1)) for _ in range(size))
        packets.append(packet)
    return chip, packets


@settings(max_examples=40)
@given(cases(), st.sampled_from(list(PAUSES)))
def test_units_are_those_of_the_headers(case: tuple[ChipParams, list[Packet]], name: str) -> None:
    trace = run_pysim(Dispatch(case[0]), bench(*case), PAUSES[name], counted=("error",))
    assert trace.counts["error"] == sum(errors_of(case[0], packet) for packet in case[1])


def whole(chip: ChipParams, target: Target, index: int = 1, count: int = 9) -> Packet:
    """Return a packet just as long as it ought to be, to the last rows that there are."""
    count = min(count, depth_of(chip, target))
    packet = Packet(target, index, address_of(chip, target, depth_of(chip, target) - count), count)
    packet.words.extend(
        0x0123456789ABCDEF * (i + 3) % 2**WORD for i in range(size_of(chip, packet))
    )
    return packet


@pytest.mark.parametrize("simulator", cocotb_simulators())
@pytest.mark.parametrize("pauses", PAUSES.values(), ids=PAUSES)
def test_every_target_in_verilog(pauses: Pauses, simulator: str) -> None:
    packets = [whole(CHIP, target) for target in PACKET_TARGETS for _ in range(2)]
    dut = shared(Dispatch, CHIP)
    trace = run_cocotb(dut, bench(CHIP, packets), pauses, ("error",), simulator)
    assert trace.counts["error"] == 0


@pytest.mark.parametrize("surplus", [-1, 1, 2])
@pytest.mark.parametrize("target", PACKET_TARGETS)
def test_wrong_length_is_an_error_and_hurts_nobody_else(target: Target, surplus: int) -> None:
    packet = whole(CHIP, target)
    if surplus < 0:
        del packet.words[surplus:]
    else:
        packet.words.extend([1] * surplus)
    packets = [packet, whole(CHIP, Target.WEIGHTS)]
    trace = run_pysim(Dispatch(CHIP), bench(CHIP, packets), counted=("error",))
    assert trace.counts["error"] == errors_of(CHIP, packet) > 0


@pytest.mark.parametrize("surplus", [0, 1, 2])
@pytest.mark.parametrize("target", [t for t in PACKET_TARGETS if t not in UNCOUNTED])
def test_packet_of_no_units_may_have_no_words(target: Target, surplus: int) -> None:
    packet = Packet(target, 1, 0, 0, [2**WORD - 1] * surplus)
    packets = [packet, whole(CHIP, Target.WEIGHTS)]
    trace = run_pysim(Dispatch(CHIP), bench(CHIP, packets), counted=("error",))
    assert trace.counts["error"] == int(surplus > 0)


def in_part(packet: Packet, keeps: list[int]) -> list[int]:
    """Return the payloads of a packet of whose words only some bytes come."""
    words = [word_layout().from_bits(bits) for bits in offered([packet])]
    return [
        payload(word_layout(), {"data": word.data, "keep": keep, "last": word.last})
        for word, keep in zip(words, keeps, strict=True)
    ]


def without(word: int, keep: int) -> int:
    """Return a word with zeros for the bytes that are missing."""
    return sum(word & 255 << 8 * byte for byte in range(8) if keep >> byte & 1)


def needs_of(chip: ChipParams, packet: Packet) -> list[list[int]]:
    """Return for each word of a packet's units the masks of bytes that are needed at once."""
    widths, kinds = unit_widths(chip), kinds_of(chip, packet)
    if packet.target is Target.PIXELS:
        size = widths[Target.PIXELS] // 8
        masks = [(2**size - 1) << size * i for i in range(8 // size)]
        lines = [masks] * len(packet.words)
        return [line[: packet.count - i * len(masks)] for i, line in enumerate(lines)]
    bits = [widths[kind] - low for kind in kinds for low in range(0, widths[kind], WORD)]
    return [[2 ** min(8, -(-left // 8)) - 1] for left in bits]


@settings(max_examples=40)
@given(st.sampled_from(CHIPS), st.data())
def test_bytes_that_are_missing_count_as_zeros(chip: ChipParams, data: st.DataObject) -> None:
    target = data.draw(st.sampled_from(targets_of(chip)))
    packet = whole(chip, target, 0)
    keeps = [data.draw(st.sampled_from([255, 255, 0, 1, 127, 254])) for _ in packet.words]
    left = [without(word, keep) for word, keep in zip(packet.words, keeps, strict=True)]
    zeroed = Packet(target, packet.index, packet.address, packet.count, left)
    needs = needs_of(chip, packet)
    errors = sum(
        keep & mask != mask for keep, masks in zip(keeps, needs, strict=True) for mask in masks
    )
    trace = run_pysim(
        Dispatch(chip),
        [
            Step(
                inputs={"i": [*in_part(packet, [255, *keeps]), *offered([whole(chip, target, 0)])]},
                outputs={"o": units_of(chip, zeroed) + units_of(chip, whole(chip, target, 0))},
            )
        ],
        counted=("error",),
    )
    assert trace.counts["error"] == errors


@pytest.mark.parametrize(
    ("chip", "target"), [(chip, target) for chip in CHIPS for target in targets_of(chip)]
)
def test_bytes_beyond_a_unit_need_not_come(chip: ChipParams, target: Target) -> None:
    packet = whole(chip, target, 0)
    keeps = [sum(masks) for masks in needs_of(chip, packet)]
    left = [without(word, keep) for word, keep in zip(packet.words, keeps, strict=True)]
    zeroed = Packet(target, packet.index, packet.address, packet.count, left)
    trace = run_pysim(
        Dispatch(chip),
        [Step(inputs={"i": in_part(packet, [255, *keeps])}, outputs={"o": units_of(chip, zeroed)})],
        counted=("error",),
    )
    assert trace.counts["error"] == 0


@pytest.mark.parametrize("target", [Target.PROGRAM, Target.APPEND, Target.BASIS])
def test_the_last_byte_of_a_word_is_needed_where_its_unit_goes_on(target: Target) -> None:
    packet = whole(CHIP, target, 0)
    needs = [sum(masks) for masks in needs_of(CHIP, packet)]
    keeps = [need & 127 for need in needs]
    left = [without(word, keep) for word, keep in zip(packet.words, keeps, strict=True)]
    zeroed = Packet(target, packet.index, packet.address, packet.count, left)
    step = Step(inputs={"i": in_part(packet, [255, *keeps])}, outputs={"o": units_of(CHIP, zeroed)})
    trace = run_pysim(Dispatch(CHIP), [step], counted=("error",))
    assert trace.counts["error"] == needs.count(255) > 0


@pytest.mark.parametrize("byte", range(8))
@pytest.mark.parametrize("words", [True, False])
def test_header_in_part_is_dropped(byte: int, words: bool) -> None:
    packet, good = whole(CHIP, Target.LEARN), whole(CHIP, Target.WEIGHTS)
    if not words:
        packet = Packet(Target.WEIGHTS)
    keeps = [255 ^ 1 << byte, *[255] * len(packet.words)]
    trace = run_pysim(
        Dispatch(CHIP),
        [Step(inputs={"i": in_part(packet, keeps) + offered([good])},
              outputs={"o": units_of(CHIP, good)})],
        counted=("error",),
    )  # fmt: skip
    assert trace.counts["error"] == 1


@pytest.mark.parametrize("components", [127, 128, 255])
def test_class_of_as_many_components_as_a_header_can_name(components: int) -> None:
    packets = [whole(SINGLE, Target.APPEND, components), whole(SINGLE, Target.WEIGHTS)]
    assert len(packets[0].words) == 1 + components
    trace = run_pysim(Dispatch(SINGLE), bench(SINGLE, packets), counted=("error",))
    assert trace.counts["error"] == 0


@pytest.mark.parametrize("bits", range(3, 24))
def test_long_packet_does_not_end_early(bits: int) -> None:
    """One pixel more than a power of two: a counter too narrow would hold 1."""
    per_word = WORD // unit_widths(CHIP)[Target.PIXELS]
    word = [0x0123456789ABCDEF]
    packet = Packet(Target.PIXELS, 1, 0, 2**bits + 1, word)
    units = units_of(CHIP, Packet(Target.PIXELS, 1, 0, per_word + 1, word))[:per_word]
    begun = [
        payload(word_layout(), {"data": data, "keep": 255, "last": 0}) for data in packet.stream
    ]
    run_pysim(Dispatch(CHIP), [
        Step(inputs={"i": begun}, outputs={"o": units}, reads={"receiving": 1}),
        Step(reset=True),
        *bench(CHIP, [whole(CHIP, Target.LEARN)]),
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("target", "index", "address"),
    [
        (Target.ROWS, 0, 0),
        (Target.HEAD_ROWS, 0, 13),
        (Target.HEAD_EXEMPLAR, 5, 0),
        (Target.PIXELS, 5, 4),
        (Target.BASIS, 0, 16),
        (Target.BASIS, 0, 2**24 - 1),
        (Target.COUNT, 3, 0),
        (Target.COMMAND, 3, 0),
        (Target.COMMAND, 0, 5),
        (Target.TABLE, 0, 254),
        (Target.PIXELS, 0, 2 | 3 << 12),
        (Target.APPEND, 1, 5 | 1 << 12),
        (Target.APPEND, 1, 0xFFF | 1 << 12),
        (Target.LEARN, 5, 0),
        (Target.PIXELS, 5, 1),
        (Target.APPEND, 256, 0),
        (Target.WEIGHTS, 4, 0),
        (Target.THRESHOLDS, 4, 0),
        (Target.PROGRAM, 0, 6),
        (Target.WEIGHTS, 0, 510),
        (Target.THRESHOLDS, 0, 62),
        (Target.CLASS_THRESHOLDS, 0, 3),
        (Target.SEEDS, 0, 21),
        (Target.SEEDS, 0, 2**24 - 1),
        (Target.WEIGHTS, 0, 2**24 - 1),
    ],
)
@pytest.mark.parametrize("size", [0, 1, 5])
def test_packet_to_nowhere_is_dropped(target: int, index: int, address: int, size: int) -> None:
    packet = Packet(target, index, address, 3, [2**WORD - 1] * size)  # pyright: ignore[reportArgumentType]
    good = whole(CHIP, Target.LEARN)
    trace = run_pysim(
        Dispatch(CHIP),
        [Step(inputs={"i": offered([packet, good])}, outputs={"o": units_of(CHIP, good)})],
        counted=("error",),
    )
    assert trace.counts["error"] == 1


@pytest.mark.parametrize("target", [Target.WEIGHTS, Target.THRESHOLDS])
def test_neurons_count_through_both_units(target: Target) -> None:
    """Two units of PE = 4 have neurons 0 to 7."""
    chip = make_chip(units=2)
    last, nowhere, first = (whole(chip, target, index=n) for n in (7, 8, 0))
    expected = [*units_of(chip, last), *units_of(chip, first)]
    trace = run_pysim(
        Dispatch(chip),
        [Step(inputs={"i": offered([last, nowhere, first])}, outputs={"o": expected})],
        counted=("error",),
    )
    assert trace.counts["error"] == 1


@pytest.mark.parametrize("chip", [HIDDEN, TRAINED], ids=["frozen", "trained"])
@pytest.mark.parametrize(
    ("row", "hidden", "there"),
    [
        (0, 1, True), (6, 1, True), (7, 1, False), (2**22, 1, False), (2**23 - 1, 1, False),
        (0, 0, True), (1, 0, False), (2**23 - 1, 0, False),
    ],
)  # fmt: skip
def test_a_hidden_neuron_is_taken_if_all_its_rows_are_there(
    row: int, hidden: int, there: bool, chip: ChipParams
) -> None:
    words = 2 if chip is TRAINED and hidden else 1
    packet = Packet(Target.HEAD_EXEMPLAR, 0, hidden << 23 | row, 0, [1, 2, 3, 4, 5, 6][: 3 * words])
    good = whole(chip, Target.HEAD_EXEMPLAR)
    given = [packet, good] if there else [good]
    units = [unit for sent in given for unit in units_of(chip, sent)]
    trace = run_pysim(
        Dispatch(chip),
        [Step(inputs={"i": offered([packet, good])}, outputs={"o": units})],
        counted=("error",),
    )
    assert trace.counts["error"] == int(not there)


@pytest.mark.parametrize(
    ("target", "address"),
    [
        (9, 0),
        (10, 0),
        (11, 0),
        (12, 0),
        (13, 0),
        (14, 0),
        (15, 0),
        (Target.PIXELS, 2),
        (Target.PIXELS, 4),
        (Target.APPEND, 1 << 12),
    ],
)
def test_a_chip_without_blocks_drops_what_is_for_them(target: int, address: int) -> None:
    packet = Packet(target, 0, address, 3, [1] * 5)  # pyright: ignore[reportArgumentType]
    good = whole(SINGLE, Target.LEARN, 0)
    steps = [Step(inputs={"i": offered([packet, good])}, outputs={"o": units_of(SINGLE, good)})]
    assert run_pysim(Dispatch(SINGLE), steps, counted=("error",)).counts["error"] == 1


def test_label_counts_only_where_a_picture_is_learned_or_trained() -> None:
    packet = whole(CHIP, Target.PIXELS, index=5)
    unlabelled = Packet(packet.target, packet.index, 2, packet.count, packet.words)
    trace = run_pysim(Dispatch(CHIP), bench(CHIP, [unlabelled]), counted=("error",))
    assert trace.counts["error"] == 0


def test_latency_and_throughput() -> None:
    packet = whole(CHIP, Target.WEIGHTS, count=20)
    trace = run_pysim(Dispatch(CHIP), bench(CHIP, [packet, packet]))
    inputs, outputs = trace.transfers["i"], trace.offered["o"]
    assert outputs[0] - inputs[1] == Dispatch.latency
    # Headers included.
    assert len(inputs) == 42
    assert trace.gaps("i") == {Dispatch.interval}
    pixels = whole(CHIP, Target.PIXELS, count=29)
    trace = run_pysim(Dispatch(CHIP), bench(CHIP, [pixels]))
    assert len(trace.transfers["o"]) == 29
    assert trace.gaps("o") == {Dispatch.interval}


@pytest.mark.parametrize("cut", range(10))
@pytest.mark.parametrize("rest", [0, 1, 4])
def test_abort_drops_the_packet_and_what_is_still_to_come(cut: int, rest: int) -> None:
    packet, good = whole(CHIP, Target.APPEND), whole(CHIP, Target.LEARN)
    words = offered([packet])
    complete = cut // 3  # the header and the first unit are three words, as every row is
    ending = payload(word_layout(), {"data": 77, "keep": 255, "last": 1})
    late = [*words[:-1][cut : cut + rest], ending] if cut else []
    trace = run_pysim(Dispatch(CHIP), [
        Step(
            inputs={"i": words[:cut]},
            outputs={"o": units_of(CHIP, packet)[:complete]},
            reads={"receiving": int(cut > 0)},
        ),
        Step(pins={"abort": 1}, cycles=1),
        Step(inputs={"i": late}, pins={"abort": 0}, reads={"receiving": 0}),
        Step(inputs={"i": offered([good])}, outputs={"o": units_of(CHIP, good)}),
    ], counted=("error",))  # fmt: skip
    assert trace.counts["error"] == 0


def test_abort_waits_for_no_word_of_a_packet_that_has_ended() -> None:
    """Only its first unit came whole; of the next, a row, one word of three."""
    packet, good = whole(CHIP, Target.APPEND), whole(CHIP, Target.LEARN)
    first, *_ = units_of(CHIP, packet)
    del packet.words[3:]
    trace = run_pysim(Dispatch(CHIP), [
        Step(inputs={"i": offered([packet])}, outputs={"o": [first]}, reads={"receiving": 1}),
        Step(pins={"abort": 1}, cycles=1),
        Step(pins={"abort": 0}, reads={"receiving": 0}),
        *bench(CHIP, [good]),
    ], counted=("error",))  # fmt: skip
    # The second word of the row had been missed before the abort came.
    assert trace.counts["error"] == 1


def test_abort_between_packets_drops_nothing() -> None:
    packet, good = whole(CHIP, Target.LEARN), whole(CHIP, Target.WEIGHTS)
    run_pysim(Dispatch(CHIP), [
        *bench(CHIP, [packet]),
        Step(pins={"abort": 1}, cycles=1),
        Step(pins={"abort": 0}),
        *bench(CHIP, [good]),
    ])  # fmt: skip


def test_reset_begins_with_a_header() -> None:
    packet, good = whole(CHIP, Target.APPEND), whole(CHIP, Target.LEARN)
    run_pysim(Dispatch(CHIP), [
        Step(inputs={"i": offered([packet])[:2]}),
        Step(reset=True, reads={"receiving": 0}),
        *bench(CHIP, [good]),
    ])  # fmt: skip
