# SPDX-License-Identifier: MIT
"""Compiled XNOR-popcount products of packed matrices, equal to `golden.xnor` bit for bit."""

from math import prod

import numba
import numpy as np
from numba.np.numpy_support import carray
from numpy.typing import NDArray

from golden.arrays import check_packed
from golden.kernels.atomics import add, pointer
from golden.kernels.compiled import compiled
from golden.kernels.crew import Crew, dismiss, offer
from golden.kernels.tile import COLUMNS, ROWS, dot_row, dot_tile
from golden.params.checks import check_integer

__all__ = [
    "dot_rows",
    "fill_panels",
    "make_panels",
    "write_parities",
    "xnor_gemm",
]

BLOCK = 12 * ROWS  # rows whose parities are kept while all panels pass
CACHE = 2**13  # most words of these parities, so that they stay in the cache
SHARE = 2**24  # bit products that are worth a thread
_JOB = 10  # words that describe a product to the members of the crew

_Words = NDArray[np.uint64]


def xnor_gemm(
    a: _Words, b: _Words, n_bits: int, *, threads: int | None = None
) -> NDArray[np.int32]:
    """Return the dot products of all rows of `a` with all rows of `b`, as `Xnor.dot` does.

    Parameters
    ----------
    a : ndarray of shape (M, ceil(n_bits/64)), uint64
    b : ndarray of shape (N, ceil(n_bits/64)), uint64
        Packed vectors of +1 and -1.
    n_bits : int
        Length of the vectors.
    threads : int, optional
        At most this many threads, all processors by default. The result never depends on it.

    Returns
    -------
    ndarray of shape (M, N), int32

    Raises
    ------
    TypeError, ValueError
        If an array is not a matrix of packed vectors, or a count less than 1.
    """
    check_integer("Bits of a vector", n_bits, 1)
    for name, matrix in (("Left matrix", a), ("Right matrix", b)):
        check_packed(name, matrix, n_bits)
        if matrix.ndim != 2:
            raise ValueError(f"{name} must have 2 axes, not {matrix.ndim}")
    available = numba.get_num_threads() if threads is None else threads
    check_integer("Threads", available, 1)
    worth = min(available, n_bits * len(a) * len(b) // SHARE)
    out = np.empty((len(a), len(b)), np.int32)
    members = _CREW.members(max(0, worth - 1))
    words = a.shape[1]
    work = (len(members) + 1) * _block(words) * (words + COLUMNS // 2)
    memory = np.empty(_JOB + 8 + -(-len(b) // COLUMNS) * COLUMNS * words + work, np.uint64)
    _multiply(np.ascontiguousarray(a), np.ascontiguousarray(b), out, n_bits, members, memory)
    return out


def make_panels(weights: _Words) -> _Words:
    """Return weights in panels of columns, the layout that tiles read.

    Parameters
    ----------
    weights : ndarray of shape (groups, outputs, words), uint64

    Returns
    -------
    ndarray of shape (groups, ceil(outputs/COLUMNS), words, COLUMNS), uint64
        Running parities, aligned to a cache line. Every second one that ends a pair is inverted.
        Columns past the outputs belong to weights of 0.
    """
    groups, outputs, words = weights.shape
    shape = (groups, -(-outputs // COLUMNS), words, COLUMNS)
    raw = np.empty(prod(shape) + 8, np.uint64)
    skip = -raw.ctypes.data % 64 // 8
    panels = raw[skip : skip + prod(shape)].reshape(shape)
    fill_panels(np.ascontiguousarray(weights), panels)
    return panels


@compiled()
def fill_panels(weights, panels):
    """Write running parities of all weights.

    Parameters
    ----------
    weights : ndarray of shape (groups, outputs, words), uint64
        Contiguous.
    panels : ndarray of shape (groups, ceil(outputs/COLUMNS), words, COLUMNS), uint64
        As `make_panels` returns it.
    """
    outputs, words = weights.shape[1:]
    for g in range(panels.shape[0]):
        for p in range(panels.shape[1]):
            parity = np.zeros(COLUMNS, np.uint64)
            for k in range(words):
                inverted = (words - 1 - k) % 4 == 2
                for j in range(min(COLUMNS, outputs - p * COLUMNS)):
                    parity[j] ^= weights[g, p * COLUMNS + j, k]
                for j in range(COLUMNS):
                    panels[g, p, k, j] = ~parity[j] if inverted else parity[j]


@compiled()
def write_parities(rows, parities):
    """Write the running parities of `rows`: word ``k`` is the exclusive or of words ``0..k``."""
    for i in range(rows.shape[0]):
        parity = np.uint64(0)
        for k in range(rows.shape[1]):
            parity ^= rows[i, k]
            parities[i, k] = parity


@compiled()
def _dot(parities, n_rows, panels, p, out, place, stride, n_bits):
    """Write the dot products of the first `n_rows` rows with one panel."""
    words = panels.shape[1]
    whole = n_rows // ROWS * ROWS
    for i in range(0, whole, ROWS):
        dot_tile(parities, i, words, panels, p, out, place + i * stride, stride, n_bits)
    for i in range(whole, n_rows):
        dot_row(parities, i, words, panels, p, out, place + i * stride, stride, n_bits)


@compiled()
def dot_rows(a, panels, out, n_bits, first, last):
    """Write rows ``first .. last - 1`` of the product, a block of them at a time.

    Parameters
    ----------
    a : ndarray of shape (M, words), uint64
        Packed vectors.
    panels : ndarray of shape (n_panels, words, COLUMNS), uint64
        The other packed vectors, from `fill_panels`.
    out : ndarray of shape (M, N), int32
    n_bits : int
        Length of the vectors.
    first, last : int
    """
    size = _block(a.shape[1])
    parities = np.empty((size, a.shape[1]), np.uint64)
    edge = np.empty((size, COLUMNS), np.int32)
    for top in range(first, last, size):
        _dot_block(a[top : min(last, top + size)], panels, out, n_bits, top, parities, edge)


@compiled()
def _block(words):
    """Return the rows of a block."""
    return max(ROWS, min(BLOCK, CACHE // words // ROWS * ROWS))


@compiled()
def _dot_block(rows, panels, out, n_bits, top, parities, edge):
    """Write the products of some rows, the first of which is row `top` of the product."""
    n, columns = len(rows), out.shape[1]
    whole = columns // COLUMNS
    write_parities(rows, parities)
    for p in range(whole):
        _dot(parities, n, panels, p, out, top * columns + p * COLUMNS, columns, n_bits)
    if whole < len(panels):
        # The last panel overhangs the product.
        _dot(parities, n, panels, whole, edge, 0, COLUMNS, n_bits)
        for i in range(n):
            for j in range(columns - whole * COLUMNS):
                out[top + i, whole * COLUMNS + j] = edge[i, j]


@compiled()
def _multiply(a, b, out, n_bits, members, memory):
    """Write the product of all rows. Members of the crew take blocks of rows, like this thread."""
    (rows, words), columns = a.shape, len(b)
    n_panels, size, places = -(-columns // COLUMNS), _block(words), len(members) + 1
    job, memory = memory[:_JOB].view(np.int64), memory[_JOB:]
    memory = memory[-memory.ctypes.data % 64 // 8 :]  # from a cache line on
    end = n_panels * words * COLUMNS
    panels, memory = memory[:end].reshape(1, n_panels, words, COLUMNS), memory[end:]
    end = places * size * words
    parities, memory = memory[:end].reshape(places, size, words), memory[end:]
    end = places * size * COLUMNS
    edges = memory.view(np.int32)[:end].reshape(places, size, COLUMNS)
    fill_panels(b.reshape(1, columns, words), panels)
    job[:5] = 0, rows, words, columns, n_bits
    job[5:8] = a.ctypes.data, panels.ctypes.data, out.ctypes.data
    job[8:] = parities.ctypes.data, edges.ctypes.data
    asked = offer(members, job.ctypes.data)
    _take_blocks(job, a, panels[0], out, n_bits, parities[-1], edges[-1])
    dismiss(members, asked)


@compiled()
def _help(address, number):
    """Take blocks of the job at an address, as a member of the crew."""
    job = carray(pointer(address, np.int64), (_JOB,))
    rows, words, columns = job[1], job[2], job[3]
    n_panels, size = -(-columns // COLUMNS), _block(words)
    a = carray(pointer(job[5], np.uint64), (rows, words))
    panels = carray(pointer(job[6], np.uint64), (n_panels, words, COLUMNS))
    out = carray(pointer(job[7], np.int32), (rows, columns))
    parities = carray(pointer(job[8], np.uint64), (number + 1, size, words))
    edges = carray(pointer(job[9], np.int32), (number + 1, size, COLUMNS))
    _take_blocks(job, a, panels, out, job[4], parities[number], edges[number])


@compiled()
def _take_blocks(job, a, panels, out, n_bits, parities, edge):
    """Write blocks of rows until none is left. The first word of the job counts the rows taken."""
    size = len(parities)
    while True:
        top = add(job, 0, size)
        if top >= len(a):
            break
        rows = a[top : min(len(a), top + size)]
        _dot_block(rows, panels, out, n_bits, top, parities, edge)


_CREW = Crew(_help)
