# SPDX-License-Identifier: MIT
"""Growth of blocks with the array: exponents of known growth, sizes that are refused, files."""

import json
from collections import Counter
from pathlib import Path

import pytest

from rtl.emit import Design
from sim.hardware.gate_cells import FLIPFLOP
from verification.bench.scale import main, measure
from verification.bench.scale_report import Size, growths, report_files


def _machine(pe: int, simd: int) -> Size:
    """Return a machine whose array grows with its synapses, and whose window with their root."""
    gates = {"window": 50 * pe, "mvu": 7 * pe * simd}
    return Size(pe, simd, gates, {"window": 3, "mvu": pe * simd}, 2048 * pe * simd)


def test_exponents_are_those_of_the_growth() -> None:
    found = growths([_machine(n, n) for n in (2, 4, 16)])
    assert list(found) == ["mvu", "window", "all"]
    mvu, window = found["mvu"], found["window"]
    assert (mvu.gates, mvu.flipflops, mvu.steepest) == pytest.approx((1, 1, 1))
    assert (window.gates, window.flipflops, window.steepest) == pytest.approx((0.5, 0, 0.5))


def test_the_steepest_step_shows_growth_behind_a_fixed_part() -> None:
    sizes = [Size(1, n, {"mvu": 1000 + n**2}, {"mvu": 0}, 0) for n in (2, 4, 1024, 2048)]
    found = growths(sizes)["mvu"]
    assert found.gates < 1.5 < found.steepest < 2
    assert found.flipflops is None


def test_the_page_names_a_block_that_grows_faster_than_the_synapses() -> None:
    sizes = [Size(n, n, {"mvu": n**3, "head": n}, {"mvu": 1, "head": 0}, n) for n in (2, 4)]
    page = report_files(sizes, "a command")["report.md"]
    assert isinstance(page, str)
    assert "faster than the synapses of the array: `mvu` (1.500)." in page
    slow = [Size(n, n, {"head": n}, {"head": 0}, n) for n in (2, 4)]
    page = report_files(slow, "a command")["report.md"]
    assert isinstance(page, str)
    assert "No block grows faster" in page


def test_the_command_maps_every_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("verification.bench.scale.measure", _machine)
    given = ["--sizes", "2x3", "4x8", "--out", str(tmp_path)]
    main(given)
    assert "4 x 8: 424 gates\n" in capsys.readouterr().out
    found = json.loads((tmp_path / "results.json").read_text())
    assert [size["gates"] for size in found["sizes"]] == [
        {"window": 100, "mvu": 42}, {"window": 200, "mvu": 224},
    ]  # fmt: skip
    page = (tmp_path / "report.md").read_text()
    assert f"verification.bench.scale {' '.join(given)}" in page
    assert "| mvu | 42 | 224 |" in page
    assert "| all | 142 | 424 |" in page
    assert "| 4 x 8 | 32 | 13.25 | 1.09 | 65.5 |" in page
    assert (tmp_path / "gates.png").read_bytes().startswith(b"\x89PNG")


def test_a_machine_is_measured_from_the_parts_of_the_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def counted(design: Design, *, cache: Path) -> dict[str, Counter[str]]:
        asked.append(
            (design.name, design.parameters["mvu"]["pe"], design.parameters["mvu"]["simd"])
        )
        return {"mvu": Counter({FLIPFLOP: 5, "$_AND_": 7}), "network": Counter({"$_OR_": 2})}

    monkeypatch.setattr("verification.bench.scale.count_parts", counted)
    size = measure(16, 32, tmp_path)
    assert asked == [("network", 16, 32)]
    assert size.gates == {"mvu": 12, "network": 2}
    assert size.flipflops == {"mvu": 5, "network": 0}
    weights, thresholds, maps = 2048 * 16 * 64, 256 * 16 * (17 + 1), 2 * 1024 * 64
    assert weights + thresholds + maps <= size.memory_bits < 1.1 * (weights + thresholds + maps)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        (["16"], "must be PExSIMD, such as 16x64, not '16'"),
        (["16x"], "must be PExSIMD, such as 16x64, not '16x'"),
        (["0x8", "4x8"], "MVU neurons PE must be an integer in 1..1024, not 0"),
        (["4x8"], "must be two or more of growing PE x SIMD, not 4x8"),
        (["4x8", "8x4"], "must be two or more of growing PE x SIMD, not 4x8 8x4"),
        (["8x8", "4x8"], "must be two or more of growing PE x SIMD, not 8x8 4x8"),
    ],
)
def test_bad_sizes_are_told(
    sizes: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--out", str(tmp_path / "out"), "--sizes", *sizes])
    assert caught.value.code == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_without_yosys_a_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sim.hardware.tools.find_spec", lambda _: None)
    with pytest.raises(SystemExit) as caught:
        main(["--out", str(tmp_path), "--sizes", "16x32", "16x64"])
    assert caught.value.code == 2
    told = capsys.readouterr().err
    assert told.startswith("scale: Mapping network to gates needs Yosys: pip install ")


def test_a_folder_that_cannot_be_written_is_told_before_a_size_is_mapped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def mapped(*_: object) -> Size:
        raise AssertionError("a size was mapped")

    monkeypatch.setattr("verification.bench.scale.measure", mapped)
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit) as caught:
        main(["--out", str(tmp_path / "file")])
    assert caught.value.code == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"scale: Directory {tmp_path / 'file'} cannot be created")
    assert said.err.count("\n") == 1
