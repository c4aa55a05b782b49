# SPDX-License-Identifier: MIT
"""Standard output that cannot be written, or that nobody reads to its end."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
START = [sys.executable, "-c", "from sim.cli import main; main()"]
COMMANDS = [["--version"], ["run", "--help"], ["cost"], ["cost", "--format", "csv"]]

FULL = Path("/dev/full")


def environment(unbuffered: str = "") -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": unbuffered}


@pytest.mark.skipif(not FULL.exists(), reason="the system has no /dev/full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_full_disk_under_the_standard_output_is_told(
    tmp_path: Path, arguments: list[str], unbuffered: str
) -> None:
    with FULL.open("wb", buffering=0) as full:
        done = subprocess.run(
            [*START, *arguments], cwd=tmp_path, env=environment(unbuffered), stdout=full,
            stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.stderr == "engram: Standard output cannot be written: the disk is full\n"
    assert done.returncode == 2


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_reader_that_has_gone_is_told(tmp_path: Path, arguments: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [*START, *arguments], cwd=tmp_path, env=environment(), stdout=writer,
        stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    os.close(writer)
    assert done.stderr == "engram: Standard output cannot be written: its reader has ended\n"
    assert done.returncode == 2


@pytest.mark.skipif(not FULL.exists(), reason="the system has no /dev/full")
@pytest.mark.slow
def test_files_are_whole_although_nothing_can_be_printed(tmp_path: Path) -> None:
    for name, output in (("full", FULL), ("plain", Path(os.devnull))):
        (tmp_path / name).mkdir()
        with output.open("wb", buffering=0) as stdout:
            subprocess.run(
                [*START, "cost", "--out", "cost"], cwd=tmp_path / name, env=environment(),
                stdout=stdout, stderr=subprocess.PIPE, check=False,
            )  # fmt: skip
    full, plain = (
        {path.name: path.read_bytes() for path in (tmp_path / name / "cost").iterdir()}
        for name in ("full", "plain")
    )
    assert full == plain


@pytest.mark.skipif(not FULL.exists(), reason="the system has no /dev/full")
def test_a_mistake_keeps_its_status_where_no_output_can_be_written(tmp_path: Path) -> None:
    with FULL.open("wb", buffering=0) as full:
        done = subprocess.run(
            [*START, "cost", "absent.yaml"], cwd=tmp_path, env=environment(), stdout=full,
            stderr=full, check=False,
        )  # fmt: skip
    assert done.returncode == 2


def test_a_closed_output_is_no_fault(tmp_path: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *START, "cost", "--out", "cost"], cwd=tmp_path,
        env=environment(), stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "cost" / "report.md").exists()
