# SPDX-License-Identifier: MIT
"""`engram run` from outside: what it writes, and every mistake with its one message."""

import errno
import json
import os
import re
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from sim.replay import ReplayParams
from verification.sim.small_study import SMALL_STUDY, write_config

Engram = Callable[..., tuple[int, str, str]]


def files_in(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_run_writes_a_whole_report_and_nothing_else(engram: Engram, tmp_path: Path) -> None:
    config = write_config(tmp_path)
    status, out, err = engram("run", config, "--out", tmp_path / "out", "--jobs", 1)
    assert (status, err) == (0, "")
    assert files_in(tmp_path) == [
        "out/accuracy_by_bits.png",
        "out/accuracy_by_state.png",
        "out/accuracy_by_task.png",
        "out/correlations.png",
        "out/exemplars.png",
        "out/report.md",
        "out/results.json",
        "out/stability_plasticity.png",
        "small.yaml",
    ]
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert out.count(": done (all runs: ") == len(results["runs"])
    assert "\x1b" not in out
    assert results["command"] == f"engram run {config} --out {tmp_path / 'out'} --jobs 1"
    assert re.fullmatch(r"[0-9a-f]{64}", results["config_sha256"])
    assert results["config"]["head"]["hidden"] == 8
    run = results["runs"][-1]
    assert run["method"] == "gbm"
    assert run["parameters"]["code_width"] == "float"
    assert run["bits_paper"] == 2 * 128 * 10 * 32
    assert run["bits_full"] > run["bits_paper"]
    assert [len(row) for row in run["accuracy_matrix"]] == [3, 3, 3]
    assert run["accuracy_matrix"][0][1:] == [None, None]
    for key in ("seed", "average_incremental", "final", "forgetting", "seconds"):
        assert key in run
    report = (tmp_path / "out" / "report.md").read_text()
    assert "is ahead of latent replay at" in results["verdict"]
    assert results["verdict"] in report
    assert "| GBM K = 1, q = 3 |" in report
    assert "A small study" in out
    assert results["verdict"] in " ".join(out.split())


def test_seeds_and_overrides_reach_the_runs(engram: Engram, tmp_path: Path) -> None:
    text = SMALL_STUDY[: SMALL_STUDY.index("  - replay: none")]
    status, _, _ = engram(
        "run", write_config(tmp_path, text), "--seeds", 1, "--set", "head.hidden=4",
        "--set", "methods.0.requests=uniform", "--out", tmp_path / "out", "--jobs", 1,
    )  # fmt: skip
    assert status == 0
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert results["config"]["head"]["hidden"] == 4
    (run,) = results["runs"]
    assert run["parameters"] == ReplayParams(requests="uniform").model_dump()
    # One method alone compares nothing, so that no sentence is said.
    assert results["verdict"] == ""
    assert "**" not in (tmp_path / "out" / "report.md").read_text()


MISTAKES = {
    "memory that no class fits into": (
        "methods:\n  - replay: joint\n  - {replay: herded, budget: 5}\n",
        (
            r"small\.yaml:3: methods\.1: budget of herded exemplars must be at least 10, one for "
            r"every class"
        ),
    ),
    "real binary weights beside integers": (
        "methods:\n  - {replay: cwr, hidden: 0, q_b_binary: float}\n",
        r"Widths must be float together or not at all, not 8 forward, 16 backward, float of binary",
    ),
    "tasks of a method that do not divide": (
        "tasks: {base: 4, increment: 3}\nmethods:\n  - replay: gbm\n    increment: [2, 4]\n",
        r"small\.yaml:4: methods\.0\.increment: Increment must divide the 6 classes .*, not 4",
    ),
    "unknown key": (
        "head: {hiden: 8}\nmethods: [{replay: joint}]\n",
        r"small\.yaml:1: head\.hiden is no known key: did you mean hidden\?",
    ),
    "unknown key of a method": (
        "methods:\n  - replay: gbm\n    code_widht: 8\n",
        r"small\.yaml:3: methods\.0\.code_widht is no known key: did you mean code_width\?",
    ),
    "wrong type": (
        "methods: [{replay: joint}]\nhead:\n  hidden: many\n",
        r"small\.yaml:3: head\.hidden must be an integer in 0\.\.65536, not 'many'",
    ),
    "K = 0": (
        "methods:\n  - replay: gbm\n    components: 0\n",
        r"small\.yaml:3: methods\.0\.components must be an integer in 1\.\.4096 or a list, not 0",
    ),
    "q = 17": (
        "methods:\n  - replay: gbm\n    components: 1\n    code_width: 17\n",
        r"small\.yaml:4: methods\.0\.code_width must be an integer in 1\.\.16 or .*'float', not 17",
    ),
    "q = 17 in a sweep": (
        "methods:\n  - replay: gbm\n    code_width: [8, 17]\n",
        r"methods\.0\.code_width\.1 must be an integer in 1\.\.16 or 'float', not 17",
    ),
    "unknown source": (
        "methods:\n  - replay: gmb\n",
        r"replay must be one of (\w+, )*gbm, hamming, (\w+, )*none, (\w+, )*not 'gmb'",
    ),
    "class twice": (
        "methods: [{replay: joint}]\ntasks:\n  order: [0, 1, 2, 3, 4, 5, 6, 7, 8, 8]\n",
        r"small\.yaml:3: tasks\.order: must name every class once, not class 8 again",
    ),
    "class missing": (
        "methods: [{replay: joint}]\ntasks:\n  order: [0, 1, 2]\n",
        r"small\.yaml:3: tasks\.order: Class order must name each class once, not leave out .* 3",
    ),
    "uneven tasks": (
        "methods: [{replay: joint}]\ntasks: {base: 2, increment: 3}\n",
        r"small\.yaml:2: tasks: Increment must divide the 8 classes after the base, not 3",
    ),
    "too many levels": (
        "methods: [{replay: joint}]\ndata: {bits: 2, levels: 5}\n",
        r"small\.yaml:2: data: levels must be in 1\.\.4 for 2-bit pixels, not 5",
    ),
    "too many bits": (
        "methods: [{replay: joint}]\ndata:\n  bits: 8\n",
        r"small\.yaml:3: data\.bits must be at most the 4 bits of a digits pixel, not 8",
    ),
    "unknown data": (
        "methods: [{replay: joint}]\ndata: {name: digit}\n",
        r"small\.yaml:2: data\.name: must be one of bank, cifar10, cifar100, .*, not 'digit'",
    ),
    "more exemplars than samples": (
        "methods:\n  - replay: latent\n    exemplars: [5, 143]\n",
        r"small\.yaml:3: methods\.0\.exemplars must be at most the 140 training samples of the sma",
    ),
    "more components than samples": (
        "methods:\n  - replay: gbm\n    components: 500\n",
        r"small\.yaml:3: methods\.0\.components must be at most the 140 training samples of the sm",
    ),
    "method twice": (
        "methods: [{replay: joint}, {replay: latent, exemplars: [5, 5]}]\n",
        r"small\.yaml:1: methods\.1 repeats the method 'latent replay E = 5'",
    ),
    "more memory than there is": (
        "methods: [{replay: joint}]\nhead: {hidden: 100000000000}\n",
        r"small\.yaml:2: head\.hidden must be an integer in 0\.\.65536, not 100000000000",
    ),
    "no methods": ("title: none\n", r"small\.yaml:1: methods is missing: it must be a list"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistake_in_the_configuration_is_one_message(
    engram: Engram, tmp_path: Path, mistake: str
) -> None:
    text, message = MISTAKES[mistake]
    config = write_config(tmp_path, text)
    status, _, err = engram("run", config, "--out", tmp_path / "out")
    assert status == 2
    assert re.search(message, err), err
    assert "Traceback" not in err
    assert files_in(tmp_path) == ["small.yaml"]


def test_mistake_in_an_override_names_the_override(engram: Engram, tmp_path: Path) -> None:
    config = write_config(tmp_path)
    status, _, err = engram("run", config, "--set", "head.hidden=-1", "--out", tmp_path / "out")
    assert status == 2
    assert (
        err == "engram: --set head.hidden=-1: head.hidden must be an integer in 0..65536, not -1\n"
    )


def test_unknown_configuration_lists_the_known(engram: Engram, tmp_path: Path) -> None:
    status, _, err = engram("run", "digit", "--out", tmp_path / "out")
    assert status == 2
    assert re.match(
        r"engram: Configuration must be a \.yaml file or one of (\w+, )*cifar100, (\w+, )*digits, "
        r"(\w+, )*mnist, (\w+, )*not 'digit'\n",
        err,
    )


def test_missing_archive_names_the_path_and_its_home(engram: Engram, tmp_path: Path) -> None:
    status, _, err = engram("run", "mnist", "--data-dir", tmp_path, "--out", tmp_path / "out")
    assert status == 2
    assert "MNIST file train-images-idx3-ubyte (or train-images-idx3-ubyte.gz) is n" in err
    assert str(tmp_path) in err
    assert "published at http" in err


def test_missing_data_dir_is_asked_for(engram: Engram, tmp_path: Path) -> None:
    status, _, err = engram("run", "mnist", "--out", tmp_path / "out")
    assert status == 2
    assert "Data set mnist needs the folder of its archive: give it with --data-dir" in err


def test_corrupted_idx_file_is_named(engram: Engram, tmp_path: Path) -> None:
    for part, count in (("train", 20), ("t10k", 10)):
        images = struct.pack(">IIII", 0x803, count, 28, 28) + bytes(count * 784)
        labels = struct.pack(">II", 0x801, count) + bytes(count)
        (tmp_path / f"{part}-images-idx3-ubyte").write_bytes(images)
        (tmp_path / f"{part}-labels-idx1-ubyte").write_bytes(labels)
    broken = tmp_path / "t10k-images-idx3-ubyte"
    broken.write_bytes(broken.read_bytes()[:-1])
    status, _, err = engram("run", "mnist", "--data-dir", tmp_path, "--out", tmp_path / "out")
    assert status == 2
    assert str(broken) in err
    assert "Traceback" not in err
    assert not (tmp_path / "out").exists()


def test_missing_data_directory_is_named(engram: Engram, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    status, _, err = engram("run", "mnist", "--data-dir", nowhere, "--out", tmp_path / "out")
    assert status == 2
    assert err == f"engram: Directory {nowhere} cannot be read: no such file or directory\n"


def test_unreadable_data_directory_is_named(
    engram: Engram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, *_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    # Permission bits do not bind an administrator, who may well run this test.
    monkeypatch.setattr(Path, "iterdir", refuse)
    status, _, err = engram("run", "mnist", "--data-dir", tmp_path, "--out", tmp_path / "out")
    assert status == 2
    assert err == f"engram: Directory {tmp_path} cannot be read: permission denied\n"


def test_output_folder_that_is_a_file_is_refused_before_any_work(
    engram: Engram, tmp_path: Path
) -> None:
    (tmp_path / "out").write_text("kept")
    status, _, err = engram("run", write_config(tmp_path), "--out", tmp_path / "out")
    assert status == 2
    assert "out cannot be created: a file of that name is in the way" in err
    assert (tmp_path / "out").read_text() == "kept"
    assert files_in(tmp_path) == ["out", "small.yaml"]


def test_full_disk_leaves_no_partial_file_and_no_traceback(
    engram: Engram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    fsync = os.fsync

    def full_after_four(descriptor: int) -> None:
        written.append(str(descriptor))
        if len(written) > 4:
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", full_after_four)
    status, _, err = engram("run", write_config(tmp_path), "--out", tmp_path / "out", "--jobs", 1)
    assert status == 2
    assert re.search(r"engram: .*run-\d+\.\w+ cannot be written: the disk is full", err)
    assert "Traceback" not in err
    assert not (tmp_path / "out" / "results.json").exists()
    assert not [name for name in files_in(tmp_path) if name.endswith(".tmp")]
    # What was whole before goes on.
    monkeypatch.setattr(os, "fsync", fsync)
    status, _, _ = engram(
        "run", tmp_path / "small.yaml", "--out", tmp_path / "out", "--jobs", 1, "--resume"
    )
    assert status == 0


def test_help_names_every_option(engram: Engram) -> None:
    status, out, _ = engram("run", "--help")
    assert status == 0
    for option in ("--set", "--seeds", "--out", "--jobs", "--data-dir", "--resume"):
        assert option in out


@pytest.mark.parametrize("out", ["/", "//"])
def test_root_is_no_folder_for_a_report(engram: Engram, tmp_path: Path, out: str) -> None:
    status, _, err = engram("run", write_config(tmp_path), "--out", out)
    assert status == 2
    assert err.startswith("engram: Output folder must not be the root of the file system, /")


def test_names_too_long_for_the_file_system_are_refused(engram: Engram, tmp_path: Path) -> None:
    config = write_config(tmp_path)
    for arguments in (["x" * 5000 + ".yaml"], [config, "--out", tmp_path / ("o" * 250)]):
        status, _, err = engram("run", *arguments)
        assert status == 2
        assert "its name is too long" in err


def test_folder_in_the_way_of_the_work_is_left_alone(engram: Engram, tmp_path: Path) -> None:
    precious = tmp_path / "out.partial" / "notes.txt"
    precious.parent.mkdir()
    precious.write_text("precious")
    status, _, err = engram("run", write_config(tmp_path), "--out", tmp_path / "out", "--resume")
    assert status == 2
    assert "out.partial is in the way: it is not the folder of an unfinished study" in err
    assert precious.read_text() == "precious"


def test_text_that_looks_like_markup_is_printed_as_it_is(engram: Engram, tmp_path: Path) -> None:
    text = "title: '[/foo] [bold]x'\nmethods: [{replay: none}]\nhead: {epochs: 1, hidden: 4}\n"
    status, out, _ = engram(
        "run", write_config(tmp_path, text), "--out", tmp_path / "[red]out", "--jobs", 1
    )
    assert status == 0
    assert "[/foo] [bold]x" in out
    assert str(tmp_path / "[red]out" / "report.md") in "".join(out.split())


def test_second_report_in_a_folder_leaves_no_picture_of_the_first(
    engram: Engram, tmp_path: Path
) -> None:
    quick = "head: {epochs: 1, hidden: 4}\nseeds: 1\n"
    for methods in ("[{replay: gbm}]", "[{replay: none}]"):
        config = write_config(tmp_path, f"methods: {methods}\n{quick}")
        assert engram("run", config, "--out", tmp_path / "out", "--jobs", 1)[0] == 0
    assert not (tmp_path / "out" / "exemplars.png").exists()


def test_pictures_that_are_no_report_s_are_left_alone(engram: Engram, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "exemplars.png").write_text("precious")
    text = "methods: [{replay: none}]\nhead: {epochs: 1, hidden: 4}\nseeds: 1\n"
    config = write_config(tmp_path, text)
    assert engram("run", config, "--out", tmp_path / "out", "--jobs", 1)[0] == 0
    assert (tmp_path / "out" / "exemplars.png").read_text() == "precious"


def test_classes_that_were_never_drawn_do_not_stop_the_report(
    engram: Engram, tmp_path: Path
) -> None:
    text = "methods: [{replay: gbm, draws_per_read: 4096}]\nhead: {epochs: 1, hidden: 4}\n"
    status, _, _ = engram(
        "run", write_config(tmp_path, text), "--out", tmp_path / "out", "--jobs", 1, "--seeds", 1
    )
    assert status == 0
