# SPDX-License-Identifier: MIT
"""Is it true: tests, proofs and benchmarks that hold the other layers to the contract and to outside truth."""
