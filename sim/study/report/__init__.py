# SPDX-License-Identifier: MIT
"""The report of a study: tables, figures, and one sentence on which method won."""
