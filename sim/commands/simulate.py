# SPDX-License-Identifier: MIT
"""The command `engram simulate`, from scripts to packets."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from sim.commands.base import Command, tell
from sim.hardware.loading import network_files, open_network
from sim.hardware.settings import check_size, load_block
from sim.hardware.simulation import check_outputs, simulate
from sim.hardware.simulator import TRACES, Simulator
from sim.work.errors import UserError
from sim.work.files import write_whole
from sim.work.refusals import refusals_told, refuse_directory

__all__ = ["SimulateCommand"]


@dataclass(frozen=True, kw_only=True)
class SimulateCommand(Command):
    """Arguments of ``engram simulate``."""

    scripts: list[str]
    config: Path | None
    size: str
    network: str | None
    out: Path | None
    trace: Path | None
    threads: int
    patience: int

    @property
    def output(self) -> Path | None:
        """The file of `out`, if there is one."""
        return self.out

    def execute(self, console: Console) -> None:
        """Run the scripts on the chip, after the packets that load a network; say how fast.

        Raises
        ------
        UserError
            If an argument or a script is at fault, a tool is missing, a file cannot be read or
            written, or the chip stalls; the output is then as it was.
        """
        aside = Console(stderr=True, soft_wrap=True)  # the output may go to the standard output
        self._check()
        network = None if self.network is None else open_network(self.network)
        params = None if network is None else network.params
        _, arguments = load_block("chip", self.size, self.config, params)
        simulator = Simulator(
            params=arguments["params"],
            trace=None if self.trace is None else self.trace.suffix,
            threads=self.threads,
        )
        with ExitStack() as stack:
            scripts = list(self.scripts)
            if network is not None and self.network is not None:
                packets = network_files(network, self.network, "chip", arguments)[
                    "load_packets.hex"
                ]
                load = Path(stack.enter_context(TemporaryDirectory())) / "load_packets.hex"
                write_whole(load, packets)
                scripts.insert(0, str(load))
            program = simulator.build(lambda line: tell(aside, line))
            counts = simulate(
                program,
                scripts,
                out=self.out,
                trace=self.trace,
                threads=self.threads,
                patience=self.patience,
            )
        tell(
            aside,
            f"{counts.cycles:,} cycles in {counts.seconds:.1f} s, "
            f"{counts.cycles / counts.seconds:,.0f} a second; packets: {counts.packets_in:,} in, "
            f"{counts.packets_out:,} out",
        )

    def _check(self) -> None:
        check_size(self.size)
        if self.trace is not None and self.trace.suffix not in TRACES:
            raise UserError(f"--trace must end in {' or '.join(TRACES)}, not {str(self.trace)!r}")
        if self.trace is not None and self.trace == self.out:
            raise UserError(f"--trace must be another file than --out, not {str(self.trace)!r}")
        if self.scripts.count("-") > 1:
            raise UserError("FILE must be - once at most: there is one standard input")
        for script in self.scripts:
            if script != "-":
                with refusals_told(Path(script), "cannot be read"):
                    refuse_directory(Path(script))
        check_outputs(self.out, self.trace)
