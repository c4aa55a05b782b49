# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""A lesson: the simulated chip learns a class and names pictures as the golden models do."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from golden.bits import pack
from golden.params import ChipParams
from rtl.packets import load_packets
from rtl.program import compile_network
from sim.commands import teach
from sim.hardware.lesson import Lesson
from sim.hardware.simulation import simulate
from sim.hardware.simulator import Simulator
from sim.work.errors import UserError
from verification.rtl.chip_script import Script
from verification.rtl.test_chip import CHIPS, NETWORK

Engram = Callable[..., tuple[int, str, str]]

ROOT = Path(__file__).parents[3]


def lesson(chip: ChipParams, known: int = 2) -> Lesson:
    """A lesson of classes that are pictures with noise, on a network of random weights."""
    rng = np.random.default_rng(5)
    network = Script(chip, NETWORK, seed=5).network
    means = rng.integers(0, 128, (known + 1, *network.params.input.array_shape))

    def images(label: int, count: int) -> np.ndarray:
        noise = rng.integers(-12, 13, (count, *means[label].shape))
        return np.clip(means[label] + noise, 0, 127).astype(np.uint8)

    embeddings = [pack(network.forward(images(label, 9))) for label in range(known + 1)]
    pictures = np.concatenate([images(label, 2) for label in range(known + 1)])
    return Lesson(
        chip=chip, network=network, known=embeddings[:-1], new=embeddings[-1], pictures=pictures
    )


@pytest.mark.slow
def test_a_simulated_chip_answers_as_golden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)  # the program is that of the tests of `engram simulate`
    taught = lesson(CHIPS["serial"])
    program = compile_network(taught.network, taught.chip.accelerator)
    lines = [
        *(line for p in load_packets(program, taught.chip) for line in (*map(hex16, p.stream), "")),
        taught.script,
    ]
    script, out = tmp_path / "script.hex", tmp_path / "out.hex"
    script.write_text("\n".join(lines))
    simulator = Simulator(params=taught.chip)
    compiled = simulator.build(lambda line: None)
    assert simulator.kept() == compiled
    simulate(compiled, [str(script)], out=out, patience=100_000)
    answers = taught.read(out.read_text())
    assert answers == taught.answers
    assert [label for label, _ in answers][-2:] == [2, 2], "the new class is known"
    assert len({label for label, _ in answers}) == 3, "and so are the others"


def hex16(word: int) -> str:
    return f"{word:016x}"


def test_a_program_that_is_not_there_is_not_kept(tmp_path: Path) -> None:
    assert Simulator(params=CHIPS["serial"]).kept(tmp_path) is None


def test_a_chip_without_room_is_refused() -> None:
    with pytest.raises(UserError, match="A chip of 5 classes and 7 components must hold 6 classes"):
        lesson(replace(CHIPS["serial"]), known=5)


def test_the_golden_model_learns_where_no_program_is(
    engram: Engram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teach.Simulator, "kept", lambda self: None)
    status, said, _ = engram("teach", "--class", "whale")
    told = " ".join(said.split())
    assert status == 0
    assert told.startswith(
        "The golden model of the chip learned 'whale', its class 51, by counting the bits of "
        "500 embeddings, in 10,644 cycles."
    )
    assert "of 2 new pictures of it right" in told


@pytest.mark.slow
def test_the_full_chip_learns(engram: Engram, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    status, said, _ = engram("teach", "--simulate")
    assert status == 0
    assert "The chip, simulated for" in " ".join(said.split())


def test_a_class_that_the_network_has_seen_is_refused(engram: Engram) -> None:
    status, _, told = engram("teach", "--class", "rose")
    assert status == 2
    assert "--class must be one of" in told
