# SPDX-License-Identifier: MIT
"""The section of a cost report on prototypes whose planes have two supplies."""

import math

from sim.cost.failing import PHASE, FailingLine
from sim.cost.formatting import nominal
from sim.cost.spared import SPARED, spared_points
from sim.report.tables import markdown_table

__all__ = ["spared_section"]

_APART = 0.1  # V between two supplies that are written

_SCOPE = """\
The upper planes of the {width} keep {full:g} V, and the others have the supply of the row. The \
energy is that of the accesses to prototypes in the phase *{phase}*, each plane at its own supply \
and with an equal part of its row; check bits are divided as the planes are. A second rail, level \
shifters and the periphery that two memories would have instead of one are not modelled. What \
spared planes are worth in accuracy is not in this table: a study with `spared` measures it."""


def spared_section(line: FailingLine, width: int) -> str:
    """Return the section in Markdown, one row every tenth of a volt.

    Parameters
    ----------
    line : FailingLine
        That of the prototypes.
    width : int
        Planes of a code.
    """
    spared = [planes for planes in SPARED if planes < width]
    rows, before = [], math.inf
    for point in spared_points(line, width, spared):
        # A tenth that is met exactly must not be lost by rounding.
        if before - point.voltage >= _APART - 1e-9:
            rows.append([
                f"{point.voltage:.3g}", f"{point.share:.2g}",
                *(nominal(energy, "J") for energy in point.memories),
            ])  # fmt: skip
            before = point.voltage
    columns = ("supply (V)", "cells that fail", *(f"{planes} spared" for planes in spared))
    scope = _SCOPE.format(phase=PHASE, width=width, full=line.points[0].voltages[0])
    return "\n\n".join(
        ("## Planes of prototypes at two supplies", scope, markdown_table(columns, rows))
    )
