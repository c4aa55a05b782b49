# SPDX-License-Identifier: MIT
"""The skid buffer: order, one payload a cycle, and a `ready` that no other signal decides."""

import pytest
from amaranth.lib.data import StructLayout

from rtl.skid import Skid
from verification.rtl.engine import PAUSES, Pauses, Step
from verification.rtl.simulators import payload, run_pysim

LAYOUT = StructLayout({"a": 5, "b": 3})


@pytest.mark.parametrize("pauses", PAUSES.values(), ids=PAUSES)
def test_payloads_keep_their_order(pauses: Pauses) -> None:
    words = [payload(LAYOUT, {"a": i % 31, "b": i % 7}) for i in range(200)]
    run_pysim(Skid(LAYOUT), [Step(inputs={"i": words}, outputs={"o": words})], pauses)


def test_latency_and_throughput() -> None:
    words = list(range(50))
    trace = run_pysim(Skid(8), [Step(inputs={"i": words}, outputs={"o": words})])
    assert trace.offered["o"][0] - trace.transfers["i"][0] == Skid.latency
    assert trace.gaps("o") == {Skid.interval}


def test_what_is_kept_leaves_before_the_next_is_taken() -> None:
    """`ready` is that of a register: it knows what happened, not what happens."""
    words = list(range(200))
    trace = run_pysim(Skid(8), [Step(inputs={"i": words}, outputs={"o": words})], PAUSES["stalled"])
    taken, left = trace.transfers["i"], trace.transfers["o"]
    kept = [k for k in words[:-1] if left[k] > taken[k]]
    assert len(kept) > 50
    assert all(taken[k + 1] > left[k] for k in kept)


# A patient world has seen the payload, and takes it a cycle later; another one takes it in no cycle
# of the reset either.
@pytest.mark.parametrize("pauses", [PAUSES["patient"], Pauses(stall=0.9)])
def test_reset_drops_what_is_kept(pauses: Pauses) -> None:
    kept = Step(inputs={"i": [1]}, outputs={"o": [1]}, cycles=1, abandon=True)
    after = Step(inputs={"i": [5]}, outputs={"o": [5]})
    trace = run_pysim(Skid(8), [kept, Step(reset=True), after], pauses)
    assert trace.left == [1]
