# SPDX-License-Identifier: MIT
"""The commands that write hardware, price it and search its designs."""

from pathlib import Path
from typing import Annotated

import typer

from sim.cli.options import Config, DataDir, Jobs, Plugins, Set, finite, folder_option
from sim.commands.base import Command

__all__ = ["cost", "explore", "report", "rtl"]


def explore(
    *,
    config: Annotated[
        str,
        typer.Argument(
            metavar="SPACE", help="A YAML file, or the name of a built-in space of designs."
        ),
    ] = "digits",
    assignments: Set,
    storage: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Where the trials are kept: sqlite:///FILE, journal:///FILE (four slashes begin "
            "an absolute path) or postgresql://USER@HOST/DATABASE.",
            show_default="the SQLite file DIR.db",
        ),
    ] = None,
    trials: Annotated[
        int,
        typer.Option(metavar="N", help="Number of trials, over all processes.", min=1),
    ] = 100,
    jobs: Jobs,
    out: Annotated[Path | None, folder_option("build/explore", name="SPACE")] = None,
    data_dir: DataDir = None,
    cache: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder of results that trials share.", show_default="DIR.cache"
        ),
    ] = None,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Share no results.")] = False,
    grace: Annotated[
        float,
        typer.Option(
            metavar="SECONDS",
            help="Seconds of silence after which a process counts as dead. Another process then "
            "tries its trial again.",
            min=1,
            callback=finite,
        ),
    ] = 60.0,
    plugins: Plugins,
) -> type[Command]:
    """Search a space of designs for the best accuracy within bits, energy, area and latency.

    The storage holds every trial from its start. The same command goes on with a search that was
    killed, and the same command on other machines joins a search that runs. There is no --resume.

    The space can name every data set that a study can name.

    The folder of --out holds `report.md`, its figures, `exploration.json` and, for each budget,
    the recommended design as the configuration of a study, `recommended-BUDGET.yaml`.

        engram explore digits
        engram explore cifar100 --trials 200 --set sampler.seed=1
        engram explore cifar100 --storage journal:////shared/me/cifar100.log --no-cache
    """
    from sim.commands.explore import ExploreCommand

    return ExploreCommand


def report(
    *,
    study: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="The folder that engram explore or engram run wrote."),
    ],
    html: Annotated[bool, typer.Option("--html", help="Write the page.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="File of the page. It needs --html.",
            show_default="DIR/exploration.html",
        ),
    ] = None,
    data_dir: DataDir = None,
) -> type[Command]:
    """Print what an exploration found; with --html, also write one page that shows it.

    The page needs no other file and no network. In the folder of a study, `report.md` and its
    pictures are made again from `results.json`, without a run. Pictures of exemplars stay.

        engram report build/explore/digits
        engram report build/explore/digits --html
        engram report build/run/digits
    """
    from sim.commands.report import ReportCommand

    return ReportCommand


def rtl(
    *,
    block: Annotated[
        str | None,
        typer.Argument(metavar="BLOCK", help="Name of a block.", show_default="chip, the largest"),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="YAML file of the parameters that differ from the size."),
    ] = None,
    sizes: Annotated[
        list[str],
        typer.Option(
            "--size",
            metavar="tiny|small|full",
            help="Size of the block; it sets the parameters. With --all, repeat the option to have "
            "several sizes in one report.",
            default_factory=lambda: ["full"],
            show_default="full",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder of the files.",
            show_default="build/rtl/BLOCK, with --all build/rtl/all",
        ),
    ] = None,
    network: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help="Network: the name of a shipped one, or a network file. The command then also "
            "writes the words that load it into the block network or chip. What --config does not "
            "name then fits the network.",
        ),
    ] = None,
    head: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help="Network of the same layers with a head that was trained again. The command then "
            "also writes the packets that load this head alone, `head_packets.hex`.",
        ),
    ] = None,
    memory_init: Annotated[
        bool,
        typer.Option(
            "--memory-init",
            help="Fill all memories with zeros at the start. Without it, a row that was never "
            "written is X in simulation.",
        ),
    ] = False,
    macros: Annotated[
        int | None,
        typer.Option(
            metavar="BITS",
            help="Make memories of at least so many bits modules of their own, for the macros of a "
            "process. The command then also writes what they do, `memories.v`, and what they are, "
            "`memories.json`.",
        ),
    ] = None,
    top: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help="Board with an ECP5: the name of one that ships, or a YAML file. The command then "
            "also writes the chip with a serial port as a top level for it.",
        ),
    ] = None,
    bitstream: Annotated[
        bool,
        typer.Option(
            "--bitstream", help="Also write the bitstream for the board of --top, `board.bit`."
        ),
    ] = False,
    synth: Annotated[
        bool,
        typer.Option(
            "--synth",
            help="Report the cells that Yosys counts and the clock rate that nextpnr finds for an "
            "ECP5.",
        ),
    ] = False,
    every: Annotated[
        bool,
        typer.Option("--all", help="Report on all blocks and write no Verilog; with --synth only."),
    ] = False,
    jobs: Jobs,
) -> type[Command]:
    """Write a block of the hardware as Verilog; with --synth, report what it costs.

    The same input gives the same bytes. With --network, the bits and colours of a pixel and the
    features are those of the network; levels, depths, channels and classes of the size grow where
    the network needs more. Synthesis takes minutes, with --jobs runs of its tools at
    a time; `build/synth` keeps their results for the next time. --synth needs the extra `synth`.

    The folder of --out holds `BLOCK.v` and `manifest.json`, which has the ports, the parameters,
    the latency, the interval and the bits of memory. For the chip, the folder also holds the
    register map as `registers.h` and `registers.md`, an IP-XACT description `component.xml`, and
    the driver `engram.h` and `engram.c`. With --network, it also holds `load.hex` and
    `program.json`, and for the chip `load_packets.hex` and `load_packets.bin`. With --top, it also
    holds `board.v` and its pins, `board.lpf`, and with --bitstream `board.bit`, which takes
    minutes. With --synth, it also holds `report.md`, `results.json` and a figure.

        engram rtl
        engram rtl sampler --size small --synth
        engram rtl chip --network cifar100
        engram rtl chip --network build/pretrain/cifar100/network.bin
        engram rtl chip --network network.bin --head retrained.bin
        engram rtl chip --size small --top ulx3s --bitstream
        engram rtl chip --macros 1024
        engram rtl --synth --all --size tiny --size small --size full
    """
    from sim.commands.rtl import RtlCommand

    return RtlCommand


def cost(
    *,
    config: Config = "reference",
    tech: Annotated[
        str,
        typer.Option(
            metavar="NAME|FILE",
            help="Technology: the name of a built-in one or of a package's, or a YAML file.",
        ),
    ] = "open130",
    liberty: Annotated[
        list[Path],
        typer.Option(
            metavar="FILE",
            help="Liberty file whose cells replace the logic of the technology. May be given "
            "several times, if the cells lie in several files.",
            default_factory=list,
        ),
    ],
    chip: Annotated[
        list[Path],
        typer.Option(
            metavar="FILE",
            help="YAML file of a published chip of your own, which the report holds the model to. "
            "May be given several times.",
            default_factory=list,
        ),
    ],
    voltage: Annotated[
        float | None,
        typer.Option(
            metavar="V",
            help="Supply, if not that of the technology. The clock follows, as far as the "
            "technology says how fast its gates then are.",
            callback=finite,
        ),
    ] = None,
    temperature: Annotated[
        float | None,
        typer.Option(
            metavar="C",
            help="Temperature in degrees Celsius, if not that of the technology.",
            callback=finite,
        ),
    ] = None,
    frame_rate: Annotated[
        float | None,
        typer.Option(
            metavar="N",
            help="Frames a second. The report then states the mean power, with clock or supply on "
            "or off between frames.",
            min=0,
            callback=finite,
        ),
    ] = None,
    study: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The results.json of a study. The report then shows accuracies beside energies at "
            "equal bits.",
        ),
    ] = None,
    cell: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Cells that fail at a low supply: a published curve, one of dpcs-45nm, "
            "illustrative, kintex7-28nm, virtex7-28nm. With the --study of failing memories the "
            "report then has their energy against accuracy.",
        ),
    ] = None,
    map: Annotated[
        bool,
        typer.Option(
            "--map",
            help="Map the chip to gates with Yosys, and report the area, leakage and clocks of the "
            "gates. It needs the extra synth.",
        ),
    ] = False,
    jobs: Jobs,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict",
            help="Fail if the technology lacks any value, if its values do not fit each other or "
            "the clock, or if it does not know memories of such sizes.",
        ),
    ] = False,
    format: Annotated[
        str | None,
        typer.Option(
            metavar="md|json|csv", help="Print the report in this format instead of the tables."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder of the report. Without it, no report is written."),
    ] = None,
) -> type[Command]:
    """Price a chip: the bits, actions, cycles, area and energy of every phase of its life.

    The tables give each figure with its bounds. A value that the technology lacks gives a warning
    and a gap in the sum, never a zero; with --strict, it is an error. So are a library of another
    supply or node, a clock beyond that of the technology, and memories of unknown size.

    --map takes minutes, with --jobs runs of Yosys at a time; `build/synth` keeps their results for
    the next time, so that only what has changed is mapped again.

    The folder of --out holds `report.md`, its figures, `cost.json`, `cost.csv` and, in the format
    of Accelergy, `action_counts.yaml` and `energy_table.yaml`.

        engram cost
        engram cost chip.yaml --strict --out build/cost
        engram cost chip.yaml --tech cmos22
        engram cost --frame-rate 30 --voltage 0.9 --temperature 85
        engram cost --chip published.yaml --format md
        engram cost --study reports/figure6/results.json --map --out build/cost
        engram cost --study reports/faults/results.json --cell virtex7-28nm --tech cmos28 --out out
        engram cost --format csv
    """
    from sim.commands.cost import CostCommand

    return CostCommand
