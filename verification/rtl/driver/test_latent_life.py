# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""The life of a chip whose hidden layer learns, through its buses alone (contract, 12).

The host is that of `verification.rtl.test_trained_life`. Beside the weights of classes, latent
ones are read back after every task, and after soft resets in the midst of batches.
"""

import numpy as np
import pytest
from numpy.typing import NDArray

from rtl.head_command import HeadOperation
from rtl.headers import Target
from rtl.output import Kind
from rtl.packets import Packet
from rtl.requests import Source
from verification.rtl.chip_coverage import cover_resets
from verification.rtl.chip_script import FIELDS
from verification.rtl.driver.trained import TRAINED, player_of, shown
from verification.rtl.test_trained_life import TASKS, Life

NEURONS = 5
ROUNDS = 40  # resets
LONGEST = 2500  # cycles until one; three batches take about as long


def remember(life: Life, classes: int) -> None:
    """Let the chip keep classes, and draw from them evenly."""
    host = life.host
    for label in range(host.sampler.prototypes.n_classes, classes):
        life.remember([label])
    host.settle()
    host.weigh(np.full(classes, 1 / classes).tolist())
    host.settle()


@pytest.mark.parametrize("pauses", [pytest.param(0, marks=pytest.mark.slow), 128])
def test_a_hidden_layer_learns_three_tasks_beside_a_past_that_the_chip_draws(pauses: int) -> None:
    life, player = Life(TRAINED, seed=3), player_of(pauses, 1)
    host = life.host
    host.hidden_rows(NEURONS)
    before = host.trainer.latent.copy()
    for number, task in enumerate(TASKS):
        life.train(task, number)
        remember(life, task[-1] + 1)
        life.look(task[-1] + 1)
        host.hidden_rows(1)
    host.read("errors", 0)
    for number, neurons in ((4, 0), (4, NEURONS + 1), (5, 1), (6, 1), (7, 1)):
        host.send(Packet(Target.HEAD_COMMAND, 0, neurons, 1, [number]))
        host.settle()
        host.read("errors", FIELDS["errors_command"][1].mask)
    host.hidden_rows(NEURONS)
    player.play(host.operations)
    shown(host, player)
    assert (host.trainer.latent != before).mean() > 0.5  # it does learn
    assert life.right >= 0.6 * life.asked


def rows_of(latent: NDArray[np.integer]) -> NDArray[np.int8]:
    """Return latent weights in rows of 16 lanes, two a neuron; those past D are 0."""
    padded = np.zeros((NEURONS, 32), np.int8)
    padded[:, : latent.shape[1]] = latent
    return padded.reshape(-1, 16)


def begin(life: Life) -> list[NDArray[np.int8]]:
    """Begin three batches that a reset is to interrupt; return the rows before and after each."""
    host, found = life.host, [rows_of(life.host.trainer.latent)]
    before, host.operations = host.operations, []
    host.source(Source.SELECTOR)
    for _ in range(3):
        host.tell(HeadOperation.LEARN, 2, 3, 7)
        given = life.embeddings(2)[:2], [2, 2]
        host.give(given)
        host.learned([given, host.past(7, Source.SELECTOR)], 3)
        found.append(rows_of(host.trainer.latent))
    host.tell(HeadOperation.READ_HIDDEN, 0, NEURONS)
    host.operations = [*before, *(op for op in host.operations if op[0] != "expect")]
    return found


def moved(found: list[NDArray[np.int8]], rows: NDArray[np.int8]) -> tuple[int, int] | None:
    """Return how many batches have moved all rows, and how many rows another one has."""
    for batch, (old, new) in enumerate(zip(found, [*found[1:], found[-1]], strict=True)):
        for count in range(len(rows)):
            if (rows == np.concatenate([new[:count], old[count:]])).all():
                return batch, count
    return None


def test_a_soft_reset_leaves_each_row_as_it_was_or_as_its_batch_makes_it() -> None:
    """The rows of a batch move in their order. All goes on from those that are there."""
    life, player, rng = Life(TRAINED, seed=5), player_of(0, 1), np.random.default_rng(2)
    host, played = life.host, 0
    life.train(TASKS[0], 1)
    kept, states = host.trainer.weights.copy(), set()
    for _ in range(ROUNDS):
        remember(life, 2)
        found = begin(life)
        host.cut_short(int(rng.integers(LONGEST)), hard=False)
        host.tell(HeadOperation.READ_HIDDEN, 0, NEURONS)
        player.play(host.operations[played:])
        played = len(host.operations)
        words = np.array(player.take(Kind.HEAD_ROWS), np.uint64).astype("<u8")
        rows = words.view(np.int8).reshape(-1, 16)
        state = moved(found, rows)
        assert state is not None
        states.add(state)
        host.trainer.latent[:] = rows.reshape(NEURONS, -1)[:, : TRAINED.latent.features]
        host.write_rows(0, kept)
    assert {batch for batch, count in states} >= {0, 1, 2, 3}
    assert len({count for batch, count in states if count}) > 1
    remember(life, 2)
    life.train(TASKS[1], 2)
    remember(life, 4)
    life.look(4)
    player.play(host.operations[played:])
    shown(host, player)
    cover_resets("train", False, {"noted": player.noted})
