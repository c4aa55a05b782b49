# SPDX-License-Identifier: MIT
"""Hardware: register-transfer twins of ``golden``, under the same stems.

This layer may import `golden.params` and `golden.polynomials` and never a golden algorithm, so
that the agreement of the two proves something.
"""
