# SPDX-License-Identifier: MIT
import math
import re
import time
from pathlib import Path

import pytest

from sim.documents.read import read_document
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


def test_a_byte_order_mark_is_no_data() -> None:
    assert parse("\ufeffa: 1", "x.yaml").data == {"a": 1}


def test_an_alias_repeats_its_anchor_and_its_lines() -> None:
    document = parse("a: &a\n  x: 1\nb:\n- *a", "x.yaml")
    assert document.data["b"] == [{"x": 1}]
    assert document.line_of(("b",)) == 3
    # What an alias stands for is written at its anchor.
    assert document.line_of(("b", 0, "x")) == 2


def test_an_anchor_may_stand_again_for_another_value(recwarn: pytest.WarningsRecorder) -> None:
    text = "a: &a 1\nb: *a\nc: &a 2\nd: *a"
    assert parse(text, "x.yaml").data == {"a": 1, "b": 1, "c": 2, "d": 2}
    assert not recwarn.list


def test_a_hundred_levels_are_read() -> None:
    assert parse("a: " + "[" * 98 + "]" * 98, "x.yaml").data["a"]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("0", 0),
        ("-12", -12),
        ("010", 10),
        ("0o17", 15),
        ("0x1F", 31),
        ("1_000", 1000),
        ("0.5", 0.5),
        ("1.0e-3", 0.001),
        ("1e3", 1000.0),
        ("2e-25", 2e-25),
        ("1_000.5", 1000.5),
        ("-.inf", -math.inf),
        ("true", True),
        ("null", None),
        ("~", None),
        ("", None),
        ("yes", "yes"),
        ("off", "off"),
        ("1:30", "1:30"),
        ("2024-01-31", "2024-01-31"),
        ("=", "="),
        ("1e", "1e"),
        ("'010'", "010"),
        ('"1:30"', "1:30"),
        ("!!str 3", "3"),
    ],
)
def test_plain_values_are_those_of_yaml_1_2(written: str, value: object) -> None:
    read = parse(f"a: {written}", "x.yaml").data["a"]
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3", "x.yaml:3: key a must occur once: line 1 has it, too"),
        ("h:\n  a: 1\n  a: 1", "x.yaml:3: key h.a must occur once: line 2 has it, too"),
        ("text", "x.yaml:1: the text must be a mapping of keys to values, not 'text'"),
        ("- 1", "x.yaml:1: the text must be a mapping of keys to values, not a list"),
        ("a: 1\n3: 1", "x.yaml:2: a key must be text, not 3: write '3'"),
        ("true: 1", "x.yaml:1: a key must be text, not true: write 'true'"),
        ("? [a]\n: 1", "x.yaml:1: a key must be text, not a list or mapping"),
        ("<<: {a: 1}", "x.yaml:1: merge keys (<<) are not supported"),
        (
            "a: 1\nb: &b [*b]",
            "x.yaml:2: aliases must nest at most 100 levels deep, and none",
        ),
        ("a:\n- !!python/object:os.system {}", "x.yaml:2: tag tag:yaml.org,2002:python/object"),
        ("a: !!set {x}", "x.yaml:1: tag tag:yaml.org,2002:set is not supported"),
        ("a: !!int foo", "x.yaml:1: 'foo' cannot be read as tag:yaml.org,2002:int"),
        ("a: 1\nb: [", "x.yaml:2: this is no YAML: expected the node content"),
        ("a: *b", "x.yaml:1: this is no YAML: found undefined alias 'b'"),
        ("a: 1\nb: \x01", "x.yaml:2: this is no YAML: character U+0001 is unprintable"),
        ("a: 1\n\tb: 1", "x.yaml:2: this is no YAML: found character '\\t' that cannot start any"),
        ("a: 1\n---\nb: 1", "x.yaml:2: this is no YAML: but found another document"),
        ("a: !!bool x", "x.yaml:1: 'x' cannot be read as tag:yaml.org,2002:bool"),
        ("a: !!int", "x.yaml:1: '' cannot be read as tag:yaml.org,2002:int"),
        ("a: !!binary aGk=", "x.yaml:1: tag tag:yaml.org,2002:binary is not supported"),
        ('a: 1\nb: "\\uD800"', r"x.yaml:2: '\ud800' must be whole characters, not half of one"),
        ('a: 1\n"\\uDFFF": 1', r"x.yaml:2: '\udfff' must be whole characters, not half of one"),
    ],
)
def test_a_text_that_cannot_be_meant_is_refused(text: str, message: str) -> None:
    assert refused(text).startswith(message)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a: " + "[" * 5000, id="open lists"),
        pytest.param("a: " + "[" * 5000 + "]" * 5000, id="lists"),
        pytest.param("a: " + "{b: " * 5000 + "}" * 5000, id="mappings"),
        pytest.param("a:\n" + "- " * 5000, id="items"),
    ],
)
def test_collections_in_thousands_of_others_are_refused(text: str) -> None:
    message = r"x\.yaml:[12]: collections must be nested at most 100 levels deep"
    assert re.fullmatch(message, refused(text))


def test_aliases_that_multiply_are_refused_at_once() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 9)]
    began = time.monotonic()
    message = refused("\n".join(lines))
    assert time.monotonic() - began < 10
    # The line is that of the anchor that the last value came from.
    assert message.startswith("x.yaml:1: the text must hold at most 100000 values, those of")


def test_aliases_that_lead_deep_are_refused() -> None:
    lines = ["a0: &a0 [x]", *(f"a{i}: &a{i} [*a{i - 1}]" for i in range(1, 500))]
    assert refused("\n".join(lines)).startswith("x.yaml:1: aliases must nest at most 100 levels")


def test_a_file_that_is_no_utf_8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_bytes("a: é".encode("latin-1"))
    with pytest.raises(UserError, match=r"own\.yaml must be UTF-8 text"):
        read_document(str(path), tmp_path)


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


def test_an_override_leads_through_lists_and_is_read_as_a_text_is(document: Document) -> None:
    changed = apply_override(document, "methods.0.rate=1e3")
    assert changed.data["methods"][0]["rate"] == 1000.0
    assert apply_override(document, "name=2024-01-31").data["name"] == "2024-01-31"


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
        ("a={b: 1, b: 2}", "--set a={b: 1, b: 2}: key b must occur once"),
        ('a="\\uD800"', r"""--set a="\uD800": '\ud800' must be whole characters"""),
        ("a=" + "[" * 5000, "[: collections must be nested at most 100 levels deep"),
    ],
)
def test_a_bad_override_is_refused(document: Document, assignment: str, message: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)):
        apply_override(document, assignment)


def test_a_path_is_written_with_dots() -> None:
    assert dotted(("methods", 0, "q")) == "methods.0.q"
