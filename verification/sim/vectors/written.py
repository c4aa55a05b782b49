# SPDX-License-Identifier: MIT
"""Vectors as a bench reads them: words from hexadecimal files, fields by the manifest."""

import json
from pathlib import Path
from typing import Any

from sim.vectors.blocks import BLOCKS, make_vectors
from sim.vectors.formats import vector_files
from sim.vectors.settings import load_arguments

__all__ = ["Written", "written"]


class Written:
    """The files of a folder.

    Parameters
    ----------
    folder : Path
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
        self.tables = {table["name"]: table for table in self.manifest["tables"]}

    def words(self, name: str) -> list[int]:
        """Return the words of a table."""
        text = (self.folder / self.tables[name]["file"]).read_text()
        return [int(line, 16) for line in text.split()]

    def rows(self, name: str) -> list[tuple[int, ...]]:
        """Return the fields of every word of a table, in the manifest's order."""
        return [
            tuple(_field(word, field) for field in self.tables[name]["fields"])
            for word in self.words(name)
        ]

    def column(self, name: str) -> list[int]:
        """Return the first field of every word."""
        return [row[0] for row in self.rows(name)]


def written(folder: Path, block: str, count: int, config: str = "", seed: int = 0) -> Written:
    """Write vectors of a block in hexadecimal, and return what a bench reads of them.

    Parameters
    ----------
    folder : Path
    block : str
    count : int
    config : str
        Parameters that are not the defaults, in YAML.
    seed : int
    """
    arguments = BLOCKS[block].arguments
    if config:
        (folder / "block.yaml").write_text(f"block: {block}\nparameters: {config}\n")
        arguments = load_arguments(block, folder / "block.yaml")
    vectors = make_vectors(block, arguments, count, seed)
    for name, content in vector_files(vectors, "hex", {}).items():
        (folder / name).write_text(str(content))
    return Written(folder)


def _field(word: int, field: dict[str, Any]) -> int:
    value = word >> field["lowest_bit"] & (1 << field["width"]) - 1
    negative = field["signed"] and value >> field["width"] - 1
    return value - (1 << field["width"]) if negative else value
