# SPDX-License-Identifier: MIT
"""Is it true: tests and benchmarks that hold the other layers to the contract and outside truth."""
