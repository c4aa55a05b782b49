# SPDX-License-Identifier: MIT
"""Products of a matrix of bits with real vectors, with tables instead of multiplications.

A dense product needs a multiplication for every bit. Here six bits of a row select one of 64
precomputed sums ("the method of four Russians": Arlazarov, Dinic, Kronrod, Faradzhev 1970). Eight
vectors share one register, so one addition replaces 48 multiplications. The order of the additions
is fixed, so the result has the same bits for any number of threads.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numpy.typing import NDArray

from golden.kernels.compiled import compiled
from golden.kernels.lanes import LANES, add, like, load, operation, store, zeros

__all__ = [
    "COLUMNS",
    "ROWS",
    "SUMS",
    "TABLES",
    "BitRows",
    "add_products",
    "add_products_of",
    "pack",
    "transpose",
    "write_products",
]

_GROUP = 6  # bits that select an entry of a table: 64 entries build fast and fit the L1 cache
TABLES = 8  # tables in use at once: one word holds the eight indices of a row
_ENTRIES = 2**_GROUP
COLUMNS = _GROUP * TABLES  # columns of a word
SUMS = TABLES * _ENTRIES  # sums in all tables
ROWS = 4096  # rows that use a table before the next is built; their sums stay in the L2 cache


class BitRows:
    """A matrix of bits, packed for products with vectors along its rows.

    Parameters
    ----------
    bits : ndarray of shape (n_rows, n_columns), uint8 in {0, 1}
    ones : bool
        Whether a row of ones follows, which then counts among the rows.

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

    def __init__(self, bits: NDArray[np.uint8], *, ones: bool = False) -> None:
        n_rows, n_columns = bits.shape
        self.shape: tuple[int, int] = (n_rows + ones, n_columns)
        blocks = -(-n_columns // COLUMNS)
        self.padded = blocks * COLUMNS
        self.words = np.zeros((blocks, n_rows + ones), np.uint64)
        if bits.flags.f_contiguous:
            _pack_columns(bits.T, self.words)
        else:
            _pack_rows(np.ascontiguousarray(bits), self.words)
        if ones:
            self.words[:, n_rows] = 2**COLUMNS - 1
            self.words[-1, n_rows] >>= np.uint64(self.padded - n_columns)

    def dot(self, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the inner product of every vector with every row, ``vectors @ bits.T``.

        Parameters
        ----------
        vectors : ndarray of shape (n_vectors, n_columns), float64

        Returns
        -------
        ndarray of shape (n_vectors, n_rows), float64
        """
        groups, n_rows = -(-len(vectors) // LANES), self.shape[0]
        columns, tables, sums = zeros(
            ((groups, self.padded, LANES), np.float64),
            ((SUMS, LANES), np.float64),
            ((groups, n_rows, LANES), np.float64),
        )
        out = np.empty((len(vectors), n_rows))
        write_products(self.words, np.ascontiguousarray(vectors), columns, tables, sums, out)
        return out


@operation
def _word_at(typingctx: Any, bits: Any, element: Any) -> Any:
    """Return the word of the elements ``element .. element + 47`` of a flat array, unchecked."""
    vector = ir.VectorType(ir.IntType(8), COLUMNS)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = cgutils.create_struct_proxy(signature.args[0])(context, builder, args[0]).data
        pointer = builder.bitcast(builder.gep(data, [args[1]]), vector.as_pointer())
        ones = builder.icmp_unsigned("!=", builder.load(pointer, align=1), vector(None))
        return builder.zext(builder.bitcast(ones, ir.IntType(COLUMNS)), ir.IntType(64))

    return types.uint64(bits, types.intp), generate


@compiled()
def write_products(
    words: Any, vectors: Any, columns: Any, tables: Any, sums: Any, out: Any
) -> None:
    """Lay vectors out in lanes, and write their products with every row.

    Parameters
    ----------
    words : ndarray of shape (blocks, n_rows), uint64
        Words of a `BitRows`.
    vectors : ndarray of shape (n_vectors, n_columns), float64
    columns, tables, sums : ndarray, float64
        Memory of the shapes that `add_products` takes; it must be 0.
    out : ndarray of shape (n_vectors, n_rows), float64
        Memory for the products.
    """
    for i in range(len(vectors)):
        group, lane = divmod(i, LANES)
        for j in range(vectors.shape[1]):
            columns[group, j, lane] = vectors[i, j]
    add_products(words, columns, tables, sums)
    for i in range(len(vectors)):
        group, lane = divmod(i, LANES)
        for row in range(out.shape[1]):
            out[i, row] = sums[group, row, lane]


@compiled()
def pack(bits: Any, by_row: Any, by_column: Any) -> None:
    """Pack bits both ways: as their rows, and as their columns with a row of ones after them.

    Parameters
    ----------
    bits : ndarray of shape (n_rows, n_columns), uint8 in {0, 1}
        C-contiguous.
    by_row : ndarray of shape (ceil(n_columns / 48), n_rows), uint64
        Becomes the words of a `BitRows`; it must be 0, as the next one.
    by_column : ndarray of shape (ceil(n_rows / 48), n_columns + 1), uint64
    """
    n_rows, n_columns = bits.shape
    _pack_rows(bits, by_row)
    _pack_columns(bits, by_column)
    for row in range(n_rows):
        by_column[row // COLUMNS, n_columns] |= np.uint64(1) << np.uint64(row % COLUMNS)


@compiled()
def _pack_rows(bits: Any, words: Any) -> None:
    """Set the words of all rows from bits that are contiguous along them."""
    n_rows, n_columns = bits.shape
    flat, (whole, rest) = bits.reshape(-1), divmod(n_columns, COLUMNS)
    for row in range(n_rows):
        end = (row + 1) * n_columns
        for block in range(whole):
            words[block, row] = _word_at(flat, end - n_columns + block * COLUMNS)
        if rest and whole:  # the last 48 columns, less those of the word before
            words[whole, row] = _word_at(flat, end - COLUMNS) >> np.uint64(COLUMNS - rest)
        elif rest:
            for column in range(rest):
                words[0, row] |= np.uint64(bits[row, column]) << np.uint64(column)


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
    tables : ndarray of shape (SUMS, 8)
        Memory for the tables, with the dtype of `columns`; the first entry of each must be 0.
        Additions within a word have this dtype.
    sums : ndarray of shape (groups, n_rows, 8), float64, or of the dtype of `columns`
        Sums in lanes. The words of a row are added up in its dtype.
    """
    n_rows = words.shape[1]
    for first in range(0, n_rows, ROWS):
        add_products_of(words, first, min(first + ROWS, n_rows), columns, tables, sums, first)


@compiled()
def add_products_of(
    words: Any, first: Any, last: Any, columns: Any, tables: Any, sums: Any, place: Any
) -> None:
    """Do as `add_products` for some rows, whose sums may lie elsewhere.

    Parameters
    ----------
    words, columns, tables, sums : ndarray
        As of `add_products`.
    first, last : int
        The rows ``first .. last - 1``.
    place : int
        Row of the sums at which theirs begin.
    """
    for group in range(len(columns)):
        start = group * sums.shape[1] + place - first
        for block in range(len(words)):
            _build(tables, columns, group * columns.shape[1] + block * COLUMNS)
            for row in range(first, last):
                word = words[block, row]
                total = load(tables, np.intp(word & np.uint64(_ENTRIES - 1)))
                for table in range(1, TABLES):
                    entry = (word >> np.uint64(_GROUP * table)) & np.uint64(_ENTRIES - 1)
                    total = add(total, load(tables, table * _ENTRIES + np.intp(entry)))
                store(sums, start + row, add(load(sums, start + row), like(sums, total)))


@compiled()
def _build(tables: Any, columns: Any, column: int) -> None:
    """Fill each table with the sums of all subsets of its six columns, the empty sum first."""
    for table in range(TABLES):
        start = table * _ENTRIES  # its entry 0 is the empty sum and stays 0
        for bit in range(_GROUP):
            contribution = load(columns, column)
            column += 1
            half = 1 << bit
            for entry in range(start, start + half):
                store(tables, entry + half, add(load(tables, entry), contribution))
