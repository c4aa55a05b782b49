# SPDX-License-Identifier: MIT
"""What the example needs, and what golden says it must print."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.bits import pack, unpack
from golden.latent_buffer import LatentBuffer
from golden.network import Network
from golden.params import NetworkParams
from golden.sampler import Sampler
from rtl.driver.load_file import load_file
from rtl.packets import load_packets
from rtl.program import compile_network
from verification.rtl.chip_run import NETWORK
from verification.rtl.chips import make_chip

__all__ = ["CHIP", "Example", "results"]

#: A small chip, with two exemplars a request.
CHIP = make_chip(simd=16, lanes=16, draws_per_read=2, seed=12)
LABELS, CLASSES, REQUESTS = (1, 0, 1), 2, 3


class Example:
    """A random network, pictures to learn, and prototypes of two classes."""

    def __init__(self) -> None:
        rng = np.random.default_rng(3)
        self.network = Network.random(NetworkParams.from_description(NETWORK), rng)
        shape = self.network.params.input.array_shape
        self.pictures = rng.integers(0, 2**CHIP.accelerator.pixel_bits, (len(LABELS), *shape))
        prototypes = CHIP.sampler.prototypes
        self.codes = rng.integers(0, 2**prototypes.code_width, (CLASSES, prototypes.features))

    @property
    def load_file(self) -> bytes:
        """The network as a file for the driver."""
        packets = load_packets(compile_network(self.network, CHIP.accelerator), CHIP)
        return load_file(packets, self.network.params, CHIP)

    def header(self, file: bytes | None = None) -> str:
        """Return `data.h`, with another load file if one is given."""
        pictures = [picture.astype(np.uint8).tobytes() for picture in self.pictures]
        features = CHIP.latent.features
        size, drawn = len(pictures[0]), REQUESTS * CHIP.sampler.draws_per_read
        return (
            "#pragma once\n#include <stdint.h>\n"
            f"enum {{ COUNT = {len(LABELS)}, CLASSES = {CHIP.accelerator.classes},\n"
            f"       VECTOR = {-(-features // 8)}, REQUESTS = {REQUESTS}, DRAWN = {drawn} }};\n"
            f"static const uint8_t LOAD_FILE[] = {_list(file or self.load_file)};\n"
            f"static const uint32_t LABELS[] = {_list(LABELS)};\n"
            f"static const uint8_t PICTURES[][{size}] = {_list(map(_list, pictures))};\n"
            f"static const uint16_t CODES[][{features}] = {_list(map(_list, self.codes))};\n"
        )

    def expected(self) -> list[str]:
        """Return the lines that must be printed, but for those that tell cycles."""
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
        named = sampler.selector.request(CLASSES, REQUESTS).tolist()
        each = np.repeat(named, CHIP.sampler.draws_per_read).tolist()
        recalled = [LABELS[0]] * REQUESTS
        return [
            *lines,
            "interrupt taken",
            *_exemplars("sampler", each, sampler.draw(named)[0]),
            *_exemplars("latent", recalled, latent.draw(recalled)[0]),
            "done",
        ]


def results(text: str) -> tuple[list[str], dict[str, int]]:
    """Return the lines that a program printed, without those that tell cycles, and these."""
    lines = text.splitlines()
    told = [line.split() for line in lines if line.startswith("cycles ")]
    return (
        [line for line in lines if not line.startswith("cycles ")],
        {name: int(count) for _, name, count in told},
    )


def _list(values: Iterable[Any]) -> str:
    """Return an array in C."""
    return "{" + ",".join(map(str, values)) + "}"


def _exemplars(source: str, labels: Sequence[int], rows: NDArray[np.uint64]) -> list[str]:
    vectors = np.packbits(unpack(rows, CHIP.latent.features), axis=1, bitorder="little")
    return [f"{source} {n} {v.tobytes().hex()}" for n, v in zip(labels, vectors, strict=True)]
