# SPDX-License-Identifier: MIT
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sim.documents.section import PlacedError
from sim.documents.validation import validate
from sim.documents.yaml_lines import Document, apply_override, parse
from sim.work.errors import UserError


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Head(Strict):
    hidden: Annotated[int, Field(ge=0)] = 128
    rate: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 0.1
    reset: bool = False


class Gbm(Strict):
    kind: Literal["gbm"]
    q: Annotated[int, Field(ge=1, le=16)] | Literal["float"] = 8
    components: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)] = (1,)


class Latent(Strict):
    kind: Literal["latent"]
    exemplars: int = Field(ge=1)


class Study(Strict):
    name: str
    head: Head = Head()
    order: int | list[int] | Literal["identity"] = 1993
    methods: list[Annotated[Gbm | Latent, Field(discriminator="kind")]] = []
    split: tuple[int, int] = (5, 1)
    limits: dict[str, Annotated[int, Field(gt=0, lt=10)]] = {}
    size: Literal["small", "large"] = "small"
    out: Path | None = None
    sweep: Annotated[int, Field(ge=1)] | Literal["float"] | list[int | Literal["float"]] = 1
    tries: Annotated[int, Field(ge=1)] | list[Annotated[int, Field(ge=1)]] = 1

    @model_validator(mode="after")
    def _split_fits(self) -> "Study":
        if len(self.tries if isinstance(self.tries, list) else ()) > 3:
            raise PlacedError("tries.3 must be the last", ("tries", 3))
        if self.split[0] < self.split[1]:
            raise ValueError("split must begin with the larger part")
        return self


def faults(text: str) -> list[str]:
    with pytest.raises(UserError) as caught:
        validate(Study, parse(text, "x.yaml"))
    return str(caught.value).splitlines()


def test_a_fault_with_a_place_has_the_line_of_its_value() -> None:
    text = "name: x\ntries:\n  - 1\n  - 2\n  - 3\n  - 4\n  - 5\n"
    assert faults(text) == ["x.yaml:6: tries.3 must be the last"]
    changed = apply_override(parse(text, "x.yaml"), "tries=[1, 2, 3, 4]")
    with pytest.raises(UserError, match=r"^--set tries=\[1, 2, 3, 4\]: tries.3 must be the last$"):
        validate(Study, changed)


def test_a_good_document_becomes_a_model() -> None:
    text = (
        "name: a\nsplit: [4, 2]\nout: some/where\nhead: {rate: 1}\nmethods: [{kind: gbm, q: float}]"
    )
    study = validate(Study, parse(text, "x.yaml"))
    assert study.split == (4, 2)
    assert study.out == Path("some/where")
    assert study.head == Head(rate=1.0)
    assert study.methods == [Gbm(kind="gbm", q="float")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("head:\n  hidden: many", "3: head.hidden must be an integer >= 0, not 'many'"),
        ("head: {hidden: 1.0}", "2: head.hidden must be an integer >= 0, not 1.0"),
        ("head: {hidden: true}", "2: head.hidden must be an integer >= 0, not true"),
        ("head: {hidden: -1}", "2: head.hidden must be an integer >= 0, not -1"),
        ("head: {rate: 0}", "2: head.rate must be a number > 0, not 0"),
        ("head: {rate: .nan}", "2: head.rate must be a finite number, not nan"),
        ("head: {rate: .inf}", "2: head.rate must be a finite number, not inf"),
        ("head: {reset: 1}", "2: head.reset must be true or false, not 1"),
        ("head:", "2: head must be a mapping, not null"),
        ("order: 1.5", "2: order must be an integer or a list or 'identity', not 1.5"),
        ("order: [1, b]", "2: order.1 must be an integer, not 'b'"),
        ("size: huge", "2: size must be one of small, large, not 'huge'"),
        ("limits: {a: 10}", "2: limits.a must be an integer > 0 and < 10, not 10"),
        ("split: [1]", "2: split must be a list of 2 or more items, not [1]"),
        ("split: [1, 2, 3]", "2: split must be a list of up to 2 items, not [1, 2, 3]"),
        ("tries: 0", "2: tries must be an integer >= 1 or a list, not 0"),
        ("sweep: x", "2: sweep must be an integer >= 1 or a list or 'float', not 'x'"),
        ("sweep: [x]", "2: sweep.0 must be an integer or 'float', not 'x'"),
        ("split: [1, 2]", "1: split must begin with the larger part"),
        ("out: 3", "2: out must be text, not 3"),
        (
            "methods:\n- kind: gbm\n  q: 17",
            "4: methods.0.q must be an integer in 1..16 or 'float', not 17",
        ),
        ("methods: [{kind: gmb}]", "2: methods.0.kind must be one of gbm, latent, not 'gmb'"),
        ("methods: [{q: 1}]", "2: methods.0.kind is missing: it must be one of gbm, latent"),
        (
            "methods: [{kind: latent}]",
            "2: methods.0.exemplars is missing: it must be an integer >= 1",
        ),
        (
            "methods: [{kind: gbm, components: []}]",
            "2: methods.0.components must be a list of 1 or more items, not []",
        ),
        (
            "methods: [{kind: gbm, components: [0]}]",
            "2: methods.0.components.0 must be an integer >= 1, not 0",
        ),
        ("methods: {}", "2: methods must be a list, not a mapping"),
    ],
)
def test_a_fault_names_line_key_and_what_would_be_right(text: str, message: str) -> None:
    (fault,) = faults(f"name: a\n{text}")
    assert fault == f"x.yaml:{message}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "nmae: b",
            "2: nmae is no known key: did you mean name? the keys are head, limits, methods",
        ),
        ("head: {zzz: 1}", "2: head.zzz is no known key: the keys of head are hidden, rate, reset"),
        (
            "methods: [{kind: gbm, exemplars: 1}]",
            "2: methods.0.exemplars is no known key: the keys of methods.0 are components, kind, q",
        ),
    ],
)
def test_an_unknown_key_is_named_with_the_known_ones(text: str, message: str) -> None:
    (fault,) = faults(f"name: a\n{text}")
    assert fault.startswith(f"x.yaml:{message}")


@pytest.mark.parametrize("word", ["no", "off", "on", "yes"])
def test_a_word_is_text_and_no_flag(word: str) -> None:
    assert validate(Study, parse(f"name: {word}", "x.yaml")).name == word
    (fault,) = faults(f"name: a\nhead: {{reset: {word}}}")
    assert fault == f"x.yaml:2: head.reset must be true or false, not '{word}'"


def test_all_faults_come_at_once_in_the_order_of_the_text() -> None:
    found = faults("methods:\n- {kind: gbm, q: 0}\nhead:\n  hidden: x\n  foo: 1")
    assert [fault.split(" ")[0] for fault in found] == [
        "x.yaml:1:",
        "x.yaml:2:",
        "x.yaml:4:",
        "x.yaml:5:",
    ]
    assert found[0] == "x.yaml:1: name is missing: it must be text"


def test_a_fault_of_an_override_names_the_override() -> None:
    document = apply_override(parse("name: a", "x.yaml"), "head.hidden=many")
    message = "^--set head.hidden=many: head.hidden must be an integer >= 0, not 'many'$"
    with pytest.raises(UserError, match=message):
        validate(Study, document)


def test_values_that_do_not_fit_each_other_blame_the_override() -> None:
    document = apply_override(parse("name: a\nsplit: [5, 1]", "x.yaml"), "split.1=6")
    with pytest.raises(
        UserError, match=r"^--set split.1=6: split must begin with the larger part$"
    ):
        validate(Study, document)


def test_the_cause_is_kept_for_developers() -> None:
    with pytest.raises(UserError) as caught:
        validate(Study, parse("{}", "x.yaml"))
    assert isinstance(caught.value.__cause__, ValidationError)


def test_a_long_value_is_cut() -> None:
    (fault,) = faults(f"name: a\nhead: {{hidden: {'x' * 100}}}")
    assert fault.endswith("not '" + "x" * 56 + "...")


def test_text_that_json_cannot_hold_is_told() -> None:
    with pytest.raises(UserError, match=r"^x\.json:1: unexpected end of hex escape"):
        validate(Study, Document({"name": "\ud800"}, "x.json"))
