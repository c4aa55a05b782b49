# SPDX-License-Identifier: MIT
"""The command `engram bank`: write the embeddings of a data set to a file."""

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from sim.commands.base import Command, tell
from sim.commands.images import load_images
from sim.data.bank_file import encode_bank
from sim.data.embed import card_path, embed, read_card, read_network
from sim.work.errors import UserError
from sim.work.files import ensure_directory, write_whole
from sim.work.progress import Bars
from sim.work.refusals import check_target, real_path

__all__ = ["BankCommand"]


@dataclass(frozen=True, kw_only=True)
class BankCommand(Command):
    """Arguments of ``engram bank``."""

    network: Path
    data: str
    data_dir: Path | None
    out: Path

    @property
    def output(self) -> Path | None:
        """The file of `out`."""
        return self.out

    def execute(self, console: Console) -> None:
        """Embed the data set and write the bank file.

        Raises
        ------
        UserError
            If the network, the data or the output is at fault; nothing is then written.
        """
        card = card_path(self.network)
        if real_path(self.out) in (real_path(self.network), real_path(card)):
            raise UserError(f"--out must not be the network file or its card, {self.out}")
        network, content = read_network(self.network)
        pretraining = read_card(card, content)
        images = load_images(self.data, self.data_dir, console)
        ensure_directory(self.out.parent)
        check_target(self.out)
        total, done = len(images.train_images) + len(images.test_images), 0
        with Bars(console, "embedding", total) as bars:

            def advance(count: int) -> None:
                nonlocal done
                done += count
                bars.update(done)
                bars.tell(f"embedding: {done}/{total} images")

            bank = embed(network, content, images, pretraining, advance)
        write_whole(self.out, data := encode_bank(bank))
        tell(
            console,
            f"Bank: {self.out}, {len(bank.train)} training and {len(bank.test)} test embeddings "
            f"of {bank.features} bits, {len(data)} bytes",
        )
