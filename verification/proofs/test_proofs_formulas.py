# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""Blocks that are formulas: register, comparator and popcount, for all states and inputs."""

from functools import reduce
from operator import xor

import pytest
from amaranth.hdl import Assert, Assume, Cat, Module, Mux, Signal, Value

from golden.params import BernoulliParams, LfsrParams, XnorParams, stream_params
from golden.polynomials import TAPS
from rtl.bernoulli import Bernoulli
from rtl.lfsr import Lfsr
from rtl.xnor import Xnor
from verification.proofs.prover import (
    ProofError,
    before,
    free_inputs,
    inner_signal,
    opened,
    prove,
)

LFSRS = [LfsrParams(width=n, taps=TAPS[n], seed=1, step=n) for n in (3, 8, 16, 37)]
LFSRS += [stream_params(1, stream, step) for stream in (0, 17) for step in (16, 64)]
LFSRS += [stream_params(seed, 20, 32) for seed in (0,)]


def stepped(m: Module, state: Value, params: LfsrParams) -> Value:
    """Section 4: the state after `step` steps, taken one by one."""
    for step in range(params.step):
        following = Signal(params.width, name=f"after_{step + 1}")
        m.d.comb += following.eq(Cat(reduce(xor, (state[t - 1] for t in params.taps)), state))
        state = following
    return state


@pytest.mark.parametrize("params", LFSRS, ids=lambda p: f"{p.width}x{p.step}_{p.taps[1]}")
def test_lfsr_never_becomes_zero(params) -> None:
    m = Module()
    m.submodules.lfsr = lfsr = Lfsr(params)
    m.d.comb += Assert(lfsr.state != 0)
    prove(m, free_inputs(lfsr))


@pytest.mark.parametrize("params", LFSRS, ids=lambda p: f"{p.width}x{p.step}_{p.taps[1]}")
def test_lfsr_steps_as_its_recurrence_from_every_state(params) -> None:
    # Induction starts anywhere, in the state zero too.
    m = Module()
    m.submodules.lfsr = lfsr = Lfsr(params)
    begun, expected = Signal(), Signal(params.width)
    after = Mux(lfsr.state == 0, params.seed, stepped(m, lfsr.state, params))
    m.d.sync += [begun.eq(1), expected.eq(Mux(lfsr.en, after, lfsr.state))]
    m.d.comb += Assert(lfsr.state == Mux(begun, expected, params.seed))
    m.d.comb += Assert(lfsr.word == lfsr.state[: params.step])
    prove(m, free_inputs(lfsr))


def compared(m: Module, q: int, broken: bool = False) -> list[Value]:
    """State the formula of section 5 for two lanes of q-bit codes; return the inputs."""
    m.submodules += (block := Bernoulli(BernoulliParams(code_width=q, lanes=2)))
    for lane in range(2):
        code = block.codes[lane]
        r = Cat(block.words[plane][lane] for plane in reversed(range(q)))
        bit = (r < code) | ((r == code) & (broken | code[q - 1]))
        m.d.comb += Assert(block.bits[lane] == bit)
    return free_inputs(block)


def test_comparator_is_the_formula_for_all_codes_and_words() -> None:
    m = Module()
    prove(m, [port for q in range(1, 17) for port in compared(m, q)], depth=1)


def test_a_wrong_formula_is_refuted() -> None:
    m = Module()
    with pytest.raises(ProofError, match=r"^FAIL"):
        prove(m, compared(m, 3, broken=True), depth=1)


@pytest.mark.parametrize("inputs", [1, 2, 7, 16])
def test_popcount_is_the_sum_of_the_bits(inputs) -> None:
    m = Module()
    m.submodules.xnor = xnor = Xnor(XnorParams(inputs=inputs))
    total, known = Signal(xnor.agree.shape(), name="total"), Signal(init=1, name="known")
    m.d.comb += total.eq(sum(~(xnor.x ^ xnor.w) & xnor.mask))
    for age in range(xnor.latency):
        late, known_late = Signal.like(total, name=f"late_{age}"), Signal(name=f"known_{age}")
        m.d.sync += [late.eq(total), known_late.eq(known)]
        total, known = late, known_late
    m.d.comb += [Assume(xnor.en), Assert(~known | (xnor.agree == total))]
    prove(m, free_inputs(xnor), depth=xnor.latency + 1)


@pytest.mark.parametrize("inputs", [33, 64])
def test_every_adder_of_a_large_popcount_keeps_the_sum(inputs) -> None:
    """No solver proves sums of 64 bits in two orders alike: so three bits at a time.

    An adder turns three bits of a column into a bit of the same and one of the next; all other
    bits move on, each once. So the weighted sum of a level is that of the level before.
    """
    m = Module()
    xnor = Xnor(XnorParams(inputs=inputs))
    m.submodules.xnor = inner = opened(xnor)
    known = Signal()
    columns = [inner_signal(inner, "agreeing")]
    facts = [columns[0] == before(m, ~(xnor.x ^ xnor.w) & xnor.mask)]
    for level in range(1, xnor.latency - 1):
        earlier = [before(m, column) for column in columns]
        count = len(columns) + (len(columns[-1]) > 2)
        columns = [inner_signal(inner, f"level_{level}_column_{k}") for k in range(count)]
        left = [*map(list, columns), []]
        for k, column in enumerate(earlier):
            adders = len(column) // 3
            carries = [left[k + 1].pop() for _ in range(adders)]
            for a, b, c in zip(*(column[j * adders :][:adders] for j in range(3)), strict=True):
                facts.append(left[k].pop(0) + 2 * carries.pop() == a + b + c)
            facts += [left[k].pop(0) == bit for bit in column[3 * adders :]]
        assert not any(left)
    facts.append(xnor.agree == before(m, sum(sum(c) << k for k, c in enumerate(columns))))
    m.d.sync += known.eq(1)
    m.d.comb += [Assume(xnor.en), *(Assert(~known | fact) for fact in facts)]
    prove(m, free_inputs(xnor))
