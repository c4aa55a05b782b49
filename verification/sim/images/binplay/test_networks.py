# SPDX-License-Identifier: MIT
"""Sizes of BinPlay's networks, to the last parameter (binplay, Table 3)."""

import pytest

torch = pytest.importorskip("torch", reason="PyTorch (extra `train`) is not installed")

from sim.images.binplay.networks import (
    FrameShape,
    classifier,
    decoder,
    decoder_macs,
    encoder,
    parameter_count,
)

MNIST, CIFAR = FrameShape(28, 1), FrameShape(32, 3)


@pytest.mark.parametrize(
    ("shape", "latent", "parameters", "megabytes"),
    [(MNIST, 200, 1_217_796, 4.6), (CIFAR, 1000, 5_520_788, 21.0)],
    ids=["mnist", "cifar10"],
)
def test_decoders_of_table_3(
    shape: FrameShape, latent: int, parameters: int, megabytes: float
) -> None:
    found = parameter_count(decoder(shape, latent, 10, 32))
    assert found == parameters
    # The paper cuts off MiB after the first digit or rounds them: 4.646 and 21.060.
    assert abs(4 * found / 2**20 - megabytes) < 0.07


def test_decoder_of_the_appendix_is_five_times_as_large() -> None:
    """512, 768 and 640 features are d = 128."""
    assert round(4 * parameter_count(decoder(CIFAR, 1000, 10, 128)) / 2**20, 1) == 109.1


def test_multiplications_of_a_decoded_digit() -> None:
    assert round(decoder_macs(decoder(MNIST, 200, 10, 32), 210) / 1e6) in (243, 244)


@pytest.mark.parametrize("shape", [MNIST, CIFAR], ids=["mnist", "cifar10"])
def test_shapes(shape: FrameShape) -> None:
    images = torch.zeros(2, shape.channels, shape.side, shape.side)
    code = encoder(shape, 50)(images)
    assert code.shape == (2, 50)
    assert decoder(shape, 50, 10, 2)(torch.zeros(2, 60)).shape == images.shape
    assert classifier(shape, 10, 0.5)(images).shape == (2, 10)
    features = {28: 1152, 32: 2048}[shape.side]
    assert parameter_count(classifier(shape, 10, 0.5)) > 84 * features
