# SPDX-License-Identifier: MIT
"""Vectors of eight reals, float32 or float64, inside compiled loops.

LLVM does not vectorise a loop over rows of arrays by itself, because it cannot prove that the rows
do not overlap. These operations make the vectors explicit. An array of lanes has the shape
``(groups, rows, 8)``. It interleaves eight vectors, so one register holds an element of each.
"""

from collections.abc import Callable
from itertools import accumulate
from math import prod
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic, models, register_model
from numpy.typing import DTypeLike, NDArray

__all__ = [
    "LANES",
    "add",
    "divide",
    "fill",
    "highest",
    "like",
    "load",
    "multiply",
    "operation",
    "signs_at",
    "store",
    "subtract",
    "total",
    "widen",
    "zeros",
]

LANES = 8
_LINE = 64  # bytes of a cache line


def zeros(*arrays: tuple[tuple[int, ...], DTypeLike]) -> list[NDArray[Any]]:
    """Return arrays of zeros that start at a cache line, so that no vector straddles two.

    Parameters
    ----------
    *arrays : tuple of shape and dtype
        They share one piece of memory, because a small fit feels the time of every request for it.
    """
    kinds = [(shape, np.dtype(dtype)) for shape, dtype in arrays]
    sizes = [prod(shape) * dtype.itemsize for shape, dtype in kinds]
    ends = list(accumulate(-(-size // _LINE) * _LINE for size in sizes))
    memory = np.zeros(ends[-1] + _LINE, np.uint8)
    memory = memory[-memory.ctypes.data % _LINE :]
    return [
        memory[first : first + size].view(dtype).reshape(shape)
        for first, size, (shape, dtype) in zip([0, *ends], sizes, kinds, strict=False)
    ]


class _Lanes(types.Type):
    """Numba's name for a vector."""

    def __init__(self, name: str) -> None:
        super().__init__(name=name)


class _Singles(_Lanes):
    def __init__(self) -> None:
        super().__init__("lanes_float32")


class _Doubles(_Lanes):
    def __init__(self) -> None:
        super().__init__("lanes_float64")


_SINGLES, _DOUBLES = _Singles(), _Doubles()
_VECTORS = {
    _SINGLES: ir.VectorType(ir.FloatType(), LANES),
    _DOUBLES: ir.VectorType(ir.DoubleType(), LANES),
}


@register_model(_Singles)
@register_model(_Doubles)
class _LanesModel(models.PrimitiveModel):
    """Represent a vector by an LLVM vector."""

    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _VECTORS[kind])


def operation(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return an intrinsic. Its callers omit the typing context, the first parameter."""
    return intrinsic(function)


def _kind(array: Any) -> _Lanes:
    return _SINGLES if array.dtype == types.float32 else _DOUBLES


def _pointer(context: Any, builder: Any, kind: Any, array: Any, element: Any) -> Any:
    """Return the address of an element of a contiguous array as the address of a vector."""
    data = cgutils.create_struct_proxy(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [element]), _VECTORS[_kind(kind)].as_pointer())


@operation
def load(typingctx: Any, array: Any, row: Any) -> Any:
    """Return row `row` of a contiguous array of shape (..., 8), unchecked."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        element = builder.mul(args[1], args[1].type(LANES))
        pointer = _pointer(context, builder, signature.args[0], args[0], element)
        return builder.load(pointer, align=array.dtype.bitwidth // 8)

    return _kind(array)(array, types.intp), generate


@operation
def signs_at(typingctx: Any, array: Any, element: Any) -> Any:
    """Return eight bits: bit ``i`` is 1 where element ``element + i`` is >= 0, unchecked.

    Parameters
    ----------
    array : contiguous ndarray, float32 or int32
    element : int
        Place in the flat array.
    """
    single = array.dtype == types.float32
    vector = ir.VectorType(ir.FloatType() if single else ir.IntType(32), LANES)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = cgutils.create_struct_proxy(signature.args[0])(context, builder, args[0]).data
        pointer = builder.bitcast(builder.gep(data, [args[1]]), vector.as_pointer())
        values, zeros = builder.load(pointer, align=4), vector(None)
        compare = builder.fcmp_ordered if single else builder.icmp_signed
        octet = builder.bitcast(compare(">=", values, zeros), ir.IntType(LANES))
        return builder.zext(octet, ir.IntType(64))

    return types.uint64(array, types.intp), generate


@operation
def store(typingctx: Any, array: Any, row: Any, lanes: Any) -> Any:
    """Write a row of a contiguous array, unchecked.

    Parameters
    ----------
    array : ndarray of shape (..., 8), float32 or float64
    row : int
    lanes : vector of 8 numbers
        Rounded to the type of the array.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        element = builder.mul(args[1], args[1].type(LANES))
        pointer = _pointer(context, builder, signature.args[0], args[0], element)
        narrow = lanes == _DOUBLES and _kind(array) == _SINGLES
        value = builder.fptrunc(args[2], _VECTORS[_SINGLES]) if narrow else args[2]
        builder.store(value, pointer, align=array.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(array, types.intp, lanes), generate


def _binary(instruction: str) -> Callable[..., Any]:
    """Return the operation of one LLVM instruction on two vectors of the same kind."""

    def apply(typingctx: Any, a: Any, b: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return getattr(builder, instruction)(*args)

        return a(a, b), generate

    return operation(apply)


add, subtract = _binary("fadd"), _binary("fsub")
multiply, divide = _binary("fmul"), _binary("fdiv")


@operation
def widen(typingctx: Any, lanes: Any) -> Any:
    """Return the same reals as float64."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return args[0] if lanes == _DOUBLES else builder.fpext(args[0], _VECTORS[_DOUBLES])

    return _DOUBLES(lanes), generate


@operation
def like(typingctx: Any, array: Any, lanes: Any) -> Any:
    """Return reals in the precision of an array, which is theirs or float64."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = _kind(array)
        return args[1] if lanes == kind else builder.fpext(args[1], _VECTORS[kind])

    return _kind(array)(array, lanes), generate


@operation
def fill(typingctx: Any, value: Any) -> Any:
    """Return a float64 in all lanes."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vector = _VECTORS[_DOUBLES](ir.Undefined)
        for lane in range(LANES):
            vector = builder.insert_element(vector, args[0], ir.IntType(32)(lane))
        return vector

    return _DOUBLES(types.float64), generate


def _reduction(combine: Callable[[Any, Any, Any], Any]) -> Callable[..., Any]:
    """Return the reduction of eight float64 in three steps: lane i with lane i + 4, 2, 1."""

    def apply(typingctx: Any, lanes: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            vector, indices = args[0], ir.VectorType(ir.IntType(32), LANES)
            for half in (4, 2, 1):
                order = indices([(lane + half) % LANES for lane in range(LANES)])
                vector = combine(builder, vector, builder.shuffle_vector(vector, vector, order))
            return builder.extract_element(vector, ir.IntType(32)(0))

        return types.float64(_DOUBLES), generate

    return operation(apply)


def _larger(builder: Any, a: Any, b: Any) -> Any:
    return builder.select(builder.fcmp_ordered(">", a, b), a, b)


highest = _reduction(_larger)
total = _reduction(lambda builder, a, b: builder.fadd(a, b))
