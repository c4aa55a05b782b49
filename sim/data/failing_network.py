# SPDX-License-Identifier: MIT
"""The network and the images of a bank, to embed them again while cells of its memories fail."""

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from golden.kernels import infer
from golden.network import Network
from sim.data.bank import Bank, first_of_each
from sim.data.bank_file import read_bank
from sim.data.datasets import ImageSet, load
from sim.data.embed import CHUNK, check_input, pixels_of, read_network
from sim.data.sections import BanksConfig
from sim.data.shipped import shipped_names, shipped_or_path
from sim.documents.yaml_lines import Document
from sim.work.cache import NO_CACHE, Cache, digest_of
from sim.work.errors import UserError

__all__ = ["Failing", "FailingNetwork", "load_failing_network"]

#: L, bits of a row of the memories that hold maps (contract, 19).
LANES = 64


class Failing(NamedTuple):
    """Cells of one kind that fail (contract, 19).

    Attributes
    ----------
    die : int
        S, ``0 .. 2**64 - 1``.
    threshold : int
        T, ``0 .. 2**32``.
    """

    die: int
    threshold: int


@dataclass(frozen=True)
class FailingNetwork:
    """A sound network and the images of its bank.

    Training and test images are embedded alike, by the same cells: a chip has one memory for both.

    Parameters
    ----------
    network : Network
        The network that made the bank.
    name : str
        SHA-256 of its file.
    train, test : ndarray of shape (n_samples, height, width, channels), uint8
        Pixels as the network takes them, in the order of the bank.
    """

    network: Network
    name: str
    train: NDArray[np.uint8]
    test: NDArray[np.uint8]

    @cached_property
    def pixels(self) -> str:
        """SHA-256 of all pixels."""
        return digest_of(self.train, self.test)

    def embed(
        self,
        bank: Bank,
        weights: Failing | None = None,
        maps: Failing | None = None,
        cache: Cache = NO_CACHE,
    ) -> Bank:
        """Return a bank with the embeddings that the failing network makes of its samples.

        Parameters
        ----------
        bank : Bank
            Bank of the sound network, of the same samples in the same order.
        weights, maps : Failing, optional
            What fails. If nothing does, the embeddings are those of the bank.
        cache : Cache
            Cache of embeddings.
        """
        about = {
            "network": self.name,
            "pixels": self.pixels,
            "weights": None if weights is None else list(weights),
            "maps": None if maps is None else {"cells": list(maps), "lanes": LANES},
        }
        packed = cache.get_or_make("embedding", about, lambda: self._packed(weights, maps))
        whole = replace(bank, features=self.network.params.output.size, repeats=None, **packed)
        return whole.first(bank.features)

    def _packed(
        self, weights: Failing | None, maps: Failing | None
    ) -> dict[str, NDArray[np.uint64]]:
        network = self.network
        if weights is not None:
            network = network.failing(*weights)
        if maps is not None:
            network = network.failing_maps(*maps, LANES)
        parts = {"train": self.train, "test": self.test}
        return {
            part: np.concatenate(
                [infer(network, pixels[i : i + CHUNK]) for i in range(0, len(pixels), CHUNK)]
            )
            for part, pixels in parts.items()
        }


def load_failing_network(
    data: BanksConfig, document: Document, data_dir: Path | None
) -> FailingNetwork:
    """Load the network of a study's bank and the images that it embedded.

    Parameters
    ----------
    data : BanksConfig
        Data of the study, a bank.
    document : Document
        Document that it comes from; it knows the lines of its values.
    data_dir : Path or None
        Folder of the data archives.

    Raises
    ------
    UserError
        If the network of the bank is not known, or its images are missing or not those of the bank.
    """
    assert data.path is not None  # by StudyConfig
    name = data.network or (data.path if data.path in shipped_names() else None)
    if name is None:
        raise UserError(
            f"{document.where_within(('data',))}: data.network must be given, the file of the "
            "network that made the bank: where its cells fail, it embeds the images again"
        )
    network, content = read_network(shipped_or_path(name, "network.bin"))
    sha = hashlib.sha256(content).hexdigest()
    file = read_bank(shipped_or_path(data.path, "bank.bin"), sha)
    try:
        images = load(file.data, data_dir, resize=data.resize)
    except UserError as error:
        raise UserError(
            f"{document.where(('data', 'path'))}: data.path: where cells of the network fail, it "
            f"embeds the images of the bank again: {error}"
        ) from error
    if images.digest() != file.data_sha256:
        raise UserError(
            f"{document.where(('data', 'path'))}: data.path must be a bank of the images of "
            f"{file.data} as they are here, and it was made of others"
        )
    check_input(network.params, images)
    parts = {part: _pixels(images, part, network, data) for part in ("train", "test")}
    return FailingNetwork(network, sha, **parts)


def _pixels(images: ImageSet, part: str, network: Network, data: BanksConfig) -> NDArray[np.uint8]:
    """Return the pixels of the samples that a study uses."""
    pixels = pixels_of(images, part, network.params.bits)
    if data.each is None:
        return pixels
    labels = getattr(images, f"{part}_labels")
    return pixels[first_of_each(labels, getattr(data.each, part), part)]
