# SPDX-License-Identifier: MIT
"""A block in the cells of a library, and its timing by OpenSTA."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from rtl.emit import Design
from sim.hardware.library_text import library_text
from sim.hardware.mapper import Mapper
from sim.hardware.tools import CACHE
from sim.work.errors import UserError

__all__ = ["PERIOD", "Timing", "analysed", "netlist_in", "opensta"]

PERIOD = 10.0  # ns, of the clock that slack is measured against
_NETLIST = "splitnets\nwrite_verilog -noattr -noexpr netlist.v\n"
_ANALYSIS = """\
read_liberty cells.lib
read_verilog netlist.v
link_design {name}
{clock}
set_wire_load_model -name {wires}
set_input_delay 0 -clock clk [all_inputs]
set_output_delay 0 -clock clk [all_outputs]
report_checks -path_delay max -digits 4
exit
"""
# A pin on a path, and the cell that it is of, or `in` or `out` for a port; and the slack.
_PIN = re.compile(r"^ +-?[\d.]+ +-?[\d.]+ [v^] (\S+) \((\S+)\)$", re.M)
_SLACK = re.compile(r"^ +(-?[\d.]+) +slack \((?:MET|VIOLATED)\)$", re.M)


@dataclass(frozen=True)
class Timing:
    """The longest path of a netlist: its delay (ns), its cells, and where it begins and ends.

    A flip-flop that begins the path is one of its cells, and one that ends it is not.
    """

    delay: float
    cells: tuple[str, ...]
    begins: str
    ends: str


def netlist_in(design: Design, liberty: Sequence[Path], cache: Path = CACHE) -> str:
    """Return a block in the cells of a library, as Verilog.

    Raises
    ------
    UserError
        If Yosys or the library is missing or at fault, or if the block has memories.
    """
    if design.memories:
        raise UserError(f"{design.name} must have no memory: a memory is no cell")
    mapper = Mapper(design, liberty, cache)
    mapper.map_groups(1)
    return mapper.whole(_NETLIST, ("netlist.v",))["netlist.v"]


def opensta() -> str:
    """Return the path of OpenSTA.

    Raises
    ------
    UserError
        If it is missing.
    """
    program = shutil.which("sta")
    if program is None:
        raise UserError("The timing needs OpenSTA: apt-get install opensta")
    return program


def analysed(design: Design, netlist: str, liberty: Sequence[Path], wires: str) -> Timing:
    """Find the longest path of a netlist with a wire load model of its library.

    Parameters
    ----------
    design : Design
        Block whose netlist it is.
    netlist : str
    liberty : sequence of Path
    wires : str
        Name of the wire load model.

    Raises
    ------
    UserError
        If OpenSTA is missing or finds a fault.
    """
    program = opensta()
    clocked = any(port.name == "clk" for port in design.ports)
    clock = f"create_clock -name clk -period {PERIOD}" + (" [get_ports clk]" if clocked else "")
    script = _ANALYSIS.format(name=design.name, clock=clock, wires=wires)
    files = {"cells.lib": library_text(liberty), "netlist.v": netlist, "run.tcl": script}
    said = _run([program, "-no_splash", "-exit", "run.tcl"], files)
    slack = _SLACK.search(said)
    if slack is None or re.search(r"^Error", said, re.M):
        faults = re.findall(r"^Error.*", said, re.M) or [said[-1000:].strip()]
        raise UserError(f"{design.name}: OpenSTA failed:\n" + "\n".join(faults[:10]))
    ends = [re.search(rf"^{which}: (\S+)", said, re.M) for which in ("Startpoint", "Endpoint")]
    begin, end = (found[1] if found else "" for found in ends)
    return Timing(PERIOD - float(slack[1]), _cells(said), begin, end)


def _cells(said: str) -> tuple[str, ...]:
    """Return the cells of a path that OpenSTA shows, but for one that ends it."""
    pins = [(pin.rpartition("/")[0], cell) for pin, cell in _PIN.findall(said)]
    # The last pin is where the path ends. A flip-flop that begins it has two pins on it.
    return tuple(cell for (_, cell), _ in groupby(pins[:-1]) if cell != "in")


def _run(command: Sequence[str], files: Mapping[str, str]) -> str:
    """Run a program in a folder with some files; return all that it says."""
    with tempfile.TemporaryDirectory(prefix="engram-asic-") as name:
        for file, text in files.items():
            (Path(name) / file).write_text(text, encoding="utf-8")
        done = subprocess.run(
            command,
            cwd=name,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    return done.stdout
