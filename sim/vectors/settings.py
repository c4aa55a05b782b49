# SPDX-License-Identifier: MIT
"""What a user says of a block: the parameters of a YAML file, and the network."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from golden.network import Network
from golden.params import MvuParams
from sim.data.embed import read_network
from sim.data.networks import BUILT_IN, load_network
from sim.data.shipped import shipped_names, shipped_or_path
from sim.documents.block_file import arguments_section, read_block
from sim.documents.parameters import ParametersSection
from sim.vectors.blocks import BLOCKS
from sim.work.errors import UserError

__all__ = ["load_arguments", "load_weights"]

# Largest values of parameters; all vectors of a block are in memory at once.
_MOST = {
    "batch": 2**10,
    "channels": 2**10,
    "classes": 2**10,
    "code_width": 16,
    "components": 2**12,
    "exemplars": 2**10,
    "features": 2**12,
    "height": 2**8,
    "hidden": 2**10,
    "inputs": 2**12,
    "levels": 2**10,
    "outputs": 2**12,
    "slots": 2**10,
    "width": 2**8,
    "draws_per_read": 2**10,
}
_MOST_ROWS = 2**16


def load_arguments(name: str, config: Path | None) -> dict[str, Any]:
    """Return the arguments of a block: its defaults, or what a YAML file says.

    Parameters
    ----------
    name : str
        One of `BLOCKS`.
    config : Path, optional
        File with the parameters that are not the defaults; ``engram rtl`` reads the same form.

    Raises
    ------
    UserError
        If the file is of another block or a value does not fit; the message names key and line.
    """
    arguments = dict(BLOCKS[name].arguments)
    if config is None:
        return arguments
    if name == "network":
        raise UserError("--config must be left out of the block network: name it with --network")
    found = read_block(config, name, BLOCKS, lambda block, _: _schema(block))[1]
    if getattr(found["params"], "real", False):
        raise UserError(f"{config}: widths must be integers: vectors are those of integers")
    _check_fold(found, config)
    return found


def load_weights(source: str | None, seed: int) -> Network:
    """Return the network of the block network.

    Parameters
    ----------
    source : str or None
        Name of a shipped network or a network file; or a description, a built-in one or a YAML
        file, whose weights are drawn. None takes the default description.
    seed : int
        Decides drawn weights.

    Raises
    ------
    UserError
        If there is no such network.
    """
    name = source or str(BLOCKS["network"].arguments["network"])
    described = name.endswith((".yaml", ".yml")) or (BUILT_IN / f"{name}.yaml").exists()
    if described:
        return Network.random(load_network(name), np.random.default_rng([seed, 1]))
    path = shipped_or_path(name, "network.bin")
    if not path.exists():
        descriptions = sorted(file.stem for file in BUILT_IN.glob("*.yaml"))
        known = ", ".join([*shipped_names(), *descriptions])
        raise UserError(
            f"--network must be a network file, a .yaml file or one of {known}, not {name!r}"
        )
    return read_network(path)[0]


def _schema(name: str) -> type[ParametersSection]:
    return arguments_section(BLOCKS[name].arguments, _check_room, _MOST)


def _check_room(params: Any) -> None:
    """Refuse memories of more rows than vectors can list."""
    rows = getattr(params, "rows", 0)
    if rows > _MOST_ROWS:
        raise ValueError(f"the rows of its memory must be at most {_MOST_ROWS}, not {rows}")


def _check_fold(arguments: Mapping[str, Any], config: Path) -> None:
    """Refuse a layer that does not fit the memories of its matrix-vector unit."""
    unit = arguments["params"]
    if not isinstance(unit, MvuParams):
        return
    if unit.weight_reuse != 1:
        raise UserError(
            f"{config}: parameters.weight_reuse must be 1, not {unit.weight_reuse}: the steps of "
            "these vectors go neuron by neuron, and reuse no weights"
        )
    inputs, outputs = arguments["inputs"], arguments["outputs"]
    tiles = -(-outputs // unit.pe)
    rows = tiles * -(-inputs // unit.simd)
    for key, value, most in (
        ("weight_depth", rows, unit.weight_depth),
        ("tile_depth", tiles, unit.tile_depth),
    ):
        if value > most:
            raise UserError(
                f"{config}: parameters.{key} must be at least {value} for {inputs} inputs and "
                f"{outputs} outputs, not {most}"
            )
    if inputs >= 1 << unit.count_width:
        raise UserError(
            f"{config}: parameters.count_width must be at least {inputs.bit_length()} for {inputs} "
            f"inputs, not {unit.count_width}"
        )
