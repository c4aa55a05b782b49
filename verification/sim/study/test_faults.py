# SPDX-License-Identifier: MIT
"""Studies on memories that fail: no fault changes no bit, and what is read is what cells give."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from golden.bits import unpack
from golden.faults import Faults, ReadErrors
from golden.params import FaultParams, FaultyMemory
from golden.parity import ParityFaults
from sim.data.bank import Bank
from sim.learn.integer_learner import IntegerHeadLearner
from sim.learn.sections import IntegerHeadConfig
from sim.study.config import StudyConfig, load_config
from sim.study.experiment import Experiment
from sim.study.methods import Method
from sim.study.summary import summarize
from sim.work.cache import Cache
from sim.work.errors import UserError
from verification.sim.small_study import small_bank, small_config

SEED = 3
SHARE = 0.2
HEAD = IntegerHeadConfig(kind="integer", epochs=2)
FAILING: list[dict[str, Any]] = [
    {"replay": "gbm", "code_width": 4},
    {"replay": "gbm", "components": 2, "code_width": 3, "lanes": 16},
    {"replay": "correlated", "code_width": 4, "rank": 2},
    {"replay": "latent", "exemplars": 3},
    {"replay": "hamming"},
    {"replay": "ncm", "code_width": 3},
    {"replay": "likelihood", "components": 2, "code_width": 3},
    {"replay": "low_rank", "rank": 2},
]


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    return small_bank(small_config(tmp_path_factory.mktemp("digits")))


def methods(**entry: Any) -> list[Method]:
    return StudyConfig.model_validate({"head": HEAD, "methods": [entry]}).expanded_methods()


def finished(bank: Bank, method: Method, head: IntegerHeadConfig = HEAD) -> Experiment:
    run = Experiment(bank, head, method, seed=SEED)
    while not run.done:
        run.step(lambda _: None)
    return run


def results(run: Experiment) -> dict[str, Any]:
    return {k: v for k, v in summarize(run).items() if k not in ("seconds", "parameters", "label")}


DRAWN = ("gbm", "correlated", "latent")


@pytest.mark.parametrize(
    ("entry", "how"),
    [
        *((entry, {}) for entry in FAILING),
        *((entry, {"transient": True}) for entry in FAILING if entry["replay"] in DRAWN),
        (FAILING[0], {"parity": 1}),
        (FAILING[6], {"parity": 1}),
    ],
)
def test_faults_that_never_strike_change_no_bit(
    bank: Bank, entry: dict[str, Any], how: dict[str, Any]
) -> None:
    sound = finished(bank, methods(**entry)[0])
    spared = finished(bank, methods(**entry, faults={"share": 0, **how})[0])
    for one, other in zip(sound.predictions, spared.predictions, strict=True):
        np.testing.assert_array_equal(one, other)
    for key, array in sound.source.state().items():
        np.testing.assert_array_equal(array, spared.source.state()[key])


def codes(run: Experiment) -> np.ndarray:
    """The codes of a memory of prototypes, shape (components, D), in the order of its rows."""
    state = run.source.state()
    return state["prototypes_codes"] if "prototypes_codes" in state else state["codes"]


@pytest.mark.parametrize(
    ("entry", "lanes", "width"),
    [
        ({"replay": "gbm", "code_width": 4}, 64, 4),
        ({"replay": "gbm", "components": 2, "code_width": 3, "lanes": 16}, 16, 3),
        ({"replay": "correlated", "code_width": 4, "rank": 2}, 64, 4),
        ({"replay": "hamming"}, 64, 1),
        ({"replay": "ncm", "code_width": 3}, 64, 3),
        ({"replay": "likelihood", "components": 2, "code_width": 3}, 64, 3),
        ({"replay": "low_rank", "rank": 2}, 64, 8),
    ],
)
def test_prototypes_are_those_of_a_sound_memory_through_failing_cells(
    bank: Bank, entry: dict[str, Any], lanes: int, width: int
) -> None:
    sound = codes(finished(bank, methods(**entry)[0]))
    failing = codes(finished(bank, methods(**entry, faults={"share": SHARE})[0]))
    faults = Faults(
        FaultParams(
            die=SEED,
            memory=FaultyMemory.PROTOTYPES,
            threshold=round(SHARE * 2**32),
            lanes=lanes,
            width=width,
        )
    )
    np.testing.assert_array_equal(failing, faults.read(sound))
    assert (failing != sound).any()


@pytest.mark.parametrize(
    ("entry", "width"),
    [
        ({"replay": "gbm", "code_width": 4}, 4),
        ({"replay": "likelihood", "components": 2, "code_width": 3}, 3),
        ({"replay": "low_rank", "rank": 2}, 8),
    ],
)
def test_codes_with_parity_are_those_of_a_sound_memory_with_replacement(
    bank: Bank, entry: dict[str, Any], width: int
) -> None:
    sound = codes(finished(bank, methods(**entry)[0]))
    failing = codes(finished(bank, methods(**entry, faults={"share": SHARE, "parity": 2})[0]))
    params = FaultParams(
        die=SEED, memory=FaultyMemory.PROTOTYPES, threshold=round(SHARE * 2**32), lanes=64,
        width=width,
    )  # fmt: skip
    np.testing.assert_array_equal(failing, ParityFaults(params, 2).read(sound))


def test_every_read_of_a_drawn_exemplar_has_errors_of_its_own(bank: Bank) -> None:
    entry = {"replay": "latent", "exemplars": 3}
    sound = finished(bank, methods(**entry)[0]).source
    run = finished(bank, methods(**entry, faults={"share": SHARE, "transient": True})[0])
    # The same exemplars are kept and drawn, in the same order.
    np.testing.assert_array_equal(run.source.state()["stored"], sound.state()["stored"])
    first = int(run.source.state()["stored_drawn"])
    assert first == int(sound.state()["stored_drawn"]) > 0
    read, _ = run.source.draw(50, np.random.default_rng(1))
    kept, _ = sound.draw(50, np.random.default_rng(1))
    params = FaultParams(
        die=SEED, memory=FaultyMemory.EXEMPLARS, threshold=round(SHARE * 2**32), lanes=64
    )
    expected = ReadErrors(params).read(unpack(kept, bank.features), first)
    np.testing.assert_array_equal(unpack(read, bank.features), expected)
    assert (read != kept).any()


def test_transient_errors_leave_the_codes_and_change_what_is_drawn(bank: Bank) -> None:
    entry = {"replay": "gbm", "code_width": 4}
    sound = finished(bank, methods(**entry)[0])
    run = finished(bank, methods(**entry, faults={"share": SHARE, "transient": True})[0])
    np.testing.assert_array_equal(codes(run), codes(sound))
    read, kept = (one.source.draw(50, np.random.default_rng(1))[0] for one in (run, sound))
    assert 0.02 < (unpack(read, bank.features) != unpack(kept, bank.features)).mean() < SHARE


def test_exemplars_are_read_through_the_cells_of_their_slots(bank: Bank) -> None:
    entry = {"replay": "latent", "exemplars": 3}
    run = finished(bank, methods(**entry, faults={"share": SHARE, "die": 8})[0])
    sound = finished(bank, methods(**entry)[0])
    stored = unpack(sound.source.state()["stored"], bank.features)
    faults = Faults(
        FaultParams(die=8, memory=FaultyMemory.EXEMPLARS, threshold=round(SHARE * 2**32), lanes=64)
    )
    expected = faults.read(stored)
    assert (expected != stored).any()
    drawn, labels = run.source.draw(300, np.random.default_rng(1))
    for bits, label in zip(unpack(drawn, bank.features), labels, strict=True):
        assert (expected[3 * label : 3 * label + 3] == bits).all(axis=1).any()


@pytest.mark.parametrize("first_rows", [None, "log_odds"])
def test_weights_of_a_head_are_read_through_their_cells_after_every_batch(
    bank: Bank, first_rows: str | None
) -> None:
    given = {"kind": "integer", "epochs": 1, "first_rows": first_rows, "faults": {"share": SHARE}}
    head = IntegerHeadConfig.model_validate(given)
    run = finished(bank, methods(replay="joint")[0], head)
    assert isinstance(run.learner, IntegerHeadLearner)
    weights = run.learner.state()["trainer_weights"].astype(np.int8)
    cells = Faults(
        FaultParams(
            die=SEED,
            memory=FaultyMemory.CLASSIFIER,
            threshold=round(SHARE * 2**32),
            lanes=64,
            width=8,
        )
    ).cells(0, bank.n_classes, bank.features)
    np.testing.assert_array_equal(cells.read(weights), weights)
    assert (weights != cells.read(np.zeros_like(weights))).any(axis=1).all()  # every row learned


def test_a_method_can_have_a_failing_head_of_its_own(bank: Bank) -> None:
    (method,) = methods(replay="joint", head_faults={"share": SHARE})
    assert method.label == "joint training, 0.2 of the head's cells fail"
    given = {"kind": "integer", "epochs": 2, "faults": {"share": SHARE}}
    head = IntegerHeadConfig.model_validate(given)
    assert results(finished(bank, method)) == results(
        finished(bank, methods(replay="joint")[0], head)
    )


@pytest.mark.parametrize("entry", [e for e in FAILING if e["replay"] != "latent"])
def test_protected_planes_take_check_bits(bank: Bank, entry: dict[str, Any]) -> None:
    sound = Experiment(bank, HEAD, methods(**entry)[0], seed=SEED).ledger()
    faults = {"share": SHARE, "secded": 1}
    protected = Experiment(bank, HEAD, methods(**entry, faults=faults)[0], seed=SEED).ledger()
    lanes = entry.get("lanes", 64)
    prototypes = entry.get("components", 1) * bank.n_classes
    rows = prototypes * -(-bank.features // lanes)
    assert protected.bits_full - sound.bits_full == rows * (8 if lanes == 64 else 6)
    assert protected.bits_paper == sound.bits_paper


@pytest.mark.parametrize(
    ("entry", "how"),
    [
        (FAILING[0], {"secded": 1}),
        (FAILING[2], {"secded": 1}),
        (FAILING[6], {"secded": 1}),
        (FAILING[6], {"parity": 1}),
        (FAILING[0], {"transient": True}),
        (FAILING[3], {"transient": True}),
    ],
)
def test_a_run_on_failing_cells_goes_on_bit_for_bit(
    bank: Bank, tmp_path: Path, entry: dict[str, Any], how: dict[str, Any]
) -> None:
    (method,) = methods(**entry, faults={"share": 0.3, **how})
    straight = finished(bank, method)
    stopped = Experiment(bank, HEAD, method, seed=SEED)
    stopped.step(lambda _: None)
    stopped.save(tmp_path / "checkpoint.arrays")
    resumed = Experiment(bank, HEAD, method, seed=SEED)
    resumed.load(tmp_path / "checkpoint.arrays")
    while not resumed.done:
        resumed.step(lambda _: None)
    assert results(resumed) == results(straight)
    cached = Experiment(bank, HEAD, method, seed=SEED, cache=Cache(tmp_path / "cache"))
    while not cached.done:
        cached.step(lambda _: None)
    assert results(cached) == results(straight)


def test_rows_of_a_head_are_as_wide_as_its_lanes() -> None:
    given = {"kind": "integer", "lanes": 16, "faults": {"share": 0.1}}
    cells = IntegerHeadConfig.model_validate(given).cells(SEED)
    assert cells is not None
    assert cells.params.lanes == 16


def test_no_faults_are_a_value() -> None:
    (method,) = methods(replay="gbm", faults=None)
    assert method.label == "GBM K = 1, q = 8"


def test_faults_are_swept_like_other_parameters() -> None:
    swept = methods(replay="gbm", faults={"share": [0.1, 0.2], "spared": [0, 1]})
    assert [method.label for method in swept] == [
        f"GBM K = 1, q = 8, {share} of cells fail{spared}"
        for share in (0.1, 0.2)
        for spared in ("", ", 1 upper plane spared")
    ]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"replay": "joint", "faults": {"share": 0.1}}, "faults"),
        ({"replay": "gbm", "faults": {"spared": 1}}, r"methods.0.faults: faults must have either"),
        (
            {"replay": "gbm", "faults": {"voltage": 0.5, "cell": {"mean": 0.45}}},
            r"faults.cell.CellModel.deviation\n  Field required",
        ),
        (
            {"replay": "gbm", "head": {"kind": "integer", "faults": {"share": 0.1}}},
            r"methods.0.head.faults must be left out: head_faults is its key",
        ),
        (
            {"replay": "gbm", "generator": "pcg64", "faults": {"share": 0.1}},
            "faults must be left out where no memory of a chip holds the codes",
        ),
        (
            {"replay": "hamming", "faults": {"share": 0.1, "transient": True}},
            r"methods.0: transient of faults must be left out where no samples are drawn",
        ),
        (
            {"replay": "gbm", "head_faults": {"share": 0.1, "transient": True}},
            "transient of faults must be left out for the weights of a head",
        ),
        (
            {"replay": "gbm", "head_faults": {"share": 0.1}, "head": {"kind": "ternary"}},
            r"methods.0.head_faults must be left out: the ternary head has none",
        ),
    ],
)
def test_methods_without_such_cells_take_no_faults(entry: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        methods(**entry)


@pytest.mark.parametrize(
    ("faults", "message"),
    [
        ("{voltage: 0.3, cell: virtex7-28nm}", "methods.1.faults: voltage must be from 0.54 V on"),
        ("{share: 0.1, transient: true}", "methods.1: transient of faults must be left out"),
    ],
)
def test_a_fault_of_a_method_has_its_line(tmp_path: Path, faults: str, message: str) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(f"methods:\n  - {{replay: gbm}}\n  - {{replay: ncm, faults: {faults}}}\n")
    with pytest.raises(UserError) as caught:
        load_config(str(path))
    assert str(caught.value).startswith(f"{path}:3: {message}")
