# SPDX-License-Identifier: MIT
"""Bounds of a price, and what it rises with: corners, supply, bits, distance, temperature."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.cost.assessment import Assessment
from sim.cost.configuration import load_cost
from sim.cost.counts.tally import Action, Memory, Tally
from sim.cost.overheads import Overhead, combined
from sim.cost.pricing import price, price_memories
from sim.cost.sensitivity import swings
from sim.cost.technology.files import BUILT_IN
from sim.cost.technology.loading import load_technology
from sim.cost.technology.operating import at_temperature, at_voltage
from sim.cost.technology.technology import Technology
from sim.cost.totals import Total

PRICED = ("cmos7", "cmos22", "cmos28", "horowitz45", "open130")
CONFIG = load_cost("reference")
TYPICAL = Assessment(config=CONFIG, technology=load_technology("open130"))


def energy(technology: Technology, width: int = 64, depth: int = 4096) -> Total:
    """Return the energy of a read, and of some logic of as many bits."""
    tally = Tally({
        Action("rows", "read", width): 1, Action("a", "xnor"): width,
        Action("a", "accumulate", width): 1,
    })  # fmt: skip
    lines = price_memories((Memory("rows", depth, width),), technology)
    return price(tally, lines, technology).total


def corner(folder: Path, name: str) -> Technology:
    """Return the open technology with macros and cells of another corner."""
    for path in BUILT_IN.glob("*.csv"):
        shutil.copy(path, folder)
    text = (BUILT_IN / "open130.yaml").read_text()
    changes = {
        "  corner: typ": f"  corner: {name}",
        "  file: sg13g2_stdcell.csv": f"  file: sg13g2_stdcell_{name}.csv",
        "  corners: [sg13g2_stdcell_slow.csv, sg13g2_stdcell_fast.csv]\n": "",
    }
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    path = folder / f"{name}.yaml"
    path.write_text(text)
    return load_technology(str(path))


@pytest.mark.parametrize("name", ["slow", "fast"])
def test_bounds_contain_both_corners(tmp_path: Path, name: str) -> None:
    other = Assessment(config=CONFIG, technology=corner(tmp_path, name))
    for own, there in zip(TYPICAL.phases, other.phases, strict=True):
        found = there.bill.total.nominal
        assert own.bill.total.low < found < own.bill.total.high, own.phase.name
    assert (other.inference.bill.total.nominal > TYPICAL.inference.bill.total.nominal) == (
        name == "fast"
    )


def test_what_moves_an_image_most_is_what_most_of_it_is_spent_on() -> None:
    first, second, third, *rest = swings(TYPICAL.inference.bill)
    assert first.name == "network.mvu.weights read"
    assert {second.name, third.name} == {"clock and control", "idle clocks"}
    assert first.part > max(swing.part for swing in (second, third, *rest))
    assert first.low < 0 < first.high


@pytest.mark.parametrize("name", PRICED)
def test_energy_rises_with_supply(name: str) -> None:
    technology = load_technology(name)
    found = [energy(at_voltage(technology, v)) for v in (0.5, 0.6, 0.8, 1.0, 1.2)]
    for values in ([t.low for t in found], [t.nominal for t in found], [t.high for t in found]):
        assert values == sorted(values)
    assert found[-1].nominal == pytest.approx(found[1].nominal * 4)
    own = at_voltage(technology, technology.voltage or 0)
    assert energy(own).nominal == pytest.approx(energy(technology).nominal)


def test_a_row_scaled_to_a_table_follows_the_supply_of_the_table(tmp_path: Path) -> None:
    text = (BUILT_IN / "cmos22.yaml").read_text()
    reads = []
    for volts in (0.5, 0.8, 1.0):
        path = tmp_path / "own.yaml"
        path.write_text(text.replace("voltage: 0.8\n", f"voltage: {volts}\n", 1))
        plan = load_technology(str(path)).macro(1024, 64)
        assert plan is not None
        reads.append(plan.read.nominal)
    assert reads[1] / reads[0] == pytest.approx((0.8 / 0.5) ** 2)
    assert reads[2] / reads[0] == pytest.approx(4)


@pytest.mark.parametrize("name", [name for name in PRICED if name != "open130"])
@given(st.integers(1, 200), st.integers(14, 24))
def test_energy_rises_with_bits(name: str, width: int, log_bits: int) -> None:
    technology = load_technology(name)
    depth = 2**log_bits // 64
    less = energy(technology, width, depth)
    assert energy(technology, width + 64, depth).nominal > less.nominal
    assert energy(technology, width, 4 * depth).nominal >= less.nominal


def test_energy_of_macros_rises_with_bits() -> None:
    # Between sizes of macros a wider row may be tiled by shallower ones, which take less.
    technology = load_technology("open130")
    wider = [energy(technology, width, 4096).nominal for width in (64, 128, 256, 512)]
    deeper = [energy(technology, 64, depth).nominal for depth in (4096, 16384, 65536, 1 << 20)]
    assert wider == sorted(wider)
    assert deeper == sorted(deeper)
    assert deeper[-1] > 2 * deeper[0]


@pytest.mark.parametrize("name", ["cmos22", "cmos28"])
def test_low_power_silicon_leaks_alike_in_neighbouring_nodes(name: str) -> None:
    plan = load_technology(name).macro(1024, 64)
    assert plan is not None
    assert plan.leakage is not None
    assert 4e-12 < plan.leakage.nominal / 65536 < 26e-12


def test_leakage_rises_with_temperature_as_between_the_corners() -> None:
    technology = load_technology("open130")
    cold, warm, hot = (at_temperature(technology, t).macro(1024, 64) for t in (25, 75, 125))
    values = [plan.leakage.nominal for plan in (cold, warm, hot) if plan and plan.leakage]
    assert values[0] == pytest.approx(1024 * 64 * 12.09e-12, rel=1e-3)
    assert values[2] == pytest.approx(1024 * 64 * 79.7e-12, rel=1e-3)
    assert values[1] == pytest.approx((values[0] * values[2]) ** 0.5)
    gates = at_temperature(technology, 125).value("gate_leakage")
    assert gates is not None
    assert gates.nominal == pytest.approx(316.2e-12, rel=1e-3)


@pytest.mark.parametrize(
    ("name", "temperature", "message"),
    [
        ("cmos28", 85, "technology cmos28 does not state leakage at two temperatures"),
        (
            "open130",
            130,
            r"temperature must be 25\.\.125 degrees Celsius, those of open130, not 130",
        ),
    ],
)
def test_temperatures_that_no_source_states_are_refused(
    name: str, temperature: float, message: str
) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        at_temperature(load_technology(name), temperature)


@given(
    st.lists(
        st.tuples(st.floats(0, 1e3), st.floats(0, 1), st.floats(0, 10)), min_size=1, max_size=6
    )
)
def test_independent_bounds_are_wider_than_each_and_narrower_than_all(
    parts: list[tuple[float, float, float]],
) -> None:
    actions, *beside = (
        Total(low=n * (1 - low), nominal=n, high=n * (1 + high)) for n, low, high in parts
    )
    found = combined(actions, [Overhead("wires", each) for each in beside])
    totals = [actions, *beside]
    widths = [t.high - t.nominal for t in totals]
    width = found.high - found.nominal
    assert max(widths) <= width * (1 + 1e-9) + 1e-9
    assert width <= sum(widths) * (1 + 1e-9) + 1e-9
    assert 0 <= found.low <= found.nominal
