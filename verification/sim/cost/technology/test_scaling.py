# SPDX-License-Identifier: MIT
"""Scaling: published ratios, and laws that a wrong interpolation would break."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.cost.technology.scaling import (
    NODES,
    area_factor,
    leakage_factor,
    logic_factor,
    memory_factor,
    usual_supply,
)

nodes = st.floats(7, 130)
voltages = st.floats(0.4, 1.65)
memory_nodes = st.floats(7, 130)


@pytest.mark.parametrize(
    ("node", "voltage", "ratio"),
    [
        (130, 1.2, 5.09),
        (90, 1.1, 2.55),
        (65, 1.1, 1.65),
        (45, 1.0, 1.0),
        (32, 0.97, 0.60),
        (20, 0.9, 0.20),
        (16, 0.8, 0.118),
        (14, 0.8, 0.095),
        (10, 0.75, 0.069),
        (7, 0.7, 0.047),
    ],
)
def test_energies_at_nominal_voltages_are_the_published_ones(
    node: float, voltage: float, ratio: float
) -> None:
    assert logic_factor(45, 1.0, node, voltage).nominal == pytest.approx(ratio, rel=0.02)


@pytest.mark.parametrize(("node", "ratio"), [(22, 0.296), (28, 0.486), (31, 0.598)])
def test_between_nodes_the_nearer_counts_more(node: float, ratio: float) -> None:
    # Powers of the node between 0.639 at 32 nm and 0.244 at 20 nm, of C at 45 nm.
    assert logic_factor(45, 0.8, node, 0.8).nominal == pytest.approx(ratio, abs=5e-4)
    assert 0.2436 < ratio < 0.6387


def test_one_voltage_for_all_nodes_would_be_twice_as_high() -> None:
    assert logic_factor(45, 0.8, 7, 0.8).nominal == pytest.approx(0.096, abs=5e-4)
    assert logic_factor(130, 1.2, 45, 1.0).nominal == pytest.approx(0.196, abs=5e-4)


@given(nodes, voltages, voltages)
def test_energy_follows_the_square_of_the_supply(node: float, low: float, high: float) -> None:
    low, high = sorted((low, high))
    factor = logic_factor(node, low, node, high)
    assert factor.nominal == pytest.approx((high / low) ** 2)
    assert factor.low <= factor.nominal <= factor.high
    assert memory_factor(45, 45, low, high).nominal == pytest.approx((high / low) ** 2)
    leakage = leakage_factor(low, high)
    assert 1 <= leakage.low <= leakage.nominal <= leakage.high


def test_the_cells_of_the_open_library_follow_the_law() -> None:
    # A full adder of sg13g2_stdcell takes 30.24 fJ at 1.2 V and 49.39 fJ at 1.5 V, 25 degrees; its
    # NAND leaks 81.2 pW and 234 pW.
    factor = logic_factor(130, 1.2, 130, 1.5)
    assert factor.nominal < 49.39 / 30.24 < factor.high
    leakage = leakage_factor(1.2, 1.5)
    assert leakage.nominal < 234 / 81.2 < leakage.high


def test_nodes_between_those_of_memories_are_powers_of_the_node() -> None:
    # A macro 1024x64 of IHP SG13G2 takes 91.8 pJ at 1.2 V, 8 KB at 45 nm 10 pJ at 0.9 V.
    assert memory_factor(45, 130).high == pytest.approx(9.18, abs=0.01)
    assert 1 < memory_factor(45, 65, 0.9, 0.9).nominal < memory_factor(45, 130, 0.9, 0.9).nominal


@given(nodes, voltages)
def test_to_the_same_place_nothing_changes(node: float, voltage: float) -> None:
    assert logic_factor(node, voltage, node, voltage).nominal == 1
    assert area_factor(node, node).nominal == 1


@given(nodes, voltages, nodes, voltages)
def test_there_and_back_is_where_it_began(a: float, u: float, b: float, v: float) -> None:
    there, back = logic_factor(a, u, b, v), logic_factor(b, v, a, u)
    assert there.nominal * back.nominal == pytest.approx(1)
    assert there.low <= there.nominal <= there.high
    assert area_factor(a, b).nominal * area_factor(b, a).nominal == pytest.approx(1)


@given(nodes, nodes, voltages)
def test_smaller_nodes_take_less(a: float, b: float, voltage: float) -> None:
    small, large = sorted((a, b))
    less, more = (logic_factor(45, 1.0, node, voltage) for node in (small, large))
    assert less.nominal <= more.nominal
    assert area_factor(45, small) <= area_factor(45, large)


@pytest.mark.parametrize(
    ("node", "to_node", "doubt"), [(45, 32, 1), (20, 7, 1), (45, 22, 2), (65, 45, 2), (90, 16, 4)]
)
def test_the_two_jumps_of_the_polynomials_double_the_doubt(
    node: float, to_node: float, doubt: int
) -> None:
    factor = logic_factor(node, 1.0, to_node, 1.0)
    assert factor.high == factor.nominal * doubt
    assert factor.low == factor.nominal / doubt
    assert logic_factor(22, 1.0, 22, 1.0) == (1, 1, 1)


def test_areas_are_the_published_ones() -> None:
    assert area_factor(130, 45).nominal == pytest.approx(0.16, abs=0.006)
    assert area_factor(45, 20).nominal == pytest.approx(0.21, abs=0.006)
    assert area_factor(45, 7).nominal == pytest.approx(0.059, abs=6e-4)


def test_memories_gain_what_the_two_published_sizes_gain() -> None:
    factor = memory_factor(45, 7)
    assert factor.high == pytest.approx(7.5 / 10)  # 8 KB
    assert factor.low == pytest.approx(8.5 / 20)  # 32 KB
    assert logic_factor(45, 0.9, 7, 0.7).nominal < 0.2 * factor.low


@given(memory_nodes, memory_nodes)
def test_memories_scale_there_and_back_and_downwards(a: float, b: float) -> None:
    assert memory_factor(a, a) == (1, 1, 1)
    assert memory_factor(a, b).nominal * memory_factor(b, a).nominal == pytest.approx(1)
    small, large = sorted((a, b))
    assert memory_factor(45, small).nominal <= memory_factor(45, large).nominal * (1 + 1e-12)


def test_what_the_tables_do_not_hold_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^Node to scale must be in 7\.\.130 nm, not 5$"):
        logic_factor(NODES[0], 1.2, 5, 0.7)
    volts = r"^Voltage to scale must be in 0\.4\.\.1\.65 V, not 0\.3$"
    for factor in (
        lambda: logic_factor(45, 0.3, 22, 0.8),
        lambda: memory_factor(45, 22, 0.9, 0.3),
        lambda: leakage_factor(0.3, 0.9),
    ):
        with pytest.raises(ValueError, match=volts):
            factor()
    with pytest.raises(
        ValueError, match=r"^Node of a memory to scale must be in 7\.\.130 nm, not 180"
    ):
        memory_factor(180, 45)


def test_the_usual_supply_lies_between_those_of_neighbours() -> None:
    assert usual_supply(65) == pytest.approx(1.1)
    assert usual_supply(130) == pytest.approx(1.2)
    assert 0.97 < usual_supply(40) < 1.0
    with pytest.raises(ValueError, match="node must be 7 to 130 nm, not 180"):
        usual_supply(180)
