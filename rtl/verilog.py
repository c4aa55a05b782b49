# SPDX-License-Identifier: MIT
"""A block as Verilog that starts in every simulator, and that fills no memory unless asked."""

import re

from amaranth.back import rtlil, verilog
from amaranth.lib import wiring

from rtl.memories import Macros

__all__ = ["convert", "netlist_of", "written"]

# Yosys makes every combinational process sensitive to a trigger, so that it runs once at the start.
_TRIGGER = re.compile(r"^  reg (\\\$auto\$verilog_backend\S+ )  *= 0;$", re.M)
# Of a signal that a process drives, bits that are wired: a process without a trigger.
_WIRED = re.compile(r"^  always @\*\n    (.* = .*;)$", re.M)
_MODULE = re.compile(r"^module .*?^endmodule$", re.M | re.S)
# A signal of no bits: it is declared, with a range of two bits, and never used.
_NO_BITS = re.compile(r"^  (?:wire|reg) \[-1:0\] .*;\n", re.M)
_ZERO_FILL = re.compile(r"^  initial begin\n(?:    .*\[\d+\] = \d+'[dh]0+;\n)+  end\n", re.M)


def convert(component: wiring.Component, name: str, memory_init: bool = False) -> str:
    """Return all modules of a block in one text of Verilog-2001.

    Parameters
    ----------
    component : amaranth.lib.wiring.Component
        Block, not yet elaborated.
    name : str
        Name of its module.
    memory_init : bool, optional
        Whether memories hold zeros at the start. Otherwise a row that was never written is X, as it
        is unknown in silicon. A memory with contents of its own always has them.
    """
    return written(netlist_of(component, name), memory_init)


def netlist_of(component: wiring.Component, name: str, macros: Macros | None = None) -> str:
    """Return the netlist of a block, not yet elaborated, in RTLIL; to make it takes longest.

    Parameters
    ----------
    component : amaranth.lib.wiring.Component
        Block.
    name : str
        Name of its module.
    macros : Macros, optional
        Takes the memories, which are then modules that the netlist does not have.
    """
    return rtlil.convert(component, name=name, platform=macros, emit_src=False)


def written(netlist: str, memory_init: bool = False) -> str:
    """Return the Verilog of a netlist, as `convert` does that of a block."""
    text = verilog._convert_rtlil_text(netlist, strip_internal_attrs=True)
    text = _MODULE.sub(_with_triggers, text)
    # A value in a declaration is there before any process waits (IEEE 1800): it starts none. A
    # non-blocking assignment comes when all wait.
    text, triggers = _TRIGGER.subn(r"  reg \1;\n  initial \1 <= 1'b0;", text)
    text = _NO_BITS.sub("", text)
    if not memory_init:
        text = _ZERO_FILL.sub("", text)
    return f"/* verilator lint_off INITIALDLY */\n{text}" if triggers else text


def _with_triggers(module: re.Match[str]) -> str:
    """Return a module in which wired bits have the trigger of the process beside them, too."""
    trigger = _TRIGGER.search(module[0])
    if trigger is None:
        return module[0]
    start = f"  always @* begin\n    if ({trigger[1]}) begin end\n"
    return _WIRED.sub(lambda wired: f"{start}    {wired[1]}\n  end", module[0])
