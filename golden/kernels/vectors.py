# SPDX-License-Identifier: MIT
"""Vectors of eight 64-bit words inside compiled loops.

LLVM does not vectorise a loop over several views of one buffer, because it cannot prove that the
views do not overlap. These operations make the vectors explicit. A vector is one 512-bit
register, or several narrower ones on machines without such registers.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic, models, register_model

__all__ = [
    "WORDS",
    "fill",
    "load",
    "load_two",
    "select_differing",
    "shift_left",
    "shift_right",
    "store",
    "xor",
]

WORDS = 8  # 64-bit words of a vector
_VECTOR = ir.VectorType(ir.IntType(64), WORDS)
_CHOICES = ir.VectorType(ir.IntType(1), WORDS)


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
def load_two(typingctx: Any, array: Any, one: Any, other: Any, mask: Any) -> Any:
    """Return eight words of a contiguous uint64 array, from two places, unchecked.

    Parameters
    ----------
    array : ndarray, contiguous, uint64
    one, other : int
        Word ``i`` comes from element ``one + i`` if bit ``i`` of `mask` is 1, and otherwise from
        ``other + i``. No other element is touched, so a place may begin outside the array.
    mask : uint8
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array, one, other, mask = args
        chosen = builder.bitcast(mask, _CHOICES)
        word = _VECTOR(None)
        for place, lanes in ((one, chosen), (other, builder.not_(chosen))):
            pointer = _pointer(context, builder, signature.args[0], array, place)
            kind = ir.FunctionType(_VECTOR, [pointer.type, ir.IntType(32), _CHOICES, _VECTOR])
            masked = cgutils.get_or_insert_function(
                builder.module, kind, f"llvm.masked.load.v{WORDS}i64.p0"
            )
            word = builder.call(masked, [pointer, ir.IntType(32)(8), lanes, word])
        return word

    return _WORDS(array, types.intp, types.intp, types.uint8), generate


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
def fill(typingctx: Any, word: Any) -> Any:
    """Return a vector of eight equal words."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vector = _VECTOR(ir.Undefined)
        for lane in range(WORDS):
            vector = builder.insert_element(vector, args[0], ir.IntType(32)(lane))
        return vector

    return _WORDS(types.uint64), generate


@_operation
def xor(typingctx: Any, a: Any, b: Any) -> Any:
    """Return ``a ^ b``."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.xor(*args)

    return _WORDS(_WORDS, _WORDS), generate


def _shift(instruction: str) -> Callable[..., Any]:
    """Return the shift of each word of a vector by its own count, 0..63."""

    def apply(typingctx: Any, vector: Any, counts: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return getattr(builder, instruction)(*args)

        return _WORDS(_WORDS, _WORDS), generate

    return _operation(apply)


shift_left, shift_right = _shift("shl"), _shift("lshr")


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
