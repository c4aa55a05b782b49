# SPDX-License-Identifier: MIT
"""Surrogate derivatives against automatic differentiation of the functions they come from."""

import pytest

torch = pytest.importorskip("torch", reason="PyTorch (extra `train`) is not installed")

from sim.images.pretrain.surrogates import SURROGATES, Surrogate, sign, soft_sign, weight_sign

X = torch.linspace(-3, 3, 61).roll(7)

# Functions whose derivatives the surrogates are, on either side of 0.
ANTIDERIVATIVES = {
    "hard_window": lambda u: u.clamp(-1, 1),
    "piecewise_linear": lambda u: u.clamp(-1, 1) - u.clamp(-1, 1) * u.clamp(-1, 1).abs() / 2,
    "approx_sign": lambda u: 2 * u.clamp(-1, 1) - u.clamp(-1, 1) * u.clamp(-1, 1).abs(),
}


def reste(u, power: float):
    """The root of |u| with the sign of u, a line below |u| = 0.1, and flat above 1."""
    size = u.abs().clamp(max=1)
    root = torch.where(size < 0.1, size / 0.1 * 0.1 ** (1 / power), size ** (1 / power))
    return u.sign() * root


ANTIDERIVATIVES["reste"] = lambda u: reste(u, 1.0)


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


@pytest.mark.parametrize("power", [1.0, 1.5, 3.0])
@pytest.mark.parametrize("window", [0.7, 2.0])
def test_reste_is_the_derivative_of_a_root_that_comes_near_the_sign(
    power: float, window: float
) -> None:
    x = X.double()[((X.abs() / window).round(decimals=4) - 0.1).abs() > 1e-3]
    x = x[((x.abs() / window - 1).abs() > 1e-4) & (x != 0)]
    surrogate = Surrogate("reste", window)
    surrogate.power = power
    given = gradient_of(surrogate, x)
    step = 1e-6
    slope = (reste((x + step) / window, power) - reste((x - step) / window, power)) * window
    torch.testing.assert_close(given, slope / (2 * step), rtol=1e-6, atol=1e-6)


def test_weights_hand_their_gradient_on() -> None:
    assert gradient_of(weight_sign, X).tolist() == [1.0] * len(X)


def test_soft_signs_are_clipped_lines() -> None:
    x = torch.tensor([-4.0, -1.0, 0.5, 3.0])
    assert soft_sign(x, 2.0).tolist() == [-1.0, -0.5, 0.25, 1.0]
