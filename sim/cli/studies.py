# SPDX-License-Identifier: MIT
"""The commands that run studies on embeddings, and the commands that support them."""

from pathlib import Path
from typing import Annotated

import typer

from sim.cli.options import (
    Config,
    DataDir,
    JobsOrCluster,
    Plugins,
    Resume,
    Set,
    finite,
    folder_option,
)
from sim.commands.base import Command

__all__ = ["cache", "pictures", "plot", "run", "schema"]


def run(
    *,
    config: Config = "cifar100",
    assignments: Set,
    seeds: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Number of runs of each method, with the seeds 0 to N - 1. It replaces the number "
            "in the configuration.",
        ),
    ] = None,
    out: Annotated[Path | None, folder_option("reports")] = None,
    jobs: JobsOrCluster = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Address of a Dask scheduler, such as tcp://HOST:8786, whose workers do the runs "
            "in place of processes.",
        ),
    ] = None,
    data_dir: DataDir = None,
    resume: Resume = False,
    cache: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder of work that runs share. Without it, they share nothing."
        ),
    ] = None,
    plugins: Plugins,
) -> type[Command]:
    """Run a class-incremental study and report the accuracy and the bits of each method.

    The configuration names the data, the tasks, the head, the methods and the number of seeds. A
    configuration with the key `budgets` is a comparison: it chooses the parameters of each method
    within each budget of bits on held-out training samples, and tests only what it chose.

    The data set is one of digits, mnist, fashion-mnist, cifar10, cifar100 and
    tiny-imagenet, a path of images of your own, or a bank of embeddings.

    The folder of --out holds `report.md`, its figures and `results.json`. They appear together
    when all runs have ended. Until then, `DIR.partial` beside the folder holds a checkpoint of
    each run after every task, and --resume goes on from there with the same bits. The results
    depend neither on --jobs nor on --cluster.

        engram run digits
        engram run cifar100 --set head.hidden=64 --seeds 1 --out build/hidden
        engram run figure6 --set methods.3.mixture.pi=trainable --resume
        engram run compare --cluster tcp://HOST:8786
        engram run study.yaml --plugin my_method.py
    """
    # The import is here so that --help and errors of syntax answer at once; likewise below.
    from sim.commands.run import RunCommand

    return RunCommand


def cache(
    *,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder that --cache named.")],
    keep: Annotated[
        float | None,
        typer.Option(
            metavar="MB",
            help="Number of megabytes to keep. The most recently used entries stay; 0 removes all.",
            min=0,
            callback=finite,
        ),
    ] = None,
) -> type[Command]:
    """Show what a folder of shared work holds; with --keep, remove the least recently used entries.

    No result depends on the content of the folder. A run makes missing work again, with the same
    bits.

        engram cache build/cache
        engram cache build/cache --keep 500
    """
    from sim.commands.cache import CacheCommand

    return CacheCommand


def pictures(
    *,
    config: Config = "pictures",
    assignments: Set,
    out: Annotated[Path | None, folder_option("reports")] = None,
    data_dir: DataDir = None,
    seed: Annotated[
        int, typer.Option(metavar="N", help="Seed of the runs and of the pictures.", min=0)
    ] = 0,
    plugins: Plugins,
) -> type[Command]:
    """Draw the bits of a class, how the head learns classes, and the samples that memories draw.

    The pictures follow Figures 1, 4 and 5 of the paper on Generative Binary Memory. The
    configuration is that of a study, and can name the same data sets. It must have a generative
    method, which draws samples it has not seen, and at least three tasks. Each method runs once.

    The folder of --out holds `report.md` and its pictures.

        engram pictures
        engram pictures --seed 1 --out build/pictures
    """
    from sim.commands.pictures import PicturesCommand

    return PicturesCommand


def plot(
    *,
    results: Annotated[
        list[Path],
        typer.Argument(
            metavar="RESULTS",
            help="The results.json of a study or comparison, or the folder that holds it. Each is "
            "a panel.",
        ),
    ],
    kind: Annotated[
        str,
        typer.Option(metavar="KIND", help="What the figure shows."),
    ],
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="File of the figure: .pdf, .svg or .png.")
    ],
    columns: Annotated[
        int,
        typer.Option(
            metavar="1|2", help="Columns of a page that it is as wide as: 3.5 or 7.16 inches."
        ),
    ] = 1,
    axis: Annotated[
        str | None,
        typer.Option(
            metavar="state|memory|chip",
            help="Bits of --kind bits: all state that survives between tasks, the replay memory as "
            "the papers count it, or all that the chip stores.",
            show_default="state",
        ),
    ] = None,
    plugins: Plugins,
) -> type[Command]:
    """Draw a figure for a paper from the results of studies and comparisons.

    - bits: average incremental accuracy against bits, a line a family, bounds as levels
    - tasks: accuracy on all classes seen, after each task
    - ages: final accuracy on later classes against that on the first task's
    - differences: every method minus the best one, run by run, with 95 % intervals
    - correlations: how far the correlations of drawn samples are from those of real ones

    Other bars, and bands, are a standard deviation over networks, orders and seeds. A comparison,
    and a study of many methods, show the best method of each source by task and by age. Panels of
    the same data share their axes. The same results give the same bytes.

        engram plot reports/figure6 --kind bits --axis memory --out build/bits.pdf
        engram plot reports/digits reports/figure6 --kind tasks --columns 2 --out build/tasks.svg
        engram plot reports/compare_binary --kind differences --out build/differences.png
    """
    from sim.commands.plot import PlotCommand

    return PlotCommand


def schema(
    *,
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND",
            help="Kind of configuration: study, comparison, explore, board, cost, technology, "
            "pretrain, series, native, resnet or binplay.",
        ),
    ],
    plugins: Plugins,
) -> type[Command]:
    """Print the JSON schema of a kind of configuration, with which editors complete and check it.

    It has the keys with their meanings, types, choices, bounds and defaults. Send it to a file such
    as `study.schema.json`; the first line of a YAML file names that file for the editor:

    `# yaml-language-server: $schema=study.schema.json`

        engram schema study
        engram schema study --plugin my_method.py
    """
    from sim.commands.schema import SchemaCommand

    return SchemaCommand
