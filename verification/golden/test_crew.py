# SPDX-License-Identifier: MIT
"""Threads that help inside compiled calls: they do a job once, and a caller never waits in vain."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numba import njit
from numba.np.numpy_support import carray

from golden.kernels import xnor_gemm
from golden.kernels.atomics import add, exchange, peek, pointer, replace
from golden.kernels.compiled import compiled
from golden.kernels.crew import Crew, dismiss, offer

FREE, OFFERED, RUNNING = 0, 2, 3  # states in the first word of a member


@compiled()
def _count_down(address, number):
    """Take one from the first word until it is 0; count what this member took."""
    words = carray(pointer(address, np.int64), (number + 2,))
    while add(words, 0, -1) > 0:
        words[number + 1] += 1


@njit(nogil=True)
def _share(words, members):
    asked = offer(members, words.ctypes.data)
    taken = 0
    while add(words, 0, -1) > 0:
        taken += 1
    dismiss(members, asked)
    return taken


CREW = Crew(_count_down)


@pytest.mark.parametrize("helpers", [0, 1, 3])
def test_each_piece_of_a_job_is_done_once(helpers):
    members = CREW.members(helpers)
    assert len(members) == helpers
    for pieces in (0, 1, 10, 100_000):
        words = np.zeros(helpers + 1, np.int64)
        words[0] = pieces
        assert _share(words, members) + words[1:].sum() == pieces
        assert (members[:, 0] == FREE).all()


def test_a_member_works_when_it_was_asleep_and_when_it_was_not():
    members, words = CREW.members(1), np.zeros(2, np.int64)
    for _ in range(100):  # until the thread that is offered work has come in time, asleep at first
        words[0] = 10**6
        _share(words, members)
        if words[1]:
            return
    pytest.fail("No member took part in 100 jobs")


def test_work_is_taken_back_from_a_member_that_does_not_come():
    members = np.zeros((2, 8), np.int64)  # no thread serves them
    members[1, 0] = RUNNING  # for another caller
    asked = offer(members, 77)
    assert asked.tolist() == [True, False]
    assert members[:, 0].tolist() == [OFFERED, RUNNING]
    assert members[0, 1] == 77
    dismiss(members, asked)
    assert members[:, 0].tolist() == [FREE, RUNNING]


def test_callers_side_by_side_share_a_crew():
    a = np.random.default_rng(0).integers(0, 2**64, (600, 30), np.uint64)
    expected = xnor_gemm(a, a, 1920, threads=1)
    with ThreadPoolExecutor(4) as pool:
        results = pool.map(lambda _: xnor_gemm(a, a, 1920, threads=3), range(40))
    assert all(np.array_equal(result, expected) for result in results)


def test_a_process_ends_while_its_crew_still_looks_for_work():
    code = (
        "import numpy as np; from golden.kernels import xnor_gemm; "
        "a = np.zeros((600, 30), np.uint64); print(xnor_gemm(a, a, 1920, threads=3).min())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (0, "1920\n", "")


def test_atomic_operations_return_what_was_there():
    @njit
    def steps(words):
        return (
            add(words, 1, 5),
            exchange(words, 1, 7),
            replace(words, 1, 6, 9),
            replace(words, 1, 7, 8),
            peek(words, 1),
        )

    words = np.array([0, 2, 0])
    assert steps(words) == (2, 7, False, True, 8)
    assert words.tolist() == [0, 8, 0]


def test_members_are_hired_once():
    before = {number: CREW.members(number) for number in (3, 1, 2, 3)}
    running = threading.active_count()
    for number in range(4):
        again = CREW.members(number)
        assert len(again) == number
        if number:
            assert np.shares_memory(again, before[3])
    assert threading.active_count() == running
