# SPDX-License-Identifier: MIT
"""A source's state goes round: its copy answers, and learns on, bit for bit."""

import numpy as np
from numpy.typing import NDArray

from golden.bits import pack
from sim.replay import Classifier

__all__ = ["check_state"]

Bits = NDArray[np.uint8]
Labels = NDArray[np.int64]


def check_state(
    source: Classifier,
    copy: Classifier,
    first: tuple[Bits, Labels],
    then: tuple[Bits, Labels],
    fresh: Bits,
) -> None:
    """Teach a source, hand its state to an empty copy, and teach both; they must stay alike.

    The state is taken before the source learns on, and must not move with it.

    Parameters
    ----------
    source, copy : Classifier
        Two that have learnt nothing, of the same parameters.
    first, then : tuple of ndarray
        Bits of samples, of shape (n_samples, D), and their classes.
    fresh : ndarray of shape (n, D), uint8
        Bits of samples that both classify at the end.
    """
    source.learn(pack(first[0]), first[1], np.random.default_rng(2))
    state = source.state()
    source.learn(pack(then[0]), then[1], np.random.default_rng(2))
    copy.load_state(state)
    copy.learn(pack(then[0]), then[1], np.random.default_rng(2))
    for key, array in source.state().items():
        np.testing.assert_array_equal(array, copy.state()[key])
    assert copy.n_classes == source.n_classes
    np.testing.assert_array_equal(copy.classify(pack(fresh)), source.classify(pack(fresh)))
