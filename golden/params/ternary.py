# SPDX-License-Identifier: MIT
"""Parameters of the ternary head that learns by counters (contract, 17)."""

from dataclasses import dataclass

from golden.params.checks import check_integer
from golden.params.layers import HeadParams

__all__ = ["TernaryTrainerParams"]


@dataclass(frozen=True, kw_only=True)
class TernaryTrainerParams:
    """Parameters of a ternary head that learns by counters.

    Parameters
    ----------
    features : int
        D, bits of an embedding.
    classes : int
        C, classes of the head.
    width : int
        b, bits of a counter, 4..8.
    threshold : int
        t, magnitude of a counter from which its weight is not 0, ``1..2^(b-1) - 1``.
    margin : int
        M, largest lead of the true class, in logits, at which a sample is still learned.
    """

    features: int
    classes: int
    width: int = 8
    threshold: int = 48
    margin: int = 80

    def __post_init__(self) -> None:
        check_integer("Features D", self.features, 1, 2**16)
        check_integer("Classes C", self.classes, 1, 2**16)
        check_integer("Counter width b", self.width, 4, 8)
        check_integer("Threshold t", self.threshold, 1, self.highest)
        check_integer("Margin M", self.margin, 0, 2**18)

    @property
    def highest(self) -> int:
        """Highest value of a counter; the lowest is one further from 0."""
        return 2 ** (self.width - 1) - 1

    @property
    def head(self) -> HeadParams:
        """Parameters of the head whose weights the counters give."""
        return HeadParams(features=self.features, classes=self.classes, hidden=0)
