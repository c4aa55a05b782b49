# SPDX-License-Identifier: MIT
"""Pictures of the bits of a class, of learning, and of the samples that a memory draws."""
