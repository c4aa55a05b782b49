# SPDX-License-Identifier: MIT
"""Results for programs: rows add up to totals exactly, actions are those of the tallies."""

import csv
import io
import json
import math
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from sim.cost.assessment import Assessment
from sim.cost.counts.tally import Action
from sim.cost.report.exports import action_counts, as_csv, as_json, energy_table
from verification.sim.cost.small_chip import TECHNOLOGY, small_config, small_technology


@pytest.fixture(scope="module")
def assessment(tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    folder = tmp_path_factory.mktemp("chip")
    return Assessment(config=small_config(folder), technology=small_technology(folder))


@pytest.fixture(scope="module")
def silent(tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    """An assessment in a technology without a value for registers."""
    folder = tmp_path_factory.mktemp("chip")
    row = next(r for r in TECHNOLOGY.splitlines(keepends=True) if r.startswith("  register:"))
    return Assessment(config=small_config(folder), technology=small_technology(folder, row, ""))


def rows(assessment: Assessment) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(as_csv(assessment))))


OVERHEADS = ("idle clocks", "leakage")  # those of the small technology


def test_rows_of_a_phase_add_up_to_its_sum(assessment: Assessment) -> None:
    names = [priced.phase.name for priced in assessment.phases]
    assert list(dict.fromkeys(row["phase"] for row in rows(assessment))) == names
    for name in names:
        *lines, last = [row for row in rows(assessment) if row["phase"] == name]
        assert last["component"] == "all"
        assert sum(float(line["J"]) for line in lines) == pytest.approx(float(last["J"]), rel=1e-14)


def test_bounds_of_a_sum_are_those_of_its_actions_and_of_each_overhead(
    assessment: Assessment,
) -> None:
    for name in (priced.phase.name for priced in assessment.phases):
        *lines, last = [row for row in rows(assessment) if row["phase"] == name]
        for column in ("low_J", "high_J"):
            off = [abs(float(line[column]) - float(line["J"])) for line in lines]
            actions = sum(
                d for d, line in zip(off, lines, strict=True) if line["component"] not in OVERHEADS
            )
            beside = [
                d for d, line in zip(off, lines, strict=True) if line["component"] in OVERHEADS
            ]
            wanted = abs(float(last[column]) - float(last["J"]))
            assert wanted == pytest.approx(math.hypot(actions, *beside))


def test_a_row_is_its_count_times_its_value(assessment: Assessment) -> None:
    for row in rows(assessment):
        if row["component"] not in ("all", *OVERHEADS):
            assert float(row["count"]) * float(row["J_each"]) == float(row["J"])
            assert row["source"] == "me"


def test_what_is_not_known_is_an_empty_field(silent: Assessment) -> None:
    registers = [row for row in rows(silent) if row["action"] == "register"]
    assert registers
    assert all(row["J_each"] == row["J"] == row["source"] == "" for row in registers)
    assert {row["missing"] for row in registers} == {"1"}


def test_a_sum_says_how_many_actions_it_leaves_out(
    silent: Assessment, assessment: Assessment
) -> None:
    for priced in silent.phases:
        *lines, last = [row for row in rows(silent) if row["phase"] == priced.phase.name]
        assert int(last["missing"]) == sum(int(line["missing"]) for line in lines)
        assert int(last["missing"]) == len(priced.bill.missing)
    assert {row["missing"] for row in rows(assessment)} == {"0"}


def test_sums_of_json_are_those_of_csv(assessment: Assessment) -> None:
    results = json.loads(as_json(assessment, "engram cost"))
    sums = {row["phase"]: float(row["J"]) for row in rows(assessment) if row["component"] == "all"}
    for phase in results["phases"]:
        assert phase["energy_J"]["nominal"] == sums[phase["name"]]
        parts = sum(part["nominal"] for part in phase["components_J"].values())
        assert parts == pytest.approx(sums[phase["name"]])
        halves = phase["logic_J"]["nominal"] + phase["memories_J"]["nominal"]
        beside = sum(each["nominal"] for each in phase["overheads_J"].values())
        assert halves + beside == pytest.approx(sums[phase["name"]])


def test_json_says_what_made_it(assessment: Assessment) -> None:
    results = json.loads(as_json(assessment, "engram cost --tech round"))
    assert results["schema"] == 4
    assert results["command"] == "engram cost --tech round"
    assert results["config_sha256"] == assessment.config.digest
    assert results["technology"] == {
        "name": "round", "title": "Round numbers", "node_nm": 100.0, "voltage_V": 1.0
    }  # fmt: skip
    assert results["clock_Hz"] == 1e6
    assert results["warnings"] == list(assessment.warnings)


def test_energy_of_layers_is_that_of_the_image(assessment: Assessment) -> None:
    results = json.loads(as_json(assessment, "engram cost"))
    layers = sum(layer["energy_J"]["nominal"] for layer in results["layers"])
    # Two words of 8 bits are regrouped, at 3 fJ a bit, after the last layer. In the cycle between
    # two pictures all flip-flops idle at 2 fJ but those 16 bits, and the memories leak.
    idle = (assessment.prices.flipflops.nominal - 16) * 2e-15
    between = 2 * 8 * 3e-15 + idle + assessment.leakage.nominal * 1e-6
    assert layers + between == pytest.approx(results["phases"][0]["energy_J"]["nominal"], rel=1e-9)
    # One cycle lies between two pictures.
    assert 1 + sum(layer["cycles"] for layer in results["layers"]) == results["phases"][0]["cycles"]


def test_retention_is_leakage_times_time(assessment: Assessment) -> None:
    results = json.loads(as_json(assessment, "engram cost"))
    kept = {"sampler": 24 * 32 + 6 * 25, "latent_buffer": 36 * 8 + 6 * 16}
    assert results["retention_s"] == 43_200
    for block, bits in kept.items():
        energy = results["retention_J"][block]["nominal"]
        assert energy == pytest.approx(bits * 10e-12 * 43_200)
    bits = sum(memory["bits"] for memory in results["memories"] if memory["scope"] == "chip")
    assert results["leakage_W"]["nominal"] == pytest.approx(bits * 10e-12)


def test_accelergy_s_actions_are_those_of_the_tallies(assessment: Assessment) -> None:
    content = YAML(typ="safe", pure=True).load(action_counts(assessment))["action_counts"]
    assert content["version"] == 0.4
    subtrees = content["subtree"]
    assert [tree["name"] for tree in subtrees[:2]] == ["inference", "pseudo-exemplar_parallel"]
    for tree, priced in zip(subtrees, assessment.phases, strict=True):
        counted = {}
        for component in tree["local"]:
            assert component["name"].startswith("chip.")
            for action in component["action_counts"]:
                kind, width = action["name"].rsplit("_", 1)
                name = component["name"].removeprefix("chip.")
                counted[Action(name, kind, int(width))] = action["counts"]
        assert counted == {a: math.ceil(n) for a, n in priced.phase.tally.items()}


def estimated(counts: str, table: str) -> dict[str, float]:
    """Return the energy (J) of every phase as Accelergy computes it: counts times energies."""
    tables = {
        entry["name"]: {action["name"]: action["energy"] for action in entry["actions"]}
        for entry in YAML(typ="safe", pure=True).load(table)["ERT"]["tables"]
    }
    return {
        tree["name"]: sum(
            action["counts"] * tables[f"{tree['name']}.{part['name']}"][action["name"]] * 1e-12
            for part in tree["local"]
            for action in part["action_counts"]
        )
        for tree in YAML(typ="safe", pure=True).load(counts)["action_counts"]["subtree"]
    }


def test_accelergy_s_table_prices_its_actions(assessment: Assessment) -> None:
    found = estimated(action_counts(assessment), energy_table(assessment))
    assert found["inference"] == pytest.approx(assessment.inference.bill.actions.nominal)
    serial = assessment.phase("pseudo-exemplar, serial")
    assert found["pseudo-exemplar_serial"] >= serial.bill.actions.nominal  # planes rounded up


def test_a_missing_value_is_not_in_accelergy_s_table(silent: Assessment) -> None:
    with pytest.raises(KeyError, match="register_"):
        estimated(action_counts(silent), energy_table(silent))


def test_missing_values_are_counted_in_every_sum(silent: Assessment) -> None:
    results = json.loads(as_json(silent, "engram cost"))
    inference = results["phases"][0]
    registers = [a for a in silent.inference.phase.tally if a.kind == "register"]
    assert inference["energy_J"]["missing"] == len(registers) > 0
    assert inference["memories_J"]["missing"] == 0
    assert (
        f"round does not say: energy of register ({registers[0].component})"
        in (results["warnings"])
    )


def test_same_assessment_same_text(tmp_path: Path) -> None:
    def made() -> tuple[str, str, str]:
        technology = small_technology(tmp_path)
        again = Assessment(config=small_config(tmp_path), technology=technology)
        return as_json(again, "x"), as_csv(again), action_counts(again)

    assert made() == made()
