# SPDX-License-Identifier: MIT
"""Surrogate derivatives against automatic differentiation of the functions they come from."""

import pytest

torch = pytest.importorskip("torch", reason="PyTorch (extra `train`) is not installed")

from sim.images.pretrain.surrogates import SURROGATES, sign, soft_sign, weight_sign

X = torch.linspace(-3, 3, 61).roll(7)

# Functions whose derivatives the surrogates are, on either side of 0.
ANTIDERIVATIVES = {
    "hard_window": lambda u: u.clamp(-1, 1),
    "piecewise_linear": lambda u: u.clamp(-1, 1) - u.clamp(-1, 1) * u.clamp(-1, 1).abs() / 2,
    "approx_sign": lambda u: 2 * u.clamp(-1, 1) - u.clamp(-1, 1) * u.clamp(-1, 1).abs(),
}


def gradient_of(function, x):
    x = x.clone().requires_grad_()
    weights = torch.arange(1.0, len(x) + 1)  # so that every place is told from every other
    (function(x) * weights).sum().backward()
    return x.grad / weights


def test_zero_and_above_are_plus_one() -> None:
    x = torch.tensor([-1e-30, -0.0, 0.0, 1e-30, 5.0])
    expected = [-1, 1, 1, 1, 1]
    assert sign(x, "hard_window").tolist() == expected
    assert weight_sign(x).tolist() == expected


def test_every_surrogate_is_tested() -> None:
    assert set(ANTIDERIVATIVES) == set(SURROGATES)


@pytest.mark.parametrize("name", ANTIDERIVATIVES)
@pytest.mark.parametrize("window", [0.5, 1.0, 2.0])
def test_derivatives_are_those_of_their_functions(name: str, window: float) -> None:
    inside = X[(X.abs() / window - 1).abs() > 1e-4]  # the edge itself is a matter of convention
    given = gradient_of(lambda x: sign(x, name, window), inside)
    function = ANTIDERIVATIVES[name]
    torch.testing.assert_close(given, gradient_of(lambda x: window * function(x / window), inside))


def test_weights_hand_their_gradient_on() -> None:
    assert gradient_of(weight_sign, X).tolist() == [1.0] * len(X)


def test_soft_signs_are_clipped_lines() -> None:
    x = torch.tensor([-4.0, -1.0, 0.5, 3.0])
    assert soft_sign(x, 2.0).tolist() == [-1.0, -0.5, 0.25, 1.0]
