# SPDX-License-Identifier: MIT
"""A study: its configuration, its runs, what they gave."""
