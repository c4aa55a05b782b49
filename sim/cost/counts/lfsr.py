# SPDX-License-Identifier: MIT
"""What a random stream does (contract, 4)."""

from golden.params import LfsrParams
from sim.cost.counts.tally import Action, Tally

__all__ = ["word"]


def word(component: str, params: LfsrParams) -> Tally:
    """Return what the use of a word does: the LFSR takes its steps, all its state is clocked.

    Parameters
    ----------
    component : str
        Who the LFSR is.
    params : LfsrParams
    """
    return Tally({
        Action(component, "lfsr_step"): params.step,
        Action(component, "register", params.width): 1,
    })  # fmt: skip
