# SPDX-License-Identifier: MIT
"""The shipped technologies: complete, with sources, and with values of the known size."""

import pytest

from sim.cost.counts.tally import KINDS, Action
from sim.cost.quantity import Range
from sim.cost.technology.files import BUILT_IN
from sim.cost.technology.loading import DEFAULT, load_technology
from sim.cost.technology.technology import Technology
from sim.cost.technology.tiling import MemoryPlan

NAMES = sorted(path.stem for path in BUILT_IN.glob("*.yaml"))
ARRAY = 1 << 23  # bits of 1 MB


def plan(name: str, depth: int, width: int) -> MemoryPlan:
    found = load_technology(name).macro(depth, width)
    assert found is not None
    return found


def ranges(technology: Technology) -> list[Range]:
    memory = technology.macro(1024, 64)
    assert memory is not None
    values = [price.range for price in technology.logic.values()]
    values += technology.overheads.values()
    values += [memory.read, memory.write, memory.area, memory.leakage, technology.endurance]
    return [value for value in values if value is not None]


def test_these_ship() -> None:
    assert NAMES == [
        "cmos22", "cmos28", "cmos7", "emram14", "horowitz45", "mram22", "open130", "rram22",
        "sram22",
    ]  # fmt: skip
    assert DEFAULT in NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_value_is_positive_and_has_its_source(name: str) -> None:
    technology = load_technology(name)
    for value in ranges(technology):
        assert 0 < value.low <= value.nominal <= value.high
        assert value.source in technology.sources
        assert value.sureness == "H" or value.low < value.high or value.source == "ihp-stdcell"


@pytest.mark.parametrize("name", NAMES)
def test_every_source_is_used(name: str) -> None:
    technology = load_technology(name)
    used = {value.source for value in ranges(technology)}
    assert used == technology.sources.keys()


@pytest.mark.parametrize("name", ["cmos7", "cmos22", "cmos28", "horowitz45", "open130"])
def test_every_action_of_logic_has_a_price(name: str) -> None:
    technology = load_technology(name)
    for kind in set(KINDS) - {"read", "write"}:
        assert technology.energy(Action("a", kind, 2)) is not None, kind


@pytest.mark.parametrize("name", ["cmos7", "cmos22", "cmos28", "horowitz45", "open130"])
def test_a_step_of_an_lfsr_takes_the_same_at_any_width(name: str) -> None:
    technology = load_technology(name)
    narrow, wide = (technology.energy(Action("a", "lfsr_step", width)) for width in (1, 64))
    assert narrow == wide
    one, many = (technology.energy(Action("a", "register", width)) for width in (1, 64))
    assert one is not None
    assert many == 64 * one


def test_the_default_is_known_throughout() -> None:
    technology = load_technology(DEFAULT)
    assert (technology.node, technology.voltage) == (130, 1.2)
    for key in ("clock", "gate_area", "gate_leakage", "flipflop_area", "flipflop_leakage"):
        assert technology.value(key) is not None, key
    memory = plan(DEFAULT, 1024, 64)
    # One exemplar of 1024 bits and 8 planes is 128 reads; one of a latent buffer 16.
    assert 128 * memory.read.nominal == pytest.approx(11.75e-9, rel=1e-3)
    assert 16 * memory.read.nominal == pytest.approx(1.47e-9, rel=1e-3)


@pytest.mark.parametrize(
    ("name", "bits", "energy"),
    [
        ("horowitz45", 1 << 16, 10),
        ("horowitz45", 1 << 18, 20),
        ("horowitz45", 1 << 23, 100),
        ("cmos7", 1 << 16, 7.5),
        ("cmos7", 1 << 18, 8.5),
        ("cmos7", 1 << 23, 14),
    ],
)
def test_published_sizes_take_the_published_energies(name: str, bits: int, energy: float) -> None:
    memory = plan(name, bits // 64, 64)
    assert memory.read.nominal == pytest.approx(energy * 1e-12)
    assert memory.warning is None


def test_memories_gain_less_than_logic_from_45_to_7_nm() -> None:
    def ratio(kind: str) -> float:
        energies = []
        for name in ("cmos7", "horowitz45"):
            technology = load_technology(name)
            found = technology.energy(Action("a", "full_add"))
            assert found is not None
            energies.append(
                plan(name, 1024, 64).read.nominal if kind == "memory" else found.nominal
            )
        return energies[0] / energies[1]

    assert ratio("memory") == pytest.approx(0.75)
    assert ratio("logic") < 0.3


@pytest.mark.parametrize(
    ("name", "read", "write", "leakage", "area"),
    [
        ("rram22", 0.063, 0.83, 0.41, 0.247),
        ("mram22", 0.059, 1.07, 0.25, 0.244),
        ("sram22", 0.016, 0.26, 3.36, 0.654),
    ],
)
def test_modelled_arrays_have_the_published_values(
    name: str, read: float, write: float, leakage: float, area: float
) -> None:
    memory = plan(name, ARRAY // 64, 64)
    assert memory.read.nominal / 64 == pytest.approx(read * 1e-12, rel=0.02)
    assert memory.write.nominal / 64 == pytest.approx(write * 1e-12, rel=0.02)
    assert memory.leakage is not None
    assert memory.leakage.nominal / ARRAY == pytest.approx(leakage * 1e-9, rel=0.02)
    assert memory.area is not None
    assert memory.area.nominal == pytest.approx(area * 1e-6)
    assert memory.warning is None


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [("rram22", 1e4, 1e9), ("mram22", 1e6, 1e15), ("emram14", 1e6, 1e15)],
)
def test_what_keeps_bits_without_a_supply_wears_out(name: str, least: float, most: float) -> None:
    technology = load_technology(name)
    assert technology.nonvolatile
    assert technology.endurance is not None
    assert (technology.endurance.low, technology.endurance.high) == (least, most)


def test_silicon_takes_25_to_60_times_what_models_of_it_say() -> None:
    silicon, model = plan("emram14", 1024, 64).write, plan("mram22", 1024, 64).write
    assert 20 < silicon.low / model.nominal < 30
    assert 55 < silicon.high / model.nominal < 65


def test_leakage_that_nobody_knows_is_none() -> None:
    assert plan("horowitz45", 1024, 64).leakage is None
    assert load_technology("cmos28").value("gate_leakage") is None
