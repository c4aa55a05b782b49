# SPDX-License-Identifier: MIT
"""The report: its formats of numbers, the text of every section, and reports with few values."""

import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from sim.cost.assessment import Assessment
from sim.cost.configuration import load_cost
from sim.cost.formatting import bounds, days, number, si, square_millimetres
from sim.cost.priced import PricedPhase
from sim.cost.published.learning_chips import at_node, published_learners, this_chip
from sim.cost.report import rows
from sim.cost.report.document import CostReport
from sim.cost.report.text import machine
from sim.cost.technology.loading import load_technology
from sim.cost.technology.scaling import usual_supply
from sim.cost.totals import Total
from verification.sim.cost.small_chip import TECHNOLOGY, small_config, small_technology


@pytest.fixture(scope="module")
def assessment(tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    folder = tmp_path_factory.mktemp("chip")
    return Assessment(config=small_config(folder), technology=small_technology(folder))


@pytest.fixture(scope="module")
def text(assessment: Assessment) -> str:
    return CostReport(assessment, "engram cost chip.yaml --tech round.yaml").markdown()


def section(text: str, title: str) -> str:
    return text.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def table(text: str) -> list[dict[str, str]]:
    """Return the rows of the first table of a text."""
    lines = re.search(r"(?:^\|.*\|$\n?)+", text, re.MULTILINE)
    assert lines is not None
    head, _, *body = ([cell.strip() for cell in line.strip("|").split("|")]
                      for line in lines[0].splitlines())  # fmt: skip
    return [dict(zip(head, cells, strict=True)) for cells in body]


@pytest.mark.parametrize(
    ("value", "written"),
    [(None, "-"), (0, "0 J"), (1, "1 J"), (0.9994, "999 mJ"), (0.9996, "1 J"),
     (2.7312e-4, "273 uJ"), (-3e-9, "-3 nJ"), (5e-20, "5e-20 J"), (4.56e12, "4.56e+03 GJ")],
)  # fmt: skip
def test_quantities_have_three_digits_and_a_prefix(value: float | None, written: str) -> None:
    assert si(value, "J") == written


def test_sums_with_gaps_have_a_star_or_a_dash() -> None:
    assert bounds(Total(low=1, nominal=2, high=3), "J") == ["1 J", "2 J", "3 J"]
    assert bounds(Total(low=1, nominal=2, high=3, missing=1), "J") == ["1 J*", "2 J*", "3 J*"]
    assert bounds(Total(missing=1), "J") == ["-"] * 3
    assert bounds(Total(), "J") == ["0 J"] * 3
    assert square_millimetres(Total(nominal=2.5e-6, missing=2)) == "2.500*"
    assert square_millimetres(Total(missing=2)) == "-"


def test_numbers_and_days() -> None:
    assert [number(n) for n in (1234567, 0.5, Fraction(7, 2), Fraction(8, 2), None)] == [
        "1,234,567", "0.50", "3.50", "4", "-"
    ]  # fmt: skip
    assert (days(86_400), days(43_200), days(864_000)) == ("a day", "0.5 days", "10 days")


def test_the_head_says_what_made_it(text: str, assessment: Assessment) -> None:
    assert text.startswith("# What it costs: A small chip\n")
    assert "Made by `engram cost chip.yaml --tech round.yaml` (engram " in text
    assert f"configuration {assessment.config.digest[:12]})" in text
    assert "Technology round: Round numbers; 100 nm, 1 V. Clock 1 MHz." in text
    assert "4 x 8 synapses; sampler L = 8, q = 4, D = 16, M = 1, parallel; latent buffer" in text


def test_two_units_are_told() -> None:
    chip = load_cost("reference").chip
    two = replace(chip, accelerator=replace(chip.accelerator, units=2))
    assert machine(chip).startswith("16 x 64 synapses; ")
    assert machine(two).startswith("2 units of 16 x 64 synapses; ")


def test_every_phase_is_a_row_with_its_power_and_delay(text: str, assessment: Assessment) -> None:
    found = table(section(text, "Phases"))
    assert [row["phase"] for row in found] == [p.phase.name for p in assessment.phases]
    image, joules = found[0], assessment.inference.bill.total.nominal
    # 338 cycles of 1 us.
    assert (image["cycles"], image["time"], image["energy"]) == ("338", "338 us", si(joules, "J"))
    bits = sum(line.memory.bits for line in assessment.memories)
    leaked = bits * 10e-12 * 338e-6
    assert image["leakage"] == si(leaked, "J")
    assert image["mean power"] == si(joules / 338e-6, "W")
    assert image["energy x time"] == si(joules * 338e-6, "Js")
    inside = assessment.inference.bill.by_component()
    assert inside["leakage"].nominal == pytest.approx(leaked)
    assert joules == pytest.approx(sum(part.nominal for part in inside.values()))
    task = found[6]
    assert task["phase"] == "learn a task, GBM"
    assert {task[name] for name in ("time", "mean power")} == {"-"}
    # It lasts as long as its busiest memory, an access a cycle.
    assert task["leakage"] != "-"


def test_how_a_head_is_trained_is_called_a_choice(tmp_path: Path, text: str) -> None:
    said = "plain descent, errors and gradients of 8 bits, real weights of 12, gradients added up"
    assert f"{said} in registers, of PE x SIMD weights at a time" in text
    other = Assessment(
        config=small_config(tmp_path, "hidden: 4", "hidden: 4, gradients: memory"),
        technology=small_technology(tmp_path),
    )
    assert f"{said} in a memory, which every sample reads" in CostReport(other, "x").markdown()


def test_memories_add_up(text: str, assessment: Assessment) -> None:
    *lines, last = table(section(text, "Memories"))
    assert last["memory"] == "**chip**"
    bits = sum(int(line["bits"].replace(",", "")) for line in lines)
    assert f"{bits:,}" == last["bits"]
    assert last["area (mm2)"] == f"{bits * 1e-6:.3f}"
    assert len(lines) == len(assessment.memories)


def test_what_to_know_of_memories_stands_below_them(text: str, tmp_path: Path) -> None:
    macros = load_technology("open130")
    assert macros.note is not None
    own = Assessment(config=small_config(tmp_path), technology=macros)
    assert macros.note in section(CostReport(own, "x").markdown(), "Memories")
    assert "2P" not in text


def test_peak_and_effective_efficiency_agree_with_energy(text: str, assessment: Assessment) -> None:
    peak, _, effective, whole = table(section(text, "Peak and effective"))
    assert peak["rate"] == "64 Mop/s"  # 4 x 8 synapses, two operations, 1 MHz
    image = assessment.inference
    assert effective["energy an operation"] == si(
        image.bill.actions.nominal / image.phase.operations, "J"
    )
    assert whole["scope"] == "inference, all"
    joules = image.bill.total.nominal / image.phase.operations
    assert whole["energy an operation"] == si(joules, "J")
    assert whole["TOp/s/W"] == f"{1e-12 / joules:.3g}"
    # 1 fJ an XNOR and 2 fJ a full adder of 8 synapses' tree are the least of it.
    assert assessment.peak_joules_an_operation.nominal > 1e-15 / 2


def test_the_roof_is_the_memories_width(assessment: Assessment) -> None:
    # Weights of 8 and limits of 9 + 2 bits for each of 4 neurons, a word of both maps.
    assert assessment.bandwidth == 4 * 8 + 4 * 11 + 2 * 8
    for cost in assessment.layers:
        if cost.layer.synapses:
            assert cost.memory_bits <= assessment.bandwidth * cost.cycles
            assert 0 < cost.utilisation <= 1


def test_stalls_and_steps_are_all_cycles(text: str) -> None:
    for row in table(section(text, "Layers of a picture")):
        numbers = [int(row[name].replace(",", "")) for name in ("steps", "stalls", "cycles")]
        assert numbers[0] + numbers[1] == numbers[2]


def test_steps_of_an_input_are_those_before_the_next_layer_begins(assessment: Assessment) -> None:
    cost = assessment.layers[0]
    early = replace(cost.layer, lead=2)
    _, steps, cycles, stalls, *_ = rows.layer_row(replace(cost, layer=early, cycles=50))
    assert early.pixels > 2
    assert (int(steps), int(cycles)) == (2 * early.pixel_steps, 50)
    assert int(steps) + int(stalls) == int(cycles)


def test_the_chip_stands_beside_published_learners(text: str, assessment: Assessment) -> None:
    found = {row["work"]: row for row in table(section(text, "Beside published learners"))}
    task = assessment.phase("learn a task, GBM, integer head")  # as the trainer does it
    assert task.phase.cycles is not None
    joules = task.bill.total.nominal
    own = found["this chip, GBM, integer head"]
    assert own["a class"] == si(joules / 2, "J")
    assert own["an image"] == si(joules / 20, "J")
    assert own["memory (Mb)"] == f"{4 * 16 * 6 / 1e6:.2f}"
    assert own["area for learning"] == f"{learning_area(assessment, task):.1%}"
    likelihood = assessment.phase("learn a task, likelihood")
    area = found["this chip, likelihood"]["area for learning"]
    assert area == f"{learning_area(assessment, likelihood):.1%}" != own["area for learning"]
    shares = {row["phase"]: row["more"] for row in with_learning(text)}
    assert shares[task.phase.name] == f"+{own['area for learning']}"
    assert found["O-FSCIL"]["a class"] == "12 mJ"
    assert found["Chameleon"]["area for learning"] == "0.5%"
    bounded = found["ANP-I"]
    assert (bounded["an image"], bounded["image / inference"]) == ("< 100 nJ", "< 1.150")
    assert found["Park et al."]["an image"] == si(236e-9 * 1.075, "J")
    a_class, an_image = at_node(assessment, 40)
    assert a_class.nominal == pytest.approx(10 * an_image.nominal)
    assert found["FSL-HDnn"]["an image there"] == si(an_image.nominal, "J") + "*"  # no leakage
    assert found["EON-1"]["an image there"] == "-"
    held = {work: row["work / this chip there"] for work, row in found.items()}
    assert held["FSL-HDnn"] == f"{6e-3 / an_image.nominal:.3g}*, an image"
    assert held["ANP-I"].startswith("< ")
    assert held["O-FSCIL"] == "node not stated"
    assert held["Chameleon"] == held["TinyCL"] == "no energy a class or an image"
    assert held["this chip, likelihood"] == "-"
    for learner in published_learners():
        assert learner.citation in section(text, "Sources")


def with_learning(text: str) -> list[dict[str, str]]:
    """Return the table of what each phase needs beside the chip."""
    return table("| phase |" + section(text, "Memories").split("| phase |", 1)[1])


def learning_area(assessment: Assessment, priced: PricedPhase) -> float:
    """Return the bits beside the chip over those of the chip: all bits have one area here."""
    beside = assessment.prices.used_beside(priced.phase)
    own = sum(line.memory.bits for line in assessment.memories)
    return sum(line.memory.bits for line in beside) / own


def test_another_node_is_the_scaled_technology() -> None:
    """At the node of `cmos28` and its supply the energies are those of the technology itself."""
    there = Assessment(config=load_cost("reference"), technology=load_technology("cmos28"))
    ours = there.phase("learn a task, GBM, integer head").bill
    a_class, _ = at_node(there, 28)
    usual = usual_supply(28) / 0.9
    # Logic follows the square of the supply. So does nearly all of the rest.
    assert a_class.nominal * 5 == pytest.approx(ours.total.nominal * usual**2, rel=0.05)


def test_what_learned_also_answers(assessment: Assessment) -> None:
    """The trainer's head, or the likelihood, takes the place of the binary head in an image."""
    image, binary = (assessment.phase(name).bill.total.nominal for name in
                     ("inference", "classify, head"))  # fmt: skip
    for learner, name in zip(this_chip(assessment), ("integer head", "likelihood"), strict=True):
        assert learner.inference_joules is not None
        answer = assessment.phase(f"classify, {name}").bill.total.nominal
        change = learner.inference_joules.nominal - image
        assert change == pytest.approx(answer - binary, rel=1e-3)


def test_values_that_move_a_sum_come_in_the_order_of_their_swing(text: str) -> None:
    widths = [
        float(row["high"].strip("+ %")) - float(row["low"].strip("+ %"))
        for row in table(section(text, "What moves the sums"))
    ]
    assert widths == sorted(widths, reverse=True)
    assert widths[0] > 100  # reads, of half to three times the nominal


def test_actions_of_a_phase_end_with_their_sum(text: str, assessment: Assessment) -> None:
    part = section(text, "Actions").split("### inference, one image", 1)[1]
    *lines, last = table(part)
    bill = assessment.inference.bill
    assert len(lines) == len(bill.lines) + len(bill.overheads)
    assert [line["component"] for line in lines[-2:]] == ["idle clocks", "leakage"]
    assert last["component"] == "**sum**"
    assert last["energy"] == si(assessment.inference.bill.total.nominal, "J")


def test_sources_are_all_cited_once(text: str) -> None:
    lines = section(text, "Sources").splitlines()
    assert lines.count("- somebody's notebook, https://example.org, CC0") == 1
    assert len(lines) == len(set(lines))
    assert any("NVMExplorer" in line for line in lines)


def test_warnings_are_a_section_only_where_there_are_some(text: str, tmp_path: Path) -> None:
    assert "- network.program: 8 x 183: 1464 bits are outside" in section(text, "Warnings")
    sizes = TECHNOLOGY.replace("bits: 1024", "bits: null")
    assert "is not known" in section(
        CostReport(
            Assessment(
                config=small_config(tmp_path),
                technology=small_technology(tmp_path, TECHNOLOGY, sizes),
            ),
            "x",
        ).markdown(),
        "Warnings",
    )


@pytest.fixture(scope="module")
def gappy(tmp_path_factory: pytest.TempPathFactory) -> CostReport:
    """A report in a technology without a value for registers."""
    folder = tmp_path_factory.mktemp("chip")
    row = next(r for r in TECHNOLOGY.splitlines(keepends=True) if r.startswith("  register:"))
    technology = small_technology(folder, row, "")
    return CostReport(Assessment(config=small_config(folder), technology=technology), "x")


@pytest.mark.parametrize(
    ("title", "row", "starred"),
    [
        ("Phases", 0, "energy, low|energy|energy, high|logic|mean power|energy x time"),
        ("Phases", 4, ""),  # an append clocks no register that is counted
        ("Peak and effective", 0, "energy an operation|TOp/s/W"),
        ("Peak and effective", 1, "energy an operation|TOp/s/W"),
        ("Peak and effective", 2, "energy an operation|TOp/s/W"),
        ("Layers of a picture", 1, "energy"),
        ("Drawing or reading the past", 0, "drawn|drawn and buffered|latent replay, E = 4"),
        ("Beside published learners", 0, "a class|an image|inference"),
        ("Beside published learners", 1, "a class|an image|inference"),
        ("Beside published learners", 2, ""),
    ],
)
def test_every_sum_that_lacks_a_value_has_a_star(
    gappy: CostReport, text: str, title: str, row: int, starred: str
) -> None:
    found = table(section(gappy.markdown(), title))[row]
    assert [column for column, value in found.items() if value.endswith("*")] == (
        starred.split("|") if starred else []
    )
    assert "*" not in "".join(table(section(text, title))[row].values())


def test_a_comparison_of_sums_with_gaps_has_a_star(gappy: CostReport, text: str) -> None:
    said = r"drawing takes no more than reading (.*); with a buffer (.*)\.$"
    for report, mark in ((gappy.markdown(), "*"), (text, "")):
        found = re.search(said, report, re.MULTILINE)
        assert found is not None
        assert [part.removesuffix("*") + mark for part in found.groups()] == [*found.groups()]


def test_pictures_mark_sums_with_gaps_too(gappy: CostReport) -> None:
    pictures = gappy.pictures()
    (axes,) = pictures["breakdown.png"].axes
    sums = [each.get_text() for each in axes.texts]
    assert [each.endswith("*") for each in sums] == [
        bool(priced.bill.missing) for priced in gappy.assessment.phases
    ]
    assert pictures["tornado.png"].axes[0].get_title().endswith("J*")


def test_a_technology_that_says_nothing_makes_a_report_of_dashes(tmp_path: Path) -> None:
    nothing = small_technology(tmp_path, TECHNOLOGY[TECHNOLOGY.index("logic:") :], "")
    files = CostReport(
        Assessment(config=small_config(tmp_path), technology=nothing), "x"
    ).files()  # fmt: skip
    text = str(files["report.md"])
    assert {row["energy"] for row in table(section(text, "Phases"))} == {"-"}
    assert {row["area (mm2)"] for row in table(section(text, "Memories"))} == {"-"}
    assert "round does not say: memory network.mvu.weights" in text


def test_rows_fit_their_columns(assessment: Assessment) -> None:
    priced, memory, layer = assessment.inference, assessment.memories[0], assessment.layers[0]
    for columns, row in (
        (rows.PHASES, rows.phase_row(priced)),
        (rows.MEMORIES, rows.memory_row(memory)),
        (rows.MEMORIES, rows.memory_sum("all", assessment.memories)),
        (rows.LAYERS, rows.layer_row(layer)),
        (rows.PAY_BACKS, rows.pay_back_row(assessment.pay_backs[0])),
        (rows.LEARNERS, rows.learner_row(published_learners()[0])),
        (rows.ACTIONS, rows.action_row(priced.bill.lines[0])),
    ):
        assert len(columns) == len(row)
