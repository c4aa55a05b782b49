# SPDX-License-Identifier: MIT
"""Published chips, papers and continual learners, compared with the model."""
