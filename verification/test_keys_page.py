# SPDX-License-Identifier: MIT
"""The page of all keys: it is what the schemas say, and no key lacks its meaning."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from sim.commands.schema import KINDS, model_of
from sim.cost.configuration import REFERENCE
from sim.data.datasets import NAMES
from sim.documents.json_schema import schema_text
from verification.keys_page import PAGE, Kind, main

TEXT = PAGE.read_text()

#: Keys that one sentence tells apart: energies of actions by their names, sections of a study by
#: that of the study, and the sizes of the sampler by the contract.
ALIKE = {
    *("xnor", "full_add", "accumulate", "compare", "lfsr_step", "register", "logic"),
    *("data", "tasks", "head", "methods"),
    *("mode", "lanes", "draws_per_read"),
}


def keys(part: Any) -> set[str]:
    """Return the names of all properties anywhere in a schema."""
    if isinstance(part, list):
        return set().union(*map(keys, part))
    if not isinstance(part, dict):
        return set()
    own = {k for k, entry in part.get("properties", {}).items() if "const" not in entry}
    return own.union(*map(keys, part.values()))


def test_committed_page_is_what_the_schemas_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("verification.keys_page.PAGE", tmp_path / "keys.md")
    main()
    made = (tmp_path / "keys.md").read_text()
    assert made == TEXT, "run python -m verification.keys_page"


def test_every_key_of_every_kind_has_a_row_with_a_meaning() -> None:
    rows = re.findall(r"^\| `(\w+)` \|.*\| (.*) \|$", TEXT, re.M)
    assert [key for key, meaning in rows if not meaning] == []
    found = {key for key, _ in rows}
    for kind in KINDS:
        expected = keys(json.loads(schema_text(model_of(kind), kind)))
        assert expected - found <= {"low", "high", "log", "step"}, kind  # ranges of a space


def test_every_link_leads_to_a_section_and_every_section_has_one() -> None:
    headings = re.findall(r"^### (.*)$", TEXT, re.M)
    anchors = {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}
    assert len(anchors) == len(headings)
    assert set(re.findall(r"\]\(#(.*?)\)", TEXT)) == anchors


def test_keys_of_a_section_do_not_share_a_meaning() -> None:
    shared = []
    for section in re.split(r"^##+ ", TEXT, flags=re.M)[1:]:
        rows = re.findall(r"^\| `(\w+)` \|.*\| (.*) \|$", section, re.M)
        meanings = [meaning for _, meaning in rows]
        shared += [key for key, meaning in rows if meanings.count(meaning) > 1]
    assert set(shared) <= ALIKE


def test_choices_are_those_of_the_program_as_yaml_has_them() -> None:
    known = f"One of {', '.join(f'`{name}`' for name in NAMES[:-1])} and `{NAMES[-1]}`"
    assert TEXT.count(known) == TEXT.count("the path of images that a user brings") > 0
    assert "NAMES`" not in TEXT
    assert not re.search(r"`(True|False|None)`", TEXT)


def test_a_key_that_may_be_left_out_has_its_default() -> None:
    (row,) = re.findall(r"^\| `count_width` .*Bits of a count of agreements.*$", TEXT, re.M)
    default = REFERENCE.accelerator.mvu.count_width
    assert (
        row == f"| `count_width` | integer | `{default}` | Bits of a count of agreements, 1..32. |"
    )
    assert re.search(r"^\| `mvu` \| \[section\]\(\S+\) \| its own \|", TEXT, re.M)


SCHEMA = {
    "properties": {
        "a": {
            "type": "integer",
            "minimum": 1,
            "exclusiveMaximum": 5000,
            "description": "Of ``x``.",
        },
        "b": {"enum": ["one", "two"], "default": "one", "description": "Either|or."},
        "c": {"anyOf": [{"type": "number", "multipleOf": 0.5}, {"type": "null"}], "default": None},
        "swept": {
            "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
            "default": "s",
        },
        "listed": {
            "anyOf": [{"const": "all"}, {"type": "array", "items": {"type": "string"}}],
            "default": "all",
        },
        "one": {"$ref": "#/$defs/Part", "default": {"k": True}},
        "two": {"$ref": "#/$defs/Part"},
    },
    "$defs": {
        "Part": {
            "description": "A part.",
            "properties": {"k": {"type": "boolean", "default": True}},
        }
    },
}


def test_rows_have_types_bounds_defaults_and_links() -> None:
    _, table, part = Kind("Made", SCHEMA, {}).parts()
    assert table.splitlines()[2:] == [
        "| `a` | integer >= 1 and < 5,000 |  | Of `x`. |",
        '| `b` | `one`, `two` | `"one"` | Either\\|or. |',
        "| `c` | number in steps of 0.5 or `null` | `null` |  |",
        '| `swept` | text | `"s"` |  |',
        '| `listed` | `all` or list of text | `"all"` |  |',
        "| `one` | [section](#made-one) | its own | A part. |",
        "| `two` | [section](#made-one) |  | A part. |",
    ]
    assert part.splitlines() == [
        "### Made: one",
        "",
        "A part.",
        "",
        "| key | type | default | meaning |",
        "|---|---|---|---|",
        "| `k` | boolean | `true` |  |",
    ]
