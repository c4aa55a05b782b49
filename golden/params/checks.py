# SPDX-License-Identifier: MIT
"""Checks of parameters; every message has the form "Thing must be what, not value"."""

from typing import Any

__all__ = ["check_choice", "check_flag", "check_integer"]


def check_integer(name: str, value: Any, low: int, high: int | None = None) -> None:
    """Accept an integer in ``low..high``.

    Parameters
    ----------
    name : str
        Name of the parameter in messages.
    value : Any
    low : int
    high : int, optional
        No upper bound by default.

    Raises
    ------
    TypeError
        If `value` is not an integer. A bool does not count as one.
    ValueError
        If it is out of range.
    """
    span = f"an integer >= {low}" if high is None else f"an integer in {low}..{high}"
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be {span}, not {value!r}")
    if value < low or (high is not None and value > high):
        raise ValueError(f"{name} must be {span}, not {value!r}")


def check_choice(name: str, value: Any, choices: tuple[str, ...] | tuple[int, ...]) -> None:
    """Accept one of some words or numbers.

    Parameters
    ----------
    name : str
        Name of the parameter in messages.
    value : Any
    choices : tuple of str or of int

    Raises
    ------
    ValueError
        If `value` is not one of `choices`.
    """
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(map(str, choices))}, not {value!r}")


def check_flag(name: str, value: Any) -> None:
    """Accept a bool; raise `TypeError` for anything else."""
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be true or false, not {value!r}")
