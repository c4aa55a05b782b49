# SPDX-License-Identifier: MIT
"""The command `engram import`: a model of another framework becomes a network file."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from golden.network import Network
from sim.commands.base import Command, tell
from sim.commands.images import load_images
from sim.data.datasets import check_output
from sim.data.embed import check_input, pixels_of
from sim.exchange.check import Agreement, compare
from sim.exchange.graph import Graph
from sim.exchange.pixels import PixelFormat
from sim.exchange.walk import import_graph
from sim.work.errors import UserError
from sim.work.files import ensure_directory, write_whole
from sim.work.refusals import check_target, real_path

__all__ = ["ImportCommand"]


@dataclass(frozen=True, kw_only=True)
class ImportCommand(Command):
    """Arguments of ``engram import``."""

    model: Path
    out: Path
    bits: int
    raw: bool
    mean: str | None
    std: str | None
    layout: str
    image: str | None
    features: str | None
    check: str | None
    images: int
    data_dir: Path | None
    resize: str | None

    @property
    def output(self) -> Path | None:
        """The file of `out`."""
        return self.out

    def execute(self, console: Console) -> None:
        """Import the model, compare it with the network, and write the network file.

        Raises
        ------
        UserError
            If the model, an option or the data is at fault, or network and model differ; nothing
            is then written.
        """
        if real_path(self.out) == real_path(self.model):
            raise UserError(f"--out must not be the model, {self.out}")
        if self.check is None and (self.data_dir is not None or self.resize is not None):
            raise UserError("--data-dir and --resize must go with --check")
        if self.check is not None:
            check_output(self.check, self.out)
        pixels = self._pixels()
        graph = Graph(self.model)
        found = import_graph(graph, pixels, self.features)
        lines = []
        if self.check is not None:
            images, labels = self._images(found.network, self.check, console)
            agreement = compare(graph, found, pixels, images)
            self._require(agreement, self.check)
            lines = _told(found.network, agreement, labels, self.check)
        ensure_directory(self.out.parent)
        check_target(self.out)
        write_whole(self.out, found.network.to_bytes())
        tell(console, f"Network: {self.out}, {_described(found.network)}")
        for line in lines:
            tell(console, line)

    def _pixels(self) -> PixelFormat:
        """Return what the input of the model is."""
        try:
            return PixelFormat(
                bits=self.bits,
                raw=self.raw,
                mean=_numbers("--mean", self.mean or "0"),
                std=_numbers("--std", self.std or "1"),
                layout=self.layout,
                image=None if self.image is None else _size(self.image),
            )
        except ValueError as error:
            raise UserError(str(error)) from error

    def _images(
        self, network: Network, data: str, console: Console
    ) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Return the test images on which the two are compared, and their labels."""
        source = load_images(data, self.data_dir, console, self.resize)
        check_input(network.params, source)
        pixels = pixels_of(source, "test", network.params.bits)
        return pixels[: self.images], source.test_labels[: self.images]

    def _require(self, agreement: Agreement, data: str) -> None:
        """Refuse a network that differs from its model."""
        for name, same in (
            ("features", agreement.features),
            ("class", agreement.classes | agreement.ties),
        ):
            if not same.all():
                raise UserError(
                    f"{self.model}: the network must have the {name} of the model, and has others "
                    f"on {np.count_nonzero(~same)} of {len(same)} test images of {data}, image "
                    f"{np.argmin(same)} first: a sum may lie so near a threshold that the "
                    "rounding of floating point decides. Nothing is written"
                )


def _numbers(option: str, text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise ValueError(f"{option} must be numbers with commas between, not {text!r}") from error


def _size(text: str) -> tuple[int, int, int]:
    parts = [int(part) if part.isdecimal() else 0 for part in text.split("x")]
    if len(parts) != 3 or 0 in parts:
        raise ValueError(f"--image must be HxWxC, such as 28x28x1, not {text!r}")
    return parts[0], parts[1], parts[2]


def _described(network: Network) -> str:
    """Return a network in words."""
    params = network.params
    head = "no head" if params.head is None else f"a head of {params.head.classes} classes"
    size = " x ".join(map(str, params.input.array_shape))
    return (
        f"{size} pixels of {params.bits} bits, {len(params.layers)} layers of "
        f"{params.weight_count:,} weights, {params.output.size} features, {head}"
    )


def _told(
    network: Network, agreement: Agreement, labels: NDArray[np.int64], data: str
) -> list[str]:
    """Return what a user should know of the comparison."""
    count = len(labels)
    equal = f"Equal: {count} of {count} test images of {data}, all {network.params.output.size} "
    if network.head is None:
        return [f"{equal}features"]
    share = 100 * np.mean(agreement.answers == labels)
    lines = [f"{equal}features and the class; accuracy {share:.1f} %"]
    if ties := np.count_nonzero(agreement.ties):
        lines.append(
            f"Ties: on {ties} images two classes have the same sum. The network names the lower "
            "class, and rounding decides in the model"
        )
    return lines
