# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""The code on offer is that of the index asked for and of those behind it, whatever waits."""

import pytest
from amaranth.hdl import Assert, Cat, Module, Mux, Signal

from golden.params import IndexCodeParams
from rtl.index_code import IndexCode
from verification.proofs.prover import (
    ProofError,
    free_inputs,
    inner_signal,
    keep_stream_rules,
    opened,
    prove,
)

#: The chip does not have this block, so that its proofs are for the slow tests.
pytestmark = pytest.mark.slow

PARAMS = IndexCodeParams(
    samples=8, width=3, primes=(3, 7), task="prefix", tasks=4, task_width=5, task_primes=(5,)
)
ORDER = {"none": ("index",), "prefix": ("task", "index"), "suffix": ("index", "task")}


def prove_codes(params: IndexCodeParams, powers: tuple[int, ...], depth: int = 2) -> None:
    """Prove that the index's sub-vectors are multiples of `powers`, request by request."""
    m, block = Module(), IndexCode(params)
    m.submodules.block = inner = opened(block)
    i, o, digits = block.i, block.o, block.latency - 1
    left, digits_left = (inner_signal(inner, name) for name in ("left", "digits_left"))
    digits_used = Signal.like(digits_left)
    asked = {name: Signal(digits, name=f"asked_{name}") for name in ORDER[params.task]}
    count, passed = Signal.like(left), Signal.like(left)  # codes asked for, and taken
    m.d.comb += digits_used.eq(digits - digits_left)
    with m.If(i.valid & i.ready):
        m.d.sync += [number.eq(i.payload[name]) for name, number in asked.items()]
        m.d.sync += [count.eq(i.payload.count), passed.eq(0)]
    with m.Elif(o.valid & o.ready):
        m.d.sync += passed.eq(passed + 1)

    sizes = {
        "index": (params.width, powers, Mux(digits_left == 0, passed, 0)),
        "task": (params.task_width, params.task_powers, 0),
    }
    multiples = []
    for name, number in asked.items():
        width, factors, further = sizes[name]
        reached = (number >> digits_left) + further
        multiples += [(reached * factor)[:width] for factor in factors]
        # On the way: the digits that are left stand on top of those that are not.
        unused = inner_signal(inner, name)
        m.d.comb += Assert((left == 0) | (unused == (number << digits_used)[:digits]))
    m.d.comb += [
        Assert((left == 0) | (o.payload.code == Cat(multiples))),
        Assert((left == 0) | (left + passed == count)),
        Assert(digits_left <= digits),
        Assert((digits_left == 0) | (passed == 0)),
        Assert(o.payload.last == (left == 1)),
    ]
    assert keep_stream_rules(m, block) == 1
    prove(m, free_inputs(block), depth=depth)


def test_codes_are_multiples_of_the_powers() -> None:
    prove_codes(PARAMS, PARAMS.powers)


def test_another_power_is_refuted() -> None:
    with pytest.raises(ProofError, match=r"^FAIL"):
        prove_codes(PARAMS, (5, 3), depth=7)
