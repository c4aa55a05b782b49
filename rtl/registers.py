# SPDX-License-Identifier: MIT
"""The chip's registers: one table, and a page that is generated from it."""

from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["ADDRESS_WIDTH", "EVENTS", "REGISTERS", "Field", "Register", "markdown"]

ADDRESS_WIDTH = 12  # bits of a byte address: the chip takes a window of 4 KiB

ACCESSES = {
    "ro": "read only",
    "rw": "read and write",
    "w1c": "set by the chip, cleared by writing 1",
    "w1s": "writing 1 starts something; reads 0",
}


@dataclass(frozen=True, kw_only=True)
class Field:
    """Some bits of a register.

    Attributes
    ----------
    name : str
    access : {"ro", "rw", "w1c", "w1s"}
    low, width : int
        Lowest bit and number of bits.
    reset : int
        Value after a reset. A constant field always has it.
    constant : bool
        Whether the value never changes. The field then has no port.
    text : str
        Description.
    """

    name: str
    access: str
    text: str
    low: int = 0
    width: int = 32
    reset: int = 0
    constant: bool = False

    @property
    def bits(self) -> str:
        """Bit range in the form of datasheets, ``high:low``."""
        high = self.low + self.width - 1
        return str(high) if self.width == 1 else f"{high}:{self.low}"

    @property
    def mask(self) -> int:
        """Mask with ones at the bits of the field."""
        return ((1 << self.width) - 1) << self.low


@dataclass(frozen=True, kw_only=True)
class Register:
    """A 32-bit register: its byte `offset`, and its fields, the lowest first."""

    name: str
    offset: int
    text: str
    fields: tuple[Field, ...]

    @property
    def writable(self) -> bool:
        """Whether a write is accepted, that is, whether some field is not read-only."""
        return any(field.access != "ro" for field in self.fields)

    def port(self, field: Field) -> str:
        """Return the name of the register file's port for `field`."""
        return self.name if len(self.fields) == 1 else f"{self.name}_{field.name}"


def _whole(
    name: str,
    offset: int,
    text: str,
    access: str = "ro",
    reset: int = 0,
    constant: bool = False,
) -> Register:
    """Return a register of one field."""
    field = Field(name="value", access=access, text=text, reset=reset, constant=constant)
    return Register(name=name, offset=offset, text=text, fields=(field,))


def _halves(name: str, offset: int, text: str, low: str, high: str) -> Register:
    """Return a read-only register of two fields of 16 bits, each ``name: text``."""
    named = [half.split(": ", 1) for half in (low, high)]
    fields = tuple(
        Field(name=key, access="ro", low=16 * i, width=16, text=value)
        for i, (key, value) in enumerate(named)
    )
    return Register(name=name, offset=offset, text=text, fields=fields)


def _events(name: str, offset: int, text: str, access: str) -> Register:
    """Return a register with a bit for each event that can interrupt."""
    fields = tuple(
        Field(name=key, access=access, low=i, width=1, text=value)
        for i, (key, value) in enumerate(EVENTS.items())
    )
    return Register(name=name, offset=offset, text=text, fields=fields)


#: Events that can interrupt, the lowest bit first.
EVENTS = {
    "error": "A flag of `errors` was set",
    "waiting": "A word waited at `m_axis` to be taken",
    "sent": "A packet left `m_axis`",
    "picture": "`pictures` has counted",
    "learned": "`learned` has counted",
    "drawn": "`draw_left` has come to 0",
    "appended": "`n_classes` has counted",
    "counted": "`counted` has counted",
    "closed": "`status.closing` has come to 0",
    "batch": "`batches` has counted",
}

REGISTERS = (
    _whole("id", 0x00, "`engr` in ASCII, first letter highest", reset=0x656E6772, constant=True),
    Register(
        name="version",
        offset=0x04,
        text="Version of this register map; a new major version breaks drivers",
        fields=(
            Field(
                name="minor",
                access="ro",
                width=16,
                reset=2,
                constant=True,
                text="Minor version",
            ),
            Field(
                name="major",
                access="ro",
                low=16,
                width=16,
                reset=2,
                constant=True,
                text="Major version",
            ),
        ),
    ),
    Register(
        name="control",
        offset=0x08,
        text="Commands",
        fields=(
            Field(
                name="soft_reset",
                access="w1s",
                width=1,
                text="Stop everything, empty class table, latent buffer and basis, restart all "
                "random streams, clear flags and counters of the blocks; settings stay",
            ),
            Field(
                name="draw",
                access="w1s",
                low=1,
                width=1,
                text="Start `draw_count` requests; while some are left it is ignored and "
                "`errors.draw` set",
            ),
        ),
    ),
    Register(
        name="status",
        offset=0x0C,
        text="What the chip does",
        fields=(
            Field(name="busy", access="ro", width=1, text="A picture is in the network"),
            Field(name="drawing", access="ro", low=1, width=1, text="Requests are left"),
            Field(name="receiving", access="ro", low=2, width=1, text="A packet is taken"),
            Field(name="closing", access="ro", low=3, width=1, text="A close is under way"),
            Field(
                name="answering",
                access="ro",
                low=4,
                width=1,
                text="A picture is classified by prototypes",
            ),
            Field(
                name="training",
                access="ro",
                low=5,
                width=1,
                text="A command to the head that learns is under way",
            ),
            Field(name="basis", access="ro", low=6, width=1, text="The sampler has a basis"),
        ),
    ),
    Register(
        name="errors",
        offset=0x10,
        text="What went wrong since it was cleared; the read-only flags stay until a soft reset",
        fields=(
            Field(
                name="packet",
                access="w1c",
                width=1,
                text="A packet was shorter or longer than its header said, or was dropped whole: "
                "its target is unknown, its rows, neuron, class, slot or streams are not there, or "
                "K is above 255; or `tkeep` left out a byte of its header or of a unit",
            ),
            Field(name="draw", access="w1c", low=1, width=1, text="A start was ignored"),
            Field(
                name="overflow",
                access="ro",
                low=8,
                width=1,
                text="A class did not fit the prototype memory, or in the place of the one to be "
                "replaced or removed, and was refused",
            ),
            Field(
                name="unknown",
                access="ro",
                low=9,
                width=1,
                text="A class that is not in the table, or was removed, was requested of the "
                "sampler",
            ),
            Field(
                name="refused",
                access="ro",
                low=10,
                width=1,
                text="An empty or unknown class was named to the latent buffer",
            ),
            Field(
                name="full",
                access="ro",
                low=11,
                width=1,
                text="An exemplar was dropped because its slot has counted 65535",
            ),
            Field(
                name="empty",
                access="ro",
                low=12,
                width=1,
                text="A slot without exemplars was to be closed",
            ),
            Field(
                name="closed",
                access="ro",
                low=13,
                width=1,
                text="An exemplar or a close named a slot that is not open, or a reopen one that "
                "never was",
            ),
            Field(
                name="nameless",
                access="ro",
                low=14,
                width=1,
                text="A picture was to be classified by prototypes while no class was there",
            ),
            Field(
                name="stranger",
                access="ro",
                low=15,
                width=1,
                text="An exemplar was left out of a batch, because its class is not one of those "
                "that the command named",
            ),
            Field(
                name="command",
                access="ro",
                low=16,
                width=1,
                text="A command to the head that learns was refused, or rows or an exemplar came "
                "to it that no command had room for",
            ),
            Field(
                name="basis",
                access="ro",
                low=17,
                width=1,
                text="A basis had a loading or a sum out of bounds and was refused",
            ),
        ),
    ),
    Register(
        name="output",
        offset=0x14,
        text="What pictures send out",
        fields=(
            Field(name="class", access="rw", width=1, reset=1, text="A packet with the class"),
            Field(
                name="logits",
                access="rw",
                low=1,
                width=1,
                text="The packet with the class holds all logits",
            ),
            Field(name="features", access="rw", low=2, width=1, text="A packet of the features"),
            Field(
                name="answer",
                access="rw",
                low=3,
                width=1,
                text="A packet with the class by prototypes and its cost",
            ),
        ),
    ),
    Register(
        name="draw_source",
        offset=0x18,
        text="Where exemplars are drawn from",
        fields=(
            Field(
                name="source",
                access="rw",
                width=2,
                text="0 the sampler, of class `label`; 1 the sampler, classes by its selector; "
                "2 the latent buffer, of class `label`; 3 nowhere",
            ),
            Field(name="label", access="rw", low=16, width=12, text="Class"),
        ),
    ),
    _whole("draw_count", 0x1C, "Requests that `control.draw` starts", "rw", reset=1),
    _whole("draw_left", 0x20, "Requests not yet made"),
    _whole("classes_seen", 0x24, "Classes `0..n-1` among which the network decides", "rw", reset=1),
    _whole("n_classes", 0x28, "Classes in the table of the sampler, with those removed"),
    _whole("n_components", 0x2C, "Components in the prototype memory"),
    _events("irq_enable", 0x30, "Events that pull `irq` while they are pending", "rw"),
    _events("irq_pending", 0x34, "Events since they were cleared", "w1c"),
    _whole("factor_reads", 0x3C, "Words of random bits used by the factors"),
    _whole("pictures", 0x40, "Pictures classified"),
    _whole("exemplars", 0x44, "Pseudo-exemplars sent"),
    _whole("learned", 0x48, "Exemplars given to the latent buffer"),
    _whole("recalled", 0x4C, "Latent exemplars sent"),
    _whole("row_reads", 0x50, "Rows of the prototype memory read"),
    _whole("plane_reads", 0x54, "Words of random bits used by the comparators"),
    _whole("output_stalls", 0x58, "Cycles in which the output waited to be taken"),
    _whole("head_writes", 0x5C, "Rows of the head's weights written, also to clear them"),
    _whole("counted", 0x60, "Exemplars given to the class counter"),
    _whole("count_reads", 0x64, "Rows of counts read"),
    _whole("answers", 0x68, "Pictures classified by prototypes"),
    _whole("answer_reads", 0x6C, "Rows of the prototype memory read to classify them"),
    _whole("trained", 0x70, "Exemplars given to the head that learns, drawn ones included"),
    _whole("batches", 0x74, "Batches that the head has learned"),
    _whole("hits", 0x78, "Exemplars of these whose class had the largest sum"),
    _whole("head_reads", 0x7C, "Rows of the head's weights read"),
    _halves(
        "shape",
        0x80,
        "Vectors",
        "features: D, bits of an embedding",
        "lanes: L, bits of a beat",
    ),
    _halves(
        "codes",
        0x84,
        "Codes and draws",
        "width: q, bits of a code",
        "draws: M, exemplars a request",
    ),
    _halves(
        "modes",
        0x88,
        "How the sampler works",
        "serial: 0 all planes in a cycle, 1 one plane a cycle",
        "selection: 0 round robin, 1 uniform, 2 weighted",
    ),
    _halves(
        "table",
        0x8C,
        "Class table",
        "classes: entries",
        "class_components: largest number of components of a class",
    ),
    _whole("components", 0x90, "Components the prototype memory holds"),
    _halves(
        "latent",
        0x94,
        "Latent buffer",
        "exemplars: slots of a class",
        "classes: classes",
    ),
    _halves("mvu", 0x98, "Matrix-vector unit", "pe: neurons at once", "simd: inputs at once"),
    _halves(
        "network",
        0x9C,
        "Network",
        "pixel_bits: b, bits of a pixel",
        "classes: largest number of classes of a head",
    ),
    _whole("channels", 0xA0, "Largest number of channels of a map"),
    _whole("weight_depth", 0xA4, "Rows of the weight memory"),
    _whole("tile_depth", 0xA8, "Rows of the threshold memory"),
    _whole("map_depth", 0xAC, "Words of each feature memory"),
    _whole("program_depth", 0xB0, "Layers a program holds"),
    _halves(
        "learner",
        0xB4,
        "Blocks that learn and name classes; 0 where there is none",
        "slots: S, classes that are counted at a time",
        "table_width: t, bits of a base and of a weight",
    ),
    _halves(
        "head",
        0xB8,
        "Head that learns; 0 where there is none",
        "width: q_b, bits of a weight",
        "batch: most exemplars of a command",
    ),
    _halves(
        "factors",
        0xBC,
        "Factors of the sampler; 0 where its bits are independent",
        "rank: R, factors of an exemplar",
        "loading_width: q_a, bits of a loading",
    ),
)


def markdown() -> str:
    """Return the register map as a page of Markdown."""
    return "\n".join([
        "# Registers",
        "",
        "Made from `rtl/registers.py`. Offsets are in bytes; every register has 32 bits, bits that",
        "are not listed read 0, and what is written to them is ignored. Access: "
        + "; ".join(f"`{key}` {text}" for key, text in ACCESSES.items())
        + ".",
        "",
        "| offset | register | bits | field | access | reset | meaning |",
        "|---|---|---|---|---|---|---|",
        *_rows(),
        "",
    ])  # fmt: skip


def _rows() -> Iterator[str]:
    for register in REGISTERS:
        head = f"| {register.offset:#05x} | `{register.name}` "
        if len(register.fields) > 1:
            yield f"{head}| | | | | {register.text} |"
            head = "| | "
        for field in register.fields:
            reset = f"{field.reset:#x}" if field.access != "ro" or field.constant else ""
            cells = [field.bits, f"`{field.name}`", f"`{field.access}`", reset, field.text]
            yield f"{head}| {' | '.join(cells)} |"
