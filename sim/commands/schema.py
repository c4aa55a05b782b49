# SPDX-License-Identifier: MIT
"""The command `engram schema`: what an editor needs to help with a configuration."""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from rich.console import Console

from sim.commands.base import Command
from sim.documents.json_schema import schema_text
from sim.work.errors import UserError

__all__ = ["KINDS", "SchemaCommand", "model_of"]

#: Module and name of the model of each kind of configuration, or of a function that returns it.
KINDS: dict[str, tuple[str, str]] = {
    "study": ("sim.study.config", "StudyConfig"),
    "comparison": ("sim.study.config", "CompareConfig"),
    "explore": ("sim.explore.space.settings", "ExploreConfig"),
    "board": ("sim.hardware.board", "BoardFile"),
    "cost": ("sim.cost.configuration", "cost_file"),
    "technology": ("sim.cost.technology.table", "TechnologyTable"),
    "pretrain": ("sim.images.pretrain.settings", "PretrainConfig"),
    "series": ("sim.images.pretrain.series", "SeriesConfig"),
    "native": ("sim.images.native.settings", "NativeConfig"),
    "resnet": ("sim.images.resnet.settings", "ResnetConfig"),
    "binplay": ("sim.images.binplay.settings", "BinPlayConfig"),
}


@dataclass(frozen=True, kw_only=True)
class SchemaCommand(Command):
    """Arguments of ``engram schema``."""

    kind: str

    @property
    def output(self) -> Path | None:
        """Nothing: the schema is printed."""
        return None

    def execute(self, console: Console) -> None:
        """Print the JSON schema of a kind of configuration.

        Raises
        ------
        UserError
            If there is no such kind.
        """
        if self.kind not in KINDS:
            raise UserError(f"KIND must be one of {', '.join(KINDS)}, not {self.kind!r}")
        console.file.write(schema_text(model_of(self.kind), f"engram {self.kind}"))


def model_of(kind: str) -> Any:
    """Return the model of a kind of configuration.

    Parameters
    ----------
    kind : str
        One of `KINDS`.

    Returns
    -------
    type of pydantic.BaseModel
    """
    module, name = KINDS[kind]
    found = getattr(import_module(module), name)
    return found if isinstance(found, type) else found()
