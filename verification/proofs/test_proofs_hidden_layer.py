# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""The hidden layer of a trainer touches only rows that are there, and its counts never wrap."""

import pytest
from amaranth.hdl import Assert, Assume, Cat, Module, Mux, Signal
from amaranth.lib.data import StructLayout, View

from golden.params import TrainerParams
from rtl.hidden_layer import HiddenLayer
from verification.proofs.prover import (
    ProofError,
    free_inputs,
    in_state,
    inner_signal,
    keep_stream_rules,
    opened,
    prove,
)

MARKS = StructLayout(dict.fromkeys(("valid", "first", "last", "final"), 1))  # of a row on its way


def prove_layer(features: int, hidden: int, lanes: int, less: int = 0) -> None:
    """Prove it with a popcount that may say anything up to the lanes that count.

    `less` lowers what a count may reach, which a proof must refute.
    """
    params = TrainerParams(
        features=features, classes=3, hidden=hidden, lanes=lanes, binary_width=1, backward_width=8
    )
    m, block = Module(), HiddenLayer(params)
    m.submodules.block = inner = opened(block)
    xnor = inner.submodules.xnor
    xnor.elaborate = lambda platform: Module()
    assert keep_stream_rules(m, block) == 1
    first = params.without_hidden
    beats, in_last = first.beats, features - (first.beats - 1) * lanes
    row, beat, count, place = (
        inner_signal(inner, name) for name in ("row", "beat", "count", "place")
    )
    names = ["asked", *(f"stage_{number}" for number in range(1, 2 + xnor.latency))]
    stages = [View(MARKS, inner_signal(inner, name)) for name in names]
    asked = stages[0]
    # Each row on its way is followed by the beat that it is, and by that of the row before it.
    numbers = [beat]
    for _ in stages[1:]:
        numbers.append(Signal.like(beat))
        m.d.sync += numbers[-1].eq(numbers[-2])
    here, last = stages[-1], numbers[-1] == beats - 1
    m.d.comb += Assume(xnor.agree <= Mux(last, in_last, lanes))
    counted, done = Signal(range(beats + 1)), Signal()  # beats of the present neuron in its count
    with m.If(here.valid):
        m.d.sync += counted.eq(Mux(here.last, 0, counted + 1))
    m.d.comb += done.eq(in_state(inner, "give", "take"))
    facts = [
        beat < beats,
        row < hidden * beats,
        place < params.beats,
        asked.valid == in_state(inner, "sum"),
        ~in_state(inner, "sum") | ((row - beat) % beats == 0),
        in_state(inner, "sum") | (row == 0),
        ~in_state(inner, "settle") | (beat == 0),
        in_state(inner, "give") | (place == 0),
        ~in_state(inner, "give") | (beat == Mux(
            place < hidden // lanes, 0,
            Mux(place - hidden // lanes < beats, place - hidden // lanes, beats - 1),
        )),
        count <= Mux(counted == 0, features, counted * lanes) - less,
    ]  # fmt: skip
    for place_of, (stage, number) in enumerate(zip(stages, numbers, strict=True)):
        behind = Cat(later.valid for later in stages[:place_of]).any()
        ending = stage.last & ~behind & (in_state(inner, "settle") | (place_of == 0))
        facts.append(~(stage.valid & stage.final) | ending)
        facts.append(~stage.valid | (stage.first == (number == 0)))
        facts.append(~stage.valid | (stage.last == (number == beats - 1)))
        facts.append(~stage.valid | ~done)
    # Rows follow one another, so that a count holds the rows before its own.
    earlier = zip(stages, stages[1:], numbers, numbers[1:], strict=False)
    for stage, before, number, ahead in earlier:
        facts.append(~(before.valid & ~before.last) | (stage.valid & (number == ahead + 1)))
        facts.append(~(stage.valid & (number != 0)) | (before.valid & (ahead == number - 1)))
    facts.append(counted == Mux(here.valid, numbers[-1], 0))
    for port in inner.submodules.weights.write_ports:
        facts.append(~port.en | (port.addr < hidden * beats))
    for name in ("weights", "exemplar"):
        for port in getattr(inner.submodules, name).read_ports:
            depth = hidden * beats if name == "weights" else beats
            facts.append(~port.en | (port.addr < depth))
    m.d.comb += [Assert(fact) for fact in facts]
    prove(m, [*free_inputs(block), xnor.agree], depth=14)


@pytest.mark.parametrize(
    ("features", "hidden", "lanes"), [(3, 3, 2), (2, 1, 1), (4, 3, 2), (3, 1, 4)]
)
def test_no_count_wraps_and_no_row_is_touched_that_is_not_there(features, hidden, lanes) -> None:
    prove_layer(features, hidden, lanes)


def test_a_lower_highest_count_is_refuted() -> None:
    with pytest.raises(ProofError, match=r"^FAIL"):
        prove_layer(2, 1, 2, less=1)
