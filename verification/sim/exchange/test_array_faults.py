# SPDX-License-Identifier: MIT
"""Arrays that do not fit their description, and archives at fault, are refused by messages."""

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import pytest

from golden.params import NetworkParams
from sim.exchange.arrays import LayerArrays, import_arrays
from sim.exchange.names import by_name, read_npz
from sim.work.errors import UserError
from verification.sim.exchange.drawn_arrays import DESCRIPTION, PARAMS, drawn

Engram = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({3: None}, "Layer 3 must have arrays"),
        ({2: LayerArrays()}, "Layer 2 has no neurons and must have no arrays"),
        ({"head": LayerArrays()}, "The head: it must have one of weight and kernel"),
        (
            {6: LayerArrays(weight=np.ones((20, 49)))},
            r"Layer 6: weight must have the shape \(20, 108\), not \(20, 49\)",
        ),
        (
            {6: LayerArrays(weight=np.ones((20, 108)), gamma=np.ones(20))},
            "Layer 6: gamma and beta must go with mean and variance",
        ),
        (
            {"head": LayerArrays(weight=np.ones((4, 20)), bias=np.arange(4.0))},
            "The head: logits must be sums times one scale of all classes plus one bias of all",
        ),
    ],
)
def test_arrays_that_do_not_fit(change: dict[int | str, Any], message: str) -> None:
    layers = {place: own for place, own in (drawn() | change).items() if own is not None}
    with pytest.raises(ValueError, match=message):
        import_arrays(PARAMS, layers, pool="bits")


def test_the_place_of_a_pool_must_be_said_where_it_matters() -> None:
    message = "Layer 1: a pool follows, and a scale is negative: say with --pool whether it takes "
    with pytest.raises(ValueError, match=message):
        import_arrays(PARAMS, drawn())
    rising = drawn(rising=True)
    assert import_arrays(PARAMS, rising).to_bytes() == (
        import_arrays(PARAMS, rising, pool="bits").to_bytes()
    )


@pytest.mark.parametrize("place", [1, 3])
def test_a_pool_that_follows_no_neurons_is_refused(place: int) -> None:
    layers = list(DESCRIPTION["layers"][:3])
    layers.insert(place, {"kind": "pool", "size": 2})
    params = NetworkParams.from_description({**DESCRIPTION, "layers": layers, "head": None})
    neurons = layers.index(DESCRIPTION["layers"][1])
    message = f"Layer {place}: a pool must follow neurons, a layer conv or dense"
    with pytest.raises(ValueError, match=message):
        import_arrays(params, {neurons: drawn()[1]}, pool="bits")


def test_a_pool_with_a_window_of_1_changes_nothing() -> None:
    layers = [*DESCRIPTION["layers"][:2], {"kind": "pool", "size": 1}]
    params = NetworkParams.from_description({**DESCRIPTION, "layers": layers, "head": None})
    plain = NetworkParams.from_description({**DESCRIPTION, "layers": layers[:2], "head": None})
    found, expected = (import_arrays(each, {1: drawn()[1]}) for each in (params, plain))
    assert found.to_bytes() == expected.to_bytes()


@pytest.mark.parametrize(("variance", "epsilon"), [(-1.0, 1e-5), (0.0, 0.0), (-1e-5, 1e-5)])
def test_a_variance_that_is_not_above_0_is_refused(variance: float, epsilon: float) -> None:
    layers = drawn()
    own = layers[6]
    assert own.variance is not None
    changed = own.variance.copy()
    changed[7] = variance
    layers[6] = replace(own, variance=changed)
    message = r"Layer 6: variance plus epsilon must be above 0, not \S+ for output 7"
    with pytest.raises(ValueError, match=message):
        import_arrays(PARAMS, layers, epsilon=epsilon, pool="bits")


@pytest.mark.parametrize("name", ["conv1/kernel", "layer01.kernel", "layer\u0661.kernel"])
def test_names_of_arrays_that_nobody_knows(name: str) -> None:
    """`layer01` would be a second name of layer 1, whose arrays one would silently replace."""
    with pytest.raises(
        ValueError, match=r"arrays must be named layerN.PART or head.PART, PART one"
    ):
        by_name({"layer1.kernel": np.zeros(3), name: np.ones(3)})


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ([], "engram import must be given MODEL, a file of ONNX or .npz, or --torch, and it has n"),
        (["a.npz"], "a.npz needs --network, the description of its layers"),
        (["a.npz", "--network", "fbnn-S", "--check", "digits"], "--check must be left out beside"),
        (
            ["a.npz", "--network", "fbnn-S", "--bits", "8"],
            "--bits must be left out beside arr",
        ),
        (["a.npz", "--network", "fbnn-S", "--raw"], "--raw must be left out beside arrays: the "),
        (["a.npz", "--network", "fbnn-S", "--layout", "NCHW"], "--layout must be left out beside"),
        (["a.npz", "--network", "fbnn-S", "--images", "9"], "--images must be left out beside"),
        (
            ["b.npz", "--network", "net.yaml", "--out", "net.yaml"],
            "--out must not be the description, net.yaml",
        ),
        (
            ["a.npz", "--network", "fbnn-S", "--pool", "all"],
            "--pool must be sums or bits, not 'all",
        ),
        (["a.npz", "--network", "fbnn-S"], "a.npz cannot be read: no such file or directory"),
        (["b.npz", "--network", "fbnn-S"], "b.npz must be an archive .npz of arrays: it begins "),
        (["c.npz", "--network", "fbnn-S"], "c.npz must be an archive .npz of arrays: "),
        (["d.npz", "--network", "fbnn-S"], "d.npz: arrays must be named layerN.PART or head.PART"),
        (["e.npz", "--network", "fbnn-S"], "e.npz: x must be an array of numbers, not of <U1"),
    ],
)
def test_faults_of_the_command_line(
    engram: Engram, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, line: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("b.npz").write_bytes(b"ENGRAMNN")
    Path("net.yaml").write_text(str(DESCRIPTION).replace("True", "true"))
    Path("c.npz").write_bytes(b"PK" * 40)
    np.savez("d.npz", x=np.ones(3))
    np.savez("e.npz", x=np.array(["a"]))
    before = sorted(tmp_path.iterdir())
    status, told, errors = engram("import", *line)
    assert (status, told) == (2, "")
    assert errors.startswith(f"engram: {message}")
    assert sorted(tmp_path.iterdir()) == before


def _member(name: str, content: bytes) -> bytes:
    """Return an archive of one member."""
    file = io.BytesIO()
    with ZipFile(file, "w") as archive:
        archive.writestr(name, content)
    return file.getvalue()


def _array() -> bytes:
    file = io.BytesIO()
    np.save(file, np.ones(3))
    return file.getvalue()


def _flagged(offset: int, flag: int) -> bytes:
    """Return an archive whose headers, in front of the member and at the end, have a flag."""
    content = bytearray(_member("x.npy", _array()))
    for begin, place in ((content.find(b"PK\3\4"), offset), (content.find(b"PK\1\2"), offset + 2)):
        content[begin + place] = flag
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (_member("notes.txt", b"text"), "must hold arrays, files .npy, alone: notes.txt is none"),
        (_flagged(6, 1), "must be an archive .npz of arrays: .* encrypted"),
        (_flagged(8, 97), "must be an archive .npz of arrays: .*compression"),
        (
            _member("x.npy", _array().replace(b"(3,)", b"(3,(")),
            "must be an archive .npz of arrays: .*EOF in multi-line statement",
        ),
        (
            _member("x.npy", _array().replace(b"(3,), }" + b" " * 13, b"(99999999999999,), }")),
            "must be an archive .npz of arrays: ",
        ),
        (
            _member("x.npy", _array().replace(b"<f8", b"<q9")),
            "must be an archive .npz of arrays: ",
        ),
        (_member("x.npy", _array()[:-8]), "must be an archive .npz of arrays: "),
    ],
)
def test_archives_at_fault_are_refused(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(content)
    with pytest.raises(UserError, match=f"a.npz {message}"):
        read_npz(path)
