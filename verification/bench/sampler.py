# SPDX-License-Identifier: MIT
"""Speed of the compiled samplers, as ratios to NumPy's ``rng.random(float32) < mu``."""

from typing import Any

import numba
import numpy as np

from golden.correlated import CorrelatedSampler
from golden.kernels.correlated import draw as draw_correlated
from golden.kernels.sampler import draw
from golden.params import CorrelatedSamplerParams, PrototypesParams, SamplerParams
from golden.sampler import Sampler
from verification.bench.harness import Curve, Table, best_of, growth_table

__all__ = ["run"]


def run(quick: bool = False) -> list[Table]:
    """Compare the sampler with its peers and fit the growth of its time."""
    scale = 50 if quick else 1
    return [_ratios(scale), _batches(), _correlated(scale), *_growth(scale)]


def _sampler(
    features: int = 512,
    *,
    code_width: int = 8,
    lanes: int = 64,
    components: int = 1,
    mode: str = "parallel",
    draws_per_read: int = 1,
) -> Sampler:
    """Return a sampler with ten classes of random codes and equal weights within a class."""
    rng = np.random.default_rng(0)
    sampler = Sampler(
        SamplerParams(
            prototypes=PrototypesParams(
                features=features,
                code_width=code_width,
                lanes=lanes,
                components=10 * components,
                classes=10,
                class_components=components,
            ),
            mode=mode,
            draws_per_read=draws_per_read,
        )
    )
    for _ in range(10):
        codes = rng.integers(0, 2**code_width, (components, features))
        thresholds = 65536 * np.arange(1, components) // components
        sampler.prototypes.append(codes, thresholds)
    return sampler


def _seconds(sampler: Sampler, requests: int, threads: int = 1) -> float:
    labels = np.arange(requests) % 10
    return best_of(lambda: draw(sampler, labels, threads=threads))


def _numpy_seconds(features: int, rows: int) -> float:
    """Time the peer: unpacked booleans from one thread."""
    rng = np.random.default_rng(0)
    mu = rng.random(features, dtype=np.float32)
    return best_of(lambda: rng.random((rows, features), dtype=np.float32) < mu)


def _ratios(scale: int) -> Table:
    rows: list[tuple[object, ...]] = []
    cases: tuple[tuple[str, int, int, dict[str, Any]], ...] = (
        ("parallel", 512, 100_000, {}),
        ("parallel", 1024, 100_000, {}),
        ("parallel, 13 beats", 784, 50_000, {}),
        ("parallel, K = 4", 512, 100_000, {"components": 4}),
        ("parallel, M = 4", 512, 10_000, {"draws_per_read": 4}),
        ("parallel, L = 16", 512, 5_000, {"lanes": 16}),
        ("serial", 512, 20_000, {"mode": "serial"}),
        ("parallel, a batch", 512, 32 * scale, {}),
        ("serial, a batch", 512, 32 * scale, {"mode": "serial"}),
    )
    for name, features, requests, options in cases:
        sampler, count = _sampler(features, **options), max(1, requests // scale)
        # The peer runs before and after, so that other work on the machine slows both.
        peer_rows = min(4000, count)
        peer = _numpy_seconds(features, peer_rows)
        seconds = _seconds(sampler, count)
        peer = min(peer, _numpy_seconds(features, peer_rows)) * count / peer_rows
        draws = sampler.params.draws_per_read
        speed = count * draws * features / seconds
        rows.append((name, features, count, speed / 1e9, peer * draws / seconds))
    plain, count = _sampler(), max(2, 100 // scale)
    plain_seconds = best_of(lambda: plain.draw(np.arange(count) % 10), repeats=2) / count
    rows.append(
        (
            "plain definition",
            512,
            count,
            512 / plain_seconds / 1e9,
            _numpy_seconds(512, 1000) / 1000 / plain_seconds,
        )
    )
    return Table(
        "Sampler, q = 8, one thread",
        ("what", "features D", "requests N", "10^9 draws/s", "times NumPy"),
        tuple(rows),
        "Packed bits out, against NumPy's `rng.random(float32) < mu` with as many booleans out.",
    )


def _batches() -> Table:
    """Time a batch of 32 requests beside one of none, which is all that Python does around it."""
    peer, rows = _numpy_seconds(512, 32), []
    for mode in ("parallel", "serial"):
        sampler = _sampler(mode=mode)
        seconds = [_seconds(sampler, requests) for requests in (32, 0)]
        rows.append((mode, seconds))
    peer = min(peer, _numpy_seconds(512, 32))
    return Table(
        "What bounds a batch of 32 requests, D = 512, q = 8, one thread",
        ("mode", "microseconds", "of these, without a request", "times NumPy", "at most"),
        tuple(
            (mode, 1e6 * whole, 1e6 * empty, peer / whole, peer / empty)
            for mode, (whole, empty) in rows
        ),
        "Without a request, `draw` checks the labels, reads and writes the states of the LFSRs, "
        "and calls its kernel. At most: if the kernel took no time.",
    )


def _correlated(scale: int) -> Table:
    """Time samplers with factors beside their plain definitions, which run before and after."""
    rows: list[tuple[object, ...]] = []
    count, few = max(2, 20_000 // scale), np.zeros(max(2, 50 // scale), np.int64)
    for rank in (8, 32, 64):
        memory = PrototypesParams(features=512, code_width=8, components=1, classes=1)
        sampler = CorrelatedSampler(CorrelatedSamplerParams(prototypes=memory, rank=rank))
        rng = np.random.default_rng(0)
        sampler.prototypes.append(rng.integers(0, 256, (1, 512)))
        sampler.load_basis(rng.integers(-7, 8, (512, rank)), 4)
        times = [_plain_seconds(sampler, few)]
        labels = np.zeros(count, np.int64)
        seconds = best_of(lambda s=sampler, c=labels: draw_correlated(s, c, threads=1)) / count
        times.append(_plain_seconds(sampler, few))
        rows.append((rank, count, 512 / seconds / 1e9, min(times) / seconds))
    return Table(
        "Sampler with factors, D = 512, q = 8, loadings of 4 bits, one thread",
        ("factors R", "requests N", "10^9 draws/s", "times the plain definition"),
        tuple(rows),
        "Packed bits out, against `golden.correlated`, which draws the same bits.",
    )


def _plain_seconds(sampler: CorrelatedSampler, labels: np.ndarray) -> float:
    """Time an exemplar of the plain definition."""
    return best_of(lambda: sampler.draw(labels), repeats=2) / len(labels)


def _growth(scale: int) -> list[Table]:
    n = 50_000 // scale

    def curve(label: str, sizes: tuple[int, ...], seconds: list[float]) -> Curve:
        return Curve(label, tuple(map(float, sizes)), tuple(seconds))

    features, counts = (256, 512, 1024, 2048), (n // 8, n // 4, n // 2, n)
    components, widths = (1, 2, 4, 8), (2, 4, 8, 16)
    threads = tuple(range(1, numba.get_num_threads() + 1))
    curves = [
        curve("sampler: features D", features, [_seconds(_sampler(d), n // 4) for d in features]),
        curve("sampler: exemplars N", counts, [_seconds(_sampler(), size) for size in counts]),
        curve(
            "sampler: components K",
            components,
            [_seconds(_sampler(components=k), n) for k in components],
        ),
        curve(
            "sampler: code bits q", widths, [_seconds(_sampler(code_width=q), n) for q in widths]
        ),
    ]
    if len(threads) > 1:
        seconds = [_seconds(_sampler(1024), 4 * n, t) for t in threads]
        curves.append(curve("sampler: threads", threads, seconds))
    return [growth_table("Growth of the sampler", curves, "One thread, D = 512, q = 8, K = 1.")]
