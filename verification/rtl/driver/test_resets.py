# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""Soft resets while packets that load the chip wait in line: one packet is lost, and no other.

All is queued at the chip's input, and one load after the other is aimed at. When the chip has taken
a word of it the streams are held, so that it is known which packet is under way, and the chip is
reset by its register. The packets behind that one then have the effect that they have on a chip
without classes and exemplars.
"""

from bisect import bisect_right
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from golden.bits import pack
from golden.prototype_classifier import nearest_mean_table
from rtl.class_slots import Operation
from rtl.head_command import HeadOperation
from verification.rtl.chip_coverage import cover_resets
from verification.rtl.chip_run import NETWORK
from verification.rtl.chip_script import FIELDS, OFFSETS
from verification.rtl.driver.trained import TRAINED, player_of, shown
from verification.rtl.engine import BenchError
from verification.rtl.head_script import HeadScript

FEATURES, CLASSES, NEURONS = 20, 5, 5
LONGEST = 20_000  # cycles in which all words have gone
OVERFLOW, EMPTY, CLOSED = (FIELDS[f"errors_{n}"][1].mask for n in ("overflow", "empty", "closed"))
HELD = 256  # of 256 cycles, in which the streams are held

Load = tuple[str, int]  # a name of `LOADS`, and the seed of what is in it


def vectors(host: HeadScript, count: int) -> Any:
    return pack(host.rng.integers(0, 2, (count, FEATURES), np.uint8))


def count(host: HeadScript) -> None:
    host.command(Operation.OPEN, 0, 0)
    host.count(vectors(host, 2), [0, 0])
    host.command(Operation.CLOSE, 0)


def learn(host: HeadScript) -> None:
    rows, label = vectors(host, 1), int(host.rng.integers(CLASSES))
    host.latent.learn(rows, [label])
    host.learn_vector(rows[0], label)


def latent(host: HeadScript) -> None:
    host.trainer.latent[:] = host.rng.integers(-128, 128, (NEURONS, FEATURES))
    host.write_hidden()


def rows(host: HeadScript) -> None:
    first = int(host.rng.integers(CLASSES))
    shape = CLASSES - first, NEURONS + FEATURES
    host.write_rows(first, host.rng.integers(-128, 128, shape))


LOADS: dict[str, Callable[[HeadScript], object]] = {
    "network": HeadScript.load,
    "costs": lambda host: host.costs(nearest_mean_table(4)),
    "class": lambda host: host.append(int(host.rng.integers(1, 3))),
    "another class": lambda host: host.append(1),
    "class thresholds": lambda host: host.weigh([1 / CLASSES] * CLASSES),
    "seeds": lambda host: host.reseed(int(host.rng.integers(2**40))),
    "basis": lambda host: host.basis(3),
    "exemplar": learn,
    "another exemplar": learn,
    "slot": count,
    "latent weights": latent,
    "weights": rows,
    "read": lambda host: host.rows(CLASSES),
    "read latent": lambda host: host.hidden_rows(1 + int(host.rng.integers(NEURONS))),
}


def given(host: HeadScript, load: Load) -> list[list[Any]]:
    """Let golden take a load; return the operations of a host."""
    before, host.operations = host.operations, []
    host.rng = np.random.default_rng(load[1])
    LOADS[load[0]](host)
    operations, host.operations = host.operations, before
    return operations


class Round:
    """A line of loads, a reset in the midst of it, and a look at what the chip has then."""

    def __init__(self, host: HeadScript, player: Any, rng: np.random.Generator) -> None:
        self.host, self.player, self.rng = host, player, rng
        self.loads = [(str(name), int(rng.integers(2**32))) for name in rng.permutation([*LOADS])]

    def queue(self) -> list[int]:
        """Queue all loads; return the number of words up to the end of each."""
        ends, total = [], 0
        for load in self.loads:
            sent = [op for op in given(self.host, load) if op[0] == "send"]
            self.player.play(sent)
            self.host.operations += sent
            total += sum(len(words) for _, words in sent)
            ends.append(total)
        return ends

    def cut(self, aim: str, pauses: int) -> tuple[str | None, list[Load]]:
        """Queue all loads and reset the chip; return the load that was cut, and those behind it."""
        host, player = self.host, self.player
        model, before = player.model, host.trainer.latent.copy()
        ends = self.queue()
        aimed = [name for name, _ in self.loads].index(aim)
        first = ends[aimed - 1] if aimed else 0
        words = int(self.rng.integers(first + 1, ends[aimed]))
        for _ in range(LONGEST):
            if ends[-1] - model.left >= words:
                break
            model.pass_cycles(1)
        model.pause(HELD)
        model.pass_cycles(20)
        host.note("status")
        player.play(host.operations[-1:])
        receiving = player.noted[-1][1] & FIELDS["status_receiving"][1].mask
        taken = ends[-1] - model.left
        place = bisect_right([0, *ends], taken) - 1  # loads of which all words were taken
        inside = taken not in (0, *ends)
        first = place + inside
        cut = None
        if inside or (receiving and place):
            cut = self.loads[first - 1][0]
        if "latent weights" not in [name for name, _ in self.loads[:first]]:
            host.trainer.latent[:] = before
        player.play([["write", OFFSETS["control"], 1]])
        host.restart()
        # A last word that was on offer leaves whole; no packet behind the reset is as quick.
        model.pause(0)
        model.pass_cycles(4)
        player.forget()
        model.pause(pauses, int(self.rng.integers(1, 2**32)))
        return cut, self.loads[first:]

    def look(self, cut: str | None, behind: list[Load]) -> None:
        """Compare what the loads behind the reset left, and go on."""
        host, player, start = self.host, self.player, len(self.host.operations)
        for load in behind:
            answers = [op for op in given(host, load) if op[0] == "expect"]
            if load[0] == "read latent" and cut == "latent weights":  # some are old, some new
                answers = [["skip", *op[1:2]] for op in answers]
            host.operations += answers
        host.settle()
        host.read("status", FIELDS["status_basis"][1].mask * ("basis" in dict(behind)))
        classes = host.sampler.prototypes.n_classes
        host.read("n_classes", classes)
        host.rows(CLASSES)
        if cut == "latent weights":
            host.write_hidden()
        host.hidden_rows(NEURONS)
        for label in range(classes):
            host.draw(2, label)
        for label in np.flatnonzero(host.latent.seen):
            host.recall(2, int(label))
        # All is loaded again, and the chip does all that it can.
        host.load()
        host.costs(nearest_mean_table(4))
        host.append(1)
        host.pictures(host.images(1), 1 | 8)
        batch = vectors(host, 3), [0, 2, 1]
        host.tell(HeadOperation.LEARN, 3, 3)
        host.give(batch)
        host.learned([batch], 3)
        host.rows(CLASSES)
        host.hidden_rows(NEURONS)
        host.counted()
        player.play(host.operations[start:])
        # A class was one too many, or a slot had lost its first packet; nothing else was amiss.
        known = OVERFLOW | (EMPTY | CLOSED if cut == "slot" else 0)
        assert player.model.read(OFFSETS["errors"]) & ~known == 0


@pytest.mark.parametrize(("pauses", "seed"), [(0, 1), (128, 2)])
def test_a_packet_is_lost_and_no_other(pauses: int, seed: int) -> None:
    rng = np.random.default_rng([seed, pauses])
    host, player = HeadScript(TRAINED, NETWORK, seed), player_of(pauses, seed)
    for load in (("costs", 0), ("network", 0)):
        host.operations += given(host, load)
    host.write_hidden()
    host.settle()
    player.play(host.operations)
    cuts = set()
    for aim in LOADS:
        round_ = Round(host, player, rng)
        cut, behind = round_.cut(aim, pauses)
        round_.look(cut, behind)
        cuts.add(cut)
    shown(host, player)
    cover_resets("load", False, {"noted": player.noted})
    assert cuts == set(LOADS)


def test_a_picture_waits_for_ever_where_its_program_was_lost_until_a_reset() -> None:
    """The first packet of a network is its program; without one no map is ever whole."""
    host, player = HeadScript(TRAINED, NETWORK, 3), player_of(0, 1)
    player.patience = 5000  # a picture takes 1000
    host.load()
    player.play(host.operations[:1])
    player.model.pass_cycles(2)
    player.play([["write", OFFSETS["control"], 1], *host.operations[1:], ["sent"]])
    host.operations = []
    host.pictures(host.images(1), 1)
    with pytest.raises(BenchError, match="expect: it never ended"):
        player.play(host.operations)
    host.operations = []
    host.soft_reset()
    host.load()
    host.pictures(host.images(1), 1)
    host.do("nothing")
    player.play(host.operations)
