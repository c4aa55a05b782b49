# SPDX-License-Identifier: MIT
"""XNOR-popcount products, compared with the machine's limit and float32 BLAS; inference."""

import numba
import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from golden.kernels import infer, xnor_gemm
from golden.network import Network
from golden.params import ConvParams, DenseParams, NetworkParams
from verification.bench.harness import Curve, Table, best_of, growth_table
from verification.bench.peak import xor_popcount_peak

__all__ = ["run"]

Shape = tuple[int, int, int]  # rows, columns, bits

LARGE: Shape = (2048, 2048, 4096)
LAYERS: dict[str, Shape] = {
    "convolution of 64 channels, 64 outputs": (4096, 64, 576),
    "convolution of 255 channels, 64 outputs": (4096, 64, 2295),
    "convolution of 128 channels, 256 outputs": (4096, 256, 1152),
    "dense 1024 to 128": (4096, 128, 1024),
    "ternary head, two planes of 100 classes": (4096, 200, 1152),
}


def run(quick: bool = False) -> list[Table]:
    """Return the tables of products, their growth, and inference."""
    return [_products(quick), _growth(quick), _inference(quick)]


def _matrices(m: int, n: int, k: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Return random packed matrices of `m` and of `n` rows of `k` bits."""
    rng = np.random.default_rng(m + n + k)
    words = -(-k // 64)
    last = np.uint64(2 ** (k - 64 * (words - 1)) - 1)
    matrices = [rng.integers(0, 2**64, (rows, words), np.uint64) for rows in (m, n)]
    for matrix in matrices:
        matrix[:, -1] &= last
    return matrices[0], matrices[1]


def _seconds(shape: Shape, threads: int, repeats: int) -> float:
    a, b = _matrices(*shape)
    return best_of(lambda: xnor_gemm(a, b, shape[2], threads=threads), repeats)


def _blas_seconds(shape: Shape, threads: int, repeats: int) -> float:
    """Time the product of float32 matrices of the same shape."""
    m, n, k = shape
    rng = np.random.default_rng(1)
    a, b = rng.random((m, k), np.float32), rng.random((k, n), np.float32)
    with threadpool_limits(threads):
        return best_of(lambda: a @ b, repeats)


def _products(quick: bool) -> Table:
    """Compare products with limit and BLAS, which are measured anew beside each product."""
    cpus, repeats = numba.get_num_threads(), 2 if quick else 9
    large: Shape = (512, 512, 1024) if quick else LARGE
    cases = [(f"large, threads: {t}", large, t) for t in sorted({1, cpus})]
    cases += [(f"{name}, threads: {cpus}", shape, cpus) for name, shape in LAYERS.items()]
    rows = []
    for name, shape, threads in cases:
        peak = xor_popcount_peak(threads, repeats)
        seconds = _seconds(shape, threads, 3 * repeats)
        peak = max(peak, xor_popcount_peak(threads, repeats))
        blas = _blas_seconds(shape, threads, repeats)
        speed = 2 * shape[0] * shape[1] * shape[2] / seconds
        size = " x ".join(map(str, shape))
        rows.append((name, size, 1e3 * seconds, speed / 1e12, speed / peak, blas / seconds))
    return Table(
        "XNOR-popcount products",
        ("product", "rows x columns x bits", "ms", "Tbit-op/s", "of the peak", "x float32 BLAS"),
        tuple(rows),
        "Two operations a bit. Peak: exclusive or, popcount and add on registers alone, as many "
        "threads; the kernel counts two words with one popcount, so it can exceed 1.",
    )


def _growth(quick: bool) -> Table:
    """Measure the time against each side of the product and against the number of threads."""
    side, repeats = (256, 2) if quick else (1024, 7)
    sizes = [side // 2, side, 2 * side]
    cpus = numba.get_num_threads()
    curves = []
    for axis, label in enumerate(("rows M", "columns N", "bits K")):
        seconds = []
        for size in sizes:
            shape = [side, side, 2 * side]
            shape[axis] = size
            seconds.append(_seconds((shape[0], shape[1], shape[2]), 1, repeats))
        curves.append(Curve(f"product: {label}", tuple(sizes), tuple(seconds)))
    if cpus > 1:
        threads = sorted({1, 2, cpus})
        seconds = tuple(_seconds((side, side, 4 * side), t, repeats) for t in threads)
        curves.append(Curve("product: threads", tuple(threads), seconds))
    return growth_table(
        "Growth of XNOR-popcount products",
        curves,
        f"{side} x {side} x {2 * side} bits but for the side that grows, one thread; "
        f"against threads {side} x {side} x {4 * side}.",
    )


def _network(widths: tuple[int, int, int], levels: int, outputs: int) -> Network:
    """Return a random network of three blocks of two convolutions and a pool, for 32 x 32 x 3."""
    layers: list[dict[str, object]] = [{"kind": "thermometer", "levels": levels}]
    for block, width in enumerate(widths):
        layers += [{"kind": "conv", "outputs": width, "groups": 2**block}] * 2
        layers.append({"kind": "pool"})
    width = widths[-1]
    layers.append(
        {"kind": "conv", "outputs": width, "groups": width, "kernel": 4, "padding": "valid"}
    )
    layers.append({"kind": "dense", "outputs": outputs})
    source = {"bits": 7, "channels": 3, "height": 32, "width": 32}
    params = NetworkParams.from_description({"input": source, "layers": layers})
    return Network.random(params, np.random.default_rng(0))


def _inference(quick: bool) -> Table:
    """Compare the images a second with those of the network's products alone at the peak."""
    cpus, count = numba.get_num_threads(), 16 if quick else 256
    rows = []
    for name, network in (
        ("650,688 weights, 255 input channels", _network((64, 128, 256), 85, 512)),
        ("133,888 weights, 24 input channels", _network((32, 64, 128), 8, 256)),
    ):
        images = np.random.default_rng(2).integers(0, 128, (count, 32, 32, 3), np.uint8)
        operations = sum(
            2 * layer.weight_count * layer.output.height * layer.output.width
            for layer in network.params.layers
            if isinstance(layer, ConvParams | DenseParams)
        )
        peak = xor_popcount_peak(cpus)
        fast = best_of(lambda n=network, x=images: infer(n, x), 2 if quick else 5) / count
        few = images[:2]
        plain = best_of(lambda n=network, x=few: n.forward(x), 1) / len(few)
        rows.append((name, 1 / fast, operations / fast / peak, plain / fast))
    return Table(
        "Inference of whole networks",
        ("network", "images/s", "of the peak", "x plain NumPy"),
        tuple(rows),
        f"{cpus} threads. The peak is that of the products alone.",
    )
