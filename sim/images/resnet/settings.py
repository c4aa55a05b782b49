# SPDX-License-Identifier: MIT
"""Configuration of a residual network with binarizers: one YAML file, checked key by key."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from sim.documents.read import load
from sim.documents.section import Section
from sim.documents.yaml_lines import Document
from sim.images.pretrain.sections import AugmentConfig, ClassesConfig, ScheduleConfig

__all__ = ["BUILT_IN", "ResnetConfig", "StepsConfig", "ThroughConfig", "load_resnet_config"]

#: Folder of the configurations that come with the install, one ``<name>.yaml`` each.
BUILT_IN = Path(__file__).parent / "configs"

Blocks = Annotated[list[Annotated[int, Field(ge=1, le=1000)]], Field(min_length=1, max_length=6)]
Factors = list[Annotated[int, Field(ge=1, le=64)]]


class StepsConfig(ScheduleConfig):
    """Length of a training by SGD, and a learning rate that falls in steps (gbm, section 4.1).

    Attributes
    ----------
    learning_rate : float
        Initial learning rate.
    decay : float
        Factor on the rate after every `every` epochs.
    every : int
        Number of epochs between steps of the rate.
    momentum : float
        Momentum of the steps.
    weight_decay : float
        The paper gives none. It follows the protocol of FeTrIL, whose code has 1e-4.
    """

    epochs: int = Field(default=160, ge=1, le=100_000)
    learning_rate: float = Field(default=0.1, gt=0, le=100)
    schedule: Literal["steps"] = "steps"  # type: ignore[assignment]
    decay: float = Field(default=0.1, gt=0, le=1)
    every: int = Field(default=50, ge=1, le=100_000)
    momentum: float = Field(default=0.9, ge=0, lt=1)
    weight_decay: float = Field(default=1e-4, ge=0, le=1000)


class ThroughConfig(StepsConfig):
    """Second training phase of a thermometer; the paper gives neither its length nor its rate."""

    epochs: int = Field(default=40, ge=1, le=100_000)
    learning_rate: float = Field(default=0.01, gt=0, le=100)
    every: int = Field(default=20, ge=1, le=100_000)


class ResnetConfig(Section):
    """A residual network on the base classes, and the binarizers to train with it.

    Attributes
    ----------
    title : str
        Headline of the report.
    classes : ClassesConfig
    width : int
        Channels of the first stage.
    blocks : list of int
        Number of blocks in each stage; each stage has twice the channels of the one before.
    thermometer : list of int
        p of each thermometer. The trained network gets the thermometer, then a second phase.
    rounding : {"nearest", "floor", "centred"}
        Rounding of the thermometers; see `sim.data.binarizers`.
    heaviside : list of int
        f of each projection. A network is trained with the projection from the start.
    augment : AugmentConfig
    training : StepsConfig
        Training of the network without binarizer, and of the networks with a projection.
    through : ThroughConfig
        Second phase of the thermometers, with gradients straight through them.
    seed : int
        All randomness derives from it.
    """

    beside: ClassVar[frozenset[str]] = frozenset({"title"})
    digests_nulls: ClassVar[bool] = True

    title: str = Field(default="Binarizers of a residual network", min_length=1)
    classes: ClassesConfig = ClassesConfig()
    width: int = Field(default=64, ge=1, le=1024)
    blocks: Blocks = [2, 2, 2, 2]
    thermometer: Factors = [1, 2, 4]
    rounding: Literal["nearest", "floor", "centred"] = "nearest"
    heaviside: Factors = [1, 2, 4]
    augment: AugmentConfig = AugmentConfig(fill="zero")
    training: StepsConfig = StepsConfig()
    through: ThroughConfig = ThroughConfig()
    seed: int = Field(default=0, ge=0, le=2**63 - 1)


def load_resnet_config(name: str, overrides: Sequence[str] = ()) -> tuple[ResnetConfig, Document]:
    """Read a configuration; see `sim.documents.read.load`."""
    return load(ResnetConfig, name, BUILT_IN, overrides)
