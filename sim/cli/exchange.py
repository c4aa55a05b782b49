# SPDX-License-Identifier: MIT
"""The commands that bring networks in, and take them out."""

from pathlib import Path
from typing import Annotated

import typer

from sim.cli.needs import need_onnx, need_torch
from sim.cli.options import DataDir, Resize, finite
from sim.commands.base import Command

__all__ = ["export", "import_"]


def import_(
    *,
    model: Annotated[
        Path | None,
        typer.Argument(
            metavar="MODEL",
            help="The model: a file of ONNX or QONNX, or an archive .npz of arrays; not with "
            "--torch.",
        ),
    ] = None,
    torch: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A state_dict that PyTorch has saved."),
    ] = None,
    network: Annotated[
        str | None,
        typer.Option(
            metavar="CONFIG",
            help="Description of the layers of arrays: a YAML file, or the name of a built-in one.",
        ),
    ] = None,
    epsilon: Annotated[
        float | None,
        typer.Option(
            metavar="E",
            help="What normalisations of arrays add to variances.",
            min=0,
            callback=finite,
            show_default="1e-05",
        ),
    ] = None,
    pool: Annotated[
        str | None,
        typer.Option(
            metavar="sums|bits",
            help="What a pool between arrays takes: the sums before a normalisation, or the bits.",
            show_default="no matter where no scale is negative",
        ),
    ] = None,
    out: Annotated[Path, typer.Option(metavar="FILE", help="The network file.")] = Path(
        "network.bin"
    ),
    bits: Annotated[
        int | None,
        typer.Option(metavar="N", help="Bits of a pixel v.", min=1, max=12, show_default="8"),
    ] = None,
    raw: Annotated[
        bool,
        typer.Option("--raw", help="The model takes v itself, and not v / (2^N - 1)."),
    ] = False,
    mean: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,C",
            help="What is then subtracted: one number, or one for each colour.",
            show_default="0",
        ),
    ] = None,
    std: Annotated[
        str | None,
        typer.Option(metavar="A,B,C", help="What it is then divided by.", show_default="1"),
    ] = None,
    layout: Annotated[
        str | None,
        typer.Option(
            metavar="NCHW|NHWC", help="Order of the axes of the input.", show_default="NCHW"
        ),
    ] = None,
    image: Annotated[
        str | None,
        typer.Option(
            metavar="HxWxC",
            help="Height, width and colours of an image, where the input of the model is flat.",
        ),
    ] = None,
    features: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Tensor of bits in which the network ends, without a head.",
            show_default="the output of the model",
        ),
    ] = None,
    check: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|PATH",
            help="Data set on whose test images the network must equal the model.",
        ),
    ] = None,
    images: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Test images of that data set, at most.", min=1, show_default="1000"
        ),
    ] = None,
    data_dir: DataDir = None,
    resize: Resize = None,
) -> type[Command]:
    """Turn a binary network of another framework into a network file.

    The model is a chain of convolutions, depthwise and grouped ones too, dense layers and max
    pools, with weights of one bit and between them whatever ends in one bit: BipolarQuant, Quant,
    MultiThreshold or Sign behind batch normalisations, scales and biases. Each neuron becomes an
    integer threshold and a polarity: the nodes between two layers are executed once for every sum
    that the neuron can have. A node that the hardware cannot express is named, and what would be
    right. [networks.md](networks.md) has the whole list.

    With --check, onnxruntime and qonnx run the model beside the network. All features and all
    classes must be equal, or no network is written. Where two classes have the same integer sum,
    rounding decides in the model; such images are counted.

    Arrays belong to layers by their names in an archive `.npz`, and by their order in a
    `state_dict`. Nobody can run them, so that there is no --check, and the description names their
    input. Options that do not go with the kind of the model are refused.

    It needs the extra `onnx`, for arrays nothing, and for --torch the extra `train`.

        engram import tfc.onnx --check mnist --data-dir DIR
        engram import cnv.onnx --features bits_of_layer_8 --out build/cnv.bin
        engram import --torch model.pt --network net.yaml
        engram import larq.npz --network net.yaml --epsilon 0.001
    """
    if torch is not None:
        need_torch("import --torch")
    elif model is not None and model.suffix != ".npz":
        need_onnx("import")
    from sim.commands.imported import ImportCommand

    return ImportCommand


def export(
    *,
    network: Annotated[Path, typer.Argument(metavar="NETWORK_FILE", help="The network file.")],
    to: Annotated[str, typer.Option(metavar="qonnx", help="Kind of the model.")] = "qonnx",
    images: Annotated[
        int, typer.Option(metavar="N", help="Random images on which the two are compared.", min=1)
    ] = 1000,
    out: Annotated[Path, typer.Option(metavar="FILE", help="The file of the model.")] = Path(
        "network.onnx"
    ),
) -> type[Command]:
    """Write a network as a model of QONNX.

    Its input is pixels as they are, in the shape (1, C, H, W); its outputs are the features, -1 and
    +1, and the logits. Before it is written, it is read back, and onnxruntime and qonnx run it
    beside the network: all features and logits must be equal.

    It needs the extra `onnx`.

        engram export build/pretrain/cifar100/network.bin --out network.onnx
    """
    need_onnx("export")
    from sim.commands.exported import ExportCommand

    return ExportCommand
