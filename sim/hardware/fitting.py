# SPDX-License-Identifier: MIT
"""Sizes of a machine or a chip that a network needs; what a size of the catalogue has stays."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from golden.params import AcceleratorParams, ChipParams, NetworkParams
from sim.cost.counts.room import least_machine

__all__ = ["FITTED", "SHAPE", "changes", "fitted"]

Params = TypeVar("Params", AcceleratorParams, ChipParams)

#: Blocks that run a network.
FITTED = ("chip", "network")

#: Parameters of a machine on which the rows that a network takes depend.
SHAPE = ("pe", "simd", "weight_reuse", "units", "gather_words")


def fitted(params: Params, network: NetworkParams, shape: Mapping[str, int]) -> Params:
    """Return the parameters of a block that runs a network.

    Bits and colours of a pixel become those of the network, and so do the features D of a chip.
    Levels, depths, channels, widths of counts and classes grow where the network needs more.

    Parameters
    ----------
    params : AcceleratorParams or ChipParams
        Parameters of the block at a size of the catalogue.
    network : NetworkParams
    shape : mapping of str to int
        Those of `SHAPE` that are others than in `params`.
    """
    if isinstance(params, AcceleratorParams):
        return _machine(params, network, shape)
    prototypes = params.sampler.prototypes
    machine = _machine(params.accelerator, network, shape)
    classes = max(machine.classes, prototypes.classes)
    shared = {"features": network.output.size, "classes": classes}
    sampler = replace(
        params.sampler,
        prototypes=replace(prototypes, components=max(prototypes.components, classes), **shared),
    )
    return replace(
        params,
        accelerator=replace(machine, classes=classes),
        sampler=sampler,
        latent=replace(params.latent, **shared),
        head=None if params.head is None else replace(params.head, **shared),
    )


def _machine(
    params: AcceleratorParams, network: NetworkParams, shape: Mapping[str, int]
) -> AcceleratorParams:
    """Return a machine with room for a network."""
    mvu = params.mvu
    least = least_machine(
        network,
        pe=shape.get("pe", mvu.pe),
        simd=shape.get("simd", mvu.simd),
        weight_reuse=shape.get("weight_reuse", mvu.weight_reuse),
        units=shape.get("units", params.units),
        gather_words=shape.get("gather_words", params.gather_words),
    )
    depths = ("weight_depth", "tile_depth", "count_width")
    sizes = ("map_depth", "program_depth", "channels", "classes")
    levels = min(params.levels, 2**least.pixel_bits)
    return replace(
        params,
        mvu=replace(params.mvu, **_largest(params.mvu, least.mvu, depths)),
        pixel_bits=least.pixel_bits,
        colours=least.colours,
        levels=max(levels, least.levels),
        **_largest(params, least, sizes),
    )


def _largest(params: Any, least: Any, names: Sequence[str]) -> dict[str, int]:
    """Return the larger of two values of some fields."""
    return {name: max(getattr(params, name), getattr(least, name)) for name in names}


def changes(before: Any, after: Any, place: str = "") -> dict[str, Any]:
    """Return the fields of parameters that differ, those of nested parameters with their places.

    Parameters
    ----------
    before, after : dataclass instances
        Parameters of one class.
    place : str
        Beginning of the names, such as ``"accelerator."``.

    Returns
    -------
    dict of str to Any
        Value afterwards by name, such as ``{"accelerator.pixel_bits": 4}``.
    """
    found: dict[str, Any] = {}
    for field in fields(before):
        old, new = getattr(before, field.name), getattr(after, field.name)
        if is_dataclass(old) and is_dataclass(new):
            found |= changes(old, new, f"{place}{field.name}.")
        elif old != new:
            found[f"{place}{field.name}"] = new
    return found
