# SPDX-License-Identifier: MIT
"""What a technology does not know, collected while something is priced: never a silent zero."""

from dataclasses import dataclass

from sim.errors import UserError

__all__ = ["Extrapolation", "Gaps", "MissingEntry"]


@dataclass(frozen=True)
class MissingEntry:
    """A figure that a technology lacks, so that a sum is without it.

    Attributes
    ----------
    technology, key : str
        Such as "cmos28" and "clock".
    what : str
        What is not counted, such as "sampler: 4096 flip-flops that keep their bits".
    """

    technology: str
    key: str
    what: str

    def __str__(self) -> str:
        return f"MISSING: {self.technology} has no {self.key}: {self.what} is NOT counted"


@dataclass(frozen=True)
class Extrapolation:
    """A figure outside what is known, `MemoryPlan.warning`.

    Attributes
    ----------
    technology : str
    warning : str
    """

    technology: str
    warning: str

    def __str__(self) -> str:
        return f"OUTSIDE: {self.technology}: {self.warning}"


class Gaps:
    """What was missing or outside so far, each once.

    Parameters
    ----------
    strict : bool
        Whether the first is an error.
    """

    def __init__(self, strict: bool = False) -> None:
        self._strict = strict
        self._found: dict[MissingEntry | Extrapolation, None] = {}

    @property
    def found(self) -> tuple[MissingEntry | Extrapolation, ...]:
        """All of them, in the order in which they came."""
        return tuple(self._found)

    def note(self, gap: MissingEntry | Extrapolation) -> None:
        """Remember a gap.

        Raises
        ------
        UserError
            If nothing may be missing.
        """
        if self._strict:
            raise UserError(f"{gap} (--strict)")
        self._found[gap] = None
