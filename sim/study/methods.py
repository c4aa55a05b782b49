# SPDX-License-Identifier: MIT
"""The methods of a study: sources of replay with their parameters, and the runs of each."""

from dataclasses import dataclass
from typing import Any

from sim.data.sections import Order
from sim.learn.cells import FailingCells
from sim.learn.sections import AnyHead, StudyHead
from sim.replay import SOURCES, ReplayContext, ReplayParams, ReplaySource, SourceParams

__all__ = ["NETWORK_KEYS", "OWN_KEYS", "Case", "Head", "Method"]

#: A head of any kind, for those that build on studies.
Head = AnyHead

#: The parameters by which a method sets keys of its head, and those keys.
OWN_KEYS = {
    "logit_gain": "logit_gain",
    "rate": "rate",
    "latent_width": "latent_width",
    "q_b_non_binary": "q_b_non_binary",
    "head_start": "start",
    "balance": "balance",
    "head_faults": "faults",
}

#: Keys of an entry that let cells of the network's memories fail: what fails, for legends, and
#: what the keys mean.
NETWORK_KEYS = {
    "network_faults": (
        "the network's weights",
        "Cells of the network's weights that fail while it embeds all samples.",
    ),
    "map_faults": (
        "the network's map cells",
        "Cells that hold maps of the network's layers and fail while it embeds all samples.",
    ),
}


@dataclass(frozen=True)
class Method:
    """A source of replayed samples with its parameters.

    Parameters
    ----------
    replay : str
        Name of the source.
    params : SourceParams
        Instance of that source's `Params`.
    entry : int
        Index in the configuration's list of methods.
    increment : int or None
        Classes in every later task; None takes the study's.
    tuned : tuple of (str, float)
        Keys of the head and the values that validation chose for this method. No legend shows them.
    network_faults, map_faults : FailingCells or None
        Cells of the network's weights and maps that fail while it embeds the samples.
    """

    replay: str
    params: SourceParams
    entry: int
    increment: int | None = None
    tuned: tuple[tuple[str, float], ...] = ()
    network_faults: FailingCells | None = None
    map_faults: FailingCells | None = None

    @property
    def failing_network(self) -> dict[str, FailingCells]:
        """Faults of the network's memories by their key; empty if it is sound."""
        given = {key: getattr(self, key) for key in NETWORK_KEYS}
        return {key: faults for key, faults in given.items() if faults is not None}

    @property
    def label(self) -> str:
        """Legend of the method."""
        failing = self.failing_network.items()
        own = [faults.legend(NETWORK_KEYS[key][0]) for key, faults in failing]
        label = ", ".join([SOURCES[self.replay].label(self.params), *own])
        return label if self.increment is None else f"{label}, {self.increment} classes a task"

    @property
    def plain(self) -> bool:
        """Whether the legend equals the title: no other parameter and no task size is changed."""
        return self.label == SOURCES[self.replay].title(self.params)

    def settled(self, head: AnyHead) -> AnyHead:
        """Return the head as this method trains it, with the method's own values."""
        head = self.own_head or head
        own = {OWN_KEYS[name]: value for name, value in self._own.items()}
        if not self.tuned and not own:
            return head
        return type(head).model_validate({**head.model_dump(), **dict(self.tuned), **own})

    def unfit_key(self, head: AnyHead) -> str | None:
        """Return the parameter that sets what another kind of head has; None if there is none."""
        keys = type(self.own_head or head).model_fields
        return next((name for name in self._own if OWN_KEYS[name] not in keys), None)

    @property
    def own_head(self) -> StudyHead | None:
        """The head that this method trains in place of the study's."""
        return self.params.head if isinstance(self.params, ReplayParams) else None

    def takes(self, key: str, head: AnyHead) -> bool:
        """Return whether validation may choose the value of a key of the head for this method."""
        if not isinstance(self.params, ReplayParams) or key in self._own:
            return False
        own = self.own_head
        given = own is not None and key in own.model_fields_set
        return key in type(own or head).model_fields and not given

    def source(self, context: ReplayContext) -> ReplaySource:
        """Return a new, empty source."""
        return SOURCES[self.replay](self.params, context)

    @property
    def _own(self) -> dict[str, Any]:
        """The parameters among `OWN_KEYS` that have a value."""
        if not isinstance(self.params, ReplayParams):  # it trains no head
            return {}
        values = {name: getattr(self.params, name) for name in OWN_KEYS}
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True)
class Case:
    """A method, the order in which it meets the later classes, and whose embeddings it learns.

    Parameters
    ----------
    method : Method
    order : "given" or int
        As in `sim.data.sections.TasksConfig.orders`.
    bank : int
        Number of the bank that it learns, counted from 0.
    """

    method: Method
    order: Order = "given"
    bank: int = 0

    @property
    def label(self) -> str:
        """Legend of the method, and what is not the given order or the first bank."""
        order = "" if self.order == "given" else f", order {self.order}"
        return f"{self.method.label}{order}{f', bank {self.bank + 1}' if self.bank else ''}"
