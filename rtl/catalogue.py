# SPDX-License-Identifier: MIT
"""Every block by its name, in three sizes: what ``engram rtl`` builds, and how its cost is told."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, is_dataclass, replace
from typing import Any

from amaranth.lib import wiring

from golden.params import stream_params
from rtl.lfsr import Lfsr

__all__ = ["BLOCKS", "SIZES", "Block", "plain"]

SIZES = ("tiny", "small", "full")


@dataclass(frozen=True, kw_only=True)
class Block:
    """A block and the arguments of its constructor at every size.

    Parameters
    ----------
    component : callable
        Constructor.
    full : mapping of str to Any
        Its arguments at the size that the reports speak of: dataclasses of parameters, integers.
    small, tiny : mapping of str to Any
        What differs from them, fields of dataclasses as mappings of their own.
    unit : str
        What the cost of the block is divided by, such as "lane"; empty if by nothing.
    units : callable
        How many of those there are, by the arguments.
    """

    component: Callable[..., wiring.Component]
    full: Mapping[str, Any]
    small: Mapping[str, Any] = field(default_factory=dict)
    tiny: Mapping[str, Any] = field(default_factory=dict)
    unit: str = ""
    units: Callable[[Mapping[str, Any]], int] = lambda _: 1

    def arguments(self, size: str) -> dict[str, Any]:
        """Return the constructor's arguments at one of `SIZES`."""
        differences = {"tiny": self.tiny, "small": self.small, "full": {}}
        return _changed(dict(self.full), differences[size])


def plain(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments as plain data: the fields of `params`, and beside them whatever else."""
    data: dict[str, Any] = {}
    for name, value in arguments.items():
        content: Any = value
        if is_dataclass(value) and not isinstance(value, type):
            content = asdict(value)
        data |= content if name == "params" else {name: content}
    return data


def _changed(value: Any, changes: Any) -> Any:
    """Return a value with some of its fields changed, fields of fields included."""
    if not isinstance(changes, Mapping):
        return changes
    if isinstance(value, dict):
        return {k: _changed(v, changes[k]) if k in changes else v for k, v in value.items()}
    return replace(value, **{k: _changed(getattr(value, k), v) for k, v in changes.items()})


BLOCKS: dict[str, Block] = {
    "lfsr": Block(
        component=Lfsr,
        full={"params": stream_params(seed=1, stream=0, step=64)},
        small={"params": {"step": 16}},
        tiny={"params": {"width": 16, "taps": (16, 15, 13, 4), "seed": 1, "step": 4}},
        unit="lane",
        units=lambda a: a["params"].step,
    ),
}
