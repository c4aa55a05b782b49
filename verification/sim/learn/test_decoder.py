# SPDX-License-Identifier: MIT
"""The binary decoder against golden layers, automatic differentiation and what it can learn."""

import numpy as np
import pytest

from golden.index_code import IndexCode
from golden.params import IndexCodeParams
from sim.learn.decoder import DecoderTrainer
from sim.learn.optim import Adam


def decoder_of(*sizes: int, seed: int = 0, **options: float) -> DecoderTrainer:
    return DecoderTrainer(sizes, np.random.default_rng(seed), **options)


def signs(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.choice(np.array([-1, 1], np.float32), shape)


def codes_of(samples: int, bits: int) -> np.ndarray:
    codes = IndexCode(IndexCodeParams.fitting(bits, samples)).codes(range(1, samples + 1))
    return codes.astype(np.float32) * 2 - 1


@pytest.mark.parametrize("sizes", [(7, 9), (64, 30, 65), (13, 8, 6, 5)], ids=str)
def test_decoded_bits_are_those_of_golden_layers(sizes: tuple[int, ...]) -> None:
    """Ties among them: sums of an even number of +-1 are often 0."""
    decoder = decoder_of(*sizes)
    codes = signs(np.random.default_rng(1), 200, sizes[0])
    x = (codes > 0).astype(np.uint8)
    tied = 0
    for layer in decoder.golden():
        tied += int((layer.dots(x) == 0).sum())
        x = layer.forward(x)
    assert np.array_equal(decoder.decode(codes), 2.0 * x - 1)
    assert tied or all(n % 2 for n in sizes[:-1])


@pytest.mark.parametrize("sizes", [(20, 11), (20, 30, 11), (20, 16, 8, 11)], ids=str)
def test_gradients_equal_automatic_differentiation(sizes: tuple[int, ...]) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch (extra `train`) is not installed")
    decoder = decoder_of(*sizes, gain=1.5, window=0.8, init_scale=1.0)
    rng = np.random.default_rng(2)
    codes, latents = signs(rng, 12, 20), signs(rng, 12, 11)
    loss, gradients = decoder.gradients(codes, latents)

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

    weights = [torch.tensor(w, requires_grad=True) for w in decoder.weights]
    x = torch.tensor(codes)
    for w in weights[:-1]:
        x = Sign.apply(x @ Sign.apply(w, np.inf).T / np.sqrt(w.shape[1]), 0.8)
    last = weights[-1]
    logits = 1.5 * x @ Sign.apply(last, np.inf).T / np.sqrt(last.shape[1])
    expected = torch.nn.functional.binary_cross_entropy_with_logits(
        logits, torch.tensor((latents > 0).astype(np.float32)), reduction="sum"
    )
    (expected / 12).backward()
    np.testing.assert_allclose(loss, expected.item() / 12, rtol=1e-5)
    for gradient, weight in zip(gradients, weights, strict=True):
        np.testing.assert_allclose(gradient, weight.grad.numpy(), rtol=1e-4, atol=1e-6)


def test_gradients_of_a_large_gain_are_finite() -> None:
    decoder = decoder_of(20, 5, gain=1e4)
    rng = np.random.default_rng(3)
    loss, gradients = decoder.gradients(signs(rng, 4, 20), signs(rng, 4, 5))
    assert np.isfinite(loss)
    assert all(np.isfinite(g).all() for g in gradients)


def learned(samples: int, hidden: int) -> float:
    """Return the share of bits of random latents that a decoder gets right after training."""
    sizes = (60, hidden, 24) if hidden else (60, 24)
    decoder, optimizer = decoder_of(*sizes), Adam(bound=1)
    codes = codes_of(samples, 60)
    latents = signs(np.random.default_rng(4), samples, 24)
    decoder = decoder_of(codes.shape[1], *sizes[1:])
    for step in range(400):
        _, gradients = decoder.gradients(codes, latents)
        optimizer.step(decoder.weights, gradients, 0.02 * (1 - step / 400))
    return float((decoder.decode(codes) == latents).mean())


def test_a_decoder_remembers_what_fits_into_its_weights() -> None:
    """Random bits have no shorter description: few are learnt by heart, many are not."""
    few, many, more_weights = learned(12, 0), learned(200, 0), learned(200, 400)
    assert few > 0.99
    assert many < 0.85
    assert more_weights > many + 0.05


def test_weights_come_back() -> None:
    decoder, other = decoder_of(6, 5, 4), decoder_of(6, 5, 4, seed=1)
    other.load_state(decoder.state())
    codes = signs(np.random.default_rng(5), 50, 6)
    assert np.array_equal(other.decode(codes), decoder.decode(codes))
    other.reset(np.random.default_rng(6))
    assert all(np.abs(w).max() <= 0.1 for w in other.weights)
