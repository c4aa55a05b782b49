# SPDX-License-Identifier: MIT
"""The examples of docs/cost.md can be read unchanged, and its tables are complete."""

import re
from pathlib import Path

from sim.cost.assessment import Assessment
from sim.cost.configuration import load_cost
from sim.cost.counts.tally import KINDS
from sim.cost.technology.files import BUILT_IN
from sim.cost.technology.loading import load_technology

ROOT = Path(__file__).parents[4]
PAGE = (ROOT / "docs" / "cost.md").read_text()


def example(folder: Path, title: str) -> str:
    """Write the example with a given title to a file; return its path."""
    (text,) = (t for t in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL) if title in t)
    path = folder / "example.yaml"
    path.write_text(text)
    return str(path)


def test_the_configuration_of_the_page_is_one(tmp_path: Path) -> None:
    config = load_cost(example(tmp_path, "Half the array"))
    assert config.chip.accelerator.mvu.pe == 8
    assert config.chip.sampler.draws_per_read == 4


def test_a_chip_of_several_prototypes_a_class_is_one(tmp_path: Path) -> None:
    assert load_cost(example(tmp_path, "Four prototypes a class")).memory.components == 4


def test_the_technology_of_the_page_is_one_with_gaps(tmp_path: Path) -> None:
    technology = load_technology(example(tmp_path, "My process"))
    gaps = Assessment(config=load_cost("reference"), technology=technology).gaps
    assert "energy of xnor (network.mvu.xnor.agree)" not in gaps
    assert "energy of compare (sampler.bernoulli)" in gaps
    assert "leakage of sampler.prototypes.memory" in gaps


def test_the_page_names_every_kind_of_action() -> None:
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", PAGE, re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"\w+", row)} == set(KINDS)


def test_the_page_of_commands_names_every_technology() -> None:
    page = (ROOT / "docs" / "commands.md").read_text()
    table = page.split("| technology |", 1)[1].split("\n\n", 1)[0]
    assert set(re.findall(r"`(\w+)`", table)) == {path.stem for path in BUILT_IN.glob("*.yaml")}
