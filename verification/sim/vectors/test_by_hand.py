# SPDX-License-Identifier: MIT
"""Vectors of the layers, held to loops written from the contract."""

import math
from pathlib import Path

import numpy as np
import pytest

from sim.vectors.blocks import make_vectors
from sim.vectors.formats import vector_files
from sim.vectors.settings import load_weights
from verification.sim.vectors.written import Written, written

NETWORK = """\
input: {height: 6, width: 6, channels: 2, bits: 3}
layers:
  - {kind: thermometer, levels: 3}
  - {kind: conv, outputs: 8, groups: 2, shuffle: true, thresholds: true}
  - {kind: pool, size: 2}
  - {kind: dense, outputs: 12}
head: {classes: 3, hidden: 5}
"""


def bits(word: int, n: int) -> list[int]:
    return [word >> j & 1 for j in range(n)]


def dot(x: list[int], w: list[int]) -> int:
    return sum(1 if a == b else -1 for a, b in zip(x, w, strict=True))


def code(pixel: int, width: int, levels: int) -> list[int]:
    """Return the thermometer code of a pixel (contract, 3)."""
    return [int(pixel >= math.ceil((2 * j + 1) * 2**width / (2 * levels))) for j in range(levels)]


def test_sums_of_xnor_are_those_of_a_loop(tmp_path: Path) -> None:
    read = written(tmp_path, "xnor", 30, "{inputs: 37}")
    for (x, w), (agree, sums) in zip(read.rows("pairs"), read.rows("sums"), strict=True):
        assert sums == dot(bits(x, 37), bits(w, 37))
        assert sums == 2 * agree - 37
    assert read.rows("sums")[:2] == [(37, 37), (0, -37)]


def test_components_are_those_of_the_registers_words(tmp_path: Path) -> None:
    read = written(tmp_path, "selector", 50)
    z = (1 + 18 * 0x9E3779B97F4A7C15) % 2**64  # seed of stream 17 (contract, 4)
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ z >> 27) * 0x94D049BB133111EB % 2**64
    state = z ^ z >> 31
    for (count, thresholds), component in zip(
        read.rows("mixtures"), read.column("components"), strict=True
    ):
        word = state % 2**16
        chosen = sum(thresholds >> 16 * i & 0xFFFF <= word for i in range(count - 1))
        assert component == chosen
        for _ in range(16):
            f = (state >> 61 ^ state >> 60 ^ state >> 35 ^ state >> 63) & 1
            state = (state << 1 | f) % 2**64
    assert len(set(read.column("components"))) == 3


def test_codes_are_those_of_the_thermometer(tmp_path: Path) -> None:
    read = written(tmp_path, "thermometer", 4)
    for pixel, word in zip(read.rows("pixels"), read.words("codes"), strict=True):
        assert bits(word, 48) == [bit for colour in pixel for bit in code(colour, 7, 16)]


def test_pooled_maps_are_ors_of_windows(tmp_path: Path) -> None:
    read = written(tmp_path, "pool", 3)
    inputs = np.array(read.words("inputs")).reshape(3, 8, 6)
    outputs = np.array(read.words("outputs")).reshape(3, 4, 3)
    for image, row, column in np.ndindex(outputs.shape):
        window = inputs[image, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
        assert outputs[image, row, column] == np.bitwise_or.reduce(window.ravel())


def test_answers_of_the_head_are_those_of_loops(tmp_path: Path) -> None:
    read = written(tmp_path, "head", 25)
    check_head(read, [row[0] for row in read.rows("embeddings")], 50, 20)
    for logits, (_, seen), answer in zip(
        read.rows("logits"), read.rows("embeddings"), read.column("classes"), strict=True
    ):
        among = logits[:seen]
        assert answer == among.index(max(among))


def check_head(read: Written, embeddings: list[int], features: int, hidden: int) -> None:
    weights = [bits(word, features) for word in read.words("hidden_weights")]
    planes = [
        [bits(word, hidden + features) for word in read.words(name)]
        for name in ("plane_a", "plane_b")
    ]
    for word, h, logits in zip(embeddings, read.words("hidden"), read.rows("logits"), strict=True):
        x = bits(word, features)
        found = [int(dot(x, w) >= 0) for w in weights]
        assert bits(h, hidden) == found
        z = found + x
        assert list(logits) == [dot(z, a) + dot(z, b) for a, b in zip(*planes, strict=True)]


@pytest.fixture
def network(tmp_path: Path) -> Written:
    (tmp_path / "net.yaml").write_text(NETWORK)
    golden = load_weights(str(tmp_path / "net.yaml"), 4)
    vectors = make_vectors("network", {"network": golden}, 2, 4)
    for name, content in vector_files(vectors, "hex", {}).items():
        data = content if isinstance(content, bytes) else content.encode()
        (tmp_path / name).write_bytes(data)
    return Written(tmp_path)


def test_maps_of_every_layer_are_those_of_loops(network: Written) -> None:
    images = np.array(network.rows("pixels")).reshape(2, 6, 6, 2)
    codes = [[code(colour, 3, 3) for colour in pixel] for pixel in images.reshape(-1, 2).tolist()]
    first = np.array(codes).reshape(2, 6, 6, 6)
    assert maps(network, "layer0_thermometer", 6).tolist() == first.reshape(-1, 6).tolist()
    weights = [bits(word, 27) for word in network.words("layer1_weights")]
    padded = np.zeros((2, 8, 8, 6), int)
    padded[:, 1:7, 1:7] = first
    second = np.zeros((2, 6, 6, 8), int)
    for image, row, column, output in np.ndindex(second.shape):
        group, place = divmod(output, 4)
        window = padded[image, row : row + 3, column : column + 3, 3 * group : 3 * group + 3]
        theta, polarity = network.rows("layer1_thresholds")[output]
        fires = dot(window.ravel().tolist(), weights[output]) >= theta
        second[image, row, column, place * 2 + group] = int(fires == bool(polarity))
    assert maps(network, "layer1_conv", 8).tolist() == second.reshape(-1, 8).tolist()
    third = second.reshape(2, 3, 2, 3, 2, 8).max(axis=(2, 4))
    assert maps(network, "layer2_pool", 8).tolist() == third.reshape(-1, 8).tolist()
    dense = [bits(word, 72) for word in network.words("layer3_weights")]
    last = [[int(dot(flat, w) >= 0) for w in dense] for flat in third.reshape(2, 72).tolist()]
    assert maps(network, "layer3_dense", 12).tolist() == last
    check_head(network, network.words("layer3_dense"), 12, 5)


def maps(read: Written, name: str, channels: int) -> np.ndarray:
    return np.array([bits(word, channels) for word in read.words(name)])
