# SPDX-License-Identifier: MIT
import re

import pytest

from sim.documents.yaml_lines import Document, apply_override, dotted, parse
from sim.work.errors import UserError

TEXT = """\
# a comment
name: digits
head:
  hidden: 128
methods:
  - kind: gbm
    q: [1, 2,
        8]
  - kind: latent
"""


def refused(text: str) -> str:
    with pytest.raises(UserError) as caught:
        parse(text, "x.yaml")
    return str(caught.value)


@pytest.fixture
def document() -> Document:
    return parse(TEXT, "x.yaml")


def test_data_are_plain(document: Document) -> None:
    assert document.data == {
        "name": "digits",
        "head": {"hidden": 128},
        "methods": [{"kind": "gbm", "q": [1, 2, 8]}, {"kind": "latent"}],
    }


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("name",), 2),
        (("head",), 3),
        (("head", "hidden"), 4),
        (("methods", 0, "kind"), 6),
        (("methods", 0, "q"), 7),
        (("methods", 0, "q", 2), 8),
        (("methods", 1), 9),
    ],
)
def test_every_value_knows_its_line(document: Document, path: tuple, line: int) -> None:
    assert document.line_of(path) == line
    assert document.where(path) == f"x.yaml:{line}"


def test_an_absent_value_stands_where_what_is_around_it_stands(document: Document) -> None:
    assert document.where(("head", "rate")) == "x.yaml:3"
    assert document.where(("absent",)) == "x.yaml:2"


def test_an_empty_text_is_an_empty_mapping() -> None:
    assert parse("", "x.yaml").data == {}
    assert parse("# nothing\n", "x.yaml").data == {}
    assert parse("", "x.yaml").where(("absent",)) == "x.yaml:1"


def test_an_alias_repeats_its_anchor() -> None:
    assert parse("a: &a {x: 1}\nb: *a", "x.yaml").data["b"] == {"x": 1}


def test_ordinary_scalars_have_their_usual_kinds() -> None:
    text = "{a: 0, b: -12, c: 1.0e-3, d: true, e: null, f: '010', g: \"1:30\", h: 0.5, j: 1_000}"
    assert parse(text, "x.yaml").data == {
        "a": 0,
        "b": -12,
        "c": 0.001,
        "d": True,
        "e": None,
        "f": "010",
        "g": "1:30",
        "h": 0.5,
        "j": 1000,
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3", "x.yaml:3: key a must stand once: line 1 has it too"),
        ("h:\n  a: 1\n  a: 1", "x.yaml:3: key h.a must stand once: line 2 has it too"),
        ("text", "x.yaml:1: the text must be a mapping of keys to values, not text"),
        ("- 1", "x.yaml:1: the text must be a mapping of keys to values, not a list"),
        ("no: 1", "x.yaml:1: a key must be text, not no, which YAML reads as false"),
        ("a: 1\n3: 1", "x.yaml:2: a key must be text, not 3, which YAML reads as a number"),
        ("? [a]\n: 1", "x.yaml:1: a key must be text, not a list or mapping"),
        ("<<: {a: 1}", "x.yaml:1: merge keys (<<) are not supported"),
        ("a: &a [*a]", "x.yaml:1: an alias must not stand inside its own anchor"),
        ("a:\n- !!python/object:os.system {}", "x.yaml:2: tag tag:yaml.org,2002:python/object"),
        ("a: !!set {x}", "x.yaml:1: tag tag:yaml.org,2002:set is not supported"),
        ("a: !!int foo", "x.yaml:1: 'foo' cannot be read as tag:yaml.org,2002:int"),
        ("a: 1\nb: [", "x.yaml:2: this is no YAML: expected the node content"),
        ("a: *b", "x.yaml:1: this is no YAML: found undefined alias 'b'"),
        ("a: \x01", "x.yaml: this is no YAML: character 3 is unprintable"),
        ("a: " + "[" * 5000, "x.yaml: collections are nested too deeply"),
    ],
)
def test_a_text_that_cannot_be_meant_is_refused(text: str, message: str) -> None:
    assert refused(text).startswith(message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 010", "YAML reads 010 as 8, in octal: write 8, or '010' as text"),
        ("a: 1:30", "YAML reads 1:30 as 90, in base 60: write 90, or '1:30' as text"),
        ("a: 2024-01-31", "YAML reads 2024-01-31 as a date: write '2024-01-31' as text"),
        ("a: !!binary aGk=", "YAML reads aGk= as binary data: write 'aGk=' as text"),
    ],
)
def test_a_value_that_is_not_what_it_looks_like_is_refused(text: str, message: str) -> None:
    assert refused(text) == f"x.yaml:1: {message}"


def test_an_override_sets_one_value_and_leaves_the_document_alone(document: Document) -> None:
    changed = apply_override(document, "methods.0.q=[3]")
    assert changed.data["methods"] == [{"kind": "gbm", "q": [3]}, {"kind": "latent"}]
    assert changed.data["head"] == document.data["head"]
    assert document == parse(TEXT, "x.yaml")


def test_an_overridden_value_is_named_by_its_override(document: Document) -> None:
    changed = apply_override(document, "head.hidden=64")
    assert changed.where(("head", "hidden")) == "--set head.hidden=64"
    assert changed.where(("head",)) == "x.yaml:3"
    assert changed.where(("methods", 0, "q")) == "x.yaml:7"


def test_the_last_override_of_a_value_counts(document: Document) -> None:
    changed = document
    for assignment in ("head.hidden=1", "head={rate: 2}", "head.hidden=3"):
        changed = apply_override(changed, assignment)
    assert changed.data["head"] == {"rate": 2, "hidden": 3}
    assert changed.where(("head", "rate")) == "--set head={rate: 2}"
    assert changed.where(("head", "hidden")) == "--set head.hidden=3"


def test_an_override_makes_the_mappings_on_its_way(document: Document) -> None:
    assert apply_override(document, "a.b.c = x=y ").data["a"] == {"b": {"c": "x=y"}}


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("head", "--set head: an override must have the form key.path=value"),
        ("=3", "--set =3: an override must have the form key.path=value"),
        ("a..b=3", "--set a..b=3: an override must have the form key.path=value"),
        ("name.x=3", "--set name.x=3: name must be a mapping or list, not 'digits'"),
        (
            "methods.2.q=1",
            "--set methods.2.q=1: methods must be followed by a position in 0..1, not 2",
        ),
        ("methods.x=1", "--set methods.x=1: methods must be followed by a position in 0..1, not x"),
        ("a=[", "--set a=[: this is no YAML: expected the node content"),
        ("a=010", "--set a=010: YAML reads 010 as 8, in octal"),
    ],
)
def test_a_bad_override_is_refused(document: Document, assignment: str, message: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)):
        apply_override(document, assignment)


def test_a_path_is_written_with_dots() -> None:
    assert dotted(("methods", 0, "q")) == "methods.0.q"
