# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT

from dataclasses import dataclass

import pytest

from rtl.catalogue import BLOCKS, SIZES, Block, plain
from rtl.lfsr import Lfsr


@dataclass(frozen=True)
class Inner:
    rows: int = 8
    lanes: int = 4


@dataclass(frozen=True)
class Outer:
    inner: Inner
    mode: str = "parallel"


BLOCK = Block(
    component=Lfsr,
    full={"params": Outer(Inner()), "simd": 64},
    small={"params": {"inner": {"rows": 2}}},
    tiny={"params": {"mode": "serial"}, "simd": 8},
)


def test_smaller_sizes_are_differences() -> None:
    assert BLOCK.arguments("full") == {"params": Outer(Inner()), "simd": 64}
    assert BLOCK.arguments("small") == {"params": Outer(Inner(rows=2)), "simd": 64}
    assert BLOCK.arguments("tiny") == {"params": Outer(Inner(), "serial"), "simd": 8}


def test_arguments_as_plain_data() -> None:
    assert plain(BLOCK.arguments("small")) == {
        "inner": {"rows": 2, "lanes": 4},
        "mode": "parallel",
        "simd": 64,
    }


@pytest.mark.parametrize("name", BLOCKS)
def test_every_block_is_built_at_every_size(name: str) -> None:
    sizes = [BLOCKS[name].arguments(size) for size in SIZES]
    for arguments in sizes:
        BLOCKS[name].component(**arguments)
    assert sizes[0] != sizes[1] != sizes[2]
    assert all(BLOCKS[name].units(arguments) >= 1 for arguments in sizes)


def test_the_largest_block_comes_last() -> None:
    assert list(BLOCKS)[-1] == "chip"
