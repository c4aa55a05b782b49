# SPDX-License-Identifier: MIT
"""Primitive polynomials over GF(2), as taps of Fibonacci LFSRs (contract, 4).

Taps ``t`` of width ``n`` stand for the polynomial ``x^n + sum of x^(n-t)``; the tap ``n`` gives 1.
"""

__all__ = ["LATE_TAPS_64"]

#: Degree 64, every tap >= 32, so that a 32-step leap is one XOR level; entry ``i`` is stream ``i``.
LATE_TAPS_64: tuple[tuple[int, ...], ...] = (
    (64, 47, 45, 32),
    (64, 53, 44, 39),
    (64, 61, 54, 34),
    (64, 59, 53, 51),
    (64, 60, 45, 43),
    (64, 59, 35, 34),
    (64, 63, 57, 39),
    (64, 61, 49, 46),
    (64, 61, 39, 38),
    (64, 58, 44, 39),
    (64, 57, 38, 34),
    (64, 43, 41, 36),
    (64, 58, 49, 42),
    (64, 59, 50, 34),
    (64, 51, 44, 34),
    (64, 53, 43, 36),
    (64, 63, 62, 53),
    (64, 62, 61, 36),
    (64, 58, 54, 33),
    (64, 54, 42, 37),
    (64, 59, 52, 41),
    (64, 63, 46, 35),
    (64, 53, 46, 41),
    (64, 62, 53, 37),
)
