# SPDX-License-Identifier: MIT
"""A study: its configuration, its runs and their results."""
