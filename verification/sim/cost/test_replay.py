# SPDX-License-Identifier: MIT
"""Drawing against reading the past: bits by hand, the break-even, and points of a study."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from golden.params import WatchParams
from sim.cost.assessment import Assessment
from sim.cost.configuration import CostConfig, load_cost
from sim.cost.drawing import drawings
from sim.cost.learning import replays
from sim.cost.replay import BreakEven, break_even, read_points
from sim.cost.technology.loading import load_technology
from sim.cost.technology.technology import Technology
from sim.cost.totals import Total
from sim.work.errors import UserError
from verification.sim.cost.small_chip import TECHNOLOGY, small_config, small_technology

LABELS = ("latent replay E = 1", "latent replay E = 4", "GBM K = 1, q = 4", "GBM K = 2, q = 3",
          "mixture likelihood K = 1, q = 4")  # fmt: skip


@pytest.fixture
def config(tmp_path: Path) -> CostConfig:
    return small_config(tmp_path)


def free_but_for_reads(folder: Path) -> Technology:
    """Return a technology without logic in which each bit read or written takes 1 pJ."""
    text = TECHNOLOGY[: TECHNOLOGY.index("logic:")] + TECHNOLOGY[TECHNOLOGY.index("memory:") :]
    text = text.replace("write: {value: 2,", "write: {value: 1,")
    return small_technology(folder, TECHNOLOGY, text)


def study(folder: Path, labels: tuple[str, ...] = LABELS, features: int = 16) -> Path:
    runs = [
        {"label": label, "average_incremental": 0.5 + 0.1 * seed}
        for label in labels
        for seed in (0, 1)
    ]
    path = folder / "results.json"
    path.write_text(json.dumps({"data": {"features": features}, "runs": runs}))
    return path


def test_bits_read_an_exemplar_are_those_of_the_paper(config: CostConfig, tmp_path: Path) -> None:
    """D = 16, q = 4: a request reads 64 bits and a 25-bit entry; latent replay 16 and a count."""
    found = break_even(config, free_but_for_reads(tmp_path))
    assert found.exemplars == 4  # K q
    assert found.latent.nominal == pytest.approx((16 + 16) * 1e-12)
    assert [m for m, _ in found.draws] == list(range(1, 65))
    for m, drawn in found.draws:
        assert drawn.nominal == pytest.approx((4 * 16 + 25) / m * 1e-12)
    # Written to a buffer and read again: 2 D bits more.
    for (m, kept), (_, drawn) in zip(found.buffered, found.draws, strict=True):
        assert kept.nominal - drawn.nominal == pytest.approx(2 * 16e-12), m


@pytest.mark.parametrize("watch", [WatchParams(secded=2), WatchParams(secded=4, self_test=True)])
def test_a_watched_chip_reads_check_bits_too(
    config: CostConfig, tmp_path: Path, watch: WatchParams
) -> None:
    """Rows of 8 lanes have 5 check bits a protected plane; a draw of 16 features reads two rows."""
    own = replace(config, chip=replace(config.chip, watch=watch))
    technology = free_but_for_reads(tmp_path)
    watched, bare = (break_even(c, technology).draws for c in (own, config))
    for (m, energy), (_, plain) in zip(watched, bare, strict=True):
        more = energy.nominal - plain.nominal
        assert more == pytest.approx(2 * watch.check_bits(8) / m * 1e-12), m
    # A study of codes with fewer planes than are protected: all of theirs are.
    ours = read_points(own, technology, study(tmp_path))
    for point, sound in zip(ours, read_points(config, technology, study(tmp_path)), strict=True):
        more = point.replay.nominal - sound.replay.nominal
        assert (more > 0) == (point.method == "gbm")
        if point.method == "gbm":
            checks = 5 * min(watch.secded, point.numbers["width"])
            assert more == pytest.approx(replays(own) * 2 * checks * 1e-12)


def test_drawing_wins_once_m_shares_the_bits_of_a_read(config: CostConfig, tmp_path: Path) -> None:
    found = break_even(config, free_but_for_reads(tmp_path))
    assert found.least_draws == 3  # 89 / 3 < 32 <= 89 / 2
    assert found.least_buffered is None  # 32 + 89 / M > 32


def test_with_more_components_a_fair_rival_has_more_exemplars(config: CostConfig) -> None:
    two = replace(config, memory=config.memory.model_copy(update={"components": 2}))
    assert break_even(two, load_technology("open130")).exemplars == 8


def test_on_real_macros_an_exemplar_of_q_8_takes_almost_8_times_as_much() -> None:
    found = break_even(load_cost("reference"), load_technology("open130"))
    ratio = found.draws[0][1].nominal / found.latent.nominal
    assert 6 < ratio < 9
    # With wires and clock, the logic of a draw takes as much as reading a stored exemplar.
    assert found.least_draws is found.least_buffered is None
    bare = replace(load_technology("open130"), overheads={})
    assert break_even(load_cost("reference"), bare).least_draws == 15
    energies = [energy.nominal for _, energy in found.draws]
    assert energies == sorted(energies, reverse=True)


def test_a_win_that_larger_macros_undo_is_none() -> None:
    three, four = Total.exactly(3), Total.exactly(4)
    draws = tuple(enumerate((four, three, four, three, three), 1))
    found = BreakEven(draws=draws, buffered=draws[:3], latent=three, exemplars=8)
    assert (found.least_draws, found.least_buffered) == (4, None)


def test_one_break_even_for_actions_and_for_gated_clocks() -> None:
    """Both sections of a report find the same M."""
    config, technology = load_cost("reference"), load_technology("cmos22")
    _, gated, *_ = drawings(config, technology, Total())
    assert break_even(config, technology).least_draws == gated.least_draws == 9


def test_points_have_the_memories_of_their_method(config: CostConfig, tmp_path: Path) -> None:
    found = list(read_points(config, small_technology(tmp_path), study(tmp_path)))
    assert [(p.method, p.label, p.bits) for p in found] == [
        ("latent", LABELS[0], 1 * 16 * 6),
        ("latent", LABELS[1], 4 * 16 * 6),
        ("gbm", LABELS[2], 4 * 16 * 6),
        ("gbm", LABELS[3], 2 * 3 * 16 * 6),
        ("likelihood", LABELS[4], 4 * 16 * 6),
    ]
    assert all((p.accuracy, p.spread) == pytest.approx((0.55, 0.05)) for p in found)


def test_a_point_of_the_chip_s_own_numbers_takes_what_the_chip_takes(
    config: CostConfig, tmp_path: Path
) -> None:
    """q = 4, K = 1: the energy is that of a chip with exactly 6 components."""
    technology = small_technology(tmp_path)
    own = config.chip.sampler
    least = replace(own.prototypes, components=6, class_components=1)
    chip = replace(config.chip, sampler=replace(own, prototypes=least))
    tight = replace(config, chip=chip)
    whole = Assessment(config=tight, technology=technology)
    point = next(
        p for p in read_points(config, technology, study(tmp_path)) if p.label == LABELS[2]
    )
    assert point.learn == whole.phase("learn a task, GBM").bill.total
    assert point.answer == whole.phase("classify, head").bill.total


def test_only_the_likelihood_replays_nothing(config: CostConfig, tmp_path: Path) -> None:
    for point in read_points(config, small_technology(tmp_path), study(tmp_path)):
        assert (point.replay.nominal == 0) == (point.method == "likelihood")
        assert point.replay.nominal < point.learn.nominal


def test_variants_of_a_method_are_left_out(config: CostConfig, tmp_path: Path) -> None:
    path = study(tmp_path, (*LABELS[:1], "GBM K = 1, q = float", "GBM K = 1, q = 8, mode = serial",
                            "latent replay E = 5, 10 classes a task", "fine-tuning"))  # fmt: skip
    assert [p.label for p in read_points(config, small_technology(tmp_path), path)] == [LABELS[0]]


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"runs": []}', '{"data": {"features": 16}, "runs": [5]}',
     '{"data": {"features": 16}, "runs": [{"label": "GBM K = 1, q = 4"}]}',
     '{"data": {"features": 16}, "runs": 3}', '{"data": 16, "runs": []}'],
)  # fmt: skip
def test_what_is_no_study_is_refused(config: CostConfig, tmp_path: Path, text: str) -> None:
    path = tmp_path / "results.json"
    path.write_text(text)
    with pytest.raises(
        UserError,
        match=r"results\.json must be (the results\.json of a study, but is not: .|"
        r"a number)|runs\.0\.average_incremental must be a number of 0 to 1, not null$",
    ):
        list(read_points(config, small_technology(tmp_path), path))


@pytest.mark.parametrize(
    ("label", "accuracy", "message"),
    [
        ("GBM K = 1, q = 17", "0.5", r"runs\.0\.label: q must be 1 to 16, not 17$"),
        ("GBM K = 1, q = 0", "0.5", r"runs\.0\.label: q must be 1 to 16, not 0$"),
        ("GBM K = 0, q = 4", "0.5", r"runs\.0\.label: K must be 1 to 1000000, not 0$"),
        ("latent replay E = 0", "0.5", r"runs\.0\.label: E must be 1 to 1000000, not 0$"),
        (f"latent replay E = {'9' * 5000}", "0.5", r"E must be 1 to 1000000, not 9{20}$"),
        ("latent replay E = 1", "NaN", r"but is not: NaN is no number of JSON$"),
        ("latent replay E = 1", "Infinity", r"but is not: Infinity is no number of JSON$"),
        ("latent replay E = 1", "1e999", r"runs\.0\.average_incremental: Input should be "),
        ("latent replay E = 1", "-0.5", r"runs\.0\.average_incremental: Input should be greater"),
        ("latent replay E = 1", "1.5", r"runs\.0\.average_incremental: Input should be less"),
        ("latent replay E = 1", '"0.5"', r"runs\.0\.average_incremental: Input should be a valid"),
        ("latent replay E = 1", "[" * 100_000, r"is not: its values are nested too deep$"),
    ],
    ids=lambda value: value[:24],
)
def test_values_of_a_study_have_bounds(
    config: CostConfig, tmp_path: Path, label: str, accuracy: str, message: str
) -> None:
    path = tmp_path / "results.json"
    run = f'{{"label": "{label}", "average_incremental": {accuracy}}}'
    path.write_text(f'{{"data": {{"features": 16}}, "runs": [{run}]}}')
    with pytest.raises(UserError, match=message):
        list(read_points(config, small_technology(tmp_path), path))


def test_a_study_of_other_embeddings_is_refused(config: CostConfig, tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"results\.json must be a study with the chip's D = 16 bits, not 512$"
    ):
        list(read_points(config, small_technology(tmp_path), study(tmp_path, features=512)))


def test_a_study_without_a_method_of_the_chip_is_refused(
    config: CostConfig, tmp_path: Path
) -> None:
    with pytest.raises(
        UserError, match=r"must have runs of latent replay, GBM or mixture likelihood, not none$"
    ):
        list(read_points(config, small_technology(tmp_path), study(tmp_path, ("fine-tuning",))))
