# SPDX-License-Identifier: MIT
"""Scaling: published ratios, and laws that a wrong interpolation would break."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.cost.technology.scaling import NODES, area_factor, logic_factor, memory_factor

nodes = st.floats(7, 130)
voltages = st.floats(0.5, 1.3)
memory_nodes = st.floats(7, 45)


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


@pytest.mark.parametrize(("node", "ratio"), [(22, 0.294), (28, 0.513), (31, 0.623)])
def test_between_nodes_the_nearer_counts_more(node: float, ratio: float) -> None:
    # Interpolated the wrong way round these are 0.586, 0.367 and 0.258.
    assert logic_factor(45, 0.8, node, 0.8).nominal == pytest.approx(ratio, abs=5e-4)


def test_one_voltage_for_all_nodes_would_be_twice_as_high() -> None:
    assert logic_factor(45, 0.8, 7, 0.8).nominal == pytest.approx(0.094, abs=5e-4)
    assert logic_factor(130, 0.8, 45, 0.8).nominal == pytest.approx(0.326, abs=5e-4)
    assert logic_factor(130, 1.2, 45, 1.0).nominal == pytest.approx(0.196, abs=5e-4)


@given(nodes, voltages)
def test_to_the_same_place_nothing_changes(node: float, voltage: float) -> None:
    assert logic_factor(node, voltage, node, voltage).nominal == 1
    assert area_factor(node, node).nominal == 1


@given(nodes, voltages, nodes, voltages)
def test_there_and_back_is_where_it_began(a: float, u: float, b: float, v: float) -> None:
    there, back = logic_factor(a, u, b, v), logic_factor(b, v, a, u)
    assert there.nominal * back.nominal == pytest.approx(1)
    assert there.low * back.high == pytest.approx(1)
    assert area_factor(a, b).nominal * area_factor(b, a).nominal == pytest.approx(1)


@given(nodes, nodes, voltages)
def test_smaller_nodes_take_less(a: float, b: float, voltage: float) -> None:
    small, large = sorted((a, b))
    assert logic_factor(45, 1.0, small, voltage) <= logic_factor(45, 1.0, large, voltage)
    assert area_factor(45, small) <= area_factor(45, large)


@pytest.mark.parametrize(
    ("node", "to_node", "doubt"), [(45, 32, 1), (20, 7, 1), (45, 22, 2), (65, 45, 2), (90, 16, 4)]
)
def test_the_two_jumps_of_the_polynomials_double_the_doubt(
    node: float, to_node: float, doubt: int
) -> None:
    factor = logic_factor(node, 1.0, to_node, 0.8)
    assert factor.high == factor.nominal * doubt
    assert factor.low == factor.nominal / doubt


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
    assert memory_factor(a, a).nominal == 1
    assert memory_factor(a, b).nominal * memory_factor(b, a).nominal == pytest.approx(1)
    small, large = sorted((a, b))
    assert memory_factor(45, small).nominal <= memory_factor(45, large).nominal


def test_what_the_tables_do_not_hold_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^Node to scale must be in 7\.\.130 nm, not 5$"):
        logic_factor(NODES[0], 1.2, 5, 0.7)
    with pytest.raises(ValueError, match=r"^Voltage to scale must be in 0\.5\.\.1\.3 V, not 0\.4$"):
        logic_factor(45, 0.4, 22, 0.8)
    with pytest.raises(
        ValueError, match=r"^Node of a memory to scale must be in 7\.\.45 nm, not 130"
    ):
        memory_factor(130, 45)
