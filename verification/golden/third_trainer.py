# SPDX-License-Identifier: MIT
"""A third implementation of training in integers, from the contract alone: numbers in lists."""

from fractions import Fraction
from math import exp

__all__ = ["Third"]

COARSE = [round(2**30 * exp(-i / 8)) for i in range(256)]
FINE = [round(2**30 * exp(-i / 2048)) for i in range(256)]


def words(user_seed, width):
    """Section 4: words of stream 21, the register stepped bit by bit."""
    m = 2**64
    z = (user_seed + 22 * 0x9E3779B97F4A7C15) % m
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % m
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB % m
    s = z ^ (z >> 31) or 1
    while True:
        yield s % 2**width
        for _ in range(width):
            s = (s << 1 | sum(s >> (t - 1) & 1 for t in (64, 63, 46, 35)) % 2) % m


def nearest(x, s):
    return round(Fraction(x) / Fraction(2) ** s)


def sat(q, x):
    return max(-(2 ** (q - 1)), min(2 ** (q - 1) - 1, x))


class Third:
    """Section 12, number by number."""

    def __init__(self, p, latent):
        self.p, self.v = p, latent.tolist()
        self.w = [[0] * p.concat for _ in range(p.classes)]
        self.width = min(64, p.lanes + 15)
        self.random = words(p.seed, self.width)

    def back(self, row, s, lanes):
        if self.p.rounding == "nearest_even":
            return [nearest(x, s) for x in row]
        results, word = [], 0
        for j, x in enumerate(row):
            if j % lanes == 0:
                word = next(self.random)
            r = sum((word >> (j % lanes + i) % self.width & 1) * 2**i for i in range(16))
            results.append(x << -s if s <= 0 else (x + ((2 * r + 1) * 2**s >> 17)) >> s)
        return results

    def inputs(self, bits):
        x = [2 * bit - 1 for bit in bits]
        pre = [sum(a * (1 if b >= 0 else -1) for a, b in zip(x, v, strict=True)) for v in self.v]
        return [1 if s >= 0 else -1 for s in pre] + x, pre

    def sums(self, z, classes):
        p = self.p
        rows = [
            [
                sat(p.forward_width, nearest(w, p.backward_width - p.forward_width))
                for w in self.w[c]
            ]
            for c in classes
        ]
        return [sum(a * b for a, b in zip(row, z, strict=True)) for row in rows]

    def excess(self, z, label, classes):
        p = self.p
        sums = self.sums(z, classes)
        logits = [sat(p.forward_width, nearest(s, 4 - p.weight_exponent)) for s in sums]
        distances = [(max(logits) - one) * 2**16 >> p.forward_width for one in logits]
        e = [COARSE[d // 256] * FINE[d % 256] >> 30 for d in distances]
        shares = [(one * 2**28 + sum(e) // 2) // sum(e) for one in e]
        return [one - (c == label) * 2**28 for one, c in zip(shares, classes, strict=True)]

    def step(self, samples, labels, classes):
        p, b = self.p, min(self.p.backward_width - 1, 28)
        inputs = [self.inputs(bits) for bits in samples]
        excess = [
            self.excess(z, label, classes) for (z, _), label in zip(inputs, labels, strict=True)
        ]
        sums = [self.sums(z, classes) for z, _ in inputs]
        won = [classes[row.index(max(row))] for row in sums]
        hits = sum(a == b for a, b in zip(won, labels, strict=True))
        g = [[sat(p.backward_width, x) for x in self.back(row, 28 - b, 1)] for row in excess]
        rows = [list(self.w[c]) for c in classes]
        if p.hidden and p.binary_width > 1:
            u = [
                [sum(e * w[h] for e, w in zip(row, rows, strict=True)) for h in range(p.hidden)]
                for row in g
            ]
            u = [[sat(p.backward_width, x) for x in self.back(row, b, p.lanes)] for row in u]
            shift = p.binary_rate + p.backward_width - p.binary_width - p.weight_exponent
            for h in range(p.hidden):
                totals = [
                    sum(
                        u[i][h] * z[p.hidden + d]
                        for i, (z, pre) in enumerate(inputs)
                        if abs(pre[h]) <= p.window
                    )
                    for d in range(p.features)
                ]
                for d, step in enumerate(self.back(totals, shift, p.lanes)):
                    self.v[h][d] = sat(p.binary_width, self.v[h][d] - sat(32, step))
        shift = p.rate + p.weight_exponent - (p.backward_width - 1 - b)
        for place, c in enumerate(classes):
            totals = [
                sum(g[i][place] * z[j] for i, (z, _) in enumerate(inputs)) for j in range(p.concat)
            ]
            for j, step in enumerate(self.back(totals, shift, p.lanes)):
                self.w[c][j] = sat(p.backward_width, self.w[c][j] - sat(32, step))
        return hits
