# SPDX-License-Identifier: MIT
"""The files of `engram vectors`: every block, every format, the manifest, and refusals."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from golden.network import Network
from sim.vectors.blocks import BLOCKS
from sim.vectors.table import Field, Table
from verification.sim.vectors.written import Written

Engram = Callable[..., tuple[int, str, str]]


def write(engram: Engram, folder: Path, *arguments: object) -> Written:
    status, out, err = engram("vectors", *arguments, "--out", folder)
    assert (status, err) == (0, "")
    assert out.startswith(f"Written: {folder}: ")
    return Written(folder)


def contents(folder: Path) -> dict[str, bytes]:
    """Return all files; of the manifest all but the command."""
    found = {path.name: path.read_bytes() for path in folder.iterdir()}
    manifest = json.loads(found["manifest.json"])
    del manifest["command"]
    return found | {"manifest.json": json.dumps(manifest).encode()}


@pytest.mark.parametrize("block", BLOCKS)
def test_manifest_says_what_the_files_hold(engram: Engram, tmp_path: Path, block: str) -> None:
    read = write(engram, tmp_path / "out", block)
    assert (read.manifest["block"], read.manifest["seed"]) == (block, 0)
    assert read.manifest["count"] == BLOCKS[block].count
    roles = {table["role"] for table in read.tables.values()}
    assert {"stimulus", "expected"} <= roles
    constants = dict(
        line.removeprefix("localparam ").rstrip(";").split(" = ")
        for line in (tmp_path / "out" / "vectors.vh").read_text().splitlines()[1:]
    )
    for name, table in read.tables.items():
        words = (read.folder / table["file"]).read_text().split()
        assert len(words) == table["words"] == int(constants[f"{name.upper()}_WORDS"])
        assert {len(word) for word in words} <= {-(-table["width"] // 4)}
        assert all(int(word, 16) < 2 ** table["width"] for word in words)
        assert sum(field["width"] for field in table["fields"]) == table["width"]
        assert table["width"] == int(constants[f"{name.upper()}_WIDTH"])
    files = {table["file"] for table in read.tables.values()} | set(read.manifest["files"])
    assert {path.name for path in read.folder.iterdir()} == {*files, "manifest.json", "vectors.vh"}


def test_same_seed_gives_the_same_bytes_and_another_other_ones(
    engram: Engram, tmp_path: Path
) -> None:
    for name, seed in (("one", 3), ("two", 3), ("three", 4)):
        write(engram, tmp_path / name, "sampler", "--count", 20, "--seed", seed)
    one, two, three = (contents(tmp_path / name) for name in ("one", "two", "three"))
    assert one == two
    assert {name for name in one if one[name] != three[name]} >= {"beats.hex", "requests.hex"}


@pytest.mark.parametrize("block", ["sampler", "trainer", "head"])
def test_all_formats_hold_the_same_numbers(engram: Engram, tmp_path: Path, block: str) -> None:
    read = write(engram, tmp_path / "hex", block)
    write(engram, tmp_path / "json", block, "--format", "json")
    write(engram, tmp_path / "npz", block, "--format", "npz")
    arrays = np.load(tmp_path / "npz" / "vectors.npz", allow_pickle=False)
    for name, table in read.tables.items():
        rows = json.loads((tmp_path / "json" / f"{name}.json").read_text())
        assert [int(row.pop("word"), 16) for row in rows] == read.words(name)
        assert [tuple(int(v, 16) for v in row.values()) for row in rows] == read.rows(name)
        for place, field in enumerate(table["fields"]):
            values = [row[place] for row in read.rows(name)]
            array = arrays[f"{name}.{field['name']}"]
            if field["width"] > 64:
                array = [int.from_bytes(row.astype("<u8").tobytes(), "little") for row in array]
            assert [int(value) for value in array] == values


def test_another_format_takes_the_files_of_the_one_before_away(
    engram: Engram, tmp_path: Path
) -> None:
    write(engram, tmp_path, "xnor")
    (tmp_path / "mine.txt").touch()
    write(engram, tmp_path, "xnor", "--format", "npz")
    assert {path.name for path in tmp_path.iterdir()} == {
        "vectors.npz",
        "manifest.json",
        "mine.txt",
    }


def test_network_of_the_vectors_is_that_of_its_file(engram: Engram, tmp_path: Path) -> None:
    read = write(engram, tmp_path / "net", "network")
    network = Network.from_bytes((tmp_path / "net" / "network.bin").read_bytes())
    images = np.array(read.rows("pixels")).reshape(1, 28, 28, 1)
    embedding = network.forward(images)[0]
    assert read.words("layer6_conv") == [sum(int(b) << j for j, b in enumerate(embedding))]
    again = write(engram, tmp_path / "again", "network", "--network", tmp_path / "net/network.bin")
    assert again.words("layer6_conv") == read.words("layer6_conv")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("adder",), "BLOCK must be one of prototypes, selector, sampler, "),
        (("../xnor",), "BLOCK must be one of "),
        (("xnor", "--format", "bin"), "--format must be one of hex, json, npz, not 'bin'"),
        (("xnor", "--network", "cifar100"), "--network must go with the block network, not xnor"),
        (("network", "--network", "mine"), "--network must be a network file, a .yaml file or one"),
        (("xnor", "--config", "none.yaml"), "none.yaml cannot be read: no such file"),
    ],
)
def test_faulty_arguments_are_refused(
    engram: Engram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...], said: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    status, out, err = engram("vectors", *arguments)
    assert (status, out) == (2, "")
    assert err.startswith(f"engram: {said}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("block", "text", "said"),
    [
        ("xnor", "block: mvu", ":1: block must be 'xnor' as in the command line, not 'mvu'"),
        ("xnor", "parameters: {inputs: 0}", ":1: parameters: "),
        ("xnor", "parameters: {inputs: 99999}", ":1: parameters.inputs must be "),
        ("mvu", "parameters: {inputs: 5000}", ":1: parameters.inputs must be "),
        ("mvu", "parameters: {inputs: 1000, outputs: 9}", ": parameters.weight_depth must be at"),
        ("mvu", "parameters: {weight_reuse: 2}", ": parameters.weight_reuse must be 1, not 2: the"),
        ("mvu", "parameters: {outputs: 100}", ": parameters.weight_depth must be at least 100 for"),
        ("mvu", "parameters: {count_width: 5}", ": parameters.count_width must be at least 6 for"),
        (
            "trainer",
            "parameters: {forward_width: float, backward_width: float}",
            ": widths must be",
        ),
        ("network", "parameters: {}", "--config must be left out of the block network"),
        ("sampler", "parameters: {prototypes: {lanes: 99}}", ":1: parameters.prototypes: Sampler"),
    ],
)
def test_faulty_configurations_are_refused_with_their_line(
    engram: Engram, tmp_path: Path, block: str, text: str, said: str
) -> None:
    config = tmp_path / "block.yaml"
    config.write_text(text + "\n")
    status, out, err = engram("vectors", block, "--config", config, "--out", tmp_path / "out")
    assert (status, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_value_that_does_not_fit_its_field_is_an_error() -> None:
    table = Table(
        name="t", role="expected", fields=[Field("a", 3, ""), Field("b", 2, "", signed=True)],
        rows=[(7, -2), (8, 0)], use="",
    )  # fmt: skip
    with pytest.raises(ValueError, match=r"t\.a must fit 3 bits, not 8"):
        _ = table.words
    assert Table(**{**vars(table), "rows": table.rows[:1]}).words == [0b10111]
