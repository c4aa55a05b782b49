# SPDX-License-Identifier: MIT
"""Surroundings that commands meet: little memory, a compiler switched off, an unknown backend."""

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer.main

from sim.cli import app
from sim.cli.surroundings import need
from sim.commands.base import Command
from sim.commands.cache import CacheCommand

Engram = Callable[..., tuple[int, str, str]]

ROOT = Path(__file__).parents[3]
COMMANDS = typer.main.get_command(app).commands  # pyright: ignore[reportAttributeAccessIssue]
MEGABYTE = 10**6

#: The least that a command can be asked for.
LEAST = {
    "cache": ["."],
    "cost": [],
    "plot": [str(ROOT / "reports" / "digits"), "--kind", "bits", "--out", "bits.pdf"],
    "report": ["absent"],
    "rtl": ["lfsr", "--size", "tiny"],
    "samples": ["--data", "digits"],
}


def limited(folder: Path, limit: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Give a command under a limit of address space, in bytes."""
    call = (
        f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({limit}, {limit})); "
        "from engram import main; main()"
    )
    return subprocess.run(
        [sys.executable, "-c", call, *arguments], cwd=folder, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("megabytes", [200, 300, 500, 700])
@pytest.mark.parametrize(
    "line", ["--help", "cost", "run digits --jobs 1", "rtl lfsr --size tiny", "explore digits"]
)
def test_a_command_with_little_memory_works_or_says_what_it_needs(
    tmp_path: Path, line: str, megabytes: int
) -> None:
    done = limited(tmp_path, megabytes * MEGABYTE, *line.split())
    name = line.split()[0]
    if name == "--help" or megabytes * MEGABYTE >= need(name):
        assert (done.returncode, done.stderr) == (0, "")
        return
    least = need(name)
    assert done.stderr == (
        f"engram: Not enough memory: engram {name} needs {least // MEGABYTE} MB of address space "
        f"here, and the limit is {megabytes} MB: raise it to ulimit -v {-(-least // 1024)}\n"
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", LEAST)
def test_what_a_command_says_that_it_needs_is_enough(tmp_path: Path, name: str) -> None:
    done = limited(tmp_path, -(-need(name) // 1024) * 1024, name, *LEAST[name])
    if name == "report":
        assert "absent cannot be read: no such file" in done.stderr
    else:
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_knows_what_it_needs(
    engram: Engram, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    assert 100 * MEGABYTE < need(name) < 10**10
    monkeypatch.setattr(resource, "getrlimit", lambda _: (need(name) - 1, need(name) - 1))
    required = {"bank": ["absent"], "cache": ["absent"], "report": ["absent"]}
    required |= {"import": ["absent"], "export": ["absent"]}
    required["plot"] = ["absent", "--kind", "bits", "--out", "a.png"]
    status, out, errors = engram(name, *required.get(name, []))
    assert (status, out) == (2, "")
    assert f"engram: Not enough memory: engram {name} needs " in errors


@pytest.mark.parametrize(("error", "told"), [(MemoryError("1 GB"), ": 1 GB"), (MemoryError(), "")])
def test_memory_that_ends_later_is_told(
    engram: Engram, monkeypatch: pytest.MonkeyPatch, error: MemoryError, told: str
) -> None:
    def execute(command: Command, console: object) -> None:
        raise error

    monkeypatch.setattr(CacheCommand, "execute", execute)
    assert engram("cache", ".") == (2, "", f"engram: Not enough memory{told}\n")


@pytest.mark.parametrize(("value", "status"), [("1", 2), ("yes", 2), ("0", 0), ("", 0)])
def test_a_compiler_that_is_switched_off_is_told(
    engram: Engram, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, value: str, status: int
) -> None:
    monkeypatch.setenv("NUMBA_DISABLE_JIT", value)
    told = "engram: NUMBA_DISABLE_JIT must be 0 or unset: engram has loops that exist only compiled"
    found, _, errors = engram("cache", tmp_path)
    assert (found, errors) == (status, f"{told}\n" if status else "")


def test_a_backend_of_matplotlib_that_is_unknown_is_no_matter(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from engram import main; main()", "cost", "--out", "cost"],
        env={**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "nonsense"},
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
