# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""Vectors, read from their files, drive engram's own hardware."""

from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from golden.params import (
    ClassCounterParams,
    LatentBufferParams,
    MvuParams,
    SamplerParams,
    TrainerParams,
)
from rtl.beat import beat_layout
from rtl.class_counter import ClassCounter
from rtl.class_slots import command_layout as counter_layout
from rtl.latent_buffer import LatentBuffer
from rtl.mvu import Mvu, threshold_layout, weight_layout
from rtl.prototypes import Prototypes, header_layout
from rtl.sampler import Sampler
from rtl.selector import Selector
from rtl.selector import weight_layout as class_layout
from rtl.trainer import Trainer
from rtl.trainer_control import Operation, command_layout
from sim.vectors.blocks import BLOCKS
from sim.vectors.settings import load_arguments
from verification.rtl.engine import PAUSES, BenchError, Step
from verification.rtl.simulators import payload, run_pysim
from verification.sim.vectors.written import written


def params(block: str, folder: Path) -> Any:
    own = folder / "block.yaml"
    return load_arguments(block, own if own.exists() else None)["params"]


@pytest.mark.parametrize("block", ["sampler", "sampler_serial"])
@pytest.mark.parametrize("config", ["", "{draws_per_read: 3, seed: 77}"])
def test_sampler(tmp_path: Path, block: str, config: str) -> None:
    read = written(tmp_path, block, 40, config)
    p: SamplerParams = params(block, tmp_path)
    append = Step(inputs={"append": read.words("headers"), "rows": read.words("rows")})
    beats = read.words("beats")
    draw = Step(inputs={"i": read.words("requests")}, outputs={"o": beats})
    run_pysim(Sampler(p), [append, draw], PAUSES["idle_stalled"])
    beats[17] ^= 1
    with pytest.raises(BenchError, match=r"o\[17\]"):
        run_pysim(Sampler(p), [append, draw])


def test_prototypes(tmp_path: Path) -> None:
    read = written(tmp_path, "prototypes", 120)
    p = params("prototypes", tmp_path)
    dut = Prototypes(p, editable=True)
    rows, steps = iter(read.words("rows")), []
    for header, (count, *_), answer in zip(
        read.words("headers"), read.rows("headers"), read.rows("answers"), strict=True
    ):
        _, overflow, n_classes, n_components = answer
        own = [next(rows) for _ in range(count * p.beats)]
        reads = {"overflow": overflow, "n_classes": n_classes, "n_components": n_components}
        inputs = {"append": [header], **({"rows": own} if own else {})}
        steps.append(Step(inputs=inputs, pins={"quiet": 1}, reads=reads, cycles=8))
    assert header_layout(p, editable=True).size == read.tables["headers"]["width"]
    run_pysim(dut, steps)
    taken = [row[0] for row in read.rows("answers")]
    assert 0 < sum(taken) < len(taken)
    kinds = {row[0] == 0 for row in read.rows("headers")}
    assert kinds == {True, False}


def test_latent_buffer(tmp_path: Path) -> None:
    read = written(tmp_path, "latent_buffer", 150)
    p: LatentBufferParams = params("latent_buffer", tmp_path)
    layout, rows, beats = beat_layout(p.lanes, p.classes), iter(read.words("rows")), []
    answers = iter(read.words("beats"))
    steps = []
    held = dict.fromkeys(range(p.classes), False)
    pairs = zip(read.rows("commands"), read.column("flags"), strict=True)
    for request, run in groupby(pairs, lambda pair: pair[0][0]):
        inputs: list[int] = []
        outputs: list[int] = []
        unknown = 0
        for (_, label), flag in run:
            unknown = flag
            if request:
                inputs.append(label)
                outputs += [next(answers) for _ in range(p.beats * held.get(label, False))]
            else:
                beats = [{"bits": next(rows), "label": label, "last": 0} for _ in range(p.beats)]
                inputs += [payload(layout, beat) for beat in beats]
                held[label] = label < p.classes
        port = "requests" if request else "i"
        steps.append(Step(inputs={port: inputs}, outputs={"o": outputs} if outputs else {}))
        steps.append(Step(cycles=9, reads={"unknown": unknown}))
    assert next(answers, None) is None
    run_pysim(LatentBuffer(p), steps)
    assert set(read.column("flags")) == {0, 1}


def test_class_counter(tmp_path: Path) -> None:
    read = written(tmp_path, "class_counter", 200)
    p: ClassCounterParams = params("class_counter", tmp_path)
    memory = p.prototypes
    layout, header = beat_layout(memory.lanes, p.slots), header_layout(memory, editable=True)
    rows, codes = iter(read.words("rows")), iter(read.rows("codes"))
    steps, opened, seen = [], set(), dict.fromkeys(range(4), 0)
    numbers = {}
    for (kind, slot, label), flags in zip(read.rows("commands"), read.rows("flags"), strict=True):
        reads: dict[str, int] = dict(zip(("overflow", "empty", "closed"), flags, strict=True))
        if kind == 3:
            beats = [{"bits": next(rows), "label": slot, "last": 0} for _ in range(memory.beats)]
            seen[slot] += slot in opened
            inputs, outputs = {"i": [payload(layout, beat) for beat in beats]}, {}
        else:
            command = {"operation": kind, "slot": slot, "label": label}
            inputs, outputs = {"commands": [payload(counter_layout(p), command)]}, {}
            if kind == 0 and slot < p.slots:
                opened.add(slot)
                seen[slot], numbers[slot] = 0, label
            elif kind == 1 and slot in numbers:
                opened.add(slot)
            elif kind == 2 and slot in opened and seen[slot]:
                opened.discard(slot)
                found = [next(codes) for _ in range(memory.beats)]
                assert {row[1] for row in found} == {numbers[slot]}
                assert [row[2] for row in found] == [0] * (memory.beats - 1) + [1]
                written_header = {"count": 1, "thresholds": [0] * 2, "label": numbers[slot]}
                outputs = {
                    "append": [payload(header, written_header)],
                    "rows": [row[0] for row in found],
                }
        steps.append(Step(inputs=inputs, outputs=outputs, reads=reads, cycles=8))
    assert next(codes, None) is None
    run_pysim(ClassCounter(p), steps)
    assert {kind for kind, *_ in read.rows("commands")} == {0, 1, 2, 3}


def test_trainer(tmp_path: Path) -> None:
    read = written(tmp_path, "trainer", 6)
    p: TrainerParams = params("trainer", tmp_path)
    batch = BLOCKS["trainer"].arguments["batch"]
    layout = beat_layout(p.lanes, p.classes)
    exemplars, weights = iter(read.rows("exemplars")), iter(read.words("weights"))
    steps = []
    for (count, classes), hits in zip(read.rows("batches"), read.column("hits"), strict=True):
        fields = {"operation": Operation.LEARN, "count": count, "classes": classes}
        beats = [
            {"bits": x >> b * p.lanes & 2**p.lanes - 1, "label": label, "last": 0}
            for x, label in (next(exemplars) for _ in range(count))
            for b in range(p.beats)
        ]
        command = payload(command_layout(p, batch), fields)
        inputs = {"commands": [command], "i": [payload(layout, beat) for beat in beats]}
        rows = [next(weights) for _ in range(p.rows)]
        steps.append(Step(inputs=inputs))
        reads = {"reads": list(range(p.rows))}
        steps.append(Step(inputs=reads, outputs={"rows": rows}, reads={"hits": hits}))
    run_pysim(Trainer(p, batch), steps)
    assert any(read.words("weights"))


def test_mvu(tmp_path: Path) -> None:
    read = written(tmp_path, "mvu", 30)
    p: MvuParams = params("mvu", tmp_path)
    writes = [
        {"row": row, "pe": pe, "data": word >> pe * p.simd & 2**p.simd - 1}
        for row, word in enumerate(read.words("weights"))
        for pe in range(p.pe)
    ]
    limits = [
        {"tile": n // p.pe, "pe": n % p.pe, "limit": limit, "polarity": polarity}
        for n, (limit, polarity) in enumerate(read.rows("limits"))
    ]
    load = {
        "weights": [payload(weight_layout(p), write) for write in writes],
        "thresholds": [payload(threshold_layout(p), limit) for limit in limits],
    }
    run = Step(inputs={"i": read.words("steps")}, outputs={"o": read.words("tiles")})
    run_pysim(Mvu(p, 1), [Step(inputs=load), run])


def test_selector(tmp_path: Path) -> None:
    read = written(tmp_path, "selector", 60, "{mode: weighted, seed: 5}")
    own = load_arguments("selector", tmp_path / "block.yaml")
    p, dut = own["prototypes"], Selector(own["params"], own["prototypes"])
    weights = [
        payload(class_layout(p), {"index": i, "threshold": threshold})
        for i, threshold in enumerate(read.column("class_thresholds"))
    ]
    ask = Step(pins={"en": 1, "n_classes": p.classes}, outputs={"o": read.words("labels")})
    run_pysim(dut, [Step(inputs={"weights": weights}), ask, Step(pins={"en": 0})])
