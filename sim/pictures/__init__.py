# SPDX-License-Identifier: MIT
"""Pictures of a generative memory: what a class looks like in bits, how it is learnt and drawn."""
