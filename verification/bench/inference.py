# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""Inference of whole networks, compared with PyTorch in float32 and bfloat16."""

from collections.abc import Callable
from importlib.util import find_spec

import numba
import numpy as np
from numpy.typing import NDArray

from golden.bits import pack
from golden.kernels import infer
from golden.network import Network
from sim.data.embed import read_network
from sim.data.networks import load_network
from sim.data.shipped import shipped_file
from verification.bench.harness import Table, best_of

__all__ = ["run"]

Peer = Callable[[NDArray[np.uint8]], NDArray[np.uint64]]

BATCH = 128  # images at a time in PyTorch; larger batches are no faster here


def run(quick: bool = False) -> list[Table]:
    """Return the table of images a second; none without PyTorch."""
    if find_spec("torch") is None:
        return []
    cpus, count = numba.get_num_threads(), BATCH if quick else 8 * BATCH
    rows = []
    for name, network in _networks().items():
        peers = _peers(network)
        images = np.random.default_rng(2).integers(0, 128, (count, 32, 32, 3), np.uint8)
        # Peer and model must do the same work.
        np.testing.assert_array_equal(infer(network, images), peers["float32"](images))
        repeats = 2 if quick else 5
        own = count / best_of(lambda n=network, x=images: infer(n, x), repeats)
        rates = [count / best_of(lambda p=p, x=images: p(x), repeats) for p in peers.values()]
        rows.append((name, own, *rates, own / max(rates)))
    return [
        Table(
            "Inference beside PyTorch",
            ("network", "images/s", "PyTorch float32", "PyTorch bfloat16", "x the faster"),
            tuple(rows),
            f"Pixels to embeddings on {cpus} threads. PyTorch signs its weights at every call and "
            f"takes {BATCH} images at a time, channels last; in float32 its bits are the same.",
        )
    ]


def _networks() -> dict[str, Network]:
    random = Network.random(load_network("fbnn-1M"), np.random.default_rng(0))
    shipped = read_network(shipped_file("cifar100", "network.bin"))[0]
    return {"fbnn-1M-wide, as shipped": shipped, "fbnn-1M, random weights": random}


def _peers(network: Network) -> dict[str, Peer]:
    """Return functions that compute the embeddings of a network in PyTorch, by precision."""
    import torch

    from sim.images.pretrain.export import to_twin

    torch.set_num_threads(numba.get_num_threads())
    model = to_twin(network)

    def peer(precision: torch.dtype) -> Peer:
        def embed(images: NDArray[np.uint8]) -> NDArray[np.uint64]:
            model.precision = precision
            with torch.inference_mode():
                parts = [
                    model.features(torch.from_numpy(images[i : i + BATCH])).numpy() > 0
                    for i in range(0, len(images), BATCH)
                ]
            return pack(np.concatenate(parts))

        return embed

    return {"float32": peer(torch.float32), "bfloat16": peer(torch.bfloat16)}
