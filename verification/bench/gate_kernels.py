# SPDX-License-Identifier: MIT
"""Compiled loops over the gates of a circuit: cycle by cycle, and between cycles with delays.

In the first loops a net is a byte of 0 or 1. In `switch` it is a word of 64 cycles, a bit for each,
because what happens between two clock edges depends on the levels before and after them alone.
"""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["BITS", "LONGEST", "settle", "switch", "transfer"]

BITS = 64  # cycles of a word
_COUNTER = 6  # bits of the counter of a pending change
LONGEST = 2**_COUNTER - 1  # longest delay of a gate, in steps


@njit(cache=True)
def _looked_up(
    first: NDArray[np.int32], pins: NDArray[np.int32], table: Any, g: int,
    levels: NDArray[np.uint8],
) -> Any:  # fmt: skip
    number = 0
    for j in range(first[g], first[g + 1]):
        number |= np.int64(levels[pins[j]]) << (j - first[g])
    return np.uint8((table >> np.uint64(number)) & np.uint64(1))


@njit(cache=True)
def settle(
    first: NDArray[np.int32], pins: NDArray[np.int32], tables: NDArray[np.uint64],
    outputs: NDArray[np.int32], levels: NDArray[np.uint8],
) -> None:  # fmt: skip
    """Set the outputs of gates, which stand in the order in which they settle.

    Parameters
    ----------
    first, pins, tables, outputs : ndarray
        Gates, as in `verification.bench.circuit.Cells`.
    levels : ndarray of shape (nets,), uint8
        Levels of the nets; those of outputs are set.
    """
    for g in range(len(outputs)):
        levels[outputs[g]] = _looked_up(first, pins, tables[g], g, levels)


@njit(cache=True)
def transfer(
    first: NDArray[np.int32], pins: NDArray[np.int32], tables: NDArray[np.uint64],
    following: NDArray[np.uint8], levels: NDArray[np.uint8],
) -> None:  # fmt: skip
    """Find the next state of every flip-flop.

    Parameters
    ----------
    first, pins, tables : ndarray
        What comes before each flip-flop, as the gates of `verification.bench.circuit.Cells`.
    following : ndarray of shape (flip-flops,), uint8
        Is set to the next states.
    levels : ndarray of shape (nets,), uint8
        Levels of the nets.
    """
    for g in range(len(following)):
        following[g] = _looked_up(first, pins, tables[g], g, levels)


@njit(cache=True)
def _word(
    first: NDArray[np.int32], pins: NDArray[np.int32], table: Any, g: int,
    levels: NDArray[np.uint64], parts: NDArray[np.uint64],
) -> Any:  # fmt: skip
    """Return 64 outputs of a gate: its truth table, chosen from by one input after another."""
    inputs = first[g + 1] - first[g]
    one = np.uint64(1)
    size = 1 << inputs
    for v in range(size):
        parts[v] = ~np.uint64(0) if (table >> np.uint64(v)) & one else np.uint64(0)
    for j in range(inputs):
        level = levels[pins[first[g] + j]]
        size >>= 1
        for v in range(size):
            low, high = parts[2 * v], parts[2 * v + 1]
            parts[v] = low ^ ((low ^ high) & level)
    return parts[0]


@njit(cache=True)
def _ones(word: Any) -> Any:
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + (
        (word >> np.uint64(2)) & np.uint64(0x3333333333333333)
    )
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@njit(cache=True)
def switch(
    first: NDArray[np.int32], pins: NDArray[np.int32], tables: NDArray[np.uint64],
    outputs: NDArray[np.int32], follow_first: NDArray[np.int32], follow: NDArray[np.int32],
    delays: NDArray[np.uint8], sources: NDArray[np.int32], before: NDArray[np.uint64],
    after: NDArray[np.uint64], settled: NDArray[np.int64], delayed: NDArray[np.int64],
) -> bool:  # fmt: skip
    """Count the changes of every net between clock edges, without delays and with them.

    A gate takes a new level when its inputs have asked for it for as long as its delay, without a
    break. A shorter pulse does not pass.

    Parameters
    ----------
    first, pins, tables, outputs : ndarray
        Gates, as in `verification.bench.circuit.Cells`, in the order in which they settle.
    follow_first, follow : ndarray, int32
        Gates that each net drives: those of net n begin at ``follow_first[n]``.
    delays : ndarray of shape (gates,), uint8
        Steps of each gate, ``1 .. LONGEST``.
    sources : ndarray, int32
        Nets that change at the clock edge.
    before, after : ndarray of shape (words, sources), uint64
        Levels of the sources before and after the edge, a bit for each edge.
    settled, delayed : ndarray of shape (nets,), int64
        To them are added the nets whose level differs after an edge, and all changes.

    Returns
    -------
    bool
        Whether the levels with delays ended as those without, in every cycle.
    """
    gates, nets = len(outputs), len(settled)
    levels = np.zeros(nets, np.uint64)
    final = np.zeros(nets, np.uint64)
    parts = np.zeros(1 << _COUNTER, np.uint64)
    pending = np.zeros((gates, _COUNTER), np.uint64)
    now = np.empty(gates, np.int32)
    following = np.empty(gates, np.int32)
    marked = np.zeros(gates, np.uint8)
    flips = np.zeros(gates, np.uint64)
    equal = True
    for w in range(len(before)):
        levels[1] = final[1] = ~np.uint64(0)
        for n in range(len(sources)):
            levels[sources[n]], final[sources[n]] = before[w, n], after[w, n]
        for g in range(gates):
            levels[outputs[g]] = _word(first, pins, tables[g], g, levels, parts)
            final[outputs[g]] = _word(first, pins, tables[g], g, final, parts)
            settled[outputs[g]] += _ones(levels[outputs[g]] ^ final[outputs[g]])
        count = 0
        for n in range(len(sources)):
            net = sources[n]
            changed = levels[net] ^ final[net]
            if changed:
                settled[net] += _ones(changed)
                delayed[net] += _ones(changed)
                levels[net] = final[net]
                for f in range(follow_first[net], follow_first[net + 1]):
                    if not marked[follow[f]]:
                        marked[follow[f]] = 1
                        now[count] = follow[f]
                        count += 1
        while count:
            for i in range(count):
                g = now[i]
                marked[g] = 0
                asked = _word(first, pins, tables[g], g, levels, parts) ^ levels[outputs[g]]
                carry, flip = asked, asked
                for b in range(_COUNTER):
                    bit = pending[g, b]
                    pending[g, b] = (bit ^ carry) & asked
                    carry &= bit
                    wanted = ~np.uint64(0) if (delays[g] >> b) & 1 else np.uint64(0)
                    flip &= ~(pending[g, b] ^ wanted)
                for b in range(_COUNTER):
                    pending[g, b] &= ~flip
                flips[g] = flip
                if asked & ~flip:
                    marked[g] = 2
            ahead = 0
            for i in range(count):
                g = now[i]
                if marked[g] == 2:
                    marked[g] = 1
                    following[ahead] = g
                    ahead += 1
            for i in range(count):
                g = now[i]
                if flips[g]:
                    net = outputs[g]
                    delayed[net] += _ones(flips[g])
                    levels[net] ^= flips[g]
                    flips[g] = 0
                    for f in range(follow_first[net], follow_first[net + 1]):
                        if not marked[follow[f]]:
                            marked[follow[f]] = 1
                            following[ahead] = follow[f]
                            ahead += 1
            now, following = following, now
            count = ahead
        for g in range(gates):
            equal &= levels[outputs[g]] == final[outputs[g]]
    return equal
