# SPDX-License-Identifier: MIT
"""Parameters of a space, the designs they stand for, and how Optuna chooses among them."""

from pathlib import Path
from typing import Any

import pytest

from sim.explore.space.point import Point
from sim.learn.sections import HeadConfig
from sim.study.config import load_config
from sim.work.errors import UserError
from verification.sim.small_space import SPACE, space_of

COMMON = {"data.features", "hardware.pe"}
OF_HEADS = {"head.hidden", "hardware.embeddings"}
OWN = {
    "gbm": {"gbm.components", "gbm.code_width", "gbm.mode", "gbm.mixture.init"},
    "latent": {"latent.exemplars"},
    "ncm": set(),
}


def test_parameters_are_the_method_the_shared_and_the_own() -> None:
    names = space_of().names
    assert names[0] == "replay"
    assert set(names) == {"replay", *COMMON, *OF_HEADS, *set().union(*OWN.values())}
    kinds = {p.name: (p.kind, p.log) for p in space_of().parameters}
    assert kinds["replay"] == ("categorical", False)
    assert kinds["gbm.code_width"] == ("int", False)
    assert kinds["latent.exemplars"] == ("int", True)


def test_points_are_all_and_each_has_its_own_parameters_alone() -> None:
    space = space_of()
    points = space.points()
    # D, PE; for heads H and embeddings besides; then K, three q, modes, starts; or twenty E.
    assert len(points) == 4 * 4 * (2 * 3 * 2 * 2) + 4 * 4 * 20 + 4
    assert space.size() == len(points)
    assert len({tuple(point.items()) for point in points}) == len(points)
    for point in points:
        replay = str(point["replay"])
        heads = set() if replay == "ncm" else OF_HEADS
        assert point.keys() == {"replay", *COMMON, *heads, *OWN[replay]}
    assert {point.get("gbm.code_width") for point in points} == {None, 2, 4, 6}


def test_a_range_without_steps_has_no_grid() -> None:
    space = space_of(SPACE.replace("pe: [8, 16]", "clock_mhz: {low: 10, high: 20}"))
    with pytest.raises(UserError) as caught:
        space.points()
    assert str(caught.value) == (
        "hardware.clock_mhz must have a step or be a list for a grid: its range has infinitely "
        "many numbers"
    )
    assert space.size() is None


@pytest.mark.parametrize("place", [0, 7, 383, 400, -1])
def test_yaml_of_a_design_is_a_study_with_its_values(place: int, tmp_path: Path) -> None:
    space = space_of()
    parameters = space.points()[place]
    point = space.point(parameters)
    path = tmp_path / "design.yaml"
    path.write_text(point.yaml())
    config, _ = load_config(str(path))
    assert config == point.config
    (method,) = config.expanded_methods()
    assert method.replay == parameters["replay"]
    assert config.data.features == parameters["data.features"]
    assert isinstance(config.head, HeadConfig)
    assert config.head.hidden == parameters.get("head.hidden", 128)
    assert config.head.epochs == 1
    assert config.seeds == 2
    for name in OWN[method.replay]:
        value: Any = method.params
        for key in name.split(".")[1:]:
            value = getattr(value, key)
        assert value == parameters[name]
    assert point.hardware.pe == parameters["hardware.pe"]
    assert point.hardware.simd == 32


def test_fixed_values_reach_the_study() -> None:
    gbm, ncm = (space_of().first(replay).method.params.model_dump() for replay in ("gbm", "ncm"))
    assert gbm["mixture"]["max_iter"] == 3
    assert ncm["code_width"] == 4


def test_designs_of_equal_values_are_equal() -> None:
    space = space_of()
    first, second = (space.point(space.points()[5]) for _ in range(2))
    assert first == second
    assert hash(first) == hash(second)
    assert first != space.point(space.points()[6])


def test_label_says_the_method_and_all_else_that_was_chosen() -> None:
    assert space_of().first("latent").label == (
        "latent replay E = 1, D = 512, H = 0, PE = 8, embeddings = buffer"
    )
    assert space_of().first("ncm").label == "nearest mean K = 1, q = 4, D = 512, PE = 8"


def test_reference_has_the_first_of_what_it_leaves_out() -> None:
    assert space_of().reference == {
        "replay": "gbm",
        "data.features": 512,
        "head.hidden": 0,
        "hardware.embeddings": "buffer",
        "hardware.pe": 8,
        "gbm.components": 1,
        "gbm.code_width": 6,
        "gbm.mode": "parallel",
        "gbm.mixture.init": "centroid",
    }
    assert space_of("methods: [{replay: gbm}]").reference is None


def test_reference_may_name_what_is_fixed() -> None:
    fixed = SPACE.replace("gbm.components: 1,", "hardware.simd: 32,")
    reference = space_of(fixed).reference
    assert reference is not None
    assert "hardware.simd" not in reference


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"replay": "joint"}, "replay must be one of gbm, latent, ncm, not 'joint'"),
        ({"gbm.modes": 1}, ("gbm.modes is no parameter of gbm: they are replay, data.features, "
         "head.hidden, hardware.pe, hardware.embeddings, gbm.components, gbm.code_width, gbm.mode, "
         "gbm.mixture.init")),
        ({"hardware.simd": 64}, "hardware.simd is no parameter of gbm: "),
        ({"gbm.code_width": 3}, "gbm.code_width must be an integer in 2..6 in steps of 2, not 3"),
        ({"gbm.code_width": 8}, "gbm.code_width must be an integer in 2..6 in steps of 2, not 8"),
        ({"gbm.components": True}, "gbm.components must be one of 1, 2, not True"),
        ({"replay": "latent", "latent.exemplars": 0.5},
         "latent.exemplars must be an integer in 1..20, not 0.5"),
    ],
)  # fmt: skip
def test_values_that_are_none_of_the_space_are_refused(given: dict[str, Any], message: str) -> None:
    space = space_of()
    parameters = dict(space.points()[0 if given.get("replay") != "latent" else 384])
    with pytest.raises(UserError) as caught:
        space.point(parameters | given)
    assert str(caught.value).startswith(message)


def test_a_missing_parameter_is_named() -> None:
    space = space_of()
    parameters = {k: v for k, v in space.points()[0].items() if k != "gbm.mode"}
    with pytest.raises(UserError) as caught:
        space.point(parameters)
    assert str(caught.value) == "gbm.mode is missing: it must be one of parallel, serial"


def test_values_that_do_not_fit_together_are_told() -> None:
    space = space_of("methods: [{replay: fetril, serves: [random, nearest], rank: [1, 2]}]")
    space.point({"replay": "fetril", "fetril.serves": "nearest", "fetril.rank": 2})
    with pytest.raises(UserError) as caught:
        space.point({"replay": "fetril", "fetril.serves": "random", "fetril.rank": 2})
    assert str(caught.value) == (
        "design: methods.0: rank must be left out where present classes serve at random"
    )


def test_optuna_chooses_designs_of_the_space_and_finds_them_again() -> None:
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    space = space_of()
    grid = [tuple(sorted(point.items())) for point in space.points()]
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    seen: set[Point] = set()
    for _ in range(60):
        trial = study.ask()
        point = space.suggest(trial)
        study.tell(trial, 0.0)
        assert tuple(sorted(trial.params.items())) in grid
        assert space.point(study.trials[-1].params) == point
        seen.add(point)
    assert {point.method.replay for point in seen} == {"gbm", "latent", "ncm"}


@pytest.mark.parametrize(
    "numbers",
    ["{low: 0.1, high: 0.9, step: 0.1}", "{low: 0.001, high: 1.0, log: true}", "{low: 1, high: 9}"],
    ids=["steps", "logarithm", "linear"],
)
def test_numbers_that_optuna_chooses_are_those_of_the_range(numbers: str) -> None:
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    space = space_of(f"methods: [{{replay: ncm}}]\nhardware: {{clock_mhz: {numbers}}}")
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(30):
        trial = study.ask()
        point = space.suggest(trial)
        assert point.hardware.clock_mhz == trial.params["hardware.clock_mhz"]
        assert 0.001 <= point.hardware.clock_mhz <= 9
