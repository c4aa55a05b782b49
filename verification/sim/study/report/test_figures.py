# SPDX-License-Identifier: MIT
"""Figures of a report: what their lines join, where their points lie, what they leave out."""

from typing import Any

from matplotlib.axes import Axes

from sim.replay import SOURCES
from sim.study.plot.looks import BOUND_LOOKS
from sim.study.report.drawing import legend_place
from sim.study.report.figures import accuracy_by_bits, accuracy_by_task, look
from sim.study.report.groups import MethodGroup, group_runs
from sim.study.report.series import BOUNDS, Axis


def run(replay: str, bits: int, accuracy: float, **params: Any) -> dict[str, Any]:
    source = SOURCES[replay]
    values = source.Params.model_validate(params)
    return {
        "method": replay,
        "label": source.label(values),
        "parameters": values.model_dump(),
        "increment": None,
        "bits_paper": bits,
        "bits_full": bits + 1000,
        "ledger": {"prototypes": bits, "latent weights": 900, "head": 100},
        "average_incremental": accuracy,
        "accuracy_seen": [accuracy, accuracy],
    }


RUNS = [
    run("joint", 10**6, 0.6),
    *(run("latent", 100 * e, 0.3 + e / 100, exemplars=e) for e in (1, 5, 20)),
    *(run("gbm", 100 * q, 0.3 + q / 100, code_width=q) for q in (1, 2, 3, 4, 5, 8)),
    *(run("gbm", 800 * k, 0.4 + k / 100, components=k) for k in (2, 4)),
    run("gbm", 800, 0.9, mode="serial"),
    run("likelihood", 800, 0.35),
    run("hamming", 100, 0.32),
]


def lines(
    groups: list[MethodGroup], axis: Axis = "memory", network_bits: int = 0
) -> dict[str, list[float]]:
    """Return the places of the points of every line by its legend."""
    axes: Axes = accuracy_by_bits(groups, axis, network_bits).axes[0]
    return {
        str(bars.get_label()): [float(x) for x in bars[0].get_xdata()] for bars in axes.containers
    }


def test_variants_of_one_method_are_drawn_in_colours_of_their_own_below_their_axes() -> None:
    modes = [run("gbm", 800, 0.5), run("gbm", 800, 0.4, mode="serial")]
    groups = group_runs([run("joint", 10**6, 0.6), *modes])
    figure = accuracy_by_bits(groups, "state")
    drawn = {str(bars.get_label()): bars[0].get_color() for bars in figure.axes[0].containers}
    assert list(drawn) == ["GBM, q = 8", "GBM, mode = serial, q = 8"]
    assert list(drawn.values()) == [look(group, groups).colour for group in groups[1:]]
    assert len(set(drawn.values())) == 2
    # Beside a second source, the variant is left out.
    assert list(lines([*groups, *group_runs([run("hamming", 100, 0.32)])])) == [
        "GBM, q = 8", "nearest prototype, no training",
    ]  # fmt: skip


def test_long_names_lie_below_the_axes() -> None:
    assert legend_place(["short"] * 9) == ("outside right center", 0)
    place, room = legend_place(["short", "a name of so many characters that no axes fit"])
    assert (place, room) == ("outside right center", 0)
    place, room = legend_place(["short", "a name of so many characters that no axes fit it"])
    assert (place, room) == ("outside lower center", 0.38)


def test_lines_join_one_parameter_and_variants_are_left_out() -> None:
    assert lines(group_runs(RUNS)) == {
        "latent replay": [100, 500, 2000],
        "GBM, K = 1": [100, 200, 300, 400, 500, 800],
        "GBM, q = 8": [800, 1600, 3200],
        "likelihood, no training, q = 8": [800],
        "nearest prototype, no training": [100],
    }


def test_bits_of_the_chip_are_network_and_all_state_without_latent_weights() -> None:
    shown = lines(group_runs(RUNS), "chip", network_bits=5000)
    assert shown["GBM, q = 8"] == [5900, 6700, 8300]


def test_all_state_has_the_latent_weights() -> None:
    assert lines(group_runs(RUNS), "state")["GBM, q = 8"] == [1800, 2600, 4200]


def test_a_study_of_variants_alone_shows_each_as_a_line() -> None:
    runs = [run("gbm", 100 * q, 0.3, code_width=q, mode="serial") for q in (2, 4)]
    runs += [run("gbm", 100, 0.3, code_width=q, draws_per_read=2) for q in (2, 4)]
    assert set(lines(group_runs(runs))) == {
        "GBM, mode = serial, K = 1",
        "GBM, draws_per_read = 2, K = 1",
    }


def test_a_lone_point_is_drawn() -> None:
    runs = [run("gbm", 800, 0.4), run("gbm", 1600, 0.4, components=4, code_width=4)]
    assert lines(group_runs(runs)) == {"GBM, q = 8": [800], "GBM, q = 4": [1600]}


def test_a_source_without_components_is_a_line_along_its_code_width_or_a_point() -> None:
    runs = [run("fetril", 100 * q, 0.4, code_width=q) for q in (2, 4)]
    runs.append(run("fetril", 800, 0.2, translation="threshold"))
    assert lines(group_runs(runs[:2])) == {"fetril": [200, 400]}
    assert lines(group_runs(runs[2:])) == {"fetril, translation = threshold, q = 8": [800]}


def test_curves_of_a_large_family_are_few_and_hold_the_papers_choice() -> None:
    groups = group_runs(RUNS)
    (legend,) = accuracy_by_task(groups, [50, 100]).legends
    labels = [text.get_text() for text in legend.get_texts()]
    assert "GBM K = 1, q = 8" in labels
    assert "GBM K = 1, q = 8, mode = serial" not in labels
    assert sum(label.startswith("GBM") for label in labels) <= 5


def test_every_bound_has_a_look_of_its_own() -> None:
    assert set(BOUNDS) == {name for name in SOURCES if SOURCES[name].bound}
    groups = group_runs([run(name, 10**6, 0.6) for name in BOUNDS])
    looks = [look(group, groups) for group in groups]
    assert len({(str(found.colour), found.line) for found in looks}) == len(BOUNDS)
    assert {*BOUND_LOOKS} == {*BOUNDS}


def test_a_discriminant_is_a_line_along_its_rank() -> None:
    runs = [run("low_rank", 100 * rank, 0.4, rank=rank) for rank in (8, 32)]
    assert lines(group_runs(runs)) == {"low-rank discriminant, no training": [800, 3200]}
