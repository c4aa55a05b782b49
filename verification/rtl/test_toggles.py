# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""Changes of gates in a run, against what must change."""

import pytest
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from rtl.emit import Port
from sim.hardware.netlist import Gate, Netlist
from verification.rtl.engine import BenchError, Step
from verification.rtl.toggles import Activity, Group, Switching, measure

#: Counts to three and over while `en`.
COUNTER = Netlist(
    name="counter",
    verilog="""\
module counter(input clk, input rst, input en, output reg [1:0] n, output three);
  wire low = en ^ n[0];
  wire high = (en & n[0]) ^ n[1];
  assign three = n[0] & n[1];
  always @(posedge clk) n <= rst ? 2'h0 : {high, low};
endmodule
""",
    gates=(
        Gate("FLOP", "bit", ("low",), ("n[0]",)),
        Gate("FLOP", "bit", ("high",), ("n[1]",)),
        Gate("AND", "", ("n[0]", "n[1]"), ("three",)),
        Gate("LOOK", "", ("n[0]", "n[0]"), ()),
    ),
)
PORTS = (
    Port("clk", "input", 1),
    Port("rst", "input", 1),
    Port("en", "input", 1),
    Port("n", "output", 2),
    Port("three", "output", 1),
)


class Counter(wiring.Component):
    """What the bench takes for the block: no streams, and ports of those names."""

    def __init__(self) -> None:
        super().__init__({"en": In(1), "n": Out(2), "three": Out(1)})


def test_changes_are_those_of_the_steps_counted() -> None:
    before = [Step(pins={"en": 1}, cycles=5, reads={"n": 0})]
    steps = [Step(cycles=8, reads={"n": 0})]
    assert measure(COUNTER, PORTS, Counter(), before, steps) == Activity(
        8,
        {
            # Two times 1, 2, 3, 0: `three` comes and goes twice.
            Group("", "AND"): Switching(gates=1, outputs=4, inputs=8 + 4),
            # A net counts at every pin.
            Group("", "LOOK"): Switching(gates=1, outputs=0, inputs=8 + 8),
            # `low` is not `n[0]`, and changes with it; `high` is what `n[1]` will be.
            Group("bit", "FLOP"): Switching(gates=2, outputs=8 + 4, inputs=8 + 4),
        },
    )


def test_a_netlist_that_does_something_else_is_found() -> None:
    wrong = [Step(pins={"en": 1}, cycles=3, reads={"n": 0})]
    with pytest.raises(BenchError, match="step 0: n is 0x2, expected 0x0"):
        measure(COUNTER, PORTS, Counter(), [], wrong)
