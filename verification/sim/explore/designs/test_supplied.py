# SPDX-License-Identifier: MIT
"""Prices of memories at their own supplies, and what is refused of the supplies of a space."""

import pytest

pytest.importorskip("optuna")

from sim.cost.technology.operating import at_voltage
from sim.explore.designs.supplied import tables
from sim.explore.space.objectives import Objective
from sim.explore.space.settings import HardwareConfig
from sim.work.errors import UserError
from verification.sim.small_space import evaluator_of, inputs_of, space_of

SPACE = """\
data: {name: digits}
tasks: {base: 4, increment: 3}
head: {kind: integer, epochs: 1, lanes: 64}
methods:
  - {replay: gbm, code_width: 4}
  - {replay: latent, exemplars: 4}
hardware:
  technology: cmos28
  past_voltage: [null, 0.6]
  head_voltage: [null, 0.7]
  cell: dpcs-45nm
objectives: [accuracy, energy]
"""
ENERGY = Objective.named("energy")
# Memories of each method that have a supply of their own.
MEMORIES = {
    "gbm": {"past_voltage": ["sampler.prototypes.memory"], "head_voltage": ["trainer.weights"]},
    "latent": {"past_voltage": ["latent_buffer.rows"], "head_voltage": ["trainer.weights"]},
}


def energies(replay: str, past: float | None, head: float | None) -> dict[str, float]:
    parameters = {
        "replay": replay,
        "hardware.past_voltage": past,
        "hardware.head_voltage": head,
    }
    return evaluator_of(SPACE).parts(space_of(SPACE).point(parameters), ENERGY)


@pytest.mark.parametrize("replay", MEMORIES)
@pytest.mark.parametrize("key", ["past_voltage", "head_voltage"])
def test_a_lower_supply_saves_energy_in_its_own_memory_and_in_leakage_alone(
    replay: str, key: str
) -> None:
    low = {"past_voltage": 0.6, "head_voltage": None}
    if key == "head_voltage":
        low = {"past_voltage": None, "head_voltage": 0.7}
    sound = energies(replay, None, None)
    own = energies(replay, low["past_voltage"], low["head_voltage"])
    changed = {name for name in sound if own[name] != sound[name]} - {"leakage"}
    assert changed == set(MEMORIES[replay][key])
    assert all(own[name] < sound[name] for name in changed)


def test_the_energy_of_a_memory_follows_the_technology_at_its_supply() -> None:
    inputs = inputs_of(SPACE)
    (memory,) = MEMORIES["gbm"]["past_voltage"]
    found = tables(HardwareConfig(past_voltage=0.6, cell="dpcs-45nm"), inputs.technology)
    assert found[memory].title == at_voltage(inputs.technology, 0.6).title
    assert "trainer.weights" not in found
    assert tables(HardwareConfig(), inputs.technology) == {}
    own = inputs.technology.memory_voltage or inputs.technology.voltage
    assert own is not None
    ratio = energies("gbm", 0.6, None)[memory] / energies("gbm", None, None)[memory]
    assert ratio == pytest.approx((0.6 / own) ** 2)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("  cell: dpcs-45nm\n", "", r"^space.yaml:9: hardware.past_voltage.1 needs hardware.cell"),
        (
            "  past_voltage: [null, 0.6]\n  head_voltage: [null, 0.7]\n",
            "",
            r"no memory has .* hardware.past_voltage, .*, hardware.network_voltage or hardware.map",
        ),
        (
            "[null, 0.6]",
            "[null, 1.2]",
            r"hardware.past_voltage.1: voltage must be from 0.2 V to 1 V for 6T cells.* not 1.2",
        ),
        ("[null, 0.6]", "[null, 0.3]", r"hardware.past_voltage.1: .*0.4"),
        ("[null, 0.6]", "0.6", r"^space.yaml:9: hardware.past_voltage must be a list with null"),
        ("[null, 0.6]", "[0.7, 0.6]", r"hardware.past_voltage must be a list with null"),
        ("[null, 0.6]", "[null, 0.95]", r"past_voltage.1: supply must be below .* 0.9 V"),
        ("dpcs-45nm", "no-cells", r"hardware.past_voltage.1: cell must be one of .*'no-cells'"),
        (
            "{kind: integer, epochs: 1, lanes: 64}",
            "{epochs: 1}",
            r"hardware.head_voltage must be left out: no method here has the integer head",
        ),
        (
            "code_width: 4}",
            "code_width: 4, faults: {share: 0.1}}",
            r"methods.0.faults must be left out beside hardware.past_voltage",
        ),
        (
            "exemplars: 4}",
            "exemplars: 4, head: {kind: ternary}}",
            r"^space.yaml:10: hardware.head_voltage .* the ternary head of methods.1 has no such",
        ),
        (
            "head_voltage:",
            "network_voltage: [null, 0.6]\n  head_voltage:",
            r"^space.yaml:10: hardware.network_voltage must be left out: no network embeds digits",
        ),
        (
            "head_voltage:",
            "map_voltage: [null, 0.6]\n  head_voltage:",
            r"^space.yaml:10: hardware.map_voltage must be left out: no network embeds digits",
        ),
        ("cmos28", "sram22", r"past_voltage.1: technology sram22 states no supply to scale from"),
    ],
)
def test_supplies_that_mean_nothing_are_refused_with_their_place(
    old: str, new: str, message: str
) -> None:
    assert old in SPACE
    with pytest.raises(UserError, match=message):
        inputs_of(SPACE.replace(old, new))
