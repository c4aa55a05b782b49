# SPDX-License-Identifier: MIT
"""Sections of a study on what validation chooses, and on what data."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import pydantic
from pydantic import Field

from sim.documents.section import Section, first_repeat
from sim.learn.sections import Balance

__all__ = ["ChoiceConfig", "TunedConfig"]

Rate = Annotated[int, Field(ge=0, le=24)]
Gain = Annotated[float, Field(gt=0, le=1e6)]
Margin = Annotated[int, Field(ge=0, le=262_144)]


class ChoiceConfig(Section):
    """The validation that chooses parameters, on training samples of the base classes.

    Attributes
    ----------
    base : int
        Base classes in the first task; 0 makes it one like the later ones.
    increment : int
        Base classes in every later task.
    path : str or null
        Bank of the same samples by another network, as `BanksConfig.path`; null takes the study's
        own bank. The later classes of the study are new to its network. If the network was
        pre-trained on all base classes, none of the classes in validation is new to it.
    share : float
        Share of each class's training samples that is held out for tests.
    split_seed : int
        Seed of the generator that draws the held-out samples.
    seeds : int
        Runs of each candidate.
    """

    base: int = Field(default=25, ge=0, le=65_536)
    increment: int = Field(default=5, ge=1, le=65_536)
    path: str | None = None
    share: float = Field(default=0.2, gt=0, lt=1)
    split_seed: int = Field(default=0, ge=0, le=2**63 - 1)
    seeds: int = Field(default=1, ge=1, le=1000)


class TunedConfig(Section):
    """Values of keys of the head, of which validation chooses one for every method that trains it.

    It names keys that the study's head has, or the own head of a method. A method with a value of
    its own keeps it; every other one takes the first of the keys that its head has.

    Attributes
    ----------
    rate : list of int or null
        Values of k of the integer head.
    logit_gain : list of float or null
        Gains of the binary head.
    margin : list of int or null
        Margins of the ternary head.
    balance : list of float or null
        Samples of a past class for one of a present class, of any head; no other key beside it.
    """

    rate: Annotated[list[Rate], Field(min_length=1)] | None = None
    logit_gain: Annotated[list[Gain], Field(min_length=1)] | None = None
    margin: Annotated[list[Margin], Field(min_length=1)] | None = None
    balance: Annotated[list[Balance], Field(min_length=1)] | None = None

    @pydantic.model_validator(mode="after")
    def _names_a_key(self) -> "TunedConfig":
        if not self.offers:
            raise ValueError("must name rate, logit_gain, margin or balance, a key of the head")
        if self.balance is not None and len(self.offers) > 1:
            raise ValueError("must name balance alone: every head has it beside its other key")
        for values in self.offers.values():
            if (again := first_repeat(values)) is not None:
                raise ValueError(f"must name every value once, not {again:g} again")
        return self

    @property
    def offers(self) -> Mapping[str, Sequence[float]]:
        """The values of every key that is named."""
        named = {key: getattr(self, key) for key in type(self).model_fields}
        return {key: values for key, values in named.items() if values is not None}
