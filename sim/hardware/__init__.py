# SPDX-License-Identifier: MIT
"""``engram rtl``: the blocks of the hardware as Verilog, their cost and their clock rate."""
