# SPDX-License-Identifier: MIT
"""Drawing or reading the past by technology, gating and M: by hand, and as a report says it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from golden.params import WatchParams
from sim.cost.assessment import Assessment
from sim.cost.configuration import CostConfig
from sim.cost.drawing import COMPARED, Drawing, Keeping, drawings, equal_points, keepings, lacking
from sim.cost.learning import _memory_cycles, replays
from sim.cost.life import chip_memories, life
from sim.cost.overheads import Circumstances, idle_clocks
from sim.cost.phases import drawn_exemplar, latent_exemplar
from sim.cost.pricing import price, price_memories
from sim.cost.replay import Point, sized
from sim.cost.report.drawing import conclusion, drawing_or_reading, drawing_parts, lasting
from sim.cost.technology.loading import load_technology
from sim.cost.technology.operating import at_voltage
from sim.cost.technology.technology import Technology
from sim.cost.totals import Total
from verification.sim.cost.small_chip import small_config, small_technology

FLIPFLOPS = Total.exactly(5000)


@pytest.fixture
def config(tmp_path: Path) -> CostConfig:
    return small_config(tmp_path)


@pytest.fixture
def technology(tmp_path: Path) -> Technology:
    return small_technology(tmp_path)


def point(method: str, accuracy: float, bits: int = 1, **numbers: int) -> Point:
    return Point(
        method=method, label=f"{method} {numbers}", numbers=numbers, bits=bits, accuracy=accuracy,
        spread=0.0, learn=Total(), replay=Total(), answer=Total(),
    )  # fmt: skip


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare no technology but the chip's: the others have their own tests."""
    monkeypatch.setattr("sim.cost.drawing.COMPARED", ())


def test_every_m_is_tried(config: CostConfig, technology: Technology) -> None:
    """A draw takes its share of the read, and logic of its own: a + b / M for any M."""
    gated = drawings(config, technology, Total())[1]
    energies = [energy.nominal for _, energy in gated.draws]
    assert [m for m, _ in gated.draws] == list(range(1, 65))
    share = 2 * (energies[0] - energies[1])
    assert share > 0
    assert energies == pytest.approx([energies[0] - share + share / m for m in range(1, 65)])
    assert gated.exemplars == 4  # K q


def test_the_first_m_that_wins_need_not_be_a_power_of_two(technology: Technology) -> None:
    """89 bits a request against 32 an exemplar, as in `verification.sim.cost.test_replay`."""
    draws = tuple((m, Total.exactly(89 / m)) for m in range(1, 65))
    drawing = Drawing(
        technology=technology, gated=True, draws=draws, latent=Total.exactly(32), exemplars=4
    )
    assert drawing.least_draws == 3
    assert replace(drawing, latent=Total.exactly(1)).least_draws is None


def test_clocks_that_run_add_what_idles(config: CostConfig, technology: Technology) -> None:
    running, gated = drawings(config, technology, FLIPFLOPS)
    assert (running.gated, gated.gated) == (False, True)
    clock, control = technology.value("clock"), technology.overheads.get("control")
    assert clock is not None
    each = clock.nominal * (1.0 if control is None else control.nominal)
    drawn = replace(config.chip.sampler, mode="parallel", draws_per_read=5)
    latent = replace(config.chip.latent, exemplars=4)
    for phase, ran, stopped in (
        (drawn_exemplar(drawn), dict(running.draws)[5], dict(gated.draws)[5]),
        (latent_exemplar(latent), running.latent, gated.latent),
    ):
        idle = idle_clocks(FLIPFLOPS, phase).nominal
        assert idle > 0
        assert ran.nominal - stopped.nominal == pytest.approx(idle * each)


def test_all_technologies_have_all_that_an_exemplar_takes() -> None:
    for name in COMPARED:
        technology = load_technology(name)
        assert technology.value("clock") is not None
        assert technology.macro(64, 64) is not None


def test_the_smallest_exemplars_as_accurate_are_the_rival(config: CostConfig) -> None:
    ours = point("gbm", 0.5, components=1, width=4)
    rivals = [point("latent", 0.49, 10, exemplars=1), point("latent", 0.6, 40, exemplars=4),
              point("latent", 0.5, 20, exemplars=2)]  # fmt: skip
    other = point("gbm", 0.9, components=2, width=4)
    assert equal_points(config, [other, ours, *rivals]) == (ours, rivals[2])
    assert equal_points(config, [other, *rivals]) is None
    assert equal_points(config, [ours, rivals[0]]) is None


def test_a_smaller_memory_pays_drawing_back(config: CostConfig, technology: Technology) -> None:
    ours = point("gbm", 0.5, components=1, width=4)
    theirs = point("latent", 0.5, exemplars=50)
    (gated,) = keepings(config, technology, (ours, theirs))
    tight = sized(config, components=1, width=4)
    alone, number = drawings(tight, technology, FLIPFLOPS)[1].draws[0][1], replays(config)
    # Neither source makes the trainer wait, so that what idles is no part of it.
    assert _memory_cycles(config, "GBM") == _memory_cycles(config, "likelihood")
    assert gated.drawn.nominal == pytest.approx(number * alone.nominal)
    assert number > 0
    assert gated.states_leakage
    # By hand: energies of a task over the difference of leakages.
    more = gated.drawn.nominal - gated.read.nominal
    saved = gated.exemplar_leakage.nominal - gated.prototype_leakage.nominal
    assert gated.seconds == (pytest.approx(more / saved) if more > 0 else 0.0)


def test_a_watched_chip_draws_what_its_phase_takes(
    config: CostConfig, technology: Technology
) -> None:
    own = replace(config, chip=replace(config.chip, watch=WatchParams(secded=2)))
    plain, found = (drawings(c, technology, FLIPFLOPS)[1] for c in (config, own))
    (phase,) = (p for p in life(own) if p.name == "pseudo-exemplar, parallel")
    priced = price_memories(chip_memories(own), technology)
    bill = price(phase.tally, priced, technology, Circumstances())
    assert found.draws[0][1].nominal == pytest.approx(bill.total.nominal)
    assert all(o[1].nominal > p[1].nominal for o, p in zip(found.draws, plain.draws, strict=True))
    assert found.latent == plain.latent


def keeping(drawn: float, read: float, ours: float, theirs: float, missing: int = 0) -> Keeping:
    leaks = (replace(Total.exactly(watts), missing=missing) for watts in (ours, theirs))
    return Keeping(
        technology=load_technology("open130"), prototypes=point("gbm", 0.5),
        exemplars=point("latent", 0.5), drawn=Total.exactly(drawn), read=Total.exactly(read),
        prototype_leakage=next(leaks), exemplar_leakage=next(leaks),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("numbers", "seconds"),
    [
        ((3.0, 1.0, 0.1, 0.5), 5.0),
        ((1.0, 3.0, 0.1, 0.5), 0.0),
        ((3.0, 1.0, 0.5, 0.5), None),
        ((1.0, 3.0, 0.5, 0.1), None),  # less at first only
        ((1.0, 3.0, 0.1, 0.5, 1), None),
    ],
)
def test_time_after_which_prototypes_take_less(numbers: tuple, seconds: float | None) -> None:
    found = keeping(*numbers).seconds
    assert found == (seconds if seconds is None else pytest.approx(seconds))


def test_conclusions_name_their_conditions() -> None:
    technology = load_technology("open130")
    draws = tuple((m, Total.exactly(8.0 / m)) for m in range(1, 65))

    def drawing(latent: float, gated: bool) -> Drawing:
        return Drawing(
            technology=technology, gated=gated, draws=draws, latent=Total.exactly(latent),
            exemplars=8,
        )  # fmt: skip

    assert conclusion([drawing(1.0, False), drawing(0.01, True)]) == (
        "At equal bits, an exemplar that is drawn takes no more energy than one that is read: "
        "with running clocks, if the consumer waits for every exemplar, from M = 8 (open130 at "
        "1.2 V) on; with gated clocks for no M up to 64 in open130 at 1.2 V."
    )
    assert lasting([keeping(3.0, 1.0, 0.1, 0.5), keeping(1.0, 3.0, 0.1, 0.5)]) == (
        "At equal accuracy and M = 1, prototypes take less energy at once in open130 at 1.2 V; if "
        "tasks are apart by 5 s in open130 at 1.2 V."
    )
    assert lasting([keeping(3.0, 1.0, 0.5, 0.1), keeping(1.0, 3.0, 0.1, 0.5, 1)]) == (
        "At equal accuracy and M = 1, prototypes take less energy never in open130 at 1.2 V. "
        "No leakage is stated by open130 at 1.2 V."
    )
    (axes,) = drawing_or_reading([drawing(1.0, False), drawing(0.5, True)]).axes
    assert [line.get_linestyle() for line in axes.lines] == ["-", "--", "-"]
    assert np.asarray(axes.lines[1].get_ydata())[:2].tolist() == [16.0, 8.0]


def test_a_technology_that_is_left_out_is_named(config: CostConfig, technology: Technology) -> None:
    bare = replace(technology, logic={})
    assert drawings(config, bare, Total()) == ()
    *_, said = drawing_parts(Assessment(config=config, technology=bare))
    assert said.startswith("Not compared: round, which does not state all that an exemplar takes.")
    assert lacking(technology, drawings(config, technology, Total())) == ()


def test_rows_name_the_supply(config: CostConfig, technology: Technology) -> None:
    low = at_voltage(technology, 0.8)
    text = "\n".join(drawing_parts(Assessment(config=config, technology=low)))
    assert "| round at 0.8 V | running |" in text
    assert "(round at 0.8 V)" in text or "in round at 0.8 V" in text
