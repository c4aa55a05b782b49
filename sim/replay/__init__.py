# SPDX-License-Identifier: MIT
"""Sources of replayed samples, found by name: one module each."""

from importlib import import_module
from pkgutil import iter_modules

from sim.replay.base import ReplayContext, ReplaySource, SourceParams

__all__ = ["SOURCES", "ReplayContext", "ReplaySource", "SourceParams"]


def _find_sources() -> dict[str, type[ReplaySource]]:
    """Import every module of this package and return its sources by name."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
    return {source.name: source for source in ReplaySource.__subclasses__()}


SOURCES: dict[str, type[ReplaySource]] = _find_sources()
