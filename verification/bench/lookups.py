# SPDX-License-Identifier: MIT
"""Peak rate of ``load, add`` of eight float32, the limit of products with tables of sums.

The tables fit the first-level cache, all places are known ahead, and there are 16 independent sums,
so that no addition waits for another.
"""

from typing import Any

import numpy as np
from numba import njit

from golden.kernels.bit_rows import SUMS
from golden.kernels.lanes import LANES, add, load, store, zeros
from verification.bench.harness import best_of

__all__ = ["look_up_peak"]

CHAINS = 16
TURNS = 20_000


def look_up_peak(repeats: int = 5) -> float:
    """Return how many sums a second one thread can look up and add."""
    tables, results = zeros(((SUMS, LANES), np.float32), ((CHAINS, LANES), np.float32))
    seconds = best_of(lambda: _look_up(tables, results, TURNS), repeats)
    return CHAINS * TURNS / seconds


@njit(nogil=True)
def _look_up(tables: Any, results: Any, turns: int) -> None:
    a = b = c = d = e = f = g = h = load(tables, 0)
    i = j = k = m = n = o = p = q = load(tables, 0)
    for turn in range(turns):
        at = turn & 15
        a, b = add(a, load(tables, at)), add(b, load(tables, at + 16))
        c, d = add(c, load(tables, at + 32)), add(d, load(tables, at + 48))
        e, f = add(e, load(tables, at + 64)), add(f, load(tables, at + 80))
        g, h = add(g, load(tables, at + 96)), add(h, load(tables, at + 112))
        i, j = add(i, load(tables, at + 128)), add(j, load(tables, at + 144))
        k, m = add(k, load(tables, at + 160)), add(m, load(tables, at + 176))
        n, o = add(n, load(tables, at + 192)), add(o, load(tables, at + 208))
        p, q = add(p, load(tables, at + 224)), add(q, load(tables, at + 240))
    for place, total in enumerate((a, b, c, d, e, f, g, h, i, j, k, m, n, o, p, q)):
        store(results, place, total)
