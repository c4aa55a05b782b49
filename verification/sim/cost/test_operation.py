# SPDX-License-Identifier: MIT
"""A chip in use: power at a frame rate by hand, and supplies at which timing closes."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sim.cost.assessment import Assessment
from sim.cost.configuration import load_cost
from sim.cost.operation import duty, modes, supply_points
from sim.cost.technology.loading import load_technology
from sim.cost.technology.operating import at_voltage
from sim.cost.technology.speed import slowest_supply, speed
from sim.cost.technology.technology import Faster
from sim.work.errors import UserError
from verification.sim.cost.small_chip import TECHNOLOGY, small_config, small_technology

Engram = Callable[..., tuple[int, str, str]]

OPEN130 = load_technology("open130")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    folder = tmp_path_factory.mktemp("chip")
    return Assessment(config=small_config(folder), technology=small_technology(folder))


def test_power_at_a_frame_rate_by_hand(small: Assessment) -> None:
    # 338 cycles of 1 us an image, 10 pW a bit that leaks, 2 fJ a clock of a flip-flop.
    image, busy = small.inference.bill.total.nominal, 100 * 338e-6
    assert duty(small, 100) == pytest.approx(busy)
    running, stopped, off = modes(small, 100)
    leakage = sum(line.memory.bits for line in small.memories) * 10e-12
    clocks = small.prices.flipflops.nominal * 2e-15 * 1e6
    assert stopped.power.nominal == pytest.approx(100 * image + leakage * (1 - busy))
    assert running.power.nominal == pytest.approx(stopped.power.nominal + clocks * (1 - busy))
    kept = small.memories_of("sampler.", "latent_buffer.")
    loads = 100 * small.phase("load a network").bill.total.nominal
    assert off.pause.nominal == pytest.approx(sum(line.memory.bits for line in kept) * 10e-12)
    assert off.power.nominal == pytest.approx(100 * image + loads + off.pause.nominal * (1 - busy))


def test_without_frames_only_the_pauses_are_left(small: Assessment) -> None:
    assert all(mode.power.nominal == mode.pause.nominal for mode in modes(small, 0))


def test_more_frames_than_the_clock_allows_are_refused(small: Assessment) -> None:
    most = 1 / 338e-6
    assert duty(small, most) == pytest.approx(1)
    with pytest.raises(ValueError, match=r"^must be at most 2959, .* at 1 MHz, not 3000$"):
        duty(small, 3000)


def test_delays_are_those_that_the_library_states() -> None:
    assert speed(OPEN130, 1.2) == (1, 1, 1)
    there = speed(OPEN130, 1.5)
    assert there.nominal == pytest.approx(1.43)
    assert there.low == pytest.approx(there.high)
    # Of a slow transistor at 125 degrees a NAND takes 0.2819 ns at 1.08 V, 0.1976 ns at 1.35 V.
    assert 0.75 < speed(OPEN130, 1.08).nominal < 0.85


@pytest.mark.parametrize("volts", [0.8, 0.9, 1.0, 1.1])
def test_lower_supplies_are_slower(volts: float) -> None:
    low, high = speed(OPEN130, volts), speed(OPEN130, volts + 0.1)
    assert low.low <= low.nominal <= low.high
    assert low.nominal < high.nominal


def test_an_image_takes_less_at_a_lower_supply_and_more_time() -> None:
    assessment = Assessment(config=load_cost("reference"), technology=OPEN130)
    points = list(supply_points(assessment))
    assert [p.voltage for p in points] == sorted(p.voltage for p in points)
    assert [p.energy.nominal for p in points] == sorted(p.energy.nominal for p in points)
    assert [p.clock for p in points] == sorted(p.clock for p in points)
    last = points[-1]
    assert (last.voltage, last.clock) == (1.2, pytest.approx(50e6))
    assert last.energy.nominal == pytest.approx(assessment.inference.bill.total.nominal)


def test_supplies_without_a_known_speed_are_refused() -> None:
    least = slowest_supply(OPEN130)
    with pytest.raises(
        ValueError, match=r"^voltage must be at least 0\.77 V for the speed of open"
    ):
        speed(OPEN130, least - 0.01)
    with pytest.raises(ValueError, match=r"^technology cmos28 does not state its speed at two "):
        slowest_supply(load_technology("cmos28"))
    low = replace(at_voltage(OPEN130, 0.7), faster=Faster(1.2, 1.5, 1.43))
    assessment = Assessment(config=load_cost("reference"), technology=low)
    with pytest.raises(ValueError, match=r"^below 0\.77 V the speed of open130 is not known$"):
        list(supply_points(assessment))


def test_a_speed_at_the_supply_of_the_table_is_refused(tmp_path: Path) -> None:
    row = "speed: {value: 1.4, unit: '1', kind: model, source: me, locator: p. 1, sureness: H"
    for more in ("}\n", ", voltage: 1.0}\n"):
        with pytest.raises(UserError, match=r"round\.yaml:4: speed must have another voltage than"):
            small_technology(tmp_path, "sources:\n", f"{row}{more}sources:\n")
    assert small_technology(
        tmp_path, "sources:\n", f"{row}, voltage: 1.2}}\nsources:\n"
    ).faster == Faster(1.0, 1.2, 1.4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--voltage", "0.6"], "--voltage: voltage must be at least 0.77 V for the speed of open"),
        (["--temperature", "200"], "--temperature: temperature must be 25..125 degrees Celsius, "),
        (
            ["--tech", "cmos28", "--temperature", "85"],
            "--temperature: technology cmos28 does not s",
        ),
        (
            ["--tech", "cmos28", "--voltage", "2"],
            "--voltage: Voltage to scale must be in 0.4..1.65",
        ),
        (["--frame-rate", "3000"], "--frame-rate: must be at most 475.1, the images a second at "),
        (["--chip", "nowhere.yaml"], "nowhere.yaml cannot be read: no such file or directory"),
    ],
    ids=["slow", "hot", "cold", "supply", "rate", "chip"],
)
def test_what_no_source_states_is_refused(
    engram: Engram, tmp_path: Path, arguments: list[str], message: str
) -> None:
    status, out, err = engram("cost", *arguments, "--out", tmp_path / "cost")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"engram: {message}")
    assert not (tmp_path / "cost").exists()


def test_the_report_states_power_supply_and_temperature(engram: Engram) -> None:
    arguments = ("--frame-rate", "30", "--voltage", "0.9", "--temperature", "85")
    status, text, _ = engram("cost", *arguments, "--format", "md")
    assert status == 0
    assert "at 85 degrees Celsius, at 0.9 V; 130 nm, 0.9 V. Clock 25.5 MHz." in text
    section = text.split("## At 30 frames a second\n")[1].split("\n## ")[0]
    assert "The chip computes 12.4% of the time." in section
    assert (
        len(re.findall(r"^\| (clock runs|clock stops|only the past is kept) \|", section, re.M))
        == 3
    )
    assert "| 0.9 | 25.5 MHz |" in text.split("## Supply\n")[1]


def test_a_technology_that_does_not_know_its_speed_keeps_the_clock_and_says_so(
    engram: Engram, tmp_path: Path
) -> None:
    tech = tmp_path / "round.yaml"
    tech.write_text(TECHNOLOGY)
    status, text, _ = engram("cost", "--tech", tech, "--voltage", "0.8", "--format", "md")
    assert status == 0
    told = (
        "- round does not state how fast it is at 0.8 V: whether timing closes at 50 MHz is not k"
    )
    assert told in text
    assert "How fast gates of round are at another supply is not known" in text
