# SPDX-License-Identifier: MIT
"""The YAML configuration of `engram cost`: a chip, its network, its memory, and its learning."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import pydantic
from pydantic import Field

from golden.params import (
    AcceleratorParams,
    ChipParams,
    CorrelatedSamplerParams,
    HeadParams,
    LatentBufferParams,
    MvuParams,
    NetworkParams,
    PrototypesParams,
    SamplerParams,
)
from golden.params.faults import MOST_PLANES
from sim.cost.counts.room import check_room
from sim.cost.digest import digest
from sim.cost.sections import MemorySection, TaskSection
from sim.data.networks import load_network
from sim.documents.parameters import parameters_section
from sim.documents.read import read_document
from sim.documents.section import Section
from sim.documents.validation import validate
from sim.documents.yaml_lines import Document
from sim.work.errors import UserError

__all__ = [
    "BUILT_IN",
    "REFERENCE",
    "CostConfig",
    "HeadKind",
    "cost_file",
    "load_cost",
]

HeadKind = Literal["binary", "integer", "ternary"]

#: Folder of the configurations that come with the install, one ``<name>.yaml`` each.
BUILT_IN = Path(__file__).parent / "configs"

#: The chip of the synthesis report. A configuration states only where its chip differs from it.
REFERENCE = ChipParams(
    accelerator=AcceleratorParams(mvu=MvuParams()),
    sampler=SamplerParams(prototypes=PrototypesParams(features=512, code_width=8)),
    latent=LatentBufferParams(features=512, exemplars=5),
)


class _CostFields(Section):
    """A chip to price: its network, its memory of the past, and how it learns.

    Attributes
    ----------
    title : str
        Headline of the report.
    network : str
        Description of the network: the name of a built-in one, a YAML file, or a network file,
        whose weights do not matter here.
    clock_mhz : float
        Clock in MHz.
    retention_days : float
        Days for which the past is kept without learning.
    memory, task
        Sections.
    """

    title: str
    network: str
    clock_mhz: float = Field(default=50.0, gt=0, le=100_000)
    retention_days: float = Field(default=1.0, gt=0, le=1_000_000)
    memory: MemorySection
    task: TaskSection = TaskSection()


@dataclass(frozen=True, kw_only=True)
class CostConfig:
    """A configuration to price.

    Parameters
    ----------
    title : str
    chip : ChipParams
    network_name : str
        Name of the network in the configuration.
    network : NetworkParams
        The network with the head that is trained. That head covers all classes of the memory and
        replaces the head of the network's description.
    clock : float
        Hz.
    retention : float
        Time (s) for which the memories must keep what was learned.
    memory : MemorySection
    task : TaskSection
    head_kind : {"binary", "integer", "ternary"}
        Head that learns; see `sim.cost.heads`.
    """

    title: str
    chip: ChipParams
    network_name: str
    network: NetworkParams
    clock: float
    retention: float
    memory: MemorySection
    task: TaskSection
    head_kind: HeadKind = "binary"

    @property
    def head(self) -> HeadParams:
        """The head that is trained."""
        assert self.network.head is not None
        return self.network.head

    @property
    def digest(self) -> str:
        """SHA-256 of all fields; see `sim.cost.digest`."""
        return digest(self)


def load_cost(name: str) -> CostConfig:
    """Read a configuration.

    Parameters
    ----------
    name : str
        Path of a YAML file, or the name of a built-in one.

    Raises
    ------
    UserError
        If the file cannot be read or a value does not fit; the message names file, line and key.
    """
    document = read_document(name, BUILT_IN)
    fields: Any = validate(cost_file(), document)
    config = CostConfig(
        title=fields.title,
        chip=fields.chip.value(),
        network_name=fields.network,
        network=_with_head(load_network(fields.network), fields),
        clock=fields.clock_mhz * 1e6,
        retention=fields.retention_days * 86_400,
        memory=fields.memory,
        task=fields.task,
    )
    _check_head(config, document)
    _check_numbers(config, document)
    _check_network(config, document)
    return config


def cost_file() -> type[Section]:
    """Return the schema of a configuration, with a key for every parameter of the chip."""
    section = parameters_section(
        REFERENCE,
        most={"secded": MOST_PLANES},
        larger={SamplerParams: CorrelatedSamplerParams},
    )
    content: dict[str, Any] = {"chip": (section, section())}
    return pydantic.create_model("CostFile", __base__=_CostFields, **content)


def _with_head(network: NetworkParams, fields: _CostFields) -> NetworkParams:
    """Return a network with the head that is trained."""
    features, classes = network.output.size, fields.memory.classes
    head = HeadParams(features=features, hidden=fields.task.hidden, classes=classes)
    return replace(network, head=head)


def _check_head(config: CostConfig, document: Document) -> None:
    """Reject a head of the chip: the head that is priced is that of the task."""
    if config.chip.head is not None:
        raise UserError(
            f"{document.where(('chip', 'head'))}: chip.head must be left out: the head that is "
            "priced follows from memory.classes, task.batch and task.trainer_bits"
        )


def _check_numbers(config: CostConfig, document: Document) -> None:
    """Reject more classes or components than the chip has room for."""
    prototypes, memory, task = config.chip.sampler.prototypes, config.memory, config.task
    room = prototypes.components
    faults: list[tuple[str, int, int, str]] = [
        ("memory.classes", memory.classes, prototypes.classes,
         "the chip's class table has no room for more"),
        ("memory.components", memory.components, prototypes.class_components,
         ("a class of the chip can have no more; "
          "chip.sampler.prototypes.class_components says how many")),
        ("memory.components", memory.components, room // memory.classes,
         (f"{memory.classes} classes share the {room} components of the chip; "
          "chip.sampler.prototypes.components says how many")),
        ("task.classes", task.classes, memory.classes, "memory.classes has no more"),
    ]  # fmt: skip
    for key, value, most, why in faults:
        if value > most:
            path = tuple(key.split("."))
            raise UserError(
                f"{document.where(path)}: {key} must be at most {most}, not {value}: {why}"
            )


def _check_network(config: CostConfig, document: Document) -> None:
    """Reject a network whose features do not fit the sampler, or that the machine cannot hold."""
    wanted, features = config.chip.sampler.prototypes.features, config.network.output.size
    if features != wanted:
        raise UserError(
            f"{document.where(('network',))}: network must yield the {wanted} features of the "
            f"chip's sampler, not {features}"
        )
    try:
        check_room(config.network, config.chip.accelerator)
    except ValueError as error:
        raise UserError(f"{document.where(('chip', 'accelerator'))}: {error}") from error
