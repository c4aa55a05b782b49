# SPDX-License-Identifier: MIT
"""Two commands with one output: the second is refused, and its message names the first."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sim.cli import app
from verification.sim.small_study import write_config

Engram = Callable[..., tuple[int, str, str]]

# The arguments of each command beside --out. It is refused before it reads what they name.
WRITERS = {
    "run": ("digits",),
    "pretrain": ("digits",),
    "native": ("mnist",),
    "resnet": ("cifar100",),
    "binplay": ("mnist",),
    "bank": ("network.bin", "--data", "digits"),
    "samples": ("--data", "digits"),
    "pictures": ("digits",),
    "rtl": ("lfsr", "--size", "tiny"),
    "simulate": (),
    "vectors": ("xnor",),
    "cost": ("digits",),
    "report": ("folder", "--html"),
    "plot": ("folder", "--kind", "bits"),
    "import": ("model.onnx",),
    "export": ("network.bin",),
}
TRAINED = {"pretrain", "native", "resnet", "binplay"}  # they need PyTorch
EXCHANGED = {"import", "export"}  # they need ONNX
# Commands without an output of their own, or one that many processes share.
OTHERS = {"cache", "explore", "schema", "teach"}
HOLD = """\
import sys
from pathlib import Path
from sim.work.lock import sole_writer
with sole_writer(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, int]]:
    """Return an output that another process writes, and the number of that process."""
    out = tmp_path_factory.mktemp("held") / "out"
    holder = [sys.executable, "-c", HOLD, str(out)]
    with subprocess.Popen(holder, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield out, process.pid
        process.communicate()


def test_every_command_is_in_the_table() -> None:
    commands = {command.name for command in app.registered_commands}
    assert commands == set(WRITERS) | OTHERS


@pytest.mark.parametrize("command", WRITERS)
def test_second_command_is_refused(command: str, held: tuple[Path, int], engram: Engram) -> None:
    if command in TRAINED:
        pytest.importorskip("torch", reason="PyTorch (extra `train`) is not installed")
    if command in EXCHANGED:
        pytest.importorskip("qonnx", reason="ONNX (extra `onnx`) is not installed")
    out, pid = held
    status, _, message = engram(command, *WRITERS[command], "--out", out)
    assert status == 2
    assert message.startswith(f"engram: {out} is in use: process {pid} on ")
    assert message.rstrip().endswith("Wait until that one ends, or name another --out")
    assert not out.exists()


@pytest.mark.slow
def test_two_processes_with_one_output_give_one_report_and_one_message(tmp_path: Path) -> None:
    config, out = write_config(tmp_path), tmp_path / "out"
    call = "from sim.cli import main; main()"
    command = [sys.executable, "-c", call, "run", config, "--out", out, "--jobs", 1]
    both = [
        subprocess.Popen(
            list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    said = {process.pid: process.communicate(timeout=300)[1] for process in both}
    refused, done = sorted(both, key=lambda process: -process.returncode)
    assert (refused.returncode, done.returncode) == (2, 0)
    assert f"{out} is in use: process {done.pid} on {os.uname().nodename}" in said[refused.pid]
    assert "Traceback" not in "".join(said.values())
    assert sorted(file.name for file in tmp_path.iterdir()) == ["out", "small.yaml"]
