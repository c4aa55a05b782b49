# SPDX-License-Identifier: MIT
"""Counts of what a block stores and does: pure functions of its parameters, one module a block.

Each module describes the block that it is named after. It has `memories` and functions that return
the actions of each use of the block.
"""
