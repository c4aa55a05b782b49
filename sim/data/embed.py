# SPDX-License-Identifier: MIT
"""Embeddings of a whole data set by a network, and the card that says how it was trained."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.kernels import infer
from golden.network import Network
from golden.params import NetworkParams
from golden.params.faults import CERTAIN
from sim.data.bank_file import BankFile
from sim.data.datasets import ImageSet, is_own
from sim.work.errors import UserError
from sim.work.files import find_file, read_bytes, read_text

__all__ = [
    "card_path",
    "check_input",
    "embed",
    "fail_maps",
    "fail_weights",
    "pixels_of",
    "read_card",
    "read_network",
]

CHUNK = 1000  # images between two steps of the progress bar


def read_network(path: Path) -> tuple[Network, bytes]:
    """Read a network file; return the network and the bytes of its file.

    Raises
    ------
    UserError
        If it cannot be read or is damaged.
    """
    content = read_bytes(path)
    try:
        return Network.from_bytes(content), content
    except ValueError as error:
        raise UserError(f"{path}: {error}") from error


def card_path(network: Path) -> Path:
    """Return the path of a network file's card, which says how the network was trained."""
    return network.parent / f"{network.stem}.json"


def embed(
    network: Network,
    network_file: bytes,
    images: ImageSet,
    pretraining: dict[str, Any],
    advance: Callable[[int], object],
) -> BankFile:
    """Return the embeddings of all images of a data set.

    Parameters
    ----------
    network : Network
        Network that makes the embeddings.
    network_file : bytes
        Content of its file.
    images : ImageSet
        Data set.
    pretraining : dict
        Plain data on the training of the network; empty if unknown.
    advance : callable
        Called with the number of images embedded since its last call.

    Returns
    -------
    BankFile
        Embeddings of the training and the test images, with their origin.

    Raises
    ------
    UserError
        If the network takes images of another size, or pixels of more bits.
    """
    check_input(network.params, images)
    packed = {}
    for part in ("train", "test"):
        pixels = pixels_of(images, part, network.params.bits)
        chunks = []
        for start in range(0, len(pixels), CHUNK):
            chunks.append(infer(network, pixels[start : start + CHUNK]))
            advance(len(chunks[-1]))
        packed[part] = np.concatenate(chunks)
    return BankFile(
        features=network.params.output.size,
        train=packed["train"],
        train_labels=images.train_labels,
        test=packed["test"],
        test_labels=images.test_labels,
        class_names=images.class_names,
        data=images.name,
        data_sha256=images.digest(),
        provenance=images.provenance,
        network_sha256=hashlib.sha256(network_file).hexdigest(),
        pretraining=pretraining,
    )


def fail_weights(network: Network, share: float, die: int) -> tuple[Network, dict[str, Any]]:
    """Return a network as its weights read where cells fail, and what a bank says of that.

    Parameters
    ----------
    network : Network
    share : float
        Probability that a cell fails, 0..1.
    die : int
        Seed of the die, ``0 .. 2**64 - 1``.

    Raises
    ------
    ValueError
        If a number is out of its range.
    """
    return network.failing(die, round(CERTAIN * share)), {"share": share, "die": die}


def fail_maps(network: Network, share: float, die: int) -> tuple[Network, dict[str, Any]]:
    """Return a network as its maps read where cells fail, and what a bank says of that.

    Parameters
    ----------
    network, share, die
        As for `fail_weights`.
    """
    return network.failing_maps(die, round(CERTAIN * share)), {"maps": share, "die": die}


def pixels_of(images: ImageSet, part: str, bits: int) -> NDArray[np.uint8]:
    """Return images with pixels of `bits` bits; wider pixels are shifted right.

    Parameters
    ----------
    images : ImageSet
        Data set.
    part : {"train", "test"}
        Part of the data set.
    bits : int
        Bits of a pixel, at most those of the images.

    Returns
    -------
    ndarray of shape (n_samples, height, width, channels), uint8

    Raises
    ------
    UserError
        If the pixels have fewer bits.
    """
    _check_bits(bits, images)
    pixels: NDArray[np.uint8] = getattr(images, f"{part}_images")
    return pixels >> np.uint8(images.pixel_bits - bits)


def check_input(params: NetworkParams, images: ImageSet) -> None:
    """Check that a network takes images of the size and the bits of a data set.

    Raises
    ------
    UserError
        If it does not.
    """
    if params.input.array_shape != images.image_shape:
        wanted, given = (
            " x ".join(map(str, shape)) for shape in (params.input.array_shape, images.image_shape)
        )
        scaled = params.input.channels == images.image_shape[2] and is_own(images.name)
        how = f": resize them to {wanted.replace(' ', '').rpartition('x')[0]}" if scaled else ""
        raise UserError(
            f"Images must be {wanted} for the network, not the {given} of {images.name}{how}"
        )
    _check_bits(params.bits, images)


def read_card(path: Path, network_file: bytes) -> dict[str, Any]:
    """Return the training that the card of a network file describes; empty without a card."""
    if find_file([path]) is None:
        return {}
    try:
        card = json.loads(read_text(path), parse_constant=_refuse)
        named, pretraining = str(card["network_sha256"]), dict(card["pretraining"])
    except (KeyError, RecursionError, TypeError, ValueError) as error:
        raise UserError(f"{path} must be the card of a network, and it is damaged") from error
    present = hashlib.sha256(network_file).hexdigest()
    if named != present:
        raise UserError(f"{path} must be the card of the network {present[:12]}, not {named[:12]}")
    return pretraining


def _check_bits(bits: int, images: ImageSet) -> None:
    if bits > images.pixel_bits:
        raise UserError(
            f"Pixels of the network must have at most the {images.pixel_bits} bits of "
            f"{images.name}, not {bits}"
        )


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
