# SPDX-License-Identifier: MIT
"""Every message of the parameters of the blocks that draw bits, and their derived values."""

from dataclasses import FrozenInstanceError

import pytest

from golden.params import (
    BernoulliParams,
    LatentBufferParams,
    LfsrParams,
    PrototypesParams,
    SamplerParams,
    SelectorParams,
    stream_params,
    stream_seed,
)

MEMORY = PrototypesParams(features=100, code_width=8, lanes=16, components=7)
LFSR = {"width": 8, "taps": (8, 6, 5, 4), "seed": 1}
SEED = rf"Seed must be an integer in 0..{2**64 - 1}, not"


@pytest.mark.parametrize(
    ("kind", "given", "error", "message"),
    [
        (LfsrParams, {**LFSR, "width": 2}, ValueError, r"LFSR width must be an integer in 3..64"),
        (LfsrParams, {**LFSR, "width": 65}, ValueError, r"LFSR width .* in 3..64, not 65"),
        (LfsrParams, {**LFSR, "width": 8.0}, TypeError, r"LFSR width .* in 3..64, not 8.0"),
        (LfsrParams, {**LFSR, "width": True}, TypeError, r"LFSR width .* in 3..64, not True"),
        (LfsrParams, {**LFSR, "taps": [8]}, TypeError, r"taps must be a tuple of .*, not \[8\]"),
        (LfsrParams, {**LFSR, "taps": ()}, TypeError, r"LFSR taps must be a tuple of integers"),
        (LfsrParams, {**LFSR, "taps": (8, 0)}, ValueError, r"LFSR tap must .* in 1..8, not 0"),
        (LfsrParams, {**LFSR, "taps": (9, 8)}, ValueError, r"LFSR tap must .* in 1..8, not 9"),
        (LfsrParams, {**LFSR, "taps": ("8",)}, TypeError, r"LFSR tap must be .*, not '8'"),
        (LfsrParams, {**LFSR, "taps": (4, 8)}, ValueError, r"taps must fall from the width 8"),
        (LfsrParams, {**LFSR, "taps": (8, 4, 4)}, ValueError, r"without repeats, not \(8, 4, 4\)"),
        (LfsrParams, {**LFSR, "taps": (7, 4)}, ValueError, r"LFSR taps must fall from the width"),
        (LfsrParams, {**LFSR, "seed": 0}, ValueError, r"LFSR seed must .* in 1..255, not 0"),
        (LfsrParams, {**LFSR, "seed": 256}, ValueError, r"LFSR seed must .* in 1..255, not 256"),
        (LfsrParams, {**LFSR, "step": 0}, ValueError, r"LFSR step must .* in 1..8, not 0"),
        (LfsrParams, {**LFSR, "step": 9}, ValueError, r"LFSR step must .* in 1..8, not 9"),
        (BernoulliParams, {"code_width": 0}, ValueError, r"Code width q must .* 1..16, not 0"),
        (BernoulliParams, {"code_width": 17}, ValueError, r"Code width q must .* 1..16, not 17"),
        (
            BernoulliParams,
            {"code_width": 8, "lanes": 65},
            ValueError,
            r"Sampler lanes L must be an integer in 1..64, not 65",
        ),
        (
            PrototypesParams,
            {"features": 0, "code_width": 8},
            ValueError,
            r"Features D must be an integer >= 1, not 0",
        ),
        (
            PrototypesParams,
            {"features": 8, "code_width": 17},
            ValueError,
            r"Code width q must be an integer in 1..16, not 17",
        ),
        (
            PrototypesParams,
            {"features": 8, "code_width": 8, "lanes": 0},
            ValueError,
            r"Sampler lanes L must be an integer in 1..64, not 0",
        ),
        (
            PrototypesParams,
            {"features": 8, "code_width": 8, "components": 0},
            ValueError,
            r"Prototype capacity must be an integer >= 1, not 0",
        ),
        (
            PrototypesParams,
            {"features": 8, "code_width": 8, "classes": 0},
            ValueError,
            r"Class capacity must be an integer >= 1, not 0",
        ),
        (
            PrototypesParams,
            {"features": 8, "code_width": 8, "class_components": 0},
            ValueError,
            r"Components a class K must be an integer in 1..255, not 0",
        ),
        (
            PrototypesParams,
            {"features": 8, "code_width": 8, "class_components": 256},
            ValueError,
            r"Components a class K must be an integer in 1..255, not 256",
        ),
        (
            SelectorParams,
            {"mode": "random"},
            ValueError,
            r"Selector mode must be one of round_robin, uniform, weighted, not 'random'",
        ),
        (SelectorParams, {"seed": -1}, ValueError, rf"{SEED} -1"),
        (SelectorParams, {"seed": 2**64}, ValueError, rf"{SEED} {2**64}"),
        (
            SamplerParams,
            {"prototypes": 3},
            TypeError,
            r"Prototypes must be PrototypesParams, not 3",
        ),
        (
            SamplerParams,
            {"prototypes": MEMORY, "mode": "fast"},
            ValueError,
            r"Sampler mode must be one of parallel, serial, not 'fast'",
        ),
        (
            SamplerParams,
            {"prototypes": MEMORY, "draws_per_read": 0},
            ValueError,
            r"Draws per read M must be an integer >= 1, not 0",
        ),
        (
            SamplerParams,
            {"prototypes": MEMORY, "selection": "none"},
            ValueError,
            r"Selector mode must be one of round_robin, uniform, weighted, not 'none'",
        ),
        (SamplerParams, {"prototypes": MEMORY, "seed": "1"}, TypeError, rf"{SEED} '1'"),
        (LatentBufferParams, {"features": 0}, ValueError, r"Features D must .* >= 1, not 0"),
        (
            LatentBufferParams,
            {"features": 8, "lanes": 65},
            ValueError,
            r"Buffer lanes L must be an integer in 1..64, not 65",
        ),
        (
            LatentBufferParams,
            {"features": 8, "classes": 0},
            ValueError,
            r"Class capacity must be an integer >= 1, not 0",
        ),
        (
            LatentBufferParams,
            {"features": 8, "exemplars": 0},
            ValueError,
            r"Exemplars a class E must be an integer in 1..65534, not 0",
        ),
        (
            LatentBufferParams,
            {"features": 8, "exemplars": 65535},
            ValueError,
            r"Exemplars a class E must be an integer in 1..65534, not 65535",
        ),
        (LatentBufferParams, {"features": 8, "seed": -1}, ValueError, rf"{SEED} -1"),
    ],
)
def test_wrong_parameters_are_named(kind, given, error, message):
    with pytest.raises(error, match=message):
        kind(**given)


def test_a_wrong_user_seed_is_named_for_streams_too():
    with pytest.raises(ValueError, match=rf"{SEED} -1"):
        stream_seed(-1, 0)


def test_extremes_are_accepted():
    for width in (3, 64):
        LfsrParams(width=width, taps=(width,), seed=2**width - 1, step=width)
    for q in (1, 16):
        for lanes in (1, 64):
            PrototypesParams(features=1, code_width=q, lanes=lanes)
    SelectorParams(seed=2**64 - 1)
    LatentBufferParams(features=1, lanes=1, classes=1, exemplars=65534, seed=0)


def test_parameters_are_frozen_and_named():
    with pytest.raises(FrozenInstanceError):
        MEMORY.features = 3  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(TypeError, match="positional"):
        SelectorParams("uniform")  # pyright: ignore[reportCallIssue]


def test_a_memory_of_100_features_in_16_lanes_has_7_rows_a_component():
    assert (MEMORY.beats, MEMORY.rows, MEMORY.row_width) == (7, 49, 128)


def test_a_buffer_of_3_classes_of_4_exemplars_of_7_rows_has_84_rows():
    buffer = LatentBufferParams(features=100, lanes=16, classes=3, exemplars=4)
    assert (buffer.beats, buffer.rows) == (7, 84)


def test_a_sampler_names_its_streams_and_shares_its_seed():
    parallel = SamplerParams(prototypes=MEMORY, seed=5, selection="uniform")
    serial = SamplerParams(prototypes=MEMORY, seed=5, mode="serial")
    assert parallel.streams == tuple(range(8))
    assert serial.streams == (16,)
    assert parallel.lfsrs() == tuple(stream_params(5, i, 16) for i in range(8))
    assert serial.lfsrs() == (stream_params(5, 16, 16),)
    assert parallel.selector == SelectorParams(mode="uniform", seed=5)
