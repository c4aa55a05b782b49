# SPDX-License-Identifier: MIT
"""Cache of results, shared by processes: each has as its key all inputs that decide its bits."""

from sim.work.cache.key import digest_of
from sim.work.cache.store import NO_CACHE, Cache

__all__ = ["NO_CACHE", "Cache", "digest_of"]
