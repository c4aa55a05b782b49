# SPDX-License-Identifier: MIT
"""Every message of the parameters of what trains in integers, and their derived values."""

from typing import Any

import pytest

from golden.params import AffineParams, CwrParams, Stream, TrainerParams, stream_params

TRAINER: dict[str, Any] = {"features": 512, "classes": 100, "hidden": 128}
REAL = {"forward_width": "float", "backward_width": "float", "binary_width": "float"}


@pytest.mark.parametrize(
    ("kind", "given", "error", "message"),
    [
        (AffineParams, {"width": 0}, ValueError, r"Code width q must be .* in 1..32, not 0"),
        (AffineParams, {"width": 8.0}, TypeError, r"Code width q must be .* in 1..32, not 8.0"),
        (
            AffineParams,
            {"width": 8, "shift": 62},
            ValueError,
            r"Shift s must be .* -31..61, not 62",
        ),
        (AffineParams, {"width": 8, "multiplier": 0}, ValueError, r"Multiplier M must .*, not 0"),
        (
            AffineParams,
            {"width": 8, "zero_point": 128},
            ValueError,
            r"Zero point Z must be an integer in -128..127, not 128",
        ),
        (
            AffineParams,
            {"width": 8, "rounding": "up"},
            ValueError,
            r"Rounding must be one of nearest_even, stochastic, not 'up'",
        ),
        (TrainerParams, {**TRAINER, "features": 0}, ValueError, r"Features D must be .*, not 0"),
        (TrainerParams, {**TRAINER, "classes": 0}, ValueError, r"Classes C must be .*, not 0"),
        (TrainerParams, {**TRAINER, "hidden": -1}, ValueError, r"Hidden neurons H must .*, not -1"),
        (
            TrainerParams,
            {**TRAINER, "forward_width": 12},
            ValueError,
            r"Forward width q_f must be one of 8, 16, 32, float, not 12",
        ),
        (
            TrainerParams,
            {**TRAINER, "backward_width": True},
            ValueError,
            r"Backward width q_b must be one of 8, 16, 32, float, not True",
        ),
        (
            TrainerParams,
            {**TRAINER, "binary_width": 2},
            ValueError,
            r"Binary width q_b must be one of 1, 4, 8, 16, float, not 2",
        ),
        (
            TrainerParams,
            {**TRAINER, **REAL, "binary_width": 4},
            ValueError,
            r"float together or not at all, not float forward, float backward, 4 of binary weights",
        ),
        (
            TrainerParams,
            {**TRAINER, **REAL, "forward_width": 8},
            ValueError,
            r"Widths must be float together or not at all, not 8 forward, float backward",
        ),
        (TrainerParams, {**TRAINER, "rounding": ""}, ValueError, r"Rounding must be one of"),
        (TrainerParams, {**TRAINER, "rate": 25}, ValueError, r"Rate k must .* 0..24, not 25"),
        (
            TrainerParams,
            {**TRAINER, "binary_rate": -1},
            ValueError,
            r"Binary rate k must .* not -1",
        ),
        (
            TrainerParams,
            {**TRAINER, "weight_exponent": 3},
            ValueError,
            r"Weight exponent r must be an integer in -8..2, not 3",
        ),
        (TrainerParams, {**TRAINER, "window": -1}, ValueError, r"Window must be .* >= 0, not -1"),
        (TrainerParams, {**TRAINER, "seed": 2**64}, ValueError, r"Seed must be an integer in 0.."),
        (CwrParams, {"classes": 0, "inputs": 1}, ValueError, r"Classes C must be .* >= 1, not 0"),
        (CwrParams, {"classes": 1, "inputs": 0}, ValueError, r"Inputs F must be .* >= 1, not 0"),
        (
            CwrParams,
            {"classes": 1, "inputs": 1, "width": 4},
            ValueError,
            r"Weight width must be one of 8, 16, 32, float, not 4",
        ),
        (
            CwrParams,
            {"classes": 1, "inputs": 1, "average": "all"},
            ValueError,
            r"Average must be one of scalar, row, not 'all'",
        ),
    ],
)
def test_what_is_refused(kind, given, error, message):
    with pytest.raises(error, match=message):
        kind(**given)


@pytest.mark.parametrize(
    ("backward", "errors", "back", "update"),
    [(8, 21, 7, 10), (16, 13, 15, 10), (32, 0, 28, 7)],
)
def test_shifts_bring_every_unit_to_the_next(backward, errors, back, update):
    exponents = {"rate": 12, "weight_exponent": -2}
    widths = {"forward_width": 8, "backward_width": backward, "binary_width": 4}
    params = TrainerParams(**TRAINER, **exponents, **widths)
    assert (params.errors.shift, params.back.shift, params.update.shift) == (errors, back, update)
    assert (params.forward.shift, params.logits.shift) == (backward - 8, 6)
    # From the unit 2^(r + 1 - q_b) of the gradients to 2^(1 - q_v) of the latent weights.
    assert params.binary_update.shift == params.binary_rate + backward - 4 + 2
    assert (params.errors.width, params.update.width, params.binary_update.width) == (
        backward,
        32,
        32,
    )


def test_what_goes_forward_is_rounded_to_nearest_always():
    params = TrainerParams(**{**TRAINER, "rounding": "stochastic"})
    assert {params.forward.rounding, params.logits.rounding} == {"nearest_even"}
    backward = (params.errors, params.back, params.update, params.binary_update)
    assert {one.rounding for one in backward} == {"stochastic"}
    assert params.lfsr == stream_params(1, Stream.ROUNDING, 16)


def test_lanes_share_words_but_errors_do_not():
    params = TrainerParams(**{**TRAINER, "rounding": "stochastic", "lanes": 20})
    shared = (params.back, params.update, params.binary_update)
    assert {one.lanes for one in shared} == {20}
    assert params.errors.lanes == 1
    assert params.lfsr == stream_params(1, Stream.ROUNDING, 35)
    widest = TrainerParams(**{**TRAINER, "lanes": 64})
    assert widest.lfsr.step == 64


@pytest.mark.parametrize(
    ("given", "real", "trains"),
    [
        ({}, False, True),
        ({"binary_width": 1}, False, False),
        ({"hidden": 0}, False, False),
        (REAL, True, True),
        ({**REAL, "binary_width": 1}, True, False),
        ({**REAL, "binary_width": 4, "hidden": 0}, True, False),
    ],
    ids=["integers", "frozen", "no hidden layer", "real", "real and frozen", "real without"],
)
def test_which_layers_train(given, real, trains):
    params = TrainerParams(**{**TRAINER, **given})
    assert (params.real, params.trains_hidden) == (real, trains)
    assert params.concat == params.hidden + 512
