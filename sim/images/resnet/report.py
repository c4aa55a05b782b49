# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""The report of a residual network: accuracy with each binarizer, before and after training."""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

from sim.data.bank_file import BankFile
from sim.data.datasets import ImageSet
from sim.images.resnet.model import BinarizedResNet
from sim.images.resnet.settings import ResnetConfig, load_resnet_config
from sim.report.changed import changed_settings
from sim.report.tables import markdown_table

__all__ = ["BinarizerRow", "bank_of_network", "report_text"]

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


class BinarizerRow(NamedTuple):
    """A binarizer with its bits D, and the accuracy (0..1) before and after training with it."""

    binarizer: str
    bits: int | None
    before: float | None
    after: float

    @property
    def cells(self) -> list[str]:
        """Cells of the table, in the columns `_COLUMNS`."""
        before = "" if self.before is None else _percent(self.before)
        return [self.binarizer, str(self.bits or ""), before, _percent(self.after)]


def report_text(config: ResnetConfig, made: str, rows: Sequence[BinarizerRow]) -> str:
    """Return the report, in Markdown.

    Parameters
    ----------
    config : ResnetConfig
    made : str
        Sentence on the command, the versions and the data.
    rows : sequence of BinarizerRow
    """
    table = markdown_table(_COLUMNS, [row.cells for row in rows])
    parts = [f"# {config.title}", made, table, _READING, _CHANGED, _changed(config)]
    return "\n\n".join(parts) + "\n"


def bank_of_network(
    network: BinarizedResNet, weights: bytes, images: ImageSet, about: dict[str, object]
) -> BankFile:
    """Return the binary embeddings of a whole data set.

    Parameters
    ----------
    network : BinarizedResNet
        Network with a binarizer.
    weights : bytes
        Content of the file with its weights.
    images : ImageSet
    about : dict
        Description of its training, as plain data.
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
    """Return the settings that differ from the configuration ``cifar100``, as a list."""
    paper, _ = load_resnet_config("cifar100")
    own, theirs = (c.model_dump(mode="json") for c in (config, paper))
    changed = changed_settings(own, theirs, ("title", "seed"))
    return "\n".join(f"- {line}" for line in changed) or "All are as in `cifar100`."


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"
