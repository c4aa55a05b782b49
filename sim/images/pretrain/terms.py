# SPDX-License-Identifier: MIT
"""Sections of what a recipe learns from beside the labels, and of a training in two steps."""

from typing import ClassVar, Literal

import pydantic
from pydantic import Field

from sim.documents.section import PlacedError, Section
from sim.images.pretrain.sections import GrownSection, ScheduleConfig

__all__ = [
    "DecorrelationConfig",
    "DistillationConfig",
    "ProjectorConfig",
    "RotationsConfig",
    "TwoStepConfig",
]


class DistillationConfig(GrownSection):
    """Distillation from a teacher: a float network that learns the same classes first, or networks.

    Attributes
    ----------
    weight : float
        Share of the teacher's answers in the loss; the labels have the rest.
    temperature : float
        Divisor of the logits of both networks before the softmax.
    attention : float
        Weight, beside that of answers and labels, of the distance between the attention maps of
        both networks; see `sim.images.pretrain.attention`. A float teacher alone has such maps.
    networks : list of str
        Teacher: the mean probabilities of these networks, each the name of a shipped one or a
        network file, trained on the same classes. With none a float teacher is trained, of the keys
        below.
    width : int
        Channels of the teacher's first block; the next blocks have 2 and 4 times as many.
    training : ScheduleConfig
        Training of the teacher.
    """

    later: ClassVar[frozenset[str]] = frozenset({"networks", "attention"})

    weight: float = Field(default=0.5, ge=0, le=1)
    temperature: float = Field(default=2.0, gt=0, le=1e6)
    attention: float = Field(default=0.0, ge=0, le=1e6)
    networks: tuple[str, ...] = ()
    width: int = Field(default=64, ge=1, le=4096)
    training: ScheduleConfig = ScheduleConfig(epochs=30, learning_rate=1e-3)

    @pydantic.model_validator(mode="after")
    def _teaches(self) -> "DistillationConfig":
        if self.attention and self.networks:
            message = "attention must be 0 where networks teach: it needs the maps of a float one"
            raise PlacedError(message, ("attention",))
        if not self.weight and not self.attention:
            raise PlacedError("weight must be above 0, or attention must be", ("weight",))
        return self


class DecorrelationConfig(Section):
    """Penalty on the correlation of two features of an embedding within a class.

    A memory that draws every bit by itself then loses less.

    Attributes
    ----------
    weight : float
        Weight of the penalty, which is the mean square of the correlations.
    of : {"sums", "signs"}
        Features: the sums of the last layer before their signs, or these signs.
    pooled : bool
        Whether one correlation is taken over all classes of a batch, about the mean of each, in
        place of one for each class. A batch has few images of a class, from which a correlation of
        its own is mostly noise.
    """

    weight: float = Field(default=1.0, gt=0, le=1e6)
    of: Literal["sums", "signs"] = "sums"
    pooled: bool = True


class ProjectorConfig(Section):
    """Layers of real numbers behind the embeddings, through which the extractor learns.

    They are dropped after training. The head learns beside them from the same embeddings, which
    it does not move.

    Attributes
    ----------
    hidden : int
        Neurons of the hidden layer, which is normalised and rectified.
    outputs : int
        Features of the projection, which an output layer of its own classifies.
    """

    hidden: int = Field(default=1024, ge=1, le=65_536)
    outputs: int = Field(default=512, ge=1, le=65_536)


class RotationsConfig(Section):
    """Rotated images as classes of their own: 4 C labels, of an image and its angle.

    The labels are joint, after PASS: a head that told the angle alone would ask for features that
    all classes share, and joint labels ask for those that tell classes apart at every angle. The
    outputs of rotated classes are dropped after training.

    Attributes
    ----------
    copies : int
        Rotated copies beside each image of a batch, of different angles: 3 are all, as in PASS.
        With fewer the angles take turns along the batch. A step takes ``1 + copies`` times as long.
    """

    copies: int = Field(default=3, ge=1, le=3)


class TwoStepConfig(Section):
    """A training in two steps: real weights first, then binary ones (Martinez et al., 2020).

    Activations are binary in both. The second step begins with the weights of the first, a new
    optimiser and the highest learning rate. Until then the accuracy of the integer network is that
    of the signs of weights that were not trained as signs.

    Attributes
    ----------
    share : float
        Share of the epochs that the first step takes, rounded; each step takes one at least.
    weight_decay : float
        Weight decay of Adam in the first step; the second has none.
    """

    share: float = Field(default=0.5, gt=0, lt=1)
    weight_decay: float = Field(default=1e-5, ge=0, le=1000)

    def first(self, epochs: int) -> int:
        """Return the epochs of the first step of a training of `epochs`, at least 2."""
        return min(max(round(self.share * epochs), 1), epochs - 1)
