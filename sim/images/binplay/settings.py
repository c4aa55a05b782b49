# SPDX-License-Identifier: MIT
"""Configuration of BinPlay on images."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import pydantic
from pydantic import Field

from golden.params import IndexCodeParams
from sim.data.datasets import NAMES
from sim.documents.read import load
from sim.documents.section import Section

__all__ = ["BUILT_IN", "AutoencoderConfig", "BinPlayConfig", "ClassifierConfig", "load_binplay"]

#: Folder of the configurations that come with the install, one ``<name>.yaml`` each.
BUILT_IN = Path(__file__).parent / "configs"


class AutoencoderConfig(Section):
    """The autoencoder and its training.

    Attributes
    ----------
    latent : int
        L, largest number of bits in the code of an index.
    width : int
        d of `sim.images.binplay.networks.decoder`.
    warmup : int
        Epochs of encoder and decoder without the loss of the codes.
    coded : int
        Epochs with the loss of the codes; the samples choose their codes again in each epoch.
    frozen : int
        Epochs of the decoder alone, with the last code that each sample chose.
    code_loss : float
        Weight of the loss of the codes.
    learning_rate : float
        Learning rate of Adam.
    batch : int
        New samples in a step. Past samples are added in the ratio of past indices to new samples.
    """

    latent: int = Field(default=200, ge=20, le=65_536)
    width: int = Field(default=32, ge=1, le=1024)
    warmup: int = Field(default=2, ge=0, le=100_000)
    coded: int = Field(default=20, ge=1, le=100_000)
    frozen: int = Field(default=178, ge=0, le=100_000)
    code_loss: float = Field(default=10.0, ge=0, le=1e6)
    learning_rate: float = Field(default=1e-3, gt=0, le=100)
    batch: int = Field(default=40, ge=2, le=65_536)


class ClassifierConfig(Section):
    """The base network and its training.

    Attributes
    ----------
    epochs : int
        Passes over the samples of a task.
    batch : int
        Samples of a step.
    learning_rate : float
        Learning rate of Adam.
    dropout : float
        Share of the inputs of each dense layer that training leaves out, in 0..1.
    reconstructed : bool
        Whether new samples pass through the decoder first (Table 1).
    soft_targets : bool
        Whether the targets of past samples are the outputs of a frozen copy, not their classes.
    """

    epochs: int = Field(default=15, ge=1, le=100_000)
    batch: int = Field(default=120, ge=2, le=65_536)
    learning_rate: float = Field(default=2e-3, gt=0, le=100)
    dropout: float = Field(default=0.6, ge=0, lt=1)
    reconstructed: bool = True
    soft_targets: bool = True


class BinPlayConfig(Section):
    """A study of BinPlay: data, tasks of equally many classes, autoencoder and classifier.

    Attributes
    ----------
    title : str
        Headline of the report.
    data : str
        Data set of 28 x 28 or 32 x 32 pixels.
    increment : int
        Classes of every task, in the order of the data set.
    samples : int or null
        Training samples of each class; null takes all.
    autoencoder, classifier
        Sections.
    seed : int
        Seed of all random numbers.
    """

    digests_nulls: ClassVar[bool] = True

    title: str = Field(default="BinPlay", min_length=1)
    data: str = "mnist"
    increment: int = Field(default=2, ge=1, le=65_536)
    samples: int | None = Field(default=None, ge=1, le=10**9)
    autoencoder: AutoencoderConfig = AutoencoderConfig()
    classifier: ClassifierConfig = ClassifierConfig()
    seed: int = Field(default=0, ge=0, le=2**63 - 1)

    @pydantic.field_validator("data")
    @classmethod
    def _known(cls, name: str) -> str:
        known = sorted(set(NAMES) - {"digits"})
        if name not in known:
            raise ValueError(f"must be one of {', '.join(known)}, not {name!r}")
        return name

    def codes(self, samples: int, tasks: int) -> IndexCodeParams:
        """Return the parameters of the codes; each code begins with its task.

        Parameters
        ----------
        samples, tasks : int
            Number of samples and of tasks.
        """
        return IndexCodeParams.fitting(self.autoencoder.latent, samples, task="prefix", tasks=tasks)


def load_binplay(name: str, overrides: Sequence[str] = ()) -> BinPlayConfig:
    """Read a configuration; see `sim.documents.read.load`."""
    return load(BinPlayConfig, name, BUILT_IN, overrides)[0]
