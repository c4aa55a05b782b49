# SPDX-License-Identifier: MIT
"""Command line of engram, a function each command."""

import os
import shlex
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from sim.work.ending import Ended, signals_end
from sim.work.errors import UserError

__all__ = ["app", "main"]

app = typer.Typer(
    help="Class-incremental learning on fully binary networks: studies with bit-exact replay.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command()
def run(
    config: Annotated[
        str, typer.Argument(help="YAML file, or the name of a built-in configuration.")
    ] = "cifar100",
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Override a key, as in head.hidden=64."),
    ] = None,
    seeds: Annotated[int | None, typer.Option(help="Runs a method, seeds 0, 1, ...")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the report.")] = None,
    jobs: Annotated[
        int | None, typer.Option(help="Processes; all cores by default.", min=1)
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the data archives.")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with an unfinished study.")
    ] = False,
    cache: Annotated[
        Path | None, typer.Option(help="Folder of work shared with other runs; none by default.")
    ] = None,
) -> None:
    """Run a class-incremental study and report what replay is worth its bits.

    While it runs, DIR.partial beside the report's DIR holds a checkpoint after every task; a study
    that was interrupted goes on, bit for bit, with --resume.
    """
    # Imported here, so that --help and mistakes of syntax answer at once.
    from sim.commands.run import RunCommand
    from sim.work.cache import Cache

    RunCommand(
        config=config,
        assignments=assignments or [],
        seeds=seeds,
        out=out or Path("reports") / Path(config).stem,
        jobs=jobs or os.cpu_count() or 1,
        data_dir=data_dir,
        resume=resume,
        cache=Cache(cache),
        command=shlex.join(["engram", *sys.argv[1:]]),
    ).execute(Console())


@app.command()
def cache(
    folder: Annotated[Path, typer.Argument(help="Folder that --cache was given.")],
    keep: Annotated[
        float | None,
        typer.Option(help="Megabytes to keep, of what was used last; 0 clears it.", min=0),
    ] = None,
) -> None:
    """Say what a folder of shared work holds, and with --keep remove the rest.

    Nothing in it is needed: what is missing is made again, with the same bits.
    """
    from sim.commands.cache import CacheCommand

    CacheCommand(path=folder, keep=keep).execute(Console())


@app.command()
def explore(
    space: Annotated[
        str, typer.Argument(help="YAML file, or the name of a built-in space of designs.")
    ] = "digits",
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Override a key, as in sampler.seed=1."),
    ] = None,
    storage: Annotated[
        str | None,
        typer.Option(
            help="Where trials are kept: sqlite:///FILE, journal:///FILE (four slashes begin an "
            "absolute path) or postgresql://USER@HOST/DATABASE; DIR.db by default."
        ),
    ] = None,
    trials: Annotated[int, typer.Option(help="Of the study in all.", min=1)] = 100,
    jobs: Annotated[
        int | None, typer.Option(help="Processes; all cores by default.", min=1)
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the report.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the data archives.")] = None,
    cache: Annotated[
        Path | None, typer.Option(help="Folder of results that trials share; DIR.cache by default.")
    ] = None,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Share nothing.")] = False,
    grace: Annotated[
        float,
        typer.Option(help="Seconds of silence after which a worker counts as dead.", min=1),
    ] = 60.0,
) -> None:
    """Search a space of designs for the best accuracy within bits, energy, area and latency.

    Every trial is in the storage at once: a search that was killed goes on by the same command,
    and the same command on other machines joins it.
    """
    from sim.commands.explore import ExploreCommand

    folder = out or Path("build") / "explore" / Path(space).stem
    ExploreCommand(
        config=space,
        assignments=assignments or [],
        storage=storage,
        trials=trials,
        jobs=jobs or os.cpu_count() or 1,
        out=folder,
        data_dir=data_dir,
        cache=None if no_cache else cache or folder.with_name(f"{folder.name}.cache"),
        grace=grace,
        command=shlex.join(["engram", *sys.argv[1:]]),
    ).execute(Console())


@app.command()
def pretrain(
    config: Annotated[
        str, typer.Argument(help="YAML file, or the name of a built-in configuration.")
    ] = "cifar100",
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Override, as in model.levels=8."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of network, bank and log.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the data archives.")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with an unfinished training.")
    ] = False,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
) -> None:
    """Train a binary feature extractor; write its network file and embedding bank.

    While it runs, DIR.partial beside the output folder DIR holds a checkpoint after every epoch; a
    training that was interrupted goes on, bit for bit on a CPU, with --resume.
    """
    _need_torch("engram pretrain")
    from sim.commands.pretrain import PretrainCommand

    PretrainCommand(
        config=config,
        assignments=assignments or [],
        out=out or Path("build") / "pretrain" / Path(config).stem,
        data_dir=data_dir,
        resume=resume,
        device=device,
        command=shlex.join(["engram", *sys.argv[1:]]),
    ).execute(Console())


@app.command()
def native(
    config: Annotated[
        str, typer.Argument(help="YAML file, or the name of a built-in configuration.")
    ] = "reduced",
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Override, as in increment=2."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the report.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the data archives.")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with an unfinished study.")
    ] = False,
    jobs: Annotated[
        int, typer.Option(help="Processes, after the pre-training; for a GPU.", min=1)
    ] = 1,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
) -> None:
    """Compare replay of images, the whole network training on, with replay of embeddings.

    While it runs, DIR.partial beside the report's DIR holds a checkpoint after every task; a study
    that was interrupted goes on, bit for bit on a CPU, with --resume.
    """
    _need_torch("engram native")
    from sim.commands.native import NativeCommand

    NativeCommand(
        config=config,
        assignments=assignments or [],
        out=out or Path("reports") / "native" / Path(config).stem,
        data_dir=data_dir,
        jobs=jobs,
        resume=resume,
        device=device,
        command=shlex.join(["engram", *sys.argv[1:]]),
    ).execute(Console())


@app.command()
def resnet(
    config: Annotated[
        str, typer.Argument(help="YAML file, or the name of a built-in configuration.")
    ] = "quick",
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Override a key, as in width=32."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of banks and report.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the data archives.")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with an unfinished training.")
    ] = False,
    jobs: Annotated[int, typer.Option(help="Networks trained at a time; for a GPU.", min=1)] = 1,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
) -> None:
    """Train a real-valued residual network with binarizers; write banks of its embeddings.

    Thermometers get a second phase of training, gradients straight through; the report has their
    accuracy without and with it.
    """
    _need_torch("engram resnet")
    from sim.commands.resnet import ResnetCommand

    ResnetCommand(
        config=config,
        assignments=assignments or [],
        out=out or Path("build") / "resnet" / Path(config).stem,
        data_dir=data_dir,
        jobs=jobs,
        resume=resume,
        device=device,
        command=shlex.join(["engram", *sys.argv[1:]]),
    ).execute(Console())


@app.command()
def binplay(
    config: Annotated[
        str, typer.Argument(help="YAML file, or the name of a built-in configuration.")
    ] = "lite",
    assignments: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Override a key, as in autoencoder.width=8."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the report.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the data archives.")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with an unfinished training.")
    ] = False,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
) -> None:
    """Learn tasks of images by BinPlay: a decoder that makes the past from codes of indices.

    While it runs, DIR.partial beside the report's DIR holds a checkpoint after every task; --resume
    goes on from there.
    """
    _need_torch("engram binplay")
    from sim.commands.binplay import BinPlayCommand

    BinPlayCommand(
        config=config,
        assignments=assignments or [],
        out=out or Path("build") / "binplay" / Path(config).stem,
        data_dir=data_dir,
        resume=resume,
        device=device,
        command=shlex.join(["engram", *sys.argv[1:]]),
    ).execute(Console())


@app.command()
def bank(
    network: Annotated[Path, typer.Argument(help="Network file.")],
    data: Annotated[str, typer.Option(help="Name of the data set.")] = "cifar100",
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the data archives.")] = None,
    out: Annotated[Path | None, typer.Option(help="Bank file; bank.bin by default.")] = None,
) -> None:
    """Embed a data set by a network into a bank file, for studies without images.

    A card beside the network file (its name with .json) tells the bank how it was trained.
    """
    from sim.commands.bank import BankCommand

    BankCommand(
        network=network, data=data, data_dir=data_dir, out=out or network.with_name("bank.bin")
    ).execute(Console())


@app.command()
def samples(
    data: Annotated[str, typer.Option(help="Name of the data set.")] = "cifar100",
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the data archives.")] = None,
    per_class: Annotated[int, typer.Option(help="Test images of each class.", min=1)] = 2,
    out: Annotated[Path, typer.Option(help="File of the samples.")] = Path("samples.bin"),
) -> None:
    """Write a few raw test images of every class, with their labels, into one file."""
    from sim.commands.samples import SamplesCommand

    SamplesCommand(data=data, data_dir=data_dir, per_class=per_class, out=out).execute(Console())


@app.command()
def pictures(
    config: Annotated[
        str, typer.Argument(help="YAML file, or the name of a built-in configuration.")
    ] = "pictures",
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Override a key, as in head.hidden=64."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the report.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the data archives.")] = None,
    seed: Annotated[int, typer.Option(help="Of runs and pictures.", min=0)] = 0,
) -> None:
    """Draw what a class looks like in bits, how it is learnt and what memories draw of it."""
    from sim.commands.pictures import PicturesCommand

    PicturesCommand(
        config=config,
        assignments=assignments or [],
        out=out or Path("reports") / Path(config).stem,
        data_dir=data_dir,
        seed=seed,
        command=shlex.join(["engram", *sys.argv[1:]]),
    ).execute(Console())


@app.command()
def rtl(
    block: Annotated[
        str | None, typer.Argument(help="Name of a block; the largest by default.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="YAML file of parameters that differ from the size.")
    ] = None,
    sizes: Annotated[
        list[str] | None,
        typer.Option(
            "--size",
            help="Parameters: tiny, small or full, the default; with --all, several in a report.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the files; build/rtl/BLOCK by default.")
    ] = None,
    network: Annotated[
        Path | None, typer.Option(help="Network file, for the words to load into network or chip.")
    ] = None,
    synth: Annotated[
        bool, typer.Option("--synth", help="Report cells and clock rate, by Yosys and nextpnr.")
    ] = False,
    every: Annotated[
        bool, typer.Option("--all", help="With --synth: report on all blocks, write no Verilog.")
    ] = False,
) -> None:
    """Write a block of the hardware as Verilog, and with --synth what it costs.

    Synthesis takes minutes; its results are kept under build/synth for the next time.
    """
    from sim.commands.rtl import RtlCommand

    RtlCommand(
        block=block,
        config=config,
        sizes=sizes or ["full"],
        out=out,
        network=network,
        synth=synth,
        every=every,
        command=shlex.join(["engram", *sys.argv[1:]]),
    ).execute(Console())


@app.command()
def cost(
    config: Annotated[
        str, typer.Argument(help="YAML file, or the name of a built-in configuration.")
    ] = "reference",
    tech: Annotated[
        str, typer.Option(help="Technology: a YAML file, or the name of a built-in one.")
    ] = "open130",
    liberty: Annotated[
        Path | None, typer.Option(help="Liberty file whose cells take the place of its logic.")
    ] = None,
    study: Annotated[
        Path | None, typer.Option(help="results.json of a study, for accuracies at equal bits.")
    ] = None,
    map_: Annotated[
        bool, typer.Option("--map", help="Map the chip to gates: their area, leakage and clocks.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Fail if the technology leaves anything open.")
    ] = False,
    format_: Annotated[
        str | None, typer.Option("--format", help="Print the report as md, json or csv.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the report.")] = None,
) -> None:
    """Price a chip: bits, actions, cycles, area and energy of every phase of its life."""
    from sim.commands.cost import CostCommand

    CostCommand(
        config=config,
        tech=tech,
        liberty=liberty,
        study=study,
        strict=strict,
        map=map_,
        format=format_,
        out=out,
        command=shlex.join(["engram", *sys.argv[1:]]),
    ).execute(Console())


@app.command()
def report(
    study: Annotated[Path, typer.Argument(help="Folder that engram explore wrote.")],
    html: Annotated[bool, typer.Option("--html", help="Write a page to look at it.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="File of the page; STUDY/exploration.html by default.")
    ] = None,
) -> None:
    """Say what an exploration found; with --html, write one page that needs nothing but itself."""
    if out is not None and not html:
        raise UserError("--out is the file of the page: give --html, too")
    from sim.commands.report import ReportCommand

    page = (out or study / "exploration.html") if html else None
    ReportCommand(study=study, out=page).execute(Console())


def _need_torch(command: str) -> None:
    if find_spec("torch") is None:
        raise UserError(
            f"{command} needs PyTorch: pip install -e '.[train]' in the project's folder"
        )


def main() -> None:
    """Run the command line; a mistake of the user ends in one message and exit status 2."""
    try:
        with signals_end():
            app()
    except UserError as error:
        Console(stderr=True, soft_wrap=True).print(
            f"engram: {error}", markup=False, highlight=False
        )
        sys.exit(2)
    except MemoryError as error:
        Console(stderr=True, soft_wrap=True).print(
            f"engram: Not enough memory: {error}", markup=False, highlight=False
        )
        sys.exit(2)
    except Ended as end:
        Console(stderr=True, soft_wrap=True).print(
            "engram: ended by a signal. Give the same command again to go on, with --resume where "
            "it has that option",
            highlight=False,
        )
        sys.exit(end.status)
