# SPDX-License-Identifier: MIT
"""Whether another machine gives the bits of this one: code, libraries and processor must agree."""

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["differences"]

_SHOWN = 12  # hexadecimal digits of a digest, enough to tell versions of code apart
_SAME_VERSION = "Install the same version on both, and start that worker again"
_SAME_SUMS = (
    "Set OPENBLAS_CORETYPE and NPY_DISABLE_CPU_FEATURES alike for this command and for every worker"
)


def differences(there: Mapping[str, Any], here: Mapping[str, Any]) -> str | None:
    """Return what differs between two machines and what to do about it; None if nothing does.

    Parameters
    ----------
    there, here : mapping
        `sim.work.cache.engine.engine` of the other machine and of this one.
    """
    software, processor = list(_software(there, here)), list(_processor(there, here))
    if not software and not processor:
        return None
    cures = [_SAME_VERSION] * bool(software) + [_SAME_SUMS] * bool(processor)
    return f"{'; '.join(software + processor)}. {'. '.join(cures)}"


def _software(there: Mapping[str, Any], here: Mapping[str, Any]) -> Iterator[str]:
    yield from _unequal("engram", there["engram"], here["engram"])
    yield from _unequal("code", there["code"][:_SHOWN], here["code"][:_SHOWN])
    libraries = {**there["libraries"], **here["libraries"]}
    for name in libraries:
        yield from _unequal(name, there["libraries"].get(name), here["libraries"].get(name))


def _processor(there: Mapping[str, Any], here: Mapping[str, Any]) -> Iterator[str]:
    yield from _unequal("algebra by", ", ".join(there["blas"]), ", ".join(here["blas"]))
    one, other = set(there["processor"]), set(here["processor"])
    for extra, place in ((one - other, "there"), (other - one, "here")):
        if extra:
            yield f"{', '.join(sorted(extra))} of the processor {place} alone"


def _unequal(name: str, there: str | None, here: str | None) -> Iterator[str]:
    if there != here:
        yield f"{name} {there or 'none'} there, {here or 'none'} here"
