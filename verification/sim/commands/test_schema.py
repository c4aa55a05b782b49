# SPDX-License-Identifier: MIT
"""JSON schemas: they accept every built-in configuration, refuse faults, and say what keys mean."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from sim.commands.schema import KINDS, model_of
from sim.documents.json_schema import meanings, schema_text
from sim.documents.yaml_lines import parse

Engram = Callable[..., tuple[int, str, str]]

SIM = Path(__file__).parents[3] / "sim"
FOLDERS = {
    "study": "study/configs",
    "comparison": "study/configs",
    "explore": "explore/configs",
    "board": "hardware/boards",
    "cost": "cost/configs",
    "technology": "cost/technology/tables",
    "pretrain": "images/pretrain/configs",
    "series": "images/pretrain/series_configs",
    "native": "images/native/configs",
    "resnet": "images/resnet/configs",
    "binplay": "images/binplay/configs",
}


@cache
def schema(kind: str) -> dict[str, Any]:
    return json.loads(schema_text(model_of(kind), kind))


def configurations(kind: str) -> list[Path]:
    """Return the built-in configurations of a kind; a comparison is one with budgets."""
    files = sorted((SIM / FOLDERS[kind]).glob("*.yaml"))
    if kind in ("study", "comparison"):
        files = [f for f in files if ("\nbudgets:" in f.read_text()) == (kind == "comparison")]
    return files


def faults(kind: str, data: Any) -> list[str]:
    """Return what a validator by others says of data, each with the key."""
    return [f"{error.json_path}: {error.message}" for error in validator(kind).iter_errors(data)]


@cache  # to check a schema takes longer than most configurations do
def validator(kind: str) -> Any:
    """Return the validator of a kind, whose schema is one."""
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    jsonschema.Draft202012Validator.check_schema(schema(kind))
    return jsonschema.Draft202012Validator(schema(kind))


@pytest.mark.parametrize(
    ("kind", "file"),
    [(kind, file) for kind in KINDS for file in configurations(kind)],
    ids=lambda value: getattr(value, "stem", value),
)
def test_built_in_configuration_fits_its_schema(kind: str, file: Path) -> None:
    assert faults(kind, parse(file.read_text(), file.name).data) == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_configuration(kind: str) -> None:
    assert configurations(kind)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("seed", 3, "$: Additional properties are not allowed ('seed' was unexpected)"),
        ("seeds", 0, "$.seeds: 0 is less than the minimum of 1"),
        ("seeds", "three", "$.seeds: 'three' is not of type 'integer'"),
        ("methods", [], "$.methods: [] should be non-empty"),
        ("methods", [{"replay": "gmb"}], "$.methods[0]: "),
        ("methods", [{"replay": "latent", "exemplar": 3}], "$.methods[0]: "),
        ("head", {"hidden": "many"}, "$.head: "),
    ],
)
def test_planted_fault_is_found(key: str, value: Any, said: str) -> None:
    right = {"methods": [{"replay": "latent", "exemplars": [3, 5]}], "head": {"hidden": 8}}
    assert faults("study", right) == []
    (fault,) = faults("study", {**right, key: value})
    assert fault.startswith(said)


def test_keys_have_meanings_and_methods_their_own_defaults() -> None:
    gbm = schema("study")["$defs"]["GbmParamsSweep"]
    assert gbm["description"] == "Parameters of Generative Binary Memory."
    assert gbm["properties"]["components"]["description"] == "K, prototypes a class."
    assert gbm["properties"]["code_width"]["default"] == 8
    assert gbm["properties"]["requests"]["default"] == "round_robin"
    assert gbm["properties"]["requests"]["description"].startswith("How past classes are")
    chip = schema("cost")["properties"]["chip"]
    definition = schema("cost")["$defs"][chip["$ref"].rsplit("/", 1)[1]]
    assert definition["properties"]["table_width"]["description"].startswith("t, bits of the costs")


def test_meanings_are_read_from_entries_with_several_names_and_several_lines() -> None:
    class Base(BaseModel):
        """A base.

        Attributes
        ----------
        a, b : int
            First line,
            and second.

            A further paragraph.
        c
        d : float
            Old.

        Notes
        -----
        e : int
            No attribute.
        """

    class Child(Base):
        """A child.

        Attributes
        ----------
        d : float
            New.
        """

    both = "First line, and second. A further paragraph."
    assert meanings(Child) | {"a": both, "b": both, "d": "New."} == meanings(Child)
    assert not {"c", "e"} & meanings(Child).keys()


def test_schema_is_printed_as_it_is(engram: Engram) -> None:
    status, out, err = engram("schema", "binplay")
    assert (status, err) == (0, "")
    assert json.loads(out) == {**schema("binplay"), "title": "engram binplay"}
    assert engram("schema", "plot") == (
        2, "", f"engram: KIND must be one of {', '.join(KINDS)}, not 'plot'\n",
    )  # fmt: skip
