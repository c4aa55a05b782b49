# SPDX-License-Identifier: MIT
"""Graphs are imported and held to their networks."""

from pathlib import Path
from typing import Any

import numpy as np

from sim.exchange.check import compare
from sim.exchange.graph import Graph as Read
from sim.exchange.pixels import PixelFormat
from sim.exchange.walk import Imported, import_graph
from verification.sim.exchange.graphs import Graph

__all__ = ["F32", "PIXELS", "head", "imported", "start"]

F32 = np.float32
PIXELS = PixelFormat(bits=4)


def imported(
    graph: Graph, folder: Path, features: str | None = None, images: int = 60, **given: Any
) -> Imported:
    """Import a graph, and hold its network to it on random images."""
    pixels = PixelFormat(**{"bits": 4, **given})
    read = Read(graph.save(folder))
    found = import_graph(read, pixels, features)
    shape = found.network.params.input.array_shape
    drawn = graph.rng.integers(0, 2**pixels.bits, (images, *shape), np.uint8)
    agreement = compare(read, found, pixels, drawn)
    assert agreement.whole
    assert agreement.ties.mean() < 0.2
    values = found.bits.reals(np.zeros((1, found.network.params.output.size), np.uint8))
    assert np.isfinite(values).all()
    return found


def start(shape: tuple[int, int, int] = (1, 8, 8), seed: int = 0) -> Graph:
    return Graph(shape, seed).add("Sub", F32(0.5)).bipolar()


def head(graph: Graph, features: int) -> Graph:
    return graph.flatten().dense(5, features)
