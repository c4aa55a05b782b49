# SPDX-License-Identifier: MIT
"""Sections that stand for parameters: their values, their defaults, their faults."""

from dataclasses import dataclass
from typing import Literal

import pytest

from golden.params.checks import check_integer
from sim.documents.parameters import parameters_section, values_section
from sim.documents.validation import validate
from sim.documents.yaml_lines import parse
from sim.work.errors import UserError


@dataclass(frozen=True, kw_only=True)
class Wheel:
    spokes: int = 8
    kind: Literal["steel", "wood"] = "steel"

    def __post_init__(self) -> None:
        check_integer("Spokes", self.spokes, 3)


@dataclass(frozen=True, kw_only=True)
class Cart:
    name: str
    front: Wheel
    rear: Wheel

    def __post_init__(self) -> None:
        if not self.name:
            raise TypeError("Carts must have a name")
        if self.front.kind != self.rear.kind:
            raise ValueError(f"Wheels must be of a kind, not {self.front.kind}, {self.rear.kind}")


CART = Cart(name="old", front=Wheel(spokes=6), rear=Wheel(spokes=12))


def read(text: str) -> Cart:
    section = validate(parameters_section(CART), parse(text, "cart.yaml"))
    return section.value()


def test_what_is_not_named_is_the_default_s() -> None:
    assert read("{}") == CART
    assert read("rear: {spokes: 5}") == Cart(
        name="old", front=Wheel(spokes=6), rear=Wheel(spokes=5)
    )
    assert read("name: new\n").name == "new"


@dataclass(frozen=True, kw_only=True)
class Spiked(Wheel):
    spikes: int = 20
    length: int = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        check_integer("Spikes", self.spikes, 1)


def test_a_file_gets_the_larger_class_if_it_has_a_field_of_it() -> None:
    def read(text: str) -> Cart:
        section = parameters_section(CART, larger={Wheel: Spiked})
        return validate(section, parse(text, "cart.yaml")).value()

    assert read("rear: {spokes: 5}") == Cart(
        name="old", front=Wheel(spokes=6), rear=Wheel(spokes=5)
    )
    spiked = Spiked(spokes=12, spikes=20, length=3)
    assert read("rear: {length: 3}") == Cart(name="old", front=Wheel(spokes=6), rear=spiked)
    with pytest.raises(UserError, match=r"yaml:1: rear: Spikes must be an integer >= 1, not 0"):
        read("rear: {spikes: 0}")
    with pytest.raises(UserError, match=r"rear\.spike is no known key: did you mean spikes\?"):
        read("rear: {spike: 1}")


def test_values_without_a_class_become_what_is_built_of_them() -> None:
    section = values_section({"a": 1, "cart": CART}, {}, dict)
    fields = validate(section, parse("a: 2\ncart: {front: {spokes: 3}}", "values.yaml"))
    assert fields.value() == {
        "a": 2,
        "cart": Cart(name="old", front=Wheel(spokes=3), rear=CART.rear),
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rear: {spokes: 2}", r"cart\.yaml:1: rear: Spokes must be an integer >= 3, not 2"),
        ("name: x\nrear: {spokes: two}",
         r"cart\.yaml:2: rear\.spokes must be an integer <= 16777216, not 'two'"),
        ("rear:\n  spokes: 1000000000",
         r"cart\.yaml:2: rear\.spokes must be an integer <= 16777216, not 1000000000"),
        ("rear: {spoke: 2}", r"rear\.spoke is no known key: did you mean spokes\?"),
        ("rear: {kind: gold}", r"rear\.kind must be one of steel, wood, not 'gold'"),
        ("rear: {kind: wood}", r"cart\.yaml:1: Wheels must be of a kind, not steel, wood"),
        ("name: ''", r"cart\.yaml:1: Carts must have a name"),
        ("rear: 5", r"cart\.yaml:1: rear must be .*not 5"),
    ],
)  # fmt: skip
def test_faults_are_told_by_line_and_key(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        read(text)
