# SPDX-License-Identifier: MIT
"""The search itself: trials, samplers, workers and the shared study."""
