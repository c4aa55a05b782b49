# SPDX-License-Identifier: MIT
"""The page on the command line: it is what the commands say, and names all that is built in."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer.main

from sim.cli import app
from sim.cost.configuration import BUILT_IN as COST
from sim.cost.technology.loading import BUILT_IN as TECHNOLOGIES
from sim.data.datasets import NAMES
from sim.explore.space.settings import BUILT_IN as EXPLORE
from sim.images.binplay.settings import BUILT_IN as BINPLAY
from sim.images.native.settings import BUILT_IN as NATIVE
from sim.images.pretrain.settings import BUILT_IN as PRETRAIN
from sim.images.resnet.settings import BUILT_IN as RESNET
from sim.replay import SOURCES
from sim.study.config import BUILT_IN as STUDY
from verification.commands_page import HEADING, PAGE, main, page, reference


def names_in(folder: Path) -> set[str]:
    return {path.stem for path in folder.glob("*.yaml")}


def section(heading: str) -> str:
    """Return what stands below a heading of the committed page."""
    return PAGE.read_text().partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def test_committed_page_is_the_help_of_the_commands() -> None:
    assert page(PAGE.read_text()) == PAGE.read_text(), "run python -m verification.commands_page"


def test_what_is_written_by_hand_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "commands.md"
    copy.write_text(f"# By hand\n\n{HEADING}\nOld.\n")
    monkeypatch.setattr("verification.commands_page.PAGE", copy)
    main()
    assert copy.read_text() == f"# By hand\n\n{reference()}"


def test_every_option_has_a_meaning_in_the_reference() -> None:
    group: Any = typer.main.get_command(app)
    rows = [line for line in reference().splitlines() if line.startswith("| `")]
    assert len(rows) == sum(len(command.params) for command in group.commands.values())
    for row in rows:
        assert re.fullmatch(r"\| `[^`]+` \| [A-Z].*\. \| .*\|", row), row


@pytest.mark.parametrize(
    ("heading", "names"),
    [
        (
            "Configurations",
            set().union(
                *map(names_in, (STUDY, PRETRAIN, NATIVE, RESNET, BINPLAY, EXPLORE, COST)),
            ),
        ),
        ("Studies", set(SOURCES)),
        ("Data sets", {*NAMES, "bank"}),
        ("Hardware", names_in(TECHNOLOGIES)),
    ],
)
def test_tables_name_all_there_is(heading: str, names: set[str]) -> None:
    rows = [line for line in section(heading).splitlines() if line.startswith("|")]
    assert names <= set(re.findall(r"`([^`]+)`", "\n".join(rows)))


def test_every_link_leads_somewhere() -> None:
    for name in (
        "cluster.md",
        "commands.md",
        "explore.md",
        "networks.md",
        "own-data.md",
        "simulate.md",
    ):
        text = (PAGE.parent / name).read_text()
        for target in re.findall(r"\]\(([^)#]+)", text):
            web = target.startswith("https://")
            assert web or (PAGE.parent / target).exists(), f"{name}: {target}"
