# SPDX-License-Identifier: MIT

from golden.params import AcceleratorParams, MvuParams
from rtl.descriptor import descriptor_layout, tag_layout


def test_fields_hold_the_largest_sizes_of_the_machine() -> None:
    mvu = MvuParams(pe=4, simd=8, weight_depth=100, tile_depth=10, count_width=9)
    params = AcceleratorParams(mvu=mvu, map_depth=64, channels=40, classes=50, levels=16)
    layout, tag = descriptor_layout(params), tag_layout(params)
    largest = {
        "levels": 16, "length": 64, "origin": 64, "group_inputs": 512, "groups": 512,
        "group_lanes": 7, "weight": 99, "tile": 9, "group_outputs": 50, "concat": 511,
    }  # fmt: skip
    for field, value in largest.items():
        assert value.bit_length() == layout[field].width, field
    assert (tag["place"].width, tag["lanes"].width) == (6, 3)


def test_smallest_machine_has_no_field_without_bits() -> None:
    mvu = MvuParams(pe=1, simd=1, weight_depth=1, tile_depth=1, count_width=1)
    params = AcceleratorParams(
        mvu=mvu, map_depth=1, program_depth=1, channels=1, classes=1, pixel_bits=1, levels=1
    )
    assert all(field.width for _, field in descriptor_layout(params))
