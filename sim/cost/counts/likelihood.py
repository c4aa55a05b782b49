# SPDX-License-Identifier: MIT
"""What classifying by the likelihood of a mixture takes, a classifier that needs no training.

For one embedding the codes of every prototype are read once; each is looked up in a table of
log-odds (two numbers a code), and the one that the feature's bit names is added up. No hardware
here does it yet.
"""

from golden.params import PrototypesParams
from sim.cost.counts import prototypes
from sim.cost.counts.tally import Action, Memory, Tally

__all__ = ["classify", "memories"]

_LOG_ODDS_BITS = 16


def memories(params: PrototypesParams) -> tuple[Memory, ...]:
    """Return the tables of log-odds, one a lane, of two numbers a code."""
    return (Memory("log_odds", 2 * 2**params.code_width, _LOG_ODDS_BITS, params.lanes),)


def classify(params: PrototypesParams, stored: int) -> Tally:
    """Return what one embedding takes.

    Parameters
    ----------
    params : PrototypesParams
    stored : int
        Prototypes of all classes, ``K * n_c``.
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
