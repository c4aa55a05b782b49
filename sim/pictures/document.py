# SPDX-License-Identifier: MIT
"""The files of the pictures: ``report.md`` and one image for each picture."""

from collections.abc import Sequence
from pathlib import Path

from sim.pictures.picture import Picture
from sim.report.figure import figure_bytes
from sim.report.tables import markdown_table
from sim.work.folder import write_folder

__all__ = ["write_pictures"]


def write_pictures(folder: Path, title: str, made: str, pictures: Sequence[Picture]) -> None:
    """Write all files into an existing folder, in one step.

    Parameters
    ----------
    folder : Path
    title : str
        Headline of the report.
    made : str
        The paragraph on the command and the data that made the report.
    pictures : sequence of Picture
    """
    content: dict[str, bytes | str] = {}
    parts = [f"# {title}", made]
    for picture in pictures:
        content[f"{picture.name}.png"] = figure_bytes(picture.figure)
        parts += [
            f"## {picture.title}",
            picture.text,
            f"![{picture.title}]({picture.name}.png)",
            markdown_table(picture.columns, picture.rows),
        ]
    content["report.md"] = "\n\n".join(parts) + "\n"
    write_folder(folder, content)
