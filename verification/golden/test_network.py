# SPDX-License-Identifier: MIT
"""Whole networks against a third implementation, and the network file against a second writer."""

import copy
import hashlib
import json
import struct
from typing import Any

import numpy as np
import pytest

from golden.dense import Dense
from golden.head import Head
from golden.network import Network
from golden.params import DenseParams, NetworkParams
from golden.thermometer import Thermometer
from verification.golden.third import Third

TINY = {
    "head": {"classes": 4, "hidden": 3},
    "input": {"bits": 3, "channels": 2, "height": 4, "width": 6},
    "layers": [
        {"kind": "thermometer", "levels": 3},
        {"kind": "conv", "groups": 1, "kernel": 3, "outputs": 4, "padding": "same",
         "shuffle": False, "thresholds": False},
        {"kind": "conv", "groups": 2, "kernel": 3, "outputs": 6, "padding": "same",
         "shuffle": True, "thresholds": True},
        {"kind": "pool", "size": 2},
        {"kind": "conv", "groups": 6, "kernel": 2, "outputs": 6, "padding": "valid",
         "shuffle": False, "thresholds": True},
        {"kind": "dense", "outputs": 9, "thresholds": True},
        {"kind": "dense", "outputs": 5, "thresholds": False},
    ],
}  # fmt: skip

DENSE = {
    "head": {"classes": 2, "hidden": 1},
    "input": {"bits": 1, "channels": 1, "height": 1, "width": 2},
    "layers": [
        {"kind": "thermometer", "levels": 1},
        {"kind": "dense", "outputs": 3, "thresholds": True},
    ],
}


def network(description=TINY, seed=0) -> Any:
    params = NetworkParams.from_description(description)
    return Network.random(params, np.random.default_rng(seed))


def written(description, sections):
    """The file of section 9, put together by hand."""
    text = json.dumps(description, sort_keys=True, separators=(",", ":")).encode("utf-8")
    while (16 + len(text)) % 8:
        text += b" "
    body = b"ENGRAMNN" + struct.pack("<II", 1, len(text)) + text + sections
    return body + hashlib.sha256(body).digest()


def resealed(data):
    """The same file with its digest made right."""
    return data[:-32] + hashlib.sha256(data[:-32]).digest()


@pytest.mark.parametrize("seed", range(4))
def test_every_map_and_logit_equals_the_third_implementation(seed):
    net = network(seed=seed)
    third: Any = Third(net.to_bytes())
    images = np.random.default_rng(seed).integers(0, 8, (3, 4, 6, 2))
    maps = list(net.maps(images))
    embeddings = net.forward(images)
    logits = net.head.logits(embeddings)
    for i, image in enumerate(images.tolist()):
        expected, expected_logits = third.run(image)
        for ours, theirs in zip(maps, expected, strict=True):
            assert (2 * ours[i].astype(int) - 1).tolist() == theirs
        assert logits[i].tolist() == expected_logits
        best = max(range(3), key=lambda c, row=expected_logits: (row[c], -c))
        assert net.head.classify(embeddings[i], 3) == best
    assert third.at == len(third.data) - 32


def test_leading_axes_of_images_stay():
    net = network()
    images = np.random.default_rng(1).integers(0, 8, (2, 3, 4, 6, 2))
    embeddings = net.forward(images)
    assert embeddings.shape == (2, 3, 5)
    assert np.array_equal(embeddings[1, 2], net.forward(images[1, 2]))


def test_file_has_the_bytes_that_the_contract_says():
    params: Any = NetworkParams.from_description(DENSE)
    dense = Dense(
        DenseParams(inputs=2, outputs=3, thresholds=True),
        np.array([[1, 0], [0, 0], [1, 1]], np.uint8),
        np.array([-1, 258, 0], np.int32),
        np.array([0, 1, 1], np.uint8),
    )
    head = Head(
        params.head,
        np.array([[0, 1, 1]], np.uint8),
        np.array([[1, 0, 0, 0], [0, 1, 0, 1]], np.uint8),
        np.array([[0, 0, 0, 0], [1, 1, 1, 1]], np.uint8),
    )
    net = Network(params, [Thermometer(params.layers[0]), dense], head)
    sections = (
        bytes([0b110001, 0, 0, 0, 0, 0, 0, 0])
        + bytes([0xFF, 0xFF, 0xFF, 0xFF, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
        + bytes([0b110, 0, 0, 0, 0, 0, 0, 0])
        + bytes([0b110, 0, 0, 0, 0, 0, 0, 0])
        + bytes([0b10100001, 0, 0, 0, 0, 0, 0, 0])
        + bytes([0b11110000, 0, 0, 0, 0, 0, 0, 0])
    )
    assert net.to_bytes() == written(DENSE, sections)


@pytest.mark.parametrize("head", [None, {"classes": 3, "hidden": 0}, {"classes": 70, "hidden": 5}])
def test_file_round_trip_keeps_every_array(head):
    net = network({**TINY, "head": head}, seed=2)
    data = net.to_bytes()
    back: Any = Network.from_bytes(data)
    assert back.to_bytes() == data
    assert back.params == net.params
    images = np.random.default_rng(2).integers(0, 8, (5, 4, 6, 2))
    assert np.array_equal(back.forward(images), net.forward(images))
    for ours, theirs in zip(back.layers, net.layers, strict=True):
        for name in ("weights", "thresholds", "polarity"):
            array: Any = getattr(theirs, name, None)
            assert np.array_equal(getattr(ours, name, array), array)
            assert hasattr(ours, name) == hasattr(theirs, name)


def test_every_cut_and_every_flipped_byte_is_refused():
    data = network(DENSE).to_bytes()
    for size in range(len(data)):
        with pytest.raises(ValueError, match="must"):
            Network.from_bytes(data[:size])
    for at in range(len(data)):
        damaged = bytearray(data)
        damaged[at] ^= 0x10
        with pytest.raises(ValueError, match="must"):
            Network.from_bytes(bytes(damaged))


def changed(edit):
    """The file of a description that `edit` has changed, its arrays as before."""
    description = copy.deepcopy(DENSE)
    edit(description)
    return written(description, network(DENSE).to_bytes()[-32 - 56 : -32])


def test_other_kinds_of_file_are_named():
    data = network(DENSE).to_bytes()
    with pytest.raises(ValueError, match="must be at least 48 bytes, not 5: cut short"):
        Network.from_bytes(b"12345")
    with pytest.raises(ValueError, match="must begin with b'ENGRAMNN', not b'engramNN'"):
        Network.from_bytes(b"engram" + data[6:])
    with pytest.raises(ValueError, match="Version of the network file must be 1, not 2"):
        Network.from_bytes(data[:8] + b"\2" + data[9:])
    with pytest.raises(
        ValueError, match="Description must end on a multiple of 8 bytes, not 3 bytes long"
    ):
        Network.from_bytes(data[:12] + b"\3\0\0\0" + data[16:])
    with pytest.raises(
        ValueError, match=r"must hold the 65536 bytes of its description, not \d+ bytes in all"
    ):
        Network.from_bytes(data[:12] + b"\0\0\1\0" + data[16:])


def test_a_wrong_size_is_named():
    data = network(DENSE).to_bytes()
    size = len(data)
    with pytest.raises(
        ValueError, match=rf"must be {size} bytes by its description, not {size - 8}: cut short"
    ):
        Network.from_bytes(data[:-8])
    with pytest.raises(
        ValueError, match=rf"must be {size} bytes by its description, not {size + 1}: too long"
    ):
        Network.from_bytes(data + b"\0")
    with pytest.raises(ValueError, match=r"bytes by its description, not \d+: cut short, or the d"):
        Network.from_bytes(changed(lambda d: d["layers"][1].update(outputs=300)))


def test_a_flipped_bit_of_a_weight_is_named():
    data = bytearray(network(DENSE).to_bytes())
    data[-80] ^= 1
    with pytest.raises(
        ValueError, match=r"must end in the SHA-256 of its first \d+ bytes: a byte is damaged"
    ):
        Network.from_bytes(bytes(data))


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda d: d.pop("input"), "Network must have the key 'input'"),
        (lambda d: d.update(extra=1), "must have no keys but input, layers, head, not 'extra'"),
        (lambda d: d["input"].update(bits="7"), "Pixel bits b must be an integer in 1..16"),
        (lambda d: d["layers"][1].update(bias=1), "Layer 1: dense must have no keys but"),
        (lambda d: d["layers"][1].update(kind=[1]), "Layer 1: kind must be one of thermometer"),
        (lambda d: d["layers"].reverse(), "Network layers must begin with a thermometer"),
    ],
)
def test_a_description_that_does_not_fit_is_named(edit, message):
    with pytest.raises(ValueError, match="Description of the network file must be valid: .*") as e:
        Network.from_bytes(changed(edit))
    assert message in str(e.value)


@pytest.mark.parametrize("text", [b"[1, 2]", b"{" + b" " * 7, b"\xff" * 8, b"[" * 200_000])
def test_a_description_that_is_no_json_object_is_refused(text):
    text = text.ljust(-(-len(text) // 8) * 8)
    data = b"ENGRAMNN" + struct.pack("<II", 1, len(text)) + text + bytes(32)
    with pytest.raises(ValueError, match="Description of the network file must be valid"):
        Network.from_bytes(data)


def test_a_description_written_otherwise_is_refused():
    sections = network(DENSE).to_bytes()[-32 - 56 : -32]
    shorter = copy.deepcopy(DENSE)
    del shorter["head"]["hidden"]  # has a default elsewhere, not in a file
    shorter["head"]["classes"] = 2
    for text in (json.dumps(DENSE).encode(), json.dumps(shorter, separators=(",", ":")).encode()):
        text += b" " * (-len(text) % 8)
        body = b"ENGRAMNN" + struct.pack("<II", 1, len(text)) + text + sections
        with pytest.raises(
            ValueError, match="must hold every key once, sorted, without white space, not"
        ):
            Network.from_bytes(body + hashlib.sha256(body).digest())


@pytest.mark.parametrize(
    ("section", "name"),
    [
        (0, "weights of layer 1"),
        (2, "thresholds of layer 1"),
        (3, "polarities of layer 1"),
        (4, "hidden weights of the head"),
        (5, "plane a of the head"),
        (6, "plane b of the head"),
    ],
)
def test_an_unused_bit_that_is_1_is_named(section, name):
    data = bytearray(network(DENSE).to_bytes())
    data[-32 - 56 + 8 * section + 7] |= 0x80
    with pytest.raises(ValueError, match=rf"Unused bits of the {name} must be 0, at byte \d+"):
        Network.from_bytes(resealed(bytes(data)))


def test_layers_that_are_not_those_of_the_parameters_are_refused():
    net, other = network(), network(DENSE)
    with pytest.raises(ValueError, match="Network must have 7 layers, not 6"):
        Network(net.params, net.layers[:-1], net.head)
    with pytest.raises(ValueError, match=r"Layer 6 must have DenseParams\(.*, not DenseParams\("):
        Network(net.params, [*net.layers[:-1], other.layers[1]], net.head)
    with pytest.raises(ValueError, match=r"Head must have HeadParams\(.*, not None"):
        Network(net.params, net.layers)
    with pytest.raises(ValueError, match="Head must have None, not HeadParams"):
        Network(NetworkParams.from_description({**TINY, "head": None}), net.layers, net.head)


def test_random_networks_repeat_by_seed_and_use_the_whole_range():
    assert network(seed=3).to_bytes() == network(seed=3).to_bytes()
    assert network(seed=3).to_bytes() != network(seed=4).to_bytes()
    wide = {**DENSE, "layers": [DENSE["layers"][0], {**DENSE["layers"][1], "outputs": 500}]}
    dense = network(wide).layers[1]
    assert 0.4 < dense.weights.mean() < 0.6
    assert 0.4 < dense.polarity.mean() < 0.6
    assert set(dense.thresholds.tolist()) == {-1, 0, 1}
