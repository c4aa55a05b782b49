# SPDX-License-Identifier: MIT
"""Compiled transient errors: equal to the plain sampler's, read after read, in every mode."""

import numpy as np
import pytest

from golden.correlated import CorrelatedSampler
from golden.faults import ReadErrors
from golden.kernels import correlated, sampler
from golden.kernels.read_errors import read_planes
from golden.params import (
    CorrelatedSamplerParams,
    FaultParams,
    FaultyMemory,
    PrototypesParams,
    SamplerParams,
)
from golden.sampler import Sampler


def errors(prototypes, share=0.2, planes=None):
    return ReadErrors(
        FaultParams(
            die=9,
            memory=FaultyMemory.PROTOTYPES,
            threshold=round(share * 2**32),
            lanes=prototypes.lanes,
            width=prototypes.code_width,
            planes=planes,
        )
    )


def filled(kind, params, **more):
    block = kind(params, read_errors=errors(params.prototypes, **more))
    rng = np.random.default_rng(1)
    p = params.prototypes
    for k in (1, 2, 2):
        values = rng.integers(0, 2**p.code_width, (k, p.features))
        assert block.prototypes.append(values, np.sort(rng.integers(0, 65536, k - 1)))
    return block


def prototypes(features=150, code_width=4, lanes=64):
    return PrototypesParams(
        features=features,
        code_width=code_width,
        lanes=lanes,
        components=5,
        classes=3,
        class_components=2,
    )


def assert_alike(kind, params, draw, **more):
    plain, compiled = filled(kind, params, **more), filled(kind, params, **more)
    labels = np.random.default_rng(2).integers(0, 3, 23)
    for part in (labels[:1], labels[1:20], labels[20:]):
        np.testing.assert_array_equal(draw(compiled, part)[0], plain.draw(part)[0])
    one, other = plain.state_dict(), compiled.state_dict()
    assert all(np.array_equal(one[key], other[key]) for key in one)


@pytest.mark.parametrize(("lanes", "features"), [(64, 150), (16, 128), (10, 25)])
@pytest.mark.parametrize("mode", ["parallel", "serial"])
@pytest.mark.parametrize("repeats", [1, 3])
@pytest.mark.parametrize("span", [5, 4096])
def test_draws_are_those_of_the_plain_sampler(lanes, features, mode, repeats, span, monkeypatch):
    monkeypatch.setattr(sampler, "SPAN", span)
    params = SamplerParams(
        prototypes=prototypes(features, lanes=lanes), mode=mode, draws_per_read=repeats, seed=4
    )
    assert_alike(Sampler, params, sampler.draw)


@pytest.mark.parametrize("planes", [(0,), (1, 3), ()])
def test_planes_that_cannot_fail_do_not(planes):
    assert_alike(Sampler, SamplerParams(prototypes=prototypes()), sampler.draw, planes=planes)


def test_draws_with_factors_are_those_of_the_plain_sampler():
    params = CorrelatedSamplerParams(prototypes=prototypes(), rank=2, draws_per_read=2)
    assert_alike(CorrelatedSampler, params, correlated.draw)


def test_rows_far_from_the_first_have_errors_of_their_own():
    p = prototypes(64, 3)
    block, far = errors(p), 2**40
    planes = np.zeros((2, 3, 1), np.uint64)
    read = read_planes(block, planes, far, 64)
    cells = block.cells(far, 2, 64)
    for vector in range(2):
        for plane in range(3):
            word = sum((int(c) >> 2 - plane & 1) << i for i, c in enumerate(cells.stuck[vector]))
            assert read[vector, plane, 0] == word
    assert not planes.any()
    assert (read != read_planes(block, planes, far + 1, 64)).any()
