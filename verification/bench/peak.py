# SPDX-License-Identifier: MIT
"""Peak rate of ``exclusive or, popcount, add`` on this machine, the limit of a plain product.

It uses registers only. There are 16 independent sums, so that no operation waits for another, and
nothing is loaded.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from llvmlite import ir
from numba import njit
from numba.core import cgutils, types
from numba.extending import intrinsic

from verification.bench.harness import best_of

__all__ = ["xor_popcount_peak"]

SUMS = 16
LANES = 8
TURNS = 2_000_000
_INDEX = ir.IntType(64)
_WORDS = ir.VectorType(_INDEX, LANES)


def xor_popcount_peak(threads: int, repeats: int = 5) -> float:
    """Return the bit operations a second of all threads; each bit has two, xor and count."""
    _spin(1)
    with ThreadPoolExecutor(threads) as pool:
        seconds = best_of(lambda: list(pool.map(_spin, [TURNS] * threads)), repeats)
    return 2 * 64 * LANES * SUMS * TURNS * threads / seconds


@intrinsic
def _turns(typingctx: Any, count: Any) -> Any:
    """Do ``sum += popcount(sum xor constant)`` to 16 vectors, `count` times; return a word of them.

    Each sum is its own next input, so the compiler cannot leave out a turn. It takes longer to
    issue 16 sums than to finish one, so none has to wait.
    """

    def generate(context: Any, b: Any, signature: Any, args: Any) -> Any:
        popcount = cgutils.get_or_insert_function(
            b.module, ir.FunctionType(_WORDS, [_WORDS]), f"llvm.ctpop.v{LANES}i64"
        )
        before, loop, done = b.block, b.append_basic_block(), b.append_basic_block()
        b.branch(loop)
        b.position_at_end(loop)
        turn = b.phi(_INDEX)
        sums = [b.phi(_WORDS) for _ in range(SUMS)]
        turn.add_incoming(_INDEX(0), before)
        following = b.add(turn, _INDEX(1))
        turn.add_incoming(following, loop)
        results = []
        for i, total in enumerate(sums):
            constant = ir.Constant(_WORDS, [0x5851F42D4C957F2D + i % 4] * LANES)
            results.append(b.add(total, b.call(popcount, [b.xor(total, constant)])))
            total.add_incoming(ir.Constant(_WORDS, [i] * LANES), before)
            total.add_incoming(results[-1], loop)
        b.cbranch(b.icmp_signed("<", following, args[0]), loop, done)
        b.position_at_end(done)
        whole = results[0]
        for result in results[1:]:
            whole = b.xor(whole, result)
        return b.extract_element(whole, ir.IntType(32)(0))

    return types.uint64(types.intp), generate


@njit(nogil=True)
def _spin(count):
    return _turns(count)  # pyright: ignore[reportCallIssue] (Numba supplies the context)
