# SPDX-License-Identifier: MIT
"""``engram rtl``: the blocks of the hardware as Verilog, what they cost and how fast they run."""
