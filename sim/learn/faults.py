# SPDX-License-Identifier: MIT
"""Faults of the cells of memories in a study: how many fail, by a share or by a voltage."""

import math
from typing import Self

import pydantic
from pydantic import Field

from golden.faults import Faults, ProtectedFaults
from golden.params import FaultParams, FaultyMemory, SecdedParams
from golden.params.faults import CERTAIN
from sim.documents.section import Section
from sim.measure.ledger import Entry, Ledger

__all__ = ["CellModel", "FailingParams", "FaultSettings", "upper_planes"]


class CellModel(Section):
    """Least supply at which a cell works, a normal variable over the cells of a die.

    Attributes
    ----------
    mean : float
        Mean of the least supply, in V.
    deviation : float
        Its standard deviation, in V.
    """

    mean: float = Field(gt=0, le=10)
    deviation: float = Field(gt=0, le=10)

    @property
    def legend(self) -> str:
        """What tells it from other cells."""
        return f"least supply {self.mean:g} ± {self.deviation:g} V"

    def share(self, voltage: float) -> float:
        """Return the share of cells that fail at a supply of `voltage` V."""
        return 0.5 * math.erfc((voltage - self.mean) / (self.deviation * math.sqrt(2)))


class FaultSettings(Section):
    """Static faults of one memory (contract, 19).

    Attributes
    ----------
    share : float or null
        Probability that a cell fails, 0..1. Half of the cells that fail hold the right bit.
    voltage : float or null
        Supply of the memory in V, in place of `share`; it needs `cell`.
    cell : CellModel or null
        At which supply cells fail.
    plane : int or null
        The one plane of codes whose cells can fail, 0 the most significant; null stands for all.
    spared : int
        Uppermost planes whose cells never fail, as under a higher supply.
    secded : int or null
        Uppermost planes of prototypes that are protected words: their bits of a row have check
        bits, which can fail as well; one error is corrected, two are seen.
    die : int or null
        Seed of the die; null takes the run's, so that every seed is another die.
    """

    share: float | None = Field(default=None, ge=0, le=1)
    voltage: float | None = Field(default=None, gt=0, le=10)
    cell: CellModel | None = None
    plane: int | None = Field(default=None, ge=0, le=31)
    spared: int = Field(default=0, ge=0, le=32)
    secded: int | None = Field(default=None, ge=1, le=10)
    die: int | None = Field(default=None, ge=0, lt=2**64)

    @pydantic.model_validator(mode="after")
    def _share_or_voltage(self) -> Self:
        if (self.share is None) == (self.voltage is None):
            raise ValueError("faults must have either share or voltage")
        if (self.voltage is None) != (self.cell is None):
            raise ValueError("faults must have both voltage and cell, or neither")
        if self.plane is not None and self.spared:
            raise ValueError("spared must be left out where plane names the only one that fails")
        if self.secded and (self.spared or self.plane is not None):
            raise ValueError("secded must be left out beside spared or plane")
        return self

    @property
    def probability(self) -> float:
        """Probability that a cell fails."""
        if self.voltage is not None and self.cell is not None:
            return self.cell.share(self.voltage)
        assert self.share is not None
        return self.share

    @property
    def threshold(self) -> int:
        """T, ``2**32`` times that."""
        return round(CERTAIN * self.probability)

    def legend(self, whose: str) -> str:
        """Return a few words for the legend of a method.

        Parameters
        ----------
        whose : str
            The cells, such as ``"cells"``.
        """
        at = f" at {self.voltage} V, {self.cell.legend}" if self.cell is not None else ""
        share = self.share if self.share is not None else f"{self.probability:.3g}"
        plane = f" of plane {self.plane}" if self.plane is not None else ""
        spared = f", {upper_planes(self.spared)} spared" if self.spared else ""
        secded = f", SECDED of {upper_planes(self.secded)}" if self.secded else ""
        die = f", die {self.die}" if self.die is not None else ""
        return f"{share} of {whose}{plane} fail{at}{spared}{secded}{die}"

    def of(self, memory: int, seed: int, lanes: int, width: int) -> Faults:
        """Return the faults of a memory.

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
            If `plane`, `spared` or `secded` names a plane that the codes do not have, or `secded`
            is given for another memory than prototypes.
        """
        for key, value, most in (
            ("plane", self.plane, width - 1),
            ("spared", self.spared, width),
        ):
            if value is not None and value > most:
                raise ValueError(
                    f"{key} of faults must be at most {most} for codes of {width} bits, not {value}"
                )
        one = self.plane
        params = FaultParams(
            die=seed if self.die is None else self.die,
            memory=memory,
            threshold=self.threshold,
            lanes=lanes,
            width=width,
            planes=tuple(range(self.spared, width)) if one is None else (one,),
        )
        if self.secded is None:
            return Faults(params)
        if memory != FaultyMemory.PROTOTYPES:
            raise ValueError("secded of faults must be left out: no prototypes lie in this memory")
        return ProtectedFaults(params, self.secded)


class FailingParams(Section):
    """Parameters of every source whose memory can fail.

    Attributes
    ----------
    faults : FaultSettings or null
        Faults of the cells that hold the past.
    """

    faults: FaultSettings | None = None

    def faults_of(
        self, memory: int, seed: int, *, lanes: int = 64, width: int = 1
    ) -> Faults | None:
        """Return the faults of a memory; None if no cell can fail.

        Parameters
        ----------
        memory, seed, lanes, width
            As in `FaultSettings.of`.
        """
        return None if self.faults is None else self.faults.of(memory, seed, lanes, width)

    def check_ledger(self, vectors: int, features: int, lanes: int = 64) -> Ledger:
        """Return the ledger of the check bits of a memory of prototypes; empty without any.

        Parameters
        ----------
        vectors, features, lanes : int
            Prototypes, D and L.
        """
        if self.faults is None or self.faults.secded is None:
            return Ledger()
        row = self.faults.secded * SecdedParams(width=lanes).checks
        bits = vectors * -(-features // lanes) * row
        return Ledger((Entry.extra("check bits", bits, "one code a row and protected plane"),))


def upper_planes(count: int) -> str:
    """Return the number of uppermost planes in words."""
    return f"{count} upper plane{'s' if count > 1 else ''}"
