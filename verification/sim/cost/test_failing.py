# SPDX-License-Identifier: MIT
"""Energy against accuracy at a supply where cells fail: energies, losses and the best point."""

import itertools
from dataclasses import replace
from functools import cache

import pytest

from golden.params import WatchParams
from sim.cost.assessment import Assessment
from sim.cost.configuration import load_cost
from sim.cost.failing import BEARABLE, COMPONENTS, PHASE, FailingLine
from sim.cost.failing_results import Loss, Which
from sim.cost.failing_search import failing_lines
from sim.cost.technology.loading import load_technology
from sim.cost.technology.operating import at_voltage
from sim.cost.totals import Total
from sim.learn.cells import load_cells

LOSSES = (
    Loss(("prototypes",), "GBM", 0.5, ((1e-4, 0.0), (0.01, 0.004), (0.1, 0.1))),
    Loss(("weights",), "GBM", 0.5, ((1e-4, 0.0), (0.01, 0.01))),
)
NETWORK = (
    Loss(("prototypes",), "GBM", 0.5, ((1e-4, 0.0), (0.01, 0.004))),
    Loss(("network",), "GBM", 0.5, ((1e-4, 0.0005), (0.01, 0.008))),
    Loss(("maps",), "GBM", 0.5, ((1e-4, 0.001), (0.01, 0.01))),
    Loss(("prototypes", "network"), "GBM", 0.5, ((1e-4, 0.0), (0.01, 0.009))),
)


@cache
def assessment() -> Assessment:
    return Assessment(config=load_cost("reference"), technology=load_technology("cmos28"))


@cache
def lines() -> dict[str, FailingLine]:
    found = failing_lines(assessment(), LOSSES, load_cells("dpcs-45nm"))
    return {names(line): line for line in found}


@cache
def network_lines() -> tuple[FailingLine, ...]:
    return failing_lines(assessment(), NETWORK, load_cells("dpcs-45nm"))


def names(line: FailingLine) -> str:
    return "each" if line.apart else line.members[0] if len(line.members) == 1 else "both"


def test_the_first_point_is_the_chip_as_it_is() -> None:
    for line in lines().values():
        first = line.points[0]
        assert set(first.voltages) == {0.9}
        # The curve knows that supply, and the study no share as small.
        assert set(first.shares) == {load_cells("dpcs-45nm").share(0.9)}
        assert first.lost == 0  # that of the least share in `LOSSES`
        assert first.energy == assessment().phase(PHASE).bill.total
    own = assessment().phase(PHASE).bill.by_component()
    assert lines()["weights"].points[0].memory == own["trainer.weights"]


@pytest.mark.parametrize("name", ["prototypes", "weights", "both"])
def test_only_the_memories_gain_by_a_lower_supply(name: str) -> None:
    line = lines()[name]
    point = next(p for p in line.points if p.voltages[0] == 0.6)
    low = at_voltage(assessment().technology, 0.6)
    there = Assessment(config=assessment().config, technology=low).phase(PHASE).bill
    members = [m for w in line.members for m in COMPONENTS[w]]
    own = sum(e.nominal for member, e in there.by_component().items() if member in members)
    assert point.memory.nominal == pytest.approx(own)
    saved = line.points[0].memory.nominal - own
    # What leaks less is a thousandth of it.
    left = line.points[0].energy.nominal - saved
    assert point.energy.nominal == pytest.approx(left, rel=1e-3)
    assert point.energy.nominal <= left * (1 + 1e-12)


def test_supplies_fall_to_the_last_that_is_known() -> None:
    cells = load_cells("dpcs-45nm")
    for name in ("prototypes", "weights", "both"):
        points = lines()[name].points
        volts = [p.voltages[0] for p in points]
        assert volts == sorted(set(volts), reverse=True)
        assert [p.shares[0] for p in points] == [cells.share(v) for v in volts]
        assert all(set(p.voltages) == {p.voltages[0]} for p in points)
    assert lines()["prototypes"].points[-1].voltages == (0.4,)
    # Weights were tried up to a share of 0.01, which is reached above 0.42 V.
    assert lines()["weights"].points[-1].shares[0] <= 0.01
    assert lines()["weights"].points[-1].voltages[0] > 0.42
    assert lines()["both"].points[-1].voltages == 2 * lines()["weights"].points[-1].voltages


def test_both_lose_the_sum() -> None:
    each = zip(*(lines()[n].points for n in ("prototypes", "weights", "both")), strict=False)
    for one, other, both in each:
        assert both.lost == pytest.approx(one.lost + other.lost)


def test_the_best_point_has_the_least_energy_of_those_that_lose_little() -> None:
    for line in lines().values():
        best = line.best
        assert best is not None
        assert best.lost <= BEARABLE
        cheaper = [p for p in line.points if p.energy.nominal < best.energy.nominal]
        assert cheaper
        assert all(p.lost > BEARABLE for p in cheaper)


def test_one_memory_alone_has_one_line() -> None:
    (line,) = failing_lines(assessment(), LOSSES[1:], load_cells("virtex7-28nm"))
    assert line.members == ("weights",)
    assert line.points[-1].voltages == (0.54,)


def test_each_at_its_own_supply_beats_both_at_one() -> None:
    one, other, both, each = (lines()[n] for n in ("prototypes", "weights", "both", "each"))
    full = one.points[0].energy.nominal
    pairs = [(a, b) for a in one.points for b in other.points if a.lost + b.lost <= BEARABLE]
    least = min(a.energy.nominal + b.energy.nominal for a, b in pairs) - full
    assert each.best is not None
    assert each.best.energy.nominal == pytest.approx(least, rel=1e-12)
    assert both.best is not None
    assert each.best.energy.nominal < both.best.energy.nominal
    a, b = each.best.voltages
    known = {p.voltages[0]: p for p in one.points}, {p.voltages[0]: p for p in other.points}
    assert each.best.lost == pytest.approx(known[0][a].lost + known[1][b].lost)
    assert each.best.memory.nominal == pytest.approx(
        known[0][a].memory.nominal + known[1][b].memory.nominal
    )
    energies = [p.energy.nominal for p in each.points]
    assert energies == sorted(energies, reverse=True)
    assert [p.lost for p in each.points] == sorted(p.lost for p in each.points)


def test_what_failed_at_once_is_measured_and_every_other_sum_is_an_estimate() -> None:
    found = [(line.members, line.measured, line.apart) for line in network_lines()]
    three = ("prototypes", "network", "maps")
    assert found == [
        (("prototypes",), True, False),
        (("network",), True, False),
        (("maps",), True, False),
        (("prototypes", "network"), True, False),
        (three, False, False),
        (three, False, True),
    ]
    cells = load_cells("dpcs-45nm")
    *alone, pair, alike, _ = network_lines()
    points = (line.points for line in (*alone, alike))
    full, measured = alone[0].points[0].energy.nominal, {p.voltages[0]: p for p in pair.points}
    for one, other, third, all_ in zip(*points, strict=True):
        assert all_.lost == pytest.approx(one.lost + other.lost + third.lost)
        voltage = one.voltages[0]
        share = cells.share(voltage)
        tried = 1e-4 <= share <= 0.01
        assert (voltage in measured) == (tried or voltage == 0.9)
        if tried:
            both = measured[voltage]
            assert both.lost == NETWORK[3].at(share)
            # What two memories save adds up.
            saved = [full - p.energy.nominal for p in (one, other, both)]
            assert saved[2] == pytest.approx(saved[0] + saved[1], rel=1e-9, abs=1e-12)
    # Nothing was tried as small as at the full supply: the sum of what each loses there.
    assert pair.points[0].lost == pytest.approx(0.0005)


def test_memories_that_failed_at_once_at_no_supply_here_have_no_line_and_refuse_nothing() -> None:
    cells = load_cells("dpcs-45nm")
    for points in (((1e-12, 0.0), (1e-11, 0.1)), ((0.5, 0.1), (0.6, 0.2))):
        pair = Loss(("prototypes", "network"), "GBM", 0.5, points)
        found = failing_lines(assessment(), [*NETWORK[:2], pair], cells)
        assert [line.measured for line in found] == [True, True, False, False]
    only = Loss(("prototypes", "maps"), "GBM", 0.5, ((1e-4, 0.0), (0.01, 0.009)))
    assert len(failing_lines(assessment(), [NETWORK[0], only], cells)) == 1


@pytest.mark.parametrize("which", ["network", "maps"])
def test_the_networks_memories_are_those_of_the_machine(which: Which) -> None:
    line = next(line for line in network_lines() if line.members == (which,))
    bill = assessment().phase(PHASE).bill.by_component()
    assert line.points[0].memory == sum((bill[m] for m in COMPONENTS[which]), Total())
    low = at_voltage(assessment().technology, 0.6)
    there = Assessment(config=assessment().config, technology=low).phase(PHASE).bill
    point = next(p for p in line.points if p.voltages[0] == 0.6)
    own = sum(there.by_component()[m].nominal for m in COMPONENTS[which])
    assert point.memory.nominal == pytest.approx(own)
    assert own < 0.5 * line.points[0].memory.nominal


def test_three_memories_at_their_own_supplies_are_the_best_of_all_choices() -> None:
    *alone, _, _, each = network_lines()
    full = alone[0].points[0].energy.nominal
    choices = itertools.product(*(line.points for line in alone))
    bearable = [choice for choice in choices if sum(p.lost for p in choice) <= BEARABLE]
    least = min(sum(p.energy.nominal for p in choice) for choice in bearable) - 2 * full
    assert each.best is not None
    assert each.best.energy.nominal == pytest.approx(least, rel=1e-12)
    assert set(each.points[0].voltages) == {0.9}


@pytest.mark.parametrize("watch", [WatchParams(secded=2), WatchParams(self_test=True)])
def test_rows_that_are_watched_over_follow_with_their_check_bits(watch: WatchParams) -> None:
    config = assessment().config
    own = replace(assessment(), config=replace(config, chip=replace(config.chip, watch=watch)))
    (line,) = failing_lines(own, LOSSES[:1], load_cells("dpcs-45nm"))
    bill = own.phase(PHASE).bill.by_component()
    members = ["sampler.prototypes.rows.memory"]
    members += ["sampler.prototypes.rows.checks"] * (watch.secded > 0)
    first, best = line.points[0], line.best
    assert first.memory.nominal == pytest.approx(sum(bill[m].nominal for m in members))
    assert first.memory.nominal >= lines()["prototypes"].points[0].memory.nominal
    plain = lines()["prototypes"].best
    assert best is not None
    assert plain is not None
    assert best.voltages == plain.voltages


def at(voltage: float) -> Assessment:
    return replace(assessment(), technology=at_voltage(assessment().technology, voltage))


def test_at_a_low_supply_of_the_technology_cells_fail_there_already() -> None:
    cells = load_cells("dpcs-45nm")
    (line,) = failing_lines(at(0.45), LOSSES[:1], cells)
    first, share = line.points[0], cells.share(0.45)
    assert (first.voltages, first.shares, first.lost) == ((0.45,), (share,), LOSSES[0].at(share))
    assert first.lost > 0


def test_where_too_much_is_lost_no_point_is_the_best() -> None:
    loss = Loss(("prototypes",), "GBM", 0.5, ((1e-12, 0.1), (0.1, 0.2)))
    (line,) = failing_lines(assessment(), [loss], load_cells("dpcs-45nm"))
    assert line.best is None


@pytest.mark.parametrize(
    ("voltage", "cell", "said"),
    [
        (0.5, "virtex7-28nm", "voltage must be from 0.54 V on"),
        (
            0.42,
            "dpcs-45nm",
            "of the cells fail, but .* failing weights: it ends at 0.01",
        ),
    ],
)
def test_a_supply_of_which_nothing_is_known_is_refused(
    voltage: float, cell: str, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        failing_lines(at(voltage), LOSSES, load_cells(cell))


def test_a_technology_without_memories_is_refused() -> None:
    bare = replace(assessment().technology, memories=None)
    with pytest.raises(ValueError, match="cmos28 states no energies of memories"):
        failing_lines(replace(assessment(), technology=bare), LOSSES, load_cells("dpcs-45nm"))


def test_a_technology_without_a_supply_is_refused() -> None:
    technology = replace(assessment().technology, voltage=None, memory_voltage=None)
    with pytest.raises(ValueError, match="cmos28 states no supply to scale from"):
        failing_lines(replace(assessment(), technology=technology), LOSSES, load_cells("dpcs-45nm"))
