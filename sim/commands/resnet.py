# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""The command ``engram resnet``, from configuration to binary banks and the table of accuracies."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version

import torch
from rich.console import Console

from sim.commands.base import ResumableCommand
from sim.commands.images import load_images
from sim.data.bank_file import encode_bank
from sim.data.datasets import ImageSet
from sim.images.device import choose_device, device_name, environment, with_precision
from sim.images.pretrain.split import base_split
from sim.images.resnet.model import BinarizedResNet
from sim.images.resnet.report import BinarizerRow, bank_of_network, report_text
from sim.images.resnet.settings import ResnetConfig, load_resnet_config
from sim.images.resnet.training import TwoPhaseTraining
from sim.report.files import json_text
from sim.work.errors import UserError
from sim.work.folder import write_folder
from sim.work.identity import identity
from sim.work.work_folder import WorkFolder

__all__ = ["ResnetCommand"]


class ResnetFolder(WorkFolder):
    """Folder of the checkpoints of one configuration, one for each network."""

    what = "training"
    own_names = r"(plain|thermometer_\d+|heaviside_\d+)\.pt"


@dataclass(frozen=True, kw_only=True)
class ResnetCommand(ResumableCommand):
    """Arguments of ``engram resnet``."""

    jobs: int
    device: str

    def execute(self, console: Console) -> None:
        """Train every network and write banks, weights and the table of accuracies.

        Raises
        ------
        UserError
            If an argument, the configuration, the data or the output folder is at fault; nothing
            is then written into the output folder.
        """
        device = choose_device(self.device)
        config, document = load_resnet_config(self.config, self.assignments)
        config = with_precision(config, device)
        classes = config.classes
        images = load_images(classes.data, self.data_dir, console, classes.resize)
        try:
            split = base_split(images, classes, images.pixel_bits)
        except ValueError as error:
            where = document.where_within(("classes",))
            raise UserError(f"{where}: classes.{error}") from error
        decisive = identity(config.digest(), images.digest(), **environment(device))
        folder = self.open_folder(ResnetFolder, decisive)
        training = TwoPhaseTraining(config, images, split, folder.path, device, console)
        if self.jobs > 1:
            training.train_all(self.jobs)
        files: dict[str, bytes | str] = {}
        rows = list(self._networks(config, images, training, files))
        made = (
            f"Made by `{self.command}` (engram {version('engram')}, torch {torch.__version__}, "
            f"{device_name(device)}, seed {config.seed}). Data: {images.provenance}."
        )
        results = {
            "version": version("engram"),
            "command": self.command,
            "config": config.model_dump(mode="json"),
            "data": images.provenance,
            "environment": environment(device),
            "rows": [row._asdict() for row in rows],
        }
        files |= {"report.md": report_text(config, made, rows), "results.json": json_text(results)}
        write_folder(self.out, files)
        folder.close()
        self.tell_report(console)

    def _networks(
        self,
        config: ResnetConfig,
        images: ImageSet,
        training: TwoPhaseTraining,
        files: dict[str, bytes | str],
    ) -> Iterator[BinarizerRow]:
        """Train the networks one by one, add the files of each, and yield the table's rows."""
        plain = training.plain()
        features = plain.features.features
        yield BinarizerRow("none", None, None, training.accuracy(plain))
        for bits in config.thermometer:
            network = training.clipped(plain, bits)
            before = training.accuracy(network)
            network = training.through(network, bits)
            files |= _files_of(f"thermometer_{bits}", config, images, network)
            after = training.accuracy(network)
            yield BinarizerRow(f"thermometer, p = {bits}", bits * features, before, after)
        for factor in config.heaviside:
            network = training.projected(factor)
            files |= _files_of(f"heaviside_{factor}", config, images, network)
            after = training.accuracy(network)
            yield BinarizerRow(f"Heaviside, f = {factor}", factor * features, None, after)


def _files_of(
    name: str, config: ResnetConfig, images: ImageSet, network: BinarizedResNet
) -> dict[str, bytes]:
    """Return the bank of a network's embeddings and its weights, by file name."""
    buffer = io.BytesIO()
    torch.save(network.state_dict(), buffer)
    about = {
        "binarizer": name,
        "classes": config.classes.about(images),
        "config_sha256": config.digest(),
        "seed": config.seed,
    }
    bank = bank_of_network(network, buffer.getvalue(), images, about)
    return {f"{name}.bin": encode_bank(bank), f"{name}.pt": buffer.getvalue()}
