# SPDX-License-Identifier: MIT
"""How the hardware does it: the register-transfer twins of ``golden``, block by block under the same stems.

This layer may import `golden.params` and `golden.polynomials` and never a golden algorithm, so that the agreement of the
two proves something.
"""
