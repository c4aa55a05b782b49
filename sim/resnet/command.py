# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""What ``engram resnet`` does, from configuration to binarized banks and the table of phases."""

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import torch
from rich.console import Console

from sim.data.bank_file import BankFile, encode_bank
from sim.data.datasets import ImageSet, load
from sim.pretrain.command import choose_device, device_name
from sim.pretrain.split import base_split
from sim.report.changed import changed_settings
from sim.report.files import json_text
from sim.report.tables import markdown_table
from sim.resnet.model import BinarizedResNet
from sim.resnet.settings import ResnetConfig, load_resnet_config
from sim.resnet.training import TwoPhaseTraining
from sim.work.errors import UserError
from sim.work.files import ensure_directory, write_whole
from sim.work.work_folder import WorkFolder, work_path

__all__ = ["ResnetCommand", "bank_of_network"]

_COLUMNS = ("binarizer", "bits D", "test (%), not trained with it", "test (%), trained with it")

_READING = """\
Test accuracy on the base classes of the network with its linear classifier, which sees decoded \
features of thermometers and -1 and +1 of projections. *Not trained with it*: the binarizer is put \
behind a network trained without (the paper's Table 3: 69.9, 75.0 and 76.4 % for p = 1, 2 and 4, \
against 81.5, 81.2 and 81.2 % after a second phase of training with gradients straight through it; \
81.5 % without binarizer). The command leaves a bank of embeddings for each binarizer, too: \
`engram run --set 'data={name: bank, path: FILE}'` studies it, with a binary head over the bits \
where the paper has a linear one."""


_CHANGED = "## Settings that are not the paper's"


class Row(NamedTuple):
    """Accuracies of a binarizer: bits D, and shares right before and after training with it."""

    binarizer: str
    bits: int | None
    before: float | None
    after: float

    @property
    def cells(self) -> list[str]:
        """Cells of the table, in the columns `_COLUMNS`."""
        before = "" if self.before is None else _percent(self.before)
        return [self.binarizer, str(self.bits or ""), before, _percent(self.after)]


class ResnetFolder(WorkFolder):
    """Checkpoints of the networks of one configuration."""

    what = "training"
    own_names = r"(plain|thermometer_\d+|heaviside_\d+)\.pt"


@dataclass(frozen=True, kw_only=True)
class ResnetCommand:
    """Arguments of ``engram resnet``."""

    config: str
    assignments: list[str]
    out: Path
    data_dir: Path | None
    jobs: int
    resume: bool
    device: str
    command: str

    def execute(self, console: Console) -> None:
        """Train every network and write banks, weights and the table of accuracies.

        Raises
        ------
        UserError
            If an argument, the configuration, the data or the output folder is at fault; nothing
            is then written into the output folder.
        """
        config, document = load_resnet_config(self.config, self.assignments)
        device = choose_device(self.device)
        classes = config.classes
        images = load(classes.data, self.data_dir)
        try:
            split = base_split(images, classes, images.pixel_bits)
        except ValueError as error:
            where = document.where_within(("classes",))
            raise UserError(f"{where}: classes.{error}") from error
        ensure_directory(self.out)
        identity = {"configuration": config.digest(), "data": images.digest()}
        folder = ResnetFolder(work_path(self.out), identity)
        folder.open(self.resume)
        training = TwoPhaseTraining(config, images, split, folder.path, device, console)
        if self.jobs > 1:
            training.train_all(self.jobs)
        rows = list(self._networks(config, images, training))
        made = (
            f"Made by `{self.command}` (engram {version('engram')}, torch {torch.__version__}, "
            f"{device_name(device)}, seed {config.seed}). Data: {images.provenance}."
        )
        table = markdown_table(_COLUMNS, [row.cells for row in rows])
        parts = [f"# {config.title}", made, table, _READING, _CHANGED, _changed(config)]
        report = "\n\n".join(parts) + "\n"
        results = {
            "version": version("engram"),
            "command": self.command,
            "config": config.model_dump(mode="json"),
            "data": images.provenance,
            "environment": {"torch": torch.__version__, "device": device_name(device)},
            "rows": [row._asdict() for row in rows],
        }
        write_whole(self.out / "report.md", report)
        write_whole(self.out / "results.json", json_text(results))
        folder.close()
        console.print(f"Report: {self.out / 'report.md'}", markup=False, highlight=False)

    def _networks(
        self, config: ResnetConfig, images: ImageSet, training: TwoPhaseTraining
    ) -> Iterator[Row]:
        """Train network after network, write what each leaves, and yield the rows of the table."""
        plain = training.plain()
        features = plain.features.features
        yield Row("none", None, None, training.accuracy(plain))
        for bits in config.thermometer:
            network = training.clipped(plain, bits)
            before = training.accuracy(network)
            network = training.through(network, bits)
            self._write(f"thermometer_{bits}", config, images, network)
            after = training.accuracy(network)
            yield Row(f"thermometer, p = {bits}", bits * features, before, after)
        for factor in config.heaviside:
            network = training.projected(factor)
            self._write(f"heaviside_{factor}", config, images, network)
            after = training.accuracy(network)
            yield Row(f"Heaviside, f = {factor}", factor * features, None, after)

    def _write(
        self, name: str, config: ResnetConfig, images: ImageSet, network: BinarizedResNet
    ) -> None:
        """Write the weights of a network and the bank of its embeddings."""
        buffer = io.BytesIO()
        torch.save(network.state_dict(), buffer)
        about = {
            "binarizer": name,
            "classes": config.classes.model_dump(),
            "config_sha256": config.digest(),
            "seed": config.seed,
        }
        bank = bank_of_network(network, buffer.getvalue(), images, about)
        write_whole(self.out / f"{name}.bin", encode_bank(bank))
        write_whole(self.out / f"{name}.pt", buffer.getvalue())


def bank_of_network(
    network: BinarizedResNet, weights: bytes, images: ImageSet, about: dict[str, object]
) -> BankFile:
    """Return the binary embeddings of a whole data set.

    Parameters
    ----------
    network : BinarizedResNet
        With a binarizer.
    weights : bytes
        File of its weights.
    images : ImageSet
    about : dict
        Plain data on its training.
    """
    network.eval()
    assert network.binarizer is not None
    train, test = network.bits(images.train_images), network.bits(images.test_images)
    return BankFile(
        features=network.binarizer.n_bits,
        train=train,
        train_labels=images.train_labels,
        test=test,
        test_labels=images.test_labels,
        class_names=images.class_names,
        data=images.name,
        data_sha256=images.digest(),
        provenance=images.provenance,
        network_sha256=hashlib.sha256(weights).hexdigest(),
        pretraining=about,
    )


def _changed(config: ResnetConfig) -> str:
    """Return the settings that are not those of the configuration ``cifar100``, as a list."""
    paper, _ = load_resnet_config("cifar100")
    own, theirs = (c.model_dump(mode="json") for c in (config, paper))
    changed = changed_settings(own, theirs, ("title", "seed"))
    return "\n".join(f"- {line}" for line in changed) or "All are as in `cifar100`."


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"
