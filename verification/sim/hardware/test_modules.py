# SPDX-License-Identifier: MIT
"""Groups of the modules of a design: whole, in order, with frames of what they contain."""

import re

from sim.hardware.modules import alike_as_one, groups_of
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


def test_modules_that_differ_by_their_name_alone_are_one() -> None:
    leaf = "module {0} (a);\n  reg \\$auto$x:1:dump_module${1} ;\n  wire {2};\nendmodule\n"
    middle = "module {0} (a);\n  {1} inner (\n    .a(a)\n  );\nendmodule\n"
    top = (
        "module top (a);\n  middle_1 b (\n  );\n  middle_2 c (\n  );\n  odd d (\n  );\nendmodule\n"
    )
    leaves = [leaf.format("leaf_1", 7, "w"), leaf.format("leaf_2", 9, "w")]
    middles = [middle.format(f"middle_{n}", f"leaf_{n}") for n in (1, 2)]
    merged = alike_as_one("\n".join([top, *middles, *leaves, leaf.format("odd", 7, "v")]))
    assert re.findall(r"^module (\S+)", merged, re.M) == ["top", "middle_1", "leaf_1", "odd"]
    assert re.findall(r"^  (\S+) (\w) \($", merged, re.M) == [
        ("middle_1", "b"), ("middle_1", "c"), ("odd", "d"),
    ]  # fmt: skip


def test_a_design_without_modules_that_are_alike_stays_as_it_is() -> None:
    assert alike_as_one(NESTED) == NESTED[NESTED.index("module") :]
