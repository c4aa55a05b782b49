# SPDX-License-Identifier: MIT
"""Sections of a configuration for the head and its training."""

import math
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from golden.faults import Faults
from golden.params import FaultyMemory, TrainerParams
from sim.documents.section import Section
from sim.learn.faults import FaultSettings
from sim.learn.ternary_section import TernaryHeadConfig
from sim.learn.values import Balance

__all__ = [
    "AnyHead",
    "Balance",
    "BinaryHeadConfig",
    "HeadConfig",
    "IntegerHeadConfig",
    "IntegerTraining",
    "PlateauConfig",
    "StudyHead",
    "TernaryHeadConfig",
    "with_kind",
]

NonBinary = Literal[8, 16, 32, "float"]


class PlateauConfig(Section):
    """Plateau schedule of the learning rate; see `sim.learn.optim.Plateau`.

    Attributes
    ----------
    factor : float
        Multiplier of the rate at a plateau.
    patience : int
        Epochs without improvement that make a plateau.
    minimum : float
        Rate below which training ends.
    threshold : float
        Relative fall of the loss that counts as an improvement.
    """

    factor: float = Field(default=0.5, gt=0, lt=1)
    patience: int = Field(default=3, ge=1, le=100_000)
    minimum: float = Field(default=2e-4, gt=0, le=100)
    threshold: float = Field(default=1e-3, ge=0, lt=1)


class HeadConfig(Section):
    """The binary head and its training.

    Attributes
    ----------
    hidden : int
        H, hidden neurons; 0 means none.
    start : {"warm", "reset"}
        Whether a task starts from the last task's latent weights or draws them anew.
    optimizer : {"adam", "sgd"}
        Rule of the steps; see `sim.learn.optim`.
    learning_rate : float
        First rate of every task.
    momentum : float
        Momentum of sgd.
    batch : int
        B, samples a step, shared between past and present classes (contract, 8).
    epochs : int
        Largest number of epochs of a task, if the plateau schedule does not end it earlier.
    init_scale : float
        First latent weights are uniform in ``[-init_scale, init_scale]``.
    latent_width : {1, 4, 8, 16} or null
        Bits in which a latent weight survives between tasks, the sign in front; null keeps it as
        float32. See `sim.learn.head.HeadTrainer.settle`.
    logit_gain : float
        Factor on the scale of the logits in training; see `sim.learn.head.HeadTrainer`.
    balance : float or null
        Samples of a past class in a batch for one of a present class, in sixteenths; null has as
        many of both (contract, 8).
    plateau : PlateauConfig
        Schedule of the learning rate.
    """

    hidden: int = Field(default=128, ge=0, le=65_536)
    start: Literal["warm", "reset"] = "warm"
    optimizer: Literal["adam", "sgd"] = "adam"
    learning_rate: float = Field(default=3e-3, gt=0, le=100)
    momentum: float = Field(default=0.9, ge=0, lt=1)
    batch: int = Field(default=128, ge=2, le=65_536)
    epochs: int = Field(default=60, ge=1, le=100_000)
    init_scale: float = Field(default=0.1, gt=0, le=1)
    latent_width: Literal[1, 4, 8, 16] | None = None
    logit_gain: float = Field(default=1.0, gt=0, le=1e6)
    balance: Balance | None = None
    plateau: PlateauConfig = PlateauConfig()

    @model_serializer(mode="wrap")
    def _without_none(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out keys that are not given: older digests do not contain them."""
        about: dict[str, Any] = plain(self)
        return {key: value for key, value in about.items() if value is not None}


class BinaryHeadConfig(HeadConfig):
    """The binary head of a study, which real numbers train.

    Attributes
    ----------
    kind : {"binary"}
        What tells it from the other heads. Documents leave it out, as users may, so that digests
        of studies are those of the time before the other heads.
    """

    kind: Literal["binary"] = Field(default="binary", exclude=True)


class IntegerTraining(Section):
    """A classifier that learns in integers, with the symbols of the contract, section 12.

    Attributes
    ----------
    hidden : int
        H, neurons of the binary layer between embedding and classifier; 0 means none.
    q_f : {8, 16, 32, "float"}
        Bits of non-binary weights and activations in the forward pass.
    q_b_non_binary : {8, 16, 32, "float"}
        Bits of non-binary weights, and of all gradients, in the backward pass.
    q_b_binary : {1, 4, 8, 16, "float"}
        Bits of the latent weights of the binary layer; 1 freezes it.
    rounding : {"nearest_even", "stochastic"}
        Rounding of the values in the backward pass.
    epochs : int
        Passes over the samples of a task.
    rate : int
        k of the classifier: a step is ``2^-k`` times the sum of a batch's gradients.
    binary_rate : int
        k of the binary layer, as for the classifier.
    weight_exponent : int
        r: codes of the classifier's weights span ``[-2^r, 2^r)``.
    init_scale : float
        First latent weights are uniform in ``[-init_scale, init_scale]``.
    """

    hidden: int = Field(default=0, ge=0, le=65_536)
    q_f: NonBinary = 8
    q_b_non_binary: NonBinary = 8
    q_b_binary: Literal[1, 4, 8, 16, "float"] = 4
    rounding: Literal["nearest_even", "stochastic"] = "stochastic"
    epochs: int = Field(default=4, ge=1, le=100_000)
    rate: int = Field(default=13, ge=0, le=24)
    binary_rate: int = Field(default=10, ge=0, le=24)
    weight_exponent: int = Field(default=-3, ge=-8, le=2)
    init_scale: float = Field(default=0.5, gt=0, le=1)

    @model_validator(mode="after")
    def _widths_go_together(self) -> "IntegerTraining":
        self.trainer(features=1, classes=1, seed=0)
        return self

    def trainer(self, *, features: int, classes: int, seed: int) -> TrainerParams:
        """Return the parameters of the golden trainer.

        Parameters
        ----------
        features : int
            D, bits of an embedding.
        classes : int
            C, classes of the whole data set.
        seed : int
            User seed of the random stream.

        Raises
        ------
        ValueError
            If these widths and rates do not fit each other.
        """
        return TrainerParams(
            features=features,
            classes=classes,
            hidden=self.hidden,
            forward_width=self.q_f,
            backward_width=self.q_b_non_binary,
            binary_width=self.q_b_binary,
            rounding=self.rounding,
            rate=self.rate,
            binary_rate=self.binary_rate,
            weight_exponent=self.weight_exponent,
            window=math.isqrt(features),
            seed=seed,
        )


class IntegerHeadConfig(IntegerTraining):
    """The head of a study that learns in integers, as a chip can train it.

    Attributes
    ----------
    kind : {"integer"}
        What tells it from the other heads.
    start : {"warm", "reset"}
        Whether a task starts from the last task's weights or draws them anew.
    batch : int
        B, samples a step, shared between past and present classes (contract, 8).
    first_rows : {"log_odds"} or null
        What the row of a new class begins with: the log-odds of the means of its samples, in codes
        of 8 bits (contract, 12); null begins with 0.
    balance : float or null
        As in `HeadConfig`.
    lanes : int or null
        L, weights that a chip rounds at once, and that share a random word; null stands for 1.
    faults : FaultSettings or null
        Faults of the cells that hold the weights, in rows of `lanes`, or of 64 where that is null;
        they need `hidden` of 0.
    """

    kind: Literal["integer"]
    start: Literal["warm", "reset"] = "warm"
    batch: int = Field(default=128, ge=2, le=65_536)
    # None stands for zeros, so that the digest is the same as without the key.
    first_rows: Literal["log_odds"] | None = None
    balance: Balance | None = None
    # None stands for 1, likewise.
    lanes: int | None = Field(default=None, ge=1, le=64)
    faults: FaultSettings | None = None

    @model_validator(mode="after")
    def _old_rows_stay(self) -> "IntegerHeadConfig":
        if self.first_rows is not None and self.start == "reset":
            raise ValueError(
                "first_rows must be left out where start is reset: past classes have no means"
            )
        return self

    @model_validator(mode="after")
    def _cells_hold_codes(self) -> "IntegerHeadConfig":
        if self.faults is not None:
            if self.hidden or self.q_b_non_binary == "float":
                raise ValueError(
                    "faults must be left out unless hidden is 0 and widths are integers"
                )
            if self.faults.transient:
                raise ValueError("transient of faults must be left out for the weights of a head")
            self.cells(0)
        return self

    def cells(self, seed: int) -> Faults | None:
        """Return the faults of the weights in a run of a seed; None if no cell can fail."""
        if self.faults is None:
            return None
        return self.faults.of(
            FaultyMemory.CLASSIFIER, seed, self.lanes or 64, int(self.q_b_non_binary)
        )

    def trainer(self, *, features: int, classes: int, seed: int) -> TrainerParams:
        params = super().trainer(features=features, classes=classes, seed=seed)
        return params if self.lanes is None else replace(params, lanes=self.lanes)


def with_kind(head: Any) -> Any:
    """Return the section with the kind that it has if it names none."""
    return {"kind": "binary", **head} if isinstance(head, dict) else head


#: A head of any kind.
AnyHead = HeadConfig | IntegerHeadConfig | TernaryHeadConfig

#: The head of a study; without the key ``kind`` it is the binary one.
StudyHead = Annotated[
    BinaryHeadConfig | IntegerHeadConfig | TernaryHeadConfig,
    Field(discriminator="kind"),
    BeforeValidator(with_kind),
]
