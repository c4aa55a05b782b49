# SPDX-License-Identifier: MIT
"""Configuration of a pre-training: one YAML file, checked key by key, and the network it trains."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import pydantic
from pydantic import Field

from golden.params import NetworkParams
from sim.data.datasets import NAMES
from sim.data.networks import load_network
from sim.documents.read import load
from sim.documents.section import Section
from sim.documents.yaml_lines import Document
from sim.learn.sections import PlateauConfig
from sim.work.errors import UserError

__all__ = [
    "BUILT_IN",
    "AugmentConfig",
    "ClassesConfig",
    "DistillationConfig",
    "HeldOutConfig",
    "ModelConfig",
    "PretrainConfig",
    "Recipe",
    "ScheduleConfig",
    "load_recipe",
]

#: Folder of the configurations that come with the install, one ``<name>.yaml`` each.
BUILT_IN = Path(__file__).parent / "configs"


class HeldOutConfig(Section):
    """Training images that are tested on instead of trained on, as a comparison holds them out.

    Attributes
    ----------
    share : float
        Of each class.
    split_seed : int
        Seed of the generator that draws which they are; see `sim.data.held_out`.
    """

    share: float = Field(default=0.2, gt=0, lt=1)
    split_seed: int = Field(default=0, ge=0)


class ClassesConfig(Section):
    """Which classes of which data set the feature extractor learns.

    Attributes
    ----------
    data : str
        One of `sim.data.datasets.NAMES`.
    order : "identity" or int
        Class order: as in the data set, or the permutation of a seed.
    base : int
        Classes learnt, the first of the order.
    held_out : HeldOutConfig or null
        Of their training images; the data set's own test images are tested on if null.
    """

    data: str = "cifar100"
    order: Literal["identity"] | int = 1993
    base: int = Field(default=50, ge=2)
    held_out: HeldOutConfig | None = None

    @pydantic.model_serializer(mode="wrap")
    def _without_none(self, plain: pydantic.SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave the key out where nothing is held out: digests of such trainings lack it."""
        about: dict[str, Any] = plain(self)
        return {key: value for key, value in about.items() if value is not None}

    @pydantic.field_validator("data")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in NAMES:
            raise ValueError(f"must be one of {', '.join(NAMES)}, not {name!r}")
        return name


class ModelConfig(Section):
    """How bits are trained.

    Attributes
    ----------
    levels : int or null
        T, thermometer bits a colour; the network's own if null.
    surrogate : {"hard_window", "piecewise_linear", "approx_sign"}
        Derivative that stands in for that of the sign; see `sim.images.pretrain.surrogates`.
    window : float
        Half-width of the surrogate, in deviations of a neuron's sum.
    init_scale : float
        First latent weights are uniform in ``[-init_scale, init_scale]``; small ones flip soon.
    centre : bool
        Whether the sign is that of a latent weight less the mean of its neuron's, which keeps the
        sums centred though OR pooling makes most inputs +1. The network that results is no other.
    batch_norm : bool
        Whether every layer is normalised in training, and has integer thresholds in the end; the
        head is not.
    logit_gain : float
        First factor on the scale ``1/sqrt(5 fan_in C)`` of the ISCAS'24 slides, at which the
        softmax can hardly be sure of anything; it is learnt, and no arg max depends on it.
    """

    levels: int | None = Field(default=None, ge=1)
    surrogate: Literal["hard_window", "piecewise_linear", "approx_sign"] = "piecewise_linear"
    window: float = Field(default=1.0, gt=0)
    init_scale: float = Field(default=0.1, gt=0, le=1)
    centre: bool = True
    batch_norm: bool = False
    logit_gain: float = Field(default=4.0, gt=0)


class AugmentConfig(Section):
    """Random changes of the training images, before they are encoded.

    Attributes
    ----------
    flip : bool
        Whether half the images are mirrored left to right.
    shift : int
        Most pixels that an image moves in each direction.
    fill : {"edge", "zero"}
        What moves in.
    """

    flip: bool = True
    shift: int = Field(default=4, ge=0, le=1024)
    fill: Literal["edge", "zero"] = "edge"


class ScheduleConfig(Section):
    """Length and pace of a training.

    Attributes
    ----------
    epochs : int
        Passes over the training images, if a plateau schedule does not end it before.
    batch : int
    learning_rate : float
        Of Adam, at its highest.
    schedule : {"cosine", "plateau"}
        Half a cosine to 0, step by step; or `sim.learn.optim.Plateau` on the loss of each epoch.
    warmup : int
        First epochs, over which the rate rises linearly; cosine only.
    plateau : PlateauConfig
    label_smoothing : float
        Share of the target spread over all classes.
    precision : {"bfloat16", "float32"}
        Of the convolutions in training. Their sums are exact in both; bfloat16 rounds what it
        stores, which changes no sign, but can move a sum across the mean of a normalisation.
    """

    epochs: int = Field(default=60, ge=1, le=100_000)
    batch: int = Field(default=128, ge=2, le=65_536)
    learning_rate: float = Field(default=2e-3, gt=0, le=100)
    schedule: Literal["cosine", "plateau"] = "cosine"
    warmup: int = Field(default=0, ge=0, le=100_000)
    plateau: PlateauConfig = PlateauConfig(minimum=1e-5)
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    precision: Literal["bfloat16", "float32"] = "bfloat16"


class DistillationConfig(Section):
    """A float teacher, trained first on the same classes, whose softened answers are learnt too.

    Attributes
    ----------
    weight : float
        Share of the teacher in the loss; the labels have the rest.
    temperature : float
        Divisor of both logits before their softmax.
    width : int
        Channels of the teacher's first block; the next blocks have 2 and 4 times as many.
    training : ScheduleConfig
        Of the teacher.
    """

    weight: float = Field(default=0.5, gt=0, le=1)
    temperature: float = Field(default=2.0, gt=0)
    width: int = Field(default=64, ge=1, le=4096)
    training: ScheduleConfig = ScheduleConfig(epochs=30, learning_rate=1e-3)


class PretrainConfig(Section):
    """A pre-training.

    Attributes
    ----------
    title : str
        Headline of the curves.
    network : str
        Built-in network or YAML file; its head is trained for the base classes.
    classes, model, augment, training
        Sections.
    real_epochs : int
        First epochs in which activations are clipped real numbers, before they become signs.
    distillation : DistillationConfig or null
    seed : int
        All randomness derives from it.
    """

    beside: ClassVar[frozenset[str]] = frozenset({"title"})
    digests_nulls: ClassVar[bool] = True

    title: str = Field(default="Pre-training of a binary feature extractor", min_length=1)
    network: str = "fbnn-1M"
    classes: ClassesConfig = ClassesConfig()
    model: ModelConfig = ModelConfig()
    augment: AugmentConfig = AugmentConfig()
    training: ScheduleConfig = ScheduleConfig()
    real_epochs: int = Field(default=0, ge=0)
    distillation: DistillationConfig | None = None
    seed: int = Field(default=0, ge=0)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A configuration with the network that it trains.

    Parameters
    ----------
    config : PretrainConfig
    network : NetworkParams
        With a head for the base classes, and thresholds where batch norm is trained.
    document : Document
        Where each value stands, for messages about it.
    """

    config: PretrainConfig
    network: NetworkParams
    document: Document

    def digest(self) -> str:
        """Return the SHA-256 of all that decides the weights, but for the images."""
        return self.config.digest(network=self.network.describe())

    def about(self) -> dict[str, Any]:
        """Return the configuration as plain data, defaults filled in."""
        return self.config.model_dump(mode="json")


def load_recipe(
    name: str,
    overrides: Sequence[str] = (),
    *,
    schema: type[PretrainConfig] = PretrainConfig,
    built_in: Path = BUILT_IN,
) -> Recipe:
    """Read a configuration and the network it names.

    Parameters
    ----------
    name : str
        Path of a YAML file, or the name of a built-in configuration.
    overrides : sequence of str
        ``key.path=value`` assignments, applied in order; those that begin with ``network.`` reach
        into the description of the network, as in ``network.layers.0.levels=8``.
    schema : type of PretrainConfig
        What the file must be, a pre-training with or without more.
    built_in : Path
        Folder of the built-in configurations.

    Raises
    ------
    UserError
        If a file cannot be read or a value does not fit; the message names key and line.
    """
    inner = [text for text in overrides if text.lstrip().startswith("network.")]
    own = [text for text in overrides if text not in inner]
    config, document = load(schema, name, built_in, own)
    network = _as_trained(load_network(config.network, inner), config, document)
    return Recipe(config=config, network=network, document=document)


def _as_trained(
    network: NetworkParams, config: PretrainConfig, document: Document
) -> NetworkParams:
    """Return the network with the input code, thresholds and head that the configuration wants."""
    description = network.describe()
    if config.model.levels is not None:
        description["layers"][0]["levels"] = config.model.levels
    if config.model.batch_norm:
        for layer in description["layers"]:
            if layer["kind"] in ("conv", "dense"):
                layer["thresholds"] = True
    hidden = network.head.hidden if network.head else 0
    description["head"] = {"classes": config.classes.base, "hidden": hidden}
    try:
        return NetworkParams.from_description(description)
    except ValueError as error:
        raise UserError(f"{document.where(('model', 'levels'))}: model.levels: {error}") from error
