# SPDX-License-Identifier: MIT
"""The command that simulates the chip."""

from pathlib import Path
from typing import Annotated

import typer

from sim.commands.base import Command

__all__ = ["simulate", "teach"]


def simulate(
    *,
    scripts: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE",
            help="Scripts, run one after the other; - is the standard input.",
            default_factory=lambda: ["-"],
            show_default="-",
        ),
    ],
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="YAML file of the parameters that differ from the size, as for engram rtl.",
        ),
    ] = None,
    size: Annotated[
        str,
        typer.Option(metavar="tiny|small|full", help="Size of the chip; it sets the parameters."),
    ] = "full",
    network: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help="Network that is loaded first: the name of a shipped one, or a network file. What "
            "--config does not name fits it, as for engram rtl.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="File of the output, written whole or not at all.",
            show_default="the standard output",
        ),
    ] = None,
    trace: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write the signals of every cycle to this file, as VCD or FST by its ending. A "
            "simulation that fails writes it, too.",
        ),
    ] = None,
    threads: Annotated[
        int, typer.Option(metavar="N", help="Threads that share a cycle's work.", min=1)
    ] = 1,
    patience: Annotated[
        int,
        typer.Option(
            metavar="CYCLES",
            help="Cycles without a word in or out after which the simulation fails.",
            min=1,
            max=2**63 - 1,
        ),
    ] = 10_000_000,
) -> type[Command]:
    """Simulate the chip: packets and accesses to registers in, packets and answers out.

    Verilator compiles the chip to a program, which `build/simulate` keeps. No Python runs in a
    cycle. It needs the extra `simulate`, g++, make and perl.

    A script has a word of a packet in hex on a line, and an empty line after each packet, as in
    the file `load_packets.hex` that engram rtl writes. Lines such as `write output 3`,
    `read errors`, `poll n_classes 0xff 1`, `wait 100` and `idle` stand between packets.

        engram simulate --network cifar100 pictures.hex --out answers.hex
        cat load_packets.hex pictures.hex | engram simulate > answers.hex
        engram simulate script.hex --config chip.yaml --trace chip.fst
    """
    from sim.commands.simulate import SimulateCommand

    return SimulateCommand


def teach(
    *,
    name: Annotated[
        str | None,
        typer.Option(
            "--class",
            metavar="NAME",
            help="Class of CIFAR-100 that is learned.",
            show_default="the first that the network has not seen",
        ),
    ] = None,
    simulated: Annotated[
        bool,
        typer.Option("--simulate", help="Compile the chip if it is not there; it takes minutes."),
    ] = False,
) -> type[Command]:
    """Teach the chip one more class, and ask it what pictures show.

    The chip knows the 50 classes of its network's training by a prototype each. It counts the
    bits of 500 embeddings of a new class and makes a prototype of it by itself. Then it names
    pictures by the likeliest prototype.

    The chip is that of engram simulate, with a class counter, if `build/simulate` has its
    program; every answer must then equal that of the golden model. Otherwise the golden model
    learns and answers alone.

        engram teach
        engram teach --class whale --simulate
    """
    from sim.commands.teach import TeachCommand

    return TeachCommand
