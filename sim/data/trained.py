# SPDX-License-Identifier: MIT
"""The classes that a network has learnt, by what its card or its bank says."""

from collections.abc import Mapping, Sequence
from typing import Any

from sim.data.tasks import class_order

__all__ = ["trained_classes"]


def trained_classes(
    pretraining: Mapping[str, Any], data: str, class_names: Sequence[str]
) -> tuple[int, ...] | None:
    """Return the classes of a data set that were learnt, in the order of the head.

    They are those whose names `pretraining` lists, whatever the name of the data set. Without a
    list, they are the first `base` classes of the class order, if `pretraining` names this data
    set, and none if it names another.

    Parameters
    ----------
    pretraining : mapping
        Plain data on the training, as a card or a bank has it; empty if unknown.
    data : str
        Name of the data set.
    class_names : sequence of str
        Names of its classes, numbered as in the data set.

    Returns
    -------
    tuple of int or None
        None if `pretraining` is silent.
    """
    classes = pretraining.get("classes")
    if not isinstance(classes, dict) or not isinstance(classes.get("data"), str):
        return None
    if isinstance(names := classes.get("names"), list):
        places = {name: label for label, name in enumerate(class_names)}
        return tuple(places[n] for n in names if isinstance(n, str) and n in places)
    if classes["data"] != data:
        return ()
    try:
        order = class_order(len(class_names), classes["order"])
        return tuple(order[: int(classes["base"])].tolist())
    except (KeyError, TypeError, ValueError):  # a card that another program wrote
        return None
