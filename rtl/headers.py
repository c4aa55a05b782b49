# SPDX-License-Identifier: MIT
"""Headers of packets to the chip: where their units go, how many there are, and which are legal."""

from amaranth.hdl import Cat, Mux, Shape, Value, unsigned
from amaranth.lib import enum
from amaranth.lib.data import StructLayout, View

from golden.params import ChipParams
from golden.params.chip import HIDDEN_ROW_WIDTH, LABEL_WIDTH
from golden.params.sampling import CHIP_STREAMS
from rtl.class_slots import Operation
from rtl.descriptor import LoadTarget, descriptor_layout
from rtl.head_command import HeadOperation
from rtl.lfsr import SEED_WIDTH
from rtl.mvu import limit_layout
from rtl.prototypes import COUNT_WIDTH
from rtl.scale import SHIFT_WIDTH

__all__ = [
    "INTERNAL",
    "STILL",
    "Target",
    "class_address_layout",
    "head_address_layout",
    "header_layout",
    "hidden_address_layout",
    "is_legal",
    "picture_address_layout",
    "unit_layout",
    "unit_widths",
    "units_of",
]


class Target(enum.IntEnum, shape=unsigned(5)):
    """Destination of the payload of a packet, or of a unit."""

    PROGRAM = LoadTarget.PROGRAM.value
    WEIGHTS = LoadTarget.WEIGHTS.value
    THRESHOLDS = LoadTarget.THRESHOLDS.value
    PIXELS = 3
    APPEND = 4
    LEARN = 5
    CLASS_THRESHOLDS = 6
    SEEDS = 7
    ROWS = 8  # units of a packet to APPEND after the first
    COUNT = 9
    COMMAND = 10
    TABLE = 11
    HEAD_COMMAND = 12
    HEAD_ROWS = 13
    HEAD_EXEMPLAR = 14
    BASIS = 15
    HIDDEN_ROWS = 16  # units of a packet to HEAD_EXEMPLAR that is a neuron


#: Targets of units that no header may name.
INTERNAL = (Target.ROWS, Target.HIDDEN_ROWS)
#: Targets whose units all have the address of the header. So have pixels.
STILL = (Target.COMMAND, Target.HEAD_COMMAND, Target.BASIS)
EXPONENTS = 2**SHIFT_WIDTH  # exponents that a basis can have


def header_layout() -> StructLayout:
    """Return the layout of the first word of a packet."""
    return StructLayout({"target": 4, "index": LABEL_WIDTH, "address": 24, "count": 24})


def picture_address_layout() -> StructLayout:
    """Return the layout of the address of a picture: what its features are given to."""
    return StructLayout({
        "learn": 1, "count": 1, "train": 1, "reserved": 9, "slot": LABEL_WIDTH,
    })  # fmt: skip


def head_address_layout() -> StructLayout:
    """Return the layout of the address of a command to the head: classes, exemplars to draw."""
    return StructLayout({"classes": LABEL_WIDTH, "draws": LABEL_WIDTH})


def hidden_address_layout() -> StructLayout:
    """Return the layout of the address of an exemplar for the head that is a hidden neuron.

    Its units are the rows of the neuron's weights, as many as an exemplar has beats.
    """
    return StructLayout({"row": HIDDEN_ROW_WIDTH, "hidden": 1})


def class_address_layout() -> StructLayout:
    """Return the layout of the address of a class: its number, unless it has the next one."""
    return StructLayout({"label": LABEL_WIDTH, "numbered": 1, "reserved": 11})


def unit_widths(params: ChipParams) -> dict[Target, int]:
    """Return the bits of a unit of each target that the chip has."""
    prototypes, mvu = params.sampler.prototypes, params.accelerator.mvu
    widths = {
        Target.PROGRAM: descriptor_layout(params.accelerator).size,
        Target.WEIGHTS: mvu.simd,
        Target.THRESHOLDS: limit_layout(mvu).size,
        Target.PIXELS: 8 if params.accelerator.pixel_bits <= 8 else 16,
        Target.APPEND: 16 * max(1, prototypes.class_components - 1),
        Target.LEARN: prototypes.lanes,
        Target.CLASS_THRESHOLDS: 16,
        Target.SEEDS: SEED_WIDTH,
        Target.ROWS: prototypes.row_width,
    }
    if params.counter:
        widths |= {Target.COUNT: prototypes.lanes, Target.COMMAND: Shape.cast(Operation).width}
    if params.classifier:
        widths |= {Target.TABLE: 2 * params.table_width}
    if params.head:
        widths |= {
            Target.HEAD_COMMAND: Shape.cast(HeadOperation).width,
            Target.HEAD_ROWS: prototypes.lanes * int(params.head.backward_width),
            Target.HEAD_EXEMPLAR: prototypes.lanes,
        }
    if params.hidden:
        widths |= {Target.HIDDEN_ROWS: prototypes.lanes * (params.latent_width or 1)}
    if params.factors:
        widths |= {Target.BASIS: prototypes.lanes * params.factors.loading_width}
    return widths


def unit_layout(params: ChipParams) -> StructLayout:
    """Return the layout of a unit: fields of its packet's header, marks, and its data."""
    return StructLayout({
        "target": Target, "index": LABEL_WIDTH, "address": 24, "first": 1, "last": 1,
        "data": max(unit_widths(params).values()),
    })  # fmt: skip


def units_of(header: View, params: ChipParams) -> Value:
    """Return the number of units that follow a header."""
    beats, factors = params.sampler.prototypes.beats, params.factors
    exemplars = (Target.LEARN, Target.COUNT, Target.HEAD_EXEMPLAR)
    exemplar = Cat(header.target == target for target in exemplars).any()
    units = Mux(exemplar, beats, header.count)
    if factors:
        units = Mux(header.target == Target.BASIS, beats * factors.rank, units)
    rows = header.index[:COUNT_WIDTH] * beats  # by a constant
    return Mux(header.target == Target.APPEND, 1 + rows, units)


def is_legal(header: View, params: ChipParams) -> Value:
    """Return whether a header's target exists, with its rows, neuron, class and streams."""
    latent, machine = params.latent, params.accelerator
    slots, classifier, head = params.slots, params.classifier, params.head
    depths = {
        Target.PROGRAM: machine.program_depth,
        Target.WEIGHTS: machine.mvu.weight_depth,
        Target.THRESHOLDS: machine.mvu.tile_depth,
        Target.CLASS_THRESHOLDS: latent.classes,
        Target.SEEDS: CHIP_STREAMS,
        **({Target.TABLE: classifier.table_rows} if classifier else {}),
        **({Target.HEAD_ROWS: head.rows} if head else {}),
    }
    indices = {
        Target.WEIGHTS: machine.neurons, Target.THRESHOLDS: machine.neurons,
        Target.LEARN: latent.classes, Target.HEAD_EXEMPLAR: latent.classes,
    }  # fmt: skip
    if slots:
        indices |= {Target.COUNT: slots, Target.COMMAND: slots}
    target, address = header.target, header.address
    picture, named = picture_address_layout()(address), class_address_layout()(address)
    neuron = hidden_address_layout()(address)
    known = Cat(target == key for key in unit_widths(params) if key not in INTERNAL).any()
    no_class = named.label >= latent.classes
    wrong = [
        ~known,
        *((target == key) & (address + header.count > depth) for key, depth in depths.items()),
        *((target == key) & (header.index >= limit) for key, limit in indices.items()),
        (target == Target.PIXELS)
        & (picture.learn | picture.train)
        & (header.index >= latent.classes),
        (target == Target.PIXELS) & picture.train & (head is None),
        (target == Target.PIXELS) & picture.count & (picture.slot >= slots),
        (target == Target.APPEND) & header.index[COUNT_WIDTH:].any(),
        (target == Target.APPEND) & named.numbered & (no_class | (not params.shared)),
        (target == Target.COMMAND) & no_class,
        (target == Target.BASIS) & (address >= EXPONENTS),
    ]
    if head and head.hidden:
        beats = head.without_hidden.beats
        last = head.hidden * beats - beats  # the row at which the last neuron begins
        strange = Mux(neuron.hidden, neuron.row > last, neuron.row != 0)
        wrong.append((target == Target.HEAD_EXEMPLAR) & strange)
    return ~Cat(wrong).any()
