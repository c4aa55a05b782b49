# SPDX-License-Identifier: MIT

import pytest

from rtl.descriptor import LoadTarget, Operation, descriptor_layout
from rtl.mvu import limit_layout
from rtl.program import compile_network
from verification.rtl.networks import CASES, build, machine


@pytest.mark.parametrize("name", CASES)
def test_words_hold_the_rows_and_come_in_their_order(name: str) -> None:
    network, _ = build(CASES[name], 7)
    params = machine(3, 11, network.params)
    program = compile_network(network, params)
    words = list(program.words(params))
    keys = [(w.target.value, w.lane, w.address) for w in words]
    assert keys == sorted(set(keys))
    rows, tiles = len(program.weights), len(program.limits)
    assert len(words) == len(program.layers) + 3 * (rows + tiles)
    for word in words:
        if word.target is LoadTarget.PROGRAM:
            found = descriptor_layout(params).from_bits(word.data)
            assert found["length"] == program.layers[word.address].get("length", 0)
            assert found["operation"] is program.layers[word.address]["operation"]
        elif word.target is LoadTarget.WEIGHTS:
            bits = program.weights[word.address, word.lane]
            assert [word.data >> n & 1 for n in range(12)] == [*bits, 0]
        else:
            found = limit_layout(params.mvu).from_bits(word.data)
            assert found["limit"] == program.limits[word.address, word.lane]
            assert found["polarity"] == program.polarity[word.address, word.lane]


def test_features_leave_if_wanted_or_if_there_is_no_head() -> None:
    def sends(name: str, features: bool) -> bool:
        network, _ = build(CASES[name], 0)
        program = compile_network(network, machine(4, 8, network.params), features=features)
        return any(layer["operation"] is Operation.FEATURES for layer in program.layers)

    assert sends("map_to_head", True)
    assert not sends("map_to_head", False)
    assert sends("thermometer_only", False)


def test_cycles_are_those_of_the_layers_and_one_between_pictures() -> None:
    network, _ = build(CASES["groups_shuffle"], 0)
    params = machine(4, 8, network.params)
    program = compile_network(network, params)
    assert program.cycles(params) == 1 + sum(program.layer_cycles(params))
