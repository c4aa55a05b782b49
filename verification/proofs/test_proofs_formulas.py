# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""Blocks that are formulas: register, comparator and popcount, for all states and inputs."""

from functools import reduce
from itertools import pairwise
from operator import xor

import pytest
from amaranth.hdl import Assert, Assume, Cat, Const, Module, Mux, Signal, Value

from golden.params import BernoulliParams, LfsrParams, XnorParams, stream_params
from golden.polynomials import TAPS
from rtl.bernoulli import Bernoulli, SerialBernoulli
from rtl.lfsr import Lfsr
from rtl.xnor import Xnor
from verification.proofs.prover import (
    ProofError,
    before,
    free_inputs,
    inner_signal,
    kept,
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
    m.d.comb += [Assume(~lfsr.load | (lfsr.seed != 0)), Assert(lfsr.state != 0)]
    prove(m, free_inputs(lfsr))


def test_lfsr_becomes_zero_by_a_seed_of_zero_alone() -> None:
    m = Module()
    m.submodules.lfsr = lfsr = Lfsr(LFSRS[1])
    m.d.comb += Assert(lfsr.state != 0)
    with pytest.raises(ProofError, match=r"^FAIL"):
        prove(m, free_inputs(lfsr))


@pytest.mark.parametrize("params", LFSRS, ids=lambda p: f"{p.width}x{p.step}_{p.taps[1]}")
def test_lfsr_steps_as_its_recurrence_from_every_state(params) -> None:
    # Induction starts anywhere, in the state zero too.
    m = Module()
    m.submodules.lfsr = lfsr = Lfsr(params)
    begun, expected = Signal(), Signal(params.width)
    after = Mux(lfsr.state == 0, params.seed, stepped(m, lfsr.state, params))
    following = Mux(lfsr.load, lfsr.seed, Mux(lfsr.en, after, lfsr.state))
    m.d.sync += [begun.eq(1), expected.eq(following)]
    m.d.comb += Assert(lfsr.state == Mux(begun, expected, params.seed))
    m.d.comb += Assert(lfsr.word == lfsr.state[: params.step])
    prove(m, free_inputs(lfsr))


def bit_of(code: Value, r: Value, broken: bool) -> Value:
    """Section 5: the bit that a word draws from a code."""
    return (r < code) | ((r == code) & (broken | code[-1]))


def compared(m: Module, q: int, broken: bool = False) -> list[Value]:
    """State the formula of section 5 for two lanes of q-bit codes; return the inputs."""
    m.submodules += (block := Bernoulli(BernoulliParams(code_width=q, lanes=2)))
    for lane in range(2):
        r = Cat(block.words[plane][lane] for plane in reversed(range(q)))
        m.d.comb += Assert(block.bits[lane] == bit_of(block.codes[lane], r, broken))
    return free_inputs(block)


def compared_plane_by_plane(m: Module, q: int, broken: bool = False) -> list[Value]:
    """State the same of a beat of two lanes, and that it ends as soon as it can.

    A beat has whole words, of which it may not see the lowest planes. It compares none when every
    live lane is decided, and ends then, or with the last plane. The bits of live lanes are there
    from the next cycle on.
    """
    m.submodules += (block := SerialBernoulli(BernoulliParams(code_width=q, lanes=2)))
    inner = opened(block)
    plane, decided = (inner_signal(inner, name) for name in ("plane", "decided_before"))
    words = [Signal(q, name=f"word_{q}_{lane}") for lane in range(2)]
    goes_on = Mux(block.en, ~block.done, plane != 0)
    m.d.comb += [
        Assume(kept(m, goes_on, Cat(*words, Value.cast(block.codes), block.live))),
        *(block.word[lane].eq(words[lane][::-1].bit_select(plane, 1)) for lane in range(2)),
        Assert(plane < q),
        Assert(kept(m, ~block.en, block.bits)),
    ]
    enough: Value = Const(1)
    for code, r, bit, live, known in zip(
        block.codes, words, block.bits, block.live, decided, strict=True
    ):
        different = [(r ^ code)[place] for place in range(q)]
        already = Cat(d & (plane > q - 1 - n) for n, d in enumerate(different)).any()
        enough &= already | ~live
        drawn, of_plane = bit_of(code, r, broken), Cat(Const(0, 1), code[::-1])
        m.d.comb += [
            Assert(~before(m, block.en & block.done & live) | (bit == before(m, drawn))),
            # On the way: what earlier planes have decided, and the last plane's code bit till then.
            Assert(known == already),
            Assert((plane == 0) | (bit == Mux(already, drawn, of_plane.bit_select(plane, 1)))),
        ]
    m.d.comb += [
        Assert(block.compares == ((plane == 0) | ~enough)),
        Assert(block.done == (~block.compares | (plane == q - 1))),
    ]
    return [*words, *(port for port in free_inputs(block) if port is not block.word)]


def test_comparator_is_the_formula_for_all_codes_and_words() -> None:
    m = Module()
    prove(m, [port for q in range(1, 17) for port in compared(m, q)], depth=1)


def test_serial_comparator_is_the_formula_for_all_codes_and_words() -> None:
    m = Module()
    prove(m, [port for q in range(1, 9) for port in compared_plane_by_plane(m, q)])


@pytest.mark.parametrize("comparator", [compared, compared_plane_by_plane])
def test_a_wrong_formula_is_refuted(comparator) -> None:
    m = Module()
    with pytest.raises(ProofError, match=r"^FAIL"):
        prove(m, comparator(m, 3, broken=True), depth=5)


def levels_of(inner: Module, xnor: Xnor) -> list[list[Value]]:
    """Return the columns of each level of the tree of an opened popcount."""
    levels: list[list[Value]] = [[inner_signal(inner, "agreeing")]]
    for level in range(1, xnor.latency - 1):
        count = len(levels[-1]) + (len(levels[-1][-1]) > 2)
        levels.append([inner_signal(inner, f"level_{level}_column_{k}") for k in range(count)])
    return levels


def weighted(columns: list[Value]) -> Value:
    """Return the sum of the bits of columns, those of column k counting 2**k."""
    return Value.cast(sum(sum(column) << k for k, column in enumerate(columns)))


@pytest.mark.parametrize("inputs", [1, 2, 7, 16])
def test_popcount_is_the_sum_of_the_bits(inputs) -> None:
    """Some enabled cycles later, and as long as none follows."""
    m, xnor = Module(), Xnor(XnorParams(inputs=inputs))
    m.submodules.xnor = inner = opened(xnor)
    total, known = Signal(xnor.agree.shape(), name="total"), Signal(init=1, name="known")
    m.d.comb += total.eq(sum(~(xnor.x ^ xnor.w) & xnor.mask))
    stages = [weighted(columns) for columns in levels_of(inner, xnor)]
    for age, stage in enumerate([*stages, xnor.agree][: xnor.latency]):
        late, known_late = Signal.like(total, name=f"late_{age}"), Signal(name=f"known_{age}")
        with m.If(xnor.en):
            m.d.sync += [late.eq(total), known_late.eq(known)]
        total, known = late, known_late
        m.d.comb += Assert(~known | (stage == total))
    m.d.comb += Assert(~known | (xnor.agree == total))
    prove(m, free_inputs(xnor))


@pytest.mark.parametrize("inputs", [33, 64])
def test_every_adder_of_a_large_popcount_keeps_the_sum(inputs) -> None:
    """No solver proves sums of 64 bits in two orders alike: so three bits at a time.

    An adder turns three bits of a column into a bit of the same and one of the next; all other
    bits move on, each once. So the weighted sum of a level is that of the level before. Where
    nothing is enabled all stay as they are.
    """
    m, xnor = Module(), Xnor(XnorParams(inputs=inputs))
    m.submodules.xnor = inner = opened(xnor)
    levels = levels_of(inner, xnor)
    facts = [levels[0][0] == before(m, ~(xnor.x ^ xnor.w) & xnor.mask)]
    for columns, following in pairwise(levels):
        left = [*map(list, following), []]
        for k, column in enumerate(before(m, column) for column in columns):
            adders = len(column) // 3
            carries = [left[k + 1].pop() for _ in range(adders)]
            for a, b, c in zip(*(column[j * adders :][:adders] for j in range(3)), strict=True):
                facts.append(left[k].pop(0) + 2 * carries.pop() == a + b + c)
            facts += [left[k].pop(0) == bit for bit in column[3 * adders :]]
        assert not any(left)
    facts.append(xnor.agree == before(m, weighted(levels[-1])))
    registers = Cat(levels, xnor.agree)
    known = before(m, Const(1))
    m.d.comb += [
        *(Assert(~(known & before(m, xnor.en)) | fact) for fact in facts),
        Assert(~known | kept(m, ~xnor.en, registers)),
    ]
    prove(m, free_inputs(xnor))
