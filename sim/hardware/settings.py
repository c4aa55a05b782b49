# SPDX-License-Identifier: MIT
"""Parameters of a block from a YAML file, checked key by key against the block's own dataclasses.

The file holds ``block: NAME``. Under ``parameters`` it lists only the values that differ from a
size of the catalogue.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from golden.params import (
    CorrelatedSamplerParams,
    LatentBufferParams,
    NetworkParams,
    PrototypesParams,
    SamplerParams,
    TrainerParams,
)
from golden.params.faults import MOST_PLANES
from rtl.catalogue import BLOCKS, SIZES
from sim.documents.block_file import arguments_section, check_name, read_block
from sim.documents.parameters import ParametersSection
from sim.hardware.fitting import FITTED, SHAPE, fitted
from sim.work.errors import UserError

__all__ = ["MOST_ROWS", "check_size", "load_block"]

#: Rows of the largest memory of a block. Amaranth makes an object of every row: this many take
#: minutes and gigabytes.
MOST_ROWS = 2**18

# Largest values of parameters that decide the width of a signal, a class for each word of a table,
# or the rows of a memory alone.
_MOST = {
    "batch": 2**12,
    "channels": 2**12,
    "classes": 2**16,
    "fraction": 2**6,
    "inputs": 2**12,
    "map_depth": MOST_ROWS,
    "program_depth": 2**12,
    "row_width": 2**12,
    "rows": MOST_ROWS,
    "secded": MOST_PLANES,
    "simd": 2**10,
    "tag": 2**10,
    "tile_depth": MOST_ROWS,
    "weight_depth": MOST_ROWS,
    "width": 2**6,
}

# What makes the rows of the memories whose size several parameters decide together.
_FACTORS = {
    LatentBufferParams: "classes x exemplars x features / lanes",
    PrototypesParams: "components x features / lanes",
    TrainerParams: "classes x features / lanes",
}


# A sampler of which a factor is named is the one with factors.
_LARGER = {SamplerParams: CorrelatedSamplerParams}


def check_size(size: str) -> None:
    """Refuse a size that the catalogue does not have.

    Raises
    ------
    UserError
        If it is none of `rtl.catalogue.SIZES`.
    """
    if size not in SIZES:
        raise UserError(f"--size must be one of {', '.join(SIZES)}, not {size!r}")


def load_block(
    name: str | None, size: str, config: Path | None, network: NetworkParams | None = None
) -> tuple[str, dict[str, Any]]:
    """Return the name of a block and the arguments of its constructor.

    Parameters
    ----------
    name : str, optional
        Name of the block. By default the block that the file names. Without a file, the default is
        the last block of the catalogue, which contains all others.
    size : str
        One of `rtl.catalogue.SIZES`.
    config : Path, optional
        YAML file with the parameters that differ from that size.
    network : NetworkParams, optional
        A network that the block is to run. Parameters that the file does not name then fit it.

    Raises
    ------
    UserError
        If the block is unknown, runs no network, or a value does not fit; the message names key and
        line.
    """
    if config is None:
        name = name or list(BLOCKS)[-1]
        check_name(name, BLOCKS)
        return name, _defaults(name, size, network, {})
    return read_block(
        config, name, BLOCKS, lambda block, given: _schema(_defaults(block, size, network, given))
    )


def _schema(arguments: Mapping[str, Any]) -> type[ParametersSection]:
    return arguments_section(arguments, _check_room, _MOST, _LARGER)


def _defaults(
    name: str, size: str, network: NetworkParams | None, given: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the arguments of a block before a file changes them.

    Parameters
    ----------
    name, size : str
    network : NetworkParams or None
    given : mapping
        Content of that file, not yet checked.
    """
    arguments = BLOCKS[name].arguments(size)
    if network is None:
        return arguments
    if name not in FITTED:
        raise UserError(f"--network must go with the block network or chip, not {name}")
    machine: Any = given
    for key in ("parameters", *(("accelerator",) if name == "chip" else ())):
        machine = machine.get(key) if isinstance(machine, Mapping) else None
    named = machine if isinstance(machine, Mapping) else {}
    unit = named.get("mvu")
    named = {**named, **(unit if isinstance(unit, Mapping) else {})}
    shape = {key: named[key] for key in SHAPE if type(named.get(key)) is int}
    try:
        params = fitted(arguments["params"], network, shape)
    except ValueError as error:
        raise UserError(f"{name} cannot be made for the network: {error}") from error
    own = params.accelerator if name == "chip" else params
    for what, rows in (
        ("feature memories", own.map_depth),
        ("weight memory", own.mvu.weight_depth),
        ("threshold memory", own.mvu.tile_depth),
    ):
        if rows > MOST_ROWS:
            raise UserError(
                f"{name} cannot be made for the network: its {what} must have at most {MOST_ROWS} "
                f"rows, not {rows}"
            )
    return {"params": params}


def _check_room(params: Any) -> None:
    """Refuse a memory of more rows than can be described one by one."""
    if type(params) in _FACTORS and params.rows > MOST_ROWS:
        raise ValueError(
            f"{_FACTORS[type(params)]}, the rows of its memory, must be at most {MOST_ROWS}, not "
            f"{params.rows}"
        )
