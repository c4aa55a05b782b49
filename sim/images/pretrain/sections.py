# SPDX-License-Identifier: MIT
"""Sections of a pre-training's configuration: classes, network, images and schedule."""

from typing import Any, ClassVar, Literal

import pydantic
from pydantic import Field

from sim.data.datasets import NAMES, ImageSet, check_name, check_resize, is_own
from sim.data.tasks import class_order
from sim.documents.section import Section
from sim.learn.sections import PlateauConfig

__all__ = [
    "AugmentConfig",
    "ClassesConfig",
    "GrownSection",
    "HeldOutConfig",
    "ModelConfig",
    "ScheduleConfig",
]


class GrownSection(Section):
    """A section that got keys after digests of it were written.

    Attributes
    ----------
    later : frozenset of str
        These keys. Plain data and digests have none of them that has its default.
    """

    later: ClassVar[frozenset[str]] = frozenset()

    @pydantic.model_serializer(mode="wrap")
    def _without_defaults(self, plain: pydantic.SerializerFunctionWrapHandler) -> dict[str, Any]:
        about: dict[str, Any] = plain(self)
        fields = type(self).model_fields
        for key in self.later & about.keys():
            if getattr(self, key) == fields[key].default:
                del about[key]
        return about


class HeldOutConfig(Section):
    """Training images that are held out for tests, in the same way as in a comparison.

    Attributes
    ----------
    share : float
        Share of the training images of each class.
    split_seed : int
        Seed of the generator that draws the held-out images; see `sim.data.held_out`.
    """

    share: float = Field(default=0.2, gt=0, lt=1)
    split_seed: int = Field(default=0, ge=0, le=2**63 - 1)


class ClassesConfig(GrownSection):
    """The data set and the classes that the feature extractor learns.

    Attributes
    ----------
    data : str
        One of ``cifar10``, ``cifar100``, ``digits``, ``fashion-mnist``, ``mnist`` and
        ``tiny-imagenet``, or the path of images that a user brings.
    order : "identity" or int
        Class order: that of the data set, or the permutation of a seed.
    base : int
        Number of classes learnt, from the start of the order.
    held_out : HeldOutConfig or null
        Training images held out for tests; null tests on the data set's own test images.
    resize : str or null
        Height and width that images of a user are given, such as ``32x32``.
    """

    later: ClassVar[frozenset[str]] = frozenset({"held_out", "resize"})

    data: str = "cifar100"
    order: Literal["identity"] | int = 1993
    base: int = Field(default=50, ge=2, le=65_536)
    held_out: HeldOutConfig | None = None
    resize: str | None = None

    @pydantic.field_validator("data")
    @classmethod
    def _known(cls, name: str) -> str:
        return check_name(name, NAMES)

    @pydantic.model_validator(mode="after")
    def _own_images_can_be_resized(self) -> "ClassesConfig":
        check_resize(self.data, self.resize)
        return self

    def about(self, images: ImageSet) -> dict[str, Any]:
        """Return the section as plain data for a card or a bank.

        The classes of a user's images are named: their folder may move, or get more classes.

        Parameters
        ----------
        images : ImageSet
            The data set.
        """
        about = self.model_dump()
        if is_own(self.data):
            base = class_order(images.n_classes, self.order)[: self.base]
            about |= {"data": images.name, "names": [images.class_names[label] for label in base]}
        return about


class ModelConfig(GrownSection):
    """Training of binary weights and activations.

    Attributes
    ----------
    levels : int or null
        T, thermometer bits for each colour; null takes the network's own.
    surrogate : {"hard_window", "piecewise_linear", "approx_sign", "reste"}
        Derivative that replaces that of the sign; see `sim.images.pretrain.surrogates`.
    power : float
        Power of ``reste`` in the last epoch. It is 1 in the first, and rises by as much an epoch.
    window : float
        Half-width of the surrogate, in standard deviations of a neuron's sum.
    init_scale : float
        Initial latent weights are uniform in ``[-init_scale, init_scale]``; small weights flip
        soon.
    centre : bool
        Whether the mean of a neuron's latent weights is subtracted before the sign. This keeps the
        sums centred, although OR pooling makes most inputs +1. The form of the resulting network
        does not change.
    batch_norm : bool
        Whether every layer except the head is normalised in training and has integer thresholds
        after it.
    logit_gain : float
        Initial factor on the scale ``1/sqrt(5 fan_in C)`` of the ISCAS'24 slides. With that scale
        alone, the softmax is never confident. The factor is learnt; no arg max depends on it.
    """

    later: ClassVar[frozenset[str]] = frozenset({"power"})

    levels: int | None = Field(default=None, ge=1, le=65_536)
    surrogate: Literal["hard_window", "piecewise_linear", "approx_sign", "reste"] = (
        "piecewise_linear"
    )
    power: float = Field(default=3.0, ge=1, le=100)
    window: float = Field(default=1.0, gt=0, le=1e6)
    init_scale: float = Field(default=0.1, gt=0, le=1)
    centre: bool = True
    batch_norm: bool = False
    logit_gain: float = Field(default=4.0, gt=0, le=1e6)


class AugmentConfig(GrownSection):
    """Random changes of the training images, before they are encoded.

    Mirroring and shifts act from the start. The others come after them, in the order of the keys.

    Attributes
    ----------
    flip : bool
        Whether half the images are mirrored left to right.
    shift : int
        Largest shift in each direction, in pixels.
    fill : {"edge", "zero"}
        Pixels that fill the gap: copies of the edge, or zeros.
    jitter : float
        j, jitter of colours: brightness, contrast and saturation of each image are multiplied by
        numbers drawn from ``1-j..1+j``. 0 changes none.
    trivial : bool
        TrivialAugment: one change of each image, drawn from fourteen, with a drawn strength; see
        `sim.images.pretrain.trivial`.
    cutout : int
        Cutout: side of a square of middle grey at a drawn place of each image, which may reach
        over the edge. 0 for none.
    after : float
        Share of the epochs after which `jitter`, `trivial` and `cutout` begin to act.
    """

    later: ClassVar[frozenset[str]] = frozenset({"jitter", "trivial", "cutout", "after"})

    flip: bool = True
    shift: int = Field(default=4, ge=0, le=1024)
    fill: Literal["edge", "zero"] = "edge"
    jitter: float = Field(default=0.0, ge=0, le=1)
    trivial: bool = False
    cutout: int = Field(default=0, ge=0, le=1024)
    after: float = Field(default=0.0, ge=0, lt=1)

    def at(self, progress: float) -> "AugmentConfig":
        """Return the changes that act when a share `progress` of the epochs is done."""
        if progress >= self.after:
            return self
        return self.model_copy(update={"jitter": 0.0, "trivial": False, "cutout": 0})


class ScheduleConfig(Section):
    """Length and learning rate of a training.

    Attributes
    ----------
    epochs : int
        Passes over the training images; a plateau schedule can end the training earlier.
    batch : int
        Images of a step.
    learning_rate : float
        Highest learning rate of Adam.
    schedule : {"cosine", "plateau"}
        Half a cosine to 0, step by step; or `sim.learn.optim.Plateau` on the loss of each epoch.
    warmup : int
        Number of first epochs in which the rate rises linearly; cosine only.
    plateau : PlateauConfig
    label_smoothing : float
        Share of the target that is spread over all classes.
    precision : {"auto", "bfloat16", "float32"}
        Type of the numbers in the convolutions in training. The sums are exact in both types.
        bfloat16 rounds the stored sums; this changes no sign, but it can move a sum across the
        mean of a normalisation. ``auto`` is bfloat16 on a processor or GPU with instructions for
        it, and float32 on others; results tell which one it was.
    """

    epochs: int = Field(default=60, ge=1, le=100_000)
    batch: int = Field(default=128, ge=2, le=65_536)
    learning_rate: float = Field(default=2e-3, gt=0, le=100)
    schedule: Literal["cosine", "plateau"] = "cosine"
    warmup: int = Field(default=0, ge=0, le=100_000)
    plateau: PlateauConfig = PlateauConfig(minimum=1e-5)
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    precision: Literal["auto", "bfloat16", "float32"] = "auto"
