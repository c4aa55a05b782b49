# SPDX-License-Identifier: MIT
"""Groups of the modules of a design: whole, in order, with frames of what they contain."""

import re

from sim.hardware.modules import groups_of
from sim.hardware.tools import verilog_of
from verification.rtl.designs import tiny

NESTED = """\
/* a comment */
module outer(a, b);
  input a;
  wire a;
  output [1:0] b;
  wire [1:0] b;
  \\outer.inner  \\output  (
    .a(a),
    .b(b)
  );
endmodule

module \\outer.inner (a, b);
  input a;
  wire a;
  output [1:0] b;
  wire [1:0] b;
  assign b = {a, a};
endmodule
"""
INNER = NESTED[NESTED.index("module \\outer.inner") :]
FRAME = """\
(* blackbox *)
module \\outer.inner (a, b);
  input a;
  output [1:0] b;
endmodule
"""


def test_a_group_has_frames_of_the_modules_that_it_contains() -> None:
    outer, inner = groups_of(NESTED, least=1)
    assert outer == NESTED[NESTED.index("module") : NESTED.index("\nmodule \\")] + FRAME
    assert inner == INNER


def test_modules_of_one_group_need_no_frames() -> None:
    (both,) = groups_of(NESTED, least=1000)
    assert "blackbox" not in both
    assert both.count("endmodule") == 2


def test_groups_hold_every_module_of_a_chip_once_and_in_order() -> None:
    verilog = verilog_of(tiny("chip"))
    wanted = re.findall(r"^module (\S+)", verilog, re.M)
    groups = groups_of(verilog)
    held, framed = [], []
    for group in groups:
        for mark, name in re.findall(r"^(\(\* blackbox \*\)\n)?module (\S+)", group, re.M):
            (framed if mark else held).append(name)
    assert held == wanted
    assert len(groups) > 5
    assert set(framed) <= set(wanted)
    # A module lies in another one, in its own group or in one that has a frame of it.
    cells = [re.findall(r"^  (\S+) +\S+ +\($", group, re.M) for group in groups]
    assert {cell for found in cells for cell in found} >= set(wanted[1:])
    for found, group in zip(cells, groups, strict=True):
        assert all(f"module {cell} " in group for cell in found if cell in wanted)
