# SPDX-License-Identifier: MIT
"""The command `engram vectors`, from arguments to files."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from sim.commands.base import Command, tell
from sim.documents.block_file import check_name
from sim.vectors.blocks import BLOCKS, make_vectors
from sim.vectors.formats import FORMATS, names_of, vector_files
from sim.vectors.settings import load_arguments, load_weights
from sim.work.errors import UserError
from sim.work.folder import write_folder

__all__ = ["VectorsCommand"]


@dataclass(frozen=True, kw_only=True)
class VectorsCommand(Command):
    """Arguments of ``engram vectors``."""

    block: str
    config: Path | None
    network: str | None
    count: int | None
    seed: int
    form: str
    out: Path | None

    @property
    def output(self) -> Path | None:
        """The folder of the files."""
        return self._folder

    @property
    def _folder(self) -> Path:
        check_name(self.block, BLOCKS)  # before it is part of a path
        return self.out or Path("build") / "vectors" / self.block

    def execute(self, console: Console) -> None:
        """Make the vectors of a block from the golden model, and write them.

        Raises
        ------
        UserError
            If an argument, the configuration, the network or the output is at fault; nothing is
            then written.
        """
        form: Any = self.form
        if form not in FORMATS:
            raise UserError(f"--format must be one of {', '.join(FORMATS)}, not {form!r}")
        arguments = load_arguments(self.block, self.config)
        if self.block == "network":
            arguments = {"network": load_weights(self.network, self.seed)}
        elif self.network is not None:
            raise UserError(f"--network must go with the block network, not {self.block}")
        count = self.count or BLOCKS[self.block].count
        vectors = make_vectors(self.block, arguments, count, self.seed)
        about = {"command": self.command, "seed": self.seed, "count": count}
        files = vector_files(vectors, form, about)
        write_folder(self._folder, files, drop=names_of(vectors))
        words = sum(len(table.rows) for table in vectors.tables)
        tell(console, f"Written: {self._folder}: {words} words in {', '.join(files)}")
