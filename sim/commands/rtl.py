# SPDX-License-Identifier: MIT
"""The command `engram rtl`, from arguments to files."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from rtl.catalogue import BLOCKS, SIZES
from rtl.emit import Design, emit
from rtl.memories import Macros
from sim.commands.base import Command, tell
from sim.hardware.board import STAGES, Bitstream, BoardFile, board_files, build, load_board
from sim.hardware.fitting import changes
from sim.hardware.loading import head_files, network_files, open_network
from sim.hardware.report import BlockRow, SynthesisReport, placements_tried, terminal_table
from sim.hardware.settings import check_size, load_block
from sim.hardware.synthesis import require_tools, runs_of, synthesize
from sim.hardware.tools import CACHE
from sim.work.errors import UserError
from sim.work.files import ensure_directory
from sim.work.folder import write_folder
from sim.work.lock import sole_writer
from sim.work.progress import Bars

__all__ = ["RtlCommand"]


@dataclass(frozen=True, kw_only=True)
class RtlCommand(Command):
    """Arguments of ``engram rtl``."""

    block: str | None
    config: Path | None
    sizes: list[str]
    out: Path | None
    network: str | None
    head: str | None
    memory_init: bool
    macros: int | None
    top: str | None
    bitstream: bool
    synth: bool
    every: bool
    jobs: int

    @property
    def output(self) -> Path | None:
        """Nothing: `execute` itself locks the folder, whose name depends on the block."""
        return None

    def execute(self, console: Console) -> None:
        """Write a block as Verilog, the chip also for a board; with `synth`, report its cost.

        Raises
        ------
        UserError
            If an argument, the configuration, the tools or the output is at fault, or a design
            breaks a rule; nothing is then written.
        """
        self._check()
        for option, wanted in (("--synth", self.synth), ("--bitstream", self.bitstream)):
            if wanted:
                require_tools(option)
        if self.every:
            designs = [
                (_design(name, block.arguments(size), self.memory_init), size)
                for name, block in BLOCKS.items()
                for size in SIZES
                if size in self.sizes
            ]
            files, out = {}, self.out or Path("build") / "rtl" / "all"
        else:
            designs, files = self._one(console)
            out = self.out or Path("build") / "rtl" / designs[0][0].name
        with sole_writer(out):
            self._write(out, files, designs, console)

    def _one(self, console: Console) -> tuple[list[tuple[Design, str]], dict[str, str | bytes]]:
        """Return the one block that is wanted, with its size, and all its files."""
        (size,) = self.sizes
        network = open_network(self.network) if self.network else None
        params = None if network is None else network.params
        name, arguments = load_block(self.block, size, self.config, params)
        contents: dict[str, str | bytes] = {}
        if network is not None and self.network is not None:
            contents = network_files(network, self.network, name, arguments)
            _tell_fit(console, self.network, BLOCKS[name].arguments(size), arguments)
            if self.head is not None:
                retrained = open_network(self.head, "--head")
                contents |= head_files(network, retrained, self.head, name, arguments)
        if self.top is not None:
            contents |= self._board(load_board(self.top), name, arguments, console)
        macros = None if self.macros is None else Macros(self.macros)
        design = _design(name, arguments, self.memory_init, macros)
        return [(design, "own" if self.config else size)], {**emit(design), **contents}

    def _board(
        self, board: BoardFile, name: str, arguments: Mapping[str, Any], console: Console
    ) -> dict[str, str | bytes]:
        """Return the files of the chip on a board, with `bitstream` also what its device loads."""
        if name != "chip":
            raise UserError(f"--top must go with the block chip, not {name}")
        files = board_files(arguments["params"], board)
        if not self.bitstream:
            return {**files}
        with Bars(console, "bitstream", len(STAGES)) as bars:
            made = build(files, board, CACHE, bars.begin)
        tell(console, _about(made, board))
        return {**files, "board.bit": made.content}

    def _write(
        self,
        out: Path,
        files: Mapping[str, str | bytes],
        designs: list[tuple[Design, str]],
        console: Console,
    ) -> None:
        """Write the files, with `synth` those of its report, too."""
        ensure_directory(out)
        if self.synth:
            report = SynthesisReport(self._rows(designs, console), self.command)
            files = {**files, **report.files()}
            console.print(terminal_table(report.rows))
            for line in report.verdicts:
                tell(console, line)
        write_folder(out, files)
        tell(console, f"Written: {out}: {', '.join(files)}")

    def _check(self) -> None:
        for size in self.sizes:
            check_size(size)
        if len(self.sizes) != 1 and not self.every:
            raise UserError("--size must be given once without --all")
        if self.every and not self.synth:
            raise UserError("--all must go with --synth, which reports on all blocks")
        if self.every and (self.block or self.config or self.network):
            raise UserError("--all must go without BLOCK, --config and --network")
        if self.every and self.top is not None:
            raise UserError("--all must go without --top")
        if self.macros is not None and self.macros < 1:
            raise UserError(f"--macros must be at least 1 bit, not {self.macros}")
        if self.macros is not None and (self.synth or self.memory_init):
            raise UserError(
                "--macros must go without --synth and --memory-init: such memories are not in the "
                "design"
            )
        if self.bitstream and self.top is None:
            raise UserError("--bitstream must go with --top, the board that it is for")
        if self.head is not None and self.network is None:
            raise UserError("--head must go with --network, the network that is loaded")

    def _rows(self, designs: list[tuple[Design, str]], console: Console) -> list[BlockRow]:
        tried = [(design, placements_tried(design.name, size)) for design, size in designs]
        with Bars(console, "synthesis", runs_of(tried)) as bars:
            costs = synthesize(tried, CACHE, bars.begin, self.jobs)
        return [BlockRow(*design, cost) for design, cost in zip(designs, costs, strict=True)]


def _tell_fit(
    console: Console, source: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> None:
    """Print which parameters of a block are not those of its size, for the sake of a network."""
    if found := changes(before["params"], after["params"]):
        values = ", ".join(f"{name} {value}" for name, value in found.items())
        tell(console, f"For {source}: {values}")


def _about(made: Bitstream, board: BoardFile) -> str:
    """Say what a bitstream takes of its device."""
    names = {"LUT4": "tables", "TRELLIS_FF": "flip-flops", "DP16KD": "block RAMs"}
    parts = ", ".join(f"{made.cells.get(cell, 0)} {name}" for cell, name in names.items())
    return f"Bitstream: {parts}; {made.mhz} MHz, and the clock of the board is {board.clock_mhz:g}"


def _design(
    name: str, arguments: dict[str, Any], memory_init: bool, macros: Macros | None = None
) -> Design:
    try:
        return Design.of(name, arguments, memory_init, macros)
    except (TypeError, ValueError) as error:
        raise UserError(f"{name}: {error}") from error
