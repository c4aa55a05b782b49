# SPDX-License-Identifier: MIT
"""The command `engram import`: a model of another framework becomes a network file."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from golden.network import Network
from sim.commands.base import WritingCommand, tell
from sim.commands.images import load_images
from sim.data.datasets import check_output
from sim.data.embed import check_input, pixels_of
from sim.data.networks import load_network
from sim.exchange.agreement import Agreement
from sim.exchange.arrays import import_arrays
from sim.exchange.names import by_name, by_order, read_npz
from sim.exchange.pixels import PixelFormat
from sim.work.errors import UserError
from sim.work.files import ensure_directory, write_whole
from sim.work.refusals import check_target, real_path

__all__ = ["ImportCommand"]

_EPSILON, _BITS, _LAYOUT, _IMAGES = 1e-5, 8, "NCHW", 1000  # of options that are left out

# Options that go with one kind of model alone.
_OF_GRAPHS = ("bits", "check", "features", "image", "images", "layout", "mean", "raw", "std")
_OF_ARRAYS = ("epsilon", "network", "pool")


@dataclass(frozen=True, kw_only=True)
class ImportCommand(WritingCommand):
    """Arguments of ``engram import``."""

    model: Path | None
    torch: Path | None
    network: str | None
    epsilon: float | None
    pool: str | None
    bits: int | None
    raw: bool
    mean: str | None
    std: str | None
    layout: str | None
    image: str | None
    features: str | None
    check: str | None
    images: int | None
    data_dir: Path | None
    resize: str | None

    def execute(self, console: Console) -> None:
        """Import the model, compare it with the network, and write the network file.

        Raises
        ------
        UserError
            If the model, an option or the data is at fault, or network and model differ; nothing
            is then written.
        """
        source = self._source()
        if real_path(self.out) == real_path(source):
            raise UserError(f"--out must not be the model, {self.out}")
        described = Path(self.network) if self.network is not None else None
        if described and described.suffix and real_path(self.out) == real_path(described):
            raise UserError(f"--out must not be the description, {self.out}")
        of_check = (self.data_dir, self.resize, self.images)
        if self.check is None and any(value is not None for value in of_check):
            raise UserError("--data-dir, --images and --resize must go with --check")
        if self.check is not None:
            check_output(self.check, self.out)
        lines = []
        if self.torch is not None or source.suffix == ".npz":
            network = self._of_arrays(source)
        else:
            network, lines = self._of_graph(source, console)
        ensure_directory(self.out.parent)
        check_target(self.out)
        write_whole(self.out, network.to_bytes())
        tell(console, f"Network: {self.out}, {_described(network)}")
        for line in lines:
            tell(console, line)

    def _source(self) -> Path:
        """Return the file of the model; refuse options that do not go with its kind."""
        if (self.model is None) == (self.torch is None):
            raise UserError(
                "engram import must be given MODEL, a file of ONNX or .npz, or --torch, "
                f"{'not both' if self.model else 'and it has neither'}"
            )
        source = self.model or self.torch
        assert source is not None
        arrays = self.torch is not None or source.suffix == ".npz"
        if arrays and self.network is None:
            raise UserError(f"{source} needs --network, the description of its layers")
        for name in _OF_GRAPHS if arrays else _OF_ARRAYS:
            value = getattr(self, name)
            if value is not None and value is not False:
                kind = (
                    "arrays: the description names their input, and nobody can run them"
                    if arrays
                    else "a model of ONNX"
                )
                raise UserError(f"--{name} must be left out beside {kind}")
        if self.pool not in (None, "sums", "bits"):
            raise UserError(f"--pool must be sums or bits, not {self.pool!r}")
        return source

    def _of_arrays(self, source: Path) -> Network:
        """Return the network of arrays and a description."""
        assert self.network is not None
        params = load_network(self.network)
        if self.torch is None:
            arrays = read_npz(source)
        else:
            from sim.images.state_dict import read_state_dict

            arrays = read_state_dict(source)
        epsilon = _EPSILON if self.epsilon is None else self.epsilon
        try:
            layers = by_name(arrays) if self.torch is None else by_order(arrays, params)
            return import_arrays(params, layers, epsilon, self.pool)
        except ValueError as error:
            raise UserError(f"{source}: {error}") from error

    def _of_graph(self, source: Path, console: Console) -> tuple[Network, list[str]]:
        """Return the network of a graph, and what the comparison of the two found."""
        from sim.exchange.check import compare
        from sim.exchange.graph import Graph
        from sim.exchange.walk import import_graph

        pixels = self._pixels()
        graph = Graph(source)
        found = import_graph(graph, pixels, self.features)
        if self.check is None:
            return found.network, []
        images, labels = self._images(found.network, self.check, console)
        agreement = compare(graph, found, pixels, images)
        self._require(source, agreement, self.check)
        return found.network, _told(found.network, agreement, labels, self.check)

    def _pixels(self) -> PixelFormat:
        """Return what the input of the model is."""
        try:
            return PixelFormat(
                bits=self.bits or _BITS,
                raw=self.raw,
                mean=_numbers("--mean", self.mean or "0"),
                std=_numbers("--std", self.std or "1"),
                layout=_LAYOUT if self.layout is None else self.layout,
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
        count = self.images or _IMAGES
        return pixels[:count], source.test_labels[:count]

    def _require(self, source: Path, agreement: Agreement, data: str) -> None:
        """Refuse a network that differs from its model."""
        for name, same in (
            ("features", agreement.features),
            ("class", agreement.classes | agreement.ties),
        ):
            if not same.all():
                raise UserError(
                    f"{source}: the network must have the {name} of the model, and has others "
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
