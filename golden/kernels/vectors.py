# SPDX-License-Identifier: MIT
"""Vectors of eight 64-bit words inside compiled loops.

LLVM does not vectorise a loop over several views of one buffer, because it cannot prove that the
views do not overlap. These four operations make the vectors explicit. A vector is one 512-bit
register, or several narrower ones on machines without such registers.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic, models, register_model

__all__ = ["WORDS", "load", "select_differing", "store", "xor"]

WORDS = 8  # 64-bit words of a vector
_VECTOR = ir.VectorType(ir.IntType(64), WORDS)


class _Words(types.Type):
    """Numba's name for a vector."""

    def __init__(self) -> None:
        super().__init__(name=f"words{WORDS}")


_WORDS = _Words()


@register_model(_Words)
class _WordsModel(models.PrimitiveModel):
    """Represent a vector by an LLVM vector."""

    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _VECTOR)


def _operation(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return an intrinsic. Its callers omit the typing context, the first parameter."""
    return intrinsic(function)


def _pointer(context: Any, builder: Any, kind: Any, array: Any, index: Any) -> Any:
    """Return the address of word `index` of a flat array as the address of a vector."""
    data = cgutils.create_struct_proxy(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), _VECTOR.as_pointer())


@_operation
def load(typingctx: Any, array: Any, index: Any) -> Any:
    """Return the vector of words ``index .. index + 7`` of a contiguous uint64 array, unchecked."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = _pointer(context, builder, signature.args[0], *args)
        return builder.load(pointer, align=8)

    return _WORDS(array, types.intp), generate


@_operation
def store(typingctx: Any, array: Any, index: Any, vector: Any) -> Any:
    """Write a vector into an array, unchecked.

    Parameters
    ----------
    array : ndarray, contiguous, uint64
    index : int
        Place of the first of the eight words in the flattened array.
    vector : vector of 8 words
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = _pointer(context, builder, signature.args[0], *args[:2])
        builder.store(args[2], pointer, align=8)
        return context.get_dummy_value()

    return types.void(array, types.intp, _WORDS), generate


@_operation
def xor(typingctx: Any, a: Any, b: Any) -> Any:
    """Return ``a ^ b``."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.xor(*args)

    return _WORDS(_WORDS, _WORDS), generate


@_operation
def select_differing(typingctx: Any, a: Any, b: Any, otherwise: Any) -> Any:
    """Choose between two vectors, bit by bit.

    Parameters
    ----------
    a, b, otherwise : vector of 8 words

    Returns
    -------
    vector of 8 words
        The bit of `b` where `a` and `b` differ, and the bit of `otherwise` elsewhere.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        a, b, otherwise = args
        differ = builder.xor(a, b)
        return builder.xor(otherwise, builder.and_(builder.xor(otherwise, b), differ))

    return _WORDS(_WORDS, _WORDS, _WORDS), generate
