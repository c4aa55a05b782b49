# SPDX-License-Identifier: MIT
"""Seeds for the random streams of a block, as what its port takes."""

from collections.abc import Iterable

from golden.params import stream_seed
from golden.params.sampling import CHIP_STREAMS
from rtl.lfsr import seed_layout
from verification.rtl.simulators import payload

__all__ = ["seeds_of"]


def seeds_of(seed: int, streams: Iterable[int] = range(CHIP_STREAMS)) -> list[int]:
    """Return what loads the seeds of a user seed into some streams, by default all."""
    return [
        payload(seed_layout(), {"stream": int(number), "seed": stream_seed(seed, number)})
        for number in streams
    ]
