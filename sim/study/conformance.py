# SPDX-License-Identifier: MIT
"""What every method of replay must keep, as checks for the tests of whoever writes one.

The methods of engram pass them, and so must those of others. With pytest:

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
    def test_conformance(check):
        check(MyReplay, MyParams(size=5))
"""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from golden.bits import unpack
from sim.learn.sections import BinaryHeadConfig, IntegerHeadConfig
from sim.replay import SOURCES, Classifier, ReplayContext, ReplaySource, SourceParams
from sim.study.experiment import Experiment
from sim.study.made_up import CLASSES, TASKS, TEST, Kind, chance, correct, made_up
from sim.study.methods import Method
from sim.study.summary import summarize
from sim.work.cache import NO_CACHE, Cache

__all__ = ["CHECKS", "Check", "NonConformance"]

#: A check of a method with some parameters; it raises `NonConformance`.
Check = Callable[[type[ReplaySource], SourceParams], None]

_HEADS: tuple[BinaryHeadConfig | IntegerHeadConfig, ...] = (
    BinaryHeadConfig(hidden=16, epochs=3, batch=32),
    IntegerHeadConfig(kind="integer", epochs=3, batch=32),
)
_BITS = 70  # not a multiple of 64, so that packed rows have bits that must stay 0


class NonConformance(AssertionError):
    """A method that does not keep what every method must; its text says what and where."""


def check_description(source: type[ReplaySource], params: SourceParams) -> None:
    """Check that a method is registered, and that its title and bounds name its parameters."""
    _must(SOURCES.get(source.name) is source, "is not the method of that name in SOURCES")
    _must(issubclass(source.Params, SourceParams), "has Params that are no SourceParams")
    _must(isinstance(params, source.Params), "is tried with parameters of another type")
    for key in ("titled", "bounded_by_samples"):
        for name in getattr(source, key):
            _must(name in source.Params.model_fields, f"{key} names {name}, which Params lacks")
    title = source.title(params)
    _must(bool(title) and title.isprintable(), f"has the title {title!r}, which is not printable")


def check_learning(source: type[ReplaySource], params: SourceParams) -> None:
    """Check that it has no class before it learns, and that its input stays as it is."""
    memory = _new(source, params)
    _must(memory.n_classes == 0, "has classes before it has learnt any")
    for task in TASKS:
        exemplars, labels = _samples(task)
        given = exemplars.copy(), labels.copy()
        memory.begin(exemplars, labels)
        memory.learn(exemplars, labels, np.random.default_rng(task.start))
        same = np.array_equal(exemplars, given[0]) and np.array_equal(labels, given[1])
        _must(same, "changes the samples that it learns")
        known = memory.n_classes
        _must(known in (0, task.stop), f"n_classes is {known} after {task.stop} classes, not that")


def check_answers(source: type[ReplaySource], params: SourceParams) -> None:
    """Check that it draws packed samples of classes that it knows, or names such classes."""
    memory = _taught(source, params)
    if not isinstance(memory, Classifier) and not memory.n_classes:
        return
    count = 33
    exemplars, labels = _answered(memory, count)
    _must(labels.dtype == np.int64, f"answers with labels of {labels.dtype}, not int64")
    _must(labels.shape == (count,), f"answers with labels of shape {labels.shape}, not ({count},)")
    known = TASKS[-2].stop
    _must(bool(((labels >= 0) & (labels < known)).all()), f"answers classes not in 0..{known - 1}")
    if exemplars is not None:
        wanted = (count, -(-_BITS // 64))
        _must(exemplars.dtype == np.uint64, f"draws {exemplars.dtype}, not uint64")
        _must(exemplars.shape == wanted, f"draws rows of shape {exemplars.shape}, not {wanted}")
        beyond = unpack(exemplars, 64 * wanted[1])[:, _BITS:]
        _must(not beyond.any(), f"draws rows with bits beyond the {_BITS} features")


def check_state(source: type[ReplaySource], params: SourceParams) -> None:
    """Check that a copy restored from `state` answers, learns on and counts its bits alike."""
    memory = _taught(source, params)
    _answered(memory, 23)
    memory.learn(*_samples(TASKS[-1]), np.random.default_rng(1))
    state = memory.state()
    for key, array in state.items():
        _must(isinstance(array, np.ndarray), f"state()[{key!r}] is no array")
        _must(not array.dtype.hasobject, f"state()[{key!r}] has objects, which no file holds")
    copy = _new(source, params)
    kept = {key: array.copy() for key, array in state.items()}
    _go_on(memory)
    _must(_equal(state, kept), "has a state() that changes when it learns on")
    copy.load_state(state)
    _go_on(copy)
    _must(copy.n_classes == memory.n_classes, "has other classes once it is restored")
    for one, other in zip(_answered(memory, 40), _answered(copy, 40), strict=True):
        _must(np.array_equal(one, other), "answers otherwise once it is restored")
    _must(_equal(memory.state(), copy.state()), "ends in another state once it is restored")
    _must(copy.ledger() == memory.ledger(), "has another ledger once it is restored")


def check_repetition(source: type[ReplaySource], params: SourceParams) -> None:
    """Check that the same generators give the same bits: nothing else decides them."""
    one, other = _taught(source, params), _taught(source, params)
    for a, b in zip(_answered(one, 40), _answered(other, 40), strict=True):
        _must(np.array_equal(a, b), "answers otherwise the second time, with the same generators")


def check_ledger(source: type[ReplaySource], params: SourceParams) -> None:
    """Check that every entry of the ledger has a name of its own and a number of bits."""
    memory = _taught(source, params)
    entries = list(memory.ledger())
    names = [entry.name for entry in entries]
    _must(len(set(names)) == len(names), f"repeats a name in its ledger: {', '.join(names)}")
    for entry in entries:
        whole = isinstance(entry.bits, int | np.integer) and entry.bits >= 0
        _must(whole, f"has {entry.bits!r} bits of {entry.name}, which is no number of bits")
    if memory.n_classes:
        _must(memory.ledger().bits_full > 0, "remembers classes in no bits")


def check_interruption(source: type[ReplaySource], params: SourceParams) -> None:
    """Check that a run that stops after tasks, or takes them from a cache, has the same results."""
    with TemporaryDirectory() as folder:
        checkpoint, cache = Path(folder) / "checkpoint", Cache(Path(folder) / "cache")
        whole = _results(_experiment(source, params))
        run = _experiment(source, params)
        while not run.done:
            run.step(lambda _: None)
            run.save(checkpoint)
            run = _experiment(source, params)
            run.load(checkpoint)
        _must(_results(run) == whole, "has other results if the run stops after every task")
        for when in ("makes", "takes"):
            cached = _results(_experiment(source, params, cache))
            _must(cached == whole, f"has other results if a run {when} its tasks in a cache")


def check_honest_data(source: type[ReplaySource], params: SourceParams) -> None:
    """Check that it is better than chance where classes differ, with each kind of head."""
    for head, counts in _accuracies(source, params, "honest"):
        for count, task in zip(counts, TASKS, strict=True):
            enough = count > chance(task.stop)[1]
            _must(enough, f"{count} {_of(task)} are no better than chance, {head} head")


def check_nothing_to_learn(source: type[ReplaySource], params: SourceParams) -> None:
    """Check that it is at chance where labels or bits are random: it sees no test label."""
    kinds: tuple[Kind, ...] = ("shuffled", "random")
    for kind in kinds:
        for head, counts in _accuracies(source, params, kind):
            for count, task in zip(counts, TASKS, strict=True):
                low, high = chance(task.stop)
                at_chance = low <= count <= high
                _must(at_chance, f"{count} {_of(task)} are not chance, {kind}, {head} head")


#: Every check, for a parametrised test.
CHECKS: tuple[Check, ...] = (
    check_description,
    check_learning,
    check_answers,
    check_state,
    check_repetition,
    check_ledger,
    check_interruption,
    check_honest_data,
    check_nothing_to_learn,
)


def _must(holds: bool, otherwise: str) -> None:
    if not holds:
        raise NonConformance(f"The method {otherwise}")


def _new(source: type[ReplaySource], params: SourceParams) -> ReplaySource:
    return source(params, ReplayContext(features=_BITS, classes=CLASSES + 2, seed=11))


def _samples(task: range) -> tuple[Any, Any]:
    """Return the training samples of a task, in a fixed random order."""
    bank = made_up("honest", _BITS)
    places = np.flatnonzero(np.isin(bank.train_labels, list(task)))
    places = np.random.default_rng(task.start).permutation(places)
    return bank.train[places], bank.train_labels[places]


def _taught(source: type[ReplaySource], params: SourceParams) -> ReplaySource:
    """Return a memory that has learnt all tasks but the last, which has begun."""
    memory = _new(source, params)
    for task in TASKS[:-1]:
        memory.learn(*_samples(task), np.random.default_rng(task.start))
    memory.begin(*_samples(TASKS[-1]))
    return memory


def _go_on(memory: ReplaySource) -> None:
    """Have a memory that has learnt all tasks meet two more classes, and answer beside them."""
    exemplars, labels = _samples(TASKS[0])
    memory.begin(exemplars, labels + CLASSES)
    _answered(memory, 9)
    memory.learn(exemplars, labels + CLASSES, np.random.default_rng(6))
    memory.begin(exemplars, labels + CLASSES)


def _answered(memory: ReplaySource, count: int) -> tuple[Any, Any]:
    """Return samples drawn and their classes; of a classifier, None and the classes it names."""
    if isinstance(memory, Classifier):
        return None, memory.classify(made_up("honest", _BITS).test[:: 1200 // count][:count])
    if not memory.n_classes:
        return None, None
    return memory.draw(count, np.random.default_rng(7))


def _experiment(
    source: type[ReplaySource], params: SourceParams, cache: Cache = NO_CACHE
) -> Experiment:
    return Experiment(made_up("honest"), _HEADS[0], Method(source.name, params, 0), 1, cache)


def _results(run: Experiment) -> dict[str, Any]:
    while not run.done:
        run.step(lambda _: None)
    return {key: value for key, value in summarize(run).items() if key != "seconds"}


def _accuracies(
    source: type[ReplaySource], params: SourceParams, kind: Kind
) -> list[tuple[str, list[int]]]:
    """Return the kind of each head and its right answers after every task."""
    heads = _HEADS[:1] if issubclass(source, Classifier) else _HEADS
    return [(head.kind, correct(kind, head, Method(source.name, params, 0))) for head in heads]


def _of(task: range) -> str:
    return f"right answers of {TEST * task.stop} on {task.stop} classes"


def _equal(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[k], other[k]) for k in one)
