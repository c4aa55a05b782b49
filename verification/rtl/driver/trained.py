# SPDX-License-Identifier: MIT
"""A chip that has all that a host can load, with a hidden layer that learns, and its runs."""

from verification.rtl.chip_coverage import cover_run
from verification.rtl.chips import make_chip
from verification.rtl.driver.library import Model, library
from verification.rtl.driver.player import Player
from verification.rtl.head_script import HeadScript

__all__ = ["TRAINED", "player_of", "shown"]

#: Rows of latent weights take two words, and so do those of the classifier.
TRAINED = make_chip(
    lanes=16, simd=16, slots=2, table_width=12, selection="weighted", rank=3, loading_width=3,
    seed=6, batch=12,
    head={"hidden": 5, "binary_width": 8, "backward_width": 8, "rounding": "stochastic", "rate": 6,
          "binary_rate": 2, "window": 6},
)  # fmt: skip


def player_of(pauses: int, seed: int) -> Player:
    """Return a player on such a chip that was just reset, whose streams pause at random."""
    model = Model(library(TRAINED))
    model.pause(pauses, seed)
    return Player(model)


def shown(host: HeadScript, player: Player) -> None:
    """End the script of a host, of which all but the end was played; note what it met."""
    end = len(host.operations)
    host.do("nothing")
    host.note("output_stalls")
    player.play(host.operations[end:])
    cover_run(host.operations, host.chip, {"aborted": player.aborted, "noted": player.noted})
