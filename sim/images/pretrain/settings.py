# SPDX-License-Identifier: MIT
"""Configuration of a pre-training: one YAML file, checked key by key, and the network it trains."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pydantic
from pydantic import Field

from golden.params import NetworkParams
from sim.data.networks import load_network
from sim.documents.read import load
from sim.documents.section import PlacedError
from sim.documents.yaml_lines import Document
from sim.images.pretrain.named import Named, read_start, read_teacher
from sim.images.pretrain.sections import (
    AugmentConfig,
    ClassesConfig,
    GrownSection,
    ModelConfig,
    ScheduleConfig,
)
from sim.images.pretrain.stages import check_stages
from sim.images.pretrain.terms import (
    DecorrelationConfig,
    DistillationConfig,
    ProjectorConfig,
    RotationsConfig,
    TwoStepConfig,
)
from sim.work.errors import UserError

__all__ = [
    "BUILT_IN",
    "PretrainConfig",
    "Recipe",
    "load_recipe",
]

#: Folder of the configurations that come with the install, one ``<name>.yaml`` each.
BUILT_IN = Path(__file__).parent / "configs"


class PretrainConfig(GrownSection):
    """A pre-training.

    Attributes
    ----------
    title : str
        Headline of the curves.
    network : str
        Name of a built-in network, or YAML file; its head is trained for the base classes.
    classes, model, augment, training
        Sections.
    real_epochs : int
        Number of first epochs in which activations are clipped real numbers instead of signs.
    two_step : TwoStepConfig or null
        Real weights first; null begins with binary ones.
    distillation : DistillationConfig or null
        Learning from a teacher; null learns from the classes alone.
    decorrelation : DecorrelationConfig or null
        Penalty on correlated features; null has none.
    projector : ProjectorConfig or null
        Layers between embeddings and loss; null learns through the head.
    rotations : RotationsConfig or null
        Rotated images as further classes; null has none.
    start : str or null
        Network whose weights and thresholds the training begins with: the name of a shipped one or
        a network file, of the same layers; null draws the weights.
    seed : int
        All randomness derives from it.
    """

    beside: ClassVar[frozenset[str]] = frozenset({"title"})
    digests_nulls: ClassVar[bool] = True
    later: ClassVar[frozenset[str]] = frozenset(
        {"start", "two_step", "decorrelation", "projector", "rotations"}
    )

    title: str = Field(default="Pre-training of a binary feature extractor", min_length=1)
    network: str = "fbnn-1M"
    classes: ClassesConfig = ClassesConfig()
    model: ModelConfig = ModelConfig()
    augment: AugmentConfig = AugmentConfig()
    training: ScheduleConfig = ScheduleConfig()
    real_epochs: int = Field(default=0, ge=0, le=100_000)
    two_step: TwoStepConfig | None = None
    distillation: DistillationConfig | None = None
    decorrelation: DecorrelationConfig | None = None
    projector: ProjectorConfig | None = None
    rotations: RotationsConfig | None = None
    start: str | None = None
    seed: int = Field(default=0, ge=0, le=2**63 - 1)

    @pydantic.model_validator(mode="after")
    def _has_a_second_step(self) -> "PretrainConfig":
        if self.two_step is None:
            return self
        if self.training.schedule != "cosine":
            message = (
                f"training.schedule must be cosine with two_step, not {self.training.schedule}"
            )
            raise PlacedError(message, ("training", "schedule"))
        if self.training.epochs < 2:
            raise PlacedError(
                "training.epochs must be at least 2 with two_step, not 1", ("training", "epochs")
            )
        return self


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A configuration with the network that it trains.

    Parameters
    ----------
    config : PretrainConfig
    network : NetworkParams
        Network with a head for the base classes, and with thresholds if batch norm is trained.
    document : Document
        Place of every value, for messages.
    start : Named or None
        Network that the training begins with.
    teachers : tuple of Named
        Networks that teach.
    """

    config: PretrainConfig
    network: NetworkParams
    document: Document
    start: Named | None = None
    teachers: tuple[Named, ...] = ()

    def digest(self) -> str:
        """Return the SHA-256 of all that decides the weights, except the images."""
        named = (*([self.start] if self.start else []), *self.teachers)
        files = {"files": [one.sha256 for one in named]} if named else {}
        return self.config.digest(network=self.network.describe(), **files)

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
        Schema of the file: a pre-training, or a section that extends it.
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
    check_stages(network, config.distillation, config.rotations, document)
    names = config.distillation.networks if config.distillation else ()
    return Recipe(
        config=config,
        network=network,
        document=document,
        start=None if config.start is None else read_start(config.start, network, document),
        teachers=tuple(read_teacher(n, i, network, document) for i, n in enumerate(names)),
    )


def _as_trained(
    network: NetworkParams, config: PretrainConfig, document: Document
) -> NetworkParams:
    """Return the network with the input code, thresholds and head of the configuration."""
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
