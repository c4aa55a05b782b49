# SPDX-License-Identifier: MIT
"""Configuration of a study: one YAML file, checked key by key, and the runs it stands for."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic
from pydantic import Field

from sim.datasets import NAMES
from sim.files import built_in_or_own, read_text
from sim.methods import Method, MethodEntry, expand_methods
from sim.section import Section
from sim.validation import validate
from sim.yaml_lines import Document, apply_override, parse

__all__ = [
    "BUILT_IN",
    "DataConfig",
    "HeadConfig",
    "PlateauConfig",
    "StudyConfig",
    "TasksConfig",
    "load_config",
]

#: Folder of the configurations that come with the install, one ``<name>.yaml`` each.
BUILT_IN = Path(__file__).parent / "configs"


class DataConfig(Section):
    """Which images, and how a pixel becomes bits (contract, 3); or a bank of embeddings.

    Attributes
    ----------
    name : str
        One of `sim.datasets.NAMES`, or ``bank``.
    bits : int
        b, bits of a pixel; wider source pixels are shifted right.
    levels : int
        T, thermometer bits a colour.
    path : str or null
        Bank file, or the name of a shipped one (`sim.shipped`); of ``bank`` alone, which has no
        use for `bits` and `levels`.
    network : str or null
        Network file that the bank must be of, likewise; any network if null, and the shipped one
        of a shipped bank.
    """

    name: str = "digits"
    bits: int = Field(default=4, ge=1, le=8)
    levels: int = Field(default=16, ge=1, le=256)
    path: str | None = None
    network: str | None = None

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
    """

    base: int = Field(default=2, ge=0)
    increment: int = Field(default=2, ge=1)
    order: Literal["identity"] | int | list[int] = "identity"

    @pydantic.field_validator("order")
    @classmethod
    def _no_repeats(cls, order: Any) -> Any:
        if isinstance(order, list):
            for place, label in enumerate(order):
                if label in order[:place]:
                    raise ValueError(f"must name every class once, not class {label} again")
        return order


class PlateauConfig(Section):
    """Plateau schedule of the learning rate; see `sim.optim.Plateau`."""

    factor: float = Field(default=0.5, gt=0, lt=1)
    patience: int = Field(default=3, ge=1, le=100_000)
    minimum: float = Field(default=2e-4, gt=0)
    threshold: float = Field(default=1e-3, ge=0, lt=1)


class HeadConfig(Section):
    """The binary head and its training.

    Attributes
    ----------
    hidden : int
        H, hidden neurons; 0 means none.
    start : {"warm", "reset"}
        Whether a task goes on from the last task's latent weights or draws them anew.
    optimizer : {"adam", "sgd"}
    learning_rate : float
        First rate of every task.
    momentum : float
        Of sgd.
    batch : int
        B, samples a step, shared between past and present classes (contract, 8).
    epochs : int
        Most epochs a task may take, if the plateau schedule does not end it before.
    init_scale : float
        First latent weights are uniform in ``[-init_scale, init_scale]``.
    logit_gain : float
        Factor on the scale of the logits in training; see `sim.head.HeadTrainer`.
    plateau : PlateauConfig
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


class StudyConfig(Section):
    """A study: data, tasks, head, the methods compared and how many seeds each.

    Attributes
    ----------
    title : str
        Headline of the report.
    claims : "gbm" or null
        Whose claims the report holds the results to; see `sim.report.claims`.
    data, tasks, head
        Sections.
    methods : list
        Sources of replayed samples, each a mapping with the key ``replay`` and the parameters of
        that source; a list of values is a sweep over them. The key ``increment``, likewise one or
        a list, takes other sizes of the later tasks than the study's.
    seeds : int
        Runs a method; run ``s`` uses seed ``s``, counted from 0.
    """

    title: str = Field(default="Class-incremental study", min_length=1)
    claims: Literal["gbm"] | None = None
    data: DataConfig = DataConfig()
    tasks: TasksConfig = TasksConfig()
    head: HeadConfig = HeadConfig()
    methods: Annotated[list[MethodEntry], Field(min_length=1)]  # type: ignore[valid-type]
    seeds: int = Field(default=3, ge=1, le=1000)

    @pydantic.model_validator(mode="after")
    def _methods_differ(self) -> "StudyConfig":
        seen: set[str] = set()
        for method in self.expanded_methods():
            if method.label in seen:
                raise ValueError(f"methods.{method.entry} repeats the method {method.label!r}")
            seen.add(method.label)
        return self

    def expanded_methods(self) -> list[Method]:
        """Return one method for each combination of swept values, in the order of the file."""
        return expand_methods(self.methods)

    def document(self) -> dict[str, Any]:
        """Return the configuration as plain data, defaults filled in."""
        return self.model_dump(mode="json", exclude_none=True)

    def digest(self) -> str:
        """Return the SHA-256 of the configuration, which with the version decides the results."""
        canonical = json.dumps(self.document(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()


def load_config(
    name: str, overrides: Sequence[str] = (), seeds: int | None = None
) -> tuple[StudyConfig, Document]:
    """Read a configuration.

    Parameters
    ----------
    name : str
        Path of a YAML file, or the name of a built-in configuration.
    overrides : sequence of str
        ``key.path=value`` assignments, applied in order.
    seeds : int, optional
        Number of seeds, over that of the file.

    Returns
    -------
    config : StudyConfig
    document : Document
        Where each value stands, for messages about it.

    Raises
    ------
    UserError
        If the file cannot be read or a value does not fit; the message names key and line.
    """
    path = built_in_or_own(name, BUILT_IN, "Configuration")
    document = parse(read_text(path), str(path))
    for assignment in overrides:
        document = apply_override(document, assignment)
    if seeds is not None:
        document = apply_override(document, f"seeds={seeds}")
    return validate(StudyConfig, document), document
