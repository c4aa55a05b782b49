# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""A RISC-V processor runs the driver's example beside the chip; what it prints equals golden."""

from pathlib import Path

import numpy as np
import pytest

from golden.bits import pack, unpack
from golden.latent_buffer import LatentBuffer
from golden.network import Network
from golden.params import NetworkParams
from golden.sampler import Sampler
from rtl.driver.load_file import load_file
from rtl.packets import load_packets
from rtl.program import compile_network
from rtl.system import System
from verification.rtl.chip_run import NETWORK
from verification.rtl.chips import make_chip
from verification.rtl.system.machine import HERE, Machine, ProgramError, compiled, missing

CHIP = make_chip(simd=16, lanes=16, draws_per_read=2, seed=12)
FEATURES, REQUESTS = CHIP.latent.features, 3
LABELS = [1, 0, 1]

needs_system = pytest.mark.skipif(bool(missing()), reason=missing())


class Golden:
    """What the program of the example must print, line by line, without its cycles."""

    def __init__(self) -> None:
        rng = np.random.default_rng(3)
        self.network = Network.random(NetworkParams.from_description(NETWORK), rng)
        shape = self.network.params.input.array_shape
        self.pictures = rng.integers(0, 128, (len(LABELS), *shape))
        self.codes = rng.integers(0, 2**CHIP.sampler.prototypes.code_width, (2, FEATURES))

    def header(self) -> str:
        """Return `data.h`."""
        packets = load_packets(compile_network(self.network, CHIP.accelerator), CHIP)
        file = load_file(packets, self.network.params, CHIP)
        assert self.network.head is not None
        pictures = [picture.astype(np.uint8).tobytes() for picture in self.pictures]
        drawn = REQUESTS * CHIP.sampler.draws_per_read
        return (
            "#pragma once\n#include <stdint.h>\n"
            f"enum {{ COUNT = {len(LABELS)}, CLASSES = {CHIP.accelerator.classes},\n"
            f"       VECTOR = {-(-FEATURES // 8)}, REQUESTS = {REQUESTS}, DRAWN = {drawn} }};\n"
            f"static const uint8_t LOAD_FILE[] = {listed(file)};\n"
            f"static const uint32_t LABELS[] = {listed(LABELS)};\n"
            f"static const uint8_t PICTURES[][{len(pictures[0])}] = {table(pictures)};\n"
            f"static const uint16_t CODES[][{FEATURES}] = {table(self.codes.tolist())};\n"
        )

    def printed(self) -> list[str]:
        head, features = self.network.head, self.network.forward(self.pictures)
        assert head is not None
        lines = [
            f"class {head.classify(x, head.params.classes)} {' '.join(map(str, head.logits(x)))}"
            for x in features
        ]
        sampler, latent = Sampler(CHIP.sampler), LatentBuffer(CHIP.latent)
        latent.learn(pack(features), LABELS)
        for row in self.codes:
            assert sampler.prototypes.append(row[None], [])
        named = sampler.selector.request(len(self.codes), REQUESTS).tolist()
        each = np.repeat(named, CHIP.sampler.draws_per_read).tolist()
        lines += ["interrupt taken", *drawn("sampler", each, sampler.draw(named)[0])]
        recalled = [LABELS[0]] * REQUESTS
        return [*lines, *drawn("latent", recalled, latent.draw(recalled)[0]), "done"]


def listed(values: object) -> str:
    return "{" + ",".join(map(str, values)) + "}"  # pyright: ignore[reportArgumentType]


def table(rows: object) -> str:
    return "{" + ",".join(map(listed, rows)) + "}"  # pyright: ignore[reportArgumentType]


def drawn(source: str, labels: list[int], rows: np.ndarray) -> list[str]:
    vectors = np.packbits(unpack(rows, FEATURES), axis=1, bitorder="little")
    return [f"{source} {n} {v.tobytes().hex()}" for n, v in zip(labels, vectors, strict=True)]


@pytest.fixture(scope="module")
def machine() -> Machine:
    return Machine(CHIP)


@needs_system
def test_the_example_prints_what_golden_says(machine: Machine) -> None:
    golden = Golden()
    ended = machine.run(compiled(HERE / "example.c", {"data.h": golden.header()}))
    lines = ended.text.splitlines()
    parts = [line.split() for line in lines if line.startswith("cycles ")]
    assert [line for line in lines if not line.startswith("cycles ")] == golden.printed()
    assert ended.status == 0
    assert [name for _, name, _ in parts] == ["load", "classify", "learn", "draw"]
    taken = [int(count) for *_, count in parts]
    # What the program says of its parts is the time that the simulation took, but for its ends.
    assert 0.9 * ended.cycles < sum(taken) < ended.cycles
