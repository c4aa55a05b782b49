# SPDX-License-Identifier: MIT
"""Inference of whole networks, beside PyTorch on the same network in float32 and in bfloat16."""

from collections.abc import Callable
from importlib.util import find_spec

import numba
import numpy as np
from numpy.typing import NDArray

from golden.bits import pack
from golden.kernels import infer
from sim.networks import load_network
from verification.bench.harness import Table, best_of

__all__ = ["run"]

NETWORKS = ("fbnn-1M-wide", "fbnn-1M")
BATCH = 128  # images at a time in PyTorch; larger ones are no faster here


def run(quick: bool = False) -> list[Table]:
    """Return the table of images a second; none without PyTorch."""
    if find_spec("torch") is None:
        return []
    cpus, count = numba.get_num_threads(), BATCH if quick else 8 * BATCH
    rows = []
    for name in NETWORKS[: 1 if quick else None]:
        network, peers = _twins(name)
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
            f"Pixels to embeddings on {cpus} threads. PyTorch has the +-1 weights ready, takes "
            f"{BATCH} images at a time, channels last; in float32 its bits are the same.",
        )
    ]


def _twins(name: str) -> tuple[object, dict[str, Callable[[NDArray[np.uint8]], NDArray]]]:
    """Return a random golden network and what computes its embeddings in PyTorch."""
    import torch

    from sim.pretrain.export import to_golden
    from sim.pretrain.model import BinaryNetwork
    from sim.pretrain.settings import ModelConfig

    torch.set_num_threads(numba.get_num_threads())
    model = BinaryNetwork(load_network(name), ModelConfig(), np.random.default_rng(0)).eval()

    def peer(precision: torch.dtype) -> Callable[[NDArray[np.uint8]], NDArray]:
        def embed(images: NDArray[np.uint8]) -> NDArray:
            model.precision = precision
            with torch.inference_mode():
                parts = [
                    model.features(torch.from_numpy(images[i : i + BATCH])).numpy() > 0
                    for i in range(0, len(images), BATCH)
                ]
            return pack(np.concatenate(parts))

        return embed

    return to_golden(model), {"float32": peer(torch.float32), "bfloat16": peer(torch.bfloat16)}
