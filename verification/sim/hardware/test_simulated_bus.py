# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""The driver in Python on a simulated chip: what it returns equals golden, and faults are told."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from golden.bits import pack, unpack
from rtl.driver.driver import Driver
from rtl.driver.fault import DriverError, Fault
from rtl.driver.load_file import load_file
from rtl.packets import load_packets
from rtl.program import compile_network
from rtl.requests import Source
from sim.hardware.simulated_bus import SimulatedBus
from sim.hardware.simulator import SIMULATORS, Simulator
from sim.work.errors import UserError
from verification.rtl.chip_run import NETWORK
from verification.rtl.chip_script import OFFSETS, Script
from verification.rtl.test_chip import CHIPS

ROOT = Path(__file__).parents[3]
CHIP = CHIPS["serial"]


@pytest.fixture
def bus() -> Iterator[SimulatedBus]:
    program = Simulator(params=CHIP).build(lambda line: None, ROOT / SIMULATORS)
    with SimulatedBus(program, patience=50_000) as opened:
        yield opened


def file_of(host: Script) -> bytes:
    packets = load_packets(compile_network(host.network, CHIP.accelerator), CHIP)
    return load_file(packets, host.network.params, CHIP)


def test_a_life_of_the_chip_equals_golden(bus: SimulatedBus) -> None:
    host = Script(CHIP, NETWORK, seed=3)
    network, driver = host.network, Driver(bus)
    driver.load(file_of(host))
    driver.see(5)
    assert network.head is not None
    for picture in host.images(3):
        x = network.forward(picture)
        label, logits = driver.classify(picture)
        assert label == network.head.classify(x, 5)
        assert logits.tolist() == network.head.logits(x).tolist()
        driver.learn_picture(2, picture)
        host.latent.learn(pack(x)[None], [2])
    exemplars, _ = driver.draw(Source.LATENT, 2, 3)
    features = CHIP.latent.features
    assert exemplars.tolist() == unpack(host.latent.draw([2] * 3)[0], features).tolist()
    codes = host.rng.integers(0, 16, (2, features))
    driver.append(codes, [30000])
    host.sampler.prototypes.append(codes, [30000])
    exemplars, labels = driver.draw(Source.SAMPLER, 0, 500)
    assert exemplars.tolist() == unpack(host.sampler.draw([0] * 500)[0], features).tolist()
    assert labels.tolist() == [0] * 1000
    driver.reset()
    with pytest.raises(DriverError, match=Fault.UNKNOWN.text):
        driver.draw(Source.SAMPLER, 0, 1)


def test_words_that_are_not_wanted_are_forgotten(bus: SimulatedBus) -> None:
    driver = Driver(bus)
    driver.append(np.ones((1, CHIP.latent.features), np.int64))
    bus.write(OFFSETS["draw_count"], 9)
    bus.write(OFFSETS["control"], 2)
    driver.reset()
    with pytest.raises(UserError, match="^The simulated chip sent no packet, and is at rest$"):
        bus.receive()


def test_refusals_are_told(bus: SimulatedBus) -> None:
    with pytest.raises(UserError, match="^The simulated chip refuses: read 0xffc refused$"):
        bus.read(0xFFC)
    bus.write(OFFSETS["status"], 1)
    with pytest.raises(UserError, match="^The simulated chip refuses: write 0xc refused$"):
        bus.read(OFFSETS["version"])
    assert bus.read(OFFSETS["id"]) == 0x656E6772, "an answer that came is not that of a later read"


def test_what_is_no_simulator_is_told(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match="must be a simulator, as Simulator.build makes it: no such"
    ):
        SimulatedBus(tmp_path / "absent")


@pytest.mark.filterwarnings("error")
def test_a_bus_is_left_while_its_chip_speaks(bus: SimulatedBus) -> None:
    for _ in range(2000):
        bus._say("read id")
    bus.__exit__()
    assert not bus._pump.is_alive()


def test_a_chip_that_waits_for_ever_is_told(bus: SimulatedBus) -> None:
    host = Script(CHIP, NETWORK, seed=3)
    host.load()
    for _, words in host.operations:
        bus.send(words)
    host.operations.clear()
    host.pictures(host.images(1))
    ((_, words),) = [operation for operation in host.operations if operation[0] == "send"]
    bus.send([words[0] & 2**40 - 1 | 1 << 40, words[1]])  # a picture of one pixel
    message = (
        r"^The simulation ended: standard input:\d+: the chip neither took nor sent a word for "
    )
    for call in (bus.receive, bus.flush):
        with pytest.raises(UserError, match=f"{message}.*, a picture is in the network"):
            call()


def test_programs_of_the_page_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = Script(CHIP, NETWORK, seed=3)
    programs = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "driver.md").read_text(), re.S)
    assert len(programs) == 2
    monkeypatch.chdir(tmp_path)
    Path("firmware").mkdir()
    Path("firmware/load_packets.bin").write_bytes(file_of(host))
    Path("build").symlink_to(ROOT / "build")  # where the program was compiled
    picture = host.images(1)[0]
    names: dict[str, Any] = {"params": CHIP, "picture": picture}
    for program in programs:
        exec(program, names)
    features, head = host.network.forward(picture), host.network.head
    assert head is not None
    assert names["logits"].tolist() == head.logits(features).tolist()
    assert names["vectors"].tolist() == [features.tolist()] * 4
    names["bus"].__exit__()
