# SPDX-License-Identifier: MIT
"""The commands that run studies on embeddings, and what goes with them."""

from pathlib import Path
from typing import Annotated

import typer

from sim.cli.options import Config, Data, DataDir, Jobs, Resume, Set, folder_option
from sim.commands.base import Command

__all__ = ["bank", "cache", "pictures", "run", "samples"]


def run(
    *,
    config: Config = "cifar100",
    assignments: Set,
    seeds: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Number of runs of each method, with the seeds 0 to N - 1. It replaces that of "
            "the configuration.",
        ),
    ] = None,
    out: Annotated[Path | None, folder_option("reports")] = None,
    jobs: Jobs,
    data_dir: DataDir = None,
    resume: Resume = False,
    cache: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder of work that runs share. Without it, they share none."
        ),
    ] = None,
) -> type[Command]:
    """Run a class-incremental study and report what replay is worth its bits.

    The configuration names the data, the tasks, the head, the methods and the number of seeds. A
    configuration with the key `budgets` is a comparison: it chooses the parameters of each method
    within each budget of bits on held-out training samples, and tests only what it chose.

    The data set is one of digits, mnist, fashion-mnist, cifar10 and cifar100, or a bank of
    embeddings.

    The folder of --out holds `report.md`, its figures and `results.json`, which appear as a whole
    when all runs have ended. Until then, `DIR.partial` beside the folder holds a checkpoint of
    each run after every task, and --resume goes on from there with the same bits. The results do
    not depend on --jobs.

        engram run digits
        engram run cifar100 --set head.hidden=64 --seeds 1 --out build/hidden
        engram run figure6 --set methods.3.mixture.pi=trainable --resume
    """
    # Imported here, so that --help and mistakes of syntax answer at once; likewise below.
    from sim.commands.run import RunCommand

    return RunCommand


def cache(
    *,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder that --cache named.")],
    keep: Annotated[
        float | None,
        typer.Option(
            metavar="MB",
            help="Number of megabytes to keep. What was used last stays; 0 removes everything.",
            min=0,
        ),
    ] = None,
) -> type[Command]:
    """Say what a folder of shared work holds; with --keep, remove all but what was used last.

    No result depends on what the folder holds. A run makes again what is missing, with the same
    bits.

        engram cache build/cache
        engram cache build/cache --keep 500
    """
    from sim.commands.cache import CacheCommand

    return CacheCommand


def bank(
    *,
    network: Annotated[Path, typer.Argument(metavar="NETWORK_FILE", help="The network file.")],
    data: Data = "cifar100",
    data_dir: DataDir = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The bank file.",
            callback=lambda context, out: (
                out or Path(context.params["network"]).with_name("bank.bin")
            ),
            show_default="bank.bin beside the network file",
        ),
    ] = None,
) -> type[Command]:
    """Embed a data set by a network and write the embeddings into a bank file.

    A study reads the bank in place of images, by `data: {name: bank, path: bank.bin}`. The card
    beside the network file, which has its name with the ending `.json`, says how the network was
    trained, and the bank says so, too.

    The data set is one of digits, mnist, fashion-mnist, cifar10 and cifar100. Its images must have
    the size that the network takes.

        engram bank build/pretrain/cifar100/network.bin --data-dir DIR
    """
    from sim.commands.bank import BankCommand

    return BankCommand


def samples(
    *,
    data: Data = "cifar100",
    data_dir: DataDir = None,
    per_class: Annotated[
        int, typer.Option(metavar="N", help="Number of test images of each class.", min=1)
    ] = 2,
    out: Annotated[Path, typer.Option(metavar="FILE", help="The file of the samples.")] = Path(
        "samples.bin"
    ),
) -> type[Command]:
    """Write a few raw test images of every class, with their labels, into one file.

    The data set is one of digits, mnist, fashion-mnist, cifar10 and cifar100.

        engram samples --data mnist --data-dir DIR --per-class 1 --out mnist.bin
    """
    from sim.commands.samples import SamplesCommand

    return SamplesCommand


def pictures(
    *,
    config: Config = "pictures",
    assignments: Set,
    out: Annotated[Path | None, folder_option("reports")] = None,
    data_dir: DataDir = None,
    seed: Annotated[
        int, typer.Option(metavar="N", help="Seed of the runs and of the pictures.", min=0)
    ] = 0,
) -> type[Command]:
    """Draw what a class looks like in bits, how it is learnt and what memories draw of it.

    The pictures follow Figures 1, 4 and 5 of the paper on Generative Binary Memory. The
    configuration is that of a study, and takes the data sets of a study. It must have a method
    that draws samples it has not seen, and at least three tasks. Each method runs once.

    The folder of --out holds `report.md` and its pictures.

        engram pictures
        engram pictures --seed 1 --out build/pictures
    """
    from sim.commands.pictures import PicturesCommand

    return PicturesCommand
