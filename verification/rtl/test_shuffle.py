# SPDX-License-Identifier: MIT

from typing import Any

import numpy as np
import pytest

from golden.conv import Conv
from golden.params import ConvParams, MapShape, NetworkParams
from rtl.program import compile_network
from rtl.shuffle import channels_as_stored, moves_channels, shuffle_is_folded
from verification.rtl.networks import build, machine

SHUFFLED: dict[str, Any] = {"kind": "conv", "outputs": 12, "groups": 3, "shuffle": True}
POOL: dict[str, Any] = {"kind": "pool", "size": 2}


def params_of(*layers: dict[str, Any]) -> NetworkParams:
    return NetworkParams.from_description({
        "input": {"bits": 3, "channels": 2, "height": 4, "width": 4},
        "layers": [{"kind": "thermometer", "levels": 6}, *layers],
    })  # fmt: skip


@pytest.mark.parametrize("outputs", [6, 12])
@pytest.mark.parametrize("groups", [1, 2, 3, 6])
def test_stored_channels_are_those_that_golden_shuffles(outputs: int, groups: int) -> None:
    pixel = MapShape(height=1, width=1, channels=6)
    rng = np.random.default_rng(groups)
    x = rng.integers(0, 2, (50, 1, 1, 6), np.uint8)
    plain, shuffled = (
        ConvParams(input=pixel, outputs=outputs, kernel=1, groups=groups, shuffle=shuffle)
        for shuffle in (False, True)
    )
    weights = rng.integers(0, 2, plain.weight_shape, np.uint8)
    found, wanted = Conv(plain, weights).forward(x), Conv(shuffled, weights).forward(x)
    order = channels_as_stored(shuffled)
    assert np.array_equal(found, wanted[..., order])
    assert not moves_channels(plain)
    assert moves_channels(shuffled) == (order.tolist() != list(range(outputs)))


@pytest.mark.parametrize(
    ("later", "folded"),
    [
        ([{"kind": "conv", "outputs": 4}], True),
        ([POOL, POOL, {"kind": "conv", "outputs": 4, "kernel": 1}], True),
        ([{"kind": "dense", "outputs": 4}], True),
        ([POOL, {"kind": "dense", "outputs": 4}], True),
        ([{"kind": "conv", "outputs": 4, "groups": 2}, {"kind": "dense", "outputs": 4}], False),
        ([POOL, {"kind": "conv", "outputs": 12, "groups": 12}], False),
        ([POOL], False),
        ([], False),
    ],
)
def test_a_shuffle_is_folded_if_all_channels_are_seen_next(
    later: list[dict[str, Any]], folded: bool
) -> None:
    layers = params_of(SHUFFLED, *later).layers
    assert [shuffle_is_folded(layers, n) for n in range(len(layers))] == [
        n == 1 and folded for n in range(len(layers))
    ]


def test_what_moves_no_channel_is_not_folded() -> None:
    alone = params_of({**SHUFFLED, "groups": 1}, {**SHUFFLED, "groups": 12}, SHUFFLED)
    assert [n for n in range(4) if shuffle_is_folded(alone.layers, n)] == []


def test_a_folded_shuffle_takes_no_cycle() -> None:
    """The machine is as fast as without shuffles; where they are done it takes longer.

    Each group fills a whole tile of 4 neurons in fewer steps than its 4 bits take to be scattered.
    """

    def cycles(shuffle: bool, groups: int) -> list[int]:
        first, second = ({**SHUFFLED, "kernel": 1, "shuffle": shuffle} for _ in range(2))
        later = {"kind": "conv", "outputs": 8, "groups": groups, "kernel": 1}
        params = params_of(first, POOL, {**later, "groups": 1, "outputs": 12}, second, later)
        machines = machine(4, 8, params)
        network, _ = build(params.describe(), 0)
        return compile_network(network, machines).layer_cycles(machines)

    assert cycles(True, 1) == cycles(False, 1)
    done, plain = cycles(True, 2), cycles(False, 2)
    assert [n for n in range(6) if done[n] > plain[n]] == [4]
