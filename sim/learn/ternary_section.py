# SPDX-License-Identifier: MIT
"""Section of a configuration for the ternary head that counters train."""

from typing import Literal

from pydantic import Field, model_validator

from golden.params import TernaryTrainerParams
from sim.documents.section import Section
from sim.learn.values import Balance

__all__ = ["TernaryHeadConfig"]


class TernaryHeadConfig(Section):
    """The head of a study whose ternary weights come from counters (contract, 17).

    Attributes
    ----------
    kind : {"ternary"}
        What tells it from the other heads.
    start : {"warm", "reset"}
        Whether a task starts from the last task's counters or from 0.
    batch : int
        B, samples that share a split between past and present classes (contract, 8). They are
        learned one after another, so that it changes no step.
    epochs : int
        Passes over the samples of a task.
    width : int
        b, bits of a counter.
    threshold : int
        t, magnitude of a counter from which its weight is not 0.
    margin : int
        M, largest lead of the true class, in logits, at which a sample is still learned.
    balance : float or null
        As in `HeadConfig`.
    """

    kind: Literal["ternary"]
    start: Literal["warm", "reset"] = "warm"
    batch: int = Field(default=128, ge=2, le=65_536)
    epochs: int = Field(default=2, ge=1, le=100_000)
    width: int = Field(default=8, ge=4, le=8)
    threshold: int = Field(default=48, ge=1, le=127)
    margin: int = Field(default=80, ge=0, le=262_144)
    balance: Balance | None = None

    @model_validator(mode="after")
    def _threshold_is_a_count(self) -> "TernaryHeadConfig":
        self.trainer(features=1, classes=1)
        return self

    def trainer(self, *, features: int, classes: int) -> TernaryTrainerParams:
        """Return the parameters of the golden trainer.

        Parameters
        ----------
        features : int
            D, bits of an embedding.
        classes : int
            C, classes of the whole data set.

        Raises
        ------
        ValueError
            If a counter of this width does not reach the threshold.
        """
        return TernaryTrainerParams(
            features=features,
            classes=classes,
            width=self.width,
            threshold=self.threshold,
            margin=self.margin,
        )
