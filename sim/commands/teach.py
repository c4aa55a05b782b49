# SPDX-License-Identifier: MIT
"""The command `engram teach`: the chip learns a class by itself, and names pictures."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from sim.commands.base import Command, tell
from sim.hardware.lesson import Lesson
from sim.hardware.loading import network_files, open_network
from sim.hardware.shipped_lesson import NETWORK, shipped_lesson
from sim.hardware.simulation import Counts, simulate
from sim.hardware.simulator import Simulator
from sim.work.errors import UserError
from sim.work.files import read_text, write_whole

__all__ = ["TeachCommand"]

_PATIENCE = 10_000_000


@dataclass(frozen=True, kw_only=True)
class TeachCommand(Command):
    """Arguments of ``engram teach``."""

    name: str | None
    simulated: bool

    @property
    def output(self) -> Path | None:
        """None: nothing is written but the simulator, which has a lock of its own."""
        return None

    def execute(self, console: Console) -> None:
        """Teach the chip a class; say what it then names right.

        Raises
        ------
        UserError
            If there is no such class to learn, if the simulator is wanted and cannot be made, or if
            the simulated chip stalls or answers anything but the golden model does.
        """
        taught = shipped_lesson(self.name)
        lesson, simulator = taught.lesson, Simulator(params=taught.lesson.chip)
        program = simulator.kept()
        if program is None and self.simulated:
            program = simulator.build(lambda line: tell(console, line))
        who = "The golden model of the chip"
        if program is not None:
            counts = _simulate(program, lesson)
            who = f"The chip, simulated for {counts.cycles:,} cycles in {counts.seconds:.0f} s,"
        tell(
            console,
            f"{who} learned {taught.name!r}, its class {len(lesson.known) + 1}, by counting the "
            f"bits of {len(lesson.new)} embeddings, in {lesson.cycles:,} cycles. It names "
            f"{taught.outcome}.",
        )
        if program is None:
            tell(console, "With --simulate, the simulated chip itself learns it.")


def _simulate(program: Path, lesson: Lesson) -> Counts:
    """Give the lesson to the simulated chip, whose answers must be those of the golden model."""
    with TemporaryDirectory() as folder:
        load, script, out = (Path(folder) / name for name in ("load", "lesson", "out"))
        network = open_network(NETWORK)
        files = network_files(network, NETWORK, "chip", {"params": lesson.chip})
        packets = files["load_packets.hex"]
        write_whole(load, packets)
        write_whole(script, lesson.script)
        counts = simulate(program, [str(load), str(script)], out=out, patience=_PATIENCE)
        answers = lesson.read(read_text(out))
    if answers != lesson.answers:
        raise UserError(
            f"The simulated chip must answer {lesson.answers}, as the golden model does, not "
            f"{answers}. A program that is damaged is made anew after {program} was removed; a "
            "difference that stays is a fault of engram"
        )
    return counts
