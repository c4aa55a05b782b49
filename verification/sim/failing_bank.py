# SPDX-License-Identifier: MIT
"""A folder with images, a small network and the bank that it made of them."""

from pathlib import Path

import numpy as np

from golden.network import Network
from golden.params import NetworkParams
from sim.data.bank_file import encode_bank
from sim.data.datasets import load
from sim.data.embed import embed
from verification.sim.small_cifar import write_small_cifar

NETWORK = NetworkParams.from_description(
    {
        "input": {"height": 32, "width": 32, "channels": 3, "bits": 7},
        "layers": [
            {"kind": "thermometer", "levels": 8},
            {"kind": "pool", "size": 4},
            {"kind": "dense", "outputs": 70},
        ],
    }
)


def write_failing_bank(folder: Path) -> None:
    """Write the images into ``data``, the network into ``net.bin``, its bank into ``bank.bin``."""
    write_small_cifar(folder / "data")
    network = Network.random(NETWORK, np.random.default_rng(0))
    (folder / "net.bin").write_bytes(network.to_bytes())
    images = load("cifar100", folder / "data")
    bank = embed(network, network.to_bytes(), images, {}, lambda _: None)
    (folder / "bank.bin").write_bytes(encode_bank(bank))
