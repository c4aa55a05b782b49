# SPDX-License-Identifier: MIT
"""Actions of a random stream (contract, 4)."""

from golden.params import LfsrParams
from sim.cost.counts.tally import Action, Tally

__all__ = ["word"]


def word(component: str, params: LfsrParams) -> Tally:
    """Return the actions for one word: the LFSR takes its steps, and all its state is clocked.

    Parameters
    ----------
    component : str
        Name of the LFSR in the tally.
    params : LfsrParams
    """
    return Tally({
        Action(component, "lfsr_step"): params.step,
        Action(component, "register", params.width): 1,
    })  # fmt: skip
