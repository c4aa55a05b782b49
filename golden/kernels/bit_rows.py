# SPDX-License-Identifier: MIT
"""Products of a matrix of bits with real vectors, with tables instead of multiplications.

A dense product needs a multiplication for every bit. Here six bits of a row select one of 64
precomputed sums ("the method of four Russians": Arlazarov, Dinic, Kronrod, Faradzhev 1970). Eight
vectors share one register, so one addition replaces 48 multiplications. The order of the additions
is fixed, so the result has the same bits for any number of threads.
"""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from golden.kernels.compiled import compiled
from golden.kernels.lanes import LANES, add, from_lanes, like, load, store, to_lanes, zeros

__all__ = ["COLUMNS", "SUMS", "BitRows", "add_products", "tables_for", "transpose"]

_GROUP = 6  # bits that select an entry of a table: 64 entries build fast and fit the L1 cache
_TABLES = 8  # tables in use at once: one word holds the eight indices of a row
_ENTRIES = 2**_GROUP
COLUMNS = _GROUP * _TABLES  # columns of a word
SUMS = _TABLES * _ENTRIES  # sums in all tables


class BitRows:
    """A matrix of bits, packed for products with vectors along its rows.

    Parameters
    ----------
    bits : ndarray of shape (n_rows, n_columns), uint8 in {0, 1}

    Attributes
    ----------
    shape : tuple of int
        ``(n_rows, n_columns)``.
    words : ndarray of shape (ceil(n_columns / 48), n_rows), uint64
        A word holds the bits of 48 columns; the first column is the lowest bit. The words of a
        block of columns are contiguous, in the order in which the loop over rows reads them.
    padded : int
        Number of columns, rounded up to whole words.
    """

    def __init__(self, bits: NDArray[np.uint8]) -> None:
        self.shape: tuple[int, int] = bits.shape
        n_rows, n_columns = bits.shape
        blocks = -(-n_columns // COLUMNS)
        self.padded = blocks * COLUMNS
        self.words = _packed(bits, blocks)

    def dot(self, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the inner product of every vector with every row, ``vectors @ bits.T``.

        Parameters
        ----------
        vectors : ndarray of shape (n_vectors, n_columns), float64

        Returns
        -------
        ndarray of shape (n_vectors, n_rows), float64
        """
        columns = to_lanes(vectors, self.padded)
        sums = zeros((len(columns), self.shape[0], LANES))
        add_products(self.words, columns, tables_for(np.float64), sums)
        return from_lanes(sums, len(vectors))


def tables_for(dtype: DTypeLike) -> NDArray[Any]:
    """Return memory in which `add_products` builds its tables; their empty sums are 0."""
    return zeros((SUMS, LANES), dtype)


def _packed(bits: NDArray[np.uint8], blocks: int) -> NDArray[np.uint64]:
    """Return bits packed into words, gathered along the axis that is contiguous in memory."""
    n_rows, n_columns = bits.shape
    if bits.flags.f_contiguous:
        words = np.zeros((blocks, n_rows), np.uint64)
        _pack_columns(bits.T, words)
        return words
    octets = np.zeros((n_rows, blocks * COLUMNS // 8), np.uint8)
    octets[:, : -(-n_columns // 8)] = np.packbits(bits, axis=1, bitorder="little")
    words = np.zeros((blocks, n_rows, 8), np.uint8)
    words[:, :, : COLUMNS // 8] = octets.reshape(n_rows, blocks, -1).transpose(1, 0, 2)
    return words.view("<u8")[:, :, 0].astype(np.uint64, copy=False)


@compiled()
def _pack_columns(columns: Any, words: Any) -> None:
    """Set bit ``i`` of the words of a block from its column ``i``."""
    n_columns, n_rows = columns.shape
    for column in range(n_columns):
        block = column // COLUMNS
        place = np.uint64(column % COLUMNS)
        for row in range(n_rows):
            words[block, row] |= np.uint64(columns[column, row]) << place


@compiled()
def transpose(packed: Any, words: Any) -> None:
    """Pack the columns of packed vectors as rows, whose products run along the vectors.

    Parameters
    ----------
    packed : ndarray of shape (n_vectors, ceil(n_rows / 64)), uint64
        Vectors of `n_rows` bits, lowest bit first.
    words : ndarray of shape (ceil(n_vectors / 48), n_rows), uint64
        Becomes the words of a `BitRows` of shape (n_rows, n_vectors).
    """
    words[:] = 0
    n_rows = words.shape[1]
    for i in range(len(packed)):
        place = np.uint64(i % COLUMNS)
        row_words = words[i // COLUMNS]
        for k in range(packed.shape[1]):
            word = packed[i, k]
            for bit in range(min(64, n_rows - 64 * k)):
                row_words[64 * k + bit] |= (word >> np.uint64(bit) & np.uint64(1)) << place


@compiled()
def add_products(words: Any, columns: Any, tables: Any, sums: Any) -> None:
    """Add the product of every row of bits with the columns to `sums`.

    Parameters
    ----------
    words : ndarray of shape (blocks, n_rows), uint64
        Words of a `BitRows`.
    columns : ndarray of shape (groups, padded, 8), float32 or float64
        Vectors in lanes, one element for each column of the bits. The padding holds 0.
    tables : ndarray
        Memory from `tables_for`, with the dtype of `columns`. Additions within a word have this
        dtype.
    sums : ndarray of shape (groups, n_rows, 8), float64, or of the dtype of `columns`
        Sums in lanes. The words of a row are added up in its dtype.
    """
    blocks, n_rows = words.shape
    for group in range(len(columns)):
        for block in range(blocks):
            _build(tables, columns, group * columns.shape[1] + block * COLUMNS)
            for row in range(n_rows):
                word = words[block, row]
                total = load(tables, np.intp(word & np.uint64(_ENTRIES - 1)))
                for table in range(1, _TABLES):
                    entry = (word >> np.uint64(_GROUP * table)) & np.uint64(_ENTRIES - 1)
                    total = add(total, load(tables, table * _ENTRIES + np.intp(entry)))
                place = group * n_rows + row
                store(sums, place, add(load(sums, place), like(sums, total)))


@compiled()
def _build(tables: Any, columns: Any, column: int) -> None:
    """Fill each table with the sums of all subsets of its six columns, the empty sum first."""
    for table in range(_TABLES):
        start = table * _ENTRIES  # its entry 0 is the empty sum and stays 0
        for bit in range(_GROUP):
            contribution = load(columns, column)
            column += 1
            half = 1 << bit
            for entry in range(start, start + half):
                store(tables, entry + half, add(load(tables, entry), contribution))
