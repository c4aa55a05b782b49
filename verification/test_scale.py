# SPDX-License-Identifier: MIT
"""Growth of blocks with the array: exponents of known growth, sizes that can be mapped, files."""

import json
from pathlib import Path

import pytest

from verification.bench.scale import Size, main, report_files


def test_exponents_are_those_of_the_growth() -> None:
    sizes = [Size("mvu", n, n, 7 * n**2, n) for n in (2, 4, 16)]
    sizes += [Size("window", n, n, 50 * n, 3) for n in (2, 4, 16)]
    files = report_files(sizes, "a command")
    page = files["report.md"]
    assert "| mvu | 16 x 16 | 256 | 1,792 | 16 | 7.00 |" in page
    assert "| mvu | 1.00 |\n| window | 0.50 |" in page
    assert json.loads(files["results.json"])["sizes"][0] == {
        "block": "mvu", "pe": 2, "simd": 2, "gates": 28, "flipflops": 2,
    }  # fmt: skip


def test_the_command_maps_every_block_at_every_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def made_up(block: str, pe: int, simd: int) -> Size:
        return Size(block, pe, simd, pe * simd, pe)

    monkeypatch.setattr("verification.bench.scale.measure", made_up)
    given = ["--blocks", "head", "mvu", "--sizes", "2x3", "4x8", "--out", str(tmp_path)]
    main(given)
    assert "head 4 x 8: 32 gates\n" in capsys.readouterr().out
    found = json.loads((tmp_path / "results.json").read_text())
    assert [(s["block"], s["pe"]) for s in found["sizes"]] == [
        ("head", 2), ("head", 4), ("mvu", 2), ("mvu", 4),
    ]  # fmt: skip
    assert found["exponents"] == pytest.approx({"head": 1, "mvu": 1})
    assert f"verification.bench.scale {' '.join(given)}" in (tmp_path / "report.md").read_text()


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        (["16"], "must be PExSIMD, such as 16x64, not '16'"),
        (["16x"], "must be PExSIMD, such as 16x64, not '16x'"),
        (["0x8", "4x8"], "MVU neurons PE must be an integer in 1..1024, not 0"),
        (["4x8", "8x8", "04x8"], "argument --sizes: must name each once, not 4x8 again"),
        (["4x8", "8x4"], "must be two or more sizes that differ in PE x SIMD"),
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
        main(["--out", str(tmp_path), "--blocks", "mvu", "--sizes", "1x2", "1x3"])
    assert caught.value.code == 2
    told = capsys.readouterr().err
    assert told.startswith("scale: Mapping mvu to gates needs Yosys: pip install ")


def test_a_block_given_twice_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--out", str(tmp_path / "out"), "--blocks", "head", "mvu", "head"])
    assert caught.value.code == 2
    told = "argument --blocks: must name each once, not head again"
    assert told in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_is_told_before_a_block_is_mapped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def mapped(*_: object) -> Size:
        raise AssertionError("a block was mapped")

    monkeypatch.setattr("verification.bench.scale.measure", mapped)
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit) as caught:
        main(["--out", str(tmp_path / "file")])
    assert caught.value.code == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"scale: Directory {tmp_path / 'file'} cannot be created")
    assert said.err.count("\n") == 1
