# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from golden.params import PrototypesParams, WatchParams
from golden.prototypes import Prototypes as GoldenPrototypes
from rtl.prototypes import Prototypes
from verification.rtl.dies import Die, packed
from verification.rtl.engine import PAUSES, Step
from verification.rtl.simulators import cocotb_simulators, payload, run_cocotb, run_pysim


def params(**changes: int) -> PrototypesParams:
    sizes = {"features": 10, "code_width": 3, "lanes": 4, "components": 7, "classes": 4}
    return PrototypesParams(**{**sizes, "class_components": 3, **changes})


def class_inputs(
    dut: Prototypes,
    codes: NDArray[np.integer],
    thresholds: Sequence[int],
    count: int | None = None,
    label: int = 0,
) -> dict[str, list[int]]:
    """Return header and rows of a class; lanes past D hold ones, which must not be stored.

    The label is that of a memory that is editable.
    """
    p = dut.params
    rows = np.full((len(codes), p.beats * p.lanes), 2**p.code_width - 1, object)
    rows[:, : p.features] = codes
    held = max(1, p.class_components - 1)
    header = {
        "count": len(codes) if count is None else count,
        "thresholds": [*thresholds, *[0] * held][:held],
        **({"label": label} if dut.editable else {}),
    }
    return {
        "append": [payload(dut.append.payload.shape(), header)],
        "rows": [
            sum(int(code) << lane * p.code_width for lane, code in enumerate(row))
            for row in rows.reshape(-1, p.lanes)
        ],
    }


def append(
    dut: Prototypes, golden: GoldenPrototypes, rng: np.random.Generator, count: int
) -> list[Step]:
    """Append a class of some components, or have it refused."""
    p = dut.params
    codes = rng.integers(0, 2**p.code_width, (count, p.features))
    thresholds = sorted(rng.integers(0, 65536, count - 1).tolist())
    reasons = {
        "components": golden.n_components + count > p.components,
        "classes": golden.n_classes == p.classes,
        "components a class": count > p.class_components,
    }
    fits = golden.append(codes, thresholds)
    # Of several reasons none is tried alone.
    alone = not fits and sum(reasons.values()) == 1
    meets = {
        "prototypes: lanes past D cleared": fits and p.features % p.lanes > 0,
        "prototypes: memory full": golden.n_components == p.components,
        **{f"prototypes: refused: {name}": alone and met for name, met in reasons.items()},
    }
    return [Step(inputs=class_inputs(dut, codes, thresholds), reads=pins(golden), meets=meets)]


def pins(golden: GoldenPrototypes) -> dict[str, int]:
    return {
        "n_classes": golden.n_classes,
        "n_components": golden.n_components,
        "overflow": int(golden.overflow),
    }


def read_back(dut: Prototypes, golden: GoldenPrototypes) -> list[Step]:
    """Read the table and all rows in use, each in the cycle after it was asked for."""
    steps = []
    for label in sorted(set(range(golden.n_classes)) - golden.removed):
        thresholds = golden.thresholds_of(label).tolist()
        steps.append(Step(pins={"label": label, "label_en": 1}, cycles=1))
        # Entries keep what the header held past K-1 thresholds: 0 here.
        entry = {
            "first": golden.first_component(label),
            "label": label,
            "count": len(thresholds) + 1,
            "thresholds": [*thresholds, *[0] * 99][: max(1, dut.params.class_components - 1)],
            **({"there": 1} if dut.editable else {}),
        }
        expected = payload(dut.entry.shape(), entry)
        steps.append(Step(pins={"label_en": 0, "label": 0}, reads={"entry": expected}, cycles=2))
    rows, beats = golden.rows(), dut.params.beats
    for place, row in enumerate(rows[: golden.n_components * beats]):
        component, beat = divmod(place, beats)
        asked = {"component": component, "beat": beat, "row_en": 1}
        steps.append(Step(pins=asked, cycles=1))
        steps.append(Step(pins={"row_en": 0, "component": 0}, reads={"codes": row}, cycles=2))
    return steps


@st.composite
def memories(draw: st.DrawFn) -> PrototypesParams:
    lanes = draw(st.integers(1, 9))
    return PrototypesParams(
        features=draw(st.integers(1, 4 * lanes)),
        code_width=draw(st.integers(1, 16)),
        lanes=lanes,
        components=draw(st.integers(1, 9)),
        classes=draw(st.integers(1, 5)),
        class_components=draw(st.integers(1, 4)),
    )


@given(
    memories(),
    st.lists(st.integers(1, 5), min_size=1, max_size=7),
    st.integers(0, 2**32),
    st.sampled_from(sorted(PAUSES)),
)
@settings(max_examples=40)
def test_contents_equal_golden(
    drawn: PrototypesParams, counts: list[int], seed: int, pauses: str
) -> None:
    dut, golden, rng = Prototypes(drawn), GoldenPrototypes(drawn), np.random.default_rng(seed)
    steps = []
    for count in counts:
        steps += append(dut, golden, rng, count)
    run_pysim(dut, steps + read_back(dut, golden), PAUSES[pauses])


CORNERS = {
    "full": params(),
    "one_of_each": params(components=1, classes=1, class_components=1, features=1, lanes=1),
    "power_of_two": params(features=64, lanes=16, code_width=8),
}


@pytest.mark.parametrize("simulator", cocotb_simulators())
@pytest.mark.parametrize("name", CORNERS)
def test_corners_in_verilog(name: str, simulator: str) -> None:
    dut = Prototypes(CORNERS[name])
    for pauses in PAUSES.values():
        golden = GoldenPrototypes(CORNERS[name])
        rng, steps = np.random.default_rng(2), []
        for count in (1, 3, 4, 3, 1, 1, 1):
            steps += append(dut, golden, rng, count)
        run_cocotb(dut, steps + read_back(dut, golden), pauses, simulator=simulator)


@pytest.mark.parametrize(
    ("point", "changes", "counts"),
    [
        ("refused: components", {"components": 3}, (2, 2, 1)),
        ("refused: classes", {"classes": 2}, (1, 2, 1)),
        ("refused: components a class", {"class_components": 2}, (1, 3, 2)),
    ],
)
def test_what_does_not_fit_is_refused_whole(
    point: str, changes: dict[str, int], counts: tuple[int, ...]
) -> None:
    dut, golden = Prototypes(params(**changes)), GoldenPrototypes(params(**changes))
    rng, steps = np.random.default_rng(1), []
    for count in counts:
        steps += append(dut, golden, rng, count)
    assert golden.overflow
    assert sum(step.meets[f"prototypes: {point}"] for step in steps) == 1
    run_pysim(dut, steps + read_back(dut, golden))


def test_a_class_without_components_is_refused_and_has_no_rows() -> None:
    dut, golden = Prototypes(params()), GoldenPrototypes(params())
    none = class_inputs(dut, np.zeros((0, 10), int), [])
    steps = [Step(inputs=none, reads={"overflow": 1, "n_classes": 0})]
    golden.overflow = True
    steps += append(dut, golden, np.random.default_rng(1), 2)
    run_pysim(dut, steps + read_back(dut, golden))


def test_a_class_of_255_components_is_refused_to_its_last_row() -> None:
    dut, golden = Prototypes(params()), GoldenPrototypes(params())
    rng = np.random.default_rng(1)
    steps = append(dut, golden, rng, 255) + append(dut, golden, rng, 2)
    run_pysim(dut, steps + read_back(dut, golden))


def test_a_class_is_visible_once_its_last_row_is_written() -> None:
    dut = Prototypes(params())
    inputs = class_inputs(dut, np.ones((2, 10), int), [5])
    *rows, last = inputs["rows"]
    steps = [
        Step(inputs={**inputs, "rows": rows}, reads={"n_classes": 0}, cycles=20),
        Step(inputs={"rows": [last]}, reads={"n_classes": 1, "n_components": 2}),
    ]
    trace = run_pysim(dut, steps)
    # A row a cycle behind its header.
    first, rows = trace.transfers["append"][0] + 1, trace.transfers["rows"][:5]
    assert rows == list(range(first, first + 5 * dut.interval, dut.interval))


def test_rows_are_read_one_after_the_other() -> None:
    dut, golden = Prototypes(params()), GoldenPrototypes(params())
    steps = append(dut, golden, np.random.default_rng(3), 2)
    rows = golden.rows()[: golden.n_components * dut.params.beats]
    for place, before in enumerate([None, *rows[:-1]]):
        component, beat = divmod(place, dut.params.beats)
        asked = {"component": component, "beat": beat, "row_en": 1}
        reads = {} if before is None else {"codes": before}
        steps.append(Step(pins=asked, reads=reads, cycles=dut.interval))
    run_pysim(dut, steps)


@pytest.mark.parametrize("rows", range(6))
def test_reset_in_the_middle_of_an_append_leaves_nothing(rows: int) -> None:
    dut, golden = Prototypes(params()), GoldenPrototypes(params())
    inputs = class_inputs(dut, np.full((2, 10), 7), [9])
    begun = Step(inputs={**inputs, "rows": inputs["rows"][:rows]})
    steps = [begun, Step(reset=True, reads=pins(golden))]
    for count in (1, 3):
        steps += append(dut, golden, np.random.default_rng(rows), count)
    run_pysim(dut, steps + read_back(dut, golden))


def removal(dut: Prototypes, label: int) -> dict[str, list[int]]:
    """Return the header that removes a class."""
    header = {"count": 0, "label": label}
    return {"append": [payload(dut.append.payload.shape(), header)]}


def edit(dut: Prototypes, golden: GoldenPrototypes, label: int, codes: list, seed: int) -> Step:
    """Write a class, or remove it where there are no codes, as golden does."""
    rng = np.random.default_rng(seed)
    n = golden.n_classes
    thresholds = sorted(rng.integers(0, 65536, max(0, len(codes) - 1)).tolist())
    gone = label in golden.removed
    if codes:
        fits = golden.write(label, codes, thresholds)
        inputs = class_inputs(dut, np.array(codes), thresholds, label=label)
    else:
        fits = golden.remove(label)
        inputs = removal(dut, label)
    meets = {
        "prototypes: class replaced": fits and bool(codes) and label < n and not gone,
        "prototypes: class removed": fits and not codes and not gone,
        "prototypes: class put in the place of a removed one": fits and bool(codes) and gone,
        "prototypes: refused: another K": not fits and bool(codes) and label < n,
        "prototypes: refused: number left out": not fits and label > n,
    }
    there = golden.n_classes - len(golden.removed)
    reads = {**pins(golden), "n_there": there, "editing": 0, "wanted": 0}
    return Step(inputs=inputs, reads=reads, meets=meets)


def edits(dut: Prototypes, golden: GoldenPrototypes, count: int, seed: int) -> list[Step]:
    """Return random edits, of which some are refused, and a look at what is there after each."""
    p, rng, steps = dut.params, np.random.default_rng(seed), [Step(pins={"quiet": 1})]
    for number in range(count):
        n = golden.n_classes
        label = int(rng.integers(0, min(n + 2, p.classes + 1)))
        own = golden.class_table()[0].tolist()
        k = own[label] if label < n else int(rng.integers(1, p.class_components + 1))
        k = int(rng.choice([k, k, k, 0, 0, rng.integers(0, p.class_components + 2)]))
        codes = rng.integers(0, 2**p.code_width, (k, p.features)).tolist()
        steps.append(edit(dut, golden, label, codes, number))
        for asked in range(golden.n_classes):
            there = int(asked not in golden.removed)
            steps.append(Step(pins={"asked": asked}, reads={"there": there}, cycles=1))
    return steps


@given(memories(), st.integers(0, 2**32), st.sampled_from(sorted(PAUSES)))
@settings(max_examples=25)
def test_edits_equal_golden(drawn: PrototypesParams, seed: int, pauses: str) -> None:
    dut, golden = Prototypes(drawn, editable=True), GoldenPrototypes(drawn)
    steps = edits(dut, golden, 12, seed)
    run_pysim(dut, steps + read_back(dut, golden), PAUSES[pauses])


@pytest.mark.parametrize("simulator", cocotb_simulators())
def test_edits_in_verilog(simulator: str) -> None:
    dut, golden = Prototypes(params(), editable=True), GoldenPrototypes(params())
    steps = edits(dut, golden, 150, 1)
    run_cocotb(dut, steps + read_back(dut, golden), PAUSES["idle"], simulator=simulator)


def test_a_header_waits_until_nobody_reads_and_rows_follow_at_once() -> None:
    dut, golden = Prototypes(params(), editable=True), GoldenPrototypes(params())
    steps = [Step(pins={"quiet": 0})]
    steps += [edit(dut, golden, n, [[n] * 10] * (n + 1), n) for n in range(3)]
    looked_up, entry = read_back(dut, golden)[:2]
    replaced = edit(dut, golden, 1, [[5] * 10] * 2, 9)
    reads = {"wanted": 1, "editing": 0, **entry.reads}  # nor does it touch what was read
    held = Step(inputs=replaced.inputs, pins=entry.pins, reads=reads, cycles=9, abandon=True)
    taken = Step(pins={"quiet": 1}, inputs=replaced.inputs, reads=replaced.reads)
    trace = run_pysim(dut, [*steps, looked_up, held, taken, *read_back(dut, golden)])
    assert len(trace.transfers["append"]) == 4
    first = trace.transfers["append"][-1] + 1
    assert trace.transfers["rows"][-6:] == list(range(first, first + 6))


def test_a_header_waits_for_the_rows_of_the_class_before() -> None:
    dut, golden = Prototypes(params(), editable=True), GoldenPrototypes(params())
    steps = [Step(pins={"quiet": 1})]
    steps += [edit(dut, golden, n, [[n] * 10] * 2, n) for n in range(2)]
    follow = [edit(dut, golden, n, [[n + 3] * 10] * k, n) for n, k in ((2, 3), (0, 2), (1, 2))]
    inputs = {port: sum((step.inputs[port] for step in follow), []) for port in ("append", "rows")}
    at_once = Step(inputs=inputs, reads=follow[-1].reads)
    run_pysim(dut, [*steps, at_once, *read_back(dut, golden)])


@pytest.mark.parametrize("rows", range(5))
def test_reset_in_the_middle_of_a_replacement_leaves_nothing(rows: int) -> None:
    dut, golden = Prototypes(params(), editable=True), GoldenPrototypes(params())
    steps = [Step(pins={"quiet": 1}), edit(dut, golden, 0, [[3] * 10] * 2, 0)]
    inputs = class_inputs(dut, np.full((2, 10), 7), [9], label=0)
    steps.append(Step(inputs={**inputs, "rows": inputs["rows"][:rows]}))
    golden = GoldenPrototypes(params())
    steps.append(Step(reset=True, reads={**pins(golden), "editing": 0, "n_there": 0}))
    steps += edits(dut, golden, 6, rows)
    run_pysim(dut, steps + read_back(dut, golden))


@pytest.mark.parametrize("editable", [False, True])
def test_headers_wait_until_a_self_test_has_ended(editable: bool) -> None:
    """A sound memory is tested; it then takes classes, whose spare lanes read as 0."""
    dut = Prototypes(params(), editable=editable, watch=WatchParams(secded=1, self_test=True))
    golden, rng = GoldenPrototypes(params()), np.random.default_rng(4)
    cycles = 11 * dut.params.rows + 1
    (first,) = append(dut, golden, rng, 2)
    started = Step(pins={"test": 1, "failures__ready": 1, "quiet": 1} if editable else {"test": 1})
    held = Step(pins={"test": 0}, inputs=first.inputs, cycles=cycles - 2, abandon=True)
    further = [] if editable else append(dut, golden, rng, 3)
    trace = run_pysim(dut, [started, held, first, *further])
    assert trace.left == [len(first.inputs["append"]) + len(first.inputs["rows"])]


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_rows_with_check_bits_read_as_golden_says_and_spare_lanes_as_0(
    monkeypatch: pytest.MonkeyPatch, share: float
) -> None:
    """With many wrong bits, some are inverted that are right: also in lanes past D."""
    p, watch = params(), WatchParams(secded=1)
    die = Die(p, watch, share, die=2)
    die.install(monkeypatch)
    dut, codes = Prototypes(p, watch=watch), np.random.default_rng(6).integers(0, 8, (6, 10))
    steps = [Step(inputs=class_inputs(dut, codes[c : c + 3], [1, 2])) for c in (0, 3)]
    for row, word in enumerate(packed(p, die.read(codes.astype(np.uint16)))):
        component, beat = divmod(row, p.beats)
        steps += [
            Step(pins={"row_en": 1, "component": component, "beat": beat}, cycles=1),
            # They hold until the next read, whatever row is named.
            *(
                Step(pins={"row_en": 0, "beat": other}, reads={"codes": word}, cycles=1)
                for other in range(p.beats)
            ),
        ]
    run_pysim(dut, steps)
    rows = range(p.beats - 1, 6 * p.beats, p.beats)
    assert share < 0.5 or any(die.inverted(row, packed(p, codes)[row]) >> 2 for row in rows)
