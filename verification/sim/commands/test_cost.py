# SPDX-License-Identifier: MIT
"""`engram cost` from outside: what it prints and writes, and every mistake with its one message."""

import csv
import io
import json
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from sim.cost.assessment import Assessment
from sim.cost.configuration import load_cost
from sim.cost.report.document import CostReport
from sim.cost.technology.files import BUILT_IN
from sim.cost.technology.loading import load_technology
from verification.sim.cost import small_library
from verification.sim.cost.cells.test_liberty_cells import two_files
from verification.sim.cost.published.test_comparison import STRANGER
from verification.sim.cost.small_chip import TECHNOLOGY, write_chip
from verification.sim.cost.test_replay import study

Engram = Callable[..., tuple[int, str, str]]

ROOT = Path(__file__).parents[3]
FILES = ["action_counts.yaml", "breakdown.png", "cost.csv", "cost.json", "drawing_or_reading.png",
         "energy_by_draws.png", "energy_table.yaml", "report.md", "roofline.png",
         "tornado.png"]  # fmt: skip
WITH_STUDY = sorted([*FILES, "accuracy_by_energy.png", "energy_by_bits.png"])


@pytest.fixture
def chip(tmp_path: Path) -> Path:
    return write_chip(tmp_path)


@pytest.fixture
def tech(tmp_path: Path) -> Path:
    path = tmp_path / "round.yaml"
    path.write_text(TECHNOLOGY)
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_reference_is_priced_in_real_macros_and_cells(engram: Engram) -> None:
    status, out, err = engram("cost")
    assert (status, err) == (0, "")
    assert "The reference chip on CIFAR-100; IHP SG13G2 130 nm" in out
    image = re.search(r"│ inference +│ +105,248 │ +\d+ uJ │ +(\d+) uJ │ +\d+ uJ │", out)
    assert image is not None
    assert 300 < int(image[1]) < 400
    assert re.search(r"│ network\.mvu\.weights +│ +2,097,152 │ +1 x 2048x64 │", out)


FAILING = "--study", ROOT / "reports/faults/results.json", "--cell", "dpcs-45nm", "--tech", "cmos28"


def test_failing_memories_have_a_section(engram: Engram) -> None:
    status, text, err = engram("cost", *FAILING, "--format", "md")
    assert (status, err) == (0, "")
    assert "## Memories at a supply where cells fail" in text
    assert "## Planes of prototypes at two supplies\n\nThe upper planes of the 8 keep 0.9 V" in text
    said = "- Weights of the head: the least energy with at most 0.5 points lost is at 0.49 V"
    assert said in text


@pytest.mark.slow
def test_failing_memories_have_a_picture(engram: Engram, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert engram("cost", *FAILING, "--out", out)[0] == 0
    assert "accuracy_by_supply.png" in names(out)


def test_a_report_is_written_whole(engram: Engram, chip: Path, tech: Path, tmp_path: Path) -> None:
    out = tmp_path / "out" / "cost"
    path = study(tmp_path)
    status, printed, err = engram("cost", chip, "--tech", tech, "--study", path, "--out", out)
    assert (status, err) == (0, "")
    assert f"Report: {out / 'report.md'}\n" in printed
    assert re.search(r"│ latent replay E = 4 +│ +0\.4 │ +55\.0 ± 5\.0 │", printed)
    assert names(out) == WITH_STUDY
    text = (out / "report.md").read_text()
    assert f"`engram cost {chip} --tech {tech} --study {path} --out {out}`" in text
    for picture in re.findall(r"\]\((\w+\.png)\)", text):
        assert (out / picture).read_bytes().startswith(b"\x89PNG")
    assert "| GBM K = 2, q = 3 | 0.6 | 55.0 ± 5.0 |" in text


def test_figures_of_an_earlier_report_go_and_the_rest_is_the_same_bytes(
    engram: Engram, chip: Path, tech: Path, tmp_path: Path
) -> None:
    out, first = tmp_path / "cost", tmp_path / "first"
    arguments = ("cost", chip, "--tech", tech, "--out", out)
    assert engram(*arguments)[0] == 0
    shutil.copytree(out, first)
    for name in ("note.txt", "energy_by_bits.png"):
        (out / name).write_text("left")
    assert engram(*arguments)[0] == 0
    assert names(out) == sorted([*FILES, "note.txt"])
    for name in FILES:
        assert (out / name).read_bytes() == (first / name).read_bytes(), name


@pytest.mark.parametrize(
    ("format_", "name"), [("md", "report.md"), ("json", "cost.json"), ("csv", "cost.csv")]
)
def test_a_format_prints_the_report_and_nothing_else(
    engram: Engram, chip: Path, tech: Path, format_: str, name: str
) -> None:
    config, technology = load_cost(str(chip)), load_technology(str(tech))
    arguments = ("cost", chip, "--tech", tech, "--format", format_)
    report = CostReport(
        Assessment(config=config, technology=technology),
        f"engram {shlex.join(map(str, arguments))}",
    )
    status, printed, err = engram(*arguments)
    warnings = [f"Warning: {text}" for text in report.assessment.warnings]
    assert warnings
    assert (status, err.splitlines()) == (0, [] if format_ == "md" else warnings)
    wanted = report.texts()[name]
    if format_ == "md":  # whose further sections are the command's
        assert set(wanted.split("\n\n")) <= set(printed.split("\n\n"))
    else:
        assert printed == wanted


def test_published_chips_of_ones_own_are_compared(
    engram: Engram, chip: Path, tech: Path, tmp_path: Path
) -> None:
    own = []
    for name in ("Stranger", "Second"):
        own += ["--chip", tmp_path / f"{name}.yaml"]
        own[-1].write_text(STRANGER.replace("title: Stranger", f"title: {name}"))
    status, out, _ = engram("cost", chip, "--tech", tech, *own, "--format", "md")
    assert status == 0
    rows = re.findall(
        r"^\| (Stranger|Second) \| core .* 30 fJ/op .* held out \|", out, re.MULTILINE
    )
    assert rows == ["Stranger", "Second"]
    # The band is that of the chips which come with the install.
    band = re.compile(r"\*\*Held out, \d+ figures: .*")
    alone = engram("cost", chip, "--tech", tech, "--format", "md")[1]
    assert band.findall(out) == band.findall(alone) != []


def test_a_fault_in_a_published_chip_names_its_line(
    engram: Engram, chip: Path, tmp_path: Path
) -> None:
    path = tmp_path / "faulty.yaml"
    path.write_text(STRANGER.replace("unit: fJ/op", "unit: fJ"))
    status, out, err = engram("cost", chip, "--chip", path)
    assert (status, out) == (2, "")
    assert f"{path}:16: values.0.unit must be one of TOPS/W, fJ/op" in err


def test_a_library_takes_the_place_of_the_logic(engram: Engram, chip: Path, tmp_path: Path) -> None:
    library = tmp_path / "small.lib"
    library.write_text(small_library.TEXT)
    status, out, _ = engram("cost", chip, "--liberty", library, "--format", "csv")
    assert status == 0
    sources = {row["source"] for row in csv.DictReader(io.StringIO(out))}
    assert sources == {"", "liberty", "ihp-sram"}
    out = engram("cost", chip, "--liberty", library)[1]
    assert (
        "A small chip; IHP SG13G2 130 nm, SRAM macros and standard cells of the open PDK; " in out
    )
    assert "logic of small (small.lib)" in out
    assert "Warning: logic of small (small.lib) is at 2 V, memories of open130 are at 1.2 V" in out


def test_a_library_may_lie_in_several_files(engram: Engram, chip: Path, tmp_path: Path) -> None:
    whole, (one, two) = tmp_path / "small.lib", two_files(tmp_path, "area : 20;", "area : 20;")
    whole.write_text(small_library.TEXT)
    said = engram("cost", chip, "--liberty", whole, "--format", "csv")[1]
    status, out, _ = engram("cost", chip, "--liberty", one, "--liberty", two, "--format", "csv")
    assert (status, out) == (0, said)
    status, _, err = engram("cost", chip, "--liberty", one, "--liberty", one)
    assert status == 2
    assert f"{one}:20: cell INV must not be that of {one}:20" in err


def test_a_library_without_energies_is_no_cheap_one(
    engram: Engram, chip: Path, tmp_path: Path
) -> None:
    library = tmp_path / "silent.lib"
    library.write_text(small_library.TEXT.replace("internal_power", "timing"))
    status, out, _ = engram("cost", chip, "--liberty", library)
    assert status == 0
    assert "Warning: open130 does not say: energy of register (network.mvu.pipeline)\n" in out
    status, out, err = engram("cost", chip, "--liberty", library, "--strict")
    assert (status, out) == (2, "")
    assert "energy of register (network.mvu.pipeline), " in err


def test_gaps_are_printed_loudly_and_refused_if_strict(
    engram: Engram, chip: Path, tmp_path: Path
) -> None:
    tech = tmp_path / "own.yaml"
    rows = [row for row in TECHNOLOGY.splitlines(keepends=True)
            if not row.startswith(("  xnor:", "  area:"))]  # fmt: skip
    tech.write_text("".join(rows))
    status, out, err = engram("cost", chip, "--tech", tech)
    assert (status, err) == (0, "")
    assert "Warning: own does not say: energy of xnor (network.mvu.xnor.agree)\n" in out
    assert "Warning: own does not say: area of sampler.prototypes.memory\n" in out
    folder = tmp_path / "cost"
    status, out, err = engram("cost", chip, "--tech", tech, "--strict", "--out", folder)
    assert (status, out) == (2, "")
    assert err.startswith(
        "engram: Technology own must say, and does not: energy of xnor (network.mvu.xnor.agree), "
        "area of network.program, area of network.fetch.map, "
    )
    assert not folder.exists()


@pytest.mark.parametrize("name", sorted(path.stem for path in BUILT_IN.glob("*.yaml")))
def test_every_technology_prices_a_chip_or_says_what_it_lacks(
    engram: Engram, chip: Path, name: str
) -> None:
    status, out, err = engram("cost", chip, "--tech", name, "--format", "json")
    assert status == 0
    results = json.loads(out)
    energies = [phase["energy_J"] for phase in results["phases"]]
    assert all(e["low"] <= e["nominal"] <= e["high"] for e in energies)
    complete = not any(e["missing"] for e in energies)
    lacking = re.compile("does not say: (energy|clock|leakage)")
    assert complete == (not any(lacking.search(text) for text in results["warnings"]))
    assert err.splitlines() == [f"Warning: {text}" for text in results["warnings"]]
    assert complete == (name in ("open130", "cmos28", "cmos22"))


def known_sizes(folder: Path, old: str = "", new: str = "") -> Path:
    """Write a technology that knows arrays of 1 to a million bits, and change it."""
    head, points = TECHNOLOGY.split("    - bits: 1024\n")
    energies, rest = points.split("  leakage:")
    text = f"{head}    - bits: 1\n{energies}    - bits: 1000000\n{energies}  leakage:{rest}"
    assert old in text
    path = folder / "known.yaml"
    path.write_text(text.replace(old, new) if old else text)
    return path


def test_a_complete_technology_is_strict_enough(engram: Engram, chip: Path, tmp_path: Path) -> None:
    for fits in ("", "highest_clock_mhz: 1\n"):
        tech = known_sizes(tmp_path, "node:", f"{fits}node:")
        status, out, err = engram("cost", chip, "--tech", tech, "--strict")
        assert (status, err) == (0, "")
        assert "the clock is" not in out
    assert engram("cost", "--strict")[0] == 0


def warned_and_refused(engram: Engram, *arguments: object) -> tuple[str, str]:
    """Return what is said without --strict, and with it, where nothing may be printed."""
    status, out, err = engram("cost", *arguments)
    assert (status, err) == (0, "")
    status, nothing, err = engram("cost", *arguments, "--strict")
    assert (status, nothing, err.count("\n")) == (2, "", 1)
    return out, err


def test_a_library_of_another_supply_is_not_strict(
    engram: Engram, chip: Path, tmp_path: Path
) -> None:
    library = tmp_path / "small.lib"
    library.write_text(small_library.TEXT)
    out, err = warned_and_refused(engram, chip, "--liberty", library)
    told = ("logic of small (small.lib) is at 2 V, memories of open130 are at 1.2 V: "
            "their energies are added as they stand\n")  # fmt: skip
    assert f"Warning: {told}" in out
    assert err.endswith(f"; it must fit, and does not: {told}")
    library.write_text(small_library.TEXT.replace("nom_voltage : 2.0", "nom_voltage : 1.2"))
    out, err = warned_and_refused(engram, chip, "--liberty", library)
    assert "logic of small (small.lib) is at" not in out
    assert "must fit" not in err  # but lacks values of logic


@pytest.mark.parametrize(("nand", "fits"), [("7.3", True), ("1.2", False), ("30", False)])
def test_a_library_of_another_node_is_not_strict(
    engram: Engram, chip: Path, tmp_path: Path, nand: str, fits: bool
) -> None:
    library = tmp_path / "small.lib"
    text = small_library.TEXT.replace("nom_voltage : 2.0", "nom_voltage : 1.2")
    assert text.count("area : 4;") == 1
    library.write_text(text.replace("area : 4;", f"area : {nand};"))
    out, err = warned_and_refused(engram, chip, "--liberty", library)
    if fits:
        assert "nodes seem to differ" not in out
        assert "must fit" not in err  # but lacks values of logic
        return
    told = (f"logic of small (small.lib) has NANDs of {nand} um2, open130 (130 nm) has NANDs of "
            "7.26 um2: their nodes seem to differ\n")  # fmt: skip
    assert f"Warning: {told}" in out
    assert err.endswith(f"; it must fit, and does not: {told}")


def test_a_clock_beyond_that_of_the_technology_is_not_strict(
    engram: Engram, chip: Path, tmp_path: Path
) -> None:
    tech = known_sizes(tmp_path, "node:", "highest_clock_mhz: 0.5\nnode:")
    out, err = warned_and_refused(engram, chip, "--tech", tech)
    told = "the clock is 1 MHz, but values of known hold up to 0.5 MHz\n"
    assert f"Warning: {told}" in out
    assert err == f"engram: Technology known must fit, and does not: {told}"


def test_extrapolated_arrays_are_not_strict(engram: Engram, chip: Path, tmp_path: Path) -> None:
    tech = known_sizes(tmp_path, "bits: 1000000", "bits: 3000")
    out, err = warned_and_refused(engram, chip, "--tech", tech)
    told = "training.weights: 76 x 48: 3648 bits are outside the 1..3000 bits of known arrays"
    more = "trainer.softmax.table: 256 x 31: 7936 bits are outside the 1..3000 bits of known arrays"
    assert f"Warning: {told}\n" in out
    assert f"Warning: {more}\n" in out
    # Two ports priced as one are the values of a known array, and no extrapolation.
    assert "two ports are priced as one" in out
    assert err == (
        "engram: Technology known must know memories of these sizes, and does not: "
        f"{told}, {more}\n"
    )


def test_a_corner_under_another_supply_is_not_strict(
    engram: Engram, chip: Path, tmp_path: Path
) -> None:
    for path in BUILT_IN.glob("*.csv"):
        shutil.copy(path, tmp_path)
    tech = tmp_path / "own.yaml"
    text = (BUILT_IN / "open130.yaml").read_text()
    tech.write_text(text)
    assert engram("cost", chip, "--tech", tech, "--strict")[0] == 0
    tech.write_text(text.replace("voltage: 1.2", "voltage: 1.0"))
    out, err = warned_and_refused(engram, chip, "--tech", tech)
    told = ("logic of own is at 1 V, memories of corner typ are at 1.2 V: "
            "their energies are added as they stand\n")  # fmt: skip
    assert f"Warning: {told}" in out
    assert err == f"engram: Technology own must fit, and does not: {told}"
    tech.write_text(text.replace("  corner: typ", "  corner: fast"))
    assert (
        "memories of corner fast are at 1.32 V"
        in warned_and_refused(engram, chip, "--tech", tech)[1]
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["refrence"], "Configuration must be a .yaml file or one of reference, not 'refrence'"),
        (["missing.yaml"], "missing.yaml cannot be read: no such file or directory"),
        (["--tech", "tsmc5"], "not 'tsmc5'"),
        (["--tech", "missing.yaml"], "missing.yaml cannot be read: no such file or directory"),
        (["--liberty", "missing.lib"], "missing.lib cannot be read: no such file or directory"),
        (["--format", "xml"], "--format must be one of md, json, csv, not 'xml'"),
        (["--cell", "dpcs-45nm"], "--cell needs --study: the results of a study on failing memor"),
        (["--cell", "sram", "--study", "file.txt"], "--cell: cell must be one of dpcs-45nm, illus"),
        (["--cell", "dpcs-45nm", "--study", "file.txt"],
         "file.txt must be the results.json of a study, but is not"),
        (["--study", "missing.json"], "missing.json cannot be read: no such file or directory"),
        (["--study", "file.txt"],
         "file.txt must be the results.json of a study, but is not"),
        (["--study", "file.txt", "--out", "cost"],
         "file.txt must be the results.json of a study, but is not"),
        (["--out", "file.txt/cost"],
         ("Directory file.txt/cost cannot be created: it is, or lies under, a file that is no "
          "directory")),
        (["--out", "file.txt"],
         "Directory file.txt cannot be created: a file of that name is in the way"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_a_mistake_ends_in_one_message(
    engram: Engram,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file.txt").write_text("no study")
    status, out, err = engram("cost", *arguments)
    assert (status, out) == (2, "")
    assert err.startswith("engram: ")
    assert message in err
    assert err.count("\n") == 1
    assert names(tmp_path) == ["file.txt"]


def test_nothing_is_written_if_one_file_cannot_be(
    engram: Engram, chip: Path, tech: Path, tmp_path: Path
) -> None:
    out = tmp_path / "cost"
    (out / "cost.csv").mkdir(parents=True)
    status, printed, err = engram("cost", chip, "--tech", tech, "--out", out)
    assert (status, printed) == (2, "")
    assert err == f"engram: {out / 'cost.csv'} cannot be written: it is a directory\n"
    assert names(out) == ["cost.csv"]
