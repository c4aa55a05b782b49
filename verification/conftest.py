# SPDX-License-Identifier: MIT
"""Options and settings that every test shares."""

import gc
import sys
from collections.abc import Callable, Iterator
from functools import cache
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

#: Folders and modules of tests that `make quick` leaves out: large blocks, proofs, long training,
#: browsers, databases, wheels, many starts of the command line, and processes that are killed. Of
#: a bench under several pauses `make quick` keeps the first.
THOROUGH = (
    "golden/test_correlated_chances.py",
    "golden/test_kernels_sampler.py",
    "proofs",
    "rtl/driver/test_driver.py",
    "rtl/driver/test_scrub.py",
    "rtl/driver/test_watch.py",
    "rtl/test_chip.py",
    "rtl/test_core.py",
    "rtl/test_core_draws.py",
    "rtl/test_correlated.py",
    "rtl/test_counts_class_counter.py",
    "rtl/test_counts_correlated.py",
    "rtl/test_counts_latent_buffer.py",
    "rtl/test_counts_learner.py",
    "rtl/test_counts_network.py",
    "rtl/test_counts_online_mixture.py",
    "rtl/test_counts_prototype_classifier.py",
    "rtl/test_counts_sampler.py",
    "rtl/test_counts_trainer.py",
    "rtl/test_coverage.py",
    "rtl/test_emit.py",
    "rtl/test_failing_network.py",
    "rtl/test_failing_reads.py",
    "rtl/test_foreign.py",
    "rtl/test_life.py",
    "rtl/test_life_resets.py",
    "rtl/test_network.py",
    "rtl/test_online_mixture.py",
    "rtl/test_sampler.py",
    "rtl/test_toggles.py",
    "rtl/test_trainer.py",
    "sim/cli/test_output.py",
    "sim/cli/test_paths.py",
    "sim/cli/test_surroundings.py",
    "sim/commands/cluster",
    "sim/commands/test_compare.py",
    "sim/commands/test_cost.py",
    "sim/commands/test_explore.py",
    "sim/commands/test_kill.py",
    "sim/commands/test_native.py",
    "sim/commands/test_own_features.py",
    "sim/commands/test_own_images.py",
    "sim/commands/test_plot.py",
    "sim/commands/test_pretrain.py",
    "sim/commands/test_rtl.py",
    "sim/commands/test_run.py",
    "sim/commands/test_tuned.py",
    "sim/cost/report/test_gate_level.py",
    "sim/data/test_seen_classes.py",
    "sim/exchange/test_hardware.py",
    "sim/explore/designs",
    "sim/explore/page",
    "sim/explore/search",
    "sim/explore/storage",
    "sim/hardware",
    "sim/images",
    "sim/learn/test_decoder.py",
    "sim/study/test_cached_runs.py",
    "sim/study/test_conformance.py",
    "sim/study/test_study.py",
    "test_activity.py",
    "test_contributing.py",
    "test_foreign.py",
    "test_own_data.py",
    "test_packaging.py",
    "test_plugins.py",
    "test_tutorials.py",
)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Collect the tests without a search for circles of garbage, and never search among them.

    Every search goes through all that is there, and by the end of the collection that is most of
    what there will ever be.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as thorough what lies there, what runs a model in Verilog, and all pauses but one."""
    here = Path(__file__).parent
    absent = [name for name in THOROUGH if not (here / name).exists()]
    if absent:
        raise pytest.UsageError(f"THOROUGH of verification/conftest.py names {absent[0]}, now gone")
    thorough = {here / name for name in THOROUGH}

    @cache  # a file has many tests
    def inside(path: Path) -> bool:
        return not thorough.isdisjoint((path, *path.parents))

    benches: set[Any] = set()
    for item in items:
        in_verilog = "simulator" in getattr(item, "fixturenames", ())
        if inside(item.path) or in_verilog or _differs_in_pauses(item, benches):
            item.add_marker(pytest.mark.thorough)


def _differs_in_pauses(item: pytest.Item, benches: set[Any]) -> bool:
    """Return whether a test is one of `benches` under other pauses; if not, it becomes one."""
    params = getattr(getattr(item, "callspec", None), "params", {})
    if "pauses" not in params:
        return False
    others = sorted((name, repr(value)) for name, value in params.items() if name != "pauses")
    bench = (item.path, getattr(item, "originalname", item.name), *others)
    if bench in benches:
        return True
    benches.add(bench)
    return False


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
