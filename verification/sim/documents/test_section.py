# SPDX-License-Identifier: MIT
"""Digests of configurations: those that reports and cards hold are those of the files."""

import hashlib
import json
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

import pytest

from sim.cost.configuration import load_cost
from sim.documents.section import Section
from sim.explore.space.settings import load_explore
from sim.images.native.settings import load_native
from sim.images.pretrain.settings import load_recipe
from sim.study.config import load_config

ROOT = Path(__file__).parents[3]
REPORTS = ROOT / "reports"
SHIPPED = ROOT / "sim" / "data" / "shipped"

Digest = Callable[[str, Sequence[str]], str]

# What `precision: auto` was on the processors that made these files.
MADE_IN = {
    "native": ["training.precision=bfloat16", "learning.precision=bfloat16"],
    "pretrain": ["training.precision=bfloat16"],
}

DIGESTS: dict[str, Digest] = {
    "run": lambda name, overrides: load_config(name, overrides)[0].digest(),
    "explore": lambda name, overrides: load_explore(name, overrides)[0].digest(),
    "cost": lambda name, overrides: load_cost("reference").digest,
    "native": lambda name, overrides: load_native(name, overrides)[1].digest(),
    "pretrain": lambda name, overrides: load_recipe(name, overrides).digest(),
}


def written() -> list[Path]:
    """Return the files that hold the digest of a configuration and the command that had it."""
    names = ("results.json", "exploration.json", "cost.json", "network.json")
    files = [p for folder in (REPORTS, SHIPPED) for name in names for p in folder.rglob(name)]
    return sorted(p for p in files if "config_sha256" in p.read_text() or p.stem == "exploration")


def digest_in(about: dict[str, object]) -> object:
    """Return the digest, wherever a kind of report has it."""
    inner = about.get("pretraining")
    found = inner.get("config_sha256") if isinstance(inner, dict) else None
    return found or about.get("config_sha256") or about.get("space_sha256")


@pytest.mark.parametrize("path", written(), ids=lambda path: str(path.parent.relative_to(ROOT)))
def test_a_written_digest_is_still_that_of_its_command(path: Path) -> None:
    about = json.loads(path.read_text())
    _, kind, *words = shlex.split(about["command"])
    given = words[0] if words and not words[0].startswith("-") else "cifar100"
    overrides = [words[i + 1] for i, word in enumerate(words) if word == "--set"]
    if "--seeds" in words:
        overrides.append(f"seeds={words[words.index('--seeds') + 1]}")
    assert DIGESTS[kind](given, [*MADE_IN.get(kind, []), *overrides]) == digest_in(about)


def test_every_kind_of_report_is_among_them() -> None:
    kinds = {shlex.split(json.loads(path.read_text())["command"])[1] for path in written()}
    assert kinds == set(DIGESTS)


class Plain(Section):
    beside: ClassVar[frozenset[str]] = frozenset({"title"})

    title: str = "a"
    size: int | None = None
    seed: int = 0


class Whole(Plain):
    digests_nulls: ClassVar[bool] = True


@pytest.mark.parametrize(
    ("section", "text"),
    [(Plain, '{"more":[1],"seed":0}'), (Whole, '{"more": [1], "seed": 0, "size": null}')],
)
def test_what_is_digested_is_all_that_decides(section: type[Plain], text: str) -> None:
    expected = hashlib.sha256(text.encode()).hexdigest()
    assert section().digest(more=[1]) == section(title="b").digest(more=[1]) == expected
    assert section(seed=1).digest() != section().digest()
