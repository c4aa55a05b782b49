# SPDX-License-Identifier: MIT
"""Options and settings that every test shares."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from sim.cli import main
from sim.data import datasets
from sim.data.datasets import ImageSet
from sim.work.errors import UserError
from sim.work.files import write_whole
from verification.rtl import coverage

# The same examples on every machine, and no deadline on a busy one.
settings.register_profile("ci", derandomize=True, deadline=None)
settings.load_profile("ci")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--data-dir",
        type=Path,
        default=None,
        help="folder of the MNIST and CIFAR archives; tests on real data skip without it",
    )
    parser.addoption(
        "--liberty",
        type=Path,
        default=None,
        help="Liberty file sg13g2_stdcell_typ_1p20V_25C.lib, plain or gzip, of the IHP Open PDK; "
        "the test that the shipped figures come from it skips without it",
    )
    parser.addoption(
        "--seeds",
        type=int,
        default=0,
        help="with -m slow: run the random benches of the RTL again, with so many other seeds",
    )
    parser.addoption(
        "--bench-report",
        type=Path,
        default=None,
        help="file for what the RTL benches tried and met, in Markdown",
    )


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand what the benches of a process of pytest-xdist met to the process that reports."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["benches"] = coverage.LINES


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    coverage.LINES.extend((getattr(node, "workeroutput", None) or {}).get("benches", []))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say what the benches of the RTL met, and write it where the command line wants it."""
    if not coverage.LINES:
        return
    text = coverage.summary(coverage.LINES)
    target = config.getoption("--bench-report")
    terminalreporter.section("RTL benches")
    terminalreporter.write_line(text.rstrip().rsplit("\n", 1)[-1])
    if target is not None:
        write_whole(target, text)
        terminalreporter.write_line(f"{target}: what they tried")


@pytest.fixture
def load_real(request: pytest.FixtureRequest) -> Callable[[str], ImageSet]:
    """Loader of real data sets by name; one that is absent skips the test and says why."""

    def load(name: str) -> ImageSet:
        folder = request.config.getoption("--data-dir")
        if folder is None:
            pytest.skip(f"{name} is absent: give the folder of its archive with --data-dir")
        try:
            return datasets.load(name, folder)
        except UserError as error:
            if "published at" in str(error):
                pytest.skip(str(error))
            raise

    return load


@pytest.fixture
def engram(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Run the command line in this process; return exit status, output and error output."""

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["engram", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "300")
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return call
