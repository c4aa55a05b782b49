# SPDX-License-Identifier: MIT
"""Settings of faults: shares, voltages, planes, legends, and what they refuse."""

from typing import Any

import pytest

from golden.faults import ReadErrors
from golden.params import FaultyMemory
from golden.parity import ParityFaults
from sim.learn.cells import CellModel, load_cells
from sim.learn.faults import FailingParams, FaultSettings
from sim.learn.sections import IntegerHeadConfig


@pytest.mark.parametrize("cell", [CellModel(mean=0.45, deviation=0.03), "dpcs-45nm"])
def test_a_voltage_gives_the_share_of_the_cells(cell: CellModel | str) -> None:
    settings = FaultSettings.model_validate({"voltage": 0.52, "cell": cell})
    cells = load_cells(cell) if isinstance(cell, str) else cell
    assert settings.probability == cells.share(0.52) > 0
    assert settings.threshold == round(2**32 * cells.share(0.52))


@pytest.mark.parametrize(
    ("given", "planes"),
    [({}, (0, 1, 2, 3)), ({"plane": 2}, (2,)), ({"spared": 1}, (1, 2, 3)), ({"spared": 4}, ())],
)
def test_the_planes_that_can_fail(given: dict[str, Any], planes: tuple[int, ...]) -> None:
    faults = FaultSettings(share=0.1, **given).of(FaultyMemory.PROTOTYPES, 5, 64, 4)
    assert faults.params.failing_planes == planes
    assert faults.params.threshold == round(0.1 * 2**32)
    assert faults.params.die == 5


def test_a_die_of_its_own_replaces_the_seed_of_the_run() -> None:
    assert FaultSettings(share=1, die=9).of(FaultyMemory.EXEMPLARS, 5, 64, 1).params.die == 9


@pytest.mark.parametrize(
    ("settings", "legend"),
    [
        (FaultSettings(share=0.01), "0.01 of cells fail"),
        (FaultSettings(share=0), "0 of cells fail"),
        (FaultSettings(share=0.01, plane=0), "0.01 of cells of plane 0 fail"),
        (FaultSettings(share=1e-4, spared=2), "0.0001 of cells fail, 2 upper planes spared"),
        (FaultSettings(share=0.1, secded=1), "0.1 of cells fail, SECDED of 1 upper plane"),
        (FaultSettings(share=0.5, die=3), "0.5 of cells fail, die 3"),
        (FaultSettings(share=0.1, parity=2), "0.1 of cells fail, parity of 2 upper planes"),
        (FaultSettings(share=0.1, transient=True), "0.1 of cells fail in every read"),
        (
            FaultSettings(voltage=0.5, cell="illustrative"),
            "0.0478 of cells fail at 0.5 V, illustrative cells, of no process",
        ),
        (
            FaultSettings(voltage=0.5, cell=CellModel(mean=0.5, deviation=0.1)),
            "0.5 of cells fail at 0.5 V, least supply 0.5 ± 0.1 V",
        ),
    ],
)
def test_legends(settings: FaultSettings, legend: str) -> None:
    assert settings.legend("cells") == legend


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "faults must have either share or voltage"),
        ({"share": 0.1, "voltage": 0.5}, "faults must have either share or voltage"),
        ({"voltage": 0.5}, "faults must have both voltage and cell"),
        (
            {"share": 0.1, "cell": {"mean": 0.4, "deviation": 0.1}},
            "faults must have both voltage and cell",
        ),
        ({"share": 0.1, "plane": 1, "spared": 1}, "spared must be left out"),
        ({"share": 0.1, "secded": 1, "spared": 1}, "secded must be left out beside spared"),
        ({"share": 0.1, "secded": 1, "plane": 0}, "secded must be left out beside spared"),
        ({"share": 1.1}, "less than or equal to 1"),
        ({"share": 0.1, "parity": 1, "plane": 0}, "parity must be left out beside spared or plane"),
        ({"share": 0.1, "parity": 1, "secded": 1}, "parity must be left out beside secded"),
        ({"share": 0.1, "parity": 1, "transient": True}, "parity must be left out beside transie"),
        ({"share": 0.1, "secded": 1, "transient": True}, "secded must be left out beside transie"),
        ({"voltage": 0.5, "cell": "sram"}, "cell must be one of dpcs-45nm, .*, not 'sram'"),
        ({"voltage": 0.5, "cell": "virtex7-28nm"}, r"voltage must be from 0.54 V on for block"),
    ],
)
def test_settings_that_do_not_fit_each_other(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        FaultSettings.model_validate(given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"plane": 4}, "plane of faults must be at most 3 for 64 codes of 4 bits a row, not 4"),
        ({"secded": 5}, "secded of faults must be at most 4 for 64 codes of 4 bits a row, not 5"),
        ({"parity": 5}, "parity of faults must be at most 4 for 64 codes of 4 bits a row, not 5"),
        ({"spared": 5}, "spared of faults must be at most 4 for 64 codes of 4 bits a row, not 5"),
    ],
)
def test_planes_that_the_codes_do_not_have(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        FaultSettings(share=0.1, **given).of(FaultyMemory.PROTOTYPES, 0, 64, 4)


@pytest.mark.parametrize(
    "given", [{"hidden": 8}, {"q_b_non_binary": "float", "q_f": "float", "q_b_binary": "float"}]
)
def test_a_head_without_cells_of_codes_takes_no_faults(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="faults must be left out unless hidden is 0"):
        IntegerHeadConfig.model_validate({"kind": "integer", "faults": {"share": 0.1}, **given})


@pytest.mark.parametrize("key", ["secded", "parity"])
def test_only_prototypes_have_protected_words(key: str) -> None:
    settings = FaultSettings.model_validate({"share": 0.1, key: 1})
    with pytest.raises(ValueError, match=f"{key} of faults must be left out"):
        settings.of(FaultyMemory.EXEMPLARS, 0, 64, 1)


def test_faults_are_of_the_kind_that_settings_name() -> None:
    given = FaultyMemory.PROTOTYPES, 5, 64, 4
    parity = FaultSettings(share=0.1, parity=3).of(*given)
    assert isinstance(parity, ParityFaults)
    assert parity.protected == 3
    reads = FaultSettings(share=0.1, transient=True).of(*given)
    assert isinstance(reads, ReadErrors)
    assert reads.params.threshold == round(0.1 * 2**32)


@pytest.mark.parametrize(
    ("given", "bits"),
    [({}, 0), ({"secded": 1}, 10 * 3 * 8), ({"secded": 2}, 10 * 3 * 16), ({"parity": 2}, 10 * 192)],
)
def test_check_bits_are_counted(given: dict[str, int], bits: int) -> None:
    params = FailingParams(faults=FaultSettings.model_validate({"share": 0.1, **given}))
    # Ten prototypes of three rows; 64 lanes have eight check bits.
    assert params.check_ledger(10, 130).bits_full == bits
