# SPDX-License-Identifier: MIT
"""Vectors of what learns: the class counter and the trainer in integers."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.bits import pack
from golden.class_counter import ClassCounter
from golden.params import ClassCounterParams, TrainerParams
from golden.trainer import Trainer
from sim.vectors.table import (
    Field,
    Table,
    command_tables,
    flags_table,
    label_width,
    lane_rows,
    lanes_word,
)

__all__ = ["class_counter", "trainer"]

_OPEN, _REOPEN, _CLOSE, _LEARN = range(4)


def class_counter(
    arguments: Mapping[str, Any], count: int, rng: np.random.Generator
) -> list[Table]:
    """Return the vectors of a class counter: commands, of which some are refused.

    Parameters
    ----------
    arguments, count, rng
        As of every `sim.vectors.blocks.Make`.
    """
    params: ClassCounterParams = arguments["params"]
    p, golden = params.prototypes, ClassCounter(params)
    slot_field = Field("slot", label_width(params.slots), "slot; there may be none of that number")
    label = Field("label", label_width(p.classes), "number of the class, of an open alone")
    commands, rows, codes, flags = [], [], [], []
    opened = 0
    for _ in range(count):
        kind = int(rng.choice(4, p=(0.1, 0.1, 0.1, 0.7)))
        slot = int(rng.integers(2**slot_field.width))
        named = 0
        if kind == _OPEN:
            named = opened % p.classes
            opened += golden.open(slot, named)
        elif kind == _LEARN:
            bits = rng.integers(2, size=(1, p.features), dtype=np.uint8)
            golden.learn(pack(bits), [slot])
            rows += lane_rows(bits[0], p.lanes)
        elif kind == _REOPEN:
            golden.reopen(slot)
        elif (closed := golden.close(slot)) is not None:
            words = lane_rows(closed, p.lanes, p.code_width)
            number = int(golden.labels[slot])
            codes += [(word, number, int(b == p.beats - 1)) for b, (word,) in enumerate(words)]
        commands.append((kind, slot, named))
        flags.append((int(golden.overflow), int(golden.empty), int(golden.closed)))
    return [
        *command_tables(
            [Field("kind", 2, "0 open, 1 reopen, 2 close, 3 learn"), slot_field, label],
            commands,
            p.lanes,
            rows,
        ),
        Table(
            name="codes",
            role="expected",
            fields=[
                Field("codes", p.row_width, f"lane l in bits {p.code_width}l and up"),
                Field("label", label.width, "class"),
                Field("last", 1, "last row of the class"),
            ],
            rows=codes,
            use="B rows of codes for each class that is closed and not refused.",
        ),
        flags_table(("overflow", "empty", "closed"), flags),
    ]


def trainer(arguments: Mapping[str, Any], count: int, rng: np.random.Generator) -> list[Table]:
    """Return the vectors of a trainer: batches, and all weights after each.

    Parameters
    ----------
    arguments, count, rng
        As of every `sim.vectors.blocks.Make`.
    """
    params: TrainerParams = arguments["params"]
    batch = arguments["batch"]
    highest = 2 ** (int(params.binary_width) - 1)
    latent = rng.integers(-highest, highest, size=(params.hidden, params.features), dtype=np.int32)
    golden = Trainer(params, latent)
    centres = rng.integers(2, size=(params.classes, params.features), dtype=np.uint8)
    exemplars, batches, hits = [], [], []
    weights, latents = [], _latent_rows(params, golden.latent)
    first = list(latents)
    for number in range(count):
        # The classes grow, as from task to task.
        n = 1 + (params.classes - 1) * (number + 1) // count
        labels = rng.integers(n, size=batch)
        bits = centres[labels] ^ (rng.random((batch, params.features)) < 0.2).astype(np.uint8)
        exemplars += [(lanes_word(x), int(c)) for x, c in zip(bits, labels, strict=True)]
        batches.append((batch, n))
        hits.append((golden.step(pack(bits), labels, np.arange(n)),))
        weights += _weight_rows(params, golden.weights)
        latents += _latent_rows(params, golden.latent)
    label = Field("label", label_width(params.classes), "class")
    weight = Field(
        "weights", params.lanes * int(params.backward_width), "lane l in q_b bits, two's complement"
    )
    tables = [
        Table(
            name="batches",
            role="stimulus",
            fields=[
                Field("exemplars", label_width(batch + 1), "exemplars of the batch"),
                Field("classes", label_width(params.classes + 1), "n: the softmax is over 0..n-1"),
            ],
            rows=batches,
            use="Learn one batch for each word.",
        ),
        Table(
            name="exemplars",
            role="stimulus",
            fields=[Field("x", params.features, "feature j in bit j"), label],
            rows=exemplars,
            use="The exemplars of all batches, in order.",
        ),
        Table(
            name="hits",
            role="expected",
            fields=[Field("hits", label_width(batch + 1), "exemplars that were right before it")],
            rows=hits,
            use="For each batch.",
        ),
        Table(
            name="weights",
            role="expected",
            fields=[weight],
            rows=weights,
            use=f"All {params.rows} rows of the classifier after each batch; all are 0 before the "
            "first. Row c*B + b sees the inputs of beat b of z = (h, x); lanes past its end are 0.",
        ),
    ]
    if not params.hidden:
        return tables
    codes = Field("latent", params.features * int(params.binary_width), "input j in q_v bits")
    after = latents[len(first) :]
    return [
        Table(
            name="first_latent",
            role="setup",
            fields=[codes],
            rows=first,
            use="The latent weights at first: one word for each hidden neuron.",
        ),
        *tables,
        Table(
            name="latent",
            role="expected",
            fields=[codes],
            rows=after,
            use="The latent weights after each batch.",
        ),
    ]


def _weight_rows(params: TrainerParams, weights: NDArray[np.int32]) -> list[tuple[int, ...]]:
    width = int(params.backward_width)
    return [row for weight in weights for row in lane_rows(weight, params.lanes, width)]


def _latent_rows(params: TrainerParams, latent: NDArray[np.int32]) -> list[tuple[int, ...]]:
    return [(lanes_word(row, int(params.binary_width)),) for row in latent]
