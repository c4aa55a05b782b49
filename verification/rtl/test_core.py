# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""The ways between the blocks: units to their block, features to one or two places."""

import numpy as np
import pytest

from golden.bits import pack
from golden.network import Network
from golden.params import NetworkParams
from golden.sampler import Sampler
from rtl.core import Core
from rtl.dispatch import Target, unit_layout
from rtl.output import source_layout
from rtl.program import compile_network
from rtl.requests import Requests, Source
from rtl.sampler import Sampler as SamplerBlock
from verification.rtl.chips import make_chip
from verification.rtl.engine import PAUSES, Pauses, Step
from verification.rtl.simulators import payload, run_pysim

CHIP = make_chip(seed=5)
BEATS = CHIP.latent.beats
NETWORK = {
    "head": {"classes": 5, "hidden": 0},
    "input": {"bits": 7, "channels": 3, "height": 2, "width": 2},
    "layers": [{"kind": "thermometer", "levels": 2}, {"kind": "dense", "outputs": 20}],
}


def unit(target: Target, data: int, **fields: int) -> int:
    return payload(unit_layout(CHIP), {"target": target, "data": data, **fields})


def units(target: Target, data: list[int], **fields: int) -> list[int]:
    """Return the units of a packet."""
    marks = [(int(i == 0), int(i == len(data) - 1)) for i in range(len(data))]
    return [
        unit(target, word, first=first, last=last, **fields)
        for word, (first, last) in zip(data, marks, strict=True)
    ]


def packet(words: list[int], label: int) -> list[int]:
    return [
        payload(source_layout(), {
            "data": word, "label": label, "last": int(i == len(words) - 1),
        })
        for i, word in enumerate(words)
    ]  # fmt: skip


def beats_of(bits: int) -> list[int]:
    lanes = CHIP.latent.lanes
    return [bits >> lanes * i & 2**lanes - 1 for i in range(BEATS)]


def network() -> Network:
    return Network.random(NetworkParams.from_description(NETWORK), np.random.default_rng(4))


def load() -> list[int]:
    words = compile_network(network(), CHIP.accelerator).words(CHIP.accelerator)
    return [
        unit(Target(w.target.value), w.data, address=w.address, index=w.lane, last=1) for w in words
    ]


def recall(label: int) -> list[Step]:
    """Request the exemplar of a class that has one."""
    pins = {"draw_source_source": Source.LATENT, "draw_source_label": label, "draw_count": 1}
    return [
        Step(cycles=30),
        Step(pins={**pins, "control_draw": 1}, cycles=1),
        Step(pins={"control_draw": 0}),
    ]


@pytest.mark.parametrize("pauses", PAUSES.values(), ids=PAUSES)
@pytest.mark.parametrize("send", [0, 1])
@pytest.mark.parametrize("learn", [0, 1])
def test_features_go_where_they_are_wanted(pauses: Pauses, send: int, learn: int) -> None:
    golden = network()
    images = np.random.default_rng(1).integers(0, 128, (2, 2, 2, 3))
    embeddings = [
        beats_of(int.from_bytes(row.tobytes(), "little")) for row in pack(golden.forward(images))
    ]
    steps = [
        Step(
            inputs={"units": load()},
            pins={"output_features": send, "output_class": 1, "classes_seen": 3},
        )
    ]
    exemplar, sent, results = beats_of(0x5A5A5), [], []
    offered = []
    for label, (image, x) in enumerate(zip(images, golden.forward(images), strict=True), 1):
        pixels = [int(v) for v in image.ravel()]
        offered += units(Target.PIXELS, pixels, index=label, address=learn)
        sent += packet(embeddings[label - 1], label) * send
        logits = golden.head.logits(x)
        best = int(golden.head.classify(x, 3))
        results += packet([int(logits[-1]) % 2**32 | best << 32], best)
    # An exemplar behind the pictures: it must not mix with theirs.
    offered += units(Target.LEARN, exemplar, index=4)
    steps.append(Step(inputs={"units": offered}, outputs={"features": sent, "result": results}))
    stored = {4: exemplar} | ({1: embeddings[0], 2: embeddings[1]} if learn else {})
    for label, beats in stored.items():
        steps += recall(label)
        steps[-1] = Step(pins=steps[-1].pins, outputs={"latent": packet(beats, label)})
    steps.append(Step(reads={"learned": len(stored), "recalled": len(stored), "pictures": 2}))
    run_pysim(Core(CHIP), steps, pauses)


def test_settings_are_those_of_the_first_pixel() -> None:
    golden = network()
    image = np.random.default_rng(2).integers(0, 128, (2, 2, 3))
    offered = units(Target.PIXELS, [int(v) for v in image.ravel()])
    logits = golden.head.logits(golden.forward(image)).tolist()
    words = [
        logit % 2**32 | int(np.argmax(logits[: min(c + 1, 2)])) << 32
        for c, logit in enumerate(logits)
    ]
    expected = [
        payload(source_layout(), {"data": w, "label": w >> 32, "last": int(c == 4)})
        for c, w in enumerate(words)
    ]
    on = {"output_class": 1, "output_logits": 1, "classes_seen": 2}
    off = {"output_class": 0, "output_logits": 0, "output_features": 1, "classes_seen": 2**32 - 1}
    run_pysim(Core(CHIP), [
        Step(inputs={"units": load()}, pins=on),
        Step(inputs={"units": offered[:1]}),
        Step(inputs={"units": offered[1:]}, outputs={"result": expected}, pins=off),
    ])  # fmt: skip


def test_latency_is_that_of_the_blocks() -> None:
    prototypes = CHIP.sampler.prototypes
    golden = Sampler(CHIP.sampler)
    codes = np.random.default_rng(3).integers(0, 16, (1, prototypes.features))
    golden.prototypes.append(codes)
    rows = golden.prototypes.rows()[:BEATS]
    beats = [(beat.bits, beat.label) for beat in golden.beats(0)]
    pins = {"draw_source_source": Source.SAMPLER, "draw_source_label": 0, "draw_count": 1}
    trace = run_pysim(Core(CHIP), [
        Step(inputs={"units": [unit(Target.APPEND, 0, index=1), *units(Target.ROWS, rows)]}),
        Step(cycles=5),
        Step(pins={**pins, "control_draw": 1}, cycles=1),
        Step(pins={"control_draw": 0}, outputs={"exemplar": packet([b for b, _ in beats], 0)}),
        Step(reads={"exemplars": 1, "row_reads": BEATS, "plane_reads": golden.planes_read}),
    ])  # fmt: skip
    start = trace.transfers["units"][-1] + 1 + 5 + 1
    latency = Requests.latency + SamplerBlock(CHIP.sampler).latency
    assert trace.offered["exemplar"][0] - start == latency
