# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""Networks of one bit that Brevitas trains and exports itself.

    python -m verification.sim.exchange.brevitas_models FOLDER [--dynamo] [--data-dir DIR]

writes `tfc.onnx` and `cnv.onnx`: a perceptron of three layers, and convolutions with a pool over
inputs of 8 bits, each a small sister of the networks TFC-1W1A and CNV-1W1A of Brevitas' examples,
trained on the digits of scikit-learn. With the folder of MNIST, it also writes `mnist.onnx`, the
perceptron on MNIST. `--dynamo` takes PyTorch's newer exporter. It needs brevitas, onnxoptimizer,
onnxscript and torch.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import brevitas.nn as qnn
import torch
from brevitas.export import export_qonnx
from brevitas.quant import (
    Int8ActPerTensorFixedPoint,
    SignedBinaryActPerTensorConst,
    SignedBinaryWeightPerTensorConst,
)
from torch import Tensor, nn

from sim.data.datasets import ImageSet, load

__all__ = ["main", "trained"]


class _Weights(SignedBinaryWeightPerTensorConst):
    scaling_const = 1.0


class _Bits(SignedBinaryActPerTensorConst):
    scaling_const = 1.0


class _Signed(Int8ActPerTensorFixedPoint):
    scaling_init = 1.0  # pyright: ignore[reportAssignmentType]
    scaling_impl_type = "const"


class TensorNorm(nn.Module):
    """Normalisation of all classes by one mean, one deviation, one scale and one shift."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))
        self.shift = nn.Parameter(torch.zeros(1))
        self.register_buffer("mean", torch.zeros(1))
        self.register_buffer("variance", torch.ones(1))

    def forward(self, x: Tensor) -> Tensor:
        mean, variance = self.mean, self.variance
        if self.training:
            mean, variance = x.mean().reshape(1), x.var().reshape(1)
            self.mean = 0.9 * self.mean + 0.1 * mean.detach()
            self.variance = 0.9 * self.variance + 0.1 * variance.detach()
        return (x - mean) / torch.sqrt(variance + 1e-4) * self.scale + self.shift


def _neurons(layer: nn.Module, norm: nn.Module) -> list[nn.Module]:
    return [layer, norm, qnn.QuantIdentity(act_quant=_Bits)]


def _dense(inputs: int, outputs: int) -> nn.Module:
    return qnn.QuantLinear(inputs, outputs, bias=False, weight_quant=_Weights)


def _conv(inputs: int, outputs: int, kernel: int) -> nn.Module:
    return qnn.QuantConv2d(inputs, outputs, kernel, bias=False, weight_quant=_Weights)


class Perceptron(nn.Module):
    """Pixels of one bit, and three hidden layers."""

    def __init__(self, pixels: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [qnn.QuantIdentity(act_quant=_Bits)]
        for inputs in (pixels, 64, 64):
            layers += _neurons(_dense(inputs, 64), nn.BatchNorm1d(64))
        self.layers = nn.Sequential(*layers, _dense(64, 10), TensorNorm())

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(2 * x.flatten(1) - 1)


class Convolutions(nn.Module):
    """Pixels of 8 signed bits, three convolutions, a pool, a dense layer."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            qnn.QuantIdentity(act_quant=_Signed),
            *_neurons(_conv(1, 16, 3), nn.BatchNorm2d(16)),
            *_neurons(_conv(16, 16, 3), nn.BatchNorm2d(16)),
            nn.MaxPool2d(2),
            *_neurons(_conv(16, 32, 2), nn.BatchNorm2d(32)),
            nn.Flatten(),
            *_neurons(_dense(32, 64), nn.BatchNorm1d(64)),
            _dense(64, 10),
            TensorNorm(),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(2 * x - 1)


def trained(
    make: Callable[[], nn.Module], data: ImageSet, epochs: int, batch_size: int
) -> nn.Module:
    """Return a network after training, ready to be exported.

    Parameters
    ----------
    make : callable
        Returns a new network.
    data : ImageSet
    epochs, batch_size : int
    """
    torch.set_num_threads(1)
    torch.manual_seed(1)
    images = torch.from_numpy(data.train_images).permute(0, 3, 1, 2) / (2**data.pixel_bits - 1)
    labels = torch.from_numpy(data.train_labels)
    model = make()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.weight.data[::2] = -1  # training keeps the signs of most scales
    optimiser = torch.optim.Adam(model.parameters(), 0.01)
    for _ in range(epochs):
        for batch in torch.randperm(len(images)).split(batch_size):
            if len(batch) < batch_size:
                continue
            optimiser.zero_grad()
            nn.functional.cross_entropy(model(images[batch]), labels[batch]).backward()
            optimiser.step()
            with torch.no_grad():
                for name, weights in model.named_parameters():
                    if weights.ndim > 1 and "weight" in name:
                        weights.clamp_(-1, 1)
    return model.eval()


def main() -> None:
    """Train and export the networks."""
    parser = argparse.ArgumentParser(prog="python -m verification.sim.exchange.brevitas_models")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--dynamo", action="store_true")
    parser.add_argument("--data-dir", type=Path)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    digits = load("digits")
    models = {
        "tfc": trained(lambda: Perceptron(64), digits, 8, 32),
        "cnv": trained(Convolutions, digits, 8, 32),
    }
    if options.data_dir is not None:
        mnist = load("mnist", options.data_dir)
        models["mnist"] = trained(lambda: Perceptron(784), mnist, 3, 100)
    for name, model in models.items():
        side = 28 if name == "mnist" else 8
        path = str(options.folder / f"{name}.onnx")
        image = torch.zeros(1, 1, side, side)
        export_qonnx(model, image, export_path=path, dynamo=options.dynamo)


if __name__ == "__main__":
    main()
