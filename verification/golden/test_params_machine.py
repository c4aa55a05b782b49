# SPDX-License-Identifier: MIT
"""Parameters of the machine that runs networks: every message quoted."""

import re
from dataclasses import replace
from typing import Any

import pytest

from golden.params import AcceleratorParams, MvuParams


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"pe": 0}, "MVU neurons PE must be an integer in 1..1024, not 0"),
        ({"simd": 1025}, "MVU inputs SIMD must be an integer in 1..1024, not 1025"),
        ({"weight_depth": 0}, "Weight memory rows must be an integer >= 1, not 0"),
        ({"tile_depth": 0}, "Threshold memory rows must be an integer >= 1, not 0"),
        ({"count_width": 33}, "Bits of a count must be an integer in 1..32, not 33"),
        ({"weight_reuse": 16}, "Weight reuse P must be an integer in 1..8, not 16"),
        ({"weight_reuse": 6}, "Weight reuse P must be one of 1, 2, 4, 8, not 6"),
    ],
)
def test_messages_of_the_matrix_vector_unit(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        MvuParams(**given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"map_depth": 0}, "Feature memory words must be an integer >= 1, not 0"),
        ({"program_depth": 0}, "Layers of a program must be an integer >= 1, not 0"),
        ({"channels": 0}, "Channels of a map must be an integer >= 1, not 0"),
        ({"classes": 0}, "Classes of a head must be an integer >= 1, not 0"),
        ({"pixel_bits": 17}, "Pixel bits b must be an integer in 1..16, not 17"),
        ({"colours": 0}, "Colours of a pixel must be an integer >= 1, not 0"),
        ({"levels": 129}, "Thermometer levels T must be an integer in 1..128, not 129"),
        ({"gather_words": -1}, "Gathered words must be an integer in 0..1024, not -1"),
        ({"gather_words": 1025}, "Gathered words must be an integer in 0..1024, not 1025"),
        ({"units": 0}, "Units side by side must be an integer in 1..2, not 0"),
        ({"units": 3}, "Units side by side must be an integer in 1..2, not 3"),
    ],
)
def test_messages_of_the_accelerator(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        AcceleratorParams(mvu=MvuParams(), **given)


def test_wrong_kinds_are_refused() -> None:
    with pytest.raises(TypeError, match="MVU must be MvuParams, not 64"):
        AcceleratorParams(mvu=64)  # pyright: ignore[reportArgumentType]  (the point)
    with pytest.raises(TypeError, match=re.escape("MVU neurons PE must be an integer in 1..1024")):
        MvuParams(pe=True)


def test_units_side_by_side_have_as_many_neurons_as_one_may_have() -> None:
    for units in (1, 2):
        machine = AcceleratorParams(mvu=MvuParams(pe=1024 // units), units=units)
        assert (machine.neurons, machine.array.pe) == (1024, 1024)
        assert replace(machine.array, pe=machine.mvu.pe) == machine.mvu
    with pytest.raises(ValueError, match=r"^Neurons of all units must be an integer in 1\.\.1024,"):
        AcceleratorParams(mvu=MvuParams(pe=513), units=2)


def test_a_machine_gathers_windows_where_a_row_of_weights_serves_one_pixel() -> None:
    assert AcceleratorParams(mvu=MvuParams()).gathers
    assert not AcceleratorParams(mvu=MvuParams(), gather_words=0).gathers
    assert not AcceleratorParams(mvu=MvuParams(weight_reuse=2)).gathers
