# SPDX-License-Identifier: MIT
import pytest

from sim.cost.quantity import Range, Unit, parse_unit


@pytest.mark.parametrize(
    ("text", "exponent", "dimension"),
    [
        ("J", 0, "J"),
        ("pJ", -12, "J"),
        ("fJ/bit", -15, "J/bit"),
        ("um2", -12, "m2"),
        ("mm2", -6, "m2"),
        ("um2/bit", -12, "m2/bit"),
        ("nW", -9, "W"),
        ("pW/bit", -12, "W/bit"),
        ("nm", -9, "m"),
        ("mV", -3, "V"),
        ("ns", -9, "s"),
        ("fF", -15, "F"),
        ("cycles", 0, "cycles"),
        ("m", 0, "m"),
        ("mW", -3, "W"),
        ("MW", 6, "W"),
    ],
)
def test_units_are_powers_of_ten_of_a_dimension(text: str, exponent: int, dimension: str) -> None:
    assert parse_unit(text) == Unit(exponent, dimension)


@pytest.mark.parametrize("text", ["", "p", "pj", "pJ/byte", "J2", "1pJ", " pJ", "W2", "pJ/bit/bit"])
def test_other_texts_are_no_units(text: str) -> None:
    with pytest.raises(ValueError, match=f"^unit must be one of J, W, .* not '{text}'$"):
        parse_unit(text)


def test_a_number_in_si_is_the_double_nearest_to_its_digits() -> None:
    assert parse_unit("pJ").to_si(91.8272) == 91.8272e-12
    assert parse_unit("fJ").to_si(0.1) == 1e-16
    assert parse_unit("um2").to_si(263946.1408) == 2.639461408e-07


def test_ranges_are_multiplied_and_added_bound_by_bound() -> None:
    one = Range(low=1, nominal=2, high=4, source="a", sureness="M")
    assert 3 * one == one * 3 == Range(low=3, nominal=6, high=12, source="a", sureness="M")
    total = one + Range.exactly(10, "a")
    assert total == Range(low=11, nominal=12, high=14, source="a", sureness="M")


def test_ranges_of_two_sources_are_not_added() -> None:
    with pytest.raises(ValueError, match=r"^Ranges to add must have one source, not a, b$"):
        _ = Range.exactly(1, "a") + Range.exactly(1, "b")


def test_bounds_are_in_order() -> None:
    with pytest.raises(ValueError, match=r"^low, nominal and high must be in order, not 1, 3, 2$"):
        Range(low=1, nominal=3, high=2, source="a")
