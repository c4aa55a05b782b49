# SPDX-License-Identifier: MIT
"""The command `engram bank`: write the embeddings of a data set to a file."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from sim.commands.base import WritingCommand, tell
from sim.commands.images import load_images
from sim.commands.own_features import FeatureBank
from sim.data.bank_file import BankFile, encode_bank
from sim.data.datasets import check_output
from sim.data.embed import (
    card_path,
    embed,
    fail_maps,
    fail_weights,
    read_card,
    read_network,
)
from sim.work.errors import UserError
from sim.work.files import ensure_directory, write_all
from sim.work.progress import Bars
from sim.work.refusals import check_target, real_path

__all__ = ["BankCommand"]

_DATA = "cifar100"
_TOLD = 100_000  # samples between two lines of progress, where there is no terminal for a bar


@dataclass(frozen=True, kw_only=True)
class BankCommand(WritingCommand):
    """Arguments of ``engram bank``: a network and images, or features of another network."""

    network: Path | None
    data: str | None
    data_dir: Path | None
    resize: str | None
    features: Path | None
    labels: Path | None
    test_features: Path | None
    test_labels: Path | None
    names: Path | None
    binarize: str | None
    base: int | None
    order: int | None
    binarizer: Path | None
    failing: float | None
    failing_maps: float | None
    die: int | None

    def execute(self, console: Console) -> None:
        """Make the embeddings and write the bank file, and the file of a binarizer if it is new.

        Raises
        ------
        UserError
            If the network, the data, an option or the output is at fault; nothing is then written.
        """
        if (self.network is None) == (self.features is None):
            raise UserError(
                "engram bank must be given NETWORK_FILE, which embeds images, or --features, which "
                f"are embeddings already, {'not both' if self.network else 'and it has neither'}"
            )
        if self.network is not None:
            self._check_left_out(
                "a network file",
                "labels", "test_features", "test_labels", "names", "binarize", "base", "order",
                "binarizer",
            )  # fmt: skip
            bank, files = self._of_network(self.network, console), {}
        else:
            self._check_left_out(
                "--features", "data", "data_dir", "resize", "failing", "failing_maps", "die"
            )
            bank, files = self._of_features(console)
        files[self.out] = encode_bank(bank)
        write_all(files)
        tell(
            console,
            f"Bank: {self.out}, {len(bank.train)} training and {len(bank.test)} test embeddings "
            f"of {bank.features} bits, {len(files[self.out])} bytes",
        )

    def _check_left_out(self, beside: str, *options: str) -> None:
        for option in options:
            if getattr(self, option) is not None:
                name = option.replace("_", "-")
                raise UserError(f"--{name} must be left out beside {beside}")

    def _of_network(self, path: Path, console: Console) -> BankFile:
        """Embed a data set by a network."""
        card = card_path(path)
        if real_path(self.out) in (real_path(path), real_path(card)):
            raise UserError(f"--out must not be the network file or its card, {self.out}")
        check_output(self.data or _DATA, self.out)
        if self.failing is None and self.failing_maps is None and self.die is not None:
            raise UserError(
                "--die must be left out without --failing or --failing-maps: no cell fails"
            )
        network, content = read_network(path)
        pretraining = read_card(card, content)
        for share, fail in ((self.failing, fail_weights), (self.failing_maps, fail_maps)):
            if share is not None:
                network, told = fail(network, share, self.die or 0)
                pretraining["faults"] = {**pretraining.get("faults", {}), **told}
        images = load_images(self.data or _DATA, self.data_dir, console, self.resize)
        self._check_out()
        total = len(images.train_images) + len(images.test_images)
        with _progress(console, "embedding", total, "images") as advance:
            return embed(network, content, images, pretraining, advance)

    def _of_features(self, console: Console) -> tuple[BankFile, dict[Path, bytes]]:
        """Code the features of a network that engram does not know."""
        assert self.features is not None
        wanted = FeatureBank(
            features=self.features,
            labels=self.labels,
            test_features=self.test_features,
            test_labels=self.test_labels,
            names=self.names,
            code=self.binarize,
            base=self.base,
            order=self.order,
            binarizer=self.binarizer,
            out=self.out,
        )
        prepared = wanted.prepare()
        self._check_out()
        with _progress(console, "coding", prepared.samples, "samples", _TOLD) as advance:
            bank = prepared.bank(advance)
        for line in prepared.lines(bank):
            tell(console, line)
        return bank, prepared.new_files

    def _check_out(self) -> None:
        ensure_directory(self.out.parent)
        check_target(self.out)


@contextmanager
def _progress(
    console: Console, title: str, total: int, what: str, told: int = 1
) -> Iterator[Callable[[int], None]]:
    """Context with a function that shows how many images or samples are done."""
    done = 0
    with Bars(console, title, total) as bars:

        def advance(count: int) -> None:
            nonlocal done
            before, done = done, done + count
            bars.update(done)
            if done // told > before // told or done == total:
                bars.tell(f"{title}: {done}/{total} {what}")

        yield advance
