# SPDX-License-Identifier: MIT
"""Parity of codes: what is replaced by the prototype before, against arithmetic of integers."""

import numpy as np
import pytest

from golden.faults import Faults
from golden.params import FaultParams, FaultyMemory, PrototypesParams
from golden.parity import ParityFaults
from golden.prototypes import Prototypes


def params(share=0.1, lanes=4, width=3):
    return FaultParams(
        die=5,
        memory=FaultyMemory.PROTOTYPES,
        threshold=round(share * 2**32),
        lanes=lanes,
        width=width,
    )


def plain(codes, planes, share=0.1, first=0, before=None):
    """Every code by itself, as the contract says it; also how many were replaced."""
    p = params(share)
    rows = -(-codes.shape[1] // p.lanes)
    read = Faults(p).read(codes, first).tolist()
    bits = FaultParams(die=5, memory=4, threshold=p.threshold, lanes=1)
    replaced = 0
    for vector, written in enumerate(codes.tolist()):
        for j, code in enumerate(written):
            # A parity bit lies in the row of its code; as rows of one bit, that is its place.
            place = (first + vector) * rows * p.lanes + j
            one = np.array([[(code >> 3 - planes).bit_count() & 1]], np.uint8)
            parity = int(Faults(bits).read(one, place)[0, 0])
            if (read[vector][j] >> 3 - planes).bit_count() & 1 != parity:
                last = read[vector - 1] if vector else before
                if last is not None:
                    read[vector][j] = int(last[j])
                    replaced += 1
    return read, replaced


def random_codes(count=20, features=10):
    return np.random.default_rng(1).integers(0, 8, (count, features)).astype(np.uint16)


@pytest.mark.parametrize("planes", [1, 2, 3])
def test_codes_read_as_one_by_one(planes):
    codes = random_codes()
    read = ParityFaults(params(), planes).read(codes)
    expected, replaced = plain(codes, planes)
    assert read.tolist() == expected
    assert replaced
    assert read.dtype == codes.dtype


def test_a_vector_needs_what_the_one_before_reads_as():
    codes = random_codes()
    block = ParityFaults(params(), 1)
    together = block.read(codes)
    np.testing.assert_array_equal(block.read(codes[7:], 7, together[6]), together[7:])
    assert block.read(codes[7:], 7, codes[0]).tolist() == plain(codes[7:], 1, 0.1, 7, codes[0])[0]
    with pytest.raises(ValueError, match="What vector 6 reads as must be given for parity"):
        block.read(codes[7:], 7)


def test_without_failing_cells_nothing_is_replaced():
    codes = random_codes()
    np.testing.assert_array_equal(ParityFaults(params(0), 3).read(codes), codes)


def test_where_every_cell_fails_all_but_the_first_may_be_replaced():
    # Parity bits and codes then say nothing: half of them agree.
    codes = random_codes(200)
    read = ParityFaults(params(1), 3).read(codes)
    same = (read[1:] == read[:-1]).mean()
    assert 0.5 < same < 0.65


@pytest.mark.parametrize("planes", [0, 4])
def test_planes_that_codes_do_not_have_are_refused(planes):
    with pytest.raises(ValueError, match=r"Protected planes must be an integer in 1\.\.3, not"):
        ParityFaults(params(), planes)


def test_a_memory_of_prototypes_goes_on_from_its_state_and_replaces_no_class():
    p = PrototypesParams(
        features=10, code_width=3, lanes=4, components=6, classes=3, class_components=2
    )
    codes = random_codes(5)
    block, again = (Prototypes(p, ParityFaults(params(), 2)) for _ in range(2))
    assert block.append(codes[:2], [30000])
    assert block.append(codes[2:3])
    again.load_state(block.state_dict())
    for memory in (block, again):
        assert memory.append(codes[3:], [1])
        found = np.concatenate([memory.codes_of(label) for label in range(3)])
        assert found.tolist() == plain(codes, 2)[0]
        with pytest.raises(ValueError, match="Class must be 3, the next, not 1: with parity"):
            memory.write(1, codes[:1])
