# SPDX-License-Identifier: MIT
"""Small chips, and pixels for them: what the benches of the chip's blocks share."""

from typing import Any

from golden.params import (
    AcceleratorParams,
    ChipParams,
    CorrelatedSamplerParams,
    LatentBufferParams,
    MvuParams,
    PrototypesParams,
    SamplerParams,
    TrainerParams,
)
from rtl.packets import words_of

__all__ = ["make_chip", "packed"]


def make_chip(
    *,
    simd: int = 8,
    weight_reuse: int = 1,
    units: int = 1,
    lanes: int = 8,
    features: int = 20,
    classes: int = 5,
    class_components: int = 3,
    components: int = 7,
    code_width: int = 4,
    pixel_bits: int = 7,
    exemplars: int = 2,
    slots: int = 0,
    slot_components: int = 1,
    handicap_shift: int = 4,
    table_width: int = 0,
    table_fold: int = 1,
    head: dict[str, Any] | None = None,
    batch: int = 128,
    **sampler: Any,
) -> ChipParams:
    """Return the parameters of a small chip; `sampler` are further ones of its sampler.

    With a `rank`, it is the one with factors.
    It has a head that learns if `head` are the parameters that this has of its own.
    """
    return ChipParams(
        accelerator=AcceleratorParams(
            mvu=MvuParams(
                pe=4,
                simd=simd,
                weight_depth=512,
                tile_depth=64,
                count_width=10,
                weight_reuse=weight_reuse,
            ),
            units=units,
            map_depth=256,
            program_depth=8,
            channels=64,
            classes=classes,
            pixel_bits=pixel_bits,
            levels=4,
        ),
        sampler=(CorrelatedSamplerParams if "rank" in sampler else SamplerParams)(
            prototypes=PrototypesParams(
                features=features,
                code_width=code_width,
                lanes=lanes,
                components=components,
                classes=classes,
                class_components=class_components,
            ),
            **sampler,
        ),
        latent=LatentBufferParams(
            features=features, lanes=lanes, classes=classes, exemplars=exemplars
        ),
        slots=slots,
        slot_components=slot_components,
        handicap_shift=handicap_shift,
        table_width=table_width,
        table_fold=table_fold,
        head=(
            None
            if head is None
            else TrainerParams(features=features, classes=classes, lanes=lanes, **head)
        ),
        batch=batch,
    )


def packed(values: list[int], width: int) -> list[int]:
    """Put values of some width side by side into words."""
    whole = sum(value << width * i for i, value in enumerate(values))
    return words_of([whole], width * len(values)) if values else []
