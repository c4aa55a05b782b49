# SPDX-License-Identifier: MIT
"""What designs are worth: their costs, and the accuracies of the runs that they are."""
