# SPDX-License-Identifier: MIT
"""The report of a price: Markdown, figures, terminal, and files for programs."""
