# SPDX-License-Identifier: MIT
"""The cost report: Markdown, figures, tables for the terminal, and files for programs."""
