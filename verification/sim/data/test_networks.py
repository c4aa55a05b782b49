# SPDX-License-Identifier: MIT
"""Networks that come with the install: the weights of the literature, and faults by line."""

from pathlib import Path

import pytest

from golden.params import HeadParams
from sim.data.networks import load_network
from sim.work.errors import UserError


@pytest.mark.parametrize(
    ("name", "levels", "extractor", "one_plane", "two_planes", "features"),
    [
        ("fbnn-4M", 85, 3_870_080, 4_116_352, 4_231_552, 1024),
        ("fbnn-1M-wide", 16, 896_000, 1_025_536, 1_089_536, 512),
        ("fbnn-1M", 85, 650_688, 780_224, 844_224, 512),
        ("fbnn-S", 85, 200_416, 271_584, 309_984, 256),
        ("fbnn-S", 8, 133_888, 205_056, 243_456, 256),
        ("fbnn-XS", 16, 66_560, 69_120, 71_680, 256),
    ],
)
def test_networks_have_the_weights_of_the_literature(
    name: str, levels: int, extractor: int, one_plane: int, two_planes: int, features: int
) -> None:
    network = load_network(name, [f"network.layers.0.levels={levels}"])
    assert isinstance(network.head, HeadParams)
    assert network.weight_count == extractor
    assert network.weight_count + network.head.weight_count == two_planes
    assert two_planes - network.head.plane_count == one_plane
    assert network.output.size == features


TEXT = """\
input: {height: 4, width: 4, channels: 3, bits: 7}
layers:
  - {kind: thermometer, levels: 8}
  - kind: conv
    outputs: 6
    groups: 2
  - {kind: pool, size: 2}
head: {classes: 10}
"""


def network_file(folder: Path, old: str = "", new: str = "") -> str:
    assert old in TEXT
    path = folder / "net.yaml"
    path.write_text(TEXT.replace(old, new) if old else TEXT)
    return str(path)


def test_a_file_of_a_description_is_read(tmp_path: Path) -> None:
    network = load_network(network_file(tmp_path))
    assert network.weight_count == 6 * 9 * 12
    assert network.output.array_shape == (2, 2, 6)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("groups: 2", "groups: 5", r"net\.yaml:4: Layer 1: Convolution groups must divide the 24"),
        ("size: 2", "size: 3", r"net\.yaml:7: Layer 2: Pool size must divide the 4 x 4 map, not 3"),
        ("levels: 8", "level: 8", r"net\.yaml:3: Layer 0: thermometer must have the key 'levels'"),
        ("classes: 10", "classes: 0", r"net\.yaml:8: Head classes must be an integer >= 1, not 0"),
        ("bits: 7", "bit: 7", r"net\.yaml:1: Input must have the key 'bits'"),
        ("layers:", "layer:", r"net\.yaml:1: Network must have the key 'layers'"),
    ],
)
def test_a_fault_is_told_by_its_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        load_network(network_file(tmp_path, old, new))


def test_a_fault_of_an_override_names_the_override(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"^--set network\.layers\.1\.groups=5: Layer 1: Convolution groups must"
    ):
        load_network(network_file(tmp_path), ["network.layers.1.groups=5"])


def test_unknown_network_lists_the_known() -> None:
    with pytest.raises(
        UserError,
        match=r"^Network must be .* one of fbnn-1M, .*, fbnn-S, fbnn-XS, not 'x'$",
    ):
        load_network("x")
