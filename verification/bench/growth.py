# SPDX-License-Identifier: MIT
"""Growth of what a user waits for, up to large problems: time, and memory at its peak."""

import multiprocessing
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from golden.bits import word_count
from golden.kernels.sampler import draw
from golden.params import HeadParams, PrototypesParams, SamplerParams
from golden.sampler import Sampler
from sim.data.bank_file import BankFile, encode_bank, read_bank
from sim.learn import em, em_runs
from sim.learn.em_data import Binary
from sim.learn.head import HeadTrainer
from sim.learn.mixture_classes import fit_classes
from verification.bench.harness import Curve, Table, growth_exponent

__all__ = ["run"]

D, K, N, DRAWS = 512, 8, 500, 100_000
OF_CLASS = 20  # samples of each class where many classes are fitted
REPEATS = 3
SEEN = 1.0  # MB; less is that of the interpreter, and says nothing of growth
BANKS = (2_000_000, 5_000_000, 10_000_000)  # embeddings; all so many that they are mapped
Work = Callable[[], object]


@dataclass(frozen=True)
class Case:
    """What grows: a label, its sizes, and the preparation that returns the work of a size."""

    label: str
    sizes: tuple[int, ...]
    prepare: Callable[[int], Work]


def run(quick: bool = False) -> list[Table]:
    """Return the table of this benchmark."""
    with tempfile.TemporaryDirectory() as folder:
        return [_table(_cases(Path(folder)), quick)]


def _table(cases: list[Case], quick: bool) -> Table:
    rows: list[tuple[object, ...]] = []
    curves: list[Curve] = []
    for case in cases:
        sizes = case.sizes[:2] if quick else case.sizes
        seconds, megabytes = zip(*(_measure(case, size) for size in sizes), strict=True)
        curve = Curve(case.label, tuple(map(float, sizes)), seconds)
        curves.append(curve)
        rows.append((
            case.label,
            ", ".join(f"{size:,}" for size in sizes),
            ", ".join(f"{1e3 * value:.3g}" for value in seconds),
            round(curve.exponent, 2),
            ", ".join(f"{value:.3g}" for value in megabytes),
            _exponent_of_memory(sizes, megabytes),
        ))  # fmt: skip
    return Table(
        "Growth to large problems",
        ("what grows", "sizes", "milliseconds", "exponent", "MB", "exponent of MB"),
        tuple(rows),
        f"D = {D}, K = {K}, N = {N} but for what grows; one thread, the best of {REPEATS}. MB is "
        "what a process of its own adds at its peak to what it had before, data included; its "
        f"exponent is that from {SEEN:g} MB on. A bank is mapped: to open it reads all its bytes, "
        "for the checks, in pieces; what a program then reads counts page by page.",
        tuple(curves),
    )


def _exponent_of_memory(sizes: tuple[int, ...], megabytes: tuple[float, ...]) -> float | None:
    """Return the growth of memory where there is enough to see; None if that is at one size."""
    seen = [(size, value) for size, value in zip(sizes, megabytes, strict=True) if value >= SEEN]
    return round(growth_exponent(*zip(*seen, strict=True)), 2) if len(seen) > 1 else None


def _cases(folder: Path) -> list[Case]:
    return [
        Case("append: classes", (100, 1_000, 10_000), _append),
        Case(f"draw {DRAWS:,}: classes", (100, 1_000, 10_000), _draw),
        Case("EM: features D", (784, 3_136, 12_544), lambda d: _fit(N, d, K)),
        Case("EM: components K", (2, 4, 8, 16), lambda k: _fit(N, D, k)),
        Case("EM: samples N", (10_000, 100_000, 1_000_000), lambda n: _fit(n, D, K)),
        Case(f"fits of {OF_CLASS} samples: classes", (100, 1_000, 10_000), _fit_classes),
        Case("head, one step: classes", (100, 1_000, 10_000), _head_step),
        Case("bank opened and checked: embeddings", BANKS, partial(_open_bank, folder)),
        Case("bank, every page read: embeddings", BANKS, partial(_read_bank, folder)),
    ]


def _measure(case: Case, size: int) -> tuple[float, float]:
    """Return seconds and megabytes of a size, measured in a process of its own."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_child, args=(sender, case, size))
    child.start()
    sender.close()
    try:
        return receiver.recv()
    except EOFError as error:
        raise RuntimeError(f"{case.label}, {size}: the process ended without a result") from error
    finally:
        child.join()


def _child(sender: Any, case: Case, size: int) -> None:
    # Compiles on a small problem: what a large one leaves in the heap would not count as added.
    case.prepare(max(1, case.sizes[0] // 10))()
    before = _start_peak()
    work = case.prepare(size)
    seconds = []
    for _ in range(REPEATS):
        start = perf_counter()
        work()
        seconds.append(perf_counter() - start)
    sender.send((min(seconds), max(_peak() - before, 0.1)))


def _start_peak() -> float:
    """Forget the peak so far; return the megabytes that this process holds now."""
    Path("/proc/self/clear_refs").write_text("5")
    return _peak()


def _peak() -> float:
    """Return the most megabytes that this process held since `_start_peak`."""
    (line,) = (x for x in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in x)
    return int(line.split()[1]) / 1024


def _sampler(classes: int) -> Sampler:
    params = PrototypesParams(features=D, code_width=8, components=classes, classes=classes)
    return Sampler(SamplerParams(prototypes=params))


def _append(classes: int) -> Work:
    codes = np.random.default_rng(0).integers(0, 256, (1, D))

    def append() -> None:
        prototypes = _sampler(classes).prototypes
        for _ in range(classes):
            prototypes.append(codes, [])

    return append


def _draw(classes: int) -> Work:
    sampler, rng = _sampler(classes), np.random.default_rng(0)
    for _ in range(classes):
        sampler.prototypes.append(rng.integers(0, 256, (1, D)), [])
    labels = rng.integers(classes, size=DRAWS)
    return lambda: draw(sampler, labels, threads=1)


def _fit(samples: int, features: int, components: int) -> Work:
    rng = np.random.default_rng(0)
    bits = rng.integers(0, 2, (samples, features), np.uint8)
    law = em.Law.start(rng.uniform(0.25, 0.75, (components, features)))
    rule = em.Rule(trainable=True, criterion="marginal", precision="single")
    return lambda: em_runs.run(Binary(bits), law, rule, 10, tol=None)


def _fit_classes(classes: int) -> Work:
    labels = np.repeat(np.arange(classes), OF_CLASS)
    bits = np.random.default_rng(0).integers(0, 2, (len(labels), D), np.uint8)
    return lambda: fit_classes(bits, labels, n_components=K)


def _head_step(classes: int) -> Work:
    rng = np.random.default_rng(0)
    trainer = HeadTrainer(HeadParams(features=D, classes=classes, hidden=128), rng)
    x = rng.integers(0, 2**64, (128, word_count(D)), np.uint64)
    labels = rng.integers(classes, size=128)
    return lambda: trainer.gradients(x, labels, classes)


def _bank_of(folder: Path, samples: int) -> Path:
    """Return the file of a bank, written at the first call."""
    path = folder / f"{samples}.bin"
    if not path.exists():
        # Written by another process, because its memory is not that of reading.
        writer = multiprocessing.get_context("fork").Process(
            target=_write_bank, args=(path, samples)
        )
        writer.start()
        writer.join()
    return path


def _open_bank(folder: Path, samples: int) -> Work:
    path = _bank_of(folder, samples)
    return lambda: read_bank(path)


def _read_bank(folder: Path, samples: int) -> Work:
    path = _bank_of(folder, samples)
    return lambda: int(read_bank(path).train[::64].sum())


def _write_bank(path: Path, samples: int) -> None:
    rng = np.random.default_rng(0)
    bank = BankFile(
        features=D,
        train=rng.integers(0, 2**64, (samples, word_count(D)), np.uint64),
        train_labels=rng.integers(100, size=samples),
        test=np.zeros((0, word_count(D)), np.uint64),
        test_labels=np.zeros(0, np.int64),
        class_names=tuple(map(str, range(100))),
        data="random",
        data_sha256="",
        provenance="drawn at random",
        network_sha256="",
    )
    path.write_bytes(encode_bank(bank))
