# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""Every field of the table, on the bus and on its port."""

import random

import pytest

from golden.params import WatchParams
from rtl.register_file import RegisterFile
from rtl.registers import ADDRESS_WIDTH, ALL_REGISTERS, REGISTERS, Register, registers_of
from verification.rtl.engine import Step
from verification.rtl.simulators import cocotb_simulators, run_cocotb, run_pysim

ONES = 2**32 - 1
#: A chip that has all registers.
ALL = WatchParams(secded=1, self_test=True, scrub=True)
ACCESSED = {
    access: [
        (register, field)
        for register in ALL_REGISTERS
        for field in register.fields
        if field.access == access and not field.constant
    ]
    for access in ("ro", "rw", "w1c", "w1s", "wc")
}


def show(register: Register) -> Step:
    """Point the read address at a register."""
    return Step(pins={"bus__write_en": 0, "bus__read_address": register.offset // 4})


def read(register: Register, expected: int) -> list[Step]:
    return [show(register), Step(reads={"bus__read_data": expected, "bus__read_error": 0})]


def write(word: int, data: int, error: int = 0) -> Step:
    """Write for one cycle."""
    pins = {"bus__write_address": word, "bus__write_data": data, "bus__write_en": 1}
    return Step(pins=pins, reads={"bus__write_error": error}, cycles=RegisterFile.interval)


def case() -> list[Step]:
    rng = random.Random(3)
    steps = [step for r in ALL_REGISTERS for step in read(r, reset_value(r))]
    for register, field in ACCESSED["ro"]:
        level = rng.getrandbits(field.width)
        port = register.port(field)
        steps += [Step(pins={port: level}), *read(register, level << field.low)]
        steps += [Step(pins={port: 0})]
    for register, field in ACCESSED["rw"]:
        level = rng.getrandbits(field.width)
        kept = reset_value(register) & ~field.mask
        steps += [
            write(register.offset // 4, level << field.low | kept),
            Step(pins={"bus__write_en": 0}, reads={register.port(field): level}),
            *read(register, level << field.low | kept),
            write(register.offset // 4, reset_value(register)),
        ]
    for register, field in ACCESSED["w1c"]:
        port = register.port(field)
        steps += [
            Step(pins={port: 1, "bus__write_en": 0}, cycles=1),
            Step(pins={port: 0}),
            *read(register, field.mask),
            write(register.offset // 4, ONES & ~field.mask),
            *read(register, field.mask),
            write(register.offset // 4, field.mask),
            *read(register, 0),
        ]
    for register, field in ACCESSED["w1s"]:
        port = register.port(field)
        steps += [
            write(register.offset // 4, field.mask),
            Step(pins={"bus__write_en": 0}, reads={port: 1}, cycles=1),
            Step(reads={port: 0}),
            write(register.offset // 4, ONES & ~field.mask),
            Step(pins={"bus__write_en": 0}, reads={port: 0}, cycles=1),
            # Settings in the same register have taken the ones.
            *read(register, sum(f.mask for f in register.fields if f.access == "rw")),
            write(register.offset // 4, 0),
        ]
    for register, field in ACCESSED["wc"]:
        port, word = register.port(field), register.offset // 4
        level = rng.getrandbits(field.width)
        steps += [
            Step(pins={port: level, "bus__write_en": 0}),
            *read(register, level << field.low),
            *(Step(pins=write(word, any_).pins, reads={f"{port}_clear": 1}) for any_ in (0, ONES)),
            Step(pins=write(word + 1024 // 4, 0).pins, reads={f"{port}_clear": 0}),
            Step(pins={port: 0, "bus__write_en": 0}, reads={f"{port}_clear": 0}),
        ]
    return steps


def reset_value(register: Register) -> int:
    return sum(field.reset << field.low for field in register.fields)


def test_every_field_does_what_its_access_says() -> None:
    run_pysim(RegisterFile(ALL, hidden=True), case())


@pytest.mark.parametrize("simulator", cocotb_simulators())
def test_every_field_in_verilog(simulator: str) -> None:
    run_cocotb(RegisterFile(ALL, hidden=True), case(), simulator=simulator)


def test_other_addresses_are_errors_and_change_nothing() -> None:
    writable = {r.offset // 4 for r in ALL_REGISTERS if r.writable}
    mapped = {r.offset // 4 for r in ALL_REGISTERS}
    words = range(2 ** (ADDRESS_WIDTH - 2))
    steps = [write(word, ONES, error=1) for word in words if word not in writable]
    steps += [
        Step(pins={"bus__write_en": 0, "bus__read_address": word}, reads={"bus__read_error": 1})
        for word in words
        if word not in mapped
    ]
    ports = {r.port(f): f.reset for r, f in [*ACCESSED["rw"], *ACCESSED["w1s"]]}
    run_pysim(RegisterFile(ALL, hidden=True), [*steps, Step(reads=ports)])


@pytest.mark.parametrize(
    "watch",
    [
        WatchParams(),
        WatchParams(secded=2),
        WatchParams(self_test=True),
        WatchParams(secded=2, scrub=True),
        ALL,
    ],
)
def test_a_chip_has_no_registers_of_what_it_has_not(watch: WatchParams) -> None:
    hidden = watch == ALL
    own = {register.offset // 4 for register in registers_of(watch, hidden=hidden)}
    assert {register.offset // 4 for register in REGISTERS} <= own
    steps = []
    for register in ALL_REGISTERS:
        word = register.offset // 4
        pins = {"bus__read_address": word, "bus__write_address": word}
        errors = {"read": word not in own, "write": word not in own or not register.writable}
        reads = {f"bus__{access}_error": int(error) for access, error in errors.items()}
        steps.append(Step(pins=pins, reads=reads))
    run_pysim(RegisterFile(watch, hidden=hidden), steps)


def test_interrupt_is_an_enabled_event_that_is_pending() -> None:
    enable, pending = (r for r in ALL_REGISTERS if r.name.startswith("irq_"))
    events = {field.name: field.mask for field in pending.fields}
    assert events == {field.name: field.mask for field in enable.fields}
    everything = sum(events.values())
    steps = [Step(reads={"irq": 0})]
    for name, mask in events.items():
        port = f"irq_pending_{name}"
        steps += [
            write(enable.offset // 4, everything & ~mask),
            Step(pins={port: 1, "bus__write_en": 0}, cycles=1),
            Step(pins={port: 0}, reads={"irq": 0}),
            write(enable.offset // 4, mask),
            Step(pins={"bus__write_en": 0}, reads={"irq": 1}),
            write(pending.offset // 4, everything & ~mask),
            Step(pins={"bus__write_en": 0}, reads={"irq": 1}),
            write(pending.offset // 4, mask),
            Step(pins={"bus__write_en": 0}, reads={"irq": 0}),
        ]
    run_pysim(RegisterFile(ALL, hidden=True), steps)


def test_set_beats_clear() -> None:
    for register, field in ACCESSED["w1c"]:
        port = register.port(field)
        clear = write(register.offset // 4, field.mask)
        run_pysim(RegisterFile(ALL, hidden=True), [
            Step(pins={**clear.pins, port: 1}, cycles=1),
            Step(pins={"bus__write_en": 0, port: 0}),
            *read(register, field.mask),
        ])  # fmt: skip


def test_reset_brings_the_reset_values() -> None:
    steps = [write(register.offset // 4, ONES) for register, _ in ACCESSED["rw"]]
    ports = {register.port(field): field.reset for register, field in ACCESSED["rw"]}
    run_pysim(
        RegisterFile(ALL, hidden=True),
        [*steps, Step(reset=True, pins={"bus__write_en": 0}, reads=ports)],
    )


def test_reset_clears_the_flags_and_what_is_about_to_start() -> None:
    steps = []
    for register, field in ACCESSED["w1c"]:
        port = register.port(field)
        steps += [Step(pins={port: 1, "bus__write_en": 0}, cycles=1), Step(pins={port: 0})]
        steps += read(register, field.mask)
        steps += [Step(reset=True), *read(register, 0)]
    for register, field in ACCESSED["w1s"]:
        starting = write(register.offset // 4, field.mask)
        ended = {register.port(field): 0}
        steps += [starting, Step(reset=True, pins={"bus__write_en": 0}, reads=ended, cycles=1)]
    run_pysim(RegisterFile(ALL, hidden=True), steps)
