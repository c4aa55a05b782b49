# SPDX-License-Identifier: MIT
"""The reference trainer against PyTorch, finite differences and a sum worked out by hand."""

import re

import numpy as np
import pytest

from golden.bits import pack
from golden.float_trainer import FloatTrainer
from golden.params import TrainerParams

D, C, H, N = 14, 5, 6, 9


def trainer(rng, **given):
    given = {"features": D, "classes": C, "hidden": H, "window": 3, "binary_width": "float"} | given
    params = TrainerParams(**given, forward_width="float", backward_width="float")
    block = FloatTrainer(params, rng.uniform(-1, 1, (params.hidden, params.features)))
    block.weights = rng.normal(0, 0.3, block.weights.shape)
    return block


def batch(rng, classes):
    bits = rng.integers(0, 2, (N, D))
    return bits, rng.choice(classes, N)


CLASSES = [np.arange(C), np.array([0, 2, 4]), np.array([1])]


@pytest.mark.parametrize("classes", CLASSES, ids=["all", "some", "one"])
@pytest.mark.parametrize("hidden", [0, H])
def test_gradients_are_those_of_autograd(classes, hidden):
    torch = pytest.importorskip("torch")

    class Sign(torch.autograd.Function):
        @staticmethod
        def forward(ctx, values, window):
            ctx.inside = values.abs() <= window
            return torch.where(values >= 0, 1.0, -1.0).to(values.dtype)

        @staticmethod
        def backward(ctx, gradient):
            return gradient * ctx.inside, None

    rng = np.random.default_rng(1)
    block = trainer(rng, hidden=hidden)
    bits, labels = batch(rng, classes)
    weights = torch.tensor(block.weights, requires_grad=True)
    latent = torch.tensor(block.latent, requires_grad=True)
    x = torch.tensor(2.0 * bits - 1, dtype=torch.float64)
    h = Sign.apply(x @ Sign.apply(latent, np.inf).T, block.params.window)
    logits = (torch.cat([h, x], dim=1) @ weights.T)[:, classes]
    targets = torch.tensor(np.searchsorted(classes, labels))
    loss = torch.nn.functional.cross_entropy(logits, targets, reduction="sum")
    loss.backward()
    found, of_weights, of_latent = block.gradients(pack(bits), labels, classes)
    assert found == pytest.approx(loss.item(), abs=1e-12)
    np.testing.assert_allclose(of_weights, weights.grad[classes].numpy(), atol=1e-12)
    if hidden:
        np.testing.assert_allclose(of_latent, latent.grad.numpy(), atol=1e-12)


def loss_of(block, binary, window, bits, labels, classes, hidden_signs):
    """Cross-entropy where a sum inside the window goes on as it is, told from its sign."""
    x = 2.0 * bits - 1
    before = x @ np.where(block.latent >= 0, 1.0, -1.0).T
    now = x @ binary.T
    h = hidden_signs + np.where(np.abs(before) <= window, now - before, 0)
    logits = (np.concatenate([h, x], axis=1) @ block.weights.T)[:, classes]
    places = np.searchsorted(classes, labels)
    return sum(
        np.log(np.exp(row).sum()) - row[place] for row, place in zip(logits, places, strict=True)
    )


@pytest.mark.parametrize("classes", CLASSES, ids=["all", "some", "one"])
def test_gradients_are_finite_differences(classes):
    rng, delta = np.random.default_rng(2), 1e-6
    block = trainer(rng)
    bits, labels = batch(rng, classes)
    loss, of_weights, of_latent = block.gradients(pack(bits), labels, classes)
    binary = np.where(block.latent >= 0, 1.0, -1.0)
    signs = np.where((2.0 * bits - 1) @ binary.T >= 0, 1.0, -1.0)

    def surrogate():
        return loss_of(block, binary, block.params.window, bits, labels, classes, signs)

    def slope(array, place):
        array[place] += delta
        above = surrogate()
        array[place] -= 2 * delta
        below = surrogate()
        array[place] += delta
        return (above - below) / (2 * delta)

    assert loss == pytest.approx(surrogate(), abs=1e-12)
    for row, c in enumerate(classes):
        for j in range(block.params.concat):
            assert of_weights[row, j] == pytest.approx(slope(block.weights, (c, j)), abs=1e-7)
    for place in np.ndindex(binary.shape):
        assert of_latent[place] == pytest.approx(slope(binary, place), abs=1e-7)


def test_a_first_step_by_hand():
    """All weights 0: two classes share the half, and each row moves by half of every input."""
    params = TrainerParams(
        features=3,
        classes=4,
        forward_width="float",
        backward_width="float",
        binary_width="float",
        rate=2,
    )
    block = FloatTrainer(params, np.zeros((0, 3)))
    loss, _, _ = block.gradients(pack([[1, 0, 1]]), np.array([3]), np.array([1, 3]))
    assert loss == pytest.approx(np.log(2))
    # Both logits are 0, so that the lower class has it.
    assert block.step(pack([[1, 0, 1]]), np.array([3]), np.array([1, 3])) == 0
    assert block.weights.tolist() == [
        [0, 0, 0],
        [-0.125, 0.125, -0.125],
        [0, 0, 0],
        [0.125, -0.125, 0.125],
    ]
    assert block.sums(pack([[1, 0, 1], [0, 1, 0]]))[:, 3].tolist() == [0.375, -0.375]
    assert block.step(pack([[1, 0, 1]]), np.array([3]), np.array([1, 3])) == 1


def test_latent_weights_move_against_their_gradient_and_stay_within_one():
    rng = np.random.default_rng(3)
    block = trainer(rng, binary_rate=0)
    bits, labels = batch(rng, np.arange(C))
    before, (_, _, of_latent) = (
        block.latent.copy(),
        block.gradients(pack(bits), labels, np.arange(C)),
    )
    block.step(pack(bits), labels, np.arange(C))
    np.testing.assert_array_equal(block.latent, np.clip(before - of_latent, -1, 1))
    assert np.abs(block.latent).max() == 1


def test_a_width_of_one_freezes_the_hidden_layer():
    rng = np.random.default_rng(4)
    block = trainer(rng, binary_width=1, binary_rate=0)
    before = block.latent.copy()
    bits, labels = batch(rng, np.arange(C))
    assert not block.gradients(pack(bits), labels, np.arange(C))[2].any()
    block.step(pack(bits), labels, np.arange(C))
    np.testing.assert_array_equal(block.latent, before)


def test_it_goes_on_bit_for_bit_from_its_state():
    rng = np.random.default_rng(5)
    block, other = trainer(rng), trainer(rng)
    bits, labels = batch(rng, np.arange(C))
    other.load_state(block.state_dict())
    for each in (block, other):
        each.step(pack(bits), labels, np.arange(C))
    np.testing.assert_array_equal(block.weights, other.weights)
    np.testing.assert_array_equal(block.latent, other.latent)


def test_what_is_refused():
    integer = TrainerParams(features=2, classes=2)
    with pytest.raises(ValueError, match=r"Widths must be float for the reference, not 16"):
        FloatTrainer(integer, np.zeros((0, 2)))
    real = trainer(np.random.default_rng(6)).params
    message = re.escape("Latent weights must have the shape (6, 14), not (6, 13)")
    with pytest.raises(ValueError, match=message):
        FloatTrainer(real, np.zeros((6, 13)))
