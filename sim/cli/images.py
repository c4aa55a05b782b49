# SPDX-License-Identifier: MIT
"""The commands that learn from images; all of them need PyTorch."""

from pathlib import Path
from typing import Annotated

import typer

from sim.cli.needs import need_torch
from sim.cli.options import Config, DataDir, Device, JobsOnDevice, Resume, Set, folder_option
from sim.commands.base import Command

__all__ = ["binplay", "native", "pretrain", "resnet"]


def pretrain(
    *,
    config: Config = "cifar100",
    assignments: Set,
    out: Annotated[
        Path | None, folder_option("build/pretrain", "Folder of the network, its bank and the log")
    ] = None,
    data_dir: DataDir = None,
    resume: Resume = False,
    device: Device = "cpu",
    series: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help="YAML file, or built-in series, of recipes to train side by side, each a change "
            "of CONFIG.",
        ),
    ] = None,
) -> type[Command]:
    """Train a binary feature extractor and write its network file and its embedding bank.

    The configuration names the network, the base classes, the training and the seed. Keys that
    begin with `network.` reach into the description of the network. The key `classes.held_out`
    holds out training images, as a comparison does; the network is then tested on these images.

    The data set is one of digits, mnist, fashion-mnist, cifar10, cifar100 and
    tiny-imagenet, or a path of images of your own.

    The folder of --out holds `network.bin`, which agrees with its trained twin on every test image;
    the card `network.json`, which says how the network was made; `bank.bin`, the embeddings of the
    data set; `log.csv` and `curves.png`. Until they are written, `DIR.partial` beside the folder
    holds a checkpoint after every epoch. --resume goes on from there, bit for bit on a CPU.

    With --series, recipes are trained side by side on the first base classes, each with several
    seeds. The report compares what they reach there and, by Generative Binary Memory, nearest mean
    and a discriminant, on the last base classes, which are new to the networks. No network is kept.

        engram pretrain quick --data-dir DIR
        engram pretrain cifar100 --data-dir DIR --set network.layers.1.outputs=96
        engram pretrain cifar100 --data-dir DIR --set classes.held_out.share=0.2
        engram pretrain cifar100 --data-dir DIR --series ingredients --out build/ingredients
        engram pretrain cifar100 --data-dir DIR --series recipes --device cuda --out build/recipes
    """
    need_torch("pretrain")
    if series is not None:
        from sim.commands.pretrain_series import PretrainSeriesCommand

        return PretrainSeriesCommand
    from sim.commands.pretrain import PretrainCommand

    return PretrainCommand


def native(
    *,
    config: Config = "reduced",
    assignments: Set,
    out: Annotated[Path | None, folder_option("reports/native")] = None,
    data_dir: DataDir = None,
    resume: Resume = False,
    jobs: JobsOnDevice = 1,
    device: Device = "cpu",
) -> type[Command]:
    """Compare replay of images with replay of embeddings.

    Replay of images trains the whole binary network in every task. Replay of embeddings trains
    only its classifier. Both begin with a pre-training on the base classes. One process does the
    pre-training; --jobs applies to the runs after it.

    The data set is one of digits, mnist, fashion-mnist, cifar10, cifar100 and
    tiny-imagenet, or a path of images of your own.

    The folder of --out holds `report.md`, its figure and `results.json`, which appear when all
    runs have ended. Until then, `DIR.partial` beside the folder holds a checkpoint after every
    task, and --resume goes on from there, bit for bit on a CPU.

        engram native reduced --data-dir DIR
        engram native slides --data-dir DIR --device cuda --jobs 4
        engram native reduced --data-dir DIR --set increment=2 --out build/native
    """
    need_torch("native")
    from sim.commands.native import NativeCommand

    return NativeCommand


def resnet(
    *,
    config: Config = "quick",
    assignments: Set,
    out: Annotated[
        Path | None, folder_option("build/resnet", "Folder of the banks and the report")
    ] = None,
    data_dir: DataDir = None,
    resume: Resume = False,
    jobs: JobsOnDevice = 1,
    device: Device = "cpu",
) -> type[Command]:
    """Train real-valued residual networks with binarizers and write banks of their embeddings.

    The binarizers are thermometer codes and Heaviside projections. A thermometer gets a second
    phase of training, in which gradients pass straight through it; the report has the accuracy
    without and with that phase.

    The data set is one of digits, mnist, fashion-mnist, cifar10, cifar100 and
    tiny-imagenet, or a path of images of your own.

    The folder of --out holds `report.md`, `results.json` and, for each binarizer, a bank (`.bin`)
    and the weights (`.pt`). Until they are written, `DIR.partial` beside the folder holds the
    checkpoints of the networks, and --resume goes on from there.

        engram resnet quick --data-dir DIR
        engram resnet cifar100 --data-dir DIR --device cuda --set width=32
    """
    need_torch("resnet")
    from sim.commands.resnet import ResnetCommand

    return ResnetCommand


def binplay(
    *,
    config: Config = "lite",
    assignments: Set,
    out: Annotated[Path | None, folder_option("build/binplay")] = None,
    data_dir: DataDir = None,
    resume: Resume = False,
    device: Device = "cpu",
) -> type[Command]:
    """Learn tasks of images with BinPlay: a decoder makes past images from codes of their indices.

    The data set is one of mnist, fashion-mnist, cifar10, cifar100 and
    tiny-imagenet; its images have 28 x 28 or 32 x 32 pixels.

    The folder of --out holds `report.md` and `results.json`. Until they are written, `DIR.partial`
    beside the folder holds a checkpoint after every task, and --resume goes on from there.

        engram binplay lite --data-dir DIR
        engram binplay mnist --data-dir DIR --device cuda --set autoencoder.width=8
    """
    need_torch("binplay")
    from sim.commands.binplay import BinPlayCommand

    return BinPlayCommand
