# SPDX-License-Identifier: MIT
"""Residual networks with binarizers: bits equal to NumPy's, gradients by hand, both phases."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch (extra `train`) is not installed")

from golden.bits import unpack
from sim.data.bank_file import read_bank
from sim.data.binarizers import ROUNDINGS, HeavisideBinarizer, ThermometerBinarizer
from sim.images.pretrain.train import ImageTrainer
from sim.images.resnet import training
from sim.images.resnet.model import BinarizedResNet, ResNet
from sim.images.resnet.through import Binarizer, Heaviside, Thermometer
from verification.sim.small_cifar import write_small_cifar

Engram = Callable[..., tuple[int, str, str]]

CONFIG = """\
title: A small residual network
classes: {data: cifar100, order: 1993, base: 4}
width: 4
blocks: [1, 1]
thermometer: [2]
heaviside: [1]
training: {epochs: 2, batch: 8, every: 1, precision: float32}
through: {epochs: 2, batch: 8, precision: float32}
"""


def small_network(binarizer: Callable[[int], Binarizer] | None = None) -> BinarizedResNet:
    torch.manual_seed(0)
    features = ResNet(3, 4, [1, 1])
    features.stages[-1].norms[1].bias.data.fill_(0.3)  # embeddings on both sides of a half
    coder = None if binarizer is None else binarizer(features.features)
    return BinarizedResNet(features, coder, classes=5, full_scale=255).eval()


def images(count: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, 32, 32, 3)).astype(np.uint8)


def test_reference_network_is_resnet_18_for_small_images() -> None:
    network = BinarizedResNet(ResNet(3, 64, [2, 2, 2, 2]), None, classes=10, full_scale=255)
    assert network.features.features == 512
    # The count of the usual CIFAR form with ten classes (public code: kuangliu/pytorch-cifar).
    assert sum(weights.numel() for weights in network.parameters()) == 11_173_962


def test_each_stage_doubles_the_channels_on_half_the_resolution() -> None:
    network = ResNet(3, 4, [2, 1, 1])
    shapes = []
    for stage in network.stages:
        stage.register_forward_hook(lambda *hooked: shapes.append(tuple(hooked[2].shape[1:])))
    embeddings = network(torch.zeros(2, 3, 32, 32))
    assert shapes == [(4, 32, 32), (4, 32, 32), (8, 16, 16), (16, 8, 8)]
    assert tuple(embeddings.shape) == (2, network.features) == (2, 16)
    assert (embeddings >= 0).all()


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("p", [1, 2, 3, 4, 5, 7])
def test_thermometer_has_the_bits_of_the_plain_one_at_every_edge(p: int, rounding: str) -> None:
    code = ThermometerBinarizer(p, rounding)
    edges = code.thresholds.astype(np.float32)
    around = [np.nextafter(edges, np.float32(end)) for end in (-1, 2)]
    z = np.concatenate([edges, *around, np.linspace(-0.5, 1.5, 997, dtype=np.float32)])
    z = np.resize(z, (300, 4))
    layer = Thermometer(code, 4)
    bits = layer.bits(torch.from_numpy(z)).numpy()
    np.testing.assert_array_equal(bits, code.encode(z))
    np.testing.assert_allclose(layer(torch.from_numpy(z)).numpy(), code.decode(bits), rtol=1e-6)


def test_heaviside_has_the_bits_of_the_plain_one() -> None:
    rng = np.random.default_rng(2)
    layer = Heaviside(5, 3)
    weights, biases, z = (  # integers: exact in any order of the sums, zero included
        rng.integers(-3, 4, shape).astype(np.float32) for shape in ((15, 5), 15, (200, 5))
    )
    layer.filters.weight.data, layer.filters.bias.data = map(torch.from_numpy, (weights, biases))
    expected = HeavisideBinarizer(weights, biases).encode(z)
    np.testing.assert_array_equal(layer.bits(torch.from_numpy(z)).numpy(), expected)
    signs = layer(torch.from_numpy(z)).detach().numpy()
    np.testing.assert_array_equal(signs, 2 * expected.astype(int) - 1)


def test_gradient_passes_a_thermometer_unchanged_clipped_features_too() -> None:
    z = torch.tensor([[-1.0, 0.2, 0.7, 3.0]], requires_grad=True)
    upstream = torch.tensor([[1.0, -2.0, 3.0, 0.5]])
    (Thermometer(ThermometerBinarizer(2), 4)(z) * upstream).sum().backward()
    assert z.grad.tolist() == upstream.tolist()


def test_gradient_passes_a_heaviside_step_in_its_window_alone() -> None:
    layer = Heaviside(1, 3)
    layer.filters.weight.data = torch.tensor([[1.0], [2.0], [-4.0]])
    layer.filters.bias.data = torch.zeros(3)
    z = torch.tensor([[0.5]], requires_grad=True)  # projected to 0.5, 1 and -2
    (layer(z) * torch.tensor([[3.0, 5.0, 7.0]])).sum().backward()
    assert z.grad.tolist() == [[3 * 1 + 5 * 2]]
    assert layer.filters.weight.grad.tolist() == [[3 * 0.5], [5 * 0.5], [0]]
    assert layer.filters.bias.grad.tolist() == [3, 5, 0]


@pytest.mark.parametrize("p", [1, 2, 4])
def test_whole_network_stores_the_plain_code_and_classifies_what_it_decodes_to(p: int) -> None:
    code = ThermometerBinarizer(p)
    network = small_network(lambda features: Thermometer(code, features))
    pixels = images(20)
    with torch.no_grad():
        embeddings = network.embed(torch.from_numpy(pixels)).numpy()
        logits = network(torch.from_numpy(pixels)).numpy()
        expected = code.encode(embeddings)
        decoded = torch.from_numpy(code.decode(expected).astype(np.float32))
        again = network.output(decoded).numpy()
    bits = unpack(network.bits(pixels), p * embeddings.shape[1])
    assert 0 < bits.mean() < 1
    np.testing.assert_array_equal(bits, expected)
    np.testing.assert_allclose(logits, again, atol=1e-6)


def test_gradient_reaches_the_features_through_the_bits() -> None:
    network = small_network(lambda features: Thermometer(ThermometerBinarizer(1), features))
    network.train()
    network(torch.from_numpy(images(8))).square().sum().backward()
    assert network.features.stem[0].weight.grad.abs().sum() > 0


@pytest.fixture
def resnet(engram: Engram, tmp_path: Path) -> Engram:
    """`engram resnet` of the small configuration on a small archive, into a named folder."""
    write_small_cifar(tmp_path / "data")
    (tmp_path / "a.yaml").write_text(CONFIG)

    def call(out: str, *arguments: object) -> tuple[int, str, str]:
        return engram(
            "resnet", tmp_path / "a.yaml", "--data-dir", tmp_path / "data",
            "--out", tmp_path / out, *arguments,
        )  # fmt: skip

    return call


def test_command_writes_banks_weights_and_the_table(resnet: Engram, tmp_path: Path) -> None:
    status, text, err = resnet("out")
    assert (status, err) == (0, "")
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    names = ("heaviside_1", "thermometer_2")
    assert written == sorted(
        [f"{n}.{end}" for n in names for end in ("bin", "pt")] + ["report.md", "results.json"]
    )
    for name, features in zip(names, (8, 16), strict=True):
        bank = read_bank(tmp_path / "out" / f"{name}.bin")
        assert (bank.features, len(bank.train), len(bank.test)) == (features, 300, 100)
        assert bank.pretraining["binarizer"] == name
    # Bit 2i + 1 of a thermometer is set where bit 2i is.
    low, high = unpack(read_bank(tmp_path / "out/thermometer_2.bin").train, 16).reshape(-1, 2).T
    assert (high <= low).all()
    rows = json.loads((tmp_path / "out" / "results.json").read_text())["rows"]
    assert [(row["binarizer"], row["bits"]) for row in rows] == [
        ("none", None), ("thermometer, p = 2", 16), ("Heaviside, f = 1", 8),
    ]  # fmt: skip
    report = (tmp_path / "out" / "report.md").read_text()
    assert "| none |  |  | " in report
    assert "| thermometer, p = 2 | 16 | " in report
    assert "| Heaviside, f = 1 | 8 |  | " in report
    assert "\n- width: 4, not 64\n" in report
    assert not (tmp_path / "out.partial").exists()


def test_interrupted_command_goes_on_with_the_same_bits(
    resnet: Engram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resnet("whole")
    step, done = ImageTrainer.step, []

    def step_three_times(trainer: ImageTrainer, report: Callable[[int, int], None]) -> object:
        if len(done) == 3:
            raise KeyboardInterrupt
        done.append(trainer)
        return step(trainer, report)

    with monkeypatch.context() as interrupted:
        interrupted.setattr(ImageTrainer, "step", step_three_times)
        assert resnet("parts")[0] == 130
    assert "go on with --resume" in resnet("parts")[2]
    status, text, err = resnet("parts", "--resume")
    assert (status, err) == (0, "")
    assert "Going on: 1 epochs of thermometer_2 are done." in text
    for name in ("heaviside_1.bin", "thermometer_2.bin"):
        whole, parts = (tmp_path / out / name for out in ("whole", "parts"))
        assert read_bank(whole).train.tolist() == read_bank(parts).train.tolist()


def test_several_processes_train_the_same_networks(resnet: Engram, tmp_path: Path) -> None:
    changes = ("--set", "heaviside=[1,2]", "--set", "thermometer=[1]")
    resnet("one", *changes)
    status, text, err = resnet("more", *changes, "--jobs", 2)
    assert (status, err) == (0, "")
    assert "heaviside_2 is trained." in text
    for name in ("heaviside_1", "heaviside_2", "thermometer_1"):
        one, more = (read_bank(tmp_path / out / f"{name}.bin") for out in ("one", "more"))
        np.testing.assert_array_equal(one.train, more.train)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--set", "classes.base=101"), "classes.base must be at most the 100 of cifar100"),
        (("--set", "rounding=up"), "rounding"),
        (("--set", "thermometer=[0]"), "thermometer.0"),
        (("--device", "tpu"), "--device must be cpu or cuda, not 'tpu'"),
    ],
    ids=["base", "rounding", "thermometer", "device"],
)
def test_mistakes_are_told_and_write_nothing(
    resnet: Engram, tmp_path: Path, arguments: tuple[str, str], message: str
) -> None:
    status, _, err = resnet("out", *arguments)
    assert status == 2
    assert message in err
    assert not (tmp_path / "out").exists()


def test_rate_falls_in_steps(resnet: Engram, monkeypatch: pytest.MonkeyPatch) -> None:
    step, rates = ImageTrainer.step, []

    def note(trainer: ImageTrainer, report: Callable[[int, int], None]) -> object:
        epoch = step(trainer, report)
        rates.append(epoch.learning_rate)
        return epoch

    monkeypatch.setattr(ImageTrainer, "step", note)
    resnet("out", "--set", "heaviside=[]", "--set", "training.epochs=3")
    # Three epochs, of a tenth each time, then two of the second phase.
    assert rates == pytest.approx([0.1, 0.01, 0.001, 0.01, 0.01])


def test_a_process_that_is_killed_is_told(
    resnet: Engram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "_leave", _die)
    status, _, err = resnet("out", "--jobs", 2)
    assert status == 2
    assert "ended from outside" in err
    assert "--resume" in err


def _die(made: object, network: tuple[str, int]) -> str:
    os.kill(os.getpid(), signal.SIGKILL)
    return ""
