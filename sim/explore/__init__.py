# SPDX-License-Identifier: MIT
"""Search of the design space of methods, codes, memories and hardware, for accuracy and cost."""
