# SPDX-License-Identifier: MIT
"""How much a block stores and does: pure functions of its parameters, a module a block.

A module has, for the block of its stem, `memories` and what its actions are in each use of it.
"""
