# SPDX-License-Identifier: MIT
"""Counts of classifying by the likelihood of a mixture, which needs no training.

For one embedding, the codes of every prototype are read once. A table of log-odds has two numbers
for each code. The bit of the feature selects one of the two, and the selected numbers are summed.
The chip does not do this yet; the block `rtl.prototype_classifier` does it with tables of half the
rows, as `sim.cost.counts.prototype_classifier` counts.
"""

from golden.params import PrototypesParams
from sim.cost.counts import prototypes
from sim.cost.counts.tally import Action, Memory, Tally

__all__ = ["classify", "memories"]

_LOG_ODDS_BITS = 16


def memories(params: PrototypesParams) -> tuple[Memory, ...]:
    """Return the tables of log-odds: one for each lane, with two numbers for each code."""
    return (Memory("log_odds", 2 * 2**params.code_width, _LOG_ODDS_BITS, params.lanes),)


def classify(params: PrototypesParams, stored: int) -> Tally:
    """Return the actions that classify one embedding.

    Parameters
    ----------
    params : PrototypesParams
    stored : int
        Number of prototypes of all classes, ``K * n_c``.
    """
    width = _LOG_ODDS_BITS + (params.features - 1).bit_length()
    numbers = stored * params.beats * params.lanes
    rows = (stored * params.beats) * prototypes.read_row(params)
    looked_up = Tally({
        Action("log_odds", "read", _LOG_ODDS_BITS): numbers,
        Action("sum", "accumulate", width): numbers,
        Action("largest", "compare", width): stored,
    })  # fmt: skip
    return rows.within("sampler.prototypes") + looked_up.within("likelihood")
