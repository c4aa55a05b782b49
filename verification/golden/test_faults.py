# SPDX-License-Identifier: MIT
"""Faulty cells: their words by arithmetic of plain integers, their share, planes and order."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from golden.bits import pack, unpack
from golden.conv import Conv
from golden.dense import Dense
from golden.faults import Faults, ProtectedFaults, ReadErrors
from golden.latent_buffer import LatentBuffer
from golden.network import Network
from golden.params import (
    FaultParams,
    FaultyMemory,
    LatentBufferParams,
    NetworkParams,
    PrototypesParams,
    SamplerParams,
)
from golden.params.sampling import splitmix
from golden.prototypes import Prototypes
from golden.sampler import Sampler
from verification.golden.test_network import TINY
from verification.golden.third import Third

GAMMA, MASK = 0x9E3779B97F4A7C15, 2**64 - 1


def plain_mix(z):
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
    return z ^ z >> 31


def faults(threshold=2**31, lanes=4, width=3, die=7, memory: int = 0, **more):
    return Faults(
        FaultParams(die=die, memory=memory, threshold=threshold, lanes=lanes, width=width, **more)
    )


def plain_read(code, *, row, lane, p):
    """One code through its cells, bit by bit, as the contract says it."""
    key = plain_mix(p.die + (p.memory + 1) * GAMMA & MASK)
    for bit in range(p.width):
        cell = row * p.lanes * p.width + lane * p.width + bit
        word = plain_mix(key + (cell + 1) * GAMMA & MASK)
        if p.width - 1 - bit in p.failing_planes and word >> 32 < p.threshold:
            code = code & ~(1 << bit) | (word & 1) << bit
    return code


def test_the_words_are_those_of_splitmix64():
    # The first outputs of SplitMix64 from the state 1234567, published with the generator.
    published = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    assert [splitmix(1234567, step) for step in range(3)] == published
    assert splitmix(1234567, np.arange(3, dtype=np.uint64)).tolist() == published


@pytest.mark.parametrize("features", [1, 4, 10])
@pytest.mark.parametrize("planes", [None, (0,), (1, 2), ()])
@pytest.mark.parametrize("die", [0, 7, MASK])
def test_every_code_reads_as_its_cells_do(features, planes, die):
    block = faults(planes=planes, die=die)
    codes = np.random.default_rng(1).integers(0, 8, (5, features)).astype(np.uint16)
    read = block.read(codes, first=3)
    rows = -(-features // 4)
    for vector in range(5):
        for j in range(features):
            row = (3 + vector) * rows + j // 4
            expected = plain_read(int(codes[vector, j]), row=row, lane=j % 4, p=block.params)
            assert read[vector, j] == expected
    assert read.dtype == codes.dtype


def test_where_a_vector_lies_does_not_depend_on_what_is_read_with_it():
    codes = np.random.default_rng(2).integers(0, 8, (6, 10)).astype(np.uint16)
    together = faults().read(codes)
    for place in range(6):
        np.testing.assert_array_equal(
            faults().read(codes[place : place + 1], place)[0], together[place]
        )


def test_faults_grow_with_the_threshold_and_never_move():
    lower = faults(threshold=2**28).cells(0, 50, 64)
    higher = faults(threshold=2**30).cells(0, 50, 64)
    assert not (lower.failing & ~higher.failing).any()
    np.testing.assert_array_equal(higher.stuck & lower.failing, lower.stuck)
    assert np.bitwise_count(higher.failing).sum() > 2 * np.bitwise_count(lower.failing).sum()


@pytest.mark.parametrize(
    ("threshold", "share"), [(0, 0), (2**32, 1), (2**31, 0.5), (2**25, 1 / 128)]
)
def test_the_share_of_cells_that_fail_and_of_ones_among_them(threshold, share):
    cells = faults(threshold=threshold, lanes=64, width=8).cells(0, 100, 512)
    total = 100 * 512 * 8
    failing = int(np.bitwise_count(cells.failing).sum())
    ones = int(np.bitwise_count(cells.stuck).sum())
    # Five standard deviations of a binomial number.
    assert abs(failing - share * total) <= 5 * np.sqrt(total * share * (1 - share))
    assert abs(ones - failing / 2) <= 5 * np.sqrt(failing / 4)


def test_memories_and_dice_fail_elsewhere():
    maps = [
        faults(die=die, memory=memory).cells(0, 20, 64).failing
        for die in (0, 1)
        for memory in (FaultyMemory.PROTOTYPES, FaultyMemory.EXEMPLARS)
    ]
    for one in range(4):
        for other in range(one):
            assert (maps[one] != maps[other]).any()


@pytest.mark.parametrize(("width", "kind"), [(8, np.int8), (16, np.int16)])
def test_two_s_complement_keeps_its_dtype(width, kind):
    block = faults(width=width)
    codes = (
        np.random.default_rng(3)
        .integers(-(2 ** (width - 1)), 2 ** (width - 1), (9, 10))
        .astype(kind)
    )
    unsigned = block.read(codes.view(f"u{width // 8}"))
    np.testing.assert_array_equal(block.read(codes).view(unsigned.dtype), unsigned)
    assert (block.read(codes) < 0).any()


def prototypes(components=6):
    return PrototypesParams(
        features=10, code_width=3, lanes=4, components=components, classes=3, class_components=2
    )


def filled(params, faults=None):
    block = Prototypes(params, faults)
    codes = np.random.default_rng(4).integers(0, 8, (4, 10))
    assert block.append(codes[:2], [30000])
    assert block.append(codes[2:], [20000])
    return block, codes


def test_a_memory_of_prototypes_reads_as_its_cells_do_wherever_a_class_lies():
    block, codes = filled(prototypes(), faults())
    expected = faults().read(codes.astype(np.uint16))
    np.testing.assert_array_equal(block.codes_of(0), expected[:2])
    np.testing.assert_array_equal(block.codes_of(1), expected[2:])
    assert (expected != codes).any()
    assert block.write(0, codes[2:], [1])
    np.testing.assert_array_equal(block.codes_of(0), faults().read(codes[2:].astype(np.uint16)))
    again = Prototypes(prototypes(), faults())
    again.load_state(block.state_dict())
    assert again.rows() == block.rows()


@pytest.mark.parametrize("planes", [1, 2])
def test_a_memory_of_protected_words_goes_on_from_its_state(planes):
    def failing():
        p = faults(threshold=round(0.3 * 2**32)).params
        return ProtectedFaults(p, planes)

    block, codes = filled(prototypes(), failing())
    again = Prototypes(prototypes(), failing())
    again.load_state(block.state_dict())
    assert again.rows() == block.rows()
    for memory in (block, again):
        memory.append(codes[:1])
    assert again.rows() == block.rows()


@pytest.mark.parametrize(("lanes", "width"), [(4, 8), (8, 3)])
def test_faults_of_other_rows_are_refused(lanes, width):
    with pytest.raises(ValueError, match="Faults must be of rows of 4 codes of 3 bits, not of"):
        Prototypes(prototypes(), faults(lanes=lanes, width=width))


def test_faults_of_other_exemplars_are_refused():
    params = LatentBufferParams(features=10, lanes=4, classes=2, exemplars=2)
    with pytest.raises(ValueError, match="Faults must be of rows of 4 codes of 1 bits"):
        LatentBuffer(params, faults(lanes=4, width=3))


def test_without_faults_every_bit_is_as_before():
    assert filled(prototypes(), faults(threshold=0))[0].rows() == filled(prototypes())[0].rows()


def test_a_sampler_draws_from_what_its_memory_reads():
    params = SamplerParams(prototypes=prototypes(), seed=5)
    codes = np.random.default_rng(6).integers(0, 8, (1, 10))
    failing, sound = Sampler(params, faults()), Sampler(params)
    failing.prototypes.append(codes)
    sound.prototypes.append(faults().read(codes.astype(np.uint16)))
    np.testing.assert_array_equal(failing.draw([0] * 50)[0], sound.draw([0] * 50)[0])


@pytest.mark.parametrize("repeats", [1, 2])
def test_every_read_of_prototypes_has_errors_of_its_own_that_its_draws_share(repeats):
    # Codes of one bit: draws are what was read.
    p = PrototypesParams(
        features=10, code_width=1, lanes=4, components=1, classes=1, class_components=1
    )
    given = {"threshold": 2**30, "width": 1}
    block = Sampler(
        SamplerParams(prototypes=p, draws_per_read=repeats),
        None,
        ReadErrors(faults(**given).params),
    )
    codes = np.random.default_rng(6).integers(0, 2, (1, 10))
    block.prototypes.append(codes)
    drawn = unpack(block.draw([0] * 30)[0], 10).reshape(30, repeats, 10)
    words = faults(memory=2**15, **given).params
    for request in range(30):
        for j in range(10):
            row = request * 3 + j // 4
            expected = plain_read(int(codes[0, j]), row=row, lane=j % 4, p=words)
            assert (drawn[request, :, j] == expected).all()
    assert (drawn != codes).any(axis=0).any()
    assert (drawn == codes).mean() > 0.8


def test_every_read_of_an_exemplar_has_errors_of_its_own_and_goes_on_from_its_state():
    params = LatentBufferParams(features=10, lanes=4, classes=2, exemplars=2)
    given = {"threshold": 2**30, "width": 1, "memory": FaultyMemory.EXEMPLARS}

    def empty():
        return LatentBuffer(params, None, ReadErrors(faults(**given).params))

    block, again = empty(), empty()
    bits = np.random.default_rng(7).integers(0, 2, (1, 10)).astype(np.uint8)
    block.learn(pack(bits), [1])
    drawn = unpack(block.draw([1] * 6)[0], 10)
    again.load_state(block.state_dict())
    for one in (block, again):
        beats = [beat.bits for beat in one.beats(1)]
        late = sum(word << 4 * place for place, word in enumerate(beats))
        expected = [*drawn, [late >> j & 1 for j in range(10)]]
        words = faults(**{**given, "memory": 2**15 + 1}).params
        for request, vector in enumerate(expected):
            for j in range(10):
                row = request * 3 + j // 4
                assert vector[j] == plain_read(int(bits[0, j]), row=row, lane=j % 4, p=words)
    assert (drawn != bits).any()


def test_errors_of_other_rows_are_refused():
    with pytest.raises(ValueError, match="Faults must be of rows of 4 codes of 3 bits, not of"):
        Sampler(SamplerParams(prototypes=prototypes()), None, ReadErrors(faults(lanes=8).params))
    with pytest.raises(ValueError, match="Number of a memory that is read must be an integer in 0"):
        ReadErrors(faults(memory=2**15).params)


def test_weights_of_a_network_read_as_one_row_a_layer():
    net = Network.random(NetworkParams.from_description(TINY), np.random.default_rng(1))
    failing = net.failing(7, 2**30)
    for y, (layer, sound) in enumerate(zip(failing.layers, net.layers, strict=True)):
        if not isinstance(sound, Conv | Dense):
            assert layer is sound
            continue
        assert isinstance(layer, Conv | Dense)
        p = FaultParams(die=7, memory=16 + y, threshold=2**30, lanes=1)
        flat = sound.weights.reshape(-1).tolist()
        expected = [plain_read(bit, row=n, lane=0, p=p) for n, bit in enumerate(flat)]
        assert layer.weights.reshape(-1).tolist() == expected
        assert expected != flat
        np.testing.assert_array_equal(layer.thresholds, sound.thresholds)
    assert failing.head is net.head
    assert net.failing(7, 0).to_bytes() == net.to_bytes()


#: A shuffle is left to later weights, behind a pool and before dense neurons; one is not.
FOLDED = {
    "head": {"classes": 4, "hidden": 0},
    "input": {"bits": 3, "channels": 2, "height": 4, "width": 6},
    "layers": [
        {"kind": "thermometer", "levels": 3},
        {"kind": "conv", "outputs": 12, "groups": 3, "shuffle": True, "thresholds": True},
        {"kind": "pool", "size": 2},
        {"kind": "conv", "outputs": 8, "groups": 1, "shuffle": True},
        {"kind": "conv", "outputs": 10, "groups": 2, "shuffle": True},
        {"kind": "dense", "outputs": 9, "thresholds": True},
    ],
}
#: The last map has pixels, and its shuffle is done.
MAP_TO_HEAD = {
    "head": {"classes": 3, "hidden": 11},
    "input": {"bits": 3, "channels": 2, "height": 4, "width": 6},
    "layers": [
        {"kind": "thermometer", "levels": 3},
        {"kind": "conv", "outputs": 9, "groups": 3, "shuffle": True, "thresholds": True},
        {"kind": "pool", "size": 2},
    ],
}


def plain_cell(memory, n, p):
    """What a cell reads as where it fails, else None."""
    low, high = (
        plain_read(bit, row=n, lane=0, p=replace(p, memory=memory, lanes=1)) for bit in (0, 1)
    )
    return low if low == high else None


@pytest.mark.parametrize("lanes", [1, 4, 8, 64])
@pytest.mark.parametrize("description", [TINY, FOLDED, MAP_TO_HEAD])
def test_failing_maps_and_logits_equal_the_third_implementation(description, lanes):
    net = Network.random(NetworkParams.from_description(description), np.random.default_rng(1))
    failing = net.failing_maps(7, 2**29, lanes)
    assert failing.head is not None
    third = Third(net.to_bytes())
    images = np.random.default_rng(2).integers(0, 8, (3, 4, 6, 2))
    maps, embeddings = list(failing.maps(images)), failing.forward(images)
    logits = failing.head.logits(embeddings)
    p = faults(threshold=2**29, width=1).params
    for i, image in enumerate(images.tolist()):
        expected, of_head = third.run(image, lambda memory, n: plain_cell(memory, n, p), lanes)
        for ours, theirs in zip(maps, expected, strict=True):
            assert (2 * ours[i].astype(int) - 1).tolist() == theirs
        assert logits[i].tolist() == of_head
    for ours, sound in zip(maps, net.maps(images), strict=True):
        assert (ours != sound).any()


def test_a_map_cell_that_fails_does_so_in_every_map_of_its_memory():
    net = Network.random(NetworkParams.from_description(TINY), np.random.default_rng(1))
    shapes = [layer.output for layer in net.params.layers]
    # With as many lanes as any pixel has channels, position s of pixel p is bit s of row p.
    cells = net.failing_maps(7, 2**29, 9).map_cells
    failing = [
        c.failing.reshape(-1, s.channels) for c, s in zip(cells, shapes, strict=True)
    ]  # fmt: skip
    shared = 0
    for memory in (0, 1):
        for one, other in combinations(failing[memory::2], 2):
            pixels, channels = np.minimum(one.shape, other.shape)
            a, b = one[:pixels, :channels], other[:pixels, :channels]
            np.testing.assert_array_equal(a, b)
            shared += int(a.sum())
    assert shared > 4


def test_the_embedding_is_read_through_the_cells_of_both_memories_by_a_hidden_head():
    net = Network.random(NetworkParams.from_description(MAP_TO_HEAD), np.random.default_rng(1))
    failing = net.failing_maps(7, 2**29, 4).head
    assert failing is not None
    assert failing.cells is not None
    # Three layers, so z lies in memory 1: 11 hidden bits in rows 0 to 2, then 6 pixels.
    p = FaultParams(die=7, memory=1025, threshold=2**29, lanes=4)
    rows = Faults(p).cells(0, 3 + 6 * 3, 4).failing.reshape(-1)
    expected = [*rows[:11], *(rows[12 + 12 * pixel + c] for pixel in range(6) for c in range(9))]
    assert failing.cells.failing.tolist() == expected


def test_no_failing_map_cell_changes_nothing_and_weights_fail_beside_maps():
    net = Network.random(NetworkParams.from_description(TINY), np.random.default_rng(1))
    images = np.random.default_rng(2).integers(0, 8, (3, 4, 6, 2))
    none, failing = net.failing_maps(7, 0), net.failing_maps(7, 2**29)
    assert none.head is not None
    assert net.head is not None
    x = net.forward(images)
    np.testing.assert_array_equal(none.forward(images), x)
    np.testing.assert_array_equal(none.head.logits(x), net.head.logits(x))
    both = [net.failing(7, 2**31).failing_maps(7, 2**29), failing.failing(7, 2**31)]
    np.testing.assert_array_equal(both[0].forward(images), both[1].forward(images))
    assert (both[0].forward(images) != failing.forward(images)).any()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"die": -1}, r"Die must be an integer in 0\.\.18446744073709551615, not -1"),
        ({"threshold": 2**32 + 1}, r"Threshold T of faults must be .* 0\.\.4294967296"),
        ({"lanes": 0}, "Lanes must be an integer >= 1, not 0"),
        ({"width": 33}, r"Width of a code must be an integer in 1\.\.32, not 33"),
        ({"planes": (3,)}, r"Plane must be an integer in 0\.\.2, not 3"),
        ({"memory": -1}, r"Number of a memory must be an integer in 0\.\.65535, not -1"),
    ],
)
def test_parameters_say_what_is_wrong(given, message):
    with pytest.raises(ValueError, match=message):
        faults(**given)
