# SPDX-License-Identifier: MIT
"""The design space: its parameters with their ranges, the objectives and the constraints."""
