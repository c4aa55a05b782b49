# SPDX-License-Identifier: MIT
"""Sections of a configuration that choose the embeddings and their split into tasks."""

from typing import Annotated, Any, Literal

import pydantic
from pydantic import Field

from sim.data.datasets import NAMES, check_name, check_resize
from sim.documents.section import Section, first_repeat

__all__ = ["BanksConfig", "DataConfig", "EachConfig", "Order", "TasksConfig"]

#: Order of the later classes: that of `TasksConfig.order`, or the seed of a permutation of them.
Order = Literal["given"] | int

_OneOrder = Literal["given"] | Annotated[int, Field(ge=0, le=2**32 - 1)]


class DataConfig(Section):
    """Images and the code of their pixels (contract, 3), or a bank of embeddings.

    Attributes
    ----------
    name : str
        One of ``cifar10``, ``cifar100``, ``digits``, ``fashion-mnist``, ``mnist`` and
        ``tiny-imagenet``, the path of images that a user brings, or ``bank``.
    bits : int
        b, bits of a pixel; wider source pixels are shifted right.
    levels : int
        T, thermometer bits a colour.
    path : str or null
        Bank file, or the name of a shipped one, such as ``cifar100``. Only ``bank`` has this
        key; it ignores `bits` and `levels`.
    network : str or null
        Network file that must have made the bank, or the name of a shipped one. If null, a shipped
        bank needs its shipped network, and any other bank may come from any network.
    features : int or null
        D, number of first bits of an embedding to use; all if null.
    resize : str or null
        Height and width that images of a user are given, such as ``32x32``.
    """

    name: str = "digits"
    bits: int = Field(default=4, ge=1, le=8)
    levels: int = Field(default=16, ge=1, le=256)
    path: str | None = None
    network: str | None = None
    features: int | None = Field(default=None, ge=1, le=2**24)
    resize: str | None = None

    @pydantic.field_validator("name")
    @classmethod
    def _known(cls, name: str) -> str:
        return check_name(name, sorted(("bank", *NAMES)))

    @pydantic.model_validator(mode="after")
    def _bank_has_a_path(self) -> "DataConfig":
        if self.name == "bank" and self.path is None:
            raise ValueError("path must be given for a bank: the file that engram bank wrote")
        if self.name != "bank" and (self.path is not None or self.network is not None):
            raise ValueError(
                f"path and network must be left out for {self.name}: only bank has them"
            )
        return self

    @pydantic.model_validator(mode="after")
    def _own_images_can_be_resized(self) -> "DataConfig":
        check_resize(self.name, self.resize)
        return self

    @pydantic.model_validator(mode="after")
    def _levels_fit(self) -> "DataConfig":
        if self.levels > 2**self.bits:
            raise ValueError(
                f"levels must be in 1..{2**self.bits} for {self.bits}-bit pixels, not {self.levels}"
            )
        return self


class EachConfig(Section):
    """The first samples of each class, as many as are given.

    Attributes
    ----------
    train : int
        Training samples of each class.
    test : int
        Test samples of each class.
    """

    train: int = Field(ge=1, le=10**6)
    test: int = Field(ge=1, le=10**6)


class BanksConfig(DataConfig):
    """Data of a study, which may be several banks.

    Attributes
    ----------
    others : list of str or null
        Banks of the same samples by other networks, as `path`: every run is done on each of them as
        well.
    each : EachConfig or null
        Samples of each class to use, the first of them; all if null.
    """

    each: EachConfig | None = None
    others: Annotated[list[str], Field(min_length=1, max_length=100)] | None = None

    @pydantic.model_validator(mode="after")
    def _others_are_other_banks(self) -> "BanksConfig":
        if self.others and self.name != "bank":
            raise ValueError(f"others must be left out for {self.name}: only bank has it")
        if (again := first_repeat([self.path, *(self.others or ())])) is not None:
            raise ValueError(f"others must name every bank once, not {again} again")
        return self


class TasksConfig(Section):
    """Split of the classes into tasks, in the Base-x/Inc-y notation.

    Attributes
    ----------
    base : int
        Classes of the first task; 0 makes it one like the later ones.
    increment : int
        Classes of every later task.
    order : "identity", int or list of int
        Class order: that of the data set, the permutation of a seed (1993 in most papers), or a
        list of all classes.
    instances : int or null
        Number of "new instances" tasks, which replace base and increment. Each task brings new
        samples of every class. Only methods that can learn a class again support them.
    orders : list or null
        Orders in which the later classes come, each of which every run is done in: ``given`` is
        that of `order`, and a number is the seed of a permutation of the classes after the base.
        The first task keeps its classes. Null stands for ``[given]``.
    allow_seen : bool
        Whether later tasks may bring classes on which the network of the bank was trained. Such
        classes are not new to it. A study of them is refused unless this key is true.
    """

    base: int = Field(default=2, ge=0, le=65_536)
    increment: int = Field(default=2, ge=1, le=65_536)
    instances: int | None = Field(default=None, ge=1, le=10_000)
    order: Literal["identity"] | int | list[int] = "identity"
    orders: Annotated[list[_OneOrder], Field(min_length=1, max_length=1000)] | None = None
    # None stands for false, so that the digest is the same as without the key.
    allow_seen: bool | None = None

    @pydantic.field_validator("allow_seen")
    @classmethod
    def _false_is_left_out(cls, allow_seen: bool | None) -> bool | None:
        return allow_seen or None

    @pydantic.field_validator("orders")
    @classmethod
    def _orders_differ(cls, orders: Any) -> Any:
        if (again := first_repeat(orders or ())) is not None:
            raise ValueError(f"must name every order once, not {again} again")
        return orders

    @pydantic.model_validator(mode="after")
    def _instances_have_no_order(self) -> "TasksConfig":
        if self.instances is not None and self.orders is not None:
            raise ValueError(
                "orders must be left out with instances: every task brings all classes"
            )
        return self

    @property
    def all_orders(self) -> list[Order]:
        """Orders of the later classes, one at least."""
        return self.orders or ["given"]

    @pydantic.field_validator("order")
    @classmethod
    def _no_repeats(cls, order: Any) -> Any:
        if isinstance(order, list) and (again := first_repeat(order)) is not None:
            raise ValueError(f"must name every class once, not class {again} again")
        return order
