# SPDX-License-Identifier: MIT
"""The command `engram export`: a network file becomes a model of another framework."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from rich.console import Console

from golden.network import Network
from sim.commands.base import Command, tell
from sim.data.embed import read_network
from sim.exchange.check import differing
from sim.exchange.exporting import to_qonnx
from sim.exchange.graph import Graph
from sim.work.errors import UserError
from sim.work.files import ensure_directory, write_whole
from sim.work.refusals import check_target, real_path

__all__ = ["ExportCommand"]


@dataclass(frozen=True, kw_only=True)
class ExportCommand(Command):
    """Arguments of ``engram export``."""

    network: Path
    to: str
    images: int
    out: Path

    @property
    def output(self) -> Path | None:
        """The file of `out`."""
        return self.out

    def execute(self, console: Console) -> None:
        """Write the model, after it was read back and had the features and logits of the network.

        Raises
        ------
        UserError
            If the network, an option or the output is at fault, or the two differ; nothing is then
            written.
        """
        if self.to != "qonnx":
            raise UserError(f"--to must be qonnx, not {self.to!r}")
        if real_path(self.out) == real_path(self.network):
            raise UserError(f"--out must not be the network file, {self.out}")
        network, _ = read_network(self.network)
        content = to_qonnx(network)
        ensure_directory(self.out.parent)
        check_target(self.out)
        self._require_equal(network, content)
        write_whole(self.out, content)
        what = "features" if network.head is None else "features and logits"
        tell(console, f"Model: {self.out}, {len(content):,} bytes")
        tell(
            console,
            f"Equal: all {what} of {self.images} random images, executed by onnxruntime and qonnx",
        )

    def _require_equal(self, network: Network, content: bytes) -> None:
        """Read the model back, and run it beside the network on random images of seed 0."""
        params = network.params
        shape = (self.images, *params.input.array_shape)
        images = np.random.default_rng(0).integers(0, 2**params.bits, shape, np.uint16)
        with TemporaryDirectory() as folder:
            path = Path(folder) / "model.onnx"
            write_whole(path, content)
            wrong = differing(Graph(path), network, images)
        if wrong.any():
            raise UserError(
                f"{self.network}: the model must have the features and logits of the network, and "
                f"has others on {np.count_nonzero(wrong)} of {self.images} random images. This is "
                "a fault of engram"
            )
