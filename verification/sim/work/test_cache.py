# SPDX-License-Identifier: MIT
"""The cache: keys that differ wherever anything does, entries that are whole or made again."""

import json
import math
import multiprocessing
import os
import shutil
import time
from collections import Counter
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from threadpoolctl import threadpool_info, threadpool_limits

from sim.work.cache import NO_CACHE, Cache, digest_of
from sim.work.cache import engine as engine_module
from sim.work.cache.engine import engine
from sim.work.cache.key import canonical
from verification.sim.loaded import loaded_by

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
VALUES = st.recursive(
    SCALARS, lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(), v, max_size=3)
)
KEYS = st.dictionaries(st.text(), VALUES, max_size=4)


def exactly(value: Any) -> Any:
    """Return a value that is equal to another's only where every bit and type agree."""
    if isinstance(value, dict):
        return {name: exactly(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [exactly(inner) for inner in value]
    return (type(value), value.hex() if isinstance(value, float) else value)


def squares(count: int = 4) -> dict[str, NDArray[Any]]:
    return {"squares": np.arange(count) ** 2, "halves": np.arange(count, dtype=np.float32) / 2}


def assert_same(one: dict[str, NDArray[Any]], other: dict[str, NDArray[Any]]) -> None:
    assert one.keys() == other.keys()
    for name, array in one.items():
        assert array.dtype == other[name].dtype
        np.testing.assert_array_equal(array, other[name])


def only_entry(cache: Cache) -> Path:
    (entry,) = cache.entries()
    return entry.path


@given(KEYS)
def test_a_key_can_be_read_back_from_its_text_so_no_two_share_one(key: dict[str, Any]) -> None:
    assert exactly(json.loads(canonical(key))) == exactly(key)


@given(KEYS, KEYS)
def test_keys_have_one_text_exactly_where_they_are_the_same(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    assert (canonical(one) == canonical(other)) == (exactly(one) == exactly(other))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_neighbouring_numbers_have_different_texts(value: float) -> None:
    above = math.nextafter(value, math.inf)
    if math.isfinite(above):
        assert canonical({"v": value}) != canonical({"v": above})


@given(KEYS)
def test_order_of_names_and_kind_of_sequence_do_not_count(key: dict[str, Any]) -> None:
    turned = {name: tuple(v) if isinstance(v, list) else v for name, v in reversed(key.items())}
    assert canonical(turned) == canonical(key)


def test_values_that_look_alike_have_different_texts() -> None:
    alike = [1, 1.0, True, "1", "1.0", "true", None, "null", [1], ["1"], {"1": 1}, [], {}, "", 0.0,
             -0.0, 0, False, 1e16, 10**16, 1e-3, "0.001", [[1], 2], [1, [2]]]  # fmt: skip
    assert len({canonical({"v": value}) for value in alike}) == len(alike)


@pytest.mark.parametrize(
    ("key", "error", "message"),
    [
        ({"a": float("nan")}, ValueError, r"key\.a must be finite, not nan"),
        ({"a": [1, float("inf")]}, ValueError, r"key\.a\.1 must be finite, not inf"),
        ({1: 2}, TypeError, r"key must have names that are text, not 1"),
        ({"a": {None: 2}}, TypeError, r"key\.a must have names that are text, not None"),
        ({"a": np.int64(1)}, TypeError, r"key\.a must be None, a flag, a number, .* not int64"),
        ({"a": np.zeros(2)}, TypeError, r"key\.a must be None, .* not ndarray"),
        ({"a": b"x"}, TypeError, r"key\.a must be None, .* not bytes"),
        ({"a": {1}}, TypeError, r"key\.a must be None, .* not set"),
        ({"a": "\ud83d\ude00"}, ValueError, r"key must be Unicode text, without surrogates"),
    ],
    ids=["nan", "inf", "integer-name", "none-name", "int64", "array", "bytes", "set", "surrogates"],
)
def test_what_has_no_exact_text_is_refused(key: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        canonical(key)


def test_digests_differ_with_value_type_shape_and_place() -> None:
    a = np.arange(6, dtype=np.int64)
    changed = a.copy()
    changed[3] ^= 1
    arrays = [
        (a,), (changed,), (a.astype(np.uint64),), (a.reshape(2, 3),), (a.reshape(3, 2),),
        (a[:2], a[2:]), (a[:3], a[3:]), (a[3:], a[:3]), (a, a[:0]),
    ]  # fmt: skip
    assert len({digest_of(*each) for each in arrays}) == len(arrays)
    every_second = np.repeat(a, 2)[::2]
    assert digest_of(every_second) == digest_of(a)


def test_what_was_made_is_found_by_others_and_not_made_again(tmp_path: Path) -> None:
    first, second = Cache(tmp_path), Cache(tmp_path)
    made = first.get_or_make("square", {"count": 4}, squares)
    found = second.get_or_make("square", {"count": 4}, lambda: pytest.fail("made again"))
    assert_same(made, found)
    assert first.counts == Counter({("square", "made"): 1})
    assert second.counts == Counter({("square", "found"): 1})
    assert (first.hits, second.hits) == (0, 1)
    assert second.sentence == f"Cache {tmp_path}: found 1 of 1 squares."


@pytest.mark.parametrize(
    ("kind", "key"),
    [("cube", {"count": 4}), ("square", {"count": 4.0}), ("square", {"count": 4, "more": None})],
    ids=["kind", "type", "name"],
)
def test_another_kind_or_key_is_another_entry(tmp_path: Path, kind: str, key: Any) -> None:
    cache = Cache(tmp_path)
    cache.get_or_make("square", {"count": 4}, squares)
    cache.get_or_make(kind, key, squares)
    assert cache.hits == 0
    assert len(list(cache.entries())) == 2


def test_without_a_folder_everything_is_made_and_nothing_counted() -> None:
    made = [NO_CACHE.get_or_make("square", {}, squares) for _ in range(2)]
    assert_same(*made)
    assert made[0]["squares"] is not made[1]["squares"]
    assert not NO_CACHE.counts
    assert not NO_CACHE.keeps


def flip(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


@pytest.mark.parametrize(
    "damage",
    [flip, lambda c: c[:-1], lambda c: c[: len(c) // 2], lambda c: b"", lambda c: c + b"\0"],
    ids=["bit", "last-byte", "half", "empty", "longer"],
)
def test_damaged_entry_is_made_again_counted_and_replaced(tmp_path: Path, damage: Any) -> None:
    cache = Cache(tmp_path)
    made = cache.get_or_make("square", {}, squares)
    path = only_entry(cache)
    path.write_bytes(damage(path.read_bytes()))
    for _ in range(2):
        assert_same(cache.get_or_make("square", {}, squares), made)
    counts = {("square", "made"): 2, ("square", "damaged"): 1, ("square", "found"): 1}
    assert cache.counts == Counter(counts)
    assert "found 1 of 3 squares. Damaged, and made again: 1." in cache.sentence


def test_entry_of_another_key_in_the_place_of_one_is_not_believed(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.get_or_make("square", {"count": 3}, lambda: squares(3))
    foreign = only_entry(cache)
    cache.get_or_make("square", {"count": 4}, squares)
    (own,) = {entry.path for entry in cache.entries()} - {foreign}
    shutil.copy(foreign, own)
    assert_same(cache.get_or_make("square", {"count": 4}, squares), squares())
    assert cache.counts["square", "damaged"] == 1


def test_failure_to_make_keeps_nothing_and_frees_the_lock(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    with pytest.raises(ZeroDivisionError):
        cache.get_or_make("square", {}, lambda: {"a": np.array(1 // 0)})
    assert not list(cache.entries())
    assert_same(cache.get_or_make("square", {}, squares), squares())
    assert not list(tmp_path.rglob("*.lock"))


def test_what_cannot_be_written_is_handed_over_and_counted(tmp_path: Path) -> None:
    (tmp_path / "square").write_text("a file where a folder must be")
    cache = Cache(tmp_path)
    assert_same(cache.get_or_make("square", {}, squares), squares())
    assert cache.counts == Counter({("square", "made"): 1, ("square", "unkept"): 1})
    assert cache.sentence.endswith("found 0 of 1 squares. Could not be written: 1.")


def test_array_may_not_be_named_as_the_key_is(tmp_path: Path) -> None:
    message = "Array of a square must not be named 'key': the key has"
    with pytest.raises(ValueError, match=message):
        Cache(tmp_path).get_or_make("square", {}, lambda: {"key": np.zeros(1)})


def test_everything_is_made_under_one_thread(tmp_path: Path) -> None:
    def threads() -> dict[str, NDArray[Any]]:
        numbers = [p["num_threads"] for p in threadpool_info() if p["user_api"] == "blas"]
        return {"threads": np.array(numbers)}

    with threadpool_limits(2):
        assert set(Cache(tmp_path).get_or_make("thread", {}, threads)["threads"]) == {1}


def test_entry_of_another_engine_is_not_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = Cache(tmp_path)
    cache.get_or_make("square", {}, squares)
    for change in ({"code": "0"}, {"engram": "9"}, {"blas": []}, {"processor": []}):
        monkeypatch.setattr("sim.work.cache.store.engine", lambda c=change: {**engine(), **c})
        cache.get_or_make("square", {}, squares)
    assert cache.hits == 0
    assert len(list(cache.entries())) == 5


@pytest.mark.parametrize(
    "module",
    [
        "sim/study/experiment.py",
        "sim/replay/gbm.py",
        "golden/sampler.py",
        "golden/kernels/draws.py",
    ],
)
def test_any_change_of_the_code_is_another_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    root = engine_module._ROOT
    for package in ("golden", "sim"):
        shutil.copytree(root / package, tmp_path / package, ignore=shutil.ignore_patterns("*.bin"))
    monkeypatch.setattr(engine_module, "_ROOT", tmp_path)
    before = engine_module.code_digest()
    assert before == engine_module.code_digest()
    with (tmp_path / module).open("a") as file:
        file.write("\n")
    assert engine_module.code_digest() != before


def test_digest_covers_every_module_that_a_run_loads() -> None:
    ours = loaded_by("sim.study.experiment", "sim.replay")
    assert len(ours) > 50
    assert ours - set(engine_module.code_files()) == set()


def fill(cache: Cache, count: int) -> list[Path]:
    """Make entries of one size, the first used longest ago; return their paths."""
    paths: list[Path] = []
    for number in range(count):
        cache.get_or_make("square", {"number": number}, squares)
        (new,) = {entry.path for entry in cache.entries()} - set(paths)
        os.utime(new, (number, number))
        paths.append(new)
    return paths


def test_what_was_not_used_for_longest_goes_first(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    paths = fill(cache, 6)
    cache.get_or_make("square", {"number": 1}, squares)  # used again
    size = paths[0].stat().st_size
    assert cache.trim(3 * size + 1) == 3
    assert {entry.path for entry in cache.entries()} == {paths[1], paths[4], paths[5]}
    assert cache.trim(3 * size) == 0
    assert cache.trim(0) == 3


def test_folder_stays_within_its_limit(tmp_path: Path) -> None:
    size = fill(Cache(tmp_path / "one"), 1)[0].stat().st_size
    cache = Cache(tmp_path / "many", limit=5 * size)
    for number in range(10):
        cache.get_or_make("square", {"number": number}, squares)
        assert sum(entry.size for entry in cache.entries()) <= 5 * size
    assert len(list(cache.entries())) == 5


def test_limit_is_held_against_entries_of_others(tmp_path: Path) -> None:
    paths = fill(Cache(tmp_path), 6)
    size = paths[0].stat().st_size
    Cache(tmp_path, limit=2 * size).get_or_make("square", {"number": 6}, squares)
    left = {entry.path for entry in Cache(tmp_path).entries()}
    assert len(left) == 2
    assert paths[5] in left


def test_trimming_leaves_what_is_not_its_own(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    folder = fill(cache, 1)[0].parent
    foreign, fresh, old = tmp_path / "notes.txt", folder / f".{'0' * 32}.tmp", folder / ".old.tmp"
    for path in (foreign, fresh, old):
        path.write_text("x")
    os.utime(old, (0, 0))
    cache.trim(0)
    assert foreign.exists()
    assert fresh.exists(), "somebody may be writing it"
    assert not old.exists()
    assert not list(cache.entries())


def work(folder: Path, wait: bool, barrier: Barrier, answers: Any) -> None:
    def make() -> dict[str, NDArray[Any]]:
        (folder / f"made-{os.getpid()}").touch()
        time.sleep(0.5)
        return squares(1000)

    cache = Cache(folder / "cache", wait=wait)
    barrier.wait()
    made = cache.get_or_make("square", {}, make)
    answers.put((digest_of(*made.values()), dict(cache.counts)))


@pytest.mark.parametrize(("wait", "times_made"), [(True, 1), (False, 2)], ids=["wait", "race"])
def test_two_processes_at_once_have_the_same_bits(
    tmp_path: Path, wait: bool, times_made: int
) -> None:
    context = multiprocessing.get_context("spawn")
    barrier, answers = context.Barrier(2), context.Queue()
    arguments = (tmp_path, wait, barrier, answers)
    processes = [context.Process(target=work, args=arguments) for _ in range(2)]
    for process in processes:
        process.start()
    said = [answers.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()
    assert {digest for digest, _ in said} == {digest_of(*squares(1000).values())}
    assert len(list(tmp_path.glob("made-*"))) == times_made
    counts = sum((Counter(c) for _, c in said), Counter())
    expected = {("square", "made"): times_made, ("square", "found"): 2 - times_made}
    assert counts == Counter(expected)
    cache = Cache(tmp_path / "cache")
    assert_same(cache.get_or_make("square", {}, lambda: pytest.fail("made")), squares(1000))
