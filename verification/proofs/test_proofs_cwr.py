# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""CWR*: quotients and roots are exact, nothing is asked that has none, and no sum wraps."""

import pytest
from amaranth.hdl import Assert, Assume, Cat, Module, Mux, Signal, Value

from golden.params import CwrParams
from rtl.cwr import Cwr
from rtl.quotient import Quotient
from rtl.root import Root
from verification.proofs.prover import (
    ProofError,
    free_inputs,
    in_state,
    inner_signal,
    keep_stream_rules,
    opened,
    prove,
)

#: The chip does not have this block, so that its proofs are for the slow tests.
pytestmark = pytest.mark.slow


def allowed(i: Value, number_width: int) -> Value:
    """Return whether a dividend is one that the docstring of `dividend_layout` allows."""
    below = i.number << i.digits
    fits = (i.digits >= 1) & (i.digits <= number_width) & (i.rest < i.divisor)
    return fits & (below[:number_width] == 0)


def product(value: Value, times: Value) -> Value:
    return Value.cast(sum(Mux(bit, value << place, 0) for place, bit in enumerate(times)))


def prove_quotients(n: int, w: int, *, directly: bool, shift: int = 0, depth: int = 2) -> None:
    """Prove that quotients are those rounded down, and what is said of their rests.

    The multiple of the divisor is followed digit by digit beside the quotient. `directly`, it is
    compared with their product. `shift` plants a fault.
    """
    m, block = Module(), Quotient(n, w)
    m.submodules.block = inner = opened(block)
    assert keep_stream_rules(m, block) == 1
    i, o = block.i.payload, block.o.payload
    names = ("number", "rest", "divisor", "digits_left", "digit")
    number, rest, divisor, digits_left, digit = (inner_signal(inner, name) for name in names)
    divides, ends = in_state(inner, "divide"), in_state(inner, "offer")
    dividend, whole, multiple = (Signal(n + w, name=name) for name in ("asked", "whole", "of"))
    reach = Signal(n + 1, name="reach")  # 2 to the number of digits
    with m.If(block.i.valid & block.i.ready):
        m.d.sync += [
            dividend.eq((i.rest << i.digits) + (i.number >> (n - i.digits)[: len(i.digits)])),
            whole.eq(i.rest),
            multiple.eq(0),
            reach.eq(1),
        ]
    with m.If(divides):
        m.d.sync += [
            whole.eq(Cat(number[-1], whole)),
            multiple.eq((multiple << 1) + Mux(digit, divisor, 0)),
            reach.eq(reach << 1),
        ]
    left = Mux(divides, digits_left, 0)
    kept = Signal(n, name="kept")  # digits of the quotient
    m.d.comb += kept.eq(number & (reach - 1))
    to_come = number >> (n - left)[: len(digits_left)]
    known = divides | ends
    m.d.comb += [
        Assume(~block.i.valid | allowed(i, n)),
        Assert(~divides | ((digits_left >= 1) & (digits_left <= n))),
        Assert(~known | ((reach << left)[n + 1 :] == 0)),
        Assert(~known | (rest < divisor)),
        Assert(~known | (multiple + rest == whole)),
        Assert(~known | ((whole << left) + to_come == dividend)),
        Assert(~known | (number == (to_come << (n - left)[: len(digits_left)]) + kept)),
        Assert(block.o.valid == ends),
        # What is left of the dividend is the rest.
        Assert(~ends | (o.above == (((dividend - multiple) << 1) > divisor + shift))),
        Assert(~ends | (o.half == (((dividend - multiple) << 1) == divisor))),
        Assert(~ends | ((multiple <= dividend) & (dividend < multiple + divisor))),
        Assert(~ends | (o.quotient == kept)),
    ]
    if directly:
        m.d.comb += Assert(~known | (multiple == product(divisor, kept)))
    prove(m, free_inputs(block), depth=depth)


def prove_roots(n: int, *, directly: bool, shift: int = 0, depth: int = 2) -> None:
    """Prove that roots are those rounded down.

    The square is followed digit by digit beside the root: ``(2r + d)^2 = 4r^2 + d * (4r + 1)``.
    `directly`, it is compared with their product. `shift` plants a fault.
    """
    m, block = Module(), Root(n)
    m.submodules.block = inner = opened(block)
    assert keep_stream_rules(m, block) == 1
    number, rest, digits_left, digit = (
        inner_signal(inner, name) for name in ("number", "rest", "digits_left", "digit")
    )
    root = block.o.payload
    finds, ends = in_state(inner, "find"), in_state(inner, "offer")
    asked, whole, square = (Signal(2 * n, name=name) for name in ("asked", "whole", "square"))
    reach = Signal(n + 1, name="reach")
    with m.If(block.i.valid & block.i.ready):
        m.d.sync += [asked.eq(block.i.payload), whole.eq(0), square.eq(0), reach.eq(1)]
    with m.If(finds):
        m.d.sync += [
            whole.eq(Cat(number[-2:], whole)),
            square.eq((square << 2) + Mux(digit, (root << 2) + 1, 0)),
            reach.eq(reach << 1),
        ]
    left = Mux(finds, digits_left + 1, 0)
    to_come = left << 1  # bits of the number
    known = finds | ends
    m.d.comb += [
        Assert(~finds | ((digits_left < n) & (reach << left == 2**n))),
        Assert(~ends | (reach == 2**n)),
        Assert(~known | ((root < reach) & (rest <= root << 1))),
        Assert(~known | (square + rest == whole)),
        Assert(~known | (asked >> to_come == whole)),
        Assert(~finds | (number == (asked << (2 * n - to_come)[: len(to_come)])[: 2 * n])),
        Assert(block.o.valid == ends),
        Assert(~ends | ((square <= asked) & (asked <= square + (root << 1) - shift))),
    ]
    if directly:
        m.d.comb += Assert(~known | (square == product(root, root)))
    prove(m, free_inputs(block), depth=depth)


@pytest.mark.parametrize(("n", "w"), [(5, 4), (9, 8), pytest.param(48, 32, marks=pytest.mark.slow)])
def test_quotients_are_those_rounded_down(n: int, w: int) -> None:
    prove_quotients(n, w, directly=n == 5)


@pytest.mark.parametrize("n", [4, 24])
def test_roots_are_those_rounded_down(n: int) -> None:
    prove_roots(n, directly=n == 4)


@pytest.mark.parametrize("directly", [True, False])
def test_another_quotient_or_root_is_refuted(directly: bool) -> None:
    with pytest.raises(ProofError, match=r"^FAIL"):
        prove_quotients(3, 3, directly=directly, shift=1, depth=7)
    with pytest.raises(ProofError, match=r"^FAIL"):
        prove_roots(3, directly=directly, shift=1, depth=7)


def prove_unit(params: CwrParams, lanes: int, *, fault: int = 0, depth: int = 2) -> None:
    """Prove what holds of the unit in any order of commands.

    No sum leaves its bounds, and so it does not wrap. What is divided is what the divider may be
    asked, which is idle then, and so is the root. A quotient stays until it is rounded. The way
    is that of the lane whose weight moves. A count that is written is that of a class.
    `fault` narrows a bound.
    """
    m, block = Module(), Cwr(params, lanes)
    m.submodules.block = inner = opened(block)
    quotient, root = inner.submodules.quotient, inner.submodules.root
    divider, finder = opened(quotient), opened(root)
    keep_stream_rules(m, block)
    names = ("total", "terms", "beat", "lane", "label", "mixing", "divisor", "present")
    total, terms, beat, lane, label, mixing, divisor, present = (
        inner_signal(inner, name) for name in names
    )
    way, mean = (inner_signal(inner, name) for name in ("way", "mean"))
    tw, cw = (
        inner_signal(inner, name)[: int(params.width)].as_signed() for name in ("trained", "kept")
    )
    size, many, beats = params.inputs, params.classes * params.inputs, -(-params.inputs // lanes)
    top = 2 ** (int(params.width) - 1) - fault
    adds = in_state(inner, "add")
    sums = adds | (in_state(inner, "take") & ~mixing)
    place = beat * lanes + Mux(adds, lane, 0)
    left = Mux(sums & (place < size), size - place, 0)
    bound = (terms - left) * top
    taking = in_state(inner, "take") & mixing
    after = ("centre", "centred", "mean", "mix", "round", "move", "offer")
    mixes = in_state(inner, "weigh", "share", *after) | taking
    write = inner.submodules.past.write_ports[0]
    weighed = in_state(inner, *after)
    shares, rounded = in_state(inner, "share"), in_state(inner, "mean", "move")
    waits = in_state(inner, "centred", "round") | rounded
    divides, finds = ~in_state(divider, "idle"), ~in_state(finder, "idle")
    m.d.comb += [
        Assert(Value.cast(Cat(terms == n * size for n in range(params.classes + 1))).any()),
        Assert((beat < beats) & (lane < lanes)),
        Assert(~in_state(inner, "idle", "clear") | (beat == 0)),
        Assert(~sums | (terms != 0)),
        Assert(~mixes | (mixing & (terms != 0))),
        Assert(~adds | ~mixing),
        Assert((total <= bound) & (total >= -bound)),
        Assert(terms <= many),
        Assert(~mixes | (present != 0)),
        Assert(~(weighed | taking) | (divisor >= 256)),
        Assert(~(mixes | in_state(inner, "clear")) | (label < params.classes)),
        Assert(~write.en | (write.addr < params.classes)),
        Assert(Mux(shares, divides ^ finds, ~finds & (divides == waits))),
        Assert(~rounded | quotient.o.valid),
        Assert(~in_state(inner, "mix", "round", "move") | (way == tw - mean - cw)),
        Assert(~quotient.i.valid | allowed(quotient.i.payload, quotient.number_width)),
    ]
    prove(m, free_inputs(block), depth=depth)


@pytest.mark.parametrize(("inputs", "lanes"), [(5, 2), (4, 4), (3, 1)])
def test_no_sum_wraps_and_every_quotient_is_there(inputs: int, lanes: int) -> None:
    prove_unit(CwrParams(classes=3, inputs=inputs, width=8), lanes)


def test_a_narrower_sum_is_refuted() -> None:
    with pytest.raises(ProofError, match=r"^FAIL"):
        prove_unit(CwrParams(classes=1, inputs=1, width=8), 1, fault=1, depth=8)
