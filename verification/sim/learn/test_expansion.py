# SPDX-License-Identifier: MIT
"""A head that grows: its integers against golden layers and head, its gradients against others."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden.bits import pack, unpack
from golden.dense import Dense
from golden.head import Head
from golden.params import DenseParams, HeadParams
from sim.learn.bipolar import bipolar
from sim.learn.expansion import ExpandableHead, block_bits
from sim.learn.head import HeadTrainer


def grown(
    features: int, classes: int, widths: tuple[int, ...], blocks: int, seed: int = 0
) -> ExpandableHead:
    """Return a head with so many frozen blocks."""
    rng = np.random.default_rng(seed)
    head = ExpandableHead(
        features=features, classes=classes, widths=widths, rng=rng, init_scale=1.0
    )
    for _ in range(blocks):
        head.grow(rng)
        head.freeze()
    return head


def bits_of(features: int, size: int = 16, seed: int = 7) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2, (size, features), dtype=np.uint8)


shapes = {
    "features": st.integers(1, 140),
    "classes": st.integers(1, 5),
    "widths": st.lists(st.integers(1, 70), min_size=1, max_size=3).map(tuple),
    "blocks": st.integers(0, 3),
    "seed": st.integers(0, 2**16),
}


@given(features=shapes["features"], widths=shapes["widths"], seed=shapes["seed"])
def test_a_block_is_a_chain_of_golden_layers(
    features: int, widths: tuple[int, ...], seed: int
) -> None:
    (block,) = grown(features, 2, widths, 1, seed).blocks
    x = expected = bits_of(features, seed=seed)
    for weights in block:
        outputs, inputs = weights.shape
        expected = Dense(DenseParams(inputs=inputs, outputs=outputs), weights).forward(expected)
    np.testing.assert_array_equal(block_bits(block, pack(x)), expected)
    assert expected.shape == (16, widths[-1])


@given(
    features=shapes["features"],
    classes=shapes["classes"],
    hidden=st.integers(1, 70),
    blocks=shapes["blocks"],
    seed=shapes["seed"],
)
def test_blocks_of_one_layer_are_the_golden_head_whose_hidden_layer_is_all_of_them(
    features: int, classes: int, hidden: int, blocks: int, seed: int
) -> None:
    head = grown(features, classes, (hidden,), blocks, seed)
    stacked = np.concatenate(
        [np.zeros((0, features), np.uint8), *(weights for (weights,) in head.blocks)]
    )
    planes = [np.roll(plane, -features, axis=1) for plane in head.plane_bits]
    params = HeadParams(features=features, classes=classes, hidden=blocks * hidden)
    x = bits_of(features, seed=seed)
    expected = Head(params, stacked, *planes).logits(x)
    np.testing.assert_array_equal(head.logits(pack(x)), expected)


@given(**shapes)
def test_training_sees_what_inference_says(
    features: int, classes: int, widths: tuple[int, ...], blocks: int, seed: int
) -> None:
    head = grown(features, classes, widths, blocks, seed)
    x = pack(bits_of(features, seed=seed))
    head.grow(np.random.default_rng(seed), new_classes=classes)
    z = bipolar(head.frozen_bits(x), head.frozen_width)
    hits = {
        label: head.gradients(z, np.full(len(x), label), classes)[1] for label in range(classes)
    }
    head.freeze()
    answers = head.logits(x).argmax(axis=1)
    assert hits == {label: (answers == label).sum() for label in range(classes)}


def test_embedding_and_blocks_lie_side_by_side() -> None:
    head = grown(70, 3, (5, 9), 2)
    x = bits_of(70)
    z = unpack(head.frozen_bits(pack(x)), head.frozen_width)
    parts = [x, *(block_bits(block, pack(x)) for block in head.blocks)]
    np.testing.assert_array_equal(z, np.concatenate(parts, axis=1))
    assert head.frozen_width == 70 + 2 * 9


def test_gradients_of_one_layer_are_those_of_the_head() -> None:
    """`HeadTrainer` is held to automatic differentiation; its concatenation is the other way."""
    features, hidden, classes, seen = 40, 24, 6, 4
    head = grown(features, classes, (hidden,), 0)
    head.grow(np.random.default_rng(1))
    params = HeadParams(features=features, classes=classes, hidden=hidden)
    peer = HeadTrainer(params, np.random.default_rng(0))
    peer.weights = [head.layers[0], np.roll(head.planes, hidden, axis=2)]
    x = pack(bits_of(features))
    labels = np.random.default_rng(3).integers(seen, size=len(x))
    loss, hits, (plane, other, layer) = head.gradients(bipolar(x, features), labels, seen)
    expected_loss, expected_hits, expected = peer.gradients(x, labels, seen)
    assert loss == pytest.approx(expected_loss, rel=1e-6)
    assert hits == expected_hits
    np.testing.assert_allclose(layer, expected[0], rtol=1e-4, atol=1e-8)
    np.testing.assert_allclose(np.roll(plane, hidden, axis=1), expected[1], rtol=1e-4, atol=1e-8)
    np.testing.assert_array_equal(plane, other)


def test_auxiliary_classifier_is_a_head_on_the_new_block_alone() -> None:
    """Its classes are all old ones together, then every new one."""
    head = grown(30, 5, (12,), 1)
    head.grow(np.random.default_rng(1), new_classes=2)
    x = pack(bits_of(30))
    z = bipolar(head.frozen_bits(x), head.frozen_width)
    labels = np.arange(16) % 5
    plain, _, without = head.gradients(z, labels, 5, auxiliary_weight=0)
    loss, _, gradients = head.gradients(z, labels, 5, auxiliary_weight=0.5)
    peer = HeadTrainer(HeadParams(features=12, classes=3, hidden=0), np.random.default_rng(0))
    peer.weights = [np.array(head.auxiliary)]
    own = [0, 0, 0, 1, 2] * 3 + [0]
    new_block = tuple((w >= 0).astype(np.uint8) for w in head.layers)
    new = pack(block_bits(new_block, x))
    expected_loss, _, expected = peer.gradients(new, np.array(own), 3)
    assert loss - plain == pytest.approx(0.5 * expected_loss, rel=1e-5)
    np.testing.assert_allclose(gradients[-1], 0.5 * expected[0], rtol=1e-4, atol=1e-8)
    assert (without[-1] == 0).all()
    assert (gradients[2] != without[2]).any()  # the block learns from it
    np.testing.assert_array_equal(gradients[0], without[0])  # the output layer does not


@pytest.mark.parametrize("widths", [(9,), (11, 9)], ids=["memo", "der"])
def test_gradients_equal_automatic_differentiation(widths: tuple[int, ...]) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch (extra `train`) is not installed")
    features, classes, seen, new_classes = 40, 6, 5, 2
    head = grown(features, classes, widths, 1)
    head.grow(np.random.default_rng(1), new_classes)
    x = pack(bits_of(features))
    z = bipolar(head.frozen_bits(x), head.frozen_width)
    labels = np.random.default_rng(3).integers(seen, size=len(x))
    loss, _, gradients = head.gradients(z, labels, seen, auxiliary_weight=0.7)

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

    weights = [torch.tensor(w, requires_grad=True) for w in head.weights]
    a, b, *layers, first, second = (Sign.apply(w, np.inf) for w in weights)
    new = torch.tensor(z[:, :features])
    for w in layers:
        new = Sign.apply(new @ w.T / np.sqrt(w.shape[1]), 1.0)
    concat = torch.cat([torch.tensor(z), new], dim=1)
    logits = concat @ (a + b)[:seen].T / np.sqrt(5 * 2 * concat.shape[1] * classes)
    aux_logits = new @ (first + second).T / np.sqrt(5 * 2 * widths[-1] * (1 + new_classes))
    own = np.where(labels < seen - new_classes, 0, labels - (seen - new_classes) + 1)
    entropy = torch.nn.functional.cross_entropy
    expected = entropy(logits, torch.tensor(labels)) + 0.7 * entropy(aux_logits, torch.tensor(own))
    expected.backward()
    assert loss == pytest.approx(expected.item(), rel=1e-5)
    for gradient, weight in zip(gradients, weights, strict=True):
        np.testing.assert_allclose(gradient, weight.grad.numpy(), rtol=1e-4, atol=1e-7)


def test_what_is_frozen_stays_and_old_columns_keep_their_weights() -> None:
    head = grown(20, 3, (6,), 1)
    block, plane = head.blocks[0], head.planes[0].copy()
    head.grow(np.random.default_rng(5), new_classes=1)
    np.testing.assert_array_equal(head.planes[0][:, :26], plane)
    assert head.planes[0].shape == (3, 32)
    latent = head.layers[0].copy()
    assert [w.shape for w in head.weights] == [(3, 32)] * 2 + [(6, 20)] + [(2, 6)] * 2
    head.freeze()
    assert head.blocks[0] is block
    np.testing.assert_array_equal(head.blocks[1][0], latent >= 0)
    assert len(head.weights) == 2  # the planes alone go on
    head.freeze()
    assert len(head.blocks) == 2


def test_unseen_classes_get_no_gradient() -> None:
    head = grown(30, 5, (8,), 0)
    head.grow(np.random.default_rng(1))
    x = 2 * bits_of(30).astype(np.float32) - 1
    plane = head.gradients(x, np.arange(16) % 2, 2)[2][0]
    assert (plane[2:] == 0).all()
    assert (plane[:2] != 0).any()
