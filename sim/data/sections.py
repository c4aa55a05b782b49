# SPDX-License-Identifier: MIT
"""Sections of a configuration on data: which embeddings, and in which tasks."""

from typing import Any, Literal

import pydantic
from pydantic import Field

from sim.data.datasets import NAMES
from sim.documents.section import Section

__all__ = ["DataConfig", "TasksConfig"]


class DataConfig(Section):
    """Which images, and how a pixel becomes bits (contract, 3); or a bank of embeddings.

    Attributes
    ----------
    name : str
        One of `sim.data.datasets.NAMES`, or ``bank``.
    bits : int
        b, bits of a pixel; wider source pixels are shifted right.
    levels : int
        T, thermometer bits a colour.
    path : str or null
        Bank file, or the name of a shipped one (`sim.data.shipped`); of ``bank`` alone, which has
        no use for `bits` and `levels`.
    network : str or null
        Network file that the bank must be of, likewise; any network if null, and the shipped one
        of a shipped bank.
    features : int or null
        D, first bits of an embedding that are used; all if null.
    """

    name: str = "digits"
    bits: int = Field(default=4, ge=1, le=8)
    levels: int = Field(default=16, ge=1, le=256)
    path: str | None = None
    network: str | None = None
    features: int | None = Field(default=None, ge=1)

    @pydantic.field_validator("name")
    @classmethod
    def _known(cls, name: str) -> str:
        known = sorted(("bank", *NAMES))
        if name not in known:
            raise ValueError(f"must be one of {', '.join(known)}, not {name!r}")
        return name

    @pydantic.model_validator(mode="after")
    def _bank_has_a_path(self) -> "DataConfig":
        if self.name == "bank" and self.path is None:
            raise ValueError("path must be given for a bank: the file that engram bank wrote")
        if self.name != "bank" and (self.path is not None or self.network is not None):
            raise ValueError(f"path and network must be left out for {self.name}: they are of bank")
        return self

    @pydantic.model_validator(mode="after")
    def _levels_fit(self) -> "DataConfig":
        if self.levels > 2**self.bits:
            raise ValueError(
                f"levels must be in 1..{2**self.bits} for {self.bits}-bit pixels, not {self.levels}"
            )
        return self


class TasksConfig(Section):
    """Which classes come when, in the Base-x/Inc-y notation.

    Attributes
    ----------
    base, increment : int
        Classes of the first task and of every later one; base 0 makes all tasks alike.
    order : "identity", int or list of int
        Class order: as in the data set, the permutation of a seed (1993 in most papers), or a list.
    instances : int or null
        Tasks of "new instances", which all bring samples of every class, in place of base and
        increment; of methods alone that learn a class again.
    allow_seen : bool
        Whether later tasks may bring classes that the network of the bank was trained on. Such
        classes are not new to it, so that a study of them is refused otherwise.
    """

    base: int = Field(default=2, ge=0)
    increment: int = Field(default=2, ge=1)
    instances: int | None = Field(default=None, ge=1, le=10_000)
    order: Literal["identity"] | int | list[int] = "identity"
    # None stands for false, and so leaves the digest of a configuration as it was without the key.
    allow_seen: bool | None = None

    @pydantic.field_validator("allow_seen")
    @classmethod
    def _false_is_left_out(cls, allow_seen: bool | None) -> bool | None:
        return allow_seen or None

    @pydantic.field_validator("order")
    @classmethod
    def _no_repeats(cls, order: Any) -> Any:
        if isinstance(order, list):
            for place, label in enumerate(order):
                if label in order[:place]:
                    raise ValueError(f"must name every class once, not class {label} again")
        return order
