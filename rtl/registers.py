# SPDX-License-Identifier: MIT
"""The chip's registers: one table, and a page that is generated from it."""

from collections.abc import Iterator

from golden.params import ChipParams, WatchParams
from rtl.register_fields import ACCESSES, Field, Register, bit, constant, whole
from rtl.size_registers import HIDDEN_REGISTERS, SIZE_REGISTERS
from rtl.watch_registers import SCRUB_REGISTERS, SECDED_REGISTERS, SELF_TEST_REGISTERS

__all__ = [
    "ADDRESS_WIDTH", "ALL_REGISTERS", "EVENTS", "REGISTERS", "Field", "Register", "chip_registers",
    "markdown", "registers_of",
]  # fmt: skip

ADDRESS_WIDTH = 12  # bits of a byte address: the chip takes a window of 4 KiB


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

#: Registers of every chip.
REGISTERS = (
    whole("id", 0x00, "`engr` in ASCII, first letter highest", reset=0x656E6772, constant=True),
    Register(
        name="version",
        offset=0x04,
        text="Version of this register map; a new major version breaks drivers",
        fields=(
            constant("minor", 0, 7, "Minor version"),
            constant("major", 16, 2, "Major version"),
        ),
    ),
    Register(
        name="control",
        offset=0x08,
        text="Commands",
        fields=(
            bit(
                "soft_reset",
                0,
                "Stop everything, empty the class table and the latent buffer, drop the basis, "
                "clear the rows of the head, restart all random streams, clear flags and counters "
                "of the blocks; settings stay",
                access="w1s",
            ),
            bit(
                "draw",
                1,
                "Start `draw_count` requests; while some are left, or the head draws, it is "
                "ignored and `errors.draw` set",
                access="w1s",
            ),
        ),
    ),
    Register(
        name="status",
        offset=0x0C,
        text="What the chip does",
        fields=(
            bit("busy", 0, "A picture is in the network"),
            bit("drawing", 1, "Requests are left"),
            bit("receiving", 2, "A packet is taken"),
            bit("closing", 3, "A close is under way"),
            bit("answering", 4, "A picture is classified by prototypes"),
            bit("training", 5, "A command to the head that learns is under way"),
            bit("basis", 6, "The sampler has a basis"),
        ),
    ),
    Register(
        name="errors",
        offset=0x10,
        text="What went wrong since it was cleared; the read-only flags stay until a soft reset",
        fields=(
            bit(
                "packet",
                0,
                "A packet was shorter or longer than its header said, or was dropped whole: "
                "its target is unknown, its rows, neuron, class, slot, streams or exponent are not "
                "there, or K is above 255; or `tkeep` left out a byte of its header or of a unit",
                access="w1c",
            ),
            bit("draw", 1, "A start was ignored", access="w1c"),
            bit(
                "overflow",
                8,
                "A class did not fit the prototype memory, or in the place of the one to be "
                "replaced or removed, and was refused",
            ),
            bit(
                "unknown",
                9,
                "A class that is not in the table, or was removed, was requested of the sampler",
            ),
            bit("refused", 10, "An empty or unknown class was named to the latent buffer"),
            bit(
                "full",
                11,
                "An exemplar was dropped because its slot, or the winner in it, has counted 65535",
            ),
            bit("empty", 12, "A slot without exemplars was to be closed"),
            bit(
                "closed",
                13,
                "An exemplar or a close named a slot that is not open, or a reopen one that "
                "never was",
            ),
            bit(
                "nameless",
                14,
                "A picture was to be classified by prototypes while no class was there",
            ),
            bit(
                "stranger",
                15,
                "An exemplar was left out of a batch, because its class is not one of those "
                "that the command named",
            ),
            bit(
                "command",
                16,
                "A command to the head that learns was refused, or rows or an exemplar came "
                "to it that no command had room for",
            ),
            bit("basis", 17, "A basis had a loading or a sum out of bounds and was refused"),
        ),
    ),
    Register(
        name="output",
        offset=0x14,
        text="What pictures send out",
        fields=(
            bit("class", 0, "A packet with the class", access="rw", reset=1),
            bit("logits", 1, "The packet with the class holds all logits", access="rw"),
            bit("features", 2, "A packet of the features", access="rw"),
            bit("answer", 3, "A packet with the class by prototypes and its cost", access="rw"),
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
    whole("draw_count", 0x1C, "Requests that `control.draw` starts", "rw", reset=1),
    whole("draw_left", 0x20, "Requests not yet made"),
    whole("classes_seen", 0x24, "Classes `0..n-1` among which the network decides", "rw", reset=1),
    whole("n_classes", 0x28, "Classes in the table of the sampler, with those removed"),
    whole("n_components", 0x2C, "Components in the prototype memory"),
    _events("irq_enable", 0x30, "Events that pull `irq` while they are pending", "rw"),
    _events("irq_pending", 0x34, "Events since they were cleared", "w1c"),
    whole("factor_reads", 0x3C, "Words of random bits used by the factors"),
    whole("pictures", 0x40, "Pictures classified"),
    whole("exemplars", 0x44, "Pseudo-exemplars sent"),
    whole("learned", 0x48, "Exemplars given to the latent buffer"),
    whole("recalled", 0x4C, "Latent exemplars sent"),
    whole("row_reads", 0x50, "Rows of the prototype memory read"),
    whole("plane_reads", 0x54, "Words of random bits used by the comparators"),
    whole("output_stalls", 0x58, "Cycles in which the output waited to be taken"),
    whole("head_writes", 0x5C, "Rows of the head's classifier written, also to clear them"),
    whole("counted", 0x60, "Exemplars given to be counted in a slot, dropped ones included"),
    whole("count_reads", 0x64, "Rows of counts read"),
    whole("answers", 0x68, "Pictures classified by prototypes"),
    whole("answer_reads", 0x6C, "Rows of the prototype memory read to classify them"),
    whole("trained", 0x70, "Exemplars given to the head that learns, drawn ones included"),
    whole("batches", 0x74, "Batches that the head has learned"),
    whole("hits", 0x78, "Exemplars of these whose class had the largest sum"),
    whole("head_reads", 0x7C, "Rows of the head's classifier read; none of a hidden layer"),
    *SIZE_REGISTERS,
)


#: Registers that some chip has, the lowest offset first.
ALL_REGISTERS = tuple(sorted(
    (*REGISTERS, *SELF_TEST_REGISTERS, *SECDED_REGISTERS, *SCRUB_REGISTERS, *HIDDEN_REGISTERS),
    key=lambda register: register.offset,
))  # fmt: skip


def registers_of(watch: WatchParams, *, hidden: bool = False) -> tuple[Register, ...]:
    """Return the registers of a chip that is watched so; its head may have a hidden layer."""
    tested = SELF_TEST_REGISTERS if watch.self_test else ()
    counted = SECDED_REGISTERS if watch.secded else ()
    scrubbed = SCRUB_REGISTERS if watch.scrub else ()
    return (*REGISTERS, *tested, *counted, *scrubbed, *(HIDDEN_REGISTERS if hidden else ()))


def chip_registers(params: ChipParams) -> tuple[Register, ...]:
    """Return the registers of a chip, the lowest offset first."""
    own = registers_of(params.watch, hidden=params.hidden > 0)
    return tuple(sorted(own, key=lambda register: register.offset))


def markdown() -> str:
    """Return the register map as a page of Markdown."""
    return "\n".join([
        "# Registers",
        "",
        "Made from `rtl/registers.py`. Offsets are in bytes; every register has 32 bits, bits that",
        "are not listed read 0, and what is written to them is ignored. Access: "
        + "; ".join(f"`{key}` {text}" for key, text in ACCESSES.items())
        + ". A chip without a register answers as at any other offset that has none.",
        "",
        "| offset | register | bits | field | access | reset | meaning |",
        "|---|---|---|---|---|---|---|",
        *_rows(),
        "",
    ])  # fmt: skip


def _rows() -> Iterator[str]:
    for register in ALL_REGISTERS:
        head = f"| {register.offset:#05x} | `{register.name}` "
        if len(register.fields) > 1:
            yield f"{head}| | | | | {register.text} |"
            head = "| | "
        for field in register.fields:
            reset = f"{field.reset:#x}" if field.access != "ro" or field.constant else ""
            cells = [field.bits, f"`{field.name}`", f"`{field.access}`", reset, field.text]
            yield f"{head}| {' | '.join(cells)} |"
