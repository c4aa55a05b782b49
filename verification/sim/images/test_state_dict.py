# SPDX-License-Identifier: MIT
"""A `state_dict` of PyTorch: its network answers as the module does, and its file runs no code."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch (extra `train`) is not installed")

from golden.thermometer import Thermometer
from sim.data.embed import read_network
from sim.images.state_dict import read_state_dict
from sim.work.errors import UserError

Engram = Callable[..., tuple[int, str, str]]
nn = torch.nn

NETWORK = """\
input: {height: 8, width: 8, channels: 1, bits: 4}
layers:
  - {kind: thermometer, levels: 4}
  - {kind: conv, outputs: 8, padding: valid}
  - {kind: pool, size: 2}
  - {kind: dense, outputs: 30}
head: {classes: 5, hidden: 0}
"""


class Sign(nn.Module):
    def forward(self, x: Any) -> Any:
        return torch.where(x >= 0, 1.0, -1.0)


def made() -> Any:
    """Return a module of convolution, pool, normalisation and sign, with scales of either sign."""
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(4, 8, 3, bias=False), nn.MaxPool2d(2), nn.BatchNorm2d(8), Sign(),
        nn.Flatten(), nn.Linear(72, 30), nn.BatchNorm1d(30), Sign(), nn.Linear(30, 5, bias=False),
    )  # fmt: skip
    for module in model:
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.weight.data = torch.where(module.weight >= 0, 1.0, -1.0)
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            for tensor in (module.weight.data, module.bias.data, module.running_mean):
                tensor.normal_()
            module.running_var.uniform_(0.5, 9)
    return model.eval()


def test_network_of_a_state_dict_answers_as_its_module(engram: Engram, tmp_path: Path) -> None:
    model = made()
    torch.save(model.state_dict(), tmp_path / "model.pt")
    (tmp_path / "net.yaml").write_text(NETWORK)
    line = ["--network", tmp_path / "net.yaml", "--out", tmp_path / "n.bin", "--pool", "sums"]
    status, _, errors = engram("import", "--torch", tmp_path / "model.pt", *line)
    assert (status, errors) == (0, "")
    network = read_network(tmp_path / "n.bin")[0]
    images = np.random.default_rng(0).integers(0, 16, (300, 8, 8, 1), np.uint8)
    first = network.layers[0]
    assert isinstance(first, Thermometer)
    x = torch.from_numpy(2.0 * first.encode(images) - 1).permute(0, 3, 1, 2).float()
    with torch.no_grad():
        features = model[:8](x).numpy()
        logits = model(x).numpy()
    np.testing.assert_array_equal(network.forward(images), features > 0)
    assert network.head is not None
    found = network.head.logits(network.forward(images))
    np.testing.assert_array_equal(found / 2, logits)


def test_a_file_that_would_run_code_is_refused(tmp_path: Path) -> None:
    torch.save(made(), tmp_path / "module.pt")  # a pickle of classes
    with pytest.raises(
        UserError, match=r"module.pt must be a state_dict of PyTorch, as torch.save"
    ):
        read_state_dict(tmp_path / "module.pt")
    (tmp_path / "noise.pt").write_bytes(b"no archive at all")
    with pytest.raises(UserError, match=r"noise.pt must be a state_dict of PyTorch"):
        read_state_dict(tmp_path / "noise.pt")
    torch.save({"weight": 3}, tmp_path / "number.pt")
    with pytest.raises(UserError, match=r"number.pt: weight must be a tensor, not int"):
        read_state_dict(tmp_path / "number.pt")
    torch.save(torch.ones(3), tmp_path / "tensor.pt")
    with pytest.raises(UserError, match=r"tensor.pt must hold a state_dict, not Tensor"):
        read_state_dict(tmp_path / "tensor.pt")
    with pytest.raises(UserError, match=r"absent.pt cannot be read: no such file or directory"):
        read_state_dict(tmp_path / "absent.pt")


def test_a_state_dict_inside_a_checkpoint_is_found(tmp_path: Path) -> None:
    torch.save({"state_dict": made().state_dict()}, tmp_path / "checkpoint.pt")
    arrays = read_state_dict(tmp_path / "checkpoint.pt")
    assert arrays["0.weight"].shape == (8, 4, 3, 3)
