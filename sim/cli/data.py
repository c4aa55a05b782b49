# SPDX-License-Identifier: MIT
"""The commands that write data for studies: banks of embeddings, and a few raw images."""

from pathlib import Path
from typing import Annotated

import typer

from sim.cli.options import Data, DataDir, DataOfNetwork, Resize, finite
from sim.commands.base import Command

__all__ = ["bank", "samples"]


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
    failing: Annotated[
        float | None,
        typer.Option(
            callback=finite,
            metavar="SHARE",
            help="Share of the cells of the network's weight memories that fail.",
            min=0,
            max=1,
        ),
    ] = None,
    failing_maps: Annotated[
        float | None,
        typer.Option(
            callback=finite,
            metavar="SHARE",
            help="Share of the cells of the network's map memories that fail.",
            min=0,
            max=1,
        ),
    ] = None,
    die: Annotated[
        int | None,
        typer.Option(
            metavar="SEED",
            help="Seed of the die, with --failing or --failing-maps.",
            show_default="0",
            min=0,
            max=2**64 - 1,
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

    With --failing, the weights are those that a memory gives whose cells fail (section 19 of the
    contract): every image is embedded by the same faulty weights. With --failing-maps, the memories
    fail that hold the map of a layer until the next one has read it.

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
        engram bank network.bin --failing 0.001 --die 3 --out failing.bin
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
