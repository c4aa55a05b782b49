# SPDX-License-Identifier: MIT
"""Search of the design space: method, codes, memory and hardware, for accuracy and for cost."""
