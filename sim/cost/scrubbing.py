# SPDX-License-Identifier: MIT
"""The cost of a scrubber of the prototypes (contract, 19)."""

from dataclasses import replace
from fractions import Fraction

from sim.cost.configuration import CostConfig
from sim.cost.counts import prototype_rows
from sim.cost.phases import Phase

__all__ = ["LEAST_INTERVAL", "busy_scrubbing", "scrubbing"]

LEAST_INTERVAL = 2  # cycles from one row to the next


def scrubbing(config: CostConfig) -> Phase:
    """Return the scrubbing of a row in which nothing is wrong, as nearly all rows are.

    It takes no cycle of anybody's. With an interval of N cycles, it reads as many rows a second as
    the clock has cycles, divided by N; an interval of 1 acts as 2. A row that is written back takes
    a write more.

    Parameters
    ----------
    config : CostConfig
        With a scrubber.

    Raises
    ------
    ValueError
        If the chip has none.
    """
    params, watch = config.chip.sampler.prototypes, config.chip.watch
    return Phase(
        name="scrub",
        unit="row",
        tally=prototype_rows.scrub(params, watch, 1, 0).within("sampler.prototypes.rows"),
        cycles=None,
        note="in cycles that nobody needs; an interval of N cycles is "
        f"{config.clock:,.0f} / max(N, {LEAST_INTERVAL}) rows a second at most",
    )


def busy_scrubbing(config: CostConfig) -> Phase:
    """Return the scrubbing of a row by a scrubber that is never kept waiting.

    Parameters
    ----------
    config : CostConfig
        With a scrubber.

    Raises
    ------
    ValueError
        If the chip has none.
    """
    return replace(scrubbing(config), cycles=Fraction(LEAST_INTERVAL))
