# SPDX-License-Identifier: MIT
"""What may vary, in which ranges, and what is sought."""
