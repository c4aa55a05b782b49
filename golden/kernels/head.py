# SPDX-License-Identifier: MIT
"""Compiled training step of a binary head: straight-through gradients by tables of sums.

The inputs of both layers are bits, so each gradient is a product of real errors with bits. Tables
take the place of most multiplications (`golden.kernels.bit_rows`). All sums have a fixed order, and
exponentials and logarithms are those of `golden.kernels.elementary`. So a training has the same
bits on every machine.

In lanes, a vector along the samples has the shape ``(groups, padded, 8)``: element ``i`` of vector
``v`` is at ``(v // 8, i, v % 8)``. The padding, up to whole words of bits, holds 0. A value of +-1
is ``2 b - 1``, so all errors are kept doubled, which is exact.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.kernels.bit_rows import COLUMNS, SUMS, add_products, transpose
from golden.kernels.compiled import compiled
from golden.kernels.elementary import exp, log
from golden.kernels.gemm import dot_rows, fill_panels
from golden.kernels.lanes import LANES, add, fill, load, multiply, signs_at, store, widen
from golden.kernels.tile import COLUMNS as PANEL

__all__ = ["head_gradients"]

_LEAST = 1e-30  # smallest share of which a logarithm is taken

Array = NDArray[np.float32]


def head_gradients(
    x: NDArray[np.uint64],
    labels: NDArray[np.int64],
    hidden: Array,
    planes: Array,
    n_classes: int,
    *,
    window: int,
    hidden_scale: float,
    logit_scale: float,
) -> tuple[float, int, Array, Array]:
    """Return loss, hits and gradients of one batch.

    Parameters
    ----------
    x : ndarray of shape (n_samples, ceil(D/64)), uint64
        Packed samples.
    labels : ndarray of shape (n_samples,), int64 in ``0..n_classes - 1``
    hidden : ndarray of shape (H, D), float32
        Latent weights of the hidden layer; their signs are its bits. H may be 0.
    planes : ndarray of shape (2, C, H + D), float32
        Latent weights of both planes of the output layer.
    n_classes : int
        Classes of the softmax, the first of C.
    window : int
        The gradient passes the sign of a hidden neuron where the magnitude of its sum is at most
        this.
    hidden_scale : float
        Factor on the gradient of the sums of the hidden layer.
    logit_scale : float
        Factor on the logits before the softmax.

    Returns
    -------
    loss : float
        Mean cross-entropy, in nats.
    hits : int
        Samples whose first largest logit is that of their label.
    hidden_gradient : ndarray of shape (H, D), float32
    plane_gradient : ndarray of shape (C, H + D), float32
        Gradient of each plane; it is 0 for classes from `n_classes` on.
    """
    below, plane = np.empty_like(hidden), np.zeros(planes.shape[1:], np.float32)
    loss, hits = _step(
        np.ascontiguousarray(x),
        labels,
        hidden,
        planes[:, :n_classes],
        window,
        np.float32(hidden_scale),
        np.float32(logit_scale),
        below,
        plane[:n_classes],
    )
    return loss / len(x), hits, below, plane


@compiled()
def _step(
    x: Any,
    labels: Any,
    hidden: Any,
    planes: Any,
    window: Any,
    hidden_scale: Any,
    logit_scale: Any,
    below: Any,
    plane: Any,
) -> Any:
    """Write both gradients; return the sum of the losses, and the hits."""
    n_hidden, features = hidden.shape
    _, n_classes, _ = planes.shape
    n_samples = len(x)
    both = _dots(x, _signs(planes[:, :, n_hidden:]), features)
    logits = both[:, :n_classes] + both[:, n_classes:]
    sums = _dots(x, _signs(hidden.reshape(1, n_hidden, features)), features)
    fired, above = _signs(sums.reshape(1, n_samples, n_hidden)), _signs(planes[:, :, :n_hidden])
    if n_hidden:
        both = _dots(fired, above, n_hidden)
        logits += both[:, :n_classes] + both[:, n_classes:]
    errors = _lanes(n_classes, n_samples)
    loss, hits = _cross_entropy(logits, labels, logit_scale, errors)
    inputs = _columns(x, features)
    _multiply(errors, inputs, plane[:, n_hidden:])
    if n_hidden:
        _multiply(errors, _columns(fired, n_hidden), plane[:, :n_hidden])
        by_sample = _lanes(n_samples, 2 * n_classes)
        _turn(errors, n_samples, n_classes, by_sample)
        back = np.empty((n_samples, n_hidden), np.float32)
        _multiply(by_sample, _columns(above, n_hidden), back)
        by_neuron = _lanes(n_hidden, n_samples)
        _pass_window(back, sums, window, np.float32(2) * hidden_scale, by_neuron)
        _multiply(by_neuron, inputs, below)
    return loss, hits


@compiled()
def _signs(values: Any) -> Any:
    """Return packed signs, those of one part after those of another: 1 where a value is >= 0.

    Values of a vector, the last axis, lie side by side in memory.
    """
    parts, n_vectors, n = values.shape
    words = np.empty((parts * n_vectors, -(-n // 64)), np.uint64)
    size = values.itemsize
    for part in range(parts):
        for i in range(n_vectors):
            start = (part * values.strides[0] + i * values.strides[1]) // size
            for k in range(words.shape[1]):
                count = min(64, n - 64 * k)
                word, whole = np.uint64(0), count // LANES * LANES
                for j in range(0, whole, LANES):
                    word |= signs_at(values, start + 64 * k + j) << np.uint64(j)
                for j in range(whole, count):
                    word |= np.uint64(values[part, i, 64 * k + j] >= 0) << np.uint64(j)
                words[part * n_vectors + i, k] = word
    return words


@compiled()
def _dots(a: Any, b: Any, n_bits: Any) -> Any:
    """Return the dot products of all rows, as `golden.kernels.xnor_gemm` does."""
    panels = np.empty((1, -(-len(b) // PANEL), b.shape[1], PANEL), np.uint64)
    fill_panels(b.reshape(1, len(b), b.shape[1]), panels)
    out = np.empty((len(a), len(b)), np.int32)
    dot_rows(a, panels[0], out, n_bits, 0, len(a))
    return out


@compiled(error_model="numpy")
def _cross_entropy(logits: Any, labels: Any, scale: Any, errors: Any) -> Any:
    """Write doubled errors, the gradient of the logits; return the sum of losses, and the hits."""
    n_samples, n_classes = logits.shape
    row = np.empty(n_classes, np.float32)
    shares = np.empty(n_samples)
    factor = np.float32(2) * scale / np.float32(n_samples)
    hits = 0
    for i in range(n_samples):
        highest, answer = logits[i, 0], 0
        for c in range(1, n_classes):
            if logits[i, c] > highest:
                highest, answer = logits[i, c], c
        hits += answer == labels[i]
        for c in range(n_classes):
            row[c] = exp(np.float32(logits[i, c] - highest) * scale)
        evidence = np.float32(0)
        for c in range(n_classes):
            evidence += row[c]
        for c in range(n_classes):
            row[c] /= evidence
        shares[i] = max(row[labels[i]], _LEAST)
        row[labels[i]] -= np.float32(1)
        for c in range(n_classes):
            errors[c // LANES, i, c % LANES] = row[c] * factor
    loss = 0.0
    for i in range(n_samples):
        loss -= log(shares[i])
    return loss, hits


@compiled()
def _lanes(n_vectors: Any, length: Any) -> Any:
    """Return zeros in lanes for vectors along whole words of bits."""
    padded = -(-length // COLUMNS) * COLUMNS
    return np.zeros((-(-n_vectors // LANES), padded, LANES), np.float32)


@compiled()
def _columns(packed: Any, n: Any) -> Any:
    """Return the columns of packed vectors of `n` bits as words of a `BitRows`."""
    words = np.empty((-(-len(packed) // COLUMNS), n), np.uint64)
    transpose(packed, words)
    return words


@compiled()
def _multiply(doubled: Any, words: Any, out: Any) -> None:
    """Write products of vectors in lanes with rows of +-1, of shape (n_vectors, n_rows)."""
    n_vectors, n_rows = out.shape
    tables = np.zeros((SUMS, LANES), np.float32)
    sums = np.empty((1, n_rows, LANES), np.float32)  # few enough to stay in the cache
    for first in range(0, n_vectors, LANES):
        vectors = doubled[first // LANES : first // LANES + 1]
        everything = fill(0.0)
        for i in range(vectors.shape[1]):
            everything = add(everything, widen(load(vectors, i)))
        start = multiply(everything, fill(-0.5))  # the sum of a row without a 1
        for row in range(n_rows):
            store(sums, row, start)
        add_products(words, vectors, tables, sums)
        count = min(LANES, n_vectors - first)
        for row in range(n_rows):
            for lane in range(count):
                out[first + lane, row] = sums[0, row, lane]


@compiled()
def _turn(errors: Any, n_samples: Any, n_classes: Any, by_sample: Any) -> None:
    """Write errors with a lane a sample, along the classes of one plane and then of the other."""
    for i in range(n_samples):
        for c in range(n_classes):
            error = errors[c // LANES, i, c % LANES]
            by_sample[i // LANES, c, i % LANES] = error
            by_sample[i // LANES, n_classes + c, i % LANES] = error


@compiled()
def _pass_window(back: Any, sums: Any, window: Any, scale: Any, by_neuron: Any) -> None:
    """Scale the gradients of the hidden bits, with a lane a neuron; 0 outside the window."""
    for i in range(sums.shape[0]):
        for h in range(sums.shape[1]):
            inside = abs(sums[i, h]) <= window
            by_neuron[h // LANES, i, h % LANES] = back[i, h] * scale if inside else np.float32(0)
