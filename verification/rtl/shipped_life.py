# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""The life of the full chip with the shipped network: it knows 50 classes and learns five more.

The host goes through AXI alone. It loads the network, the prototypes of the classes that the
network was trained on, and first rows of the head that learns. Then come three tasks of classes
that the network never saw. The chip counts a picture and embeddings of each, and trains its head
beside a past that it draws by itself. After each task it names pictures and test embeddings.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from golden.bernoulli import encode_counts
from golden.bits import pack, unpack
from golden.first_rows import first_rows
from golden.params import ChipParams
from golden.prototype_classifier import likelihood_table
from rtl.catalogue import BLOCKS
from rtl.class_slots import Operation
from rtl.head_command import HeadOperation
from rtl.output import Kind
from rtl.requests import Source
from sim.learn.batches import split_batch, steps_of_epoch
from verification.rtl.chip_run import NETWORK as PLACEHOLDER
from verification.rtl.head_script import HeadScript
from verification.rtl.shipped_classes import ShippedClasses

__all__ = ["BASE", "TASKS", "Look", "ShippedLife", "full_chip"]

#: How many classes the network was trained on, and those that the chip learns.
BASE = 50
TASKS = ([50, 51], [52, 53], [54])
BATCH = 128
#: Embeddings of a new class for its counts and for the head, and draws of it after its task.
COUNTED, TRAINED, DRAWN = 500, 250, 1000
#: Output of the pictures that are named: class by the network, features, and answer by prototypes.
OUTPUT = 1 | 4 | 8


def full_chip() -> ChipParams:
    """Return the full chip of the catalogue with the catalogue's trainer as its head."""
    trainer = BLOCKS["trainer"].arguments("full")
    chip = BLOCKS["chip"].arguments("full")["params"]
    return replace(chip, head=trainer["params"], batch=BATCH)


@dataclass(frozen=True, kw_only=True)
class Look:
    """What was named right at one moment: numbers of right ones and of all.

    Parameters
    ----------
    moment : str
    classes : int
        Classes that the chip knows.
    base, new : dict of str to tuple of int
        By who names what: of the classes of the network's training, and of the later ones.
    """

    moment: str
    classes: int
    base: dict[str, tuple[int, int]]
    new: dict[str, tuple[int, int]]


class ShippedLife:
    """The whole life as a script, with the answer of the golden models to each of its steps.

    Parameters
    ----------
    tasks : sequence of sequence of int, optional
        Later classes in their order, at most two a task.

    Attributes
    ----------
    host : HeadScript
    looks : list of Look
        As golden names them; a run whose answers are golden's has the same.
    hits : list of tuple of int
        Hits, and exemplars given and drawn, of the training of each task.
    past : set of int
        Classes that the chip drew to train on.
    """

    def __init__(self, tasks: Sequence[Sequence[int]] = TASKS) -> None:
        self.shipped = ShippedClasses()
        # The script makes a random network of its description, which gives way to the shipped one.
        self.host = HeadScript(full_chip(), PLACEHOLDER)
        self.host.network = self.shipped.network
        self.rng = np.random.default_rng(0)
        self.looks: list[Look] = []
        self.hits: list[tuple[int, int]] = []
        self.past: set[int] = set()
        self._shown = self._counted = self._rows = 0
        self._begin()
        for number, task in enumerate(tasks, 1):
            self._count(task)
            self._first(task)
            self._ask(f"task {number}, before training", task[-1] + 1)
            self._train(task)
            self._close(task)
            self._look(f"after task {number}", task[-1] + 1)

    def _begin(self) -> None:
        """Load what the chip knows before: network, costs, prototypes, rows of the head."""
        host = self.host
        host.load()
        host.costs(likelihood_table(self._code_width))
        counts = np.array(
            [unpack(self.shipped.train(c), self._features).sum(0) for c in range(BASE)]
        )
        codes = [
            encode_counts(row, len(self.shipped.train(c)), self._code_width)
            for c, row in enumerate(counts)
        ]
        for row in codes:
            assert host.sampler.prototypes.append([row])
            host.send(host.append_packet(row[None], []))
        host.write_rows(0, first_rows(host.trainer.params, np.array(codes), self._code_width))
        host.classes_seen = BASE  # the head that ships with the network knows these alone
        host.write("classes_seen", BASE)
        self._ask("before the tasks", BASE)

    def _count(self, task: Sequence[int]) -> None:
        """Count a picture and embeddings of each class, those of one between those of another."""
        host = self.host
        for slot, label in enumerate(task):
            host.command(Operation.OPEN, slot, label)
            host.pictures(self.shipped.lessons[[label]], 0, count=[slot])
        rows = np.concatenate([self.shipped.train(label)[:COUNTED] for label in task])
        slots = np.repeat(np.arange(len(task)), COUNTED)
        order = self.rng.permutation(len(rows))
        host.count(rows[order], slots[order].tolist())
        self._shown += len(task)
        self._counted += len(task) + len(rows)

    def _first(self, task: Sequence[int]) -> None:
        """Give each class its first row: the host knows what it has let the chip count."""
        host, width = self.host, self._code_width
        assert host.counter is not None
        codes = [
            encode_counts(host.counter.counts_of(slot), int(host.counter.seen[slot]), width)
            for slot in range(len(task))
        ]
        host.write_rows(task[0], first_rows(host.trainer.params, np.array(codes), width))

    def _train(self, task: Sequence[int]) -> None:
        """Let the head learn the pictures and embeddings once, beside a past that is drawn."""
        host, known = self.host, task[-1] + 1
        pictures = self.shipped.lessons[list(task)]
        exemplars = np.concatenate(
            [
                pack(host.network.forward(pictures)),
                *(self.shipped.train(label)[:TRAINED] for label in task),
            ]
        )
        labels = np.concatenate([task, np.repeat(task, TRAINED)])
        n_past, n_new = split_batch(BATCH, task[0], len(task))
        steps = steps_of_epoch(len(labels), BATCH, n_past)
        order = np.resize(self.rng.permutation(len(labels)), (steps, n_new))
        before = host.hits
        host.settle()
        host.source(Source.SELECTOR)
        for chosen in order:
            host.tell(HeadOperation.LEARN, n_new, known, n_past)
            for place in chosen.tolist():
                named = [int(labels[place])]
                if place < len(task):
                    host.show(pictures[[place]], named)
                    self._shown += 1
                else:
                    host.give((exemplars[[place]], named))
            past = host.past(n_past, Source.SELECTOR)
            self.past |= set(past[1])
            host.learned([(exemplars[chosen], labels[chosen].tolist()), past], known)
        self.hits.append((host.hits - before, steps * BATCH))
        host.counted()

    def _close(self, task: Sequence[int]) -> None:
        """Write the classes into the prototype memory, and draw of them what shows their codes."""
        host = self.host
        for slot in range(len(task)):
            assert host.command(Operation.CLOSE, slot)
        host.settle()
        for label in range(BASE, task[-1] + 1):
            host.draw(DRAWN, label)
        host.read("n_classes", task[-1] + 1)
        host.read("row_reads", host.sampler.rows_read)
        host.read("counted", self._counted)

    def _ask(self, moment: str, classes: int) -> None:
        """Let the head name the test embeddings of all classes, and read its weights."""
        host = self.host
        tests = [self.shipped.test(label) for label in range(classes)]
        rows, labels = np.concatenate(tests), np.repeat(np.arange(classes), [*map(len, tests)])
        named = []
        for i in range(0, len(rows), BATCH):
            given = rows[i : i + BATCH], labels[i : i + BATCH].tolist()
            host.tell(HeadOperation.CLASSIFY, len(given[0]), classes)
            host.give(given)
            named.append(host.answered([given], classes))
        host.rows(classes)
        host.counted()
        self._note(moment, classes, {"head, embeddings": (np.concatenate(named), labels)})

    def _look(self, moment: str, classes: int) -> None:
        """Let all three name a picture of each class, and the head the test embeddings."""
        host, labels = self.host, np.arange(classes)
        host.tell(HeadOperation.CLASSIFY, classes, classes)
        given = host.show(self.shipped.questions[:classes], labels.tolist(), OUTPUT)
        named = {"head, pictures": (host.answered([given], classes), labels)}
        named["prototypes, pictures"] = self._last(Kind.ANSWER), labels
        named["network, pictures"] = self._last(Kind.RESULT), labels
        self._shown += classes
        self._rows += classes * classes * host.sampler.prototypes.params.beats
        self._ask(moment, classes)
        self._note(moment, classes, named)
        host.read("pictures", self._shown)
        host.read("answers", host.named)
        host.read("answer_reads", self._rows)
        host.read("errors", 0)

    def _note(
        self,
        moment: str,
        classes: int,
        named: dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]],
    ) -> None:
        """Note who named how many right; what belongs to one moment is one look."""
        if not self.looks or self.looks[-1].moment != moment:
            self.looks.append(Look(moment=moment, classes=classes, base={}, new={}))
        for who, (answers, labels) in named.items():
            old = labels < BASE
            right = answers == labels
            for part, where in ((self.looks[-1].base, old), (self.looks[-1].new, ~old)):
                part[who] = int(right[where].sum()), int(where.sum())

    def _last(self, kind: Kind) -> NDArray[np.int64]:
        """Return the classes of the packets of a kind that were expected last."""
        for name, *arguments in reversed(self.host.operations):
            if name == "expect" and arguments[0] == int(kind):
                return np.array([packet[1][-1] for packet in arguments[1]])
        raise AssertionError(f"No packet of the kind {kind.name} is expected")

    @property
    def _features(self) -> int:
        return self.host.chip.sampler.prototypes.features

    @property
    def _code_width(self) -> int:
        return self.host.chip.sampler.prototypes.code_width
