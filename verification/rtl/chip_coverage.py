# SPDX-License-Identifier: MIT
"""Which situations a run of the chip met, read off its script once every answer was right.

What packets mean is taken from docs/chip.md, not from the hardware.
"""

from collections.abc import Iterator
from typing import Any

from golden.params import ChipParams
from rtl.dispatch import WORD
from rtl.head_command import HeadOperation
from rtl.headers import Target, unit_widths
from rtl.output import Kind
from rtl.registers import REGISTERS
from verification.rtl.chip_script import FIELDS, OFFSETS
from verification.rtl.coverage import cover

__all__ = ["COMPARISONS", "cover_comparisons", "cover_resets", "cover_run", "noted"]

NAMES = (
    "program", "weights", "thresholds", "picture", "append", "learn", "class thresholds", "seeds",
    "", "count", "command", "costs", "head command", "head rows", "head exemplar", "basis",
)  # fmt: skip
STREAMS = 23
#: Counters that show an exemplar that is compared.
COMPARISONS = ("counted", "count_reads")
EXPONENTS = 16
READ_ONLY = {register.offset for register in REGISTERS if not register.writable}

#: Field of `status` that shows an activity.
ACTIVITIES = {
    "load": "receiving", "append": "receiving", "learn": "receiving", "picture": "busy",
    "draw": "drawing", "recall": "drawing", "close": "closing", "answer": "answering",
    "train": "training",
    "basis": "receiving",
}  # fmt: skip


def cover_run(operations: list[list[Any]], chip: ChipParams, result: dict[str, Any]) -> None:
    """Note what a run of a script met that has passed."""
    for operation in operations:
        for situation in _situations(operation, chip):
            cover(f"chip: {situation}")
    cover("chip: out: ended by a soft reset", result["aborted"])
    cover("chip: out: made to wait", noted(result, "output_stalls")[-1])


def cover_resets(operation: str, hard: bool, result: dict[str, Any]) -> None:
    """Note how often `status`, noted just before each reset, showed an operation under way."""
    _, field = FIELDS[f"status_{ACTIVITIES[operation]}"]
    met = sum(value & field.mask > 0 for value in noted(result, "status"))
    cover(f"chip: {'hard' if hard else 'soft'} reset: {operation} under way", met)


def cover_comparisons(chip: ChipParams, hard: bool, result: dict[str, Any]) -> None:
    """Note how often an exemplar was compared with components that compete, before each reset.

    `COMPARISONS` were noted in turn, before a slot was opened and before the reset. In between, the
    last beat of an exemplar had been taken, all before it were counted, and none of its own rows
    was read: no field of `status` shows it.
    """
    beats, values = chip.sampler.prototypes.beats, (noted(result, name) for name in COMPARISONS)
    steps = ([b - a for a, b in zip(v[::2], v[1::2], strict=True)] for v in values)
    met = sum(
        chip.slot_components * beats <= read < taken * beats and read % beats == 0
        for taken, read in zip(*steps, strict=True)
    )
    cover(f"chip: {'hard' if hard else 'soft'} reset: compare under way", met)


def noted(result: dict[str, Any], register: str) -> list[int]:
    """Return the values of a register that a script noted."""
    return [value for offset, value in result["noted"] if offset == OFFSETS[register]]


def _situations(operation: list[Any], chip: ChipParams) -> Iterator[str]:
    match operation:
        case ["send", words]:
            yield from _sent(words, chip)
        case ["expect", kind, packets]:
            name = Kind(kind).name.lower().replace("_", " ")
            yield from [f"out: {name}"] * len(packets)
        case ["read", offset, value] | ["poll", offset, _, value]:
            for port, (place, field) in FIELDS.items():
                if place == offset and value & field.mask:
                    if offset == OFFSETS["errors"]:
                        yield port.replace("errors_", "error: ")
                    if offset == OFFSETS["irq_pending"]:
                        yield port.replace("irq_pending_", "interrupt: ")
        case ["read", _, _, "SLVERR"]:
            yield "SLVERR: no register, read"
        case ["write", offset, _, "SLVERR"]:
            known = offset in READ_ONLY
            yield "SLVERR: " + ("read-only register written" if known else "no register, written")
        case ["write_bytes", _, _, "SLVERR"]:
            yield "SLVERR: some of the bytes written"


def _sent(words: list[int], chip: ChipParams) -> Iterator[str]:
    """Tell what is the matter with a packet, or what it is for."""
    header, *rest = words
    target, index = header & 0xF, header >> 4 & 0xFFF
    address, count = header >> 16 & 0xFFFFFF, header >> 40
    missing = _missing(target, index, address, count, chip)
    if missing:
        yield f"dropped: {missing}"
        return
    ways = address if target == Target.PIXELS else 0
    name = NAMES[target] + " to learn" * (ways & 1) + " to count" * (ways >> 1 & 1)
    if target == Target.HEAD_EXEMPLAR and _hidden_rows(chip) and address >> 23:
        name = "latent neuron of the head" if chip.latent_width else "neuron of the head"
    if target == Target.APPEND and address >> 12 & 1:
        name = "class under its number" if index else "removal"
    yield f"in: {name}"
    if ways >> 2 & 1:
        yield "in: picture to train"
    if target == Target.HEAD_COMMAND and rest:
        if rest[0] % 8 not in set(HeadOperation):
            yield "head: refused"
            return
        operation = HeadOperation(rest[0] % 8)
        yield f"head: {operation.name.lower().replace('_', ' ')}"
        if operation in (HeadOperation.LEARN, HeadOperation.CLASSIFY) and address >> 12:
            yield f"head: {operation.name.lower()} what is drawn"
    neuron = name.endswith("neuron of the head")
    wanted = _words(Target.HIDDEN_ROWS if neuron else target, index, count, chip)
    if len(rest) != wanted:
        yield "words missing" if len(rest) < wanted else "words too many"


def _hidden_rows(chip: ChipParams) -> int:
    """Return the rows of the hidden layer of the head; 0 without one."""
    return chip.hidden * chip.latent.beats


def _missing(target: int, index: int, address: int, count: int, chip: ChipParams) -> str | None:
    """Name what a header speaks of and the chip has not."""
    machine, classes = chip.accelerator, chip.latent.classes
    rows = {
        Target.PROGRAM: machine.program_depth, Target.WEIGHTS: machine.mvu.weight_depth,
        Target.THRESHOLDS: machine.mvu.tile_depth, Target.CLASS_THRESHOLDS: classes,
        Target.TABLE: 2 ** (chip.sampler.prototypes.code_width - 1),
    }  # fmt: skip
    if chip.head is not None:
        rows[Target.HEAD_ROWS] = chip.head.rows
    learns = target in (Target.LEARN, Target.HEAD_EXEMPLAR)
    learns |= target == Target.PIXELS and address & 5 > 0
    if not NAMES[target] or Target(target) not in unit_widths(chip):
        return "unknown target"
    if target == Target.HEAD_EXEMPLAR and _hidden_rows(chip):
        last = _hidden_rows(chip) - chip.latent.beats if address >> 23 else 0
        if address % 2**23 > last:
            return "rows that are not there"
    if target in rows and address + count > rows[Target(target)]:
        return "rows that are not there"
    if target == Target.BASIS and address >= EXPONENTS:
        return "exponent that is not there"
    if target == Target.SEEDS and address + count > STREAMS:
        return "streams that are not there"
    if target in (Target.WEIGHTS, Target.THRESHOLDS) and index >= machine.neurons:
        return "neuron that is not there"
    numbered = target == Target.COMMAND or (target == Target.APPEND and address >> 12 & 1)
    if (learns and index >= classes) or (numbered and address % 2**12 >= classes):
        return "class that is not there"
    if target == Target.PIXELS and address & 4 and chip.head is None:
        return "head that is not there"
    counted = target == Target.PIXELS and address >> 1 & 1
    slot = address >> 12 if counted else index
    if (counted or target in (Target.COUNT, Target.COMMAND)) and slot >= chip.slots:
        return "slot that is not there"
    if target == Target.APPEND and index > 255:
        return "K above 255"
    return None


def _words(target: int, index: int, count: int, chip: ChipParams) -> int:
    """Return the words after the header of a packet."""
    beats, widths = chip.sampler.prototypes.beats, unit_widths(chip)
    unit = -(-widths[Target(target)] // WORD)
    if target == Target.PIXELS:
        return -(-count // (WORD // widths[Target.PIXELS]))
    if target == Target.APPEND:
        return unit + index * beats * -(-widths[Target.ROWS] // WORD)
    if target == Target.BASIS and chip.factors:
        return unit * beats * chip.factors.rank
    exemplars = (Target.LEARN, Target.COUNT, Target.HEAD_EXEMPLAR, Target.HIDDEN_ROWS)
    return unit * (beats if target in exemplars else count)
