# SPDX-License-Identifier: MIT
"""Work that is done once: results under all that decided their bits, shared by processes."""

from sim.work.cache.key import digest_of
from sim.work.cache.store import NO_CACHE, Cache

__all__ = ["NO_CACHE", "Cache", "digest_of"]
