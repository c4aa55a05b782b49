# SPDX-License-Identifier: MIT
"""Faults of the cells of memories in a study: how many fail, by a share or by a voltage."""

from typing import ClassVar, Literal, Self

import pydantic
from pydantic import Field

from golden.faults import Faults, ProtectedFaults, ReadErrors
from golden.params import FaultParams, FaultyMemory, SecdedParams
from golden.parity import ParityFaults
from sim.documents.section import Section
from sim.learn.cells import FailingCells
from sim.measure.ledger import Entry, Ledger

__all__ = ["FailingParams", "FaultSettings", "upper_planes"]


class FaultSettings(FailingCells):
    """Faults of one memory (contract, 19).

    Attributes
    ----------
    plane : int or null
        The one plane of codes whose cells can fail, 0 the most significant; null stands for all.
    spared : int
        Uppermost planes whose cells never fail, as under a higher supply.
    secded : int or null
        Uppermost planes of prototypes that are protected words: their bits of a row have check
        bits, which can fail as well; one error is corrected, two are seen.
    parity : int or null
        Uppermost planes of prototypes that a parity bit of every code covers, which can fail as
        well. A code with a wrong parity is replaced by that of the prototype before.
    transient : true or null
        Whether cells fail in single reads, in others every time. Without it the same cells fail
        always. It is for memories that samples are drawn from.
    """

    plane: int | None = Field(default=None, ge=0, le=31)
    spared: int = Field(default=0, ge=0, le=32)
    secded: int | None = Field(default=None, ge=1, le=10)
    parity: int | None = Field(default=None, ge=1, le=16)
    # None stands for static faults, so that digests are the same as without the key.
    transient: Literal[True] | None = None

    @pydantic.model_validator(mode="after")
    def _protection_fits(self) -> Self:
        if self.plane is not None and self.spared:
            raise ValueError("spared must be left out where plane names the only one that fails")
        for key in ("secded", "parity"):
            if getattr(self, key) and (self.spared or self.plane is not None):
                raise ValueError(f"{key} must be left out beside spared or plane")
            if getattr(self, key) and self.transient:
                raise ValueError(f"{key} must be left out beside transient")
        if self.secded and self.parity:
            raise ValueError("parity must be left out beside secded")
        return self

    def legend(self, whose: str) -> str:
        """Return a few words for the legend of a method.

        Parameters
        ----------
        whose : str
            The cells, such as ``"cells"``.
        """
        plane = f" of plane {self.plane}" if self.plane is not None else ""
        spared = f", {upper_planes(self.spared)} spared" if self.spared else ""
        secded = f", SECDED of {upper_planes(self.secded)}" if self.secded else ""
        parity = f", parity of {upper_planes(self.parity)}" if self.parity else ""
        reads = " in every read" if self.transient else ""
        die = f", die {self.die}" if self.die is not None else ""
        return (
            f"{self.said} of {whose}{plane} fail{reads}{self.supply}{spared}{secded}{parity}{die}"
        )

    def of(self, memory: int, seed: int, lanes: int, width: int) -> Faults:
        """Return the faults of a memory: `ReadErrors` if they are transient.

        Parameters
        ----------
        memory : int
            Its number; see `golden.params.FaultyMemory`.
        seed : int
            Seed of the run.
        lanes, width : int
            Codes of a row, and bits of a code.

        Raises
        ------
        ValueError
            If `plane`, `spared`, `secded` or `parity` names a plane that the codes do not have, or
            `secded` or `parity` is given for another memory than prototypes.
        """
        for key, value in (("secded", self.secded), ("parity", self.parity)):
            if value and memory != FaultyMemory.PROTOTYPES:
                raise ValueError(
                    f"{key} of faults must be left out: no prototypes lie in this memory"
                )
        for key, value, most in (
            ("plane", self.plane, width - 1),
            ("spared", self.spared, width),
            ("parity", self.parity, width),
            ("secded", self.secded, min(width, SecdedParams(width=lanes).most_planes)),
        ):
            if value is not None and value > most:
                bits = f"{width} bit{'s' if width > 1 else ''}"
                raise ValueError(
                    f"{key} of faults must be at most {most} for {lanes} codes of {bits} a row, "
                    f"not {value}"
                )
        one = self.plane
        params = FaultParams(
            die=self.die_of(seed),
            memory=memory,
            threshold=self.threshold,
            lanes=lanes,
            width=width,
            planes=tuple(range(self.spared, width)) if one is None else (one,),
        )
        if self.transient:
            return ReadErrors(params)
        if self.secded is None and self.parity is None:
            return Faults(params)
        if self.parity is not None:
            return ParityFaults(params, self.parity)
        assert self.secded is not None
        return ProtectedFaults(params, self.secded)


class FailingParams(Section):
    """Parameters of every source whose memory can fail.

    Attributes
    ----------
    faults : FaultSettings or null
        Faults of the cells that hold the past.
    """

    #: Whether single reads of the memory can have errors of their own.
    drawn_from: ClassVar[bool] = False

    faults: FaultSettings | None = None

    @pydantic.model_validator(mode="after")
    def _reads_are_draws(self) -> Self:
        if self.faults is not None and self.faults.transient and not self.drawn_from:
            raise ValueError("transient of faults must be left out where no samples are drawn")
        return self

    def faults_of(
        self, memory: int, seed: int, *, lanes: int = 64, width: int = 1
    ) -> Faults | None:
        """Return the static faults of a memory; None if no cell fails for good.

        Parameters
        ----------
        memory, seed, lanes, width
            As in `FaultSettings.of`.
        """
        if self.faults is None or self.faults.transient:
            return None
        return self.faults.of(memory, seed, lanes, width)

    def read_errors_of(
        self, memory: int, seed: int, *, lanes: int = 64, width: int = 1
    ) -> ReadErrors | None:
        """Return the errors of single reads of a memory; None if there are none.

        Parameters
        ----------
        memory, seed, lanes, width
            As in `FaultSettings.of`.
        """
        if self.faults is None:
            return None
        errors = self.faults.of(memory, seed, lanes, width)
        return errors if isinstance(errors, ReadErrors) else None

    def check_ledger(self, vectors: int, features: int, lanes: int = 64) -> Ledger:
        """Return the ledger of what protects a memory of prototypes; empty without protection.

        Parameters
        ----------
        vectors, features, lanes : int
            Prototypes, D and L.
        """
        rows = vectors * -(-features // lanes)
        if self.faults is not None and self.faults.secded:
            bits = rows * self.faults.secded * SecdedParams(width=lanes).checks
            return Ledger((Entry.extra("check bits", bits, "one code a row and protected plane"),))
        if self.faults is not None and self.faults.parity:
            return Ledger((Entry.extra("parity bits", rows * lanes, "one a code"),))
        return Ledger()


def upper_planes(count: int) -> str:
    """Return the number of uppermost planes in words."""
    return f"{count} upper plane{'s' if count > 1 else ''}"
