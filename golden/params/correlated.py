# SPDX-License-Identifier: MIT
"""Parameters of the sampler whose bits depend on one another through factors (contract, 13)."""

from dataclasses import dataclass

from golden.params.checks import check_integer
from golden.params.sampling import LfsrParams, SamplerParams, Stream, stream_params

__all__ = ["CorrelatedSamplerParams"]

MAX_RANK = 256  # largest R
MAX_SHIFT = 15  # largest e, because it has 4 bits
MAX_SUM = 2**30 - 1  # largest sum of a lane, so that it stays below 2^31 with the noise added
SCALE_WIDTH = 8  # bits of a scale g


@dataclass(frozen=True, kw_only=True)
class CorrelatedSamplerParams(SamplerParams):
    """Parameters of a parallel sampler with a basis of loadings.

    Parameters
    ----------
    prototypes : PrototypesParams
        Memory of the prototypes, as in `SamplerParams`.
    mode : {"parallel"}
        Nothing else is possible here.
    draws_per_read : int
        As in `SamplerParams`.
    selection : {"round_robin", "uniform", "weighted"}
        How a component is chosen, as in `SamplerParams`.
    seed : int
        User seed S, 64 bits, as in `SamplerParams`.
    rank : int
        R, factors that the bits of an exemplar share, 0..256; with 0, bits are independent.
    loading_width : int
        q_a, bits of a signed loading, 2..8.
    factor_width : int
        n_f, random bits of a factor, 1..16; 1 makes it a sign.
    """

    rank: int = 32
    loading_width: int = 4
    factor_width: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.mode != "parallel":
            raise ValueError(f"Sampler mode with factors must be parallel, not {self.mode!r}")
        check_integer("Factors R", self.rank, 0, MAX_RANK)
        check_integer("Loading width q_a", self.loading_width, 2, 8)
        check_integer("Factor width n_f", self.factor_width, 1, 16)

    @property
    def highest_loading(self) -> int:
        """Largest loading; the lowest is its negative."""
        return 2 ** (self.loading_width - 1) - 1

    @property
    def sum_width(self) -> int:
        """Bits of the sum of a lane in two's complement, before it is shifted by e."""
        return (self.rank * self.factor_width * self.highest_loading).bit_length() + 1

    @property
    def lanes_compared(self) -> int:
        """Lanes that hardware compares in a cycle, ceil(L / R).

        So a beat is compared in no more than the R cycles in which the next one is added up.
        """
        return -(-self.prototypes.lanes // max(1, self.rank))

    @property
    def factor_lfsr(self) -> LfsrParams:
        """Source of the bits of the factors."""
        return stream_params(self.seed, Stream.FACTOR, self.factor_width)
