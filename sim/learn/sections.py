# SPDX-License-Identifier: MIT
"""Sections of a configuration for the head and its training."""

from typing import Literal

from pydantic import Field

from sim.documents.section import Section

__all__ = ["HeadConfig", "PlateauConfig"]


class PlateauConfig(Section):
    """Plateau schedule of the learning rate; see `sim.learn.optim.Plateau`."""

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
    logit_gain : float
        Factor on the scale of the logits in training; see `sim.learn.head.HeadTrainer`.
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
    logit_gain: float = Field(default=1.0, gt=0, le=1e6)
    plateau: PlateauConfig = PlateauConfig()
