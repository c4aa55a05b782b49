# SPDX-License-Identifier: MIT
"""Operations between threads inside compiled loops: atomic words, locks, and arrays by address."""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

__all__ = ["acquire", "add", "exchange", "peek", "pointer", "relax", "release", "replace"]

_ORDER = "seq_cst"
# The hint to a processor that a loop waits: LLVM's name and the arguments.
_HINTS = {
    "x86_64": ("llvm.x86.sse2.pause",),
    "aarch64": ("llvm.aarch64.hint", 1),
    "arm64": ("llvm.aarch64.hint", 1),
}


def _operation(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return an intrinsic. Its callers omit the typing context, the first parameter."""
    return intrinsic(function)


def _place(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    """Return the address of the element of an array, the first two arguments."""
    data = cgutils.create_struct_proxy(signature.args[0])(context, builder, args[0]).data
    return builder.gep(data, [args[1]])


@_operation
def peek(typingctx: Any, words: Any, index: Any) -> Any:
    """Return element `index` of a contiguous int64 array as another thread has left it."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load_atomic(_place(context, builder, signature, args), _ORDER, 8)

    return types.int64(words, types.intp), generate


def _update(operation: str) -> Callable[..., Any]:
    def apply(typingctx: Any, words: Any, index: Any, value: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            place = _place(context, builder, signature, args)
            return builder.atomic_rmw(operation, place, args[2], _ORDER)

        return types.int64(words, types.intp, types.int64), generate

    return _operation(apply)


# Write a value, or add it, to an element of a contiguous int64 array; return what was there.
exchange, add = _update("xchg"), _update("add")


@_operation
def replace(typingctx: Any, words: Any, index: Any, expected: Any, value: Any) -> Any:
    """Write a value to an element if another is there.

    Parameters
    ----------
    words : contiguous ndarray, int64
    index : int
        Place of the element.
    expected : int
        What must be there.
    value : int
        What is there then.

    Returns
    -------
    bool
        Whether the value was written.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = _place(context, builder, signature, args)
        pair = builder.cmpxchg(place, args[2], args[3], _ORDER, _ORDER)
        return builder.extract_value(pair, 1)

    return types.boolean(words, types.intp, types.int64, types.int64), generate


@_operation
def relax(typingctx: Any) -> Any:
    """Tell the processor that the loop waits; tens of nanoseconds where it knows such a hint."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        hint = _HINTS.get(builder.module.triple.split("-")[0])
        if hint:
            name, *numbers = hint
            values = [ir.IntType(32)(number) for number in numbers]
            kind = ir.FunctionType(ir.VoidType(), [value.type for value in values])
            builder.call(cgutils.get_or_insert_function(builder.module, kind, name), values)
        return context.get_dummy_value()

    return types.void(), generate


def _lock_call(name: str, *more: int) -> Callable[..., Any]:
    """Return a call of Python's own lock, which needs no global lock; `more` are its arguments."""

    def apply(typingctx: Any, lock: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            address, number = ir.IntType(8).as_pointer(), ir.IntType(32)
            kind = ir.FunctionType(number, [address] + [number] * len(more))
            function = cgutils.get_or_insert_function(builder.module, kind, name)
            numbers = [number(value) for value in more]
            builder.call(function, [builder.inttoptr(args[0], address), *numbers])
            return context.get_dummy_value()

        return types.void(types.intp), generate

    return _operation(apply)


# Wait for the lock of an address from `PyThread_allocate_lock`; let it go, from any thread.
acquire, release = _lock_call("PyThread_acquire_lock", 1), _lock_call("PyThread_release_lock")


@_operation
def pointer(typingctx: Any, address: Any, kind: Any) -> Any:
    """Return an address as a pointer to elements of a dtype, for `numba.carray`."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], context.get_value_type(signature.return_type))

    return types.CPointer(kind.dtype)(types.intp, kind), generate
