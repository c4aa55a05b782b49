# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""The full chip with the shipped network lives through three tasks, and equals golden all the way.

`reports/rtl/life.md` keeps what came out.
"""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from rtl.class_slots import Operation
from rtl.head_command import HeadOperation
from rtl.headers import Target
from verification.rtl.engine import BenchError
from verification.rtl.life_page import check_equal, page, run_life
from verification.rtl.script_text import answers_of
from verification.rtl.shipped_life import BASE, BATCH, COUNTED, TASKS, TRAINED, ShippedLife

ROOT = Path(__file__).parents[2]
COMMAND = "python -m verification.rtl.life_page --out reports/rtl/life.md"
OUTPUT = """\
0000000000000005 features 3
0000000000000006 features 3

3200000000000007 head_answer 50

read 0x28 0x00000037
"""


def packets_of(life: ShippedLife) -> Counter[tuple[Any, ...]]:
    """Return how many packets of each kind a host sent, told apart by what they ask for."""
    found: Counter[tuple[Any, ...]] = Counter()
    for name, *arguments in life.host.operations:
        if name != "send":
            continue
        header, *units = arguments[0]
        target, index, address = Target(header & 15), header >> 4 & 0xFFF, header >> 16 & 0xFFFFFF
        if target == Target.PIXELS:
            found[target, address & 7] += 1  # what its features are given to
        elif target == Target.COMMAND:
            found[target, Operation(units[0]), address] += 1
        elif target == Target.HEAD_COMMAND:
            found[target, HeadOperation(units[0]), index, address >> 12] += 1
        else:
            found[(target,)] += 1
    return found


def reach(life: ShippedLife) -> None:
    """Hold a life to what its page says of it."""
    found, new = packets_of(life), [label for task in TASKS for label in task]
    assert found[(Target.APPEND,)] == BASE
    for label in new:
        assert found[Target.COMMAND, Operation.OPEN, label] == 1
    assert found[Target.COMMAND, Operation.CLOSE, 0] == len(new)
    assert found[Target.PIXELS, 2] == len(new)
    assert found[(Target.COUNT,)] == COUNTED * len(new)
    # Both kinds of exemplar are in the batches; the last batch may give one again.
    asked = sum(look.classes for look in life.looks if look.base.keys() > {"head, embeddings"})
    assert len(new) <= found[Target.PIXELS, 4] - asked <= 2 * len(new)
    learned = {key: n for key, n in found.items() if key[1:2] == (HeadOperation.LEARN,)}
    given = sum(key[2] * n for key, n in learned.items())
    assert (TRAINED + 1) * len(new) <= given < (TRAINED + 1) * len(new) + BATCH
    assert {key[2] + key[3] for key in learned} == {BATCH}
    assert all(key[3] >= BATCH // 2 for key in learned), "most of a batch is the past"
    assert life.past == set(range(BASE + 4)), "every class but the last was drawn"
    assert life.host.sampler.prototypes.n_classes == BASE + len(new)
    # It does learn: more of the new classes than with their first rows, and nothing is forgotten.
    who = "head, embeddings"
    for first, last in zip(life.looks[1::2], life.looks[2::2], strict=True):
        assert first.classes == last.classes
        assert last.new[who][0] > first.new[who][0]
        assert last.base[who][0] >= 0.95 * first.base[who][0]


@pytest.mark.slow
def test_the_full_chip_learns_five_classes_and_equals_golden() -> None:
    life = ShippedLife()
    reach(life)
    counts = run_life(life)
    made = page(life, counts, COMMAND)
    assert (ROOT / "reports" / "rtl" / "life.md").read_text() == made, f"run {COMMAND}"


@pytest.mark.slow
def test_a_weight_that_is_off_by_one_is_found() -> None:
    """The chip is given another weight than golden before it names the first embeddings."""
    life = ShippedLife(tasks=())
    run_life(life)
    sent = [arguments[0] for name, *arguments in life.host.operations if name == "send"]
    rows = next(words for words in sent if words[0] & 15 == Target.HEAD_ROWS)
    rows[100] ^= 1
    with pytest.raises(BenchError, match=r"^head_answer \d+ is \["):
        run_life(life)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("0006 features", "0004 features", r"features 0 is \[\(5, 3\), \(4, 3\)\], not .*\(6, 3\)"),
        ("features 3\n\n", "features 2\n\n", r"features 0 is \[\(5, 3\), \(6, 2\)\], not "),
        ("07 head_answer 50\n\n", "07 head_answer 50\n\n07 result 1\n\n", "result: 1 came, not 0"),
        ("3200000000000007 head_answer 50\n\n", "", "head_answer: 0 came, not 1"),
        ("0037", "0036", r"read 0 is \[40, 54\], not \[40, 55\]"),
    ],
)
def test_a_word_that_differs_is_named(old: str, new: str, message: str) -> None:
    expected = answers_of(OUTPUT)
    check_equal(answers_of(OUTPUT), expected)
    assert old in OUTPUT
    with pytest.raises(BenchError, match=f"^{message}"):
        check_equal(answers_of(OUTPUT.replace(old, new)), expected)
