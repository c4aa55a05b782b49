# SPDX-License-Identifier: MIT
"""What others have published, beside the model: chips, papers, learners."""
