# SPDX-License-Identifier: MIT
"""Layout of a beat, which carries L of the D bits of a vector (contract, 7)."""

from amaranth.hdl import unsigned
from amaranth.lib.data import StructLayout
from amaranth.utils import bits_for

__all__ = ["beat_layout"]


def beat_layout(lanes: int, classes: int) -> StructLayout:
    """Return the layout of a beat of a vector.

    Parameters
    ----------
    lanes : int
        L, bits of a beat.
    classes : int
        Number of classes a label can name.

    Returns
    -------
    StructLayout
        ``bits``: lane ``l`` of beat ``b`` is bit ``b*L + l`` of the vector, and lanes past its end
        are 0. ``label``: class of the vector. ``last``: set in the final beat of the vector.
    """
    return StructLayout({"bits": unsigned(lanes), "label": bits_for(classes - 1), "last": 1})
