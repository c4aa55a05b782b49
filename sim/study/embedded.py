# SPDX-License-Identifier: MIT
"""The embeddings that a method learns from where cells of the network's memories fail."""

from sim.data.bank import Bank
from sim.data.failing_network import Failing, FailingNetwork
from sim.study.methods import Method
from sim.work.cache import Cache

__all__ = ["as_read"]


def as_read(
    bank: Bank, method: Method, seed: int, network: FailingNetwork | None, cache: Cache
) -> Bank:
    """Return a bank in the embeddings that the network of a method makes.

    Parameters
    ----------
    bank : Bank
        Embeddings of the sound network.
    method : Method
    seed : int
        Seed of the run, and of its die if the method names none.
    network : FailingNetwork or None
        That network and its images; None where no method lets its cells fail.
    cache : Cache
        Cache of embeddings.
    """
    failing = {
        key: Failing(cells.die_of(seed), cells.threshold)
        for key, cells in method.failing_network.items()
    }
    if not failing:
        return bank
    assert network is not None
    weights, maps = failing.get("network_faults"), failing.get("map_faults")
    return network.embed(bank, weights, maps, cache)
