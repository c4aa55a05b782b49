# SPDX-License-Identifier: MIT
"""What a chip costs: the number of its actions, times the energy of each, plus its memories."""
