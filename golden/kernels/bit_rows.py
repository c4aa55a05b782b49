# SPDX-License-Identifier: MIT
"""Products of a matrix of bits with real vectors, by table instead of by multiplication.

A dense product spends a multiplication on every bit. Here six bits of a row pick one of 64 sums
prepared beforehand ("the method of four Russians": Arlazarov, Dinic, Kronrod, Faradzhev 1970), and
eight vectors share one 512-bit register, so that one addition does the work of 48 multiplications,
in float64. The order of the additions is fixed: the same bits whatever the number of threads.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit
from numba.core import cgutils, types
from numba.extending import intrinsic, models, register_model
from numpy.typing import NDArray

__all__ = ["BitRows"]

_GROUP = 6  # bits that pick an entry of a table: 64 entries build fast and stay in the L1 cache
_TABLES = 8  # tables in use at a time, so that a partial sum is loaded and stored once for eight
_ENTRIES = 2**_GROUP
_LANES = 8  # real vectors multiplied at a time
_VECTOR = ir.VectorType(ir.DoubleType(), _LANES)


class BitRows:
    """A matrix of bits, packed for products with vectors along its rows.

    Parameters
    ----------
    bits : ndarray of shape (n_rows, n_columns), uint8 in {0, 1}

    Attributes
    ----------
    shape : tuple of int
        ``(n_rows, n_columns)``.
    """

    def __init__(self, bits: NDArray[np.uint8]) -> None:
        self.shape: tuple[int, int] = bits.shape
        n_rows, n_columns = bits.shape
        blocks = -(-n_columns // (_GROUP * _TABLES))
        # Block by block, so that the inner loop over the rows reads its table indices in order.
        self._groups = np.zeros((blocks, n_rows, _TABLES), np.uint8)
        _pack(np.ascontiguousarray(bits), self._groups)

    def dot(self, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the inner product of every vector with every row, ``vectors @ bits.T``.

        Parameters
        ----------
        vectors : ndarray of shape (n_vectors, n_columns), float64

        Returns
        -------
        ndarray of shape (n_vectors, n_rows), float64
        """
        products = np.empty((len(vectors), self.shape[0]))
        _dot(self._groups, np.ascontiguousarray(vectors), products)
        return products


class _Lanes(types.Type):
    """Numba's name for a vector register of eight float64."""

    def __init__(self) -> None:
        super().__init__(name=f"lanes{_LANES}")


_LANES_TYPE = _Lanes()


@register_model(_Lanes)
class _LanesModel(models.PrimitiveModel):
    """Keep a vector register as the LLVM vector that it is."""

    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _VECTOR)


def _pointer(context: Any, builder: Any, kind: Any, array: Any, row: Any) -> Any:
    data = cgutils.create_struct_proxy(kind)(context, builder, array).data
    first = builder.mul(row, row.type(_LANES))
    return builder.bitcast(builder.gep(data, [first]), _VECTOR.as_pointer())


# LLVM vectorises none of the loops below by itself: it cannot prove that rows do not overlap.
@intrinsic
def _load(typingctx: Any, array: Any, row: Any) -> Any:
    """Return a row of a contiguous array of shape (..., 8), unchecked."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load(_pointer(context, builder, signature.args[0], *args), align=8)

    return _LANES_TYPE(array, types.intp), generate


@intrinsic
def _store(typingctx: Any, array: Any, row: Any, lanes: Any) -> Any:
    """Write a row of a contiguous array of shape (..., 8), unchecked."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = _pointer(context, builder, signature.args[0], *args[:2])
        builder.store(args[2], pointer, align=8)
        return context.get_dummy_value()

    return types.void(array, types.intp, _LANES_TYPE), generate


@intrinsic
def _add(typingctx: Any, a: Any, b: Any) -> Any:
    """Return ``a + b``, lane by lane."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.fadd(*args)

    return _LANES_TYPE(_LANES_TYPE, _LANES_TYPE), generate


@njit(nogil=True, cache=True)
def _pack(bits: Any, groups: Any) -> None:
    """Gather six bits of a row at a time into an index of a table, the first bit lowest."""
    n_rows, n_columns = bits.shape
    for row in range(n_rows):
        for group in range(-(-n_columns // _GROUP)):
            first = group * _GROUP
            index = 0
            for column in range(first, min(first + _GROUP, n_columns)):
                index |= bits[row, column] << (column - first)
            groups[group // _TABLES, row, group % _TABLES] = index


@njit(nogil=True, cache=True)
def _dot(groups: Any, vectors: Any, products: Any) -> None:
    """Write ``vectors @ bits.T`` to `products`, eight vectors at a time."""
    blocks, n_rows, _ = groups.shape
    n_vectors, n_columns = vectors.shape
    # Contribution of each column; the padding stays 0.
    columns = np.zeros((blocks * _TABLES * _GROUP, _LANES))
    tables = np.zeros((_TABLES * _ENTRIES, _LANES))
    for first in range(0, n_vectors, _LANES):
        lanes = min(_LANES, n_vectors - first)
        for lane in range(lanes):
            for column in range(n_columns):
                columns[column, lane] = vectors[first + lane, column]
        sums = np.zeros((n_rows, _LANES))
        for block in range(blocks):
            _build(tables, columns, block * _TABLES * _GROUP)
            for row in range(n_rows):
                total = _load(sums, row)  # pyright: ignore[reportCallIssue]
                for table in range(_TABLES):
                    entry = table * _ENTRIES + groups[block, row, table]
                    total = _add(total, _load(tables, entry))
                _store(sums, row, total)
        for lane in range(lanes):
            for row in range(n_rows):
                products[first + lane, row] = sums[row, lane]


@njit(nogil=True, cache=True)
def _build(tables: Any, columns: Any, column: int) -> None:
    """Fill each table with the sums of all subsets of its six columns, the empty sum first."""
    for table in range(_TABLES):
        start = table * _ENTRIES  # its entry 0 is the empty sum and stays 0
        for bit in range(_GROUP):
            contribution = _load(columns, column)  # pyright: ignore[reportCallIssue]
            column += 1
            half = 1 << bit
            for entry in range(start, start + half):
                _store(tables, entry + half, _add(_load(tables, entry), contribution))
