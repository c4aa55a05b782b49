# SPDX-License-Identifier: MIT
"""Vectors of the latent buffer."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from golden.bits import pack
from golden.latent_buffer import LatentBuffer
from golden.params import LatentBufferParams
from sim.vectors.table import (
    Field,
    Table,
    beats_table,
    command_tables,
    flags_table,
    label_width,
    lane_rows,
)

__all__ = ["latent_buffer"]


def latent_buffer(
    arguments: Mapping[str, Any], count: int, rng: np.random.Generator
) -> list[Table]:
    """Return the vectors of a latent buffer: exemplars and requests, of which some are refused.

    Parameters
    ----------
    arguments, count, rng
        As of every `sim.vectors.blocks.Make`.
    """
    params: LatentBufferParams = arguments["params"]
    golden = LatentBuffer(params)
    commands, rows, beats, flags = [], [], [], []
    label = Field("label", label_width(params.classes), "class")
    for _ in range(count):
        request = rng.random() < 0.4
        # Every number that the field can hold, also of classes that the buffer does not have.
        named = int(rng.integers(2**label.width))
        if request:
            beats += list(golden.beats(named))
        else:
            bits = rng.integers(2, size=(1, params.features), dtype=np.uint8)
            golden.learn(pack(bits), np.array([named]))
            rows += lane_rows(bits[0], params.lanes)
        commands.append((int(request), named))
        flags.append((int(golden.unknown),))
    lanes = Field("bits", params.lanes, "lane l in bit l")
    return [
        *command_tables(
            [Field("request", 1, "1: request an exemplar; 0: learn the next one"), label],
            commands,
            params.lanes,
            rows,
        ),
        beats_table(
            params.lanes, label, beats, "B beats for each request; none for one that is refused."
        ),
        flags_table(("unknown",), flags),
        Table(
            name="memory",
            role="expected",
            fields=[lanes],
            rows=[(row,) for row in golden.rows()],
            use="The memory after all commands. Slots that were never written are 0 here.",
        ),
    ]
