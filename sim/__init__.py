# SPDX-License-Identifier: MIT
"""What it is for: class-incremental studies, replay, memory ledger and command line."""
