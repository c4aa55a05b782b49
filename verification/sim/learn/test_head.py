# SPDX-License-Identifier: MIT
"""The head's training against automatic differentiation, finite differences and the golden head."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden.bits import pack
from golden.params import HeadParams
from sim.learn.bipolar import bipolar
from sim.learn.head import HeadTrainer


def trainer_of(features: int, classes: int, hidden: int, seed: int = 0) -> HeadTrainer:
    params = HeadParams(features=features, classes=classes, hidden=hidden)
    return HeadTrainer(params, np.random.default_rng(seed), init_scale=1.0)


def batch_of(features: int, n_classes: int, size: int = 16) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(7)
    x = pack(rng.integers(0, 2, (size, features), dtype=np.uint8))
    return x, rng.integers(n_classes, size=size)


def test_bipolar_maps_bit_one_to_plus_one() -> None:
    bits = np.array([[1, 0, 1, 1, 0]], np.uint8)
    assert bipolar(pack(bits), 5).tolist() == [[1, -1, 1, 1, -1]]


@pytest.mark.parametrize("hidden", [0, 24])
def test_gradients_equal_automatic_differentiation(hidden: int) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch (extra `train`) is not installed")
    trainer = trainer_of(40, 6, hidden)
    n_classes = 4
    x, labels = batch_of(40, n_classes)
    loss, hits, gradients = trainer.gradients(x, labels, n_classes)

    class Sign(torch.autograd.Function):
        @staticmethod
        def forward(ctx, value, window):
            ctx.save_for_backward(value)
            ctx.window = window
            return torch.where(value >= 0, 1.0, -1.0)

        @staticmethod
        def backward(ctx, gradient):
            (value,) = ctx.saved_tensors
            return gradient * (value.abs() <= ctx.window), None

    weights = [torch.tensor(w, requires_grad=True) for w in trainer.weights]
    inputs = torch.tensor(bipolar(x, 40))
    z = inputs
    if hidden:
        pre = inputs @ Sign.apply(weights[0], np.inf).T / np.sqrt(40)
        z = torch.cat([Sign.apply(pre, 1.0), inputs], dim=1)
    planes = Sign.apply(weights[-1], np.inf)[:, :n_classes]
    logits = z @ planes.sum(dim=0).T / np.sqrt(5 * 2 * (40 + hidden) * 6)
    expected = torch.nn.functional.cross_entropy(logits, torch.tensor(labels))
    expected.backward()

    assert loss == pytest.approx(expected.item(), rel=1e-5)
    assert hits == int((logits.argmax(dim=1).numpy() == labels).sum())
    for gradient, weight in zip(gradients, weights, strict=True):
        shape = weight.shape  # both planes have the one gradient
        np.testing.assert_allclose(
            np.broadcast_to(gradient, shape), weight.grad.numpy(), rtol=1e-4, atol=1e-7
        )


def test_plane_gradient_equals_finite_differences_of_a_real_valued_plane() -> None:
    """The output layer is linear: its straight-through gradient is the true one."""
    trainer = trainer_of(20, 3, hidden=0)
    samples, labels = batch_of(20, 3)
    _, _, gradients = trainer.gradients(samples, labels, 3)
    x = bipolar(samples, 20)
    signs = np.where(trainer.weights[0] >= 0, 1.0, -1.0)
    scale = 1 / np.sqrt(5 * 2 * 20 * 3)

    def loss(plane: np.ndarray) -> float:
        logits = x.astype(np.float64) @ (plane + signs[1]).T * scale
        logits -= logits.max(axis=1, keepdims=True)
        shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        return -np.log(shares[np.arange(len(x)), labels]).mean()

    for place in [(0, 0), (1, 7), (2, 19)]:
        step = np.zeros_like(signs[0])
        step[place] = 1e-4
        slope = (loss(signs[0] + step) - loss(signs[0] - step)) / 2e-4
        assert gradients[0][place] == pytest.approx(slope, rel=1e-3)


def test_hidden_gradient_is_that_of_the_hidden_bits_let_through_the_window() -> None:
    """Chain rule by hand: finite differences over the hidden layer's outputs, then the window."""
    trainer = trainer_of(20, 3, hidden=6)
    samples, labels = batch_of(20, 3)
    _, _, gradients = trainer.gradients(samples, labels, 3)
    x = bipolar(samples, 20)
    hidden, planes = (np.where(w >= 0, 1.0, -1.0) for w in trainer.weights)
    pre = x @ hidden.T / np.sqrt(20)
    fired = np.where(pre >= 0, 1.0, -1.0)

    def loss(h: np.ndarray) -> float:
        logits = np.concatenate([h, x], axis=1) @ (planes[0] + planes[1]).T
        logits = logits / np.sqrt(5 * 2 * 26 * 3)
        logits -= logits.max(axis=1, keepdims=True)
        shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        return -np.log(shares[np.arange(len(x)), labels]).mean()

    slopes = np.zeros_like(fired)
    for place in np.ndindex(fired.shape):
        step = np.zeros_like(fired)
        step[place] = 1e-4
        slopes[place] = (loss(fired + step) - loss(fired - step)) / 2e-4
    expected = (slopes * (np.abs(pre) <= 1) / np.sqrt(20)).T @ x
    np.testing.assert_allclose(gradients[0], expected, rtol=1e-3, atol=1e-7)


def test_unseen_classes_get_no_gradient() -> None:
    trainer = trainer_of(30, 5, hidden=8)
    x, labels = batch_of(30, 2)
    gradients = trainer.gradients(x, labels, 2)[2]
    assert (gradients[-1][2:] == 0).all()
    assert (gradients[-1][:2] != 0).any()


@given(
    features=st.integers(1, 140),
    classes=st.integers(1, 5),
    hidden=st.integers(0, 70),
    seed=st.integers(0, 2**16),
)
def test_golden_head_classifies_as_the_trainer_does(
    features: int, classes: int, hidden: int, seed: int
) -> None:
    trainer = trainer_of(features, classes, hidden, seed)
    rng = np.random.default_rng(seed)
    bits = rng.integers(0, 2, (6, features), dtype=np.uint8)
    predicted = trainer.golden().classify(bits, classes)
    # A batch labelled with the golden answers is all hits exactly if the trainer agrees.
    hits = trainer.gradients(pack(bits), predicted, classes)[1]
    assert hits == 6


def test_state_round_trip_restores_every_latent_weight() -> None:
    one, other = trainer_of(12, 3, 5, seed=1), trainer_of(12, 3, 5, seed=2)
    other.load_state(one.state())
    for a, b in zip(one.weights, other.weights, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("width", [1, 4, 8, 16])
def test_settled_weights_are_codes_of_few_bits_and_keep_the_signs(width: int) -> None:
    trainer = trainer_of(features=40, classes=5, hidden=8)
    for weights in trainer.weights:
        weights *= 1 / trainer.init_scale  # the whole of [-1, 1]
        weights.flat[:4] = -1, 1, 0, -np.float32(1e-9)
    before = [weights.copy() for weights in trainer.weights]
    trainer.settle(width)
    for then, now in zip(before, trainer.weights, strict=True):
        np.testing.assert_array_equal(now >= 0, then >= 0)
        assert len(np.unique(now)) <= 2**width
        if width > 1:
            assert np.abs(now - then).max() <= 2.0**-width + 1e-7
            codes = now * 2 ** (width - 1) - 0.5
            np.testing.assert_array_equal(codes, np.round(codes))
        else:
            assert set(np.abs(now).ravel().tolist()) == {np.float32(trainer.init_scale)}


def test_a_settled_weight_settles_no_further() -> None:
    trainer = trainer_of(features=40, classes=5, hidden=8)
    trainer.settle(4)
    once = [weights.copy() for weights in trainer.weights]
    trainer.settle(4)
    for then, now in zip(once, trainer.weights, strict=True):
        np.testing.assert_array_equal(now, then)
