# SPDX-License-Identifier: MIT
"""Masks of lanes: a range of lanes, and the lanes of a beat that a vector uses."""

from amaranth.hdl import Cat, Mux, Value

from golden.params import LatentBufferParams, PrototypesParams

__all__ = ["lane_range", "used_lanes"]


def lane_range(low: Value, high: Value, lanes: int) -> Value:
    """Return a mask of lanes ``low .. high-1``.

    Parameters
    ----------
    low, high : Value
        Bounds of the range. `high` may exceed the number of lanes.
    lanes : int
        Bits of the mask.
    """
    return Value.cast(Cat((low <= lane) & (high > lane) for lane in range(lanes)))


def used_lanes(params: PrototypesParams | LatentBufferParams, last: Value) -> Value:
    """Return a mask of the lanes that hold features, in the `last` beat of a vector or another."""
    in_last = params.features - (params.beats - 1) * params.lanes
    return Mux(last, 2**in_last - 1, 2**params.lanes - 1)
