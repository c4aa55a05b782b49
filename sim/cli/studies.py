# SPDX-License-Identifier: MIT
"""The commands that run studies on embeddings, and the commands that support them."""

from pathlib import Path
from typing import Annotated

import typer

from sim.cli.options import (
    Config,
    Data,
    DataDir,
    DataOfNetwork,
    JobsOrCluster,
    Resize,
    Resume,
    Set,
    finite,
    folder_option,
)
from sim.commands.base import Command

__all__ = ["bank", "cache", "pictures", "plot", "run", "samples"]


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


def bank(
    *,
    network: Annotated[
        Path | None,
        typer.Argument(metavar="NETWORK_FILE", help="The network file; not with --features."),
    ] = None,
    data: DataOfNetwork = None,
    data_dir: DataDir = None,
    resize: Resize = None,
    features: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Embeddings of any network, a NumPy array .npy of real numbers with a row for "
            "each sample.",
        ),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Their classes, a NumPy array .npy of integers from 0."),
    ] = None,
    test_features: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The same of the test samples. Without them, every sixth sample of a class, in "
            "the order of --features, is a test sample.",
        ),
    ] = None,
    test_labels: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Classes of the test samples.")
    ] = None,
    names: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Names of the classes, a text file with a line for each.",
            show_default="numbers",
        ),
    ] = None,
    binarize: Annotated[
        str | None,
        typer.Option(
            metavar="CODE",
            help="How features become bits: sign, median, thermometer:P or projection:N.",
        ),
    ] = None,
    base: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Number of base classes. Thresholds are fitted on their training samples alone.",
            min=1,
        ),
    ] = None,
    order: Annotated[
        int | None,
        typer.Option(
            metavar="SEED",
            help="Seed of the class order whose first classes are the base classes, as in "
            "tasks.order of a study.",
            show_default="the order of their numbers",
            min=0,
            max=2**32 - 1,
        ),
    ] = None,
    binarizer: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="File of a binarizer to use again, in place of --binarize."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The bank file.",
            callback=lambda context, out: out or _beside(context),
            show_default="bank.bin beside the network file or the features",
        ),
    ] = None,
) -> type[Command]:
    """Write a data set as embeddings into a bank file: images that a network embeds, or features.

    A study whose configuration says `data: {name: bank, path: bank.bin}` reads the bank instead of
    images. The card beside the network file has the same name with the ending `.json`. It says how
    the network was trained, and the bank repeats it.

    The data set is one of digits, mnist, fashion-mnist, cifar10, cifar100 and
    tiny-imagenet, or a path of images of your own: a folder, or an archive `.npz`. Its images must
    have the size and the colours that the network takes.

    With --features, the bank is made of real features of any network. --binarize says how:

    - sign: a bit is 1 from 0 on
    - median: a bit is 1 from the median of its feature on
    - thermometer:P has P bits a feature: 1 from its quantiles 1/(P + 1) to P/(P + 1) on
    - projection:N has N bits: sums of all features with random signs, from their medians on

    Thresholds come from the training samples of the first --base classes alone, so that they know
    nothing of classes that a study learns later. They are written beside the bank, into
    `bank.binarizer.npz`; --binarizer codes other features by them. Nothing is scaled, so that
    hardware needs comparisons with stored numbers only. The signs of projections come from seed 0.
    Before a sum, features are rounded to whole steps, a power of two of which the largest feature
    of the base classes has 2^15 to 2^16, so that sums are exact.

        engram bank build/pretrain/cifar100/network.bin --data-dir DIR
        engram bank network.bin --data ./pets --resize 32x32 --out pets.bin
        engram bank --features X.npy --labels y.npy --binarize median --base 50 --out bank.bin
        engram bank --features X2.npy --labels y2.npy --binarizer bank.binarizer.npz --out new.bin
    """
    from sim.commands.bank import BankCommand

    return BankCommand


def _beside(context: typer.Context) -> Path:
    """Return the default of --out: a file beside what is read."""
    source = context.params.get("network") or context.params.get("features") or "bank.bin"
    return Path(source).parent / "bank.bin"


def samples(
    *,
    data: Data = "cifar100",
    data_dir: DataDir = None,
    resize: Resize = None,
    per_class: Annotated[
        int, typer.Option(metavar="N", help="Number of test images of each class.", min=1)
    ] = 2,
    out: Annotated[Path, typer.Option(metavar="FILE", help="The file of the samples.")] = Path(
        "samples.bin"
    ),
) -> type[Command]:
    """Write a few raw test images of every class, with their labels, into one file.

    The data set is one of digits, mnist, fashion-mnist, cifar10, cifar100 and
    tiny-imagenet, or a path of images of your own.

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
